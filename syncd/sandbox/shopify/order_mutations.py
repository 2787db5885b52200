"""The mutations that make, cancel and refund orders. Tests and practice runs use them; syncd itself never does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from syncd.sandbox.shopify.asked import GID, Asked
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import LineItem, Order, Variant, gid
from syncd.sandbox.shopify.shop import ShopRefuses

NO_REFUND: Mapping[str, None] = {"order": None, "refund": None}


def create(_: object, call: Call) -> Payload:
    """An order by API: unless told otherwise it takes nothing from stock (``BYPASS``)."""
    asked: Asked = call.request
    given = call.arguments["order"]
    behaviour = call.arguments.get("options", {}).get("inventoryBehaviour", "BYPASS")
    lines: list[tuple[Variant | str, int]] = []
    for index, entry in enumerate(given.get("lineItems") or []):
        wish = asked.find(entry["variantId"], "ProductVariant") if entry.get("variantId") else entry.get("title")
        if not wish:
            where = ("order", "lineItems", index, "variantId")
            return {"order": None, "userErrors": [user_error("INVALID", "Variant is invalid", *where)]}
        lines.append((wish, entry["quantity"]))
    if not lines:
        errors = [user_error("INVALID", "Line items must have at least one line item", "order", "lineItems")]
        return {"order": None, "userErrors": errors}
    try:
        order = asked.shop.place(
            lines,
            test=given.get("test", False),
            paid=given.get("financialStatus", "PAID") == "PAID",
            takes_stock=behaviour != "BYPASS",
            obeys_policy=behaviour == "DECREMENT_OBEYING_POLICY",
        )
    except ShopRefuses as refused:
        message = str(refused)
        return {"order": None, "userErrors": [user_error("INVENTORY_CLAIM_FAILED", message, "order", "lineItems")]}
    order.note = given.get("note")
    return {"order": order, "userErrors": []}


def cancel(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    order: Order | None = asked.find(call.arguments["orderId"], "Order")
    if not order:
        return _not_cancelled(user_error("NOT_FOUND", "Order does not exist", "orderId"))
    try:
        asked.shop.cancel(order, restock=call.arguments["restock"], reason=call.arguments["reason"])
    except ShopRefuses:
        return _not_cancelled(user_error("INVALID", "Order has already been cancelled", "orderId"))
    job = {"id": gid("Job", asked.shop.number()), "done": False}
    return {"job": job, "orderCancelUserErrors": [], "userErrors": []}


def _not_cancelled(error: dict[str, Any]) -> Payload:
    return {"job": None, "orderCancelUserErrors": [error], "userErrors": [error]}


def refund(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    return asked.keys.once(call, asked.shop.clock(), NO_REFUND, lambda: _refund(asked, call.arguments["input"]))


def _refund(asked: Asked, given: Mapping[str, Any]) -> Payload:
    order: Order | None = asked.find(given["orderId"], "Order")
    if not order:
        return _not_refunded("Order does not exist", "orderId")
    money = sum((Decimal(str(one["amount"])) for one in given.get("transactions") or []), Decimal())
    wishes = []
    for index, entry in enumerate(given.get("refundLineItems") or []):
        line = _line(order, entry["lineItemId"])
        kind = entry.get("restockType") or "NO_RESTOCK"
        if not line or kind == "LEGACY_RESTOCK" or entry["quantity"] > line.current_quantity:
            message = "Quantity cannot refund more items than were purchased" if line else "Line item is invalid"
            return _not_refunded(message, "refundLineItems", index)
        if kind == "CANCEL" and entry["quantity"] > line.unfulfilled_quantity:
            return _not_refunded("Quantity cannot cancel more items than are unfulfilled", "refundLineItems", index)
        location = asked.find(entry["locationId"], "Location") if entry.get("locationId") else None
        wishes.append((line, entry["quantity"], kind, location))
    return {
        "order": order,
        "refund": asked.shop.refund_lines(order, wishes, money, given.get("note")),
        "userErrors": [],
    }


def _line(order: Order, line_id: str) -> LineItem | None:
    found = GID.fullmatch(line_id)
    return order.line(int(found.group(2))) if found else None


def _not_refunded(message: str, *place: str | int) -> Payload:
    return {**NO_REFUND, "userErrors": [user_error(None, message, *place)]}
