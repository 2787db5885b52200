"""The one number that leaves the house: whatever is asked, it is safe (design.md §3.3, §4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.availability import STATUS, Addend, Buffer, Pool, Pools, Rule, offered
from syncd.domain.status import StockStatus

units = st.integers(-50, 500)
some = st.integers(0, 40) | st.just(0)
buffers = st.builds(Buffer, units=st.integers(-5, 60) | st.integers(0, 5), percent=st.integers(-20, 150) | st.just(0))
pools = st.builds(
    Pools,
    own=units,
    reserved=st.integers(0, 60),
    external=some,
    incoming=some,
    supplier=some,
    pre_order=some,
    overbooked=some,
)
few = st.integers(0, 6)
nearly_sold = st.builds(
    Pools,
    own=st.integers(-2, 9),
    reserved=st.integers(0, 25),
    external=few,
    incoming=few,
    supplier=few,
    pre_order=few,
    overbooked=few,
)
limits = st.none() | st.integers(-5, 80)
BEYOND_OWN = tuple(pool for pool in Pool if pool is not Pool.OWN)
rules = st.builds(
    Rule,
    buffer=buffers,
    cap=limits,
    cut_off=limits,
    sells=st.frozensets(st.sampled_from([pool for pool in Pool if pool is not Pool.OVERBOOKED])),
    buffers=st.dictionaries(st.sampled_from(BEYOND_OWN), buffers, max_size=5),
    last_units=st.integers(0, 6),
    extra=st.lists(st.tuples(st.sampled_from(["till is silent", "sells fast"]), st.integers(-2, 20)), max_size=3).map(
        tuple
    ),
    status=st.none() | st.sampled_from(StockStatus),
)
FIELDS = {pool: pool.value.replace("-", "_") for pool in Pool}


def exists(stock: Pools, rule: Rule) -> int:
    """Units of the pools that are sold, less all that is promised: by adding up, one pool after the other."""
    there = 0
    for pool, name in FIELDS.items():
        if pool in rule.sells or pool is Pool.OVERBOOKED:
            there += getattr(stock, name)
    return there - stock.reserved


def test_ten_on_hand_with_a_buffer_of_two_offers_eight() -> None:
    """N4, the first acceptance test."""
    offer = offered(Pools(own=10), Rule(Buffer(units=2)))
    assert (offer.units, offer.told, offer.status) == (8, 8, StockStatus.IN_STOCK)
    assert offer.addends == (Addend("on hand", 10), Addend("reserved", 0), Addend("buffer", -2))


def test_a_buffer_holds_back_nothing_of_a_shelf_that_is_empty() -> None:
    rule = Rule(Buffer(units=2), sells=frozenset(Pool))
    offer = offered(Pools(own=0, incoming=5), rule)
    assert offer.addends == (Addend("on hand", 0), Addend("reserved", 0), Addend("incoming", 5))
    assert (offer.units, offer.status) == (5, StockStatus.ON_THE_WAY)


def test_what_is_held_back_of_the_shelf_is_promised_only_when_nothing_else_is_left() -> None:
    """Own 3 with a buffer of 2, and 20 on the way: 21 are sold, though 2 are on the shelf then."""
    rule = Rule(Buffer(units=2), sells=frozenset(Pool))
    numbers = [offered(Pools(own=3, incoming=20, reserved=sold), rule).units for sold in range(24)]
    assert numbers == [*range(21, -1, -1), 0, 0]
    first = offered(Pools(own=3, incoming=20, reserved=1), rule)
    assert (first.pool, first.served) == (Pool.INCOMING, 0)
    third = offered(Pools(own=3, incoming=20, reserved=3), rule)
    assert third.addends == (
        *(Addend("on hand", 3), Addend("reserved", -3), Addend("incoming", 20)),
        Addend("buffer", -2),
    )
    assert (third.pool, third.served) == (Pool.INCOMING, 2), "two of the first delivery are promised already"
    assert offered(Pools(own=3, incoming=20, reserved=22), rule).addends == (
        *(Addend("on hand", 3), Addend("reserved", -22), Addend("incoming", 20)),
        Addend("buffer", -1),
    )


def test_what_was_held_back_and_is_shipped_gives_back_a_unit_of_the_next_pool() -> None:
    """Three were promised of the one for sale and of two on the way; the three on the shelf were sent."""
    rule = Rule(Buffer(units=2), sells=frozenset(Pool))
    assert offered(Pools(own=3, incoming=20, reserved=3), rule).units == 18
    assert [offered(Pools(own=left, incoming=20, reserved=left), rule).units for left in (2, 1, 0)] == [18, 19, 20]


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        # A share shrinks with what is available; its last unit is held back to the last.
        (Rule(Buffer(percent=50)), [24, 23, 23, 22, 22, 21, 20]),
        (Rule(Buffer(percent=100)), [21, 20, 19, 18, 17, 16, 15]),
        (Rule(buffers={Pool.INCOMING: Buffer(units=3)}), [24, 23, 22, 21, 20, 19, 18]),
        (Rule(last_units=3), [24, 23, 22, 21, 20, 19, 18]),
        (Rule(Buffer(units=1), last_units=2), [24, 23, 22, 21, 20, 19, 18]),
        (Rule(Buffer(percent=50), last_units=1), [23, 22, 22, 21, 20, 19, 18]),
        (Rule(cap=23), [23, 23, 23, 23, 23, 22, 21]),
        (Rule(Buffer(units=2), extra=(("sells fast", 3),)), [22, 21, 20, 19, 18, 17, 16]),
        (Rule(cut_off=24), [27, 26, 25, 24, 0, 0, 0]),
    ],
)
def test_what_each_sale_leaves_on_sale(rule: Rule, numbers: list[int]) -> None:
    rule = replace(rule, sells=frozenset(Pool))
    assert [offered(Pools(own=6, incoming=21, reserved=sold), rule).units for sold in range(7)] == numbers


@given(pools | nearly_sold, rules, st.integers(0, 60))
def test_what_is_offered_is_never_negative_and_never_more_than_what_exists(stock: Pools, rule: Rule, held: int) -> None:
    offer = offered(stock, rule, held_by_channel=held)
    there = exists(stock, rule)
    assert 0 <= offer.units <= max(0, there)
    assert offer.units <= offer.told <= max(0, there + held)
    assert offer.left == there


@given(pools | nearly_sold, rules, st.sampled_from(Pool), st.integers(1, 40))
def test_more_stock_never_offers_less(stock: Pools, rule: Rule, pool: Pool, more: int) -> None:
    name = FIELDS[pool]
    richer = replace(stock, **{name: getattr(stock, name) + more})
    assert offered(richer, rule).units >= offered(stock, rule).units


@given(nearly_sold, rules)
def test_a_sale_of_one_lowers_by_one_until_nothing_is_on_sale(stock: Pools, rule: Rule) -> None:
    """Whichever pool it is of, and whatever is held back of each: no sale is paid from units that were held back."""
    wholes = {pool: replace(one, percent=0) for pool, one in rule.buffers.items()}
    rule = replace(rule, buffer=replace(rule.buffer, percent=0), buffers=wholes, cap=None, cut_off=None)
    before, after = offered(stock, rule), offered(replace(stock, reserved=stock.reserved + 1), rule)
    assert after.units == max(0, before.units - 1)


@given(nearly_sold, rules)
def test_a_sale_of_one_never_raises_and_lowers_by_one_at_most(stock: Pools, rule: Rule) -> None:
    rule = replace(rule, cut_off=None)
    before, after = offered(stock, rule), offered(replace(stock, reserved=stock.reserved + 1), rule)
    assert before.units - 1 <= after.units <= before.units
    if before.pool is not None and after.pool is not None and rule.status is None:
        order = list(Pool)
        assert order.index(after.pool) >= order.index(before.pool), "nobody is told more than who bought before"
        assert after.pool is not before.pool or after.served >= before.served, "nor an earlier day"


@given(nearly_sold, rules, st.sampled_from([Pool.OWN, Pool.EXTERNAL]))
def test_a_unit_that_leaves_its_place_unannounced_never_raises(stock: Pools, rule: Rule, place: Pool) -> None:
    """Sold at the counter, broken, lost: it may be one of those that were held back for that."""
    less = replace(stock, **{FIELDS[place]: getattr(stock, FIELDS[place]) - 1})
    assert offered(less, rule).units <= offered(stock, rule).units


@given(pools, rules)
def test_what_is_on_the_shelf_alone_is_sold_less_what_is_promised_and_held_back(stock: Pools, rule: Rule) -> None:
    """N5: units, or a share of what is available. Held back first or last is the same where there is no other pool."""
    rule = Rule(rule.buffer, sells=frozenset({Pool.OWN}))
    free = max(0, stock.own - stock.reserved)
    offer = offered(replace(stock, overbooked=0), rule)
    assert offer.units == max(0, free - rule.buffer.held_back(free))


@given(pools, rules, st.integers(1, 40))
def test_more_reserved_never_offers_more(stock: Pools, rule: Rule, more: int) -> None:
    poorer = replace(stock, reserved=stock.reserved + more)
    assert offered(poorer, rule).units <= offered(stock, rule).units


@given(pools | nearly_sold, rules, st.sampled_from(Pool), st.integers(1, 40))
def test_a_larger_buffer_never_offers_more(stock: Pools, rule: Rule, pool: Pool, more: int) -> None:
    buffer = rule.buffer if pool is Pool.OWN else rule.buffers.get(pool, Buffer())
    for name in ("units", "percent"):
        if name == "units" and buffer.percent:
            continue
        if name == "percent" and buffer.percent <= 0:
            continue
        wider = replace(buffer, **{name: getattr(buffer, name) + more})
        larger = replace(rule, buffer=wider)
        if pool is not Pool.OWN:
            larger = replace(rule, buffers={**rule.buffers, pool: wider})
        assert offered(stock, larger).units <= offered(stock, rule).units


@given(pools | nearly_sold, rules, st.integers(1, 40))
def test_more_held_back_for_any_other_reason_never_offers_more(stock: Pools, rule: Rule, more: int) -> None:
    assert offered(stock, replace(rule, extra=(*rule.extra, ("more", more)))).units <= offered(stock, rule).units
    wider = replace(rule, last_units=rule.last_units + more)
    assert offered(stock, wider).units <= offered(stock, rule).units


@given(pools, rules, st.sampled_from([pool for pool in Pool if pool is not Pool.OVERBOOKED]), st.integers(0, 40))
def test_a_pool_that_is_not_sold_changes_nothing(stock: Pools, rule: Rule, pool: Pool, units: int) -> None:
    rule = replace(rule, sells=rule.sells - {pool})
    other = replace(stock, **{FIELDS[pool]: units})
    offer, same = offered(stock, rule), offered(other, rule)
    assert (offer.units, offer.told, offer.status, offer.pool) == (same.units, same.told, same.status, same.pool)


@given(pools, rules, st.sampled_from(Pool))
def test_selling_one_pool_more_never_offers_less(stock: Pools, rule: Rule, pool: Pool) -> None:
    stock = replace(stock, own=max(0, stock.own))  # less than nothing on the shelf is promised to somebody
    assert offered(stock, replace(rule, sells=rule.sells | {pool})).units >= offered(stock, rule).units


@given(pools, rules, st.integers(0, 80))
def test_a_cap_is_never_exceeded_and_a_cut_off_leaves_nothing_small(stock: Pools, rule: Rule, limit: int) -> None:
    assert offered(stock, replace(rule, cap=limit)).units <= limit
    cut = offered(stock, replace(rule, cut_off=limit)).units
    assert cut == 0 or cut >= limit


@given(pools | nearly_sold, rules)
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


@given(pools | nearly_sold, rules)
def test_the_status_is_that_of_the_first_pool_with_a_unit(stock: Pools, rule: Rule) -> None:
    """Whatever is held back: there is a unit in that pool, all before it have none, and it is sold."""
    rule = replace(rule, status=None)
    offer = offered(stock, rule)
    assert (offer.pool is None) == (offer.units == 0) == (offer.status is StockStatus.OUT_OF_STOCK)
    if offer.pool is None:
        return
    assert offer.status is STATUS[offer.pool]
    assert offer.pool in rule.sells or offer.pool is Pool.OVERBOOKED
    assert 0 <= offer.served < getattr(stock, FIELDS[offer.pool])
    before = [pool for pool in list(Pool)[: list(Pool).index(offer.pool)] if pool in rule.sells]
    alone = replace(rule, sells=frozenset(before), cap=None, cut_off=None)
    assert offered(replace(stock, overbooked=0), alone).units == 0


@pytest.mark.parametrize(
    ("reserved", "pool", "served"),
    [
        (0, Pool.OWN, 0),
        (1, Pool.OWN, 1),
        (2, Pool.EXTERNAL, 0),
        (5, Pool.INCOMING, 1),
        (6, Pool.SUPPLIER, 0),
        (9, Pool.PRE_ORDER, 1),
        (10, Pool.OVERBOOKED, 0),
        (11, Pool.OVERBOOKED, 1),
        (12, None, 0),
    ],
)
def test_reservations_eat_the_pools_in_their_order(reserved: int, pool: Pool | None, served: int) -> None:
    stock = Pools(own=2, external=2, incoming=2, supplier=2, pre_order=2, overbooked=2, reserved=reserved)
    offer = offered(stock, Rule(sells=frozenset(Pool)))
    assert (offer.units, offer.pool, offer.served) == (12 - reserved, pool, served)


@given(pools, rules, st.sampled_from(StockStatus))
def test_the_owners_word_never_promises_more_and_out_of_stock_ends_the_sale(
    stock: Pools, rule: Rule, said: StockStatus
) -> None:
    plain, offer = offered(stock, replace(rule, status=None)), offered(stock, replace(rule, status=said))
    assert not plain.status.promises_less_than(offer.status)
    assert offer.status in (plain.status, said)
    if said is StockStatus.OUT_OF_STOCK:
        assert (offer.units, offer.status) == (0, StockStatus.OUT_OF_STOCK)
    else:
        assert (offer.units, offer.told) == (plain.units, plain.told)
