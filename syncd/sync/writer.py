"""Sends numbers so that no sale is erased and a crash at any instant is harmless (design.md §3.4, §3.8)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.contract import (
    Batch,
    Conflict,
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    Notice,
    Op,
    Outcome,
    Rejected,
    StockSink,
    Untouched,
    Write,
)
from syncd.domain.said import Said
from syncd.storage import channels, incidents, intents, leases, listings
from syncd.storage.incidents import IncidentKind
from syncd.storage.intents import Intent
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync.house import House, LeaseHeld, Port
from syncd.sync.notices import NOBODY_KNOWS, as_written, under_way
from syncd.sync.planner import caution
from syncd.sync.views import View, in_step

REPLAY_WITHIN = timedelta(hours=23)
"""Shopify keeps keys for 24 h (shopify-facts §2.2)."""

LONGEST_PAUSE = timedelta(hours=24)

NOTICE_PAUSE = timedelta(hours=1)
"""A notice that was refused is tried again after this; nobody buys too much meanwhile."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One write that was decided, with what it was decided from."""

    view: View
    write: Write

    @property
    def in_doubt_base(self) -> bool:
        return self.view.row.in_doubt_until is not None


@dataclass(slots=True)
class Sent:
    """What became of the writes of one push, by listing row."""

    written: dict[int, Planned] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    in_doubt: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)  # stale, or touched by another's failure: decide and send anew
    stale: set[int] = field(default_factory=set)  # of these, the ones that the channel refused as stale
    changed: set[int] = field(default_factory=set)  # an input changed between deciding and sending
    stopped: ConnectorError | None = None  # the channel takes nothing now
    shown: int = 0  # listings whose buyers read something new
    paused: bool = False  # a person paused the channel: nothing more was sent


Recheck = Callable[[Tx, Sequence[Planned]], list[Planned]]
"""Computes these writes again within the transaction of their intents: the number is made when it is sent."""


def send(house: House, port: Port, planned: Sequence[Planned], recheck: Recheck) -> Sent:
    """Send these writes; every intent is committed before its call goes out.

    Raises:
        LeaseHeld: another process took this channel over; nothing more was sent.
    """
    sink = port.sink
    assert sink is not None
    by_listing = {one.write.listing_id: one for one in planned}
    calls = [[by_listing[write.listing_id] for write in group] for group in _groups(sink, planned)]
    sent = Sent()
    done = 0
    with ThreadPoolExecutor(max_workers=max(1, sink.parallel)) as pool:
        for start in range(0, len(calls), max(1, sink.parallel)):
            batches = []
            with house.db.write() as tx:
                _renew(tx, house, port)
                sent.paused = channels.paused(tx, port.name)
                if sent.paused:
                    break
                for call in calls[start : start + max(1, sink.parallel)]:
                    current = recheck(tx, call)
                    sent.changed |= {one.view.row.id for one in call} - {one.view.row.id for one in current}
                    if current:
                        batches.append(_intend(tx, house, port, current))
            if len(batches) == 1:  # in this thread, so that whatever breaks it is met here
                results = [_call(sink, batches[0][0])]
            else:
                results = list(pool.map(lambda batch: _call(sink, batch[0]), batches))
            for (batch, current), result in zip(batches, results, strict=True):
                _settle(house, port, batch, current, result, sent)
            done += sum(len(call) for call in calls[start : start + max(1, sink.parallel)])
            house.progress(f"{port.name}: writing", done, len(planned))
            if sent.stopped is not None:
                break
    return sent


def _groups(sink: StockSink, planned: Sequence[Planned]) -> list[tuple[Write, ...]]:
    """The calls to make. What failed before goes alone, so that it cannot spoil others (design.md §3.7)."""
    healthy = [one.write for one in planned if not one.view.row.failures]
    suspects = [one.write for one in planned if one.view.row.failures]
    return [*sink.group(healthy), *(group for write in suspects for group in sink.group([write]))]


