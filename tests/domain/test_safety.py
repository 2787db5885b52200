"""When a change is too big to make without a yes (design.md §3.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.safety import Change, HoldLimits, explained, too_big

changes = st.lists(
    st.builds(Change, st.integers(1, 500), st.integers(-5, 100), st.integers(0, 200)),
    max_size=30,
    unique_by=lambda change: change.listing,
)


def zeroing(number: int) -> list[Change]:
    return [Change(row, 8, 0) for row in range(number)]


@pytest.mark.parametrize(
    ("number", "listings", "held"),
    [
        (4, 4, False),  # fewer than five may always go
        (5, 25, False),  # 20 % may go
        (5, 24, True),
        (6, 25, True),
        (6, 30, False),
        (100, 100, True),
        (0, 0, False),
    ],
)
def test_zeroing_more_than_a_fifth_waits(number: int, listings: int, held: bool) -> None:
    assert (too_big(zeroing(number), listings, HoldLimits()) is not None) is held


@pytest.mark.parametrize(
    ("before", "after", "jumps"),
    [
        (10, 20, False),  # doubling is no jump, more is
        (10, 21, True),
        (20, 10, False),
        (21, 10, True),
        (1, 10, False),  # fewer than ten units are never a jump
        (1, 11, True),
        (0, 10, True),
        (-3, 7, True),
        (9, 0, False),
        (10, 0, True),
    ],
)
def test_a_jump_more_than_doubles_or_halves_by_ten_units_at_least(before: int, after: int, jumps: bool) -> None:
    assert Change(1, before, after).jumps is jumps


@pytest.mark.parametrize(("before", "after", "zeroes"), [(1, 0, True), (0, 0, False), (-2, 0, False), (5, 1, False)])
def test_zeroing_takes_something_off_sale(before: int, after: int, zeroes: bool) -> None:
    assert Change(1, before, after).zeroes is zeroes


def test_jumps_wait_when_more_than_half_of_the_listings_jump() -> None:
    jumps = [Change(row, 10, 100) for row in range(6)]
    assert too_big(jumps, 12, HoldLimits()) is None
    held = too_big(jumps, 11, HoldLimits())
    assert held is not None
    assert str(held.reason) == "6 of 11 listings would more than double or more than halve"


def test_both_reasons_are_told_and_the_worst_lines_come_first() -> None:
    mixed = [*zeroing(5), Change(10, 30, 0), *(Change(20 + row, 10, 100 + row) for row in range(6))]
    held = too_big(mixed, 12, HoldLimits())
    assert held is not None
    assert str(held.reason) == (
        "6 of 12 listings would become sold out and 7 of 12 listings would more than double or more than halve"
    )
    assert held.changes[0] == Change(10, 30, 0)
    assert [change.listing for change in held.changes[6:]] == [25, 24, 23, 22, 21, 20]
    assert len(held.changes) == len(set(held.changes)) == 12


def test_limits_of_a_hundred_percent_hold_nothing() -> None:
    assert too_big(zeroing(50), 50, HoldLimits(zeroing_percent=100, jumps_percent=100)) is None


@given(changes, st.integers(0, 60))
def test_what_waits_is_of_what_would_change_and_small_changes_never_wait(all_of: list[Change], listings: int) -> None:
    held = too_big(all_of, listings, HoldLimits())
    if held is not None:
        assert set(held.changes) <= set(all_of)
        assert all(change.zeroes or change.jumps for change in held.changes)
        assert len(held.changes) >= HoldLimits().count
    small = [change for change in all_of if not (change.zeroes or change.jumps)]
    assert too_big(small, listings, HoldLimits()) is None


@pytest.mark.parametrize(("told", "sold", "shows"), [(10, 3, 7), (10, 12, 0), (10, -2, 12), (0, 0, 0)])
def test_what_customers_did_explains_a_number(told: int, sold: int, shows: int) -> None:
    assert explained(told, sold) == shows
