"""What each row of a feed says. Nothing is judged but the row itself; what is not sure is parked, never guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from connectors.contract import Parked, Supply
from connectors.supplier_feed.fields import near
from connectors.supplier_feed.opened import Opened
from connectors.supplier_feed.settings import NEEDED, Settings, folded
from connectors.tables import cells
from connectors.tables.cells import Cell, CellError, UnsureNumber, printable
from connectors.tables.columns import Column, Reader, RowError
from connectors.tables.values import BadRow, TableError

MOST_PARKED = 50
LONGEST_WORD = 80
MOST_DAYS = 3650

_AT_LEAST = re.compile(r"[>≥]\s*=?\s*([0-9]{1,9})|([0-9]{1,9})\s*\+")
_DAYS = re.compile(
    r"(?:([0-9]{1,4})\s*[-–]\s*)?([0-9]{1,4})\s*"
    r"(?:d|days?|(?:working|business) days?|dni|dzień|dni robocz(?:e|ych)|dage?|hverdage|ימים|ימי עסקים|天|工作日)?"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a feed, each looked at alone, and against its doubles.

    `parked` are the first rows that cannot be read, `parked_in_all` how many there are. `missing` are sentences about
    columns that the settings name and the feed has not; `words` those that stand for stock and have no units, with how
    often they were met; `for_example` is a row that cannot be read for another reason.
    """

    supplies: tuple[Supply, ...]
    parked: tuple[Parked, ...]
    parked_in_all: int
    rows: int
    columns: tuple[str, ...]
    missing: tuple[str, ...]
    words: Counter[str]
    for_example: str
    warnings: tuple[str, ...]


def read(feed: Opened, settings: Settings, redact: Callable[[str], str]) -> Reading:
    """Every row of the feed. `redact` takes secrets out of samples.

    Raises:
        TableError: a column that is needed is not there, or the feed breaks off.
    """
    missing = {meaning: word for meaning, word in settings.columns.items() if meaning not in feed.places}
    for meaning in NEEDED:
        if meaning in missing:
            word = missing[meaning]
            hint = f"{near(word, feed.names)} Its name stands in {settings.key('COLUMNS')}.".strip()
            raise TableError(f'The feed has no column "{printable(word)}".', hint=hint)
    book = _Book(feed.unit, redact)
    columns = {meaning: Column(printable(settings.columns[meaning]), place) for meaning, place in feed.places.items()}
    for row in feed.rows:
        if isinstance(row, BadRow):
            book.park(row.line_number, "", row.reason, row.sample)
            continue
        reader = Reader(row, columns)
        sku, words_before = None, book.words.total()
        try:
            sku = reader.read("sku", cells.identifier)
            if sku is None:
                raise RowError("It has no SKU.")
            book.take(_supply(reader, sku, settings, book.words))
        except RowError as error:
            book.park(row.number, sku or "", str(error), row.sample)
            if book.words.total() == words_before and not book.for_example:
                book.for_example = f"{feed.unit} {row.number}: {error}"
    return Reading(
        supplies=tuple(book.supplies.values()),
        parked=tuple(book.parked[number] for number in sorted(book.parked)),
        parked_in_all=book.parked_in_all,
        rows=book.rows,
        columns=feed.words,
        missing=tuple(
            f'The feed has no column "{printable(word)}" ({meaning}). {near(word, feed.names)}'.rstrip()
            for meaning, word in missing.items()
        ),
        words=book.words,
        for_example=redact(book.for_example),
        warnings=feed.warnings,
    )


def _supply(reader: Reader, sku: str, settings: Settings, words: Counter[str]) -> Supply:
    units = reader.read("on_hand", partial(stock, settings=settings, words=words))
    pack_size = reader.read("pack_size", partial(number, settings=settings, least=1))
    category = reader.read("category", partial(cells.text, most=255))
    if settings.in_packs and units:
        if pack_size is None:
            raise RowError("It counts packs, and no pack size stands there.")
        units *= pack_size
    days = reader.read("lead_time_days", partial(lead_time, settings=settings))
    if days is None and category is not None:
        days = settings.lead_times.get(folded(category))
    return Supply(
        sku=sku,
        units=units,
        lead_time_days=settings.lead_time_days if days is None else days,
        pack_size=pack_size,
        line_number=reader.line.number,
    )


