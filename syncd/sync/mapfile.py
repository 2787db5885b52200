"""Settles which listing is which SKU: from a file, or by the owner's word. Never writes to a shop (`syncd map`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from connectors.contract import ConnectorError
from syncd.domain.stock import twin_key
from syncd.files import BadRow, MapRow
from syncd.storage import catalogue, listings, orders
from syncd.storage.catalogue import Sku
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import mapper
from syncd.sync.cycle import leased
from syncd.sync.desk import known_sku
from syncd.sync.house import House, Port, Refusal
from syncd.sync.mapper import Mapping


@dataclass(slots=True)
class Overview:
    """How the listings of the chosen channels stand, and which channels could not be read."""

    mappings: list[Mapping] = field(default_factory=list)
    failed: dict[str, ConnectorError] = field(default_factory=dict)
    counted: bool = False  # False while the master table knows no SKU: then nothing can match


def look(house: House, ports: Sequence[Port], *, ask_shops: bool) -> Overview:
    """How the listings of these channels stand; with `ask_shops` each is read anew before, one after the other.

    Raises:
        LeaseHeld: another syncd works on a channel.
    """
    found = Overview()
    if ask_shops:
        with leased(house, ports):
            for port in ports:
                try:
                    mapper.refresh(house, port)
                except ConnectorError as error:
                    found.failed[port.name] = error
    with house.db.read() as tx:
        found.counted = bool(catalogue.ids(tx))
        found.mappings = [mapper.mapping(tx, port) for port in ports]
    return found


# --------------------------------------------------------------------------- the file


def rows_to_settle(house: House, ports: Sequence[Port], *, everything: bool = False) -> list[MapRow]:
    """The listings that wait for the owner's word, each with the SKU that it probably is; or every listing."""
    rows: list[MapRow] = []
    with house.db.read() as tx:
        propose = _Proposals(catalogue.all_skus(tx))
        for port in ports:
            known = mapper.mapping(tx, port)
            chosen = (
                [row for row in known.listings if row.vanished_at is None]
                if everything
                else [*known.without_sku, *known.unknown, *known.twins, *known.duplicates, *known.sells_at_zero]
            )
            kept = {row.id for row in known.kept}
            rows.extend(
                MapRow(
                    line_number=0,
                    channel=port.name,
                    listing_id=row.listing_id,
                    parent_id=row.parent_id,
                    sku=propose.sku_of(row),
                    primary=True if row.id in kept else None,
                    accept=True if row.accepted else None,
                    name=row.name,
                    options=row.options or None,
                    gtin=row.gtin,
                    shown=row.shown,
                )
                for row in chosen
            )
    return rows


class _Proposals:
    """Which SKU a listing probably is: never more than a proposal, the owner reads it before it counts."""

    def __init__(self, skus: Iterable[Sku]) -> None:
        self._by_id: dict[int, str] = {}
        self._by_gtin: dict[str, list[str]] = defaultdict(list)
        self._by_twin: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for sku in skus:
            self._by_id[sku.id] = sku.sku
            self._by_twin[twin_key(sku.sku)].append(sku.sku)
            if gtin := sku.details["gtin"]:
                self._by_gtin[str(gtin)].append(sku.sku)
            if sku.name:
                self._by_name[twin_key(sku.name)].append(sku.sku)

    def sku_of(self, row: ListingRow) -> str | None:
        if row.sku_id is not None:
            return self._by_id[row.sku_id]
        for found in (
            self._by_twin.get(twin_key(row.channel_sku or "")),
            self._by_gtin.get(row.gtin or ""),
            self._by_name.get(twin_key(row.title)),
        ):
            if found and len(found) == 1:
                return found[0]
        return row.channel_sku


@dataclass(slots=True)
class Settled:
    """What a map file changes, or would change."""

    matched: int = 0
    primary: int = 0
    accepted: int = 0
    unchanged: int = 0
    new_skus: list[str] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)


def take(house: House, rows: Sequence[MapRow], *, dry_run: bool = False) -> Settled:
    """Match these listings by the channels' own ids, name primary ones, accept those that a 0 does not stop.

    A SKU that is new becomes known without a count. Nothing is changed while any row is bad, or with `dry_run`. A row
    without SKU leaves its listing as it is; one that would part a listing from its open orders is bad.
    """
    done = Settled()
    # One transaction, so that no order is booked between the look and the change.
    with house.db.read() if dry_run else house.db.write() as tx:
        chosen = _choose(tx, house, rows, done)
        if not dry_run and not done.bad_rows:
            _apply(tx, house, chosen)
    return done