def _renew(tx: Tx, house: House, port: Port) -> None:
    if not leases.take(tx, port.name, house.holder, house.lease_time(tx)):
        raise LeaseHeld(port.name)


def _intend(tx: Tx, house: House, port: Port, current: list[Planned]) -> tuple[Batch, list[Planned]]:
    """The call, with the intent of each number in it written down.

    A notice needs none: it may be shown again. But until the call has ended, or can no longer take effect, nobody knows
    which notice is there.
    """
    assert port.sink is not None
    until = house.now() + port.sink.in_doubt
    for one in current:
        if one.write.notice is not None:
            listings.change(tx, one.view.row.id, notice=under_way(one.view.row), notice_retry_at=until)
    batch = Batch(key=str(uuid.uuid4()), writes=tuple(one.write for one in current))
    intents.record(
        tx,
        [
            Intent(
                key=batch.key,
                channel=port.name,
                listing=one.view.row.id,
                op=one.write.op.value,
                expected=one.write.expected,
                target=one.write.target,
                generation=one.view.row.generation,
                sent_at=house.now(),
                in_doubt_base=one.in_doubt_base,
            )
            for one in current
            if one.write.op is not Op.SHOW
        ],
    )
    return batch, current


def _call(sink: StockSink, batch: Batch) -> Sequence[Outcome] | ConnectorError:
    try:
        return sink.send(batch)
    except ConnectorError as error:
        return error


def _settle(
    house: House,
    port: Port,
    batch: Batch,
    current: list[Planned],
    result: Sequence[Outcome] | ConnectorError,
    sent: Sent,
) -> None:
    if isinstance(result, CredentialsRejected) and all(one.write.op is Op.SHOW for one in current):
        with house.db.write() as tx:
            _as_before(tx, current)
            _no_notices(tx, house, port, current, result)
        return
    if isinstance(result, ConnectorError) and not isinstance(result, InDoubt):
        sent.stopped = result
        with house.db.write() as tx:
            _as_before(tx, current)
            intents.close(tx, batch.key)
        return
    if isinstance(result, InDoubt):
        result = [Outcome(write.listing_id, result) for write in batch.writes]
    outcomes = {outcome.listing_id: outcome for outcome in result}
    lost = InDoubt("the answer does not name this listing")
    ended: list[int] = []
    doubtful: list[int] = []
    with house.db.write() as tx:
        for one in current:
            row, outcome = one.view.row, outcomes.get(one.write.listing_id, Outcome(one.write.listing_id, lost))
            if one.write.op is Op.SHOW:
                _settle_notice(tx, house, port, one, outcome, sent)
                continue
            outcome = _proven(one, outcome)
            if isinstance(outcome.error, InDoubt):
                doubtful.append(row.id)
                continue
            ended.append(row.id)
            if outcome.error is not None:
                _as_before(tx, [one])
            if outcome.error is None:
                _confirm(tx, house, one, outcome)
                sent.written[row.id] = one
                sent.shown += one.write.notice is not None and outcome.unshown is None
            elif isinstance(outcome.error, Rejected):
                _refused(tx, house, port, row, outcome.error)
                sent.rejected[row.id] = str(outcome.error)
            else:
                assert isinstance(outcome.error, Conflict | Untouched)
                sent.again.add(row.id)
                if isinstance(outcome.error, Conflict):
                    sent.stale.add(row.id)
        intents.close(tx, batch.key, ended)
        if doubtful:
            assert port.sink is not None
            listings.doubt(tx, doubtful, house.now() + port.sink.in_doubt)
            sent.in_doubt |= set(doubtful)


def _proven(one: Planned, outcome: Outcome) -> Outcome:
    """The outcome, in doubt where the channel says "written" and shows just what it showed before (design.md §3.4)."""
    before, write = one.view.row.shown, one.write
    if outcome.error is not None or write.op is not Op.DELTA or not outcome.shown == before == write.expected:
        return outcome
    return Outcome(outcome.listing_id, InDoubt(f"the shop shows {outcome.shown} after {write.delta:+} to {before}"))


