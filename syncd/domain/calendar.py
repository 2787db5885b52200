"""The shop's working days: when something ships (design.md §4, N26, N27).

Days are those of the shop's own time zone; whoever calls turns instants into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

EVERY_DAY = frozenset(range(7))
MONDAY_TO_FRIDAY = frozenset(range(5))
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Workdays:
    """The days on which the shop ships. `days` are weekdays, Monday is 0; on `holidays` nothing ships.

    `ships_until`: what is ordered later than this on a working day ships on the next one; ``None``: all that is ordered
    on a working day ships on it.

    Raises:
        ValueError: a week without working days, or a weekday that there is not.
    """

    days: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()
    ships_until: time | None = None

    def __post_init__(self) -> None:
        if not self.days:
            raise ValueError("a week must have a working day")
        if not self.days <= EVERY_DAY:
            raise ValueError("weekdays are 0 (Monday) to 6 (Sunday)")

    def __contains__(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.holidays

    def next(self, day: date) -> date:
        """The first working day on or after `day`. Raises `OverflowError` beyond the year 9999."""
        while day not in self:
            day += _A_DAY
        return day

    def plus(self, start: date, working_days: int) -> date:
        """The day that is so many working days (0 or more) after the first working day on or after `start`."""
        if working_days < 0:
            raise ValueError("working days are counted forwards")
        day = self.next(start)
        for _ in range(working_days):
            day = self.next(day + _A_DAY)
        return day

    def between(self, start: date, end: date) -> int:
        """The working days after `start`, up to `end` and with it; 0 where `end` is not after `start`."""
        return sum(start + n * _A_DAY in self for n in range(1, (end - start).days + 1))

    def ships_on(self, now_local: datetime, working_days: int) -> date:
        """The day on which something ships that is ordered now and needs so many working days.

        Counted from today; from the next working day after `ships_until` and on a day off.
        """
        today = now_local.date()
        too_late = self.ships_until is not None and now_local.time() > self.ships_until
        return self.plus(today + _A_DAY if too_late else today, working_days)
