"""What the owner tells by hand: sold by phone, received, counted, damaged, returned (N8, N34, N39, N41)."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from syncd.domain.movements import Kind, Movement
from syncd.domain.stock import MOST_UNITS, normal_sku, twin_key
from syncd.errors import CONFIGURATION
from syncd.storage import catalogue, ledger, listings
from syncd.storage.catalogue import OWN_SHELF, QUARANTINE, Sku
from syncd.storage.session import Tx
from syncd.sync import mapper, stock
from syncd.sync.bookkeeper import note_oversold
from syncd.sync.house import House, Refusal, UnknownSku
from syncd.texts import commands


@dataclass(frozen=True, slots=True)
class NewSku:
    """What an owner should hear of a SKU that was typed for the first time: it may be a mistake of the fingers."""

    near: tuple[str, ...]  # known SKUs that look like it
    listings: tuple[str, ...]  # what carries it, such as "woo: Mug 350 ml"


@dataclass(frozen=True, slots=True)
class Told:
    """What the stock of a SKU is after the owner told something.

    `new` tells of a SKU that became known by it. `newer_count` is the instant of a count that is later than the one
    that was told, and stands.
    """

    sku: str
    on_hand: int  # own units, and those in external warehouses
    reserved: int
    missing: int = 0  # promised beyond all that may be sold
    new: NewSku | None = None
    newer_count: datetime | None = None

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


def known_sku(tx: Tx, sku: str) -> Sku:
    """The SKU with exactly this text.

    Raises:
        UnknownSku: there is none; it names the nearest.
    """
    found = catalogue.find(tx, sku)
    if found is None:
        raise UnknownSku(sku, difflib.get_close_matches(sku, list(catalogue.ids(tx)), n=2))
    return found


def known_skus(house: House, skus: Iterable[str]) -> None:
    """Make sure that each of these is in the master table.

    Raises:
        UnknownSku: one is not; it names the nearest.
    """
    with house.db.read() as tx:
        for sku in skus:
            known_sku(tx, sku)


def sell(house: House, sku: str, units: int, *, channel: str | None = None, location: str = OWN_SHELF) -> Told:
    """Units sold beside the shops: they leave the shelf at once. Never refused: a sale is a fact (design.md §3.7)."""
    positive(units)
    if channel is not None:
        house.port(channel)
    return _move(house, sku, Kind.SALE, -units, location, "sold by hand", channel)


def receive(house: House, sku: str, units: int, *, location: str = OWN_SHELF) -> Told:
    """Units that arrived."""
    positive(units)
    return _move(house, sku, Kind.RECEIPT, units, location, "received")


def adjust(house: House, sku: str, units: int, *, reason: str, location: str = OWN_SHELF) -> Told:
    """A signed change with its reason, such as −1 "damaged"."""
    plausible(units)
    if units == 0:
        raise Refusal("An adjustment of 0 changes nothing", "For example: syncd adjust SKU -1 --reason damaged")
    return _move(house, sku, Kind.ADJUSTMENT, units, location, reason)


def give_back(house: House, sku: str, units: int) -> Told:
    """Units that came back: to quarantine, unless `SYNCD_RETURNS_TO=stock` (N34)."""
    positive(units)
    return _move(house, sku, Kind.RETURN, units, house.returns_to, "returned")


def release(house: House, sku: str, units: int, *, location: str = OWN_SHELF) -> Told:
    """Returned units that are good: from quarantine back to the shelf."""
    positive(units)
    with house.db.write() as tx:
        found = known_sku(tx, sku)
        held = {level.location: level.on_hand for level in catalogue.levels_by_sku(tx, [found.id]).get(found.id, [])}
        if held.get(QUARANTINE, 0) < units:
            raise Refusal(f"Only {held.get(QUARANTINE, 0)} of {sku} are in quarantine", "See: syncd explain " + sku)
        event = str(uuid.uuid4())
        moves = [
            Movement(
                event_id=f"desk/{event}/{sign}",
                sku_id=found.id,
                kind=Kind.TRANSFER,
                happened_at=house.now(),
                on_hand=sign * units,
                location_id=catalogue.location(tx, place),
                reason="accepted from quarantine",
            )
            for place, sign in ((QUARANTINE, -1), (location, 1))
        ]
        ledger.post(tx, moves, house.now())
        return _told(tx, house, found)


def count(house: House, sku: str, units: int, *, counted_at: datetime | None = None, location: str = OWN_SHELF) -> Told:
    """A count of what is on the shelf, reserved units included. A SKU that is new becomes known by it.

    Raises:
        Refusal: it cannot be a count or a SKU, or the SKU differs from a known one only by case or blanks.
    """
    if units < 0:
        raise Refusal("There cannot be fewer than 0 on a shelf", "Oversold units stay reserved; count what is there.")
    plausible(units)
    now = house.now()
    if counted_at is not None and counted_at > now:
        raise Refusal(f"{counted_at:%Y-%m-%d %H:%M} has not come yet", "When was it counted? --counted-at")
    with house.db.write() as tx:
        is_new = catalogue.find(tx, sku) is None
        near = _near_to_new(tx, sku, units) if is_new else ()
        sku_id = catalogue.ensure(tx, sku)
        location_id = own_location(tx, location)
        levels = catalogue.levels_by_sku(tx, [sku_id]).get(sku_id, [])
        last = next((level.counted_at for level in levels if level.location == location), None)
        ledger.count(
            tx,
            sku_id=sku_id,
            location_id=location_id,
            counted=units,
            counted_at=counted_at or now,
            event_id=f"desk/{uuid.uuid4()}",
            reason="counted by hand",
            now=now,
        )
        for port in house.ports:
            mapper.settle_matches(tx, house, port)
        carried = tuple(f"{row.channel}: {row.title}" for row in listings.of_sku(tx, sku_id)) if is_new else ()
        return replace(
            _told(tx, house, known_sku(tx, sku)),
            new=NewSku(near, carried) if is_new else None,
            newer_count=last if last is not None and counted_at is not None and counted_at < last else None,
        )


def _near_to_new(tx: Tx, sku: str, units: int) -> tuple[str, ...]:
    """Known SKUs that look like this one, which is not known."""
    if normal_sku(sku) != sku or not sku.isprintable():
        raise Refusal(
            "A SKU is not empty, has no blanks around it and no invisible characters", "Type it as the shop shows it."
        )
    known = list(catalogue.ids(tx))
    if twins := [one for one in known if twin_key(one) == twin_key(sku)]:
        raise Refusal(
            f"{sku} differs from {twins[0]} only by case or blanks",
            f"If that is meant: {commands.about(('count',), (twins[0], str(units)))}",
        )
    return tuple(difflib.get_close_matches(sku, known, n=2))


def own_location(tx: Tx, name: str) -> int:
    """The id of a location that exists.

    Raises:
        Refusal: there is none of that name.
    """
    known = catalogue.location_names(tx)
    if name not in known:
        hint = f"Known: {', '.join(known)}. An import file can bring new ones."
        raise Refusal(f"There is no location {name}", hint, exit_code=CONFIGURATION)
    return catalogue.location(tx, name)


def plausible(units: int) -> None:
    """Make sure that this can be a number of units at all, by the limit that files have.

    Raises:
        Refusal: it is too large.
    """
    if abs(units) > MOST_UNITS:
        raise Refusal(
            f"{str(units)[:40]} is too large to be units; is it a barcode?",
            "Give the SKU first, then the units.",
        )


def positive(units: int) -> None:
    """Make sure that this is a number of units from 1 up.

    Raises:
        Refusal: it is not.
    """
    if units < 1:
        hint = "Give a whole number from 1 up."
        if units < 0:
            hint += " To put the stock right: syncd adjust SKU -1 --reason WHY"
        raise Refusal(f"{str(units)[:40]} is not a number of units", hint)
    plausible(units)


def _move(
    house: House, sku: str, kind: Kind, units: int, location: str, reason: str, channel: str | None = None
) -> Told:
    with house.db.write() as tx:
        found = known_sku(tx, sku)
        move = Movement(
            event_id=f"desk/{uuid.uuid4()}",
            sku_id=found.id,
            kind=kind,
            happened_at=house.now(),
            on_hand=units,
            location_id=own_location(tx, location),
            channel=channel,
            reason=reason,
        )
        ledger.post(tx, [move], house.now())
        return _told(tx, house, found)


def _told(tx: Tx, house: House, sku: Sku) -> Told:
    note_oversold(tx, house, [sku.id])
    pools = stock.pools(tx, house, [sku.id])[sku.id]
    return Told(sku.sku, pools.on_hand, pools.reserved, missing=max(0, -pools.left_for(house.sells)))
