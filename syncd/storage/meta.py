"""Single numbers that the table keeps about itself, by their names."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.storage.schema import meta
from syncd.storage.session import Tx


def get(tx: Tx, name: str) -> int | None:
    """The number of that name; ``None`` where there is none yet."""
    value = tx.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()
    return None if value is None else int(value)


def put(tx: Tx, name: str, value: int) -> None:
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    noted = make(meta).values(name=name, value=value)
    tx.execute(noted.on_conflict_do_update(index_elements=["name"], set_={"value": noted.excluded.value}))
