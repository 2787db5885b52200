"""Yes or no to what looked too big (design.md §3.6), and to units of orders that ended without a word (§3.2)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from enum import StrEnum

from syncd.domain.movements import Kind, Movement
from syncd.storage import catalogue, holds, incidents, ledger, listings, orders, supplies
from syncd.storage.holds import Hold, HoldState
from syncd.storage.orders import ToDecide
from syncd.sync.bookkeeper import note_oversold, note_shipped
from syncd.sync.desk import own_location
from syncd.sync.house import House, Refusal


def answer(house: House, hold_id: int, *, yes: bool) -> Hold:
    """Approve or reject a hold. Approved numbers go out with the next sync, an approved feed is used when it is read
    next; what is rejected stays as it is.

    Raises:
        Refusal: there is no open hold of that number.
    """
    with house.db.write() as tx:
        hold = holds.get(tx, hold_id)
        answered = hold is not None and hold.state is HoldState.REJECTED and yes  # a no may be taken back
        if hold is None or not (hold.state is HoldState.OPEN or answered):
            raise Refusal(f"There is no open hold {hold_id}", "See them all: syncd holds")
        rows = listings.by_ids(tx, [change.listing for change in hold.changes])
        skus = {sku.id: sku for sku in catalogue.by_ids(tx, {row.sku_id for row in rows.values() if row.sku_id})}
        for change in hold.changes:
            row = rows[change.listing]
            if yes and row.sku_id is not None:
                sold = skus[row.sku_id].sold
                listings.change(tx, row.id, baseline_told=change.after, baseline_sold=sold, rejected_target=None)
            elif not yes and row.sku_id is not None:
                listings.change(tx, row.id, rejected_target=change.after, rejected_sold=skus[row.sku_id].sold)
        if hold.feed is not None:
            answers = {"approved_for": list(hold.feed) if yes else None, "held_for": None}
            answers |= {"rejected_for": None if yes else list(hold.feed)}  # the last word counts
            supplies.change_feed(tx, hold.channel, **answers)
            incidents.close_incident(
                tx, incidents.IncidentKind.FEED, channel=hold.channel, subject="held", now=house.now()
            )
        holds.decide(tx, hold_id, HoldState.APPROVED if yes else HoldState.REJECTED, house.now())
    return hold


class Fate(StrEnum):
    """What became of units that an ended order still holds."""

    BACK = "back"  # they are on the shelf and may be sold again
    GONE = "gone"  # they left the house


def decide(house: House, channel: str, number: str, fate: Fate) -> list[ToDecide]:
    """Settle every waiting line of an order; what was settled.

    Raises:
        Refusal: nothing of that order waits for a decision.
    """
    with house.db.write() as tx:
        row = orders.by_number(tx, channel, number)
        waiting = [
            one for one in orders.to_decide(tx) if row and (one.channel, one.order_id) == (channel, row.order_id)
        ]
        if row is None or not waiting:
            raise Refusal(f"Nothing of order {number} in {channel} waits for a decision", "See them all: syncd holds")
        lines = orders.lines(tx, channel, row.order_id)
        shelf = own_location(tx, house.port(channel).ships_from[0])
        for one in waiting:
            line = lines[one.line_id]
            assert line.sku_id is not None
            move = Movement(
                event_id=f"decide/{uuid.uuid4()}",
                sku_id=line.sku_id,
                kind=Kind.CANCELLATION if fate is Fate.BACK else Kind.FULFILMENT,
                happened_at=house.now(),
                reserved=-one.units,
                on_hand=-one.units if fate is Fate.GONE else 0,
                location_id=shelf if fate is Fate.GONE else None,
                channel=channel,
                order_id=row.order_id,
                line_id=one.line_id,
                reason=f"decided: {fate.value}",
            )
            ledger.post(tx, [move], house.now())
            note_shipped(tx, house, [move])
            booked = replace(line.booked, decided=line.booked.decided + one.units)
            if fate is Fate.GONE:
                booked = replace(booked, gone=booked.left + one.units)
            orders.put_line(tx, channel, row.order_id, one.line_id, booked=booked, values={}, new=False)
        still_open = any(line.booked.open for line in orders.lines(tx, channel, row.order_id).values())
        orders.put(tx, channel, row.order_id, {"open": still_open}, new=False)
        note_oversold(tx, house, {line.sku_id for line in lines.values() if line.sku_id is not None})
    return waiting


def dismiss_item(house: House, channel: str, ref: str) -> None:
    """Close an item that could not be read: a person has seen to it. Its SKUs may be raised again.

    Raises:
        Refusal: no such item of that channel is open.
    """
    house.port(channel)
    with house.db.write() as tx:
        for kind in ("order", "listing"):
            if incidents.dismiss_parked(tx, channel, f"{kind} {ref}", house.now()):
                incidents.close_incident(
                    tx, incidents.IncidentKind.UNREADABLE, channel=channel, subject=f"{kind} {ref}", now=house.now()
                )
                return
    raise Refusal(f"No item {ref} of {channel} waits for anybody", "See them all: syncd holds")


def dismiss_incident(house: House, incident_id: int) -> incidents.Incident:
    """Close an incident that has been read; it comes back where its cause does.

    Raises:
        Refusal: there is no open incident of that number.
    """
    with house.db.write() as tx:
        for incident in incidents.open_incidents(tx):
            if incident.id == incident_id:
                if incident.kind is incidents.IncidentKind.UNREADABLE:
                    incidents.dismiss_parked(tx, incident.channel, incident.subject, house.now())
                incidents.close_incident(
                    tx,
                    incident.kind,
                    channel=incident.channel,
                    subject=incident.subject,
                    now=house.now(),
                    by=incidents.ClosedBy.PERSON,
                )
                return incident
    raise Refusal(f"There is no open incident {incident_id}", "See them all: syncd incidents --all")
