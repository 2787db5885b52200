"""How far each channel can be believed, by what the database knows (N2, N3): for health, metrics and the heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from syncd.domain.freshness import MEMORY, Freshness, quiet
from syncd.storage import alerts, channels, holds, incidents, listings, post
from syncd.storage.arrivals import arrivals
from syncd.storage.channels import Mode
from syncd.storage.listings import Backlog
from syncd.storage.session import Tx
from syncd.sync.house import House

STALLED_AFTER = timedelta(minutes=30)
"""Longer than any doubt, any pause after an edit and any back-off: what waits still, waits for a reason."""

_NOTHING_WAITS = Backlog(0, None)


@dataclass(frozen=True, slots=True)
class Look:
    """What those who look after syncd ask for most: each channel, how many incidents are open of each kind and how many
    alerts by each rule, and how many of those who are to be told could not be told last."""

    channels: tuple[Freshness, ...]
    incidents: Mapping[str, int]
    alerts: Mapping[str, int] = field(default_factory=dict)
    not_told: int = 0


def look(house: House) -> Look:
    """Both as of one instant; calls nobody, and costs little however many listings there are.

    Raises:
        DatabaseProblem: the database cannot be read.
    """
    with house.db.read() as tx:
        open_now = {kind.value: how_many for kind, how_many in incidents.open_by_kind(tx).items()}
        alerts_now = {rule.value: how_many for rule, how_many in alerts.how_many(tx).items()}
        targets = post.targets_known(tx)
        not_told = sum(targets[name].failures > 0 for name in house.routes.everybody() if name in targets)
        return Look(tuple(known_channels(tx, house)), open_now, alerts_now, not_told)


def of_channels(house: House) -> list[Freshness]:
    """Every configured channel that syncd has met, in the order of the settings. Raises as `look`."""
    with house.db.read() as tx:
        return known_channels(tx, house)


def _held(tx: Tx) -> set[int]:
    """Listings whose numbers wait for a person's yes."""
    return {change.listing for hold in holds.every_open(tx) for change in hold.changes}


def known_channels(tx: Tx, house: House) -> list[Freshness]:
    """As `of_channels`, within a transaction."""
    known = {channel.name: channel for channel in channels.every(tx)}
    waiting = listings.backlog(tx)
    stalled = listings.stalled(tx, house.now() - STALLED_AFTER, but=_held(tx))
    found = []
    for port in house.ports:
        if (channel := known.get(port.name)) is None:
            continue
        backlog = waiting.get(port.name, _NOTHING_WAITS)
        found.append(
            Freshness(
                channel=port.name,
                mode=channel.mode.value,
                paused=channel.paused_at is not None,
                read_at=channel.pulled_at,
                pushed_at=channel.pushed_at,
                listed_at=channel.listed_at,
                waiting=backlog.waiting,
                oldest_waiting=backlog.oldest,
                stalled=port.name in stalled,
                parked_reason=channel.parked_reason,
                poll=port.poll if port.sales else None,
                silent_after=port.silent_after,
                steady=port.steady,
            )
        )
    return found


def quiet_channels(house: House) -> dict[str, timedelta]:
    """Live channels without an order for unusually long, and since how long there was none. Raises as `look`.

    A channel with orders that comes back silently empty looks the same as one that sells nothing: a person must look.
    """
    found = {}
    with house.db.read() as tx:
        for port in house.ports:
            channel = channels.get(tx, port.name)
            if channel is None or channel.mode is not Mode.LIVE:
                continue
            silence = quiet(arrivals(tx, port.name, MEMORY), house.now())
            if silence is not None:
                found[port.name] = silence
    return found
