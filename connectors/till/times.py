"""When a line was sold, from what its cells say. A day that could be read in two ways is not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from connectors.tables.cells import Cell, CellError, Damaged, plain_text, printable
from connectors.tables.days import TwoDays, day_of

_CLOCK = re.compile(
    r"([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,][0-9]+)?)?\s*([AP]M)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class When:
    """An instant, and how it stands in every file that tells it, whatever that file's form."""

    instant: datetime
    written: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads times as the till writes them: in its `zone`, by its `form` (of `strptime`) where that is given."""

    zone: tzinfo
    form: str | None = None

    def read(self, day_cell: Cell, time_cell: Cell) -> When:
        """The instant that a cell tells, with or without a cell of its own for the day.

        Where only the day is told the line counts as sold at its end: a count of that day then takes it for sold after
        it, which offers rather too little than too much.

        Raises:
            CellError: it is no time, or could be two; the message reads on from the column's name.
        """
        day, clock = _meant(day_cell), _meant(time_cell)
        if isinstance(clock, datetime):
            return self._told(*_split(clock))
        if isinstance(clock, date):
            return self._told(clock, None)
        if self.form is not None and isinstance(clock, str):
            return self._by_form(" ".join(part for part in (_text(day), clock) if part), self.form)
        if isinstance(day, datetime):
            day = day.date()
        if isinstance(clock, time):
            return self._told(_day_of(day), clock)
        words = re.split(r"[T\s,]+", clock, maxsplit=1)
        if (found := _day(words[0])) is not None:
            return self._told(found, *_clock(words[1] if len(words) > 1 else ""))
        at, zone = _clock(clock)
        return self._told(_day_of(day), at, zone)

    def _by_form(self, written: str, form: str) -> When:
        try:
            found = datetime.strptime(written, form)  # noqa: DTZ007 - in the till's zone
        except ValueError:
            raise CellError(f'"{printable(written)}" is not written as {form}') from None
        if re.search(r"%[HIcXsf]", form):
            return self._told(found.date(), found.time(), found.tzinfo)
        return self._told(found.date(), None)

    def _told(self, day: date, clock: time | None, zone: tzinfo | None = None) -> When:
        at = datetime.combine(day, (clock or _END_OF_DAY).replace(microsecond=0))
        written = at.isoformat() if clock is not None else day.isoformat()
        try:
            # In the hour that a clock shows twice it was the later one: offering too little is the lesser evil.
            instant = at.replace(tzinfo=zone or self.zone, fold=1).astimezone(UTC)
        except OverflowError:
            raise CellError(f'"{written}" is no time of this age') from None
        return When(instant, written if zone is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}")


def _meant(cell: Cell) -> str | datetime | date | time:
    """The text of a cell, or the day or time that a spreadsheet knows it to be."""
    if isinstance(cell, Damaged) and cell.instant is not None:
        return cell.instant
    return plain_text(cell).strip()


def _split(found: datetime) -> tuple[date, time | None]:
    """A spreadsheet has midnight where it shows a day without a time; and its fractions are not exact."""
    rounded = (found + timedelta(microseconds=500_000)).replace(microsecond=0)
    return rounded.date(), None if rounded.time() == time() else rounded.time()


def _text(cell: str | datetime | date | time) -> str:
    return cell if isinstance(cell, str) else ""


def _day_of(cell: str | date | time) -> date:
    if isinstance(cell, date):
        return cell
    found = _day(cell) if isinstance(cell, str) else None
    if found is None:
        raise CellError("tells no day" if not _text(cell) else f'"{printable(_text(cell))}" is no day')
    return found


def _day(text: str) -> date | None:
    try:
        return day_of(text)
    except TwoDays as error:
        raise CellError(f"{error}; say which with <CHANNEL>_TIME_FORMAT") from None


def _clock(text: str) -> tuple[time | None, tzinfo | None]:
    """A time of day, and the zone where it is told; ``None`` where there is no text."""
    if not text:
        return None, None
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise CellError(f'"{printable(text)}" is no time; say how it is written with <CHANNEL>_TIME_FORMAT')
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].upper() == "PM" else 0)
    try:
        return time(hour, minute, second), _offset(found[5])
    except ValueError:
        raise CellError(f'"{printable(text)}" is no time of a day') from None


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    east = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(east if text[0] == "+" else -east)
