"""Orders are states, not events: what is booked follows from how they stand, however they come (design.md §3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from connectors.contract import OrderState
from syncd.storage import catalogue, ledger, listings, orders, schema
from syncd.storage.session import Database
from syncd.sync import mapper
from tests.databases import NOON
from tests.engine.books import HOUR, Books, order
from tests.storage.test_large_tables import counted_statements

# ---------------------------------------------------------------- in whatever order, however often

LIFE = (
    order(1, 2),
    order(2, 0, taken=0),  # cancelled, put back
    order(3, 2),  # processing again
    order(4, 1, fulfilled=1),
    order(5, 0, fulfilled=1, undecided=1),
    order(6, 0, fulfilled=1, returned=1, taken=0),
)


def test_cancelled_and_processing_by_turns_come_out_right(books: Books) -> None:
    for state, reserved in zip(LIFE[:3], (2, 0, 2), strict=True):
        books.book(state)
        assert books.stands == (10, reserved, 0)
        assert books.row.expected == 8 - reserved


def test_a_life_read_from_its_beginning(books: Books) -> None:
    stands = []
    for state in LIFE:
        books.book(state)
        stands.append((*books.stands, books.row.expected))
    assert stands == [(10, 2, 0, 6), (10, 0, 0, 8), (10, 2, 0, 6), (9, 1, 0, 6), (9, 1, 0, 6), (9, 0, 1, 8)]


def test_the_same_state_read_again_books_nothing(books: Books) -> None:
    books.book(LIFE[0])
    before, row = books.movements, books.row
    again = books.book(LIFE[0], LIFE[0])
    assert (again.orders, again.units) == (0, 0)
    assert books.movements == before
    assert (books.row.generation, books.row.bookings) == (row.generation, row.bookings)


def test_an_older_version_is_ignored(books: Books) -> None:
    books.book(LIFE[2])
    assert books.book(LIFE[1], LIFE[0]).orders == 0
    assert books.stands == (10, 2, 0)


def test_another_state_under_the_same_version_counts(books: Books) -> None:
    """Versions are seconds in WooCommerce: two changes may fall into one."""
    books.book(order(1, 2))
    books.book(order(1, 0, taken=0))
    assert books.stands == (10, 0, 0)


_numbers: Iterator[int] = iter(range(10**9))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LIFE), max_size=8), st.integers(0, 3))
def test_however_states_come_the_latest_is_what_is_booked(books: Books, early: list[OrderState], repeated: int) -> None:
    order_id = f"life-{next(_numbers)}"
    own, reserved, quarantine = books.stands
    expected = books.row.expected
    assert expected is not None
    for state in [*early, LIFE[-1], *early[:repeated]]:
        books.book(replace(state, id=order_id))
    assert books.stands == (own - 1, reserved, quarantine + 1)
    assert books.row.expected == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations([*LIFE[:3], *LIFE[:3]]), st.integers(1, 6))
def test_pages_cut_anywhere_book_the_same(books: Books, states: list[OrderState], size: int) -> None:
    order_id = f"cut-{next(_numbers)}"
    before = books.stands
    for start in range(0, len(states), size):
        books.book(*(replace(state, id=order_id) for state in states[start : start + size]))
    assert books.stands == (before[0], before[1] + 2, before[2])
    books.book(replace(order(9, 0, taken=0), id=order_id))
    assert books.stands == before


def test_what_customers_took_is_reported(books: Books) -> None:
    assert (books.book(order(1, 2)).orders, books.book(order(2, 1, fulfilled=2)).units) == (1, 1)


def test_a_change_of_taken_alone_dirties_the_listing_and_moves_no_stock(books: Books) -> None:
    """A platform that restocks a damaged return shows a unit that we do not have."""
    books.book(order(1, fulfilled=2))
    stands, before = books.stands, books.row
    books.book(order(2, fulfilled=2, taken=1))
    assert books.stands == stands
    assert books.row.expected == 7
    assert books.row.generation > before.generation


# ---------------------------------------------------------------- first contact

OLD = NOON - timedelta(days=30)


def test_every_order_that_is_open_at_first_contact_is_an_opening_reservation(books: Books) -> None:
    books.book(order(1, 3, created_at=OLD), order(1, 0, order_id="2", undecided=1, created_at=OLD))
    assert books.stands == (10, 4, 0)


def test_an_order_of_before_the_first_contact_first_seen_closed_is_a_baseline(books: Books) -> None:
    books.book(order(1, fulfilled=3, created_at=OLD))
    assert books.stands == (10, 0, 0)
    assert books.row.expected == 8
    books.book(order(2, fulfilled=3, returned=1, taken=2, created_at=OLD))
    assert books.stands == (10, 0, 1), "what happens to it later is booked"
    assert books.row.expected == 9


def test_a_baseline_order_that_is_opened_again_is_reserved(books: Books) -> None:
    books.book(order(1, 0, taken=0, created_at=OLD))
    books.book(order(2, 2, created_at=OLD))
    assert books.stands == (10, 2, 0)


def test_an_order_of_after_the_first_contact_that_is_first_seen_shipped_is_booked_whole(books: Books) -> None:
    books.book(order(1, fulfilled=3, created_at=NOON + HOUR))
    assert books.stands == (7, 0, 0)


def test_a_shop_clock_that_is_slow_by_minutes_hides_no_order(books: Books) -> None:
    books.book(order(1, fulfilled=3, created_at=NOON - timedelta(minutes=14)))
    assert books.stands == (7, 0, 0)


# ---------------------------------------------------------------- lines without a SKU


def test_a_line_that_is_not_mapped_is_told_and_booked_when_it_is(books: Books) -> None:
    found = books.book(order(1, 2, listing_id="99"))
    assert found.unknown_listings == {"99"}
    assert books.stands == (10, 0, 0)
    (told,) = books.incidents
    assert "#1" in told and "2 × Shoe" in told

    books.add_listing("99", books.sku_id, expected=4)
    with books.db.write() as tx:
        assert books.keeper(tx).book_mapped() == 1
        assert books.keeper(tx).book_mapped() == 0
    assert books.stands == (10, 2, 0)
    assert books.incidents == []
    with books.db.read() as tx:
        assert listings.by_listing_id(tx, "woo", ["99"])["99"].expected == 2


def test_a_line_that_changed_while_it_was_not_mapped_is_booked_as_it_stands(books: Books) -> None:
    books.book(order(1, 2, listing_id="99"))
    books.book(order(2, 1, listing_id="99", fulfilled=1, fulfilled_at=NOON))
    books.add_listing("99", books.sku_id)
    with books.db.write() as tx:
        books.keeper(tx).book_mapped()
    assert books.stands == (9, 1, 0)


def test_a_line_that_gets_its_sku_by_a_match_is_booked_with_it(books: Books) -> None:
    books.add_listing("99", None, channel_sku="BOOT")
    books.book(order(1, 2, listing_id="99"))
    with books.db.write() as tx:
        boot = catalogue.ensure(tx, "BOOT")
        mapper.settle_matches(tx, books.house, books.port)
        assert ledger.pools(tx, [boot])[boot].reserved == 2
    assert books.incidents == []


def test_a_line_whose_product_is_gone_is_told_and_one_that_counts_no_stock_is_not(books: Books) -> None:
    books.add_listing("gift", None, stock="none")
    books.book(order(1, 1, listing_id="gift"), order(1, 0, order_id="2", listing_id=None, taken=0))
    assert books.incidents == []
    books.book(order(1, 1, order_id="3", listing_id=None))
    assert len(books.incidents) == 1


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("counts", "shipped", "left"),
    [
        ({"shelf": 10, "cellar": 5}, 3, {"shelf": 7, "cellar": 5}),
        ({"shelf": 2, "cellar": 5}, 3, {"shelf": 0, "cellar": 4}),
        ({"shelf": 0, "cellar": 5}, 3, {"shelf": 0, "cellar": 2}),
        ({"shelf": 2, "cellar": 1}, 5, {"shelf": -2, "cellar": 0}),  # what is missing is missing at the first
        ({"shelf": -1, "cellar": 1}, 1, {"shelf": -1, "cellar": 0}),
    ],
)
def test_shipping_empties_the_places_that_the_channel_ships_from_in_order(
    database: Database, counts: dict[str, int], shipped: int, left: dict[str, int]
) -> None:
    books = Books(database, ships_from=("shelf", "cellar"), counts=counts)
    books.book(order(1, 0, fulfilled=shipped))
    assert {place: books.at(place) for place in counts} == left
    own, reserved, _ = books.stands
    assert (own, reserved) == (sum(left.values()), 0)


def test_orders_of_one_page_do_not_ship_the_same_unit(database: Database) -> None:
    books = Books(database, ships_from=("shelf", "cellar"), counts={"shelf": 2, "cellar": 5})
    books.book(order(fulfilled=2), order(fulfilled=2, order_id="2"))
    assert (books.at("shelf"), books.at("cellar")) == (0, 3)


def test_a_page_of_new_orders_costs_few_statements_for_each(books: Books) -> None:
    """A year of a till comes at the first reading."""
    with counted_statements(books.db) as statements:
        books.book(*(order(fulfilled=1, order_id=f"{number}") for number in range(100)))
    assert books.stands == (-90, 0, 0)
    assert len(statements) < 8 * 100


def test_shipping_that_is_taken_back_is_on_the_shelf_and_owed_again(books: Books) -> None:
    books.book(order(1, fulfilled=2))
    books.book(order(2, 2))
    assert books.stands == (10, 2, 0)


def test_what_was_shipped_before_the_count_and_is_read_after_it_was_in_the_count(books: Books) -> None:
    books.book(order(1, 2), order(2, fulfilled=2, fulfilled_at=NOON - 2 * HOUR))
    assert books.stands == (10, 0, 0)


def test_a_shop_that_says_it_shipped_in_the_future_ships_now(books: Books) -> None:
    books.book(order(1, fulfilled=2, fulfilled_at=NOON + timedelta(days=365)))
    assert books.stands == (8, 0, 0)
    with books.db.read() as tx:
        assert tx.execute(select(func.max(schema.movements.c.happened_at))).scalar_one() == NOON


@pytest.mark.parametrize(("returns_to", "stands"), [("quarantine", (8, 0, 1)), ("shelf", (9, 0, 0))])
def test_what_comes_back_goes_where_the_owner_wants_it(
    database: Database, returns_to: str, stands: tuple[int, int, int]
) -> None:
    books = Books(database, returns_to=returns_to)
    books.book(order(1, fulfilled=2))
    books.book(order(2, fulfilled=2, returned=1, taken=1))
    assert books.stands == stands


def test_a_variation_whose_parent_counts_is_booked_on_the_parent(books: Books) -> None:
    parent = books.add_listing("50", books.sku_id, expected=5)
    child = books.add_listing("51", None, stock="parent", parent_id="50", expected=None)
    books.book(order(1, 2, listing_id="51"))
    assert books.stands == (10, 2, 0)
    with books.db.read() as tx:
        rows = listings.by_ids(tx, [parent, child])
        assert rows[parent].expected == 3
        assert rows[child].bookings == 0
        assert orders.lines(tx, "woo", "1")["1"].listing == parent


def test_a_parent_that_is_matched_later_gets_the_sales_of_its_variations(books: Books) -> None:
    books.add_listing("51", None, stock="parent", parent_id="50")
    books.book(order(1, 2, listing_id="51"))
    assert books.stands == (10, 0, 0)
    books.add_listing("50", books.sku_id, expected=5)
    with books.db.write() as tx:
        assert books.keeper(tx).book_mapped() == 1
    assert books.stands == (10, 2, 0)


# ---------------------------------------------------------------- oversold


def oversold(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if "more promised than is there" in text]


def test_an_oversell_is_recorded_and_told_until_it_is_over(books: Books) -> None:
    books.book(order(1, 10))
    assert oversold(books.incidents) == []
    books.book(order(1, 2, order_id="2"))
    assert oversold(books.incidents) == ["SHOE-39: 2 more promised than is there (latest orders: woo #1, woo #2)"]
    books.book(order(1, 1, order_id="3"))
    assert len(oversold(books.incidents)) == 1
    assert "3 more promised" in oversold(books.incidents)[0]
    books.book(order(2, 0, taken=0))
    assert oversold(books.incidents) == []


def test_a_sku_that_was_never_counted_is_not_called_oversold(books: Books) -> None:
    with books.db.write() as tx:
        new = catalogue.ensure(tx, "NEW")
    books.add_listing("77", new)
    books.book(order(1, 5, listing_id="77"))
    assert books.incidents == []
