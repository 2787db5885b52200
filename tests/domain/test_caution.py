"""Buffers that think: what is held back because of what is not known, or moves fast (N3, N8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.availability import Buffer, Pool, Pools, Rule, offered
from syncd.domain.caution import Caution

small = st.integers(-2, 12)
cautions = st.builds(Caution, small, st.integers(-10, 150), small, small)
sources = st.lists(st.sampled_from(["till", "woo", "shopify"]), unique=True)


@pytest.mark.parametrize(
    ("caution", "silent", "sold", "expected"),
    [
        (Caution(), ["till"], 50, ()),
        (Caution(silent_units=2), [], 0, ()),
        (Caution(silent_units=2), ["till", "woo"], 0, (("till is silent", 2), ("woo is silent", 2))),
        (Caution(fast_percent=50), [], 0, ()),
        (Caution(fast_percent=50), [], 3, (("sells fast", 2),)),  # 1.5 held back is 2
        (Caution(fast_percent=50), [], -3, ()),  # more came back than was sold
    ],
)
def test_each_part_holds_back_its_own(
    caution: Caution, silent: list[str], sold: int, expected: tuple[tuple[str, int], ...]
) -> None:
    assert caution.held_back(silent, sold) == expected


@pytest.mark.parametrize(
    ("own", "reserved", "expected"), [(4, 0, 0), (9, 5, 0), (3, 0, 1), (9, 6, 1), (2, 2, 1), (2, 9, 1), (0, 0, 0)]
)
def test_the_last_units_on_the_shelf_are_held_back_until_it_is_empty(own: int, reserved: int, expected: int) -> None:
    assert Caution(last_at=3, last_units=1).of_the_last(own, reserved) == expected
    assert Caution().of_the_last(own, reserved) == 0


@given(cautions, sources, st.integers(-20, 60))
def test_every_part_is_told_with_a_number_of_units_to_hold_back(caution: Caution, silent: list[str], sold: int) -> None:
    assert all(units > 0 for _, units in caution.held_back(silent, sold))


@given(cautions, st.integers(-20, 60), sources, st.integers(-20, 60), st.integers(1, 30))
def test_more_silence_and_faster_sales_never_offer_more(
    caution: Caution, own: int, silent: list[str], sold: int, more: int
) -> None:
    offer = _offered(caution, own, silent, sold)
    assert _offered(caution, own, [*silent, "another"], sold) <= offer
    assert _offered(caution, own, silent, sold + more) <= offer


@given(cautions, st.integers(-20, 60), sources, st.integers(0, 60), st.integers(1, 30))
def test_caution_never_offers_more_than_without_it(
    caution: Caution, own: int, silent: list[str], sold: int, more: int
) -> None:
    plain = offered(Pools(own), Rule()).units
    assert 0 <= _offered(caution, own, silent, sold) <= plain
    assert _offered(replace(caution, last_units=0), own + more, silent, sold) >= _offered(caution, own, silent, sold)


def _offered(caution: Caution, own: int, silent: list[str], sold: int) -> int:
    return _of(caution, Pools(own), Rule(), silent, sold)


def _of(caution: Caution, pools: Pools, rule: Rule, silent: list[str], sold: int) -> int:
    last = caution.of_the_last(pools.own, pools.reserved)
    return offered(pools, replace(rule, extra=caution.held_back(silent, sold), last_units=last)).units


@given(st.integers(1, 12), st.integers(1, 12), st.integers(-5, 40))
def test_more_stock_never_offers_less_at_the_edge_of_the_last_units(last_at: int, last_units: int, own: int) -> None:
    """With one unit more the caution ends, and never begins."""
    caution = Caution(last_at=last_at, last_units=last_units)
    assert _offered(caution, own, [], 0) <= _offered(caution, own + 1, [], 0)


shelves = st.builds(Pools, own=st.integers(-2, 9), reserved=st.integers(0, 15), external=small, incoming=small)
some_buffer = st.builds(Buffer, units=st.integers(0, 4), percent=st.sampled_from([0, 0, 20, 50, 90]))


@given(cautions, shelves, some_buffer, some_buffer, sources, st.integers(0, 20))
def test_no_sale_raises_and_no_unit_that_comes_lowers(
    caution: Caution, pools: Pools, buffer: Buffer, other: Buffer, silent: list[str], sold: int
) -> None:
    """Of no pool: what is nearly gone on the shelf takes nothing from what is on the way."""
    rule = Rule(buffer, sells=frozenset(Pool), buffers=dict.fromkeys(Pool, other))
    now = _of(caution, pools, rule, silent, sold)
    assert _of(caution, replace(pools, reserved=pools.reserved + 1), rule, silent, sold + 1) <= now, "an order"
    assert _of(caution, replace(pools, own=pools.own - 1), rule, silent, sold + 1) <= now, "at the counter"
    for name in ("external", "incoming"):
        more = replace(pools, **{name: getattr(pools, name) + 1})
        assert _of(caution, more, rule, silent, sold) >= now
