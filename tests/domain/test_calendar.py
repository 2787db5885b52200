"""When something ships: working days, days off, the cut-off (N26, N27)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.calendar import MONDAY_TO_FRIDAY, Workdays

SUN_TO_THU = frozenset({6, 0, 1, 2, 3})


def at(*local: int) -> datetime:
    return datetime(*local, tzinfo=UTC)  # type: ignore[arg-type,misc]


FRIDAY, SATURDAY, SUNDAY, MONDAY, TUESDAY = (date(2026, 11, 27) + timedelta(days=n) for n in range(5))

some_days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
some_calendars = st.builds(
    Workdays,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(some_days, max_size=40),
    st.none() | st.times(),
)
some_instants = st.builds(datetime.combine, some_days, st.times())
few = st.integers(0, 30)


def test_the_next_working_day_is_the_day_itself_or_the_first_after_days_off() -> None:
    week = Workdays(holidays=frozenset({MONDAY}))
    assert week.next(FRIDAY) == FRIDAY
    assert week.next(SATURDAY) == TUESDAY


def test_a_week_from_sunday_to_thursday() -> None:
    week = Workdays(SUN_TO_THU)
    assert week.next(FRIDAY) == SUNDAY
    assert week.plus(FRIDAY, 1) == MONDAY


def test_a_year_of_holidays_is_waited_for() -> None:
    year = frozenset(date(2027, 1, 1) + timedelta(days=n) for n in range(365))
    assert Workdays(holidays=year).plus(date(2026, 12, 31), 1) == date(2028, 1, 3)


@pytest.mark.parametrize(
    ("ordered", "days", "ships"),
    [
        (at(2026, 11, 27, 13, 59), 0, FRIDAY),
        (at(2026, 11, 27, 14, 0), 0, FRIDAY),
        (at(2026, 11, 27, 14, 0, 1), 0, MONDAY),
        (at(2026, 11, 27, 13, 59), 2, TUESDAY),
        (at(2026, 11, 27, 14, 0, 1), 1, TUESDAY),
        (at(2026, 11, 28, 9, 0), 0, MONDAY),
        (at(2026, 11, 28, 20, 0), 0, MONDAY),  # too late on a day off is no later
        (at(2026, 11, 28, 20, 0), 1, TUESDAY),
    ],
)
def test_what_is_ordered_in_time_on_a_working_day_ships_on_it(ordered: datetime, days: int, ships: date) -> None:
    assert Workdays(MONDAY_TO_FRIDAY, ships_until=time(14)).ships_on(ordered, days) == ships


def test_without_a_cut_off_no_time_of_the_day_is_too_late() -> None:
    assert Workdays().ships_on(at(2026, 11, 27, 23, 59, 59), 0) == FRIDAY


@pytest.mark.parametrize("days", [frozenset[int](), frozenset({7}), frozenset({-1, 0})])
def test_a_week_that_cannot_be_is_refused(days: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="week"):
        Workdays(days)


def test_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        Workdays().plus(MONDAY, -1)


@settings(deadline=None)
@given(some_calendars, some_days, few)
def test_nothing_ever_ships_on_a_day_off(calendar: Workdays, day: date, days: int) -> None:
    ships = calendar.plus(day, days)
    assert ships >= day
    assert ships.weekday() in calendar.days
    assert ships not in calendar.holidays


@settings(deadline=None)
@given(some_calendars, some_days, few, few)
def test_waiting_twice_is_waiting_for_the_sum(calendar: Workdays, day: date, first: int, then: int) -> None:
    assert calendar.plus(calendar.plus(day, first), then) == calendar.plus(day, first + then)


@settings(deadline=None)
@given(some_calendars, some_days, few)
def test_the_days_between_are_those_that_were_added(calendar: Workdays, day: date, days: int) -> None:
    first = calendar.next(day)
    assert calendar.between(first, calendar.plus(day, days)) == days
    assert calendar.between(calendar.plus(day, days), day) == 0


@settings(deadline=None)
@given(some_calendars, st.tuples(some_instants, some_instants), st.tuples(few, few))
def test_who_orders_later_or_needs_more_is_never_served_earlier(
    calendar: Workdays, instants: tuple[datetime, datetime], days: tuple[int, int]
) -> None:
    assert calendar.ships_on(min(instants), min(days)) <= calendar.ships_on(max(instants), max(days))
