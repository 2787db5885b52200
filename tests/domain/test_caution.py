"""Buffers that think: what is held back because of what is not known, or moves fast (N3, N8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.availability import Pools, Rule, offered
from syncd.domain.caution import Caution

small = st.integers(-2, 12)
cautions = st.builds(Caution, small, st.integers(-10, 150), small, small)
sources = st.lists(st.sampled_from(["till", "woo", "shopify"]), unique=True)


@pytest.mark.parametrize(
    ("caution", "left", "silent", "sold", "expected"),
    [
        (Caution(), 1, ["till"], 50, ()),
        (Caution(silent_units=2), 9, [], 0, ()),
        (Caution(silent_units=2), 9, ["till", "woo"], 0, (("till is silent", 2), ("woo is silent", 2))),
        (Caution(fast_percent=50), 9, [], 0, ()),
        (Caution(fast_percent=50), 9, [], 3, (("sells fast", 2),)),  # 1.5 held back is 2
        (Caution(fast_percent=50), 9, [], -3, ()),  # more came back than was sold
        (Caution(last_at=3, last_units=1), 4, [], 0, ()),
        (Caution(last_at=3, last_units=1), 3, [], 0, (("last units", 1),)),
        (Caution(last_at=3, last_units=1), 0, [], 0, ()),
        (Caution(last_at=3, last_units=1), -2, [], 0, ()),
    ],
)
def test_each_part_holds_back_its_own(
    caution: Caution, left: int, silent: list[str], sold: int, expected: tuple[tuple[str, int], ...]
) -> None:
    assert caution.held_back(left, silent, sold) == expected


@given(cautions, st.integers(-20, 60), sources, st.integers(-20, 60))
def test_every_part_is_told_with_a_number_of_units_to_hold_back(
    caution: Caution, left: int, silent: list[str], sold: int
) -> None:
    assert all(units > 0 for _, units in caution.held_back(left, silent, sold))


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
    return offered(Pools(own), Rule(extra=caution.held_back(own, silent, sold))).units


@given(st.integers(1, 12), st.integers(1, 12), st.integers(-5, 40))
def test_more_stock_never_offers_less_at_the_edge_of_the_last_units(last_at: int, last_units: int, own: int) -> None:
    """With one unit more the caution ends, and never begins."""
    caution = Caution(last_at=last_at, last_units=last_units)
    assert _offered(caution, own, [], 0) <= _offered(caution, own + 1, [], 0)
