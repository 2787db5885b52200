"""What waits to be written, incidents by kind, the rhythm of orders: counted by the database, on both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from syncd.domain.said import Said
from syncd.storage import incidents, listings
from syncd.storage.arrivals import arrivals
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import Backlog
from syncd.storage.schema import listings as listing_table
from syncd.storage.schema import orders as order_table
from syncd.storage.schema import skus
from syncd.storage.session import Database
from tests.databases import NOON
from tests.storage.stock import at, channel, count, listing, sku
from tests.storage.test_large_tables import counted_statements


def backlog(db: Database) -> dict[str, Backlog]:
    with db.read() as tx:
        return listings.backlog(tx)


def settle(db: Database, row: int) -> None:
    with db.write() as tx:
        listings.settle(tx, row, listings.by_ids(tx, [row])[row].generation)


def test_a_listing_waits_until_its_number_is_confirmed(database: Database) -> None:
    counted = sku(database)
    count(database, counted, 3)
    first = listing(database, counted, waits_since=at(-2))
    listing(database, counted, listing_id="12", waits_since=at(-1))
    listing(database, counted, name="shopify", listing_id="1")
    assert backlog(database) == {"woo": Backlog(2, at(-2)), "shopify": Backlog(1, None)}
    settle(database, first)
    assert backlog(database)["woo"] == Backlog(1, at(-1))


def test_what_syncd_does_not_keep_does_not_wait(database: Database) -> None:
    counted = sku(database)
    count(database, counted, 3)
    listing(database, counted, listing_id="1", excluded=True)
    listing(database, counted, listing_id="2", vanished_at=NOON)
    listing(database, counted, listing_id="3", stock="parent")
    listing(database, counted, listing_id="4", sells_at_zero=["backorders are allowed"])
    listing(database, None, listing_id="5")
    listing(database, sku(database, "NOT-COUNTED"), listing_id="6")
    assert backlog(database) == {}
    listing(database, counted, listing_id="7", sells_at_zero=["backorders are allowed"], accepted=True)
    assert backlog(database) == {"woo": Backlog(1, None)}


def test_the_database_and_the_row_agree_on_what_is_kept(database: Database) -> None:
    matched = sku(database)
    numbers = iter(range(99))
    for values in ({}, {"excluded": True}, {"vanished_at": NOON}, {"stock": "none"}, {"sells_at_zero": ['שלום "a"']}):
        for accepted in (False, True):
            listing(database, matched, listing_id=str(next(numbers)), accepted=accepted, **values)
    listing(database, None, listing_id="none")
    with database.read() as tx:
        by_database = set(tx.execute(select(listing_table.c.id).where(listings.KEPT)).scalars())
        assert by_database == {row.id for row in listings.of_channel(tx, "woo") if row.kept}


def test_ten_thousand_settled_listings_cost_nothing(sqlite: Database) -> None:
    channel(sqlite)
    fixed = {"channel": "woo", "name": "Shoe", "stock": "own", "published": True, "sells_at_zero": []}
    with sqlite.write() as tx:
        tx.execute(insert(skus), [{"sku": f"SKU-{number}"} for number in range(1, 10_001)])
        numbers = range(1, 10_001)
        settled = [fixed | {"listing_id": str(number), "sku_id": number, "settled_generation": 0} for number in numbers]
        tx.execute(insert(listing_table), settled)
    with counted_statements(sqlite) as statements:
        assert backlog(sqlite) == {}
    counting = next(statement for statement in statements if "waits_since" in statement)
    with sqlite.read() as tx:
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {counting}", ("own", "[]")).all()
    assert any("ix_listings_dirty" in str(step) for step in plan)


def test_open_incidents_are_counted_and_a_kind_without_any_is_nought(database: Database) -> None:
    with database.write() as tx:
        for subject in ("1", "2", "3"):
            incidents.open_incident(tx, IncidentKind.EDIT, channel="woo", subject=subject, text=Said(""), now=NOON)
        incidents.close_incident(tx, IncidentKind.EDIT, channel="woo", subject="2", now=NOON)
    with database.read() as tx:
        found = incidents.open_by_kind(tx)
    assert found[IncidentKind.EDIT] == 2
    assert sum(found.values()) == 2
    assert set(found) == set(IncidentKind)


@pytest.mark.parametrize("memory_days", [28, 2])
def test_orders_are_told_of_the_time_before_the_last_one(database: Database, memory_days: int) -> None:
    with database.write() as tx:
        for channel_name in ("woo", "shopify"):
            tx.execute(
                insert(order_table),
                [
                    {
                        "channel": channel_name,
                        "order_id": str(day),
                        "number": str(day),
                        "version": 1,
                        "status": "",
                        "created_at": NOON - timedelta(days=day),
                        "read_at": NOON,
                    }
                    for day in (40, 3, 7, 5, 35)
                ],
            )
    with database.read() as tx:
        told = list(arrivals(tx, "woo", timedelta(days=memory_days)))
        assert list(arrivals(tx, "till", timedelta(days=memory_days))) == []
    assert told == [NOON - timedelta(days=day) for day in ((7, 5, 3) if memory_days == 28 else (5, 3))]
