"""What one request may see: the shop behind the scopes of a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from syncd.sandbox.shopify.graphql.document import At
from syncd.sandbox.shopify.graphql.errors import GraphError
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Keys
from syncd.sandbox.shopify.model import Entity, InventoryItem, InventoryLevel, Order
from syncd.sandbox.shopify.search import Kind, Predicate, read_search
from syncd.sandbox.shopify.shop import ShopifyShop

VISIBLE_FOR = timedelta(days=60)
GID = re.compile(r"gid://shopify/(\w+)/(\d+)(?:\?inventory_item_id=(\d+))?")

DEFINING = (
    "API client to have access to the namespace and the resource type associated with the metafield definition.\n"
)
READ_SCOPES: Mapping[tuple[str, str], str] = {
    ("QueryRoot", "location"): "read_locations",
    ("QueryRoot", "locations"): "read_locations",
    ("QueryRoot", "product"): "read_products",
    ("QueryRoot", "products"): "read_products",
    ("QueryRoot", "productVariant"): "read_products",
    ("QueryRoot", "productVariants"): "read_products",
    ("QueryRoot", "productVariantsCount"): "read_products",
    ("QueryRoot", "inventoryItem"): "read_inventory",
    ("QueryRoot", "inventoryItems"): "read_inventory",
    ("QueryRoot", "inventoryLevel"): "read_inventory",
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("QueryRoot", "ordersCount"): "read_orders",
    ("QueryRoot", "metafieldDefinition"): "read_products",
    ("QueryRoot", "metafieldDefinitions"): "read_products",
    ("ProductVariant", "inventoryItem"): "read_inventory",
    ("LineItem", "variant"): "read_products",
    ("LineItem", "product"): "read_products",
    ("Location", "inventoryLevel"): "read_inventory",
    ("Location", "inventoryLevels"): "read_inventory",
    ("Mutation", "inventorySetQuantities"): "write_inventory",
    ("Mutation", "inventoryAdjustQuantities"): "write_inventory",
    ("Mutation", "inventoryActivate"): "write_inventory",
    ("Mutation", "inventoryDeactivate"): "write_inventory",
    ("Mutation", "productVariantsBulkUpdate"): "write_products",
    ("Mutation", "metafieldsSet"): "write_products",
    ("Mutation", "metafieldsDelete"): "write_products",
    ("Mutation", "metafieldDefinitionCreate"): "write_products",
    ("Mutation", "metafieldDefinitionUpdate"): "write_products",
    ("Mutation", "orderCreate"): "write_orders",
    ("Mutation", "orderCancel"): "write_orders",
    ("Mutation", "refundCreate"): "write_orders",
}
NODE_SCOPES = {
    "Location": "read_locations",
    "Product": "read_products",
    "ProductVariant": "read_products",
    "InventoryItem": "read_inventory",
    "InventoryLevel": "read_inventory",
    "Order": "read_orders",
    "LineItem": "read_orders",
    "Fulfillment": "read_orders",
    "Refund": "read_orders",
}


@dataclass(slots=True)
class Asked:
    """One request: whose scopes it has, and the warnings of its searches."""

    shop: ShopifyShop
    scopes: frozenset[str]
    supported_versions: tuple[str, ...]
    keys: Keys
    search: list[dict[str, Any]] = field(default_factory=list)

    def may(self, scope: str) -> bool:
        """True where the token has this scope; a write scope brings its read scope (shopify-facts §4)."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def demand(self, what: str, scope: str) -> None:
        """Lets a token with this scope pass.

        Raises:
            GraphError: ACCESS_DENIED, where the token has not got the scope.
        """
        if not self.may(scope):
            # Definitions name no scope (recorded): those of a product's parts need that of products.
            required = DEFINING if what.startswith("metafieldDefinition") else f"`{scope}` access scope."
            raise GraphError(
                f"Access denied for {what} field. Required access: {required}",
                code="ACCESS_DENIED",
                documentation="https://shopify.dev/api/usage/access-scopes",
                requiredAccess=required,
            )

    def guard(self, type_name: str, call: Call) -> None:
        """Asks for the scope of a field before it is answered. Raises as `demand`."""
        if scope := READ_SCOPES.get((type_name, call.field.name)):
            self.demand(call.field.name, scope)

    def sees(self, order: Order) -> bool:
        """Orders of the last 60 days, unless the token may read all (shopify-facts §4)."""
        return self.may("read_all_orders") or order.created_at >= self.shop.clock() - VISIBLE_FOR

    def searched(self, call: Call, fields: Mapping[str, Kind]) -> Predicate:
        """The test that the argument `query` asks for; its warnings go into the answer."""
        search = read_search(call.arguments.get("query") or "", fields)
        if search.warnings:
            entry = {"path": list(call.path), "query": search.text, "parsed": search.parsed}
            self.search.append({**entry, "warnings": search.warnings})
        return search.matches

    def find(self, gid: str, wanted: str | None = None) -> Any:
        """What stands behind an id, or ``None``.

        Raises:
            GraphError: the id is of another type than the field takes.
        """
        found = GID.fullmatch(gid)
        kind = found.group(1) if found else None
        if not found or (wanted and kind != wanted):
            raise GraphError(f"Invalid id: {gid}", code="RESOURCE_NOT_FOUND")
        return self._lookup(str(kind), int(found.group(2)), found.group(3))

    def _lookup(self, kind: str, number: int, item: str | None) -> Any:
        shop = self.shop
        if kind == "InventoryLevel":
            return self._level(number, int(item)) if item else None
        if kind in ("ProductVariant", "InventoryItem"):
            one = shop.by_number.get(number)
            return one if one and kind == one.TYPE else None
        if kind in ("Order", "LineItem", "Fulfillment", "Refund"):
            return next((one for one in self._of_orders(kind) if one.number == number), None)
        tables: Mapping[str, Mapping[int, Any]] = {
            "Location": shop.locations,
            "Product": shop.products,
            "WebhookSubscription": shop.webhooks.subscriptions,
        }
        return tables.get(kind, {}).get(number)

    def _of_orders(self, kind: str) -> Iterator[Entity]:
        for order in filter(self.sees, self.shop.orders.values()):
            parts: Mapping[str, Iterable[Entity]] = {
                "Order": [order],
                "LineItem": order.lines,
                "Fulfillment": order.fulfillments,
                "Refund": order.refunds,
            }
            yield from parts[kind]

    def _level(self, level_number: int, item_number: int) -> InventoryLevel | None:
        item: InventoryItem | None = self._lookup("InventoryItem", item_number, None)
        levels = item.levels.values() if item else ()
        return next((level for level in levels if level.location.level_number == level_number), None)


def too_long(value: object, path: tuple[str, ...], at: At) -> GraphError | None:
    """The error for an input list of more than 250 entries anywhere inside `value` (shopify-facts §2.1)."""
    if isinstance(value, list):
        if len(value) > 250:
            return GraphError(
                f"The input array size of {len(value)} is greater than the maximum allowed of 250.",
                at=[at],
                path=path,
                code="MAX_INPUT_SIZE_EXCEEDED",
            )
        return next((error for one in value if (error := too_long(one, path, at))), None)
    if isinstance(value, Mapping):
        return next((error for name, one in value.items() if (error := too_long(one, (*path, name), at))), None)
    return None
