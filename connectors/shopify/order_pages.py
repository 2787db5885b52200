"""Walks Shopify's orders: what is open at first contact, then what changed since a cursor (design.md §3.11).

Times in Shopify's search have whole seconds and its index trails behind, so each walk begins `overlap` before the
newest change that the last one saw. All instants are the shop's own: the clock of this machine plays no part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.contract import CursorExpired, OrderPage, OrdersById, OrderState, Parked, Unreadable
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import (
    DEEPEST,
    MORE_FULFILLED,
    MORE_LINES,
    MORE_REFUNDED,
    NEWEST_ORDER,
    ORDERS,
    ORDERS_BY_ID,
    ORDERS_PAGE,
)
from connectors.shopify.orders import OrderParts, listing_ids, order_state
from connectors.shopify.reading import Misread, field, gid, identity, instant, listed, next_page, text

# An order that was archived by hand before it was shipped is closed, and still owed.
OPEN = "status:open OR fulfillment_status:unfulfilled"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the orders were read. `after` is Shopify's own cursor within the walk that begins at `since`."""

    walk: str  # "open" or "changed"
    since: str
    newest: str
    after: str | None = None
    depth: int = 0

    def cursor(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, cursor: str) -> Place:
        """The place that `cursor` names.

        Raises:
            CursorExpired: it is none of this connector.
        """
        try:
            place = cls(**json.loads(cursor))
            readable = (
                place.walk in ("open", "changed")
                and all(datetime.fromisoformat(told).tzinfo for told in (place.since, place.newest))
                and (place.after is None or isinstance(place.after, str))
                and type(place.depth) is int
            )
        except (TypeError, ValueError):
            readable = False
        if not readable:
            raise CursorExpired("This place in Shopify's orders is not known any more.")
        return place


