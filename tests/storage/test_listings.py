from __future__ import annotations

import pytest

from syncd.domain.movements import Kind
from syncd.storage import intents, ledger, listings
from syncd.storage.intents import Intent
from syncd.storage.listings import ListingRow
from syncd.storage.session import Database
from tests.databases import NOON
from tests.storage.stock import at, listing, move, sku


def row_of(db: Database, row_id: int) -> ListingRow:
    with db.read() as tx:
        return listings.by_ids(tx, [row_id])[row_id]


def dirty(row: ListingRow) -> bool:
    return row.settled_generation != row.generation


def test_a_new_listing_is_dirty_until_a_number_is_confirmed(database: Database) -> None:
    row = listing(database, sku(database))
    assert dirty(row_of(database, row))
    with database.write() as tx:
        listings.settle(tx, row, 0)
    assert not dirty(row_of(database, row))


def test_a_change_between_reading_and_settling_leaves_the_listing_dirty(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    read = row_of(database, row)
    with database.write() as tx:
        ledger.post(tx, [move(shoe, Kind.SALE, reserved=1)], NOON)
    with database.write() as tx:
        listings.settle(tx, row, read.generation)
    after = row_of(database, row)
    assert dirty(after)
    with database.write() as tx:
        listings.settle(tx, row, after.generation)
    assert not dirty(row_of(database, row))


def test_a_booked_order_moves_what_is_expected_and_dirties(database: Database) -> None:
    row = listing(database, sku(database), expected=8)
    with database.write() as tx:
        listings.book(tx, row, 3)
        listings.book(tx, row, -1)
    after = row_of(database, row)
    assert (after.expected, after.bookings, after.generation) == (6, 2, 2)


def test_a_booked_order_is_counted_where_nothing_is_expected_yet(database: Database) -> None:
    """An anchor that was read before it must not be accepted."""
    row = listing(database, sku(database))
    with database.write() as tx:
        listings.book(tx, row, 3)
    after = row_of(database, row)
    assert (after.expected, after.bookings) == (None, 1)


def test_a_lost_write_leaves_nothing_expected_until_its_time_is_over(database: Database) -> None:
    row = listing(database, sku(database), expected=8)
    other = listing(database, sku(database), listing_id="12", expected=8)
    with database.write() as tx:
        listings.doubt(tx, [row], at(1))
        listings.doubt(tx, [], at(2))
    after = row_of(database, row)
    assert (after.expected, after.in_doubt_until, dirty(after)) == (None, at(1), True)
    assert row_of(database, other).expected == 8


def test_forgetting_a_channel_leaves_the_others(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe, expected=8, differs_since=NOON)
    other = listing(database, shoe, name="shopify", expected=8)
    with database.write() as tx:
        listings.forget_expected(tx, "woo")
    assert (row_of(database, row).expected, row_of(database, row).differs_since) == (None, None)
    assert row_of(database, other).expected == 8


def test_several_listings_are_changed_at_once_and_none_where_none_is_named(database: Database) -> None:
    shoe = sku(database)
    rows = [listing(database, shoe, listing_id=str(n)) for n in range(3)]
    with database.write() as tx:
        listings.change_many(tx, rows[:2], shown=4)
        listings.change_many(tx, [], shown=9)
    assert [row_of(database, row).shown for row in rows] == [4, 4, None]


def test_listings_are_found_by_row_by_sku_and_by_the_channels_own_id(database: Database) -> None:
    shoe = sku(database)
    first = listing(database, shoe, listing_id="11", sells_at_zero=["backorders are allowed"])
    second = listing(database, shoe, name="shopify", listing_id="11")
    third = listing(database, None, listing_id="12")
    with database.read() as tx:
        assert [row.id for row in listings.of_channel(tx, "woo")] == [first, third]
        assert [row.id for row in listings.of_sku(tx, shoe)] == [second, first]
        assert list(listings.by_listing_id(tx, "woo", ["11", "99"])) == ["11"]
        assert listings.by_ids(tx, [first])[first].sells_at_zero == ["backorders are allowed"]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({}, True),
        ({"sku_id": None}, False),
        ({"stock": "none"}, False),
        ({"stock": "parent"}, False),
        ({"excluded": True}, False),
        ({"vanished_at": NOON}, False),
        ({"sells_at_zero": ["backorders are allowed"]}, False),
        ({"sells_at_zero": ["backorders are allowed"], "accepted": True}, True),
    ],
)
def test_only_a_listing_that_is_matched_and_stopped_by_a_zero_is_kept(
    database: Database, values: dict[str, object], kept: bool
) -> None:
    row = listing(database, sku(database), **values)
    assert row_of(database, row).kept is kept


# ---------------------------------------------------------------- intents


def intent(key: str, row: int, *, expected: int = 8, target: int = 7, op: str = "delta") -> Intent:
    return Intent(key, "woo", row, op, expected, target, 3, NOON, False)


def test_calls_without_an_end_come_oldest_first_with_their_writes_in_the_order_sent(database: Database) -> None:
    shoe = sku(database)
    rows = [listing(database, shoe, listing_id=str(n)) for n in range(4)]
    first = [intent("z", rows[3]), intent("z", rows[0]), intent("z", rows[2])]
    with database.write() as tx:
        intents.record(tx, first)
        intents.record(tx, [intent("a", rows[1])])
    with database.read() as tx:
        calls = intents.open_calls(tx, "woo")
        assert intents.open_calls(tx, "shopify") == {}
    assert list(calls) == ["z", "a"]
    assert calls["z"] == first


def test_a_call_is_forgotten_whole_or_in_part(database: Database) -> None:
    shoe = sku(database)
    rows = [listing(database, shoe, listing_id=str(n)) for n in range(3)]
    with database.write() as tx:
        intents.record(tx, [intent("a", row) for row in rows])
        intents.record(tx, [intent("b", row) for row in rows])
        intents.close(tx, "a", [])
        assert len(intents.open_calls(tx, "woo")["a"]) == 3
        intents.close(tx, "a", rows[:2])
        intents.close(tx, "b")
    with database.read() as tx:
        calls = intents.open_calls(tx, "woo")
    assert [one.listing for one in calls["a"]] == rows[2:]
    assert "b" not in calls


def test_lost_writes_may_lift_a_listing_by_the_sum_of_their_raises(database: Database) -> None:
    row = listing(database, sku(database))
    with database.write() as tx:
        intents.record(tx, [intent("a", row, expected=2, target=7)])
        intents.record(tx, [intent("b", row, expected=3, target=4, op="set")])
        intents.record(tx, [intent("c", row, expected=9, target=1)])
    with database.read() as tx:
        assert intents.pending_raises(tx, "woo") == {row: 6}
        assert intents.pending_raises(tx, "shopify") == {}
