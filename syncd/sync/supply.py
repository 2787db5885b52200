"""Takes in what suppliers have: read, judged as a whole, then applied at once (design.md §3.6, §4, N19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.contract import ConnectorError, CredentialsRejected, Supplies, Unreadable
from syncd.domain.feeds import covers, suspicions
from syncd.domain.safety import Held
from syncd.domain.said import Said, joined
from syncd.storage import catalogue, channels, holds, incidents, ledger, supplies
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.storage.supplies import Feed, Stated
from syncd.sync import stock
from syncd.sync.bookkeeper import note_oversold_among
from syncd.sync.house import House, Port
from syncd.texts import commands


@dataclass(frozen=True, slots=True)
class Taken:
    """What one reading of a feed brought. `unknown`: SKUs that the master table lacks; `held`: why it is not used,
    empty where it was applied; `answered`: a person has said no to it; `changed`: SKUs of which it says something else
    now; `warnings`: what the feed as a whole lacks, as sentences."""

    rows: int = 0
    known: int = 0
    unknown: int = 0
    changed: int = 0
    held: str = ""
    answered: bool = False
    unchanged: bool = False
    warnings: tuple[str, ...] = ()


def take(house: House, port: Port) -> Taken:
    """Read a supplier's feed and apply it, unless it looks wrong: then the last good one stays until it expires.

    Safe to repeat. What a feed says is replaced as a whole, in one transaction: a SKU of which it no longer speaks is
    not zero at the supplier, but nothing is known of it, so nothing of it is sold.

    Raises:
        ConnectorError: it could not be read; what was known stays until it expires.
    """
    assert port.feed is not None
    with house.db.write() as tx:
        known = supplies.feed(tx, port.name)
        # A SKU that became known since is looked for in the same content.
        version = known.version if known.newest_sku == catalogue.newest(tx) else None
    try:
        read = port.feed.supplies(version)
    except ConnectorError as error:
        _failed(house, port, error)
        raise
    with house.db.write() as tx:
        house.keep_lease(tx, port.name)
        now = house.now()
        supplies.change_feed(tx, port.name, read_at=now)
        channels.change(tx, port.name, pulled_at=now, parked_reason=None)
        for kind in (IncidentKind.PARKED, IncidentKind.SILENT):
            incidents.close_incident(tx, kind, channel=port.name, subject=port.name, now=now)
        if read is not None and known.stated_at is not None and read.stated_at < known.stated_at:
            # A mirror that lags, or the newest file was taken away: what is known is newer.
            return Taken(unchanged=True)
        if read is None or read.version == version:
            if read is not None:
                _stated_anew(tx, house, port, known, read.stated_at)
            if known.held_for is not None:
                _no_more_held(tx, house, port)
            return Taken(unchanged=True)
        taken = _judge(tx, house, port, supplies.feed(tx, port.name), read)
        expire(tx, house, [port])  # it may have been too old when it was first read
        return replace(taken, warnings=read.warnings)


def _stated_anew(tx: Tx, house: House, port: Port, feed: Feed, stated_at: datetime) -> None:
    """The same content, written anew by the supplier: as fresh as that."""
    if feed.stated_at is None or stated_at > feed.stated_at:
        supplies.change_feed(tx, port.name, stated_at=stated_at)
        revive(tx, house, port)


def _judge(tx: Tx, house: House, port: Port, feed: Feed, read: Supplies) -> Taken:
    ids = catalogue.ids(tx)
    stated = {
        ids[one.sku]: Stated(port.name, ids[one.sku], one.units, one.lead_time_days, one.pack_size)
        for one in read.supplies
        if one.sku in ids
    }
    before = supplies.of_feed(tx, port.name)
    _tell_of_rows(tx, house, port, read)
    taken = Taken(read.rows, len(stated), len(read.supplies) - len(stated))
    suspected = suspicions(
        {sku_id: one.units for sku_id, one in before.items()},
        {sku_id: one.units for sku_id, one in stated.items()},
        feed.columns,
        read.columns,
        house.hold_limits,
    )
    reasons = [str(one) for one in suspected]
    if covers(feed.rejected_for or (), reasons):
        return _held(taken, "you said no to it", answered=True)
    if reasons and not covers(feed.approved_for or (), reasons):
        return _hold(tx, house, port, feed, suspected, taken)
    _no_more_held(tx, house, port)
    incidents.close_incident(tx, IncidentKind.FEED, channel=port.name, subject="expired", now=house.now())
    supplies.change_feed(
        tx,
        port.name,
        version=read.version,
        stated_at=read.stated_at,
        rows=read.rows,
        columns=list(read.columns),
        newest_sku=catalogue.newest(tx),
        expired=False,
        approved_for=None,
        rejected_for=None,
    )
    changed = _differing(before, stated)
    supplies.put(tx, [one for sku_id, one in stated.items() if sku_id in changed])
    supplies.forget(tx, port.name, before.keys() - stated.keys())
    concerned = changed if not feed.expired else {*before, *stated}
    ledger.raise_again(tx, sorted(concerned))
    note_oversold_among(tx, house, concerned)
    return Taken(taken.rows, taken.known, taken.unknown, len(changed))


def _differing(before: dict[int, Stated], after: dict[int, Stated]) -> set[int]:
    return {sku_id for sku_id in {*before, *after} if before.get(sku_id) != after.get(sku_id)}


def _hold(tx: Tx, house: House, port: Port, feed: Feed, suspected: Sequence[Said], taken: Taken) -> Taken:
    why, reasons = joined(suspected), [str(one) for one in suspected]
    if feed.held_for is not None and not covers(feed.held_for, reasons):
        holds.pass_over(tx, port.name, house.now())  # a yes to what was wrong in the morning is no yes to this
    supplies.change_feed(tx, port.name, held_for=reasons)
    hold = holds.open_hold(
        tx, port.name, Held(Said("the feed looks wrong: {why}", why=why), ()), house.now(), feed=reasons
    )
    incidents.open_incident(
        tx,
        IncidentKind.FEED,
        channel=port.name,
        subject="held",
        text=Said("{channel} was read and not used: {why}", channel=port.name, why=why),
        hint=Said(
            "Look at it, then: {approve}, or {reject}. What it said before holds until it is too old.",
            approve=commands.typed(("approve",), (str(hold.id),)),
            reject=commands.typed(("reject",), (str(hold.id),)),
        ),
        now=house.now(),
    )
    return _held(taken, str(why))


def _no_more_held(tx: Tx, house: House, port: Port) -> None:
    """The feed says what may be used, or what it said before: nobody is asked about it any more."""
    supplies.change_feed(tx, port.name, held_for=None)
    holds.pass_over(tx, port.name, house.now())
    incidents.close_incident(tx, IncidentKind.FEED, channel=port.name, subject="held", now=house.now())


def _held(taken: Taken, why: str, *, answered: bool = False) -> Taken:
    return Taken(taken.rows, taken.known, taken.unknown, held=why, answered=answered)


def _tell_of_rows(tx: Tx, house: House, port: Port, read: Supplies) -> None:
    """Tell of rows that cannot be read, once for all of them; over with the reading in which they are right again."""
    if not read.parked:
        incidents.close_incident(tx, IncidentKind.FEED, channel=port.name, subject="rows", now=house.now())
        return
    incidents.open_incident(
        tx,
        IncidentKind.FEED,
        channel=port.name,
        subject="rows",
        text=Said.number(
            "{channel}: {number} row cannot be read: {reason}",
            "{channel}: {number} rows or more cannot be read, such as: {reason}",
            len(read.parked),
            channel=port.name,
            reason=read.parked[0].reason,
        ),
        hint=Said(
            "All of them: syncd check. A word that is not known: {setting}. The rest is used.",
            setting=f"{port.name.upper()}_VALUES",
        ),
        now=house.now(),
    )


def _failed(house: House, port: Port, error: ConnectorError) -> None:
    """A feed that a person has to look at stands still; one that does not answer is read again."""
    with house.db.write() as tx:
        if not isinstance(error, CredentialsRejected | Unreadable):
            return
        channels.change(tx, port.name, parked_reason=str(error))
        incidents.open_incident(
            tx,
            IncidentKind.PARKED,
            channel=port.name,
            subject=port.name,
            text=Said("{channel}: {reason}", channel=port.name, reason=str(error)),
            hint=Said.verbatim(error.hint) if error.hint else Said("Look at it: syncd check"),
            now=house.now(),
        )


def revive(tx: Tx, house: House, port: Port) -> None:
    """A feed that was past its time is fresh again: its units may be sold."""
    feed = supplies.feed(tx, port.name)
    if feed.expired and not stock.expired(house, feed):
        supplies.change_feed(tx, port.name, expired=False)
        ledger.raise_again(tx, sorted(supplies.of_feed(tx, port.name)))
        incidents.close_incident(tx, IncidentKind.FEED, channel=port.name, subject="expired", now=house.now())


def expire(tx: Tx, house: House, ports: Iterable[Port]) -> set[str]:
    """Take the units of feeds that are too old out of every number, to a status and not to a lie; the feeds.

    Feeds that are configured no more count as too old.
    """
    fresh = {port.name for port in ports}
    gone = set()
    for name, feed in supplies.every_feed(tx).items():
        if feed.expired or feed.version is None or not stock.expired(house, feed):
            continue
        supplies.change_feed(tx, name, expired=True)
        stated = supplies.of_feed(tx, name)
        ledger.raise_again(tx, sorted(stated))
        note_oversold_among(tx, house, stated)
        gone.add(name)
        if name in fresh:
            assert feed.stated_at is not None  # it has a version
            incidents.open_incident(
                tx,
                IncidentKind.FEED,
                channel=name,
                subject="expired",
                text=Said(
                    "{channel} says nothing new since {since}: its units are sold no more",
                    channel=name,
                    since=feed.stated_at,
                ),
                hint=Said("Does the supplier still write it? See: syncd check. By itself once it is written anew."),
                now=house.now(),
            )
    return gone
