"""When to order more, and how much (N48)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.calendar import EVERY_DAY, MONDAY_TO_FRIDAY, Workdays
from syncd.domain.replenishment import (
    LEAST_WEEKS,
    MOST_WEEKS,
    Demand,
    PointSource,
    ReorderPoint,
    calendar_days,
    days_left,
    is_of,
    reorder_point,
    units_to_order,
)

WEEKS = st.lists(st.integers(-50, 500), min_size=LEAST_WEEKS, max_size=MOST_WEEKS).map(tuple)
DEMAND = WEEKS.map(Demand)
DAYS = st.integers(0, 200)
UNITS = st.integers(0, 1000)


def exact_per_week(demand: Demand) -> Fraction:
    return max(Fraction(), Fraction(sum(sorted(demand.weeks)[1:-1]), len(demand.weeks) - 2))


# ---------------------------------------------------------------- demand


def test_the_example_of_the_docs() -> None:
    demand = Demand((4, 5, 3, 40, 4, 6, 0, 5))
    assert (demand.per_week, demand.strong_week) == (4.5, 6)
    days = calendar_days(10, Workdays())
    assert days == 14
    point = reorder_point(None, 5, demand, days)
    assert point == ReorderPoint(12, PointSource.SALES, lead_time_days=14, during_lead_time=9, safety=3)
    assert units_to_order(5, 6, point, demand, 30) == 21
    assert units_to_order(5, 6, point, demand, 30, pack_size=6) == 24


def test_fewer_than_four_weeks_say_nothing() -> None:
    assert Demand.of([9, 9, 9]) is None
    assert Demand.of([9, 9, 9, 9]) == Demand((9, 9, 9, 9))
    with pytest.raises(ValueError, match="4 weeks"):
        Demand((9, 9, 9))


def test_only_the_newest_eight_weeks_are_looked_at() -> None:
    assert Demand.of([1] * 8 + [100] * 10) == Demand((1,) * 8)


@given(WEEKS, st.integers(0, 10_000), st.data())
def test_one_week_that_is_unlike_the_others_moves_nothing_beyond_them(
    weeks: tuple[int, ...], spike: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(weeks) - 1))
    others = [units for number, units in enumerate(weeks) if number != place]
    spiked = Demand((*weeks[:place], max(others) + spike, *weeks[place + 1 :]))
    assert 0 <= spiked.per_week <= max(0, *others)
    assert spiked.strong_week <= max(0, *others)


@given(DEMAND, st.data())
def test_the_order_of_the_weeks_does_not_matter(demand: Demand, data: st.DataObject) -> None:
    turned = Demand(tuple(data.draw(st.permutations(demand.weeks))))
    assert (turned.per_week, turned.strong_week) == (demand.per_week, demand.strong_week)


@given(DEMAND, DAYS)
def test_units_are_rounded_up_and_never_by_more_than_one(demand: Demand, days: int) -> None:
    per_week = exact_per_week(demand)
    assert demand.within(days) == ceil(per_week * days / 7)
    assert demand.more_when_strong(days) == ceil((demand.strong_week - per_week) * days / 7) >= 0


# ---------------------------------------------------------------- reorder point


@given(UNITS, UNITS, st.none() | DEMAND, st.none() | DAYS)
def test_the_owners_word_goes_before_all(
    set_to: int, default: int, demand: Demand | None, lead_time_days: int | None
) -> None:
    assert reorder_point(set_to, default, demand, lead_time_days) == ReorderPoint(set_to, PointSource.SET)


@given(UNITS, st.none() | DEMAND, st.none() | DAYS)
def test_it_is_never_below_the_default_and_says_what_it_is_made_of(
    default: int, demand: Demand | None, lead_time_days: int | None
) -> None:
    point = reorder_point(None, default, demand, lead_time_days)
    assert point.units >= default
    if point.source is PointSource.SALES:
        assert demand is not None
        assert point.units == point.during_lead_time + point.safety > default
        assert point.safety >= 1
        assert point.lead_time_days == lead_time_days
    else:
        assert point == ReorderPoint(default, PointSource.DEFAULT)


@given(UNITS, DEMAND)
def test_without_a_lead_time_sales_say_nothing(default: int, demand: Demand) -> None:
    assert reorder_point(None, default, demand, None).source is PointSource.DEFAULT


@given(UNITS, DEMAND, DAYS, st.integers(0, 100))
def test_a_longer_lead_time_never_makes_the_alert_later(default: int, demand: Demand, days: int, more: int) -> None:
    assert reorder_point(None, default, demand, days + more).units >= reorder_point(None, default, demand, days).units


@given(UNITS, DEMAND, DAYS, st.integers(1, 100))
def test_who_sells_more_is_told_no_later(default: int, demand: Demand, days: int, more: int) -> None:
    faster = replace(demand, weeks=tuple(units + more for units in demand.weeks))
    assert reorder_point(None, default, faster, days).units >= reorder_point(None, default, demand, days).units


@pytest.mark.parametrize(
    ("working_days", "week", "days"),
    [(0, MONDAY_TO_FRIDAY, 0), (1, MONDAY_TO_FRIDAY, 2), (10, MONDAY_TO_FRIDAY, 14), (3, frozenset({0}), 21)],
)
def test_a_lead_time_is_reckoned_in_calendar_days(working_days: int, week: frozenset[int], days: int) -> None:
    assert calendar_days(working_days, Workdays(week)) == days
    assert calendar_days(working_days, Workdays(EVERY_DAY)) == working_days


# ---------------------------------------------------------------- how long it lasts, how much to order


def test_how_long_units_last() -> None:
    demand = Demand((7, 7, 7, 7))
    assert days_left(10, demand) == 10
    assert days_left(-3, demand) == 0
    assert days_left(10, None) is None
    assert days_left(10, Demand((0, 0, 0, 9))) is None


@given(
    st.integers(-50, 1000), UNITS, UNITS, st.none() | DEMAND, DAYS, st.none() | st.integers(1, 60),
    st.none() | st.integers(1, 300),
)  # fmt: skip
def test_what_is_ordered_lifts_it_above_its_reorder_point_in_whole_packs(
    available: int, on_order: int, units: int, demand: Demand | None, days: int, pack: int | None, least: int | None
) -> None:
    point = ReorderPoint(units, PointSource.SET)
    ordered = units_to_order(available, on_order, point, demand, days, pack, least)
    if available + on_order > units:
        assert ordered == 0
        return
    assert available + on_order + ordered > units
    assert ordered % (pack or 1) == 0
    assert ordered >= (least or 0)
    # not a pack more than it takes
    wanted = units + max(1, units if demand is None else demand.within(days)) - available - on_order
    assert ordered < max(wanted, least or 0) + (pack or 1)


@given(st.integers(-50, 1000), UNITS, UNITS, st.none() | DEMAND, st.integers(1, 100))
def test_what_comes_lowers_what_to_order(
    available: int, on_order: int, units: int, demand: Demand | None, more: int
) -> None:
    point = ReorderPoint(units, PointSource.SET)
    before = units_to_order(available, on_order, point, demand, 30)
    assert units_to_order(available, on_order + more, point, demand, 30) <= before


@given(st.integers(-50, 1000), UNITS, UNITS, DEMAND, st.integers(0, 100))
def test_what_would_be_gone_before_new_ones_can_be_there_is_ordered_above_its_point(
    available: int, on_order: int, units: int, demand: Demand, lead_time_days: int
) -> None:
    point = ReorderPoint(units, PointSource.SET)
    ordered = units_to_order(available, on_order, point, demand, 30, lead_time_days=lead_time_days)
    there = available + on_order
    gone = there < exact_per_week(demand) * lead_time_days / 7
    assert (ordered > 0) is (gone or there <= units)
    assert ordered >= units_to_order(available, on_order, point, demand, 30)


@pytest.mark.parametrize(
    ("feed", "supplier"),
    [
        ("acme", "ACME"),
        ("acme", "Acme Ltd."),
        ("acme_garden", "Acme Garden"),
        ("acmegarden", "Acme-Garden GmbH"),
        ("lucke", "Lücke"),
    ],
)
def test_a_feed_is_of_the_supplier_whose_name_it_has(feed: str, supplier: str) -> None:
    assert is_of(feed, supplier)


@pytest.mark.parametrize(
    ("feed", "supplier"),
    [("beta", "Acme"), ("acme_garden", "Acme Toys"), ("acme", "Acmestone"), ("acme_garden", "Acme"), ("acme", "&")],
)
def test_a_feed_of_another_name_is_of_another_supplier(feed: str, supplier: str) -> None:
    assert not is_of(feed, supplier)


def test_where_nobody_knows_how_it_sells_twice_the_point_is_enough() -> None:
    assert units_to_order(2, 0, ReorderPoint(5, PointSource.DEFAULT), None, 30) == 8
    assert units_to_order(-2, 0, ReorderPoint(0, PointSource.SET), None, 30) == 3
