"""What the buyer is told about time: facts, on working days, and nothing once they are over (N13, N15, N26)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.calendar import Workdays
from syncd.domain.promise import FURTHEST, NOTHING_TOLD, Days, Promise, longest_wait, promise
from syncd.domain.status import StockStatus

FRIDAY = datetime(2026, 11, 27, 10, tzinfo=UTC)
WEEK = Workdays(ships_until=time(14))
TWO_TO_FOUR = Days(2, 4)
DATED = [StockStatus.ON_THE_WAY, StockStatus.PRE_ORDER]


def told(
    status: StockStatus,
    *,
    external: Days | None = TWO_TO_FOUR,
    lead_time_days: int | None = 9,
    expected_on: date | None = date(2026, 12, 4),
    now_local: datetime = FRIDAY,
    workdays: Workdays = WEEK,
) -> Promise:
    return promise(
        status,
        external=external,
        lead_time_days=lead_time_days,
        expected_on=expected_on,
        now_local=now_local,
        workdays=workdays,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (StockStatus.IN_STOCK, NOTHING_TOLD),
        (StockStatus.EXTERNAL_WAREHOUSE, Promise(days=Days(2, 4))),
        (StockStatus.ON_THE_WAY, Promise(on=date(2026, 12, 4))),
        (StockStatus.SUPPLIER, Promise(days=Days(9, 9))),
        (StockStatus.PRE_ORDER, Promise(on=date(2026, 12, 4))),
        (StockStatus.OUT_OF_STOCK, NOTHING_TOLD),
    ],
)
def test_each_status_tells_its_own_fact(status: StockStatus, expected: Promise) -> None:
    assert told(status) == expected


@pytest.mark.parametrize("status", StockStatus)
def test_without_a_fact_nothing_is_told(status: StockStatus) -> None:
    assert told(status, external=None, lead_time_days=None, expected_on=None) == NOTHING_TOLD


@pytest.mark.parametrize("status", DATED)
@pytest.mark.parametrize(
    ("expected_on", "now_local", "on"),
    [
        (date(2026, 11, 28), FRIDAY, date(2026, 11, 30)),  # a Saturday
        (date(2026, 11, 27), FRIDAY, date(2026, 11, 27)),
        (date(2026, 11, 27), FRIDAY.replace(hour=15), date(2026, 11, 30)),  # too late for today
        (date(2026, 11, 26), FRIDAY, None),
        (date(2026, 11, 28), FRIDAY + timedelta(days=2), date(2026, 11, 30)),  # Monday was told, and stands
        (date(2026, 11, 28), FRIDAY + timedelta(days=4), None),
    ],
)
def test_a_day_is_told_as_the_working_day_on_which_it_ships(
    status: StockStatus, expected_on: date, now_local: datetime, on: date | None
) -> None:
    assert told(status, expected_on=expected_on, now_local=now_local) == Promise(on=on)


@pytest.mark.parametrize("status", DATED)
@pytest.mark.parametrize("typed", [date.max, date.min, FRIDAY.date() + FURTHEST + timedelta(days=1)])
def test_a_date_that_cannot_be_meant_promises_nothing(status: StockStatus, typed: date) -> None:
    assert told(status, expected_on=typed, workdays=Workdays(frozenset({5}))) == NOTHING_TOLD


@pytest.mark.parametrize("typed", [-1, 3651, 10**12])
def test_a_lead_time_that_cannot_be_meant_promises_nothing(typed: int) -> None:
    assert told(StockStatus.SUPPLIER, lead_time_days=typed) == NOTHING_TOLD


@pytest.mark.parametrize("status", DATED)
@settings(deadline=None)
@given(
    expected_on=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    now_local=st.integers(-7000, 9000).map(lambda hours: FRIDAY + timedelta(hours=hours)),
    days=st.frozensets(st.integers(0, 6), min_size=1),
)
def test_a_promise_stands_unchanged_until_its_day(
    status: StockStatus, expected_on: date, now_local: datetime, days: frozenset[int]
) -> None:
    workdays = Workdays(days, ships_until=time(14))
    on = told(status, expected_on=expected_on, now_local=now_local, workdays=workdays).on
    ships = workdays.next(expected_on)
    if now_local.date() < ships:
        assert on == ships
    elif now_local.date() > ships:
        assert on is None
    else:
        assert on == workdays.ships_on(now_local, 0)


@pytest.mark.parametrize("days", [(-1, 2), (3, 2)])
def test_days_that_cannot_be_are_refused(days: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="shortest first"):
        Days(*days)


@pytest.mark.parametrize(
    ("made", "wait"),
    [
        (NOTHING_TOLD, None),
        (Promise(days=Days(2, 4)), 4),
        (Promise(days=Days(0, 0)), 0),
        (Promise(on=date(2026, 11, 27)), 0),
        (Promise(on=date(2026, 11, 30)), 1),
        (Promise(on=date(2026, 12, 4)), 5),
    ],
)
def test_the_longest_wait_is_counted_in_working_days(made: Promise, wait: int | None) -> None:
    assert longest_wait(made, FRIDAY.date(), WEEK) == wait
