"""Why more was sold than there is, as far as the books can tell (N31, N32)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.domain.movements import BY_CUSTOMERS, Kind
from syncd.domain.said import Said

LATE = timedelta(hours=1)
"""A sale that became known later than this was told late; sooner, it is the ordinary lag between two shops."""


@dataclass(frozen=True, slots=True)
class Change:
    """One movement as it changed what is available of a SKU, by `units`.

    `number` and `ordered_at`: of the order that it belongs to, as the owner sees it, and when that was made; ``None``
    where it belongs to none.
    """

    kind: Kind
    units: int
    recorded_at: datetime
    reason: str = ""
    channel: str | None = None
    order_id: str | None = None
    line_id: str | None = None
    number: str | None = None
    ordered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Units beyond the shelf that were sold and are not relied on any more: why, and since when; ``None``: nobody
    noted it, they only count no longer."""

    units: int
    why: Said
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the books say beside the movements.

    `waited`: lines that waited for their SKU, as channel and subject of their incident. `tills`: channels that tell
    their sales when somebody tells them. `at_zero`: channels that go on selling the SKU at 0.
    """

    ended: Sequence[Ended] = ()
    waited: Collection[tuple[str, str]] = ()
    tills: Collection[str] = ()
    at_zero: Collection[str] = ()


NOT_KNOWN = Said("The cause is not known")


def crossing(left: int, changes: Sequence[Change]) -> int | None:
    """Which of these changes, the newest first, took what is `left` below zero; ``None`` where none of them did."""
    for number, change in enumerate(changes):
        before = left - change.units
        if left < 0 <= before:
            return number
        left = before
    return None


def cause(sku: str, left: int, changes: Sequence[Change], around: Surroundings) -> Said:
    """What took the units of a SKU of which more is promised than there is: `left` is negative.

    `changes` are its latest, the newest first.
    """
    number = crossing(left, changes)
    change = changes[number] if number is not None else None
    for one in around.ended:
        later = change is None or one.at is None or one.at >= change.recorded_at
        if left + one.units >= 0 and later:
            return one.why
    if change is None or number is None:
        return NOT_KNOWN
    units = -change.units
    match change.kind:
        case Kind.STOCKTAKE:
            return Said("A count found fewer than the books said (difference: {units})", units=units)
        case Kind.ADJUSTMENT:
            return Said("Taken off by hand: {units} ({reason})", units=units, reason=change.reason)
        case Kind.TRANSFER:
            return Said("Moved to a place that is not sold from: {units}", units=units)
        case _ if change.kind in BY_CUSTOMERS:
            return _sold(sku, change, changes[number + 1 :], around)
        case _:
            return NOT_KNOWN


def _sold(sku: str, sale: Change, before: Sequence[Change], around: Surroundings) -> Said:
    """Why a sale took what was promised already."""
    if sale.channel is None:
        return Said("Sold beside the shops: {units}", units=-sale.units)
    channel, number = sale.channel, sale.number or ""
    subjects = {(channel, f"{sale.order_id}/{sale.line_id}"), (channel, f"SKU {sku}")}
    if subjects & set(around.waited):
        return Said("Order {number} in {channel} waited for its SKU to be known", number=number, channel=channel)
    late = sale.recorded_at - (sale.ordered_at or sale.recorded_at)
    if late > LATE:
        hours = int(late / timedelta(hours=1))
        if channel in around.tills:
            return Said("{channel} told of a sale only {hours} h later", channel=channel, hours=hours)
        return Said(
            "{channel} was not read for a while: its order {number} became known {hours} h later",
            channel=channel,
            number=number,
            hours=hours,
        )
    if channel in around.at_zero:
        return Said("{channel} goes on selling at 0", channel=channel)
    for one in before:
        if sale.recorded_at - one.recorded_at > LATE:
            break
        if one.units < 0 and one.channel != channel:
            if one.channel is None:
                return Said("{channel} sold it before it was told what was taken off by hand", channel=channel)
            return Said("{channel} and {other} sold the last ones at the same time", channel=channel, other=one.channel)
    return NOT_KNOWN
