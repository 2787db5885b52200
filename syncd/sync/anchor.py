"""Founds what a channel is expected to show: read the number, *then* the orders (design.md §3.4 *Anchor*)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.contract import ListingRef
from syncd.storage import incidents, intents, listings, sequence
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import mapper, views
from syncd.sync.house import House, Port

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """What one listing showed before the orders were read, and what was booked and written before that."""

    row_id: int
    shown: int
    bookings: int
    pushed_at: datetime | None
    seq: int
    read_at: datetime


def end_doubts(tx: Tx, port: Port, now: datetime) -> None:
    """Lost writes that can no longer take effect are forgotten; their listings are anchored anew."""
    rows = listings.beyond_doubt(tx, port.name, now)
    if not rows:
        return
    for key in intents.open_calls(tx, port.name):
        intents.close(tx, key, rows)
    listings.change_many(tx, rows, in_doubt_until=None, expected=None)


def wanted(tx: Tx, house: House, port: Port, rows: Collection[int] | None = None) -> list[ListingRow]:
    """Listings (of these rows, or of all) that syncd keeps and of which it does not know what to expect.

    Not those of an order that cannot be read: nobody knows whether it is in the number shown.
    """
    unreadable = incidents.parked_listing_ids(tx).get(port.name, set())
    return [
        view.row
        for view in views.load(tx, house, port, rows)
        if view.row.expected is None
        and view.row.in_doubt_until is None
        and view.row.stock == "own"
        and view.row.listing_id not in unreadable
    ]


def read(house: House, port: Port, rows: Sequence[ListingRow]) -> list[Reading]:
    """The numbers that these listings show now. `rows` must have been loaded before this call.

    Raises:
        ConnectorError: the channel could not be read.
    """
    assert port.shelf is not None
    readings = []
    for start in range(0, len(rows), READ_AT_ONCE):
        part = rows[start : start + READ_AT_ONCE]
        with house.db.write() as tx:
            house.keep_lease(tx, port.name)
            seq = sequence.following(tx)
        found = port.shelf.read([_ref(row) for row in part])
        now = house.now()
        with house.db.write() as tx:
            for row in part:
                listing = found.get(row.listing_id)
                if listing is None:
                    mapper.vanish(tx, row, house)
                elif listing.shown is not None:
                    listings.change(tx, row.id, shown=listing.shown, shown_at=now)
                    readings.append(Reading(row.id, listing.shown, row.bookings, row.pushed_at, seq, now))
        house.progress(f"{port.name}: reading numbers", len(readings), len(rows))
    return readings


def wait_for_orders(house: House, port: Port, readings: Sequence[Reading]) -> None:
    """Wait until the channel's list of orders has caught up with the numbers just read (its order lag)."""
    if port.sales is None or not readings:
        return
    last = max(one.read_at for one in readings)
    left = (last + port.sales.order_lag - house.now()).total_seconds()
    if left > 0:
        house.progress(f"{port.name}: waiting for its list of orders", 0, None)
        house.sleep(left)


def accept(tx: Tx, readings: Sequence[Reading], now: datetime) -> list[int]:
    """Take these readings for expected where nothing was booked since they were made; rows left over.

    To be called after a complete pull that began after the readings (and after the channel's order lag): an order
    that was booked in between may or may not be in the number read.
    """
    rows = listings.by_ids(tx, [one.row_id for one in readings])
    unreadable = incidents.parked_listing_ids(tx)
    left = []
    for one in readings:
        row = rows[one.row_id]
        if row.listing_id in unreadable.get(row.channel, ()):
            continue
        if row.bookings != one.bookings or row.pushed_at != one.pushed_at:
            left.append(row.id)
            continue
        incidents.close_incident(tx, IncidentKind.EDIT, channel=row.channel, subject=row.listing_id, now=now)
        listings.change(
            tx,
            row.id,
            expected=one.shown,
            anchored_seq=one.seq,
            differs_since=None,
            dirty=True,
        )
    return left


def _ref(row: ListingRow) -> ListingRef:
    return ListingRef(row.listing_id, row.parent_id)
