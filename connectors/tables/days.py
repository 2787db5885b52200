"""Which day a cell means. A day that could be read in two ways is not read."""

from __future__ import annotations

import re
from datetime import date, datetime

from connectors.tables.cells import Cell, CellError, Damaged, printable, text

_DAY_LAST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")


class TwoDays(CellError):
    """A text that could be two days."""


def day(cell: Cell) -> date | None:
    """The day in a cell, also where a spreadsheet made it one; ``None`` where it is empty.

    Raises:
        CellError: it is no day, or could be two.
    """
    if isinstance(cell, Damaged) and isinstance(cell.instant, date):
        return cell.instant.date() if isinstance(cell.instant, datetime) else cell.instant
    written = text(cell)
    if written is None:
        return None
    found = day_of(written)
    if found is None:
        raise CellError(f'"{printable(written)}" is not a day; write it as 2026-12-01')
    return found


def day_of(text: str) -> date | None:
    """The day that a text is: 2026-12-01, 20261201, 1.12.2026, 2026年12月1日; ``None`` where it is none.

    Raises:
        CellError: it could be two days, or is none of any year; the message reads on from the column's name.
    """
    if found := _DAY_LAST.fullmatch(text):
        year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
    elif found := _COMPACT.fullmatch(text):
        year, month, day = found[1], found[2], found[3]
    elif found := _YEAR_LAST.fullmatch(text):
        day, month, year = found[1], found[3], found[4]
        if found[2] != ".":
            if int(day) <= 12 and int(month) <= 12 and day != month:
                raise TwoDays(f'"{text}" could have the day or the month first')
            if int(month) > 12:
                day, month = month, day
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise CellError(f'"{text}" is no day of any year') from None
