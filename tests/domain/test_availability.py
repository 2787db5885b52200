"""The one number that leaves the house: whatever is asked, it is safe (design.md §3.3, §4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.availability import Addend, Buffer, Pool, Pools, Rule, offered
from syncd.domain.status import StockStatus

units = st.integers(-50, 500)
buffers = st.builds(Buffer, units=st.integers(-5, 60), percent=st.integers(-20, 150))
pools = st.builds(Pools, own=units, reserved=st.integers(0, 60))
limits = st.none() | st.integers(-5, 80)
rules = st.builds(Rule, buffer=buffers, cap=limits, cut_off=limits)


def test_ten_on_hand_with_a_buffer_of_two_offers_eight() -> None:
    """N4, the first acceptance test."""
    offer = offered(Pools(own=10), Rule(Buffer(units=2)))
    assert (offer.units, offer.told, offer.status) == (8, 8, StockStatus.IN_STOCK)
    assert offer.addends == (Addend("on hand", 10), Addend("reserved", 0), Addend("buffer", -2))


def test_a_buffer_holds_back_nothing_of_a_shelf_that_is_empty() -> None:
    rule = Rule(Buffer(units=2), sells=frozenset(Pool))
    offer = offered(Pools(own=3, reserved=3, incoming=5), rule)
    assert offer.addends == (Addend("on hand", 3), Addend("reserved", -3), Addend("incoming", 5))
    assert (offer.units, offer.status) == (5, StockStatus.ON_THE_WAY)


@given(pools, rules, st.integers(0, 60))
def test_what_is_offered_is_never_negative_and_never_more_than_what_exists(stock: Pools, rule: Rule, held: int) -> None:
    offer = offered(stock, rule, held_by_channel=held)
    assert 0 <= offer.units <= max(0, stock.available)
    assert offer.units <= offer.told <= max(0, stock.available + held)


@given(pools, rules, st.integers(1, 40))
def test_more_stock_never_offers_less(stock: Pools, rule: Rule, more: int) -> None:
    richer = replace(stock, own=stock.own + more)
    assert offered(richer, rule).units >= offered(stock, rule).units


@given(pools, rules, st.integers(1, 40))
def test_more_reserved_never_offers_more(stock: Pools, rule: Rule, more: int) -> None:
    poorer = replace(stock, reserved=stock.reserved + more)
    assert offered(poorer, rule).units <= offered(stock, rule).units


@given(pools, rules, st.integers(1, 40))
def test_a_larger_buffer_never_offers_more(stock: Pools, rule: Rule, more: int) -> None:
    for field in ("units", "percent"):
        if field == "units" and rule.buffer.percent:
            continue
        if field == "percent" and rule.buffer.percent <= 0:
            continue
        larger = replace(rule, buffer=replace(rule.buffer, **{field: getattr(rule.buffer, field) + more}))
        assert offered(stock, larger).units <= offered(stock, rule).units


@given(pools, rules, st.integers(0, 80))
def test_a_cap_is_never_exceeded_and_a_cut_off_leaves_nothing_small(stock: Pools, rule: Rule, limit: int) -> None:
    assert offered(stock, replace(rule, cap=limit)).units <= limit
    cut = offered(stock, replace(rule, cut_off=limit)).units
    assert cut == 0 or cut >= limit


@given(pools, rules)
def test_the_addends_sum_to_what_is_offered(stock: Pools, rule: Rule) -> None:
    offer = offered(stock, rule)
    assert sum(addend.units for addend in offer.addends) == offer.units
    assert [addend.name for addend in offer.addends[:2]] == ["on hand", "reserved"]
    assert all(addend.units for addend in offer.addends[2:]), "a step that changes nothing is not told"


@given(st.integers(0, 500), st.integers(1, 100))
def test_a_share_is_held_back_rounded_up(own: int, percent: int) -> None:
    held_back = own - offered(Pools(own), Rule(Buffer(percent=percent))).units
    assert held_back * 100 >= own * percent
    assert (held_back - 1) * 100 < own * percent


@pytest.mark.parametrize(
    ("own", "rule", "expected"),
    [
        (9, Rule(Buffer(percent=20)), 7),  # 1.8 held back is 2
        (1, Rule(Buffer(percent=1)), 0),
        (0, Rule(Buffer(percent=20)), 0),
        (2, Rule(Buffer(units=2)), 0),
        (10, Rule(Buffer(units=2), cap=5), 5),
        (10, Rule(Buffer(units=2), cap=0), 0),
        (10, Rule(Buffer(units=2), cut_off=8), 8),
        (10, Rule(Buffer(units=2), cut_off=9), 0),
        (10, Rule(cap=3, cut_off=4), 0),
        (10, Rule(), 10),
        (10, Rule(Buffer(units=-3)), 10),
        (10, Rule(cap=-3), 0),
    ],
)
def test_buffer_then_cap_then_cut_off(own: int, rule: Rule, expected: int) -> None:
    assert offered(Pools(own), rule).units == expected


@pytest.mark.parametrize(("restore", "expected"), [(12, 12), (0, 0), (-3, 0)])
def test_a_rollback_gives_back_what_was_shown_whatever_the_rules_say(restore: int, expected: int) -> None:
    offer = offered(Pools(own=5, reserved=1), Rule(Buffer(units=2), cap=1, restore=restore))
    assert offer.units == offer.told == expected
    assert sum(addend.units for addend in offer.addends) == expected
    assert not offer.sold_out_by_buffer or expected == 0


def test_units_that_the_channel_holds_for_a_checkout_are_told_on_top() -> None:
    offer = offered(Pools(own=10, reserved=3), Rule(Buffer(units=2)), held_by_channel=3)
    assert (offer.units, offer.told) == (5, 8)


@pytest.mark.parametrize(("own", "told"), [(3, 3), (2, 2), (1, 1), (0, 0), (-2, 0)])
def test_held_units_that_were_sold_elsewhere_are_not_told(own: int, told: int) -> None:
    """When the hold ends, the channel would have them on sale until it is lowered."""
    assert offered(Pools(own=own, reserved=3), Rule(), held_by_channel=3).told == told


@pytest.mark.parametrize(
    ("stock", "rule", "by_buffer"),
    [
        (Pools(2), Rule(Buffer(units=2)), True),
        (Pools(2), Rule(cap=0), True),
        (Pools(2), Rule(cut_off=3), True),
        (Pools(3), Rule(Buffer(units=2)), False),
        (Pools(0), Rule(Buffer(units=2)), False),
        (Pools(2, reserved=2), Rule(Buffer(units=2)), False),
        (Pools(2, reserved=5), Rule(), False),
    ],
)
def test_what_is_sold_out_only_through_the_buffer_is_told_apart(stock: Pools, rule: Rule, by_buffer: bool) -> None:
    assert offered(stock, rule).sold_out_by_buffer is by_buffer


@given(pools, rules)
def test_the_status_says_whether_a_unit_can_be_bought(stock: Pools, rule: Rule) -> None:
    offer = offered(stock, rule)
    assert (offer.status is StockStatus.IN_STOCK) == (offer.units > 0)
