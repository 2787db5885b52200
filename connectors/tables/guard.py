"""Looks into an .xlsx file before a library unpacks it: what it can cost in memory is bounded.

A library keeps every element outside of rows (shared strings, styles) and all of a row at once, so these are counted,
each with its attributes.
"""

from __future__ import annotations

import zipfile
from contextlib import suppress
from dataclasses import dataclass

from connectors.tables.values import TableError
from connectors.tables.xml_reader import BrokenXml, HostileXml, XmlReader

MAX_NODES = 2_000_000  # two for each shared string
MAX_CHARACTERS = 50_000_000
MAX_NODES_OF_A_ROW = 100_000  # Excel's widest row has 16,384 cells
MAX_CHARACTERS_OF_A_ROW = 5_000_000


def refuse_bombs(archive: zipfile.ZipFile) -> None:
    """Look at every part; nothing is kept.

    Raises:
        TableError: a part has a DTD, is packed in a way that no spreadsheet program uses, or holds far too much.
    """
    outside = _Count(MAX_NODES, MAX_CHARACTERS)
    for member in archive.infolist():
        # Other ways of packing are unpacked without a bound in one go.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise TableError("This spreadsheet is packed in a strange way.", hint="Save it anew as .xlsx.")
        # What is broken is a picture, or whoever reads it stops at the same place.
        with archive.open(member) as part, suppress(BrokenXml):
            try:
                for _ in _Part(outside).read(part):
                    pass
            except HostileXml:
                hint = "Open it, save it anew as .xlsx and try again."
                raise TableError("This spreadsheet is broken.", hint=hint) from None


@dataclass(slots=True)
class _Count:
    most_nodes: int
    most_characters: int
    nodes: int = 0
    characters: int = 0

    def add(self, *, nodes: int = 0, characters: int = 0) -> None:
        self.nodes += nodes
        self.characters += characters
        if self.nodes > self.most_nodes or self.characters > self.most_characters:
            raise TableError(
                "This spreadsheet holds far more than a table needs.", hint="Save it as CSV UTF-8, or split it."
            )


class _Part(XmlReader):
    def __init__(self, outside: _Count) -> None:
        super().__init__()
        self._outside = self._count = outside

    def started(self, name: str, attributes: dict[str, str]) -> None:
        if self._count is self._outside and _is_row(name):
            self._count = _Count(MAX_NODES_OF_A_ROW, MAX_CHARACTERS_OF_A_ROW)
        self._count.add(nodes=1 + len(attributes))

    def ended(self, name: str) -> None:
        if self._count is not self._outside and _is_row(name):
            self._outside.add(nodes=1)
            self._count = self._outside

    def told(self, text: str) -> None:
        self._count.add(characters=len(text))


def _is_row(name: str) -> bool:
    return name == "row" or name.endswith(":row")
