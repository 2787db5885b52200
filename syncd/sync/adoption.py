"""Takes a shop's present numbers as the first count (design.md §3.10, `syncd adopt`)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncd.domain.stock import twin_key
from syncd.storage import catalogue, ledger, listings, orders
from syncd.storage.listings import ListingRow
from syncd.storage.orders import Traffic
from syncd.storage.session import Tx
from syncd.sync import anchor, mapper
from syncd.sync.cycle import Cycle, leased
from syncd.sync.house import House, Port, Refusal

TRIES = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """One SKU to be counted: on hand = what the shop shows + units that its unshipped orders took from that number."""

    row_id: int
    sku: str
    name: str
    gtin: str | None
    shown: int
    taken_unshipped: int
    counted_at: datetime

    @property
    def on_hand(self) -> int:
        """Never negative: a shop that shows less than nothing has nothing on the shelf."""
        return max(0, self.shown + self.taken_unshipped)


@dataclass(slots=True)
class Adoption:
    """What a shop's numbers mean as a first count; nothing is changed by making it."""

    channel: str
    location: str
    counted: list[Counted] = field(default_factory=list)
    already_counted: list[str] = field(default_factory=list)
    skipped: list[tuple[ListingRow, str]] = field(default_factory=list)  # and why, in words
    open_orders: int = 0

    @property
    def units(self) -> int:
        return sum(one.on_hand for one in self.counted)

    @property
    def shown_units(self) -> int:
        return sum(one.shown for one in self.counted)

    @property
    def taken_units(self) -> int:
        return sum(one.taken_unshipped for one in self.counted)


def look(house: House, port: Port, *, recount: Collection[str] = ()) -> Adoption:
    """Read a shop's listings, numbers and orders, and work out the count. Nothing is written anywhere but orders.

    The numbers are read first and the orders after them; a listing that was ordered in between is read again. SKUs
    that are counted already are left alone, except those in `recount`.

    Raises:
        ConnectorError: the shop could not be read.
        LeaseHeld: another syncd works on it.
    """
    if port.shelf is None:
        raise Refusal(f"{port.name} has no listings to count from", "Count from a file: syncd import FILE")
    with leased(house, [port]):
        mapper.refresh(house, port)
        _pull(house, port)
        with house.db.read() as tx:
            adoption, rows = _candidates(tx, port, recount)
        left = rows
        for _ in range(TRIES):
            left = _read(house, port, left, adoption)
            if not left:
                break
        with house.db.read() as tx:
            adoption.open_orders = _open_orders(tx, port, house.now(), {one.row_id for one in adoption.counted})
        adoption.skipped.extend((row, "is being ordered right now; adopt it again later") for row in left)
    return adoption


def commit(house: House, port: Port, adoption: Adoption) -> None:
    """Book the count; the shop is not changed. Orders that waited for these SKUs are booked with it."""
    with house.db.write() as tx:
        location_id = catalogue.location(tx, adoption.location)
        for one in adoption.counted:
            sku_id = catalogue.ensure(tx, one.sku, {"name": one.name, "gtin": one.gtin})
            ledger.count(
                tx,
                sku_id=sku_id,
                location_id=location_id,
                counted=one.on_hand,
                counted_at=one.counted_at,
                event_id=f"adopt/{uuid.uuid4()}",
                reason=f"taken from {port.name}",
                now=house.now(),
            )
        for other in house.ports:
            mapper.settle_matches(tx, house, other)


def _pull(house: House, port: Port) -> None:
    cycle = Cycle(house)
    cycle.pull([port.name])
    if port.name in cycle.report.failed:
        raise cycle.report.failed[port.name]


def _candidates(tx: Tx, port: Port, recount: Collection[str]) -> tuple[Adoption, list[ListingRow]]:
    adoption = Adoption(port.name, port.ships_from[0])
    rows = [row for row in listings.of_channel(tx, port.name) if row.vanished_at is None and row.stock != "parent"]
    per_sku = Counter(row.channel_sku for row in rows)
    per_twin = Counter(twin_key(sku) for sku in {row.channel_sku for row in rows if row.channel_sku})
    counted = {sku.sku for sku in catalogue.all_skus(tx) if sku.counted_at is not None}
    names = {sku_id: sku for sku, sku_id in catalogue.ids(tx).items()}
    chosen = []
    for row in rows:
        sku = names.get(row.sku_id, row.channel_sku) if row.sku_id is not None else row.channel_sku
        if row.stock == "none":
            adoption.skipped.append((row, "the shop does not count its stock"))
        elif sku is None:
            adoption.skipped.append((row, "has no SKU"))
        elif row.excluded or (row.sku_id is None and per_sku[sku] > 1):
            adoption.skipped.append((row, f"its SKU {sku} stands on several listings; name one: syncd map export FILE"))
        elif row.sku_id is None and per_twin[twin_key(sku)] > 1:
            adoption.skipped.append((row, f"its SKU {sku} differs from another only by case or blanks"))
        elif sku in counted and sku not in recount:
            adoption.already_counted.append(sku)
        elif not recount or sku in recount:
            chosen.append(row)
    return adoption, chosen


def _read(house: House, port: Port, rows: list[ListingRow], adoption: Adoption) -> list[ListingRow]:
    """Read numbers, then orders; what was ordered in between is left over."""
    with house.db.read() as tx:
        before = traffic_by_row(tx, port.name)
    readings = {one.row_id: one for one in anchor.read(house, port, rows)}
    anchor.wait_for_orders(house, port, list(readings.values()))
    _pull(house, port)
    with house.db.read() as tx:
        after = traffic_by_row(tx, port.name)
        names = {sku_id: sku for sku, sku_id in catalogue.ids(tx).items()}
    left = []
    for row in rows:
        if row.id not in readings:
            continue  # it is gone
        if before.get(row.id) != after.get(row.id):
            left.append(row)
            continue
        sku = names[row.sku_id] if row.sku_id is not None else row.channel_sku
        assert sku is not None
        traffic = after.get(row.id)
        waiting = traffic.taken_unshipped if traffic is not None else 0
        reading = readings[row.id]
        adoption.counted.append(Counted(row.id, sku, row.title, row.gtin, reading.shown, waiting, reading.read_at))
    return left


def _open_orders(tx: Tx, port: Port, now: datetime, row_ids: Collection[int]) -> int:
    """How many open orders hold units of these listings."""
    rows = listings.of_channel(tx, port.name)
    wanted = {row.listing_id for row in rows if row.id in row_ids}
    wanted |= {row.listing_id for row in rows if row.stock == "parent" and row.parent_id in wanted}
    return sum(
        any(line.booked.open and line.channel_listing_id in wanted for line in lines.values())
        for lines in (orders.lines(tx, port.name, one) for one in orders.open_ids(tx, port.name, now))
    )


def traffic_by_row(tx: Tx, channel: str) -> Mapping[int, Traffic]:
    """What the orders of a channel did to each listing, also to those that are not matched yet."""
    rows = {row.listing_id: row for row in listings.of_channel(tx, channel)}
    found: dict[int, Traffic] = {}
    for listing_id, traffic in orders.traffic(tx, channel).items():
        row = rows.get(listing_id)
        if row is not None and row.stock == "parent" and row.parent_id in rows:
            row = rows[row.parent_id]
        if row is not None:
            found[row.id] = found[row.id] + traffic if row.id in found else traffic
    return found
