"""Reads what is on sale in a channel and links it to the master table (design.md §3.10, N11)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Listing, StockKeeping
from syncd.domain.said import Said, Value
from syncd.domain.stock import normal_sku, twin_key
from syncd.storage import catalogue, channels, incidents, listings
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import unreadable
from syncd.sync.bookkeeper import Bookkeeper
from syncd.sync.house import House, Port
from syncd.texts import commands


@dataclass(slots=True)
class Mapping:
    """How the listings of a channel stand, each row in one list; the first that applies."""

    channel: str
    listings: list[ListingRow] = field(default_factory=list)
    kept: list[ListingRow] = field(default_factory=list)
    without_sku: list[ListingRow] = field(default_factory=list)
    unknown: list[ListingRow] = field(default_factory=list)  # has a SKU that the master table lacks
    twins: list[ListingRow] = field(default_factory=list)  # differs from a known SKU only by case or blanks
    duplicates: list[ListingRow] = field(default_factory=list)  # another listing of this channel has the SKU too
    not_counted: list[ListingRow] = field(default_factory=list)  # the channel does not manage its stock
    by_parent: list[ListingRow] = field(default_factory=list)  # variations whose parent counts the stock
    sells_at_zero: list[ListingRow] = field(default_factory=list)  # a pushed 0 would not stop it, not accepted
    vanished: list[ListingRow] = field(default_factory=list)
    renamed: list[tuple[ListingRow, str]] = field(default_factory=list)  # matched, but the channel changed its SKU

    @property
    def matched(self) -> int:
        """Listings with a SKU of ours."""
        return sum(row.sku_id is not None and row.vanished_at is None for row in self.listings)


def refresh(house: House, port: Port) -> None:
    """Read every listing of a channel and match new ones by SKU, once; later the channel's own ids hold.

    Nothing is written to the channel. What is gone is kept and marked: absent is not zero.

    Raises:
        ConnectorError: the channel could not be read to the end; what was read so far is kept.
    """
    assert port.shelf is not None
    seen: set[str] = set()
    for page in port.shelf.listings():
        with house.db.write() as tx:
            house.keep_lease(tx, port.name)
            known_skus = catalogue.ids(tx)
            for listing in page.listings:
                seen.add(listing.id)
            rows = listings.by_listing_id(tx, port.name, [listing.id for listing in page.listings])
            for listing in page.listings:
                _store(tx, house, port, listing, rows.get(listing.id), known_skus)
            readable = {one.id for one in page.listings} - {item.ref for item in page.parked}
            unreadable.unpark(tx, house, port, unreadable.LISTING, readable)
            for item in page.parked:
                hint = Said(
                    "Mend it in the shop, then: {map}. Its SKU is not raised meanwhile.",
                    map=commands.typed(("map",), (port.name,)),
                )
                unreadable.park(tx, house, port, unreadable.LISTING, item, hint=hint)
                seen.update(item.listing_ids)
        house.progress(f"{port.name}: reading listings", len(seen), page.total)
    with house.db.write() as tx:
        for row in listings.of_channel(tx, port.name):
            if row.listing_id not in seen and row.vanished_at is None:
                vanish(tx, row, house)
        settle_matches(tx, house, port)
        channels.change(tx, port.name, listed_at=house.now())


def _store(
    tx: Tx, house: House, port: Port, listing: Listing, row: ListingRow | None, known_skus: dict[str, int]
) -> None:
    sku = normal_sku(listing.sku)
    values: dict[str, Any] = {
        "parent_id": listing.parent_id,
        "channel_sku": sku,
        "name": listing.name,
        "options": listing.options,
        "gtin": listing.gtin,
        "admin_url": listing.admin_url,
        "stock": listing.stock.value,
        "published": listing.published,
        "sells_at_zero": list(listing.sells_at_zero),
        "can_stop": listing.can_stop,
        "shown": listing.shown,
        "shown_at": house.now(),
        "vanished_at": None,
    }
    counts = listing.stock is StockKeeping.OWN or (listing.stock is StockKeeping.NONE and port.start_counting)
    if counts and sku in known_skus and (row is None or row.sku_id is None):
        values["sku_id"] = known_skus[sku]
    if row is None:
        listings.add(tx, port.name, listing.id, values)
        return
    if row.vanished_at is not None:
        # What it showed and sold while it was out of sight is not known.
        values |= {"expected": None, "dirty": True}
        incidents.close_incident(tx, IncidentKind.VANISHED, channel=port.name, subject=row.listing_id, now=house.now())
    if row.stock != listing.stock.value:
        values |= {"expected": None, "dirty": True}
    if list(row.sells_at_zero) != list(listing.sells_at_zero):
        values["dirty"] = True
    listings.change(tx, row.id, **values)
    note_left_alone(tx, house, port, listings.by_ids(tx, [row.id])[row.id])


def vanish(tx: Tx, row: ListingRow, house: House) -> None:
    """The channel does not show this listing any more: it is not written, and a person is told if it was kept."""
    listings.change(tx, row.id, vanished_at=house.now(), expected=None, dirty=True)
    incidents.close_incident(tx, IncidentKind.LEFT_ALONE, channel=row.channel, subject=row.listing_id, now=house.now())
    if row.sku_id is not None:
        incidents.open_incident(
            tx,
            IncidentKind.VANISHED,
            channel=row.channel,
            subject=row.listing_id,
            text=Said(
                "{channel} does not show {title} (SKU {sku}) any more; its stock is left",
                channel=row.channel,
                title=row.title,
                sku=row.channel_sku or Said("missing"),
            ),
            hint=Said("Put it back in the shop, or leave it: it is not written meanwhile."),
            now=house.now(),
        )


def note_left_alone(tx: Tx, house: House, port: Port, row: ListingRow) -> None:
    """Tell a person when a listing that is told its numbers can no longer be, because of how the shop sells it."""
    safe = row.kept or (row.stock == "none" and port.start_counting) or row.sku_id is None or row.excluded
    if safe or row.vanished_at is not None:
        incidents.close_incident(
            tx, IncidentKind.LEFT_ALONE, channel=port.name, subject=row.listing_id, now=house.now()
        )
    elif row.pushed is not None:
        incidents.open_incident(
            tx,
            IncidentKind.LEFT_ALONE,
            channel=port.name,
            subject=row.listing_id,
            text=Said(
                "{channel}: {title} (SKU {sku}) is left alone now: {reason}",
                channel=port.name,
                title=row.title,
                sku=row.channel_sku or Said("missing"),
                reason=_left_because(row),
            ),
            hint=_way_back(tx, port, row),
            now=house.now(),
        )


def _left_because(row: ListingRow) -> Value:
    if row.stock == "none":
        return Said("the shop does not count its stock any more")
    if row.stock == "parent":
        return Said("its parent counts the stock now")
    return " and ".join(row.sells_at_zero)


def _way_back(tx: Tx, port: Port, row: ListingRow) -> Said:
    """How a listing that is left alone is kept in step again."""
    if row.stock != "own":
        return Said("Set it back in the shop, or match what counts it now: syncd map export todo.csv")
    assert row.sku_id is not None
    sku = catalogue.by_ids(tx, [row.sku_id])[0].sku
    accept = Said(
        "Set it back in the shop, or accept that it sells on: {accept}",
        accept=commands.typed(("map", "accept"), (port.name, sku)),
    )
    if not row.can_stop:
        return accept
    return Said(
        "Let 0 end the sale: {stop}. {otherwise}",
        stop=commands.typed(("map", "stop"), (port.name, sku)),
        otherwise=accept,
    )


def settle_matches(tx: Tx, house: House, port: Port) -> None:
    """Match what became known since, keep one listing per SKU, and book the orders that waited for it."""
    known_skus = catalogue.ids(tx)
    rows = listings.of_channel(tx, port.name)
    for row in rows:
        counts = row.stock == "own" or (row.stock == "none" and port.start_counting)
        if row.sku_id is None and counts and row.channel_sku in known_skus and row.vanished_at is None:
            listings.change(tx, row.id, sku_id=known_skus[row.channel_sku], dirty=True)
    _keep_one_per_sku(tx, listings.of_channel(tx, port.name))
    channel = channels.get(tx, port.name)
    assert channel is not None
    Bookkeeper(tx, house, port, channel, house.now()).book_mapped()


def _keep_one_per_sku(tx: Tx, rows: list[ListingRow]) -> None:
    """Of several listings with one SKU none is written until the owner names one; an established one stays."""
    by_sku: dict[int, list[ListingRow]] = defaultdict(list)
    for row in rows:
        if row.sku_id is not None and row.vanished_at is None:
            by_sku[row.sku_id].append(row)
    for group in by_sku.values():
        if len(group) == 1:
            primary: ListingRow | None = group[0]
        else:
            established = [row for row in group if not row.excluded and (row.pushed is not None or _named(group))]
            primary = established[0] if len(established) == 1 else None
        for row in group:
            excluded = row is not primary
            if row.excluded != excluded:
                listings.change(tx, row.id, excluded=excluded, expected=None, dirty=True)


def _named(group: list[ListingRow]) -> bool:
    """True where all but one are excluded: the owner has named the primary one."""
    return sum(not row.excluded for row in group) == 1


def name_primary(tx: Tx, row: ListingRow) -> None:
    """Of the listings of its SKU in its channel, write this one."""
    assert row.sku_id is not None
    for other in listings.of_sku(tx, row.sku_id):
        if other.channel == row.channel:
            listings.change(tx, other.id, excluded=other.id != row.id, expected=None, dirty=True)


def mapping(tx: Tx, port: Port) -> Mapping:
    """How the listings of a channel stand, by what is known; calls nobody."""
    found = Mapping(port.name)
    known = catalogue.ids(tx)
    names = {sku_id: sku for sku, sku_id in known.items()}
    twins = {twin_key(sku) for sku in known}
    for row in listings.of_channel(tx, port.name):
        found.listings.append(row)
        if row.sku_id is not None and row.channel_sku != names[row.sku_id] and row.vanished_at is None:
            found.renamed.append((row, names[row.sku_id]))
        place = _place(found, row, twins, port)
        place.append(row)
    return found


def _place(found: Mapping, row: ListingRow, twins: set[str], port: Port) -> list[ListingRow]:
    if row.vanished_at is not None:
        return found.vanished
    if row.stock == "parent":
        return found.by_parent
    if row.stock == "none" and not (port.start_counting and row.sku_id is not None):
        return found.not_counted
    if row.sku_id is None:
        if row.channel_sku is None:
            return found.without_sku
        return found.twins if twin_key(row.channel_sku) in twins else found.unknown
    if row.excluded:
        return found.duplicates
    if row.sells_at_zero and not row.accepted:
        return found.sells_at_zero
    return found.kept
