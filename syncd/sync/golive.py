"""From shadow to live and back: gentle first writes, and a way back (design.md §3.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import ConnectorError, ListingRef
from syncd.storage import channels, listings, orders
from syncd.storage.channels import Mode
from syncd.storage.incidents import IncidentKind, close_incident
from syncd.storage.session import Tx
from syncd.sync import mapper, views
from syncd.sync.cycle import Cycle, Report, leased
from syncd.sync.house import House, Port, Refusal
from syncd.sync.pusher import Line, Pushed

TRIAL = 3
"""How many SKUs are written and read back before the rest goes out."""


@dataclass(slots=True)
class GoneLive:
    """What going live did to one channel."""

    channel: str
    saved: int = 0  # numbers that a rollback can restore
    trial: list[Line] = field(default_factory=list)
    rest: Pushed | None = None
    why_not: str = ""  # why it is in shadow again
    hint: str = ""

    @property
    def live(self) -> bool:
        return not self.why_not


def go_live(house: House, port: Port) -> GoneLive:
    """Save what a channel shows, write a few SKUs, read them back, then write the rest.

    Raises:
        Refusal: the channel is live already or paused, or there is nothing that could be written.
        ConnectorError: the channel could not be read; it stays in shadow.
        LeaseHeld: another syncd works on it.
    """
    if port.sink is None or port.shelf is None:
        raise Refusal(f"{port.name} takes no numbers", "It is read only; there is nothing to go live with.")
    with leased(house, [port]):
        _refuse_if_live(house, port)
        mapper.refresh(house, port)
        cycle = Cycle(house)
        cycle.recover(port)
        cycle.pull_and_anchor([port])
        if port.name in cycle.report.failed:
            raise cycle.report.failed[port.name]
        result = GoneLive(port.name, saved=_save(house, port))
        if not result.saved:
            raise Refusal(
                f"{port.name} has no listing that is matched, counted and stopped by a 0",
                f"Count first (syncd adopt {port.name} or syncd import FILE), then look at: syncd map {port.name}",
            )
        if _write_trial(house, port, cycle, result):
            result.rest = cycle.push(port)
        return result


def _refuse_if_live(house: House, port: Port) -> None:
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
    if channel is not None and channel.mode is not Mode.SHADOW:
        raise Refusal(f"{port.name} is live already", f"Undo: syncd rollback {port.name}")
    _refuse_if_paused(house, port)


def _refuse_if_paused(house: House, port: Port) -> None:
    with house.db.read() as tx:
        if channels.paused(tx, port.name):
            raise Refusal(f"{port.name} is paused: nothing is written to it", f"Go on: syncd resume {port.name}")


def _save(house: House, port: Port) -> int:
    """Keep what each listing shows now, take the plan for approved, and open the channel for writes."""
    with house.db.write() as tx:
        found = [
            view for view in views.load(tx, house, port) if view.row.expected is not None or view.row.stock == "none"
        ]
        claims = orders.claims(tx, port.name)
        for view in found:
            values: dict[str, Any] = {
                "baseline_told": view.offer.told,
                "baseline_sold": view.sku.sold,
                "rejected_target": None,
            }
            if view.row.snapshot_at is None:  # else it is live for the second time, and shows numbers of ours
                taken = claims[view.row.id].taken if view.row.id in claims else 0
                values |= {"snapshot_shown": view.row.expected, "snapshot_taken": taken, "snapshot_at": house.now()}
            listings.change(tx, view.row.id, **values)
        if found:
            channels.change(tx, port.name, mode=Mode.LIVE)
            _close_restored(tx, house)
    return len(found)


def _close_restored(tx: Tx, house: House) -> None:
    """Once every shop is live again, an older copy of the database is no news any more."""
    modes = {channel.name: channel.mode for channel in channels.every(tx)}
    if all(modes.get(port.name) is Mode.LIVE for port in house.ports if port.sink is not None):
        close_incident(tx, IncidentKind.RESTORED, subject="database", now=house.now())


def _write_trial(house: House, port: Port, cycle: Cycle, result: GoneLive) -> bool:
    """Write a few SKUs and read them back; back to shadow when one is not as it should be."""
    rows = _trial_rows(house, port)
    if not rows:
        return True
    pushed = cycle.push(port, rows)
    result.trial = pushed.written
    wrong = [*pushed.rejected, *pushed.in_doubt]
    if pushed.error is not None:
        _back_to_shadow(house, port, result, str(pushed.error), pushed.error.hint)
    elif wrong:
        _back_to_shadow(house, port, result, f"{wrong[0].sku}: {wrong[0].why}", "Mend it in the shop, or leave it out.")
    else:
        try:
            unlike = _read_back(house, port, cycle, rows)
        except ConnectorError as error:
            _back_to_shadow(house, port, result, str(error), error.hint)
            return False
        if unlike:
            _back_to_shadow(house, port, result, unlike, "Does another program write there? Then: syncd check")
    return result.live


def _trial_rows(house: House, port: Port) -> list[int]:
    """Listings that need a write, lowerings first: they do no harm."""
    with house.db.read() as tx:
        found = [view for view in views.load(tx, house, port) if view.row.expected != view.offer.told]
    lowering = [view for view in found if view.row.expected is not None and view.offer.told < view.row.expected]
    return [view.row.id for view in (lowering or found)[:TRIAL]]


def _read_back(house: House, port: Port, cycle: Cycle, row_ids: Sequence[int]) -> str:
    """A sentence about the first listing that does not show what was written; empty when all do."""
    assert port.shelf is not None
    with house.db.read() as tx:
        rows = list(listings.by_ids(tx, row_ids).values())
    shown = port.shelf.read([ListingRef(row.listing_id, row.parent_id) for row in rows])
    cycle.pull([port.name])  # a customer may have bought one meanwhile
    with house.db.read() as tx:
        for row in listings.by_ids(tx, row_ids).values():
            found = shown.get(row.listing_id)
            if found is None:
                return f"{row.channel_sku} is gone from {port.name}"
            if row.pushed is not None and found.shown not in (row.expected, row.pushed):
                return f"{row.channel_sku} was set to {row.pushed} but shows {found.shown}"
    return ""


def _back_to_shadow(house: House, port: Port, result: GoneLive, why: str, hint: str) -> None:
    undo = f" What was written already: syncd rollback {port.name}" if result.trial else ""
    result.why_not, result.hint = why, f"{hint}{undo}"
    with house.db.write() as tx:
        channels.change(tx, port.name, mode=Mode.SHADOW)


def rollback(house: House, port: Port) -> Report:
    """Give the channel the numbers back that it showed before it went live, less what it sold since.

    The channel is in shadow afterwards. What could not be written yet is tried again by the next sync.

    Raises:
        Refusal: the channel never went live, or is paused.
        LeaseHeld: another syncd works on it.
    """
    _refuse_if_paused(house, port)
    with leased(house, [port]):
        with house.db.write() as tx:
            if not any(row.snapshot_at is not None for row in listings.of_channel(tx, port.name)):
                raise Refusal(f"{port.name} never went live", "There is nothing to restore.")
            channels.change(tx, port.name, mode=Mode.RESTORING)
            for view in views.load(tx, house, port):
                listings.change(
                    tx,
                    view.row.id,
                    baseline_told=view.offer.told,
                    baseline_sold=view.sku.sold,
                    rejected_target=None,
                    dirty=True,
                )
        return Cycle(house).run(only=[port.name])
