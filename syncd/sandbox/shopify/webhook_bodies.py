"""What deliveries say: the REST form of orders, refunds and levels. Times are in the shop's zone (shopify-facts §5).

Customers stand in them, as in the real ones: an app that does not want them asks for other fields (``includeFields``).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from syncd.sandbox.shopify.model import InventoryLevel, LineItem, Order, Refund

ZONE = timezone(timedelta(hours=2), "Asia/Jerusalem")
SHIPPING = {"UNFULFILLED": None, "PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled"}
CUSTOMER = {"id": 1, "email": "erika@customer.example", "first_name": "Erika", "last_name": "Muster"}

Body = dict[str, Any]


def order(one: Order) -> Body:
    """orders/create, orders/updated, orders/cancelled."""
    return {
        "id": one.number,
        "admin_graphql_api_id": one.id,
        "name": one.name,
        "order_number": int(one.name.lstrip("#")),
        "email": CUSTOMER["email"],
        "customer": CUSTOMER,
        "created_at": _at(one.created_at),
        "updated_at": _at(one.updated_at),
        "cancelled_at": _at(one.cancelled_at),
        "cancel_reason": one.cancel_reason and one.cancel_reason.lower(),
        "closed_at": _at(one.closed_at),
        "currency": one.currency,
        "financial_status": one.display_financial_status.lower(),
        "fulfillment_status": SHIPPING[one.display_fulfillment_status],
        "note": one.note,
        "source_name": one.source_name,
        "test": one.test,
        "line_items": [_line(line) for line in one.lines],
        "refunds": [refund(one, made) for made in one.refunds],
    }


def deleted(one: Order) -> Body:
    """orders/delete."""
    return {"id": one.number}


def edited(one: Order, line: LineItem, units: int, at: datetime) -> Body:
    """orders/edited: the order is named inside, and nothing beside it."""
    return {
        "order_edit": {
            "id": one.number + 1,
            "app_id": None,
            "created_at": _at(at),
            "committed_at": _at(at),
            "notify_customer": False,
            "order_id": one.number,
            "reason": None,
            "staff_note": "",
            "user_id": None,
            "line_items": {"additions": [], "removals": [{"id": line.number, "delta": units}]},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def refund(one: Order, made: Refund) -> Body:
    """refunds/create: its own id, and the order's as ``order_id``."""
    return {
        "id": made.number,
        "admin_graphql_api_id": made.id,
        "order_id": one.number,
        "created_at": _at(made.created_at),
        "processed_at": _at(made.created_at),
        "note": made.note,
        "restock": any(line.restock_type != "NO_RESTOCK" for line in made.lines),
        "refund_line_items": [
            {
                "id": line.number,
                "line_item_id": line.line.number,
                "location_id": line.location and line.location.number,
                "quantity": line.quantity,
                "restock_type": line.restock_type.lower(),
            }
            for line in made.lines
        ],
        "transactions": [{"id": each.number, "kind": each.kind.lower()} for each in made.transactions],
    }


def level(one: InventoryLevel) -> Body:
    """inventory_levels/update: neither cause nor old value."""
    return {
        "inventory_item_id": one.item.number,
        "location_id": one.location.number,
        "available": one.states["available"],
        "updated_at": _at(one.updated_at),
        "admin_graphql_api_id": one.id,
    }


def uninstalled(name: str, domain: str) -> Body:
    """app/uninstalled."""
    owner = "owner@customer.example"
    return {"id": 1, "name": name, "email": owner, "shop_owner": "Erika Muster", "myshopify_domain": domain}


def _line(line: LineItem) -> Body:
    return {
        "id": line.number,
        "admin_graphql_api_id": line.id,
        "name": line.title,
        "sku": line.sku,
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "fulfillable_quantity": line.unfulfilled_quantity,
        "variant_id": line.variant and line.variant.number,
        "price": str(line.price),
    }


def _at(instant: datetime | None) -> str | None:
    return instant.astimezone(ZONE).isoformat(timespec="seconds") if instant else None
