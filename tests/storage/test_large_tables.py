"""Fifty thousand SKUs: no statement names them one by one, and no reading asks for them one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from syncd.storage import catalogue, ledger, listings, orders
from syncd.storage.schema import listings as listing_table
from syncd.storage.schema import order_lines, skus
from syncd.storage.schema import orders as order_table
from syncd.storage.session import Database, Tx
from tests.databases import NOON
from tests.storage.stock import channel, shelf

MANY = 40_000
ROWS = 300
SQLITE_VALUES = 32_766
"""How many values a statement may have in SQLite as its authors ship it."""


@pytest.fixture
def large(database: Database) -> Database:
    """SKUs that are each listed in one channel and in an open order; ids run from 1."""
    if database.is_sqlite:
        limit = sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        event.listen(database.engine, "connect", lambda raw, _record: raw.setlimit(limit, SQLITE_VALUES))
        database.close()
    channel(database)
    numbers = range(1, ROWS + 1)
    line = {"channel": "woo", "line_id": "1", "name": "Shoe", "promised": 1, "taken": 1}
    with database.write() as tx:
        tx.execute(insert(skus), [{"sku": f"SKU-{number:05}"} for number in numbers])
        ids = list(tx.execute(select(skus.c.id).order_by(skus.c.id)).scalars())
        assert ids == list(numbers)
        fixed = {"channel": "woo", "name": "Shoe", "stock": "own", "published": True, "sells_at_zero": []}
        tx.execute(insert(listing_table), [fixed | {"listing_id": str(n), "sku_id": n} for n in numbers])
        order = {"channel": "woo", "order_id": "1", "number": "1", "version": 1, "status": "", "open": True}
        tx.execute(insert(order_table).values(**order, created_at=NOON, read_at=NOON))
        tx.execute(
            insert(order_lines),
            [
                line | {"order_id": "1", "line_id": str(n), "listing": n, "sku_id": n, "channel_listing_id": str(n)}
                for n in numbers
            ],
        )
        place = shelf(tx)
        counts = [ledger.Count(number, place, 3, f"first/{number}") for number in numbers]
        ledger.count_all(tx, counts, counted_at=NOON, reason="file", now=NOON)
    return database


@contextmanager
def counted_statements(db: Database) -> Iterator[list[str]]:
    """The statements that are run within."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


ALL = range(1, MANY + 1)

READINGS: dict[str, Callable[[Tx], object]] = {
    "every SKU": catalogue.all_skus,
    "SKUs by id": lambda tx: catalogue.by_ids(tx, ALL),
    "pools": ledger.pools,
    "pools by id": lambda tx: ledger.pools(tx, ALL),
    "levels": lambda tx: catalogue.levels_by_sku(tx, ALL),
    "levels then": lambda tx: ledger.levels_at(tx, NOON, ALL),
    "listings": lambda tx: listings.of_channel(tx, "woo"),
    "listings by id": lambda tx: listings.by_ids(tx, ALL),
    "listings by the channel's id": lambda tx: listings.by_listing_id(tx, "woo", map(str, ALL)),
    "claims": lambda tx: orders.claims(tx, "woo"),
    "claims by id": lambda tx: orders.claims(tx, "woo", ALL),
}


def test_reading_everything_takes_one_statement_however_many_there_are(large: Database) -> None:
    with large.read() as tx:
        for name, reading in READINGS.items():
            with counted_statements(large) as statements:
                found = reading(tx)
            assert len(found) == ROWS, name  # type: ignore[arg-type]
            assert len(statements) == 1, name


def test_changing_everything_at_once_is_possible(large: Database) -> None:
    before = generations(large)
    with large.write() as tx:
        ledger.dirty(tx, ALL)
        ledger.raise_again(tx, ALL)
        listings.change_many(tx, ALL, expected=5)
        listings.doubt(tx, ALL, NOON)
    with large.read() as tx:
        rows = listings.of_channel(tx, "woo")
    assert [row.generation for row in rows] == [number + 3 for number in before]
    assert {(row.expected, row.in_doubt_until) for row in rows} == {(None, NOON)}


def generations(db: Database) -> list[int]:
    with db.read() as tx:
        return [row.generation for row in listings.of_channel(tx, "woo")]