def _confirm(tx: Tx, house: House, one: Planned, outcome: Outcome) -> None:
    """The number was taken. What was sold since it was computed stays in `expected`: both are differences."""
    row, write = one.view.row, one.write
    values: dict[str, Any] = {
        "pushed": write.target,
        "pushed_at": house.now(),
        "shown": outcome.shown if outcome.shown is not None else write.target,
        "shown_at": house.now(),
        "baseline_told": write.target + caution(one.view),
        "baseline_sold": one.view.sku.sold,
        "failures": 0,
        "retry_at": None,
        "sale_at": None,
    }
    if write.op is Op.START:
        values |= {"expected": write.target, "stock": "own"}
    elif not one.in_doubt_base:
        current = listings.by_ids(tx, [row.id])[row.id].expected
        values["expected"] = None if current is None else current + write.delta
    if write.target == one.view.offer.told:
        values["rejected_target"] = None
    if write.notice is not None and outcome.unshown is None:
        values |= _as_noticed(write.notice)
        incidents.close_incident(
            tx, IncidentKind.NOT_SHOWN, channel=row.channel, subject=row.listing_id, now=house.now()
        )
    elif write.notice is not None:
        values["notice"] = NOBODY_KNOWS
    listings.change(tx, row.id, **values)
    if write.notice is not None and outcome.unshown is not None:
        _not_shown(tx, house, row, outcome.unshown)
    at_rest = write.notice is not None or not (one.view.notice_due(house.now()) or one.view.notice_unsure)
    if write.target == one.view.offer.told and at_rest:  # less goes out in doubt, and where a channel is silent
        listings.settle(tx, row.id, row.generation)
    incidents.close_incident(tx, IncidentKind.REJECTED, channel=row.channel, subject=row.listing_id, now=house.now())


def _as_noticed(told: Notice) -> dict[str, Any]:
    return {"notice": as_written(told), "notice_retry_at": None}


def _as_before(tx: Tx, current: Sequence[Planned]) -> None:
    """These calls have ended: unless they say otherwise, buyers read what they did before."""
    for one in current:
        if one.write.notice is not None:
            row = one.view.row
            listings.change(tx, row.id, notice=row.notice, notice_retry_at=row.notice_retry_at)


def _settle_notice(tx: Tx, house: House, port: Port, one: Planned, outcome: Outcome, sent: Sent) -> None:
    """What became of a notice. One that was lost is shown again once it can no longer take effect."""
    row = one.view.row
    assert one.write.notice is not None
    if isinstance(outcome.error, InDoubt):
        return
    if outcome.error is None:
        listings.change(tx, row.id, **_as_noticed(one.write.notice))
        if in_step(one.view):
            listings.settle(tx, row.id, row.generation)
        sent.written[row.id] = one
        sent.shown += 1
        incidents.close_incident(tx, IncidentKind.NOT_SHOWN, channel=port.name, subject=row.listing_id, now=house.now())
        return
    _as_before(tx, [one])
    if isinstance(outcome.error, Rejected):
        _not_shown(tx, house, row, outcome.error)
    elif isinstance(outcome.error, Untouched):
        sent.again.add(row.id)


def _not_shown(tx: Tx, house: House, row: ListingRow, error: Rejected) -> None:
    listings.change(tx, row.id, notice_retry_at=house.now() + NOTICE_PAUSE)
    incidents.open_incident(
        tx,
        IncidentKind.NOT_SHOWN,
        channel=row.channel,
        subject=row.listing_id,
        text=Said(
            "{channel} does not take the stock status of {title} (SKU {sku}): {error}",
            channel=row.channel,
            title=row.title,
            sku=row.channel_sku or Said("missing"),
            error=str(error),
        ),
        hint=Said.verbatim(error.hint)
        if error.hint
        else Said("Mend it in the shop; it is tried again by itself. Its number is not concerned."),
        now=house.now(),
    )


