"""What is booked of checkouts that lapse, and of lines and orders that end or go out of sight (design.md §3.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.contract import OrderLine, OrderState
from syncd.errors import SyncdError
from syncd.storage import orders
from syncd.sync import approval
from syncd.sync.approval import Fate
from tests.databases import NOON
from tests.engine.books import HOUR, SHOE, Books, order

# ---------------------------------------------------------------- unpaid checkouts


def held(version: int = 1, **how: object) -> OrderState:
    return order(version, 2, **{"taken": 0, "held_until": NOON + HOUR, "holds_stock": True, **how})  # type: ignore[arg-type]


def claims_held(books: Books) -> int:
    with books.db.read() as tx:
        claimed = orders.claims(tx, "woo").get(books.row_id)
    return claimed.held if claimed is not None else 0


def test_a_held_checkout_is_reserved_until_its_hold_ends_by_our_clock(books: Books) -> None:
    books.book(held())
    assert (books.stands, claims_held(books), books.row.expected) == ((10, 2, 0), 2, 8)
    books.now = NOON + HOUR - timedelta(seconds=1)
    assert books.end_lapsed_holds() == 0
    books.now = NOON + HOUR
    before = books.row.generation
    assert books.end_lapsed_holds() == 1
    assert (books.stands, claims_held(books), books.row.expected) == ((10, 0, 0), 0, 8)
    assert books.row.generation > before
    assert books.end_lapsed_holds() == 0


def test_a_lapsed_checkout_that_is_read_again_stays_lapsed(books: Books) -> None:
    books.book(held())
    books.now = NOON + HOUR
    books.end_lapsed_holds()
    books.book(held(), held(version=2))
    assert (books.stands, claims_held(books)) == ((10, 0, 0), 0)


def test_a_checkout_that_is_first_seen_after_its_hold_reserves_nothing(books: Books) -> None:
    books.now = NOON + 2 * HOUR
    books.book(held())
    assert books.stands == (10, 0, 0)


def test_a_checkout_that_is_paid_late_is_reserved_anew(books: Books) -> None:
    books.book(held())
    books.now = NOON + HOUR
    books.end_lapsed_holds()
    books.book(order(2, 2))
    assert (books.stands, claims_held(books), books.row.expected) == ((10, 2, 0), 0, 6)


def test_a_checkout_that_is_paid_in_time_stays_reserved_and_leaves_the_hold(books: Books) -> None:
    books.book(held())
    books.book(order(2, 2))
    assert (books.stands, claims_held(books), books.row.expected) == ((10, 2, 0), 0, 6)
    books.now = NOON + 2 * HOUR
    assert books.end_lapsed_holds() == 0
    assert books.stands == (10, 2, 0)


def test_a_hold_that_is_not_sure_has_no_addend(books: Books) -> None:
    books.book(held(holds_stock=False))
    assert (books.stands, claims_held(books)) == ((10, 2, 0), 0)


# ---------------------------------------------------------------- lines and orders that go away


def two_lines(version: int, *line_ids: str) -> OrderState:
    lines = tuple(OrderLine(line_id, "11", SHOE, "Shoe", promised=2, taken=2) for line_id in line_ids)
    return order(version, lines=lines)


def test_a_line_that_is_taken_out_of_its_order_is_put_back(books: Books) -> None:
    books.book(two_lines(1, "1", "2"))
    assert books.stands == (10, 4, 0)
    books.book(two_lines(2, "2"))
    assert (books.stands, books.row.expected) == ((10, 2, 0), 6)
    books.book(two_lines(3, "1", "2"))
    assert (books.stands, books.row.expected) == ((10, 4, 0), 4)


def test_an_order_without_lines_frees_everything(books: Books) -> None:
    books.book(two_lines(1, "1", "2"))
    books.book(order(2, lines=()))
    assert (books.stands, books.row.expected) == ((10, 0, 0), 8)


def test_an_order_that_vanished_keeps_its_units_until_a_person_decides(books: Books) -> None:
    books.book(order(1, 2))
    books.vanish("1", "unknown")
    assert (books.stands, books.to_decide) == ((10, 2, 0), [("#1", 2)])
    books.vanish("1")
    assert (books.stands, books.to_decide) == ((10, 2, 0), [("#1", 2)])


@pytest.mark.parametrize(("fate", "stands"), [(Fate.BACK, (10, 0, 0)), (Fate.GONE, (8, 0, 0))])
@pytest.mark.parametrize("told", ["1", "#1"])
def test_a_decision_frees_the_units_or_takes_them_off_the_shelf(
    books: Books, fate: Fate, stands: tuple[int, int, int], told: str
) -> None:
    books.book(order(1, 0, undecided=2))
    approval.decide(books.house, "woo", told, fate)
    assert (books.stands, books.to_decide) == (stands, [])
    with books.db.read() as tx:
        assert orders.open_ids(tx, "woo", NOON + HOUR) == []
    books.book(order(1, 0, undecided=2), order(2, 0, undecided=2))
    assert (books.stands, books.to_decide) == (stands, []), "what was decided is not asked again"
    with pytest.raises(SyncdError, match="waits for a decision"):
        approval.decide(books.house, "woo", told, fate)


def test_an_order_that_comes_back_to_life_after_a_decision_is_reserved_again(books: Books) -> None:
    books.book(order(1, 0, undecided=2))
    approval.decide(books.house, "woo", "1", Fate.BACK)
    books.book(order(2, 2))
    assert books.stands == (10, 2, 0)


def test_an_order_that_was_out_of_sight_and_is_shown_again_is_as_it_stands(books: Books) -> None:
    books.book(order(1, 2))
    books.vanish("1")
    books.book(order(1, 2))
    assert (books.stands, books.to_decide) == ((10, 2, 0), [])
    books.vanish("1")
    books.book(order(2, fulfilled=2))
    assert (books.stands, books.to_decide) == ((8, 0, 0), [])


def test_more_units_that_end_without_a_word_are_asked_about_apart(books: Books) -> None:
    books.book(order(1, 1, undecided=1))
    approval.decide(books.house, "woo", "1", Fate.BACK)
    assert books.stands == (10, 1, 0)
    books.book(order(2, 0, undecided=2))
    assert (books.stands, books.to_decide) == ((10, 1, 0), [("#1", 1)])


# ---------------------------------------------------------------- test orders


def test_a_test_order_reserves_nothing_but_what_it_took_is_expected(books: Books) -> None:
    books.book(order(1, 2, test=True))
    assert (books.stands, books.row.expected) == ((10, 0, 0), 6)
    books.book(order(2, fulfilled=2, test=True))
    assert books.stands == (10, 0, 0)
