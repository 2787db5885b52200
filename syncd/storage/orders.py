"""Orders and what is booked for their lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, insert, or_, select, true, update

from syncd.domain.movements import Kind, LineBooked
from syncd.storage import touched
from syncd.storage.among import among
from syncd.storage.schema import movements, order_lines, orders, skus
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class OrderRow:
    channel: str
    order_id: str
    number: str
    version: int
    status: str
    created_at: datetime
    fulfilled_at: datetime | None
    held_until: datetime | None
    holds_stock: bool
    open: bool
    baseline: bool
    read_at: datetime
    missing_since: datetime | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line with what is booked for it; `sku_id` is ``None`` while it is not mapped and nothing is booked."""

    order_id: str
    line_id: str
    listing: int | None
    sku_id: int | None
    channel_listing_id: str | None
    channel_sku: str | None
    name: str
    booked: LineBooked
    bookings: int


_BUCKETS = ("promised", "undecided", "fulfilled", "returned", "taken", "decided", "gone")


def _line(row: Any) -> LineRow:
    return LineRow(
        row.order_id,
        row.line_id,
        row.listing,
        row.sku_id,
        row.channel_listing_id,
        row.channel_sku,
        row.name,
        LineBooked(*(getattr(row, bucket) for bucket in _BUCKETS)),
        row.bookings,
    )


def get(tx: Tx, channel: str, order_id: str) -> OrderRow | None:
    here = (orders.c.channel == channel) & (orders.c.order_id == order_id)
    row = tx.execute(select(orders).where(here)).first()
    return OrderRow(*row) if row else None


def by_number(tx: Tx, channel: str, number: str) -> OrderRow | None:
    """The order with the number that the owner sees, the latest of several; else the one with this id of the channel.

    With plugins that number orders anew, the id of one order is the number of another: the owner means the number.
    """
    wanted = number.lstrip("#")
    numbered = orders.c.number.in_([wanted, f"#{wanted}"])
    row = tx.execute(
        select(orders)
        .where(orders.c.channel == channel, numbered | (orders.c.order_id == number))
        .order_by(case((numbered, 0), else_=1), orders.c.created_at.desc())
    ).first()
    return OrderRow(*row) if row else None


def put(tx: Tx, channel: str, order_id: str, values: dict[str, Any], *, new: bool) -> None:
    if new:
        tx.execute(insert(orders).values(channel=channel, order_id=order_id, **values))
    else:
        here = (orders.c.channel == channel) & (orders.c.order_id == order_id)
        tx.execute(update(orders).where(here).values(**values))


def lines(tx: Tx, channel: str, order_id: str) -> dict[str, LineRow]:
    here = (order_lines.c.channel == channel) & (order_lines.c.order_id == order_id)
    return {row.line_id: _line(row) for row in tx.execute(select(order_lines).where(here))}


def put_line(
    tx: Tx, channel: str, order_id: str, line_id: str, *, booked: LineBooked, values: dict[str, Any], new: bool
) -> None:
    """Write what is booked for a line, and further columns of `schema.order_lines`."""
    columns = {bucket: getattr(booked, bucket) for bucket in _BUCKETS} | values
    if booked.undecided or not new:
        touched.order(tx, channel, order_id)
    if new:
        tx.execute(insert(order_lines).values(channel=channel, order_id=order_id, line_id=line_id, **columns))
    else:
        here = (
            (order_lines.c.channel == channel)
            & (order_lines.c.order_id == order_id)
            & (order_lines.c.line_id == line_id)
        )
        tx.execute(update(order_lines).where(here).values(**columns))


def open_ids(tx: Tx, channel: str, read_before: datetime) -> list[str]:
    """Open orders that were not read since that instant, the longest unread first."""
    rows = tx.execute(
        select(orders.c.order_id)
        .where(orders.c.channel == channel, orders.c.open, orders.c.read_at < read_before)
        .order_by(orders.c.read_at, orders.c.order_id)
    )
    return list(rows.scalars())


