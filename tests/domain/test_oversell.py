"""Why more was sold than there is: what the books can tell, and what they cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.movements import Kind
from syncd.domain.oversell import LATE, NOT_KNOWN, Change, Ended, Surroundings, cause, crossing
from syncd.domain.said import Said

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def change(kind: Kind, units: int, minutes_ago: float, **more: object) -> Change:
    return Change(kind, units, NOW - MINUTE * minutes_ago, **more)  # type: ignore[arg-type]


def sale(units: int, minutes_ago: float, channel: str = "woo", known_after: float = 1) -> Change:
    """An order that was read so many minutes after it was made."""
    return change(
        Kind.SALE, -units, minutes_ago, channel=channel, order_id="77", line_id="1", number="1051",
        ordered_at=NOW - MINUTE * (minutes_ago + known_after),
    )  # fmt: skip


def said(left: int, *changes: Change, around: Surroundings = Surroundings()) -> str:  # noqa: B008 - frozen
    return str(cause("MUG", left, changes, around))


@given(st.lists(st.integers(-20, 20), min_size=1), st.integers(-10, 10))
def test_the_change_that_took_it_below_zero_is_the_last_that_found_it_at_zero_or_above(
    units: list[int], start: int
) -> None:
    """Told oldest first, and looked at newest first."""
    levels = [start]
    for one in units:
        levels.append(levels[-1] + one)
    if levels[-1] >= 0:
        return
    changes = [change(Kind.SALE, one, 0) for one in reversed(units)]
    found = crossing(levels[-1], changes)
    above = [number for number, level in enumerate(levels) if level >= 0]
    assert found == (len(units) - 1 - above[-1] if above else None)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (change(Kind.STOCKTAKE, -3, 5), "A count found fewer than the books said (difference: 3)"),
        (change(Kind.ADJUSTMENT, -3, 5, reason="damaged"), "Taken off by hand: 3 (damaged)"),
        (change(Kind.TRANSFER, -3, 5), "Moved to a place that is not sold from: 3"),
        (change(Kind.SALE, -3, 5), "Sold beside the shops: 3"),
        (sale(3, 5, known_after=125), "woo was not read for a while: its order 1051 became known 2 h later"),
        (sale(3, 5), str(NOT_KNOWN)),
    ],
)
def test_the_change_itself_may_be_the_cause(last: Change, told: str) -> None:
    assert said(-2, last, sale(5, 500)) == told
    restocked_in_vain = change(Kind.RECEIPT, 1, 1)
    assert said(-1, restocked_in_vain, last) == told


def test_a_till_that_tells_late_is_called_so() -> None:
    late = sale(3, 5, "counter", known_after=200)
    told = said(-1, late, around=Surroundings(tills={"counter"}))
    assert told == "counter told of a sale only 3 h later"


def test_a_line_that_waited_for_its_sku_is_called_so_at_a_shop_and_at_a_till() -> None:
    late = sale(3, 5, known_after=200)
    for subject in ("77/1", "SKU MUG"):
        told = said(-1, late, around=Surroundings(waited={("woo", subject)}))
        assert told == "Order 1051 in woo waited for its SKU to be known"
    others = Surroundings(waited={("woo", "77/2"), ("shopify", "77/1"), ("woo", "SKU HAT")})
    assert "waited" not in said(-1, late, around=others)


def test_two_shops_that_sold_the_last_one_within_the_lag() -> None:
    assert said(-1, sale(1, 5), sale(1, 6, "shopify")) == "woo and shopify sold the last ones at the same time"
    assert said(-1, sale(1, 5), sale(1, 6)) == str(NOT_KNOWN), "one shop alone is no lag"
    long_before = 5 + LATE / MINUTE + 1
    assert said(-1, sale(1, 5), sale(1, long_before, "shopify")) == str(NOT_KNOWN)


def test_a_sale_that_came_before_the_shop_was_told_what_was_taken_off() -> None:
    by_hand = change(Kind.ADJUSTMENT, -4, 6, reason="lost")
    assert said(-1, sale(1, 5), by_hand) == "woo sold it before it was told what was taken off by hand"


def test_a_listing_that_sells_at_zero() -> None:
    around = Surroundings(at_zero={"woo"})
    assert said(-1, sale(1, 5), sale(1, 6, "shopify"), around=around) == "woo goes on selling at 0"


def test_units_that_were_relied_on_and_do_not_come() -> None:
    why = Said("They do not come")
    before, after = NOW - MINUTE * 60, NOW - MINUTE
    crossed = sale(1, 30)
    assert said(-3, crossed, around=Surroundings([Ended(3, why)])) == "They do not come"
    assert said(-3, crossed, around=Surroundings([Ended(2, why)])) != "They do not come", "too few to be the cause"
    assert said(-1, crossed, around=Surroundings([Ended(3, why, after)])) == "They do not come"
    assert said(-1, crossed, around=Surroundings([Ended(3, why, before)])) != "They do not come"


def test_what_is_older_than_the_books_that_were_read_is_not_known() -> None:
    assert said(-5, sale(1, 5)) == str(NOT_KNOWN)
    assert said(-5) == str(NOT_KNOWN)
