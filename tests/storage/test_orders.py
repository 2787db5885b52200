from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from syncd.domain.movements import LineBooked
from syncd.storage import orders, schema
from syncd.storage.catalogue import Sku
from syncd.storage.channels import Channel
from syncd.storage.listings import ListingRow
from syncd.storage.orders import Claims, LineRow, OrderRow, Reservation, Traffic
from syncd.storage.session import Database
from tests.databases import NOON
from tests.storage.stock import at, channel, listing, sku


def order(db: Database, order_id: str, *, name: str = "woo", **values: object) -> None:
    channel(db, name)
    known = {
        "number": order_id,
        "version": 1,
        "status": "processing",
        "created_at": NOON,
        "read_at": NOON,
        "open": True,
    } | values
    with db.write() as tx:
        orders.put(tx, name, order_id, known, new=True)


def line(
    db: Database, order_id: str, line_id: str, booked: LineBooked, row: int | None, sku_id: int | None, listing_id: str
) -> None:
    values = {"listing": row, "sku_id": sku_id, "channel_listing_id": listing_id, "name": "Shoe"}
    with db.write() as tx:
        orders.put_line(tx, "woo", order_id, line_id, booked=booked, values=values, new=True)


def test_the_values_that_services_read_are_the_columns_of_their_tables() -> None:
    for value, table in ((OrderRow, schema.orders), (ListingRow, schema.listings), (Channel, schema.channels)):
        assert [field.name for field in fields(value)] == [column.name for column in table.columns]
    assert {field.name for field in fields(Sku)} - {"details"} < {column.name for column in schema.skus.columns}


def test_an_order_is_read_as_it_was_written(database: Database) -> None:
    order(database, "1051", number="#1051", held_until=at(1), holds_stock=True, fulfilled_at=at(-1))
    with database.read() as tx:
        found = orders.get(tx, "woo", "1051")
        assert orders.get(tx, "woo", "1052") is None
        assert orders.get(tx, "shopify", "1051") is None
    assert found == OrderRow(
        "woo", "1051", "#1051", 1, "processing", NOON, at(-1), at(1), True, True, False, NOON, None
    )


def test_reading_an_order_is_possible_in_a_transaction_that_only_reads_while_it_is_being_booked(
    database: Database,
) -> None:
    order(database, "1051")
    with database.read() as tx:
        before = orders.get(tx, "woo", "1051")
        with database.write() as other:
            orders.put(other, "woo", "1051", {"version": 2}, new=False)
        assert orders.get(tx, "woo", "1051") == before


