"""What the service does, one channel at a time, under that channel's lease (design.md §5).

The steps are those of the one-shot (`cycle`). A number that waits for the orders of another channel asks for them
(`ask`) and goes out once they were read: no channel waits for another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.storage import channels, holds, inbox, intents, listings
from syncd.storage.channels import Mode
from syncd.storage.inbox import Delivery
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import views
from syncd.sync.cycle import Cycle, Report, leased
from syncd.sync.house import House, Port
from syncd.sync.puller import Pulled
from syncd.sync.pusher import Pusher
from syncd.sync.views import in_step

Ask = Callable[[Collection[str]], None]
"""Asks that these channels be read."""

ORDERS_AT_ONCE = 200
"""More orders than these are not asked for one by one: their list is read instead."""

RECONCILED_AT_ONCE = 100
"""Numbers that one reconciliation reads: a page of every shop."""

LOADED_AT_ONCE = 1_000

RESTS_FOR = timedelta(seconds=2)
"""A shop tells of an order and of the number that it lowered at the same moment, in no order: the order goes first, and
explains the number without another call."""


def read_sales(house: House, port: Port, ask: Ask) -> Report:
    """Read what a channel sold, from its cursor to the present.

    Raises:
        LeaseHeld: another process works on the channel.
    """
    with leased(house, within=[port]):
        cycle = Cycle(house, frozenset((port.name,)), ask)
        cycle.bar_wrong_shops()
        cycle.pull([port.name])
    return cycle.report


def take_supplies(house: House, port: Port) -> Report:
    """Read what a supplier has.

    Raises:
        LeaseHeld: another process works on the feed.
    """
    with leased(house, within=[port]):
        cycle = Cycle(house, frozenset((port.name,)))
        cycle.take_supplies()
    return cycle.report


@dataclass(slots=True)
class Heard:
    """What became of the news of a channel. `relist`: something on sale there is new to us; `resting`: numbers that an
    order may explain are left in the inbox for a moment."""

    report: Report = field(default_factory=Report)
    booked: Pulled | None = None  # orders that were read by their ids
    relist: bool = False
    resting: bool = False


def read_news(house: House, port: Port, ask: Ask, *, look: bool = True) -> Heard:
    """Ask a channel about what its webhooks told: orders by their ids, numbers that are not ours by reading them.

    Nothing of a webhook is believed. What was told stays in the inbox until the channel answered. Safe to repeat.
    Without `look` numbers are not read now.

    Raises:
        LeaseHeld: another process works on the channel.
    """
    with house.db.read() as tx:
        told = inbox.waiting(tx, port.name)
        channel = channels.get(tx, port.name)
        writes = _takes_numbers(tx, port)
        resting = _resting(told, _not_ours(tx, port, told), house.now())
    if len(resting) == len(told) or channel is None:
        return Heard(resting=bool(resting))
    orders = list(dict.fromkeys(one.order_id for one in told if one.order_id is not None))
    others = any(one.order_id is None and one.listing_id is None for one in told)
    heard = Heard()
    with leased(house, within=[port]):
        cycle = Cycle(house, frozenset((port.name,)), ask, heard.report)
        cycle.bar_wrong_shops()
        if channel.pulled_at is None or len(orders) > ORDERS_AT_ONCE or others:
            cycle.pull([port.name])
        elif orders and not cycle.barred(port):
            heard.booked = cycle.pull_these(port, orders)
        with house.db.read() as tx:
            rows = _not_ours(tx, port, told)  # now that these orders are booked
        resting = _resting(told, rows, house.now())
        about = {one.listing_id for one in told if one.listing_id is not None and one.delivery_id not in resting}
        found = [row for listing_id, row in rows.items() if listing_id in about]
        differing = [row.id for row in found if row is not None and row.expected is not None]
        to_look_at = writes and bool(differing)
        if to_look_at and look and port.name not in heard.report.failed:
            cycle.write(port, differing, whole=False, look_at=differing)
        if writes and port.name not in heard.report.failed:
            _settle_right(house, port, cycle)
        if port.name not in heard.report.failed:
            pushed = heard.report.pushed.get(port.name)
            looked = not to_look_at or (pushed is not None and pushed.error is None)
            over = [
                one.delivery_id
                for one in told
                if one.delivery_id not in resting and (looked or one.listing_id not in rows)
            ]
            with house.db.write() as tx:
                inbox.handled(tx, port.name, over, house.now())
    heard.relist, heard.resting = None in found, bool(resting)
    return heard


def _settle_right(house: House, port: Port, cycle: Cycle) -> list[int]:
    """Settle what may differ and is right by what is known, such as after a sale there; the rows that are left."""
    with house.db.read() as tx:
        rows = listings.changed(tx, port.name)
    return Pusher(house, port, False, cycle.pull, rows).settle_right() if rows else []


def _resting(told: Collection[Delivery], not_ours: Collection[str], now: datetime) -> set[str]:
    """Deliveries of numbers that are not ours and just came in: an order may explain them in a moment."""
    return {one.delivery_id for one in told if one.listing_id in not_ours and now - one.received_at < RESTS_FOR}


def _not_ours(tx: Tx, port: Port, told: Collection[Delivery]) -> dict[str, ListingRow | None]:
    """Listings that are said to show another number than we wrote or expect; ``None`` where we do not know them."""
    said = {one.listing_id: one.shown for one in told if one.listing_id is not None}
    known = listings.by_listing_id(tx, port.name, said)
    sent = {(one.listing, one.target) for call in intents.open_calls(tx, port.name).values() for one in call}
    found: dict[str, ListingRow | None] = {}
    for listing_id, shown in said.items():
        row = known.get(listing_id)
        if row is None or (shown not in (row.expected, row.pushed) and (row.id, shown) not in sent):
            found[listing_id] = row
    return found


def something_to_write(house: House, port: Port) -> bool:
    """True where numbers of a channel may have to be written, and may be."""
    with house.db.read() as tx:
        return _takes_numbers(tx, port) and (bool(listings.changed(tx, port.name)) or _is_restoring(tx, port))


def _is_restoring(tx: Tx, port: Port) -> bool:
    channel = channels.get(tx, port.name)
    return channel is not None and channel.mode is Mode.RESTORING


def _takes_numbers(tx: Tx, port: Port) -> bool:
    channel = channels.get(tx, port.name)
    shut = channel is None or channel.mode is Mode.SHADOW or channel.paused_at is not None
    return port.sink is not None and not shut


def write_changes(house: House, port: Port, ask: Ask) -> Report | None:
    """Bring in step what may differ in a live channel; ``None`` where nothing had to be asked of it.

    Raises:
        LeaseHeld: another process works on the channel.
    """
    with leased(house, within=[port]):
        with house.db.read() as tx:
            writes, restoring = _takes_numbers(tx, port), _is_restoring(tx, port)
        cycle = Cycle(house, frozenset((port.name,)), ask)
        left = _settle_right(house, port, cycle) if writes else []
        if left or restoring:
            return cycle.write(port, left, whole=True)
        if writes:
            _pass_over(house, port)
        return None


def _pass_over(house: House, port: Port) -> None:
    """What was held is right by now: the hold is over."""
    with house.db.read() as tx:
        held = any(hold.channel == port.name for hold in holds.every_open(tx))
    if held:
        with house.db.write() as tx:
            holds.pass_over(tx, port.name, house.now())


def refresh_listings(house: House, port: Port, ask: Ask, *, now: bool) -> Report | None:
    """Read all listings of a channel where a day has gone by since (or `now`); ``None`` where it was not the time.

    Raises:
        LeaseHeld: another process works on the channel.
    """
    with leased(house, within=[port]):
        cycle = Cycle(house, frozenset((port.name,)), ask)
        cycle.bar_wrong_shops()
        if cycle.barred(port) or port.shelf is None or not (now or cycle.listings_due(port)):
            return None
        cycle.refresh(port)
        return cycle.report


def reconcile(house: House, port: Port, ask: Ask) -> Report | None:
    """Read a page of what a live channel really shows: sold and low SKUs first, then what was not read for longest.

    ``None`` where nothing is kept in step there (design.md §3.9).

    Raises:
        LeaseHeld: another process works on the channel.
    """
    with house.db.read() as tx:
        rows = listings.unread_longest(tx, port.name, RECONCILED_AT_ONCE) if _takes_numbers(tx, port) else []
    if not rows:
        return None
    with leased(house, within=[port]):
        cycle = Cycle(house, frozenset((port.name,)), ask)
        return cycle.write(port, rows, whole=False, look_at=rows)


@dataclass(slots=True)
class Compared:
    """What a channel should show against what it showed when last read, in units, and what was found to differ."""

    offered: int = 0
    shown: int = 0
    dirtied: int = 0


def compare_all(house: House, port: Port) -> Compared:
    """Compute every number of a channel anew, and mark what differs without having been marked (design.md §3.8)."""
    compared = Compared()
    with house.db.read() as tx:
        rows = [row.id for row in listings.of_channel(tx, port.name)]
    for start in range(0, len(rows), LOADED_AT_ONCE):
        with house.db.read() as tx:
            loaded = views.load(tx, house, port, rows[start : start + LOADED_AT_ONCE])
        compared.offered += sum(view.offer.told for view in loaded)
        compared.shown += sum(max(0, view.row.shown or 0) for view in loaded)
        now = house.now()
        differing = [view.row for view in loaded if not view.row.dirty and (not in_step(view) or view.notice_due(now))]
        if differing:
            with house.db.write() as tx:
                for row in differing:
                    listings.change(tx, row.id, dirty=True)
            compared.dirtied += len(differing)
    return compared
