"""Items that could not be read: shown to a person until they can be, or until someone closes them (design.md §3.7)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.contract import Parked
from syncd.domain.said import Said
from syncd.storage import incidents
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.sync.house import House, Port

ORDER = "order"
LISTING = "listing"


def park(tx: Tx, house: House, port: Port, kind: str, item: Parked, *, hint: Said) -> None:
    """Remember an order or listing that could not be read, and tell a person once."""
    ref, now = f"{kind} {item.ref}", house.now()
    if incidents.park(
        tx, port.name, ref, reason=item.reason, sample=item.sample, listing_ids=item.listing_ids, now=now
    ):
        incidents.open_incident(
            tx,
            IncidentKind.UNREADABLE,
            channel=port.name,
            subject=ref,
            text=Said("{channel}: {reason}", channel=port.name, reason=item.reason),
            hint=hint,
            now=now,
        )


def unpark(tx: Tx, house: House, port: Port, kind: str, ids: Iterable[str]) -> None:
    """These can be read now, or are gone: what they leave behind shows as a number that no order explains."""
    parked = incidents.parked_refs(tx, port.name)
    for ref in parked & {f"{kind} {item_id}" for item_id in ids}:
        if incidents.unpark(tx, port.name, ref):
            incidents.close_incident(tx, IncidentKind.UNREADABLE, channel=port.name, subject=ref, now=house.now())
