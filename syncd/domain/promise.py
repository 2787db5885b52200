"""What the buyer is told about time, from facts only (N13, N15, N26).

A promise does not change by itself from one day to the next: each change is a write to the shop. A day is told as a
date, never as "in 3 days"; it goes away when it has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syncd.domain.calendar import Workdays
from syncd.domain.status import StockStatus

FURTHEST = timedelta(days=3650)
"""What is further off is a typing mistake, and nothing is promised."""


@dataclass(frozen=True, slots=True)
class Days:
    """From `shortest` to `longest` working days. Raises `ValueError` where that is none."""

    shortest: int
    longest: int

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest:
            raise ValueError("days are 0 or more, the shortest first")


@dataclass(frozen=True, slots=True)
class Promise:
    """How long it takes until it ships, or from which working day it ships; both ``None`` where nothing is told."""

    days: Days | None = None
    on: date | None = None


NOTHING_TOLD = Promise()


def promise(
    status: StockStatus,
    *,
    external: Days | None,
    lead_time_days: int | None,
    expected_on: date | None,
    now_local: datetime,
    workdays: Workdays,
) -> Promise:
    """What the buyer may be told now.

    `external`: working days to bring the units from the external warehouse that has them. `lead_time_days`: the
    supplier's, in working days. `expected_on`: the day on which the delivery is expected, or the pre-order is out.
    `now_local` is in the shop's time zone.
    """
    if status is StockStatus.EXTERNAL_WAREHOUSE:
        return Promise(days=external)
    if status is StockStatus.SUPPLIER and lead_time_days is not None and 0 <= lead_time_days <= FURTHEST.days:
        return Promise(days=Days(lead_time_days, lead_time_days))
    if status in (StockStatus.ON_THE_WAY, StockStatus.PRE_ORDER) and expected_on is not None:
        return Promise(on=_ships_from(expected_on, now_local, workdays))
    return NOTHING_TOLD


def _ships_from(expected_on: date, now_local: datetime, workdays: Workdays) -> date | None:
    """The first working day on or after the expected one; ``None`` once that has passed: nobody knows then."""
    today = now_local.date()
    if abs(expected_on - today) > FURTHEST:
        return None
    day = workdays.next(expected_on)
    if day == today:
        return workdays.ships_on(now_local, 0)  # tomorrow's, after the cut-off
    return day if day > today else None


def longest_wait(told: Promise, today: date, workdays: Workdays) -> int | None:
    """The working days that a buyer may have to wait by this promise; ``None`` where it tells nothing about time."""
    if told.days is not None:
        return told.days.longest
    return None if told.on is None else workdays.between(today, told.on)
