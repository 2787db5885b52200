"""Takes in what a channel sold: page by page, each committed together with its cursor (design.md §3.2, §3.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import CursorExpired, Parked, SalesSource
from syncd.domain.said import Said
from syncd.storage import channels, incidents, listings, orders, sequence
from syncd.storage.channels import Channel
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.sync import mapper, unreadable
from syncd.sync.bookkeeper import Booked, Bookkeeper
from syncd.sync.house import House, Port
from syncd.texts import commands

REREAD_EVERY = timedelta(hours=24)
REREAD_AT_ONCE = 100
WARN_BEFORE_OUT_OF_SIGHT = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull of a channel brought."""

    orders: int
    units: int


def pull(house: House, port: Port) -> Pulled:
    """Read a channel's orders from its cursor to the present and book them.

    Safe to repeat and to break off at any point. The pull counts as complete, and lets raises go (design.md §3.5),
    only when it came to its end; it then stands at the place in the sequence where it *started*.

    Raises:
        ConnectorError: the channel could not be read to the end; what was read is booked.
    """
    assert port.sales is not None
    with house.db.write() as tx:
        started_seq, started_at = sequence.following(tx), house.now()
        channel = channels.get(tx, port.name)
        assert channel is not None
        if channel.first_contact_at is None:
            channels.change(tx, port.name, first_contact_at=started_at)
        _bookkeeper(tx, house, port).end_lapsed_holds()
    total = Booked()
    try:
        _walk(house, port, port.sales, channel.cursor, total)
        _reread(house, port, port.sales, total)
    except CursorExpired:
        # What closed meanwhile is in no list of changes: ask for it by id, and found every number anew.
        _walk(house, port, port.sales, None, total)
        _reread(house, port, port.sales, total, everything=True)
        with house.db.write() as tx:
            listings.forget_expected(tx, port.name)
            _tell_gap(tx, house, port, channel)
    if total.unknown_listings and port.shelf is not None:
        mapper.refresh(house, port)
    with house.db.write() as tx:
        if port.by_sku:
            total.orders += _bookkeeper(tx, house, port).book_mapped()
        channels.change(tx, port.name, pulled_seq=started_seq, parked_reason=None)
        if port.steady:
            channels.change(tx, port.name, pulled_at=started_at)
        _note_silence(tx, house, port)
        incidents.close_incident(tx, IncidentKind.PARKED, channel=port.name, subject=port.name, now=house.now())
    return Pulled(total.orders, total.units)


def pull_these(house: House, port: Port, order_ids: Sequence[str]) -> Pulled:
    """Read these orders as they stand now and book them: by id a shop tells at once what its list shows later.

    It is no complete pull: it lets no raise go (design.md §3.5).

    Raises:
        ConnectorError: the channel could not be read to the end; what was read is booked.
    """
    assert port.sales is not None
    total = Booked()
    _read_by_id(house, port, port.sales, order_ids, total)
    if total.unknown_listings and port.shelf is not None:
        mapper.refresh(house, port)
    return Pulled(total.orders, total.units)


def _tell_gap(tx: Tx, house: House, port: Port, channel: Channel) -> None:
    since = channel.silent_since()
    incidents.open_incident(
        tx,
        IncidentKind.GAP,
        channel=port.name,
        subject=f"{since:%Y-%m-%d %H:%M}",
        text=Said(
            "{channel} cannot tell what changed since {since}; open orders were read anew",
            channel=port.name,
            since=since,
        ),
        hint=Said(
            "What was ordered and shipped between then and now is not known: count what sells fast (syncd count)."
        ),
        now=house.now(),
    )


def _bookkeeper(tx: Tx, house: House, port: Port) -> Bookkeeper:
    channel = channels.get(tx, port.name)
    assert channel is not None
    return Bookkeeper(tx, house, port, channel, house.now())


def _walk(house: House, port: Port, source: SalesSource, cursor: str | None, total: Booked) -> None:
    for page in source.orders(cursor):
        with house.db.write() as tx:
            house.keep_lease(tx, port.name)
            _add(total, _bookkeeper(tx, house, port).book(page.orders))
            _park(tx, house, port, page.parked, {*page.cleared, *(one.id for one in page.orders)})
            channels.change(tx, port.name, cursor=page.cursor)
            _note_heard(tx, port, page.heard_until)
        house.progress(f"{port.name}: reading orders", total.orders, None)


def _note_heard(tx: Tx, port: Port, heard_until: datetime | None) -> None:
    """Up to when a source that is not steady told anything; what comes late of an earlier time takes nothing back."""
    channel = channels.get(tx, port.name)
    assert channel is not None
    if not port.steady and heard_until is not None and (channel.pulled_at is None or channel.pulled_at < heard_until):
        channels.change(tx, port.name, pulled_at=heard_until)


