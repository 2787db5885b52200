"""What reading a table may end in beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.tables.cells import printable


class TableError(Exception):
    """A table cannot be read as a whole. `args[0]` is a sentence that a shopkeeper can read; `hint` is the way out.

    Single bad rows are not errors but `BadRow`s.
    """

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint

    def about(self, path: Path) -> TableError:
        """The same error with the name of the file in front."""
        return TableError(f"{printable(path.name or str(path), 80)}: {self}", hint=self.hint)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken, and why, in a sentence. `sample` is the row's beginning, printable and short."""

    line_number: int
    reason: str
    sample: str = ""
