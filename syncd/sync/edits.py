"""A number in a channel that no order explains: somebody changed it there (design.md §3.9)."""

from __future__ import annotations

import uuid

from syncd.domain.drift import OnEdit
from syncd.domain.movements import Kind, Movement
from syncd.domain.said import Said
from syncd.storage import catalogue, ledger, listings
from syncd.storage.incidents import IncidentKind, close_incident, open_incident
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync.house import House
from syncd.texts import commands


def note(tx: Tx, house: House, row: ListingRow) -> None:
    """Tell both numbers and both ways out. Lowerings still go out meanwhile; the difference is never overwritten."""
    assert row.sku_id is not None and row.shown is not None and row.expected is not None
    sku = catalogue.by_ids(tx, [row.sku_id])[0].sku
    open_incident(
        tx,
        IncidentKind.EDIT,
        channel=row.channel,
        subject=row.listing_id,
        text=Said(
            "{channel} shows {shown} of {sku} where {expected} was expected; no order explains it so far",
            channel=row.channel,
            shown=row.shown,
            sku=sku,
            expected=row.expected,
        ),
        hint=Said(
            "The shop is right: {adopt}. Ours is right: {heal}",
            adopt=commands.typed(("adopt",), (row.channel,), commands.option("--sku", sku)),
            heal=commands.typed(("heal",), (row.channel, sku)),
        ),
        now=house.now(),
    )


def resolve(tx: Tx, house: House, row: ListingRow, way: OnEdit) -> int:
    """Adopt the channel's number, as a count, or heal it with ours; units by which the stock on hand changed.

    Either way the listing is anchored anew before anything is written. Adopting counts the *difference*: the number
    shown is less than the stock by its buffer.
    """
    assert row.sku_id is not None and row.shown is not None and row.expected is not None
    units = row.shown - row.expected if way is OnEdit.ADOPT else 0
    if units:
        shelf = catalogue.location(tx, house.port(row.channel).ships_from[0])
        ledger.post(
            tx,
            [
                Movement(
                    event_id=f"edit/{uuid.uuid4()}",
                    sku_id=row.sku_id,
                    kind=Kind.ADJUSTMENT,
                    happened_at=house.now(),
                    on_hand=units,
                    location_id=shelf,
                    channel=row.channel,
                    reason=f"number changed in {row.channel}: {row.expected} to {row.shown}",
                )
            ],
            house.now(),
        )
    listings.change(tx, row.id, expected=None, differs_since=None, dirty=True)
    close_incident(tx, IncidentKind.EDIT, channel=row.channel, subject=row.listing_id, now=house.now())
    return units
