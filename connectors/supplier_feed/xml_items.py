"""A feed in XML: which elements are items, and the fields of each. Read twice, never held as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.supplier_feed.fields import Path, find, near
from connectors.supplier_feed.opened import Opened
from connectors.supplier_feed.settings import NEEDED, Settings
from connectors.tables.cells import Cell, Damaged, printable
from connectors.tables.table import MAX_ROWS, Line
from connectors.tables.values import TableError
from connectors.tables.xml_reader import XmlReader

MAX_PATHS = 1_000
MAX_CHARACTERS_OF_A_FIELD = 131_072  # as much as a cell of CSV
_TWICE = Damaged("stands more than once in this item")
_TOO_LONG = Damaged("is longer than any field")


def open_xml(content: bytes, settings: Settings) -> Opened:
    """The feed's items as rows.

    Raises:
        TableError: it is broken or dangerous, or nobody can tell which elements are items.
    """
    survey = _Survey(settings.encoding)
    for _ in survey.read(content):
        pass
    item = _item(survey.paths, settings)
    below = [path[len(item) :] for path in survey.paths if path[: len(item)] == item and len(path) > len(item)]
    found = {meaning: path for meaning, word in settings.columns.items() if (path := find(word, below))}
    reader = _Items(settings.encoding, item, list(found.values()))
    names = tuple(".".join(path) for path in below)
    shown = tuple(".".join(path) for path in found.values())
    places = {meaning: place for place, meaning in enumerate(found)}
    return Opened(places=places, words=shown, names=names, rows=reader.rows(content), unit="Line")


def _item(paths: Sequence[Path], settings: Settings) -> Path:
    """The way to the element around one item: as told, else the one in which SKU and stock are found."""
    names = list(dict.fromkeys(path[-1] for path in paths))
    if settings.items:
        told = [path for path in paths if find(settings.items, [path[-1:]])]
        if not told:
            sentence = f'There is no element "{printable(settings.items)}".'
            raise TableError(sentence, hint=near(settings.items, names))
        return min(told, key=len)
    needed = [settings.columns[meaning] for meaning in NEEDED]
    fitting: list[Path] = []
    for length in sorted({len(path) for path in paths}):
        for path in paths:
            if len(path) == length and not path[-1].startswith("@"):
                below = [one[length:] for one in paths if one[:length] == path and len(one) > length]
                if all(find(word, below) for word in needed):
                    fitting.append(path)
    if not fitting:
        missing = [word for word in needed if not find(word, [(name,) for name in names])]
        if missing:
            raise TableError(f'The feed has no column "{printable(missing[0])}".', hint=near(missing[0], names))
        hint = f"Name the element around one item: {settings.key('ITEMS')}=product"
        raise TableError("No element of the feed holds both SKU and stock.", hint=hint)
    if len(fitting) > 1:
        shown = " or ".join(f'"{printable(path[-1])}"' for path in fitting[:3])
        hint = f"Name it: {settings.key('ITEMS')}={printable(fitting[-1][-1])}"
        raise TableError(f"One item of the feed may be {shown}.", hint=hint)
    return fitting[0]


class _Survey(XmlReader):
    """Every way down to an element or attribute, in the order in which they were met."""

    def __init__(self, encoding: str | None) -> None:
        super().__init__(encoding=encoding)
        self._known: dict[Path, None] = {}
        self._way: list[str] = []

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._way.append(name)
        way = tuple(self._way)
        self._known[way] = None
        for attribute in attributes:
            self._known[*way, f"@{attribute}"] = None
        if len(self._known) > MAX_PATHS:
            raise TableError(f"It has more than {MAX_PATHS:,} kinds of fields.", hint="This is no list of goods.")

    def ended(self, name: str) -> None:
        self._way.pop()

    @property
    def paths(self) -> list[Path]:
        return list(self._known)


class _Items(XmlReader):
    """The wanted fields of each item."""

    def __init__(self, encoding: str | None, item: Path, wanted: list[Path]) -> None:
        super().__init__(encoding=encoding)
        self._item = list(item)
        self._places = {path: place for place, path in enumerate(wanted)}
        self._way: list[str] = []
        self._cells: list[Cell | None] | None = None
        self._texts: list[str] | None = None  # of the field that is open
        self._number = 0
        self._found: list[Line] = []

    def rows(self, content: bytes) -> Iterator[Line]:
        count = 0
        for _ in self.read(content):
            count += len(self._found)
            if count > MAX_ROWS:
                raise TableError(f"It has more than {MAX_ROWS:,} items.", hint="Split it.")
            yield from self._found
            self._found.clear()

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._way.append(name)
        if self._cells is None:
            if self._way != self._item:
                return
            self._cells = [None] * len(self._places)
            self._number = self.line_number
        below = tuple(self._way[len(self._item) :])
        for attribute, text in attributes.items():
            self._keep((*below, f"@{attribute}"), text)
        self._texts = [] if below in self._places else None

    def told(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def ended(self, name: str) -> None:
        if self._cells is not None:
            if self._texts is not None:
                self._keep(tuple(self._way[len(self._item) :]), "".join(self._texts))
                self._texts = None
            if self._way == self._item:
                self._found.append(Line(self._number, tuple(cell or "" for cell in self._cells)))
                self._cells = None
        self._way.pop()

    def _keep(self, path: Path, text: str) -> None:
        place = self._places.get(path)
        if place is None or self._cells is None:
            return
        cell = text.strip() if len(text) <= MAX_CHARACTERS_OF_A_FIELD else _TOO_LONG
        before = self._cells[place]
        self._cells[place] = cell if before in (None, cell) else _TWICE
