"""Small steps that storage tests take: a SKU, a movement, a count, a look at the level."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from sqlalchemy import select

from syncd.domain.movements import Kind, Movement
from syncd.storage import catalogue, channels, ledger, listings
from syncd.storage.schema import levels
from syncd.storage.session import Database, Tx
from tests.databases import NOON

_numbers = itertools.count()


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


def sku(db: Database, text: str = "SHOE-39-BLK") -> int:
    with db.write() as tx:
        return catalogue.ensure(tx, text)


def shelf(tx: Tx) -> int:
    return catalogue.location(tx, catalogue.OWN_SHELF)


def move(
    sku_id: int,
    kind: Kind = Kind.RECEIPT,
    *,
    on_hand: int = 0,
    reserved: int = 0,
    location_id: int | None = None,
    happened_at: datetime = NOON,
    event_id: str | None = None,
) -> Movement:
    """A movement with an event id of its own, unless one is given."""
    event = event_id if event_id is not None else f"test/{next(_numbers)}"
    return Movement(event, sku_id, kind, happened_at, on_hand, reserved, location_id)


def count(db: Database, sku_id: int, counted: int, hours: float = 0, *, event_id: str | None = None) -> int:
    """Count a SKU on the shelf, so many hours after noon; the adjustment."""
    with db.write() as tx:
        return ledger.count(
            tx,
            sku_id=sku_id,
            location_id=shelf(tx),
            counted=counted,
            counted_at=at(hours),
            event_id=event_id if event_id is not None else f"count/{next(_numbers)}",
            reason="counted",
            now=at(max(hours, 0)),
        )


def ship(db: Database, sku_id: int, units: int, hours: float) -> None:
    """A fulfilment from the shelf that happened so many hours after noon."""
    with db.write() as tx:
        line = move(
            sku_id, Kind.FULFILMENT, on_hand=-units, reserved=-units, location_id=shelf(tx), happened_at=at(hours)
        )
        ledger.post(tx, [move(sku_id, Kind.SALE, reserved=units), line], at(10))


def on_hand(db: Database, sku_id: int) -> int:
    """Units on the shelf, by the level."""
    with db.read() as tx:
        query = select(levels.c.on_hand).where(levels.c.sku_id == sku_id)
        return int(tx.execute(query).scalar_one())


def channel(db: Database, name: str = "woo") -> None:
    with db.write() as tx:
        channels.ensure(tx, name, "memory", NOON)


def listing(db: Database, matched: int | None, *, name: str = "woo", listing_id: str = "11", **values: object) -> int:
    """A listing of this SKU in a channel, made with it; its row."""
    channel(db, name)
    known = {"name": "Shoe", "stock": "own", "published": True, "sells_at_zero": [], "sku_id": matched} | values
    with db.write() as tx:
        return listings.add(tx, name, listing_id, known)


def generation(db: Database, row: int) -> int:
    with db.read() as tx:
        return listings.by_ids(tx, [row])[row].generation