def _choose(tx: Tx, house: House, rows: Sequence[MapRow], done: Settled) -> list[tuple[MapRow, ListingRow]]:
    """The rows that may be taken, each with its listing; `done` says what they change and which others are bad."""
    known = {port.name: listings.by_listing_id(tx, port.name, _ids(rows, port.name)) for port in house.ports}
    skus = catalogue.ids(tx)
    twins = {twin_key(sku): sku for sku in skus}
    chosen: list[tuple[MapRow, ListingRow]] = []
    for row in rows:
        listing = known.get(row.channel, {}).get(row.listing_id)
        reason = _refusal(row, listing, known, twins) or _parting(tx, row, listing, skus)
        if reason:
            done.bad_rows.append(BadRow(row.line_number, reason))
        elif listing is not None:
            chosen.append((row, listing))
            if row.sku and row.sku not in skus and row.sku not in done.new_skus:
                done.new_skus.append(row.sku)
                twins.setdefault(twin_key(row.sku), row.sku)
    for row, listing in chosen:
        matches = row.sku is not None and listing.sku_id != skus.get(row.sku)
        accepts = row.accept is not None and row.accept != listing.accepted
        done.matched += matches
        done.primary += bool(row.primary)
        done.accepted += accepts
        done.unchanged += not (matches or accepts or row.primary)
    return chosen


def _ids(rows: Iterable[MapRow], channel: str) -> list[str]:
    return [row.listing_id for row in rows if row.channel == channel]


def _refusal(row: MapRow, listing: ListingRow | None, known: Collection[str], twins: dict[str, str]) -> str:
    if row.channel not in known:
        return f"There is no channel {row.channel}."
    if listing is None:
        return f"{row.channel} has no listing {row.listing_id}. Read it anew with: syncd map {row.channel}"
    if row.sku is None:
        return "It names a primary listing without its SKU." if row.primary and listing.sku_id is None else ""
    if listing.stock == "parent":
        return f"The stock of {listing.title} is counted by its parent: match listing {listing.parent_id}."
    twin = twins.get(twin_key(row.sku))
    if twin is not None and twin != row.sku:
        return f"{row.sku} differs from the SKU {twin} only by case or blanks."
    return ""


def _parting(tx: Tx, row: MapRow, listing: ListingRow | None, skus: dict[str, int]) -> str:
    """Why a listing has to keep its SKU: orders that came in by it still hold units of that."""
    if row.sku is None or listing is None or listing.sku_id in (None, skus.get(row.sku)):
        return ""
    units: dict[int | None, int] = defaultdict(int)
    for line in orders.open_lines_of_listing(tx, listing.id):
        units[line.sku_id] += line.booked.reserved
    booked = [f"{units[sku_id]} of {sku}" for sku, sku_id in skus.items() if sku_id in units and sku != row.sku]
    if not booked:
        return ""
    return f"Open orders hold {' and '.join(booked)} by it; ship, cancel or decide them first, then: syncd sync"


def _apply(tx: Tx, house: House, chosen: Sequence[tuple[MapRow, ListingRow]]) -> None:
    for row, listing in chosen:
        if row.sku is not None:
            sku_id = catalogue.ensure(tx, row.sku)
            if listing.sku_id != sku_id:
                # What was pushed and approved was for another SKU: everything about this listing is founded anew.
                listings.change(
                    tx,
                    listing.id,
                    sku_id=sku_id,
                    excluded=False,
                    expected=None,
                    baseline_told=None,
                    rejected_target=None,
                    dirty=True,
                )
        if row.accept is not None and row.accept != listing.accepted:
            _accept(tx, listing, accepted=row.accept)
    for row, listing in chosen:
        if row.primary:
            mapper.name_primary(tx, listings.by_ids(tx, [listing.id])[listing.id])
    for port in house.ports:
        mapper.settle_matches(tx, house, port)


# --------------------------------------------------------------------------- the owner's word


def accept(house: House, port: Port, skus: Sequence[str] | None) -> list[ListingRow]:
    """Keep listings in step although a 0 would not stop them: of these SKUs, or (``None``) all. Those accepted.

    Raises:
        UnknownSku: one of them is not in the master table.
        Refusal: a SKU has no such listing there.
    """
    with house.db.write() as tx:
        waiting = mapper.mapping(tx, port).sells_at_zero
        if skus is not None:
            by_sku = {known_sku(tx, sku).id: sku for sku in skus}
            missing = set(by_sku) - {row.sku_id for row in waiting}
            if missing:
                names = ", ".join(sorted(by_sku[sku_id] for sku_id in missing))
                raise Refusal(f"No listing of {names} in {port.name} waits for this", f"See: syncd map {port.name}")
            waiting = [row for row in waiting if row.sku_id in by_sku]
        for row in waiting:
            _accept(tx, row, accepted=True)
            mapper.note_left_alone(tx, house, port, listings.by_ids(tx, [row.id])[row.id])
    return waiting


def _accept(tx: Tx, row: ListingRow, *, accepted: bool) -> None:
    listings.change(tx, row.id, accepted=accepted, expected=None, dirty=True)


def name_primary(house: House, port: Port, listing_id: str) -> ListingRow:
    """Of several listings with one SKU in a channel, write this one; the others are read only.

    Raises:
        Refusal: there is no such listing, or it has no SKU of ours.
    """
    with house.db.write() as tx:
        row = listings.by_listing_id(tx, port.name, [listing_id]).get(listing_id)
        if row is None or row.vanished_at is not None:
            raise Refusal(f"{port.name} has no listing {listing_id}", f"See them all: syncd map {port.name} --all")
        if row.sku_id is None:
            raise Refusal(f"{row.title} is not matched with a SKU", "Match it first: syncd map export FILE")
        mapper.name_primary(tx, row)
    return row
