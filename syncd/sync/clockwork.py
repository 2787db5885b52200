"""What changes only because time goes by: days that begin, feeds that grow too old, channels that fall silent.

Each is an input of what is offered, and dirties its listings (design.md §3.8).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from syncd.storage import channels, incidents, incoming, ledger, listings, meta, permissions
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.sync import demand, supply
from syncd.sync.bookkeeper import note_oversold_among
from syncd.sync.house import House
from syncd.sync.puller import silent

LOOKED = "looked"
"""The name under which the instant of the last look is kept, in seconds since 1970."""


def tick(house: House) -> None:
    """Mark what may be offered otherwise than at the last look. Cheap; safe to repeat and to leave out for long."""
    with house.db.write() as tx:
        supply.expire(tx, house, [port for port in house.ports if port.feed is not None])
        for port in house.ports:
            if port.feed is not None:
                supply.revive(tx, house, port)
        _note_silence(tx, house)
        _tell_overdue(tx, house)
        seconds = meta.get(tx, LOOKED)
        now = house.now()
        if seconds is None or _another_day(house, datetime.fromtimestamp(seconds, tz=now.tzinfo), now):
            dated = {one.sku_id for one in incoming.open_deliveries(tx)}
            dated |= {one.sku_id for one in permissions.every(tx)}
            if dated:
                ledger.raise_again(tx, sorted(dated))
                note_oversold_among(tx, house, dated)
        meta.put(tx, LOOKED, int(now.timestamp()))
    demand.keep_up(house)


def _another_day(house: House, before: datetime, now: datetime) -> bool:
    """True where a day has begun for the shop, or what is ordered now ships a day later than at the last look."""

    def ships(at: datetime) -> object:
        return house.workdays.ships_on(at.astimezone(house.timezone), 0)

    same_day = before.astimezone(house.timezone).date() == now.astimezone(house.timezone).date()
    return not same_day or ships(before) != ships(now) or now - before > timedelta(days=1)


def _note_silence(tx: Tx, house: House) -> None:
    """What a silent channel may have sold is held back elsewhere; until it speaks again (N3)."""
    if not house.caution.silent_units:
        return
    for port in house.ports:
        channel = channels.get(tx, port.name)
        if port.sales is None or channel is None or silent(channel, port, house) is channel.silent:
            continue
        channels.change(tx, port.name, silent=not channel.silent)
        sku_ids = None if port.shelf is None else sorted(listings.skus_of(tx, port.name))
        ledger.raise_again(tx, sku_ids)


def _tell_overdue(tx: Tx, house: House) -> None:
    """A delivery whose day has gone by is sold no more: nobody knows when it comes (N41, N69)."""
    today, still = house.today(), set()
    for one in incoming.open_deliveries(tx):
        if not one.overdue(today):
            continue
        still.add(str(one.id))
        incidents.open_incident(
            tx,
            IncidentKind.OVERDUE,
            subject=str(one.id),
            text=f"Delivery {one.id}: {one.due} × {one.sku} were expected on {one.expected_on} and did not come",
            hint=f"syncd incoming receive {one.id}, or syncd incoming delay {one.id} DAY. They are not sold meanwhile.",
            now=house.now(),
        )
    for permission in permissions.every(tx):
        if not permission.holds(today) or not permission.late(today):
            continue
        subject = f"pre-order of {permission.sku}"
        still.add(subject)
        incidents.open_incident(
            tx,
            IncidentKind.OVERDUE,
            subject=subject,
            text=f"The pre-order of {permission.sku} was to ship from {permission.starts_on}; it is sold no more",
            hint=f"They are here: syncd pre-order {permission.sku} --end, and count them. Later: tell the new --from.",
            now=house.now(),
        )
    for incident in incidents.open_incidents(tx):
        if incident.kind is IncidentKind.OVERDUE and incident.subject not in still:
            incidents.close_incident(tx, IncidentKind.OVERDUE, subject=incident.subject, now=house.now())
