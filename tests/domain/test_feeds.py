"""Whether a supplier's feed may be believed as a whole (design.md §3.6, N19)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.feeds import suspicions
from syncd.domain.safety import HoldLimits
from syncd.domain.said import Said

COLUMNS = ["Article", "Stock"]
LIMITS = HoldLimits()
stated = st.dictionaries(st.integers(1, 60), st.none() | st.integers(-5, 500), max_size=40)
columns = st.lists(st.sampled_from(["Article", "Stock", "Price", "Name"]), unique=True)


def of(units: int | None, skus: int = 20, first: int = 0) -> dict[int, int | None]:
    return dict.fromkeys(range(first, skus), units)


def in_words(found: Sequence[Said]) -> list[str]:
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (of(5), of(5), []),
        (of(5), of(6), []),
        (of(5), of(5) | {99: 3}, []),  # more articles harm nobody
        (of(5), {}, ["it tells of no SKU of yours any more"]),
        (of(5), of(None), ["it tells of no SKU of yours any more"]),
        (of(5), of(5, first=4), []),  # 20 % may be missing
        (of(5), of(5, first=5), ["5 of 20 SKUs are missing"]),
        (of(5), of(5) | of(None, 5), ["5 of 20 SKUs are missing"]),  # not said is as good as absent
        (of(5, 4), of(5, 4, first=3), []),  # fewer than five may always go
        (of(5), of(5) | of(0, 4), []),
        (of(5), of(5) | of(0, 5), ["5 of 20 SKUs in stock become 0"]),
        (of(5), of(0), ["everything is 0 now"]),
        (of(0) | {0: 5}, of(0), []),  # the only one in stock was sold
        (of(0), of(0), []),
        (of(5), of(5) | of(60, 10), []),  # half of them may jump
        (of(5), of(5) | of(60, 11), ["11 of 20 SKUs change more than tenfold"]),
        (of(5), of(50), []),  # tenfold is no jump
        (of(60), of(5), ["20 of 20 SKUs change more than tenfold"]),
        (of(1), of(10), []),  # fewer than ten units never jump
        (of(0), of(500), []),  # what comes in again says nothing of columns that moved
        (of(None), of(5), []),
        (of(None), {}, []),
        ({}, {}, []),
    ],
)
def test_what_looks_wrong_is_told_in_words(
    before: dict[int, int | None], after: dict[int, int | None], found: list[str]
) -> None:
    assert in_words(suspicions(before, after, COLUMNS, COLUMNS, LIMITS)) == found


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (["Article", "Stock"], []),
        (["Article", "Stock", "Price"], []),  # a column at the end moves no other
        (["Article"], ["its columns changed: Stock is gone"]),
        ([], ["its columns changed: Article, Stock are gone"]),
        (["Stock", "Article"], ["its columns stand in another order"]),
        (["Article", "Price", "Stock"], ["its columns stand in another order"]),
    ],
)
def test_columns_that_moved_are_told(after: list[str], found: list[str]) -> None:
    assert in_words(suspicions(of(5), of(5), COLUMNS, after, LIMITS)) == found
    assert in_words(suspicions({}, of(5), COLUMNS, after, LIMITS)) == found


@given(stated, columns)
def test_the_first_reading_is_suspicious_only_where_it_says_nothing(
    after: dict[int, int | None], now: list[str]
) -> None:
    found = suspicions({}, after, None, now, LIMITS)
    assert bool(found) is all(units is None for units in after.values())


@given(stated, columns)
def test_what_was_said_before_may_always_be_said_again(said: dict[int, int | None], words: list[str]) -> None:
    assert suspicions(said, said, words, words, HoldLimits(0, 0, 1, 0)) == []


@given(stated, stated, columns)
def test_stricter_limits_never_let_more_pass(
    before: dict[int, int | None], after: dict[int, int | None], words: list[str]
) -> None:
    loose = suspicions(before, after, words, words, HoldLimits())
    assert not loose or suspicions(before, after, words, words, HoldLimits(0, 0, 1, 0))


@given(stated, stated)
def test_a_feed_that_says_nothing_any_more_is_never_believed(
    before: dict[int, int | None], after: dict[int, int | None]
) -> None:
    spoke = any(units is not None for units in before.values())
    silent_now = dict.fromkeys(after)
    assert bool(suspicions(before, silent_now, COLUMNS, COLUMNS, HoldLimits(100, 100, 10**6, 100))) is spoke
