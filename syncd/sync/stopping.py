"""Lets a 0 end the sale of listings that would go on selling at 0: backorders off, "continue selling" off (§3.10)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from connectors.contract import Batch, Op, Write
from syncd.storage import catalogue, incidents, listings
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import ListingRow
from syncd.sync.cycle import leased
from syncd.sync.house import House, Port, Refusal


@dataclass(slots=True)
class Stopped:
    """What became of each listing; `refused` has the shop's reason."""

    done: list[ListingRow] = field(default_factory=list)
    refused: list[tuple[ListingRow, str]] = field(default_factory=list)


def stoppable(house: House, port: Port, skus: Collection[str] | None) -> list[ListingRow]:
    """Listings of these SKUs (or of all) that a write can stop at 0, as far as is known."""
    with house.db.read() as tx:
        ids = catalogue.ids(tx)
        wanted = None if skus is None else {ids[sku] for sku in skus if sku in ids}
        return [
            row
            for row in listings.of_channel(tx, port.name)
            if row.can_stop and row.sells_at_zero and row.vanished_at is None and row.sku_id is not None
            if wanted is None or row.sku_id in wanted
        ]


def stop(house: House, port: Port, rows: Collection[ListingRow]) -> Stopped:
    """Write to the channel that a 0 ends the sale of these listings; their numbers are left alone.

    Safe to repeat. What the channel does not prove stays as it was known.

    Raises:
        LeaseHeld, ConnectorError: another process works on the channel, or it does not answer; what was done is kept.
        Refusal: it takes no writes.
    """
    sink = port.sink
    if sink is None:
        raise Refusal(f"Nothing is ever written to {port.name}")
    by_id = {row.listing_id: row for row in rows}
    writes = [Write(row.listing_id, row.parent_id, Op.STOP, 0, 0) for row in rows]
    report = Stopped()
    with leased(house, [port], within=[port]):
        for group in sink.group(writes):
            outcomes = sink.send(Batch(str(uuid.uuid4()), tuple(group)))
            with house.db.write() as tx:
                house.keep_lease(tx, port.name)
                for outcome in outcomes:
                    row = by_id[outcome.listing_id]
                    if outcome.error is not None:
                        report.refused.append((row, str(outcome.error)))
                        continue
                    listings.change(tx, row.id, sells_at_zero=[], can_stop=False, dirty=True)
                    incidents.close_incident(
                        tx, IncidentKind.LEFT_ALONE, channel=port.name, subject=row.listing_id, now=house.now()
                    )
                    report.done.append(row)
    return report
