"""A feed that was opened: where its columns are, and its rows one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.tables.table import Line
from connectors.tables.values import BadRow


@dataclass(frozen=True, slots=True)
class Opened:
    """`places` are the cells by what they mean, for what was found; `words` stand above the columns, or name the fields
    that are used; `names` are all there are; `unit` is what a row's number counts.

    A `TableError` may come while rows are taken.
    """

    places: Mapping[str, int]
    words: tuple[str, ...]
    names: tuple[str, ...]
    rows: Iterator[Line | BadRow]
    unit: str
    warnings: tuple[str, ...] = ()