def _note_silence(tx: Tx, house: House, port: Port) -> None:
    """A channel that was read to the end is not silent, unless it only tells when somebody tells it (N3, N8)."""
    channel = channels.get(tx, port.name)
    assert channel is not None
    if port.steady or not silent(channel, port, house):
        incidents.close_incident(tx, IncidentKind.SILENT, channel=port.name, subject=port.name, now=house.now())
        return
    incidents.open_incident(
        tx,
        IncidentKind.SILENT,
        channel=port.name,
        subject=port.name,
        text=Said(
            "{channel} has told nothing of what it sold since {since}", channel=port.name, since=channel.silent_since()
        ),
        hint=Said(
            "Does the till still write its files? What it sold since is missing everywhere. Silent on purpose, such as"
            " over a weekend? {setting}",
            setting=f"{port.name.upper()}_SILENT_AFTER",
        ),
        now=house.now(),
    )


def _add(total: Booked, page: Booked) -> None:
    total.orders += page.orders
    total.units += page.units
    total.unknown_listings |= page.unknown_listings


def _park(tx: Tx, house: House, port: Port, items: Sequence[Parked], readable: set[str]) -> None:
    for item in items:
        hint = Said(
            "{mending} Not worth mending? {close}, then count its SKUs",
            mending=Said(
                "Mend it in the file; it is read again by itself. What it sold is on sale elsewhere meanwhile."
            )
            if port.by_sku
            else Said("Mend it in the shop; it is read again by itself. Its SKUs are not raised meanwhile."),
            close=commands.typed(("close",), (port.name, item.ref)),
        )
        unreadable.park(tx, house, port, unreadable.ORDER, item, hint=hint)
    unreadable.unpark(tx, house, port, unreadable.ORDER, readable)


def _reread(house: House, port: Port, source: SalesSource, total: Booked, *, everything: bool = False) -> None:
    """Once a day ask for the open orders by id: one that was deleted or grew too old is in no list of changes.

    Orders that could not be read are asked for more often, with growing pauses.
    """
    now = house.now()
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
        assert channel is not None
        daily = everything or channel.reread_at is None or now - channel.reread_at >= REREAD_EVERY
        due = orders.open_ids(tx, port.name, read_before=now if everything else now - REREAD_EVERY) if daily else []
        due += [
            order_id
            for ref in incidents.due_parked(tx, port.name, now)
            if ref.startswith("order ") and (order_id := ref.removeprefix("order "))
        ]
    _read_by_id(house, port, source, due, total)
    if daily:
        with house.db.write() as tx:
            channels.change(tx, port.name, reread_at=now)


def _read_by_id(house: House, port: Port, source: SalesSource, order_ids: Sequence[str], total: Booked) -> None:
    for start in range(0, len(order_ids), REREAD_AT_ONCE):
        found = source.orders_by_id(order_ids[start : start + REREAD_AT_ONCE])
        with house.db.write() as tx:
            house.keep_lease(tx, port.name)
            keeper = _bookkeeper(tx, house, port)
            _add(total, keeper.book(found.orders))
            keeper.vanish(found.missing)
            unreadable.unpark(tx, house, port, unreadable.ORDER, found.missing)
            _park(tx, house, port, found.parked, {one.id for one in found.orders})
            _warn_of_age(tx, house, port, source, [one.id for one in found.orders])
        house.progress(f"{port.name}: reading orders by their numbers", start + REREAD_AT_ONCE, len(order_ids))


def _warn_of_age(tx: Tx, house: House, port: Port, source: SalesSource, order_ids: Sequence[str]) -> None:
    if source.visible_for is None:
        return
    for order_id in order_ids:
        row = orders.get(tx, port.name, order_id)
        if row is None:
            continue
        left = row.created_at + source.visible_for - house.now()
        if row.open and left < WARN_BEFORE_OUT_OF_SIGHT:
            incidents.open_incident(
                tx,
                IncidentKind.OUT_OF_SIGHT,
                channel=port.name,
                subject=order_id,
                text=Said.number(
                    "{channel} shows order {order} for {number} more day only, and it is open",
                    "{channel} shows order {order} for {number} more days only, and it is open",
                    max(0, left.days),
                    channel=port.name,
                    order=row.number,
                ),
                hint=Said("Ship or cancel it before; after that its units stay held until you say so (syncd decide)."),
                now=house.now(),
            )


def silent(channel: Channel, port: Port, house: House) -> bool:
    """True where a source told nothing for longer than it may be silent: it no longer blocks raises (N3)."""
    return house.now() - channel.silent_since() > port.silent_after