class OrderPages:
    """Reads order states of one shop, seen from one location."""

    def __init__(self, admin: Admin, overlap: timedelta) -> None:
        self._admin = admin
        self._overlap = max(SHORTEST_OVERLAP, overlap)

    def since(self, cursor: str | None, location_gid: str) -> Iterator[OrderPage]:
        """Pages as `SalesSource.orders` promises them."""
        place = self._beginning() if cursor is None else Place.parse(cursor)
        while True:
            page, place, last = self._page(place, location_gid)
            yield page
            if last:
                return

    def by_id(self, ids: Sequence[str], location_gid: str) -> OrdersById:
        """These orders; missing where Shopify shows none any more (deleted, or older than 60 days)."""
        orders: list[OrderState] = []
        parked: list[Parked] = []
        missing: list[str] = []
        for start in range(0, len(ids), ORDERS_PAGE):
            part = ids[start : start + ORDERS_PAGE]
            nodes = self._admin.nodes(ORDERS_BY_ID, [gid("Order", id_) for id_ in part], {})
            missing += [id_ for id_, node in zip(part, nodes, strict=True) if node is None]
            self._sort_out([node for node in nodes if node is not None], location_gid, orders, parked)
        return OrdersById(tuple(orders), tuple(missing), tuple(parked))

    def _beginning(self) -> Place:
        """First contact: what changes from now on is what changes after the newest change so far."""
        try:
            nodes = listed(field(self._admin.ask(NEWEST_ORDER), "orders"), "nodes")
            newest = max((instant(node, "updatedAt") for node in nodes), default=BEGINNING)
        except Misread as misread:
            raise unreadable(misread) from None
        return Place("open", since=self._overlapping(newest), newest=newest.isoformat())

    def _page(self, place: Place, location_gid: str) -> tuple[OrderPage, Place, bool]:
        """The page at `place`, the place after it, and whether it is the last."""
        opening = place.walk == "open"
        variables = {
            "first": ORDERS_PAGE,
            "after": place.after,
            "query": OPEN if opening else f"updated_at:>='{_told(place.since)}'",
            "sortKey": "ID" if opening else "UPDATED_AT",
        }
        data = self._asked(variables)
        try:
            connection = field(data, "orders")
            nodes = listed(connection, "nodes")
            after = next_page(connection, place.after)
        except Misread as misread:
            raise unreadable(misread) from None
        orders: list[OrderState] = []
        parked: list[Parked] = []
        self._sort_out(nodes, location_gid, orders, parked)
        following = self._following(place, nodes, after)
        page = OrderPage(tuple(orders), following.cursor(), tuple(parked))
        return page, following, after is None and not opening

    def _asked(self, variables: Mapping[str, object]) -> Mapping[str, object]:
        """The answer; a place that Shopify does not find again has expired."""
        try:
            return self._admin.ask(ORDERS, variables)
        except Unreadable as refused:
            if variables["after"] is not None and "cursor" in refused.sample.lower():
                raise CursorExpired("Shopify does not know this place in its orders any more.") from None
            raise

    def _following(self, place: Place, nodes: Sequence[object], after: str | None) -> Place:
        depth = place.depth + len(nodes)
        if place.walk == "open":
            if after is not None:
                return replace(place, after=after, depth=depth)
            return Place("changed", since=place.since, newest=place.newest)
        newest = max([place.newest, *_updates(nodes)])
        if after is None:
            return Place("changed", since=self._overlapping(_instant(newest)), newest=newest)
        if depth >= DEEPEST - ORDERS_PAGE:
            # Shopify pages no deeper: begin again where this page stands. An order may show a later change than the
            # one that gives it its place in the walk, so the earliest counts.
            return Place("changed", since=min(_updates(nodes), default=place.since), newest=newest)
        return replace(place, newest=newest, after=after, depth=depth)

    def _overlapping(self, newest: datetime) -> str:
        return max(BEGINNING, newest - self._overlap).isoformat()

    def _sort_out(
        self, nodes: Sequence[object], location_gid: str, orders: list[OrderState], parked: list[Parked]
    ) -> None:
        """Adds each order to `orders`, or to `parked` where it cannot be read."""
        for node in nodes:
            lines: list[object] = []
            try:
                lines += self._all(node, "lineItems", MORE_LINES)
                fulfilments = listed(node, "fulfillments")
                fulfilled = {
                    text(part, "id"): self._all(part, "fulfillmentLineItems", MORE_FULFILLED) for part in fulfilments
                }
                refunds = listed(node, "refunds")
                refunded = [entry for part in refunds for entry in self._all(part, "refundLineItems", MORE_REFUNDED)]
                orders.append(order_state(OrderParts(node, lines, fulfilled, refunded), location_gid))
            except Misread as misread:
                name = str(node.get("name") or node.get("id"))[:40] if isinstance(node, dict) else "without a name"
                reason = f"order {name} cannot be read: its field {misread.field} is not as it should be"
                parked.append(Parked(_id_of(node), reason, listing_ids=listing_ids(lines)))

    def _all(self, node: object, name: str, document: str) -> list[object]:
        """Every node of a connection within an order; the first page came with it.

        Raises:
            Misread: a page lacks what a page has.
        """
        connection = field(node, name)
        nodes = list(listed(connection, "nodes"))
        after: str | None = None
        while after := next_page(connection, after):
            again = self._admin.ask(document, {"id": text(node, "id"), "after": after})
            connection = field(field(again, "node"), name)
            nodes += listed(connection, "nodes")
        return nodes


def _id_of(node: object) -> str:
    """The order's id; empty where not even that can be read."""
    try:
        return identity(node, "Order")
    except Misread:
        return ""


def _updates(nodes: Sequence[object]) -> Iterator[str]:
    """When the readable ones of these orders changed."""
    for node in nodes:
        try:
            yield instant(node, "updatedAt").isoformat()
        except Misread:
            continue


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told)


def _told(since: str) -> str:
    """An instant as Shopify's search reads it."""
    return _instant(since).strftime("%Y-%m-%dT%H:%M:%SZ")
