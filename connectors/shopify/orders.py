"""What an order of Shopify means for stock: a pure translation (design.md §3.2, shopify-facts §4).

Shopify tells, per line, units ordered (`quantity`, also those refunded or removed), units ordered still
(`currentQuantity`), units not shipped yet (`unfulfilledQuantity`), and, apart, fulfilments and refunds. None of the
refunds says whether it meant shipped units or not; that follows from the sums, see `_refunded_unshipped`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.contract import OrderLine, OrderState
from connectors.shopify.reading import (
    Misread,
    flag,
    identity,
    instant,
    listed,
    maybe_text,
    text,
    whole,
)
from connectors.shopify.reading import field as value_of

SHIPPED = "SUCCESS"
UNDERWAY = {"OPEN", "PENDING"}
"""A third party has the order, the goods have not left yet."""


@dataclass(slots=True)
class LineFacts:
    """What Shopify tells about one line; all in units."""

    ordered: int
    current: int
    unfulfilled: int
    shipped: int = 0
    shipped_elsewhere: int = 0
    underway: int = 0
    cancelled: int = 0
    came_back: int = 0
    not_restocked: int = 0
    put_back: int = 0
    """Of the cancelled and of those that came back: put back into the number of our location."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """As in `OrderLine`."""

    promised: int
    undecided: int
    fulfilled: int
    returned: int
    taken: int


def buckets(line: LineFacts, *, order_cancelled: bool) -> Buckets:
    """The state of one line.

    Units leave an order in four ways. *Cancelled* ones were not shipped and are sellable again, and so are those that
    an *edit* removed (Shopify tells of them by no more than a smaller `currentQuantity`). Of those that *came back* the
    shipped ones are returned; where none was shipped, Shopify lets a refund of unshipped units call itself a return
    (recording refund-create-partial-shipping-restock-parity): sellable again. *Not restocked* and not shipped waits for
    a decision, and so does all that is left of an order that was cancelled.

    `taken` counts what `available` fell by when the units were ordered and did not rise by since: shipping does not
    move it, nor does a refund without restock. Units shipped from another location were taken there. It does not ask
    whether stock is tracked *now*: reading an order again must not change it because the owner ticked a box since.
    """
    refunded = line.cancelled + line.came_back + line.not_restocked
    not_shipped = max(0, line.ordered - line.shipped - line.cancelled)
    removed = min(not_shipped, max(0, line.ordered - line.current - refunded))
    unshipped = not_shipped - removed
    refunded_unshipped = _refunded_unshipped(line, unshipped)
    not_restocked_unshipped = min(line.not_restocked, refunded_unshipped)
    back_unshipped = refunded_unshipped - not_restocked_unshipped
    owed = unshipped - refunded_unshipped
    ended = owed + removed if order_cancelled else 0
    return Buckets(
        promised=0 if order_cancelled else owed,
        undecided=not_restocked_unshipped + ended,
        fulfilled=line.shipped,
        returned=min(line.shipped, line.came_back - back_unshipped),
        taken=line.ordered - line.shipped_elsewhere - line.put_back - (0 if order_cancelled else removed),
    )


def _refunded_unshipped(line: LineFacts, unshipped: int) -> int:
    """How many of the `unshipped` units were refunded as a return or without restock.

    Without shipped units all of them; without refunds none. In between, `unfulfilledQuantity` tells what is still to
    be shipped, within what the sums allow. In doubt it counts units as not restocked first: they are held, not sold.
    """
    refunded = line.came_back + line.not_restocked
    least = min(unshipped, max(0, refunded - line.shipped))
    most = min(unshipped, refunded)
    return min(most, max(least, unshipped - line.unfulfilled - line.underway))


@dataclass(frozen=True, slots=True)
class OrderParts:
    """An order with every page of its lines, fulfilments and refunds."""

    node: object
    lines: Sequence[object]
    fulfilled: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """By the id of the fulfilment."""
    refunded: Sequence[object] = ()


def order_state(parts: OrderParts, location_gid: str) -> OrderState:
    """The state of an order, seen from the location whose stock is written.

    A line whose variant was deleted keeps its SKU and has no listing. `version` is `updatedAt` in whole seconds, as
    Shopify tells it.

    Raises:
        Misread: a field is missing or of another type.
    """
    node = parts.node
    lines = {text(line, "id"): line for line in parts.lines}  # pages that shifted while they were read may repeat one
    facts = {line_id: _ordered(line) for line_id, line in lines.items()}
    shipped_at = _add_shipments(facts, parts, location_gid)
    _add_refunds(facts, parts, location_gid)
    cancelled = value_of(node, "cancelledAt") is not None
    return OrderState(
        id=identity(node, "Order"),
        number=text(node, "name"),
        version=int(instant(node, "updatedAt").timestamp()),
        created_at=instant(node, "createdAt"),
        lines=tuple(_line(line, facts[line_id], order_cancelled=cancelled) for line_id, line in lines.items()),
        status="cancelled" if cancelled else text(node, "displayFulfillmentStatus").lower(),
        fulfilled_at=max(shipped_at, default=None),
        test=flag(node, "test"),
    )


def listing_ids(lines: Sequence[object]) -> tuple[str, ...]:
    """The listings of these lines, as far as they can be read: for an order that cannot."""
    found = []
    for line in lines:
        try:
            listing_id = _listing_id(line)
        except Misread:
            continue
        if listing_id is not None:
            found.append(listing_id)
    return tuple(found)


def _ordered(line: object) -> LineFacts:
    facts = LineFacts(whole(line, "quantity"), whole(line, "currentQuantity"), whole(line, "unfulfilledQuantity"))
    if min(facts.ordered, facts.current, facts.unfulfilled) < 0:
        raise Misread("quantity")
    return facts


def _add_shipments(facts: Mapping[str, LineFacts], parts: OrderParts, location_gid: str) -> list[datetime]:
    """Adds what was shipped; returns when."""
    shipped_at = []
    for fulfilment in listed(parts.node, "fulfillments"):
        status = text(fulfilment, "status")
        if status == SHIPPED:
            shipped_at.append(instant(fulfilment, "createdAt"))
        elsewhere = _elsewhere(fulfilment, location_gid)
        for entry in parts.fulfilled.get(text(fulfilment, "id"), ()):
            line = _line_of(entry, facts)
            units = whole(entry, "quantity")
            if status == SHIPPED:
                line.shipped += units
                line.shipped_elsewhere += units if elsewhere else 0
            elif status in UNDERWAY:
                line.underway += units
    return shipped_at


def _add_refunds(facts: Mapping[str, LineFacts], parts: OrderParts, location_gid: str) -> None:
    for entry in parts.refunded:
        line = _line_of(entry, facts)
        units = whole(entry, "quantity")
        restocked = flag(entry, "restocked")
        match text(entry, "restockType"):
            case "CANCEL":
                # Wherever it was put back: an unshipped unit is not taken from our location any more.
                line.cancelled += units
                line.put_back += units if restocked else 0
            case "RETURN" | "LEGACY_RESTOCK":
                line.came_back += units
                line.put_back += units if restocked and not _elsewhere(entry, location_gid) else 0
            case "NO_RESTOCK":
                line.not_restocked += units
            case _:
                raise Misread("restockType")


def _line_of(entry: object, facts: Mapping[str, LineFacts]) -> LineFacts:
    line_id = text(value_of(entry, "lineItem"), "id")
    if line_id not in facts:
        raise Misread("lineItem")
    return facts[line_id]


def _elsewhere(node: object, location_gid: str) -> bool:
    """True where another location is named; a location that is not told (any more) is taken for ours."""
    location = value_of(node, "location")
    return location is not None and text(location, "id") != location_gid


def _line(line: object, facts: LineFacts, *, order_cancelled: bool) -> OrderLine:
    found = buckets(facts, order_cancelled=order_cancelled)
    return OrderLine(
        line_id=identity(line, "LineItem"),
        listing_id=_listing_id(line),
        sku=maybe_text(line, "sku"),
        name=maybe_text(line, "name") or "",
        promised=found.promised,
        undecided=found.undecided,
        fulfilled=found.fulfilled,
        returned=found.returned,
        taken=found.taken,
    )


def _listing_id(line: object) -> str | None:
    variant = value_of(line, "variant")
    return None if variant is None else identity(value_of(variant, "inventoryItem"), "InventoryItem")