def test_a_line_keeps_what_is_booked_for_it(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    order(database, "1051")
    booked = LineBooked(1, 2, 3, 4, 5, 6)
    line(database, "1051", "7", booked, row, shoe, "11")
    with database.read() as tx:
        assert orders.lines(tx, "woo", "1051") == {
            "7": LineRow("1051", "7", row, shoe, "11", None, "Shoe", booked, bookings=0)
        }


@pytest.mark.parametrize("told", ["1051", "#1051"])
def test_an_order_is_found_by_the_number_that_the_owner_sees_before_any_id(database: Database, told: str) -> None:
    """With a plugin that numbers orders anew, the id of one is the number of another."""
    order(database, "1051", number="900")
    order(database, "5512", number="1051")
    with database.read() as tx:
        found = orders.by_number(tx, "woo", told)
        by_id = orders.by_number(tx, "woo", "5512")
    assert found is not None and found.order_id == "5512"
    assert by_id is not None and by_id.order_id == "5512"


def test_of_two_orders_with_one_number_the_later_is_meant(database: Database) -> None:
    order(database, "1", number="77", created_at=at(-5))
    order(database, "2", number="#77", created_at=at(-1))
    order(database, "3", number="77", created_at=at(-9))
    with database.read() as tx:
        found = orders.by_number(tx, "woo", "77")
        assert orders.by_number(tx, "woo", "78") is None
    assert found is not None and found.order_id == "2"


def test_open_orders_come_the_longest_unread_first(database: Database) -> None:
    order(database, "1", read_at=at(-2))
    order(database, "2", read_at=at(-3))
    order(database, "3", read_at=at(-4), open=False)
    order(database, "4", read_at=at(0))
    with database.read() as tx:
        assert orders.open_ids(tx, "woo", read_before=at(-1)) == ["2", "1"]


def test_a_hold_lapses_by_our_clock_to_the_instant(database: Database) -> None:
    order(database, "1", held_until=at(1))
    order(database, "2", held_until=at(1), open=False)
    order(database, "3")
    with database.read() as tx:
        assert orders.lapsed_holds(tx, "woo", at(1) - timedelta(microseconds=1)) == []
        assert orders.lapsed_holds(tx, "woo", at(1)) == ["1"]


def test_claims_add_up_what_was_taken_and_what_the_channel_holds_unseen(database: Database) -> None:
    shoe = sku(database)
    row, other = listing(database, shoe), listing(database, shoe, listing_id="12")
    order(database, "1")
    order(database, "2", held_until=at(1), holds_stock=True)
    order(database, "3", held_until=at(1), holds_stock=False)
    line(database, "1", "1", LineBooked(promised=2, fulfilled=3, taken=5), row, shoe, "11")
    line(database, "1", "2", LineBooked(promised=1, taken=1), row, shoe, "11")
    line(database, "2", "1", LineBooked(promised=4), row, shoe, "11")
    line(database, "3", "1", LineBooked(promised=8), row, shoe, "11")
    with database.read() as tx:
        assert orders.claims(tx, "woo") == {row: Claims(taken=6, held=4)}
        assert orders.claims(tx, "woo", [other]) == {}
        assert orders.claims(tx, "shopify") == {}


def test_lines_that_still_hold_units_are_found_by_the_listing_that_they_came_in_by(database: Database) -> None:
    shoe = sku(database)
    row, other = listing(database, shoe), listing(database, shoe, listing_id="12")
    order(database, "1")
    line(database, "1", "owed", LineBooked(promised=2, taken=2), row, shoe, "11")
    line(database, "1", "shipped", LineBooked(fulfilled=2, taken=2), row, shoe, "11")
    line(database, "1", "decided", LineBooked(undecided=2, decided=2, taken=2), row, shoe, "11")
    line(database, "1", "in part", LineBooked(undecided=2, decided=1, taken=2), row, shoe, "11")
    line(database, "1", "not booked", LineBooked(promised=2, taken=2), row, None, "11")
    line(database, "1", "elsewhere", LineBooked(promised=2, taken=2), other, shoe, "12")
    with database.read() as tx:
        assert [one.line_id for one in orders.open_lines_of_listing(tx, row)] == ["in part", "owed"]


def test_traffic_is_told_of_lines_without_a_sku_too(database: Database) -> None:
    order(database, "1")
    line(database, "1", "1", LineBooked(promised=2, taken=2), None, None, "11")
    line(database, "1", "2", LineBooked(fulfilled=1, taken=1), None, None, "11")
    with database.read() as tx:
        (found,) = orders.traffic(tx, "woo").values()
    assert found == Traffic(lines=2, units=1_000_002, taken=3, taken_unshipped=2, open_lines=1)


@pytest.mark.parametrize(
    ("booked", "on_shelf"),
    [
        (LineBooked(promised=3, taken=3), 3),
        (LineBooked(promised=3, taken=0), 0),
        (LineBooked(promised=1, fulfilled=2, taken=3), 1),
        (LineBooked(undecided=2, taken=2), 2),
        (LineBooked(undecided=2, taken=2, decided=2), 0),
        (LineBooked(promised=1, undecided=2, taken=3, decided=2), 1),
        (LineBooked(fulfilled=2, taken=2), 0),
    ],
)
def test_units_taken_and_not_shipped_are_on_the_shelf_until_decided_about(
    database: Database, booked: LineBooked, on_shelf: int
) -> None:
    order(database, "1")
    line(database, "1", "1", booked, None, None, "11")
    with database.read() as tx:
        assert orders.traffic(tx, "woo")["11"].taken_unshipped == on_shelf


def test_every_change_of_a_line_changes_its_traffic(database: Database) -> None:
    order(database, "1")
    states = [
        LineBooked(promised=2),
        LineBooked(promised=2, taken=2),
        LineBooked(promised=1, fulfilled=1, taken=2),
        LineBooked(fulfilled=2, taken=2),
        LineBooked(fulfilled=2, returned=1, taken=2),
        LineBooked(fulfilled=2, returned=1, taken=1),
        LineBooked(undecided=2, taken=2),
    ]
    line(database, "1", "1", LineBooked(), None, None, "11")
    seen = []
    for state in states:
        with database.write() as tx:
            orders.put_line(tx, "woo", "1", "1", booked=state, values={}, new=False)
            seen.append(orders.traffic(tx, "woo")["11"])
    assert len(set(seen)) == len(states)


def test_what_waits_for_a_decision_is_what_nobody_decided_about(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    order(database, "1", number="#1", missing_since=NOON)
    order(database, "2", created_at=at(-1))
    line(database, "1", "1", LineBooked(undecided=3, decided=1), row, shoe, "11")
    line(database, "1", "2", LineBooked(undecided=3, decided=3), row, shoe, "11")
    line(database, "2", "1", LineBooked(undecided=1), row, shoe, "11")
    line(database, "2", "2", LineBooked(undecided=1), None, None, "13")
    with database.read() as tx:
        found = orders.to_decide(tx)
    assert [(one.number, one.missing, one.sku, one.units) for one in found] == [
        ("2", False, "SHOE-39-BLK", 1),
        ("#1", True, "SHOE-39-BLK", 2),
    ]


def test_a_reservation_is_what_is_owed_and_not_decided_about(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    order(database, "1", number="#1")
    order(database, "2")
    line(database, "1", "1", LineBooked(promised=2, undecided=3, decided=1), row, shoe, "11")
    line(database, "2", "1", LineBooked(fulfilled=2), row, shoe, "11")
    with database.read() as tx:
        assert orders.reservations(tx, [shoe]) == {shoe: [Reservation("woo", "#1", 4, NOON)]}


def test_unmapped_lines_come_by_order_and_line(database: Database) -> None:
    order(database, "2")
    order(database, "1")
    for order_id, line_id in (("2", "1"), ("1", "2"), ("1", "1")):
        line(database, order_id, line_id, LineBooked(promised=1), None, None, "11")
    with database.read() as tx:
        assert [(one.order_id, one.line_id) for one in orders.unmapped(tx, "woo")] == [
            ("1", "1"),
            ("1", "2"),
            ("2", "1"),
        ]
