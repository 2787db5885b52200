"""Which column of a table means what: header words, matched whatever their case, blanks and punctuation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors.tables.cells import Cell, CellError, fold, printable
from connectors.tables.table import Line, Table
from connectors.tables.values import TableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the word that stands above it, safe to print, and its place from 0."""

    header: str
    place: int


Columns = Mapping[str, Column]


class RowError(ValueError):
    """A row cannot be taken; the message is the whole sentence."""


def find_columns(
    header: Sequence[str], words: Mapping[str, str], synonyms: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, Column]:
    """The columns that a header names, by key.

    Raises:
        TableError: two columns mean the same.
    """
    meaning = {fold(word): key for key, word in words.items()}
    for key, others in (synonyms or {}).items():
        meaning.update((fold(word), key) for word in others)
    found: dict[str, Column] = {}
    for place, word in enumerate(header):
        meant = meaning.get(fold(word))
        if meant is None:
            continue
        if meant in found:
            raise TableError(
                f'Two columns mean the same: "{found[meant].header}" and "{printable(word)}".',
                hint="Delete or rename one of them.",
            )
        found[meant] = Column(printable(word), place)
    return found


@dataclass(frozen=True, slots=True)
class Reader:
    """One line of a file, read by column key."""

    line: Line
    columns: Columns

    def read(self, key: str, parse: Callable[[Cell], T]) -> T:
        """What `parse` makes of the cell under this key; of an empty cell where the file has no such column.

        Raises:
            RowError: the cell cannot be taken; the sentence begins with the file's own word for the column.
        """
        column = self.columns.get(key)
        if column is None:
            return parse("")
        try:
            return parse(self.line.cells[column.place])
        except CellError as error:
            raise RowError(f"{column.header} {error}.") from None


def unknown_header(table: Table, needed: str) -> TableError:
    """The error of a file whose header is none that is known."""
    found = printable(", ".join(word for word in table.header if word), 300)
    return TableError(f"The columns are not known: {found}.", hint=needed)
