"""Conditions over many values at once: databases limit how many a statement may name one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import ARRAY, Column, ColumnElement, any_, bindparam, func, select

from syncd.storage.session import Tx


def among(tx: Tx, column: Column[int] | Column[str], values: Iterable[int] | Iterable[str]) -> ColumnElement[bool]:
    """True where the column has one of these values. They travel as one, so that 50,000 are fine (SQLite: 32,766)."""
    found = list(values)
    if tx.dialect.name == "sqlite":
        return column.in_(select(func.json_each(json.dumps(found)).table_valued("value").c.value))
    return column == any_(bindparam(None, found, type_=ARRAY(column.type)))