def notices_may_go(house: House, port: Port, planned: Sequence[Planned]) -> bool:
    """Make the channel ready for notices; False where it does not take any: a person is told, and numbers go on.

    Raises:
        ConnectorError: the channel does not answer.
    """
    assert port.display is not None
    try:
        port.display.prepare()
    except CredentialsRejected as error:
        with house.db.write() as tx:
            _no_notices(tx, house, port, planned, error)
        return False
    with house.db.write() as tx:
        incidents.close_incident(tx, IncidentKind.NOT_SHOWN, channel=port.name, subject=port.name, now=house.now())
    return True


def _no_notices(tx: Tx, house: House, port: Port, planned: Sequence[Planned], error: CredentialsRejected) -> None:
    rows = [one.view.row.id for one in planned]
    listings.change_many(tx, rows, notice_retry_at=house.now() + NOTICE_PAUSE)
    incidents.open_incident(
        tx,
        IncidentKind.NOT_SHOWN,
        channel=port.name,
        subject=port.name,
        text=Said(
            "{channel}: buyers see no stock statuses, numbers only: {error}", channel=port.name, error=str(error)
        ),
        hint=Said.verbatim(error.hint)
        if error.hint
        else Said("Or switch them off: {setting}", setting=f"{port.name.upper()}_STATUSES=no"),
        now=house.now(),
    )


def _refused(tx: Tx, house: House, port: Port, row: ListingRow, error: Rejected) -> None:
    pause = min(timedelta(minutes=2) * 2 ** min(row.failures, 12), LONGEST_PAUSE)
    listings.change(tx, row.id, failures=row.failures + 1, retry_at=house.now() + pause)
    incidents.open_incident(
        tx,
        IncidentKind.REJECTED,
        channel=port.name,
        subject=row.listing_id,
        text=Said(
            "{channel} refuses the number for {title} (SKU {sku}): {error}",
            channel=port.name,
            title=row.title,
            sku=row.channel_sku or Said("missing"),
            error=str(error),
        ),
        hint=Said.verbatim(error.hint) if error.hint else Said("Mend it in the shop; it is tried again by itself."),
        now=house.now(),
    )


def recover(house: House, port: Port) -> set[int]:
    """Deal with writes whose end is not known: after a crash, or a lost answer. Rows that are in doubt now.

    Where the channel knows a key again, a stored lowering is replayed: it takes effect once. Everything else is in
    doubt until it can no longer take effect. Either way the listing is anchored anew.
    """
    sink = port.sink
    assert sink is not None
    with house.db.read() as tx:
        calls = intents.open_calls(tx, port.name)
    in_doubt: set[int] = set()
    for key, call in calls.items():
        rows = [one.listing for one in call]
        until = call[0].sent_at + sink.in_doubt
        replay = (
            sink.replays
            and all(one.op == Op.DELTA.value for one in call)
            and house.now() - call[0].sent_at < REPLAY_WITHIN
        )
        with house.db.write() as tx:
            _renew(tx, house, port)
            known = listings.by_ids(tx, rows)
            later = [row.in_doubt_until for row in known.values() if row.in_doubt_until is not None]
            listings.doubt(tx, rows, max(until, *later) if later else until)
        in_doubt |= set(rows)
        if not replay:
            continue
        writes = tuple(
            Write(known[one.listing].listing_id, known[one.listing].parent_id, Op(one.op), one.target, one.expected)
            for one in call
        )
        result = _call(sink, Batch(key, writes))
        if isinstance(result, ConnectorError) or any(isinstance(outcome.error, InDoubt) for outcome in result):
            continue
        with house.db.write() as tx:
            intents.close(tx, key)
            listings.change_many(tx, rows, in_doubt_until=None, expected=None)
        in_doubt -= set(rows)
    return in_doubt