def lapsed_holds(tx: Tx, channel: str, now: datetime) -> list[str]:
    """Orders whose unpaid hold is over by our clock while units are still promised for it."""
    rows = tx.execute(
        select(orders.c.order_id).where(orders.c.channel == channel, orders.c.open, orders.c.held_until <= now)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Claims:
    """What orders of a channel claim of one listing, in units."""

    taken: int  # the channel's own number is lower by that
    held: int  # the channel subtracts them unseen (unpaid checkouts)


def claims(tx: Tx, channel: str, row_ids: Sequence[int] | None = None) -> dict[int, Claims]:
    """What the orders of a channel claim, by listing row; listings without claims are absent."""
    held = case((orders.c.held_until.is_not(None) & orders.c.holds_stock, order_lines.c.promised), else_=0)
    query = (
        select(order_lines.c.listing, func.sum(order_lines.c.taken), func.sum(held))
        .join(orders, (orders.c.channel == order_lines.c.channel) & (orders.c.order_id == order_lines.c.order_id))
        .where(order_lines.c.channel == channel, order_lines.c.listing.is_not(None))
        .group_by(order_lines.c.listing)
    )
    if row_ids is not None:
        query = query.where(among(tx, order_lines.c.listing, row_ids))
    return {row: Claims(int(taken), int(promised)) for row, taken, promised in tx.execute(query)}


def unmapped(tx: Tx, channel: str) -> list[LineRow]:
    """Lines that wait for their SKU to become known."""
    query = select(order_lines).where(order_lines.c.channel == channel, order_lines.c.sku_id.is_(None))
    return [_line(row) for row in tx.execute(query.order_by(order_lines.c.order_id, order_lines.c.line_id))]


# Units of ended orders that nobody has spoken of; those that are known to be gone are not asked for again.
_UNSAID = case((order_lines.c.gone > order_lines.c.fulfilled, order_lines.c.gone - order_lines.c.fulfilled), else_=0)
_UNDECIDED = order_lines.c.undecided - order_lines.c.decided - case((order_lines.c.decided > 0, 0), else_=_UNSAID)


@dataclass(frozen=True, slots=True)
class ToDecide:
    """Units of an ended order that nobody has put back: held until a person decides (design.md §3.2)."""

    channel: str
    order_id: str
    number: str
    status: str
    missing: bool
    line_id: str
    sku: str | None
    name: str
    units: int


def to_decide(tx: Tx, order_ids: Collection[str] | None = None) -> list[ToDecide]:
    """What waits under *to decide*, by channel and order; of orders with these ids (of any channel), or of all."""
    chosen = among(tx, order_lines.c.order_id, order_ids) if order_ids is not None else true()
    rows = tx.execute(
        select(
            orders,
            order_lines.c.line_id,
            order_lines.c.name,
            _UNDECIDED.label("units"),
            skus.c.sku,
        )
        .join(orders, (orders.c.channel == order_lines.c.channel) & (orders.c.order_id == order_lines.c.order_id))
        .join(skus, skus.c.id == order_lines.c.sku_id)
        .where(_UNDECIDED > 0, chosen)
        .order_by(orders.c.channel, orders.c.created_at, orders.c.order_id, order_lines.c.line_id)
    )
    return [
        ToDecide(
            row.channel,
            row.order_id,
            row.number,
            row.status,
            row.missing_since is not None,
            row.line_id,
            row.sku,
            row.name,
            int(row.units),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Reservation:
    channel: str
    number: str
    units: int
    ordered_at: datetime


def reservations(tx: Tx, sku_ids: Iterable[int]) -> dict[int, list[Reservation]]:
    """Which orders hold units of these SKUs, by channel and time."""
    units = order_lines.c.promised + _UNDECIDED
    rows = tx.execute(
        select(order_lines.c.sku_id, orders.c.channel, orders.c.number, units.label("units"), orders.c.created_at)
        .join(orders, (orders.c.channel == order_lines.c.channel) & (orders.c.order_id == order_lines.c.order_id))
        .where(among(tx, order_lines.c.sku_id, sku_ids), units > 0)
        .order_by(orders.c.channel, orders.c.created_at)
    )
    found: dict[int, list[Reservation]] = {}
    for row in rows:
        one = Reservation(row.channel, row.number, int(row.units), row.created_at)
        found.setdefault(row.sku_id, []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class Traffic:
    """What orders did to one listing, mapped or not: equal before and after a pull means that nothing came."""

    lines: int
    units: int  # of all buckets, ever: changes with every change of a line
    taken: int
    taken_unshipped: int  # units still on our shelf: what a person has decided about is freed already, or gone
    open_lines: int

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.lines + other.lines,
            self.units + other.units,
            self.taken + other.taken,
            self.taken_unshipped + other.taken_unshipped,
            self.open_lines + other.open_lines,
        )


def traffic(tx: Tx, channel: str) -> dict[str, Traffic]:
    """What the orders of a channel did, by the channel's own listing id."""
    unshipped = order_lines.c.promised + order_lines.c.undecided - order_lines.c.decided
    on_shelf = case((order_lines.c.taken < unshipped, order_lines.c.taken), else_=unshipped)
    # Weighed, so that units that move from one bucket to another change the sum.
    units = (
        order_lines.c.promised
        + order_lines.c.undecided * 1_000
        + order_lines.c.fulfilled * 1_000_000
        + order_lines.c.returned * 1_000_000_000
    )
    rows = tx.execute(
        select(
            order_lines.c.channel_listing_id,
            func.count(),
            func.sum(units),
            func.sum(order_lines.c.taken),
            func.sum(on_shelf),
            func.sum(case((unshipped > 0, 1), else_=0)),
        )
        .where(order_lines.c.channel == channel, order_lines.c.channel_listing_id.is_not(None))
        .group_by(order_lines.c.channel_listing_id)
    )
    return {row[0]: Traffic(*(int(number or 0) for number in row[1:])) for row in rows}


def on_shelf_at(tx: Tx, channel: str, instant: datetime) -> dict[str, int]:
    """Units that a channel's orders had taken by that instant and that were still on the shelf then, by listing id.

    Of orders placed by then: units that are not shipped yet, and units of which the shipping is booked after it.
    """
    shipped_later = (
        select(movements.c.order_id, movements.c.line_id, func.sum(-movements.c.on_hand).label("units"))
        .where(
            movements.c.channel == channel, movements.c.kind == Kind.FULFILMENT.value, movements.c.happened_at > instant
        )
        .group_by(movements.c.order_id, movements.c.line_id)
        .subquery()
    )
    same_line = (shipped_later.c.order_id == order_lines.c.order_id) & (
        shipped_later.c.line_id == order_lines.c.line_id
    )
    unshipped = order_lines.c.promised + order_lines.c.undecided - order_lines.c.decided
    # Nothing is booked of a line without a SKU; when it gets one, its shipping is booked as of then, or as of now.
    waiting = order_lines.c.sku_id.is_(None) & ~orders.c.baseline
    books_later = waiting & or_(orders.c.fulfilled_at.is_(None), orders.c.fulfilled_at > instant)
    later = case((books_later, order_lines.c.fulfilled), else_=func.coalesce(shipped_later.c.units, 0))
    on_shelf = unshipped + later
    rows = tx.execute(
        select(
            order_lines.c.channel_listing_id,
            func.sum(case((order_lines.c.taken < on_shelf, order_lines.c.taken), else_=on_shelf)),
        )
        .join(orders, (orders.c.channel == order_lines.c.channel) & (orders.c.order_id == order_lines.c.order_id))
        .join(shipped_later, same_line, isouter=True)
        .where(
            order_lines.c.channel == channel,
            order_lines.c.channel_listing_id.is_not(None),
            orders.c.created_at <= instant,
            order_lines.c.taken > 0,
        )
        .group_by(order_lines.c.channel_listing_id)
    )
    return {listing_id: max(0, int(units)) for listing_id, units in rows}


def open_lines_of_listing(tx: Tx, row_id: int) -> list[LineRow]:
    """Lines that reserve units of a SKU and came in by this listing row."""
    reserved = order_lines.c.promised + order_lines.c.undecided - order_lines.c.decided
    query = select(order_lines).where(order_lines.c.listing == row_id, order_lines.c.sku_id.is_not(None), reserved > 0)
    return [_line(row) for row in tx.execute(query.order_by(order_lines.c.order_id, order_lines.c.line_id))]
