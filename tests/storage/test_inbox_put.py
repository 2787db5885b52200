"""A delivery is kept once, and whoever keeps it is told whether it was new: on both databases."""

from __future__ import annotations

from syncd.storage import inbox
from syncd.storage.inbox import Delivery
from syncd.storage.session import Database
from tests.databases import NOON


def put(db: Database, delivery_id: str, channel: str = "woo") -> bool:
    with db.write() as tx:
        return inbox.put(tx, channel, Delivery(delivery_id, "order.updated", "498", None, None, NOON))


def test_a_delivery_is_new_once(database: Database) -> None:
    assert [put(database, "d1"), put(database, "d1"), put(database, "d2")] == [True, False, True]


def test_the_same_number_from_another_channel_is_another_delivery(database: Database) -> None:
    assert [put(database, "d1"), put(database, "d1", "shopify")] == [True, True]


def test_a_delivery_that_was_handled_is_not_new_again(database: Database) -> None:
    put(database, "d1")
    with database.write() as tx:
        inbox.handled(tx, "woo", ["d1"], NOON)
    assert not put(database, "d1")