def stock(cell: Cell, settings: Settings, words: Counter[str]) -> int | None:
    """The units that a cell states: as the settings say, else a whole number; ">10" and "10+" are 10, in doubt less;
    less than nothing is nothing. A word without a rule is added to `words`.

    Raises:
        CellError: it is a fraction, not sure, or a word without a rule.
    """
    word = folded(cells.plain_text(cell))
    if word in settings.values:
        return settings.values[word]
    at_least = _AT_LEAST.fullmatch(word)
    if at_least:
        return int(at_least[1] or at_least[2])
    try:
        found = number(cell, settings, least=None)
    except CellError:
        if re.fullmatch(r"[-+−]?[0-9][0-9.,\s'’]*", word):
            raise
        words[word[:LONGEST_WORD]] += 1
        rule = f'"{word}"' if set(word) & set(',:"') else word
        raise CellError(
            f'"{cells.seen(cell)}" has no units; add to {settings.key("VALUES")}: {printable(rule)}:<units>'
        ) from None
    return None if found is None else max(found, 0)


def number(cell: Cell, settings: Settings, *, least: int | None = 0) -> int | None:
    """A whole number, with the sign before a fraction that the settings tell. Raises as `cells.units`."""
    try:
        return cells.units(cell, least=least, point=settings.point)
    except UnsureNumber:
        raise CellError(
            f'"{cells.seen(cell)}" could have thousands or a fraction; say which sign stands before a fraction: '
            f"{settings.key('DECIMAL')}=comma or {settings.key('DECIMAL')}=point"
        ) from None


def lead_time(cell: Cell, settings: Settings) -> int | None:
    """Working days; of "3-5 days" the longer. ``None`` where the cell is empty.

    Raises:
        CellError: it is neither.
    """
    word = folded(cells.plain_text(cell))
    found = _DAYS.fullmatch(word)
    days = max(int(found[1] or 0), int(found[2])) if found else number(cell, settings)
    if days is not None and days > MOST_DAYS:
        raise CellError(f'"{cells.seen(cell)}" is more than ten years')
    return days


@dataclass
class _Book:
    """What was found so far. A SKU that stands in two rows is in neither."""

    unit: str
    redact: Callable[[str], str]
    supplies: dict[str, Supply] = field(default_factory=dict)
    parked: dict[int, Parked] = field(default_factory=dict)
    parked_in_all: int = 0
    rows: int = 0
    words: Counter[str] = field(default_factory=Counter)
    for_example: str = ""
    _twice: set[str] = field(default_factory=set)

    def take(self, supply: Supply) -> None:
        first = self.supplies.pop(supply.sku, None)
        if first is None and supply.sku not in self._twice:
            self.rows += 1
            self.supplies[supply.sku] = supply
            return
        self._twice.add(supply.sku)
        reason = "It stands in the feed more than once, and nobody knows which row is right."
        if first is not None:
            self.rows -= 1  # was counted as a good one
            self.park(first.line_number, supply.sku, reason, "")
        self.park(supply.line_number, supply.sku, reason, "")

    def park(self, number: int, sku: str, reason: str, sample: str) -> None:
        self.rows += 1
        self.parked_in_all += 1
        if len(self.parked) < MOST_PARKED:
            of = f" ({printable(sku)})" if sku else ""
            self.parked[number] = Parked(sku, self.redact(f"{self.unit} {number}{of}: {reason}"), self.redact(sample))


def warnings(reading: Reading) -> Iterator[str]:
    """What is to be told about the feed as a whole."""
    yield from reading.warnings
    yield from reading.missing
    if reading.parked_in_all > len(reading.parked):
        yield (
            f"{reading.parked_in_all:,} of {reading.rows:,} rows could not be read; the first {len(reading.parked)} "
            "are named."
        )
