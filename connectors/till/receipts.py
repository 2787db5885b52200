"""What a till's table tells: receipts, and lines that cannot be read.

A line counts once, in whatever file it stands and however often. It is known by its receipt, its time, its SKU, its
units, and by which of several equal lines of that receipt in one file it is: two scans of the same thing are two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.contract import OrderLine, OrderState
from connectors.tables.cells import Cell, CellError, fold, identifier, plain_text, printable, text, units
from connectors.tables.columns import Column, Reader, RowError, find_columns, unknown_header
from connectors.tables.table import Line, Table
from connectors.tables.values import TableError
from connectors.till.settings import SYNONYMS
from connectors.till.times import Clock, When

AHEAD = timedelta(days=1)
"""A clock may be wrong by some hours; a sale of the day after tomorrow has the wrong date."""

BEHIND = timedelta(days=10 * 365)
"""A till that lost its clock says 1970 or 2000. A count that is newer would swallow what it sold."""

MOST_CHARACTERS_OF_A_RECEIPT = 100
VERSION = 1
"""A till takes nothing back: whatever part of a receipt a file tells is as true as any other."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of a file, by its number from 1, that cannot be read, and why, in a sentence."""

    row: int
    reason: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says of one instant, as an order, and the numbers of its lines in the file."""

    order: OrderState
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which words stand above the columns: the owner's, else those of `SYNONYMS`."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, given: Iterable[tuple[str, str]]) -> Columns:
        """Raises `ValueError` with a sentence where a key is none that a till has."""
        words = dict(SYNONYMS)
        for key, word in given:
            if key not in SYNONYMS:
                raise ValueError(f"{key} is no column of a till: they are {', '.join(SYNONYMS)}")
            words[key] = (word,)
        if taken := {fold(word) for key, word in given}:
            words = {
                key: known if key in dict(given) else tuple(word for word in known if fold(word) not in taken)
                for key, known in words.items()
            }
        return cls(MappingProxyType(words))

    @property
    def known(self) -> frozenset[str]:
        """Every word, folded."""
        return frozenset(fold(word) for words in self.words.values() for word in words)

    def find(self, table: Table) -> dict[str, Column]:
        """The columns of a table by key.

        Raises:
            TableError: one is missing, or two mean the same.
        """
        found = find_columns(table.header, {}, self.words)
        missing = [key for key in ("receipt", "sku", "units") if key not in found]
        if "time" not in found and "date" not in found:
            missing.append("time")
        if missing:
            what = f"No column is known as {' and none as '.join(missing)}."
            hint = f"Say what stands above it: <CHANNEL>_COLUMNS, such as {missing[0]}:WORD"
            raise TableError(f"{what} {unknown_header(table, '')}", hint=hint)
        return found


@dataclass(frozen=True, slots=True)
class _Sold:
    receipt: str
    when: When
    sku: str
    units: int
    row: int


def receipts(
    table: Table, columns: Columns, clock: Clock, now: datetime, told: Callable[[int], bool]
) -> tuple[tuple[Receipt, ...], tuple[Problem, ...]]:
    """The receipts of a table in the order of their first lines, and the lines that cannot be read.

    Lines of whose numbers `told` is true are not among them: they only tell how often an equal one was told before.

    Raises:
        TableError: its columns are not those of a till.
    """
    places = columns.find(table)
    problems = [Problem(bad.line_number, bad.reason, bad.sample) for bad in table.bad_rows if not told(bad.line_number)]
    sold: dict[tuple[str, str], list[_Sold]] = {}
    for line in table.lines:
        if told(line.number) or _is_header(line, table):
            continue
        try:
            one = _sold(Reader(line, places), clock, now)
        except RowError as error:
            problems.append(Problem(line.number, str(error), line.sample))
            continue
        if one.units:
            sold.setdefault((one.when.written, one.receipt), []).append(one)
    before = _before(table, places, clock, now, told, {receipt for _, receipt in sold})
    found = tuple(_receipt(lines, before.get(key, ())) for key, lines in sold.items())
    return found, tuple(sorted(problems, key=lambda problem: problem.row))


def _before(
    table: Table,
    places: dict[str, Column],
    clock: Clock,
    now: datetime,
    told: Callable[[int], bool],
    wanted: Collection[str],
) -> dict[tuple[str, str], list[_Sold]]:
    """Lines that were told, of the receipts with these numbers; most of a file that grew need no second look."""
    sold: dict[tuple[str, str], list[_Sold]] = {}
    if not wanted:
        return sold
    for line in table.lines:
        if not told(line.number):
            continue
        reader = Reader(line, places)
        try:
            if reader.read("receipt", _needed_receipt) not in wanted:
                continue
            one = _sold(reader, clock, now)
        except RowError:
            continue  # it was read by other settings
        sold.setdefault((one.when.written, one.receipt), []).append(one)
    return sold


def _is_header(line: Line, table: Table) -> bool:
    """True where a till that goes on with a file wrote the names of the columns once more."""
    return all(isinstance(cell, str) for cell in line.cells) and table.header == tuple(map(_stripped, line.cells))


def _stripped(cell: Cell) -> str:
    return format(cell).strip()


def _sold(reader: Reader, clock: Clock, now: datetime) -> _Sold:
    return _Sold(
        reader.read("receipt", _needed_receipt),
        _when(reader, clock, now),
        reader.read("sku", _needed_sku),
        reader.read("units", _needed_units),
        reader.line.number,
    )


def _needed_receipt(cell: Cell) -> str:
    if (found := text(cell, most=MOST_CHARACTERS_OF_A_RECEIPT)) is None:
        raise CellError("is empty")
    return found


def _needed_sku(cell: Cell) -> str:
    if (found := identifier(cell)) is None:
        raise CellError("is empty")
    return found


def _needed_units(cell: Cell) -> int:
    if (found := units(cell, least=None)) is None:
        raise CellError("is empty")
    return found


def _when(reader: Reader, clock: Clock, now: datetime) -> When:
    has_time = "time" in reader.columns
    day: Cell = reader.line.cells[reader.columns["date"].place] if "date" in reader.columns else ""

    def parse(cell: Cell) -> When:
        found = clock.read(day if has_time else "", cell)
        if not has_time and "T" not in found.written:
            raise CellError("tells no time of day; where there is none, map it: <CHANNEL>_COLUMNS time:WORD")
        if found.instant > now + AHEAD:
            raise CellError(f'"{printable(_shown(cell))}" is in the future; are the till\'s clock and date right?')
        if found.instant < now - BEHIND:
            raise CellError(f'"{printable(_shown(cell))}" is long ago; are the till\'s clock and date right?')
        return found

    return reader.read("time" if has_time else "date", parse)


def _shown(cell: Cell) -> str:
    instant = getattr(cell, "instant", None)
    return str(instant) if instant is not None else plain_text(cell)


def _receipt(sold: list[_Sold], before: Sequence[_Sold]) -> Receipt:
    first = sold[0]
    seen = Counter((one.sku, one.units) for one in before)
    lines = []
    for one in sold:
        seen[one.sku, one.units] += 1
        line_id = f"{one.sku}/{one.units}/{seen[one.sku, one.units]}"
        fulfilled, returned = max(0, one.units), max(0, -one.units)
        lines.append(OrderLine(line_id, None, one.sku, one.sku, fulfilled=fulfilled, returned=returned))
    order = OrderState(
        id=f"{first.when.written}/{first.receipt}",
        number=first.receipt,
        version=VERSION,
        created_at=first.when.instant,
        lines=tuple(lines),
        status="sold",
        fulfilled_at=first.when.instant,
    )
    return Receipt(order, tuple(one.row for one in sold))
