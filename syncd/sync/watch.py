"""Looks for what fails silently: numbers that wait for too long, channels without orders (N3, N75)."""

from __future__ import annotations

from datetime import timedelta

from syncd.domain.freshness import Freshness
from syncd.domain.said import Said
from syncd.storage import incidents
from syncd.storage.incidents import IncidentKind
from syncd.sync import freshness
from syncd.sync.house import House


def look_for_backlog(house: House) -> list[Freshness]:
    """Open an incident for each live channel whose numbers wait for too long, and close it where they do not; all
    channels, as they stand."""
    now = house.now()
    found = freshness.of_channels(house)
    with house.db.write() as tx:
        for one in found:
            if not one.stalled or not one.live or one.paused or one.parked_reason is not None:
                incidents.close_incident(tx, IncidentKind.BEHIND, channel=one.channel, subject="backlog", now=now)
                continue
            text = Said.number(
                "{channel}: {number} number waits to be written",
                "{channel}: {number} numbers wait to be written",
                one.waiting,
                channel=one.channel,
            )
            if one.oldest_waiting is not None:
                text = Said("{waiting}, the oldest since {since}", waiting=text, since=one.oldest_waiting)
            incidents.open_incident(
                tx,
                IncidentKind.BEHIND,
                channel=one.channel,
                subject="backlog",
                text=text,
                hint=Said("Which, and why: syncd plan; one of them: syncd explain SKU. The shop itself: syncd check"),
                now=now,
            )
    return found


def look_for_quiet(house: House) -> None:
    """Open an incident for each live channel that had no order for unusually long; it closes with the next one."""
    now = house.now()
    quiet = freshness.quiet_channels(house)
    with house.db.write() as tx:
        for port in house.ports:
            if port.name not in quiet:
                incidents.close_incident(tx, IncidentKind.QUIET, channel=port.name, subject="orders", now=now)
                continue
            hours = quiet[port.name] // timedelta(hours=1)
            incidents.open_incident(
                tx,
                IncidentKind.QUIET,
                channel=port.name,
                subject="orders",
                text=Said(
                    "{channel} had no order for {hours} h, far longer than it ever has none",
                    channel=port.name,
                    hours=hours,
                ),
                hint=Said("Place a test order there: is the checkout broken? A quiet day it may be as well."),
                now=now,
            )
