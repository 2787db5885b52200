"""What changes only because time goes by: days that begin, feeds that grow too old, channels that fall silent.

Each is an input of what is offered, and dirties its listings (design.md §3.8).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from syncd.domain.said import Said
from syncd.storage import channels, incidents, incoming, ledger, listings, meta, permissions
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.sync import demand, supply
from syncd.sync.bookkeeper import note_oversold_among
from syncd.sync.house import House
from syncd.sync.puller import silent
from syncd.texts import commands

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
        assert one.expected_on is not None
        still.add(str(one.id))
        incidents.open_incident(
            tx,
            IncidentKind.OVERDUE,
            subject=str(one.id),
            text=Said(
                "Delivery {delivery}: {units} × {sku} were expected on {day} and did not come",
                delivery=str(one.id),
                units=one.due,
                sku=one.sku,
                day=one.expected_on,
            ),
            hint=Said(
                "{receive}, or {delay}. They are not sold meanwhile.",
                receive=commands.typed(("incoming", "receive"), (str(one.id),)),
                delay=commands.typed(("incoming", "delay"), (str(one.id), "DAY")),
            ),
            now=house.now(),
        )
    for permission in permissions.every(tx):
        if not permission.holds(today) or not permission.late(today):
            continue
        assert permission.starts_on is not None
        subject = f"pre-order of {permission.sku}"
        still.add(subject)
        incidents.open_incident(
            tx,
            IncidentKind.OVERDUE,
            subject=subject,
            text=Said(
                "The pre-order of {sku} was to ship from {day}; it is sold no more",
                sku=permission.sku,
                day=permission.starts_on,
            ),
            hint=Said(
                "They are here: {end}, and count them. Later: tell the new --from.",
                end=commands.typed(("pre-order",), (permission.sku,), ("--end",)),
            ),
            now=house.now(),
        )
    for incident in incidents.open_incidents(tx):
        if incident.kind is IncidentKind.OVERDUE and incident.subject not in still:
            incidents.close_incident(tx, IncidentKind.OVERDUE, subject=incident.subject, now=house.now())
