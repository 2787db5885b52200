"""What each field of a query answers. Fields that are plain attributes of the model need no entry here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from syncd.sandbox.shopify import search
from syncd.sandbox.shopify.asked import NODE_SCOPES, Asked
from syncd.sandbox.shopify.graphql.errors import GraphError
from syncd.sandbox.shopify.graphql.execution import Call, Resolver
from syncd.sandbox.shopify.model import (
    STATES,
    AdjustmentGroup,
    Entity,
    InventoryItem,
    InventoryLevel,
    LineItem,
    Location,
    Metafield,
    MetafieldDefinition,
    Order,
    Product,
    Variant,
    gid,
)
from syncd.sandbox.shopify.pages import Row, connection

SHOP_ID = gid("Shop", 1)


def shown(instant: datetime) -> str:
    """``2026-11-23T03:05:03Z``: whole seconds, UTC."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def money(units: Decimal, currency: str) -> dict[str, Any]:
    one = {"amount": str(float(units)), "currencyCode": currency}
    return {"shopMoney": one, "presentmentMoney": one}


def rows(things: Iterable[Entity], by: str = "id") -> list[Row]:
    """Things with what they are sorted by: their number, or an attribute."""
    values = ((thing, str(thing.number) if by == "id" else getattr(thing, by)) for thing in things)
    return [(shown(v) if isinstance(v, datetime) else str(v).lower(), thing.number, thing) for thing, v in values]


# ---------------------------------------------------------------------- the shop


def shop_of(_: object, call: Call) -> dict[str, Any]:
    shop = call.request.shop
    return {
        "id": SHOP_ID,
        "name": shop.name,
        "myshopifyDomain": shop.domain,
        "primaryDomain": {"id": gid("Domain", 1), "host": shop.domain, "url": f"https://{shop.domain}"},
        "url": f"https://{shop.domain}",
        "ianaTimezone": "Asia/Jerusalem",
        "currencyCode": shop.currency,
        "plan": {"publicDisplayName": "Basic", "shopifyPlus": False, "partnerDevelopment": False},
    }


def installation(_: object, call: Call) -> dict[str, Any]:
    """The scopes as granted: a write scope stands there together with its read scope."""
    scopes = sorted(call.request.scopes | {one.replace("write_", "read_", 1) for one in call.request.scopes})
    app = {"id": gid("App", 1), "title": "syncd", "handle": "syncd"}
    return {
        "id": gid("AppInstallation", 1),
        "app": app,
        "accessScopes": [{"handle": scope, "description": scope.replace("_", " ")} for scope in scopes],
    }


def api_versions(_: object, call: Call) -> list[dict[str, Any]]:
    return [{"handle": one, "displayName": one, "supported": True} for one in call.request.supported_versions]


def node(_: object, call: Call) -> Any:
    return _node(call.request, call.arguments["id"])


def nodes(_: object, call: Call) -> list[Any]:
    return [_node(call.request, one) for one in call.arguments["ids"]]


def _node(asked: Asked, one: str) -> Any:
    found = asked.find(one)
    if found is not None and (scope := NODE_SCOPES.get(found.TYPE)):
        asked.demand("node", scope)
    return found


def by_id(kind: str) -> Resolver:
    return lambda _, call: call.request.find(call.arguments["id"], kind)


# ---------------------------------------------------------------------- locations, products


def location(_: object, call: Call) -> Location | None:
    if "id" not in call.arguments:
        return call.request.shop.main_location  # type: ignore[no-any-return]  # the request is any
    return call.request.find(call.arguments["id"], "Location")  # type: ignore[no-any-return]  # as above


def locations(_: object, call: Call) -> dict[str, Any]:
    """Active ones, unless asked otherwise."""
    matches = call.request.searched(call, search.LOCATIONS)
    found = [
        one
        for one in call.request.shop.locations.values()
        if (one.is_active or call.arguments.get("includeInactive"))
        and matches(
            {"id": one.number, "name": one.name, "active": str(one.is_active).lower(), "created_at": one.created_at}
        )
    ]
    return connection(rows(found, "name" if call.arguments.get("sortKey", "NAME") == "NAME" else "id"), call)


def _variant_doc(one: Variant) -> search.Doc:
    return {
        "id": one.number,
        "product_id": one.product.number,
        "title": one.title,
        "sku": one.sku,
        "barcode": one.barcode,
        "product_status": one.product.status.lower(),
        "inventory_quantity": one.inventory_quantity,
        "updated_at": one.updated_at,
    }


def products(_: object, call: Call) -> dict[str, Any]:
    matches = call.request.searched(call, search.PRODUCTS)
    found = []
    for one in call.request.shop.products.values():
        doc = {"id": one.number, "title": one.title, "status": one.status.lower(), "created_at": one.created_at}
        doc |= {"updated_at": one.updated_at, "sku": tuple(v.sku for v in one.variants if v.sku)}
        if matches(doc):
            found.append(one)
    by = {"TITLE": "title", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}
    return connection(rows(found, by.get(call.arguments.get("sortKey", "ID"), "id")), call)


def variants(_: object, call: Call) -> dict[str, Any]:
    matches = call.request.searched(call, search.VARIANTS)
    found = [one for one in call.request.shop.variants() if matches(_variant_doc(one))]
    return connection(
        rows(found, {"SKU": "sku", "TITLE": "title"}.get(call.arguments.get("sortKey", "ID"), "id")), call
    )


def variants_count(_: object, call: Call) -> dict[str, Any]:
    matches = call.request.searched(call, search.VARIANTS)
    return {"count": sum(1 for one in call.request.shop.variants() if matches(_variant_doc(one))), "precision": "EXACT"}


def sold_out(variant: Variant) -> bool:
    return variant.stops_at_zero and variant.sellable_online_quantity <= 0


# ---------------------------------------------------------------------- stock


def items(_: object, call: Call) -> dict[str, Any]:
    matches = call.request.searched(call, search.ITEMS)
    found = []
    for variant in call.request.shop.variants():
        item = variant.inventory_item
        doc = {"id": item.number, "sku": variant.sku, "created_at": item.created_at, "updated_at": item.updated_at}
        if matches(doc):
            found.append(item)
    return connection(rows(found), call)


def same_sku(item: InventoryItem, call: Call) -> int:
    sku = item.variant.sku
    return sum(1 for one in call.request.shop.variants() if sku and one.sku == sku)


def _shows(level: InventoryLevel | None, call: Call) -> InventoryLevel | None:
    """An inactive level hides unless it is asked for: its number does not sell (shopify-facts §2.4)."""
    return level if level and (level.is_active or call.arguments.get("includeInactive")) else None


def level_at(item: InventoryItem, call: Call) -> InventoryLevel | None:
    place = call.request.find(call.arguments["locationId"], "Location")
    return _shows(item.levels.get(place.number), call) if place else None


def level_of(place: Location, call: Call) -> InventoryLevel | None:
    item = call.request.find(call.arguments["inventoryItemId"], "InventoryItem")
    return _shows(item.levels.get(place.number), call) if item else None


def _levels(found: Iterable[InventoryLevel], call: Call, by_item: bool) -> dict[str, Any]:
    matches = call.request.searched(call, search.LEVELS)
    listed: list[Row] = []
    for level in found:
        doc = {"inventory_item_id": level.item.number, "updated_at": level.updated_at, "created_at": level.created_at}
        if _shows(level, call) and matches(doc):
            number = level.item.number if by_item else level.location.level_number
            listed.append((str(number), number, level))
    return connection(listed, call)


def levels_of_item(item: InventoryItem, call: Call) -> dict[str, Any]:
    return _levels(item.levels.values(), call, by_item=False)


def levels_of_location(place: Location, call: Call) -> dict[str, Any]:
    everywhere = (one.inventory_item.levels.get(place.number) for one in call.request.shop.variants())
    return _levels((level for level in everywhere if level), call, by_item=True)


def quantities(level: InventoryLevel, call: Call) -> list[dict[str, Any]]:
    """The states asked for; the sum on hand has no time of its own (recorded)."""
    asked_for = call.arguments["names"]
    if unknown := [name for name in asked_for if name not in STATES]:
        raise GraphError(f"The quantity names {', '.join(unknown)} are not valid.", code="BAD_REQUEST")
    return [
        {
            "id": level.id.replace("InventoryLevel", "InventoryQuantity").replace("?", f"_{name}?"),
            "name": name,
            "quantity": level.quantity(name),
            "updatedAt": level.changed_at.get(name),
        }
        for name in asked_for
    ]


def changes(group: AdjustmentGroup, call: Call) -> list[dict[str, Any]]:
    wanted = call.arguments
    return [
        {
            "name": one.name,
            "delta": one.delta,
            "quantityAfterChange": None,  # null in every recorded answer: not to be built on (shopify-facts §2.1)
            "ledgerDocumentUri": one.ledger_document_uri,
            "item": one.level.item,
            "location": one.level.location,
        }
        for one in group.changes
        if one.name in (wanted.get("quantityNames") or [one.name])
        and one.level.item.id in (wanted.get("inventoryItemIds") or [one.level.item.id])
        and one.level.location.id in (wanted.get("locationIds") or [one.level.location.id])
    ]


# ---------------------------------------------------------------------- orders


def _known(asked: Asked, call: Call) -> list[tuple[search.Doc, Order]]:
    """Orders as the search knows them, which is as they were a while ago; what is shown of them is fresh."""
    seen_until = asked.shop.clock() - asked.shop.search_lag
    matches = asked.searched(call, search.ORDERS)
    found: list[tuple[search.Doc, Order]] = []
    for order in asked.shop.orders.values():
        docs = [doc for since, doc in order.index if since <= seen_until]
        if docs and asked.sees(order) and matches(docs[-1]):
            found.append((docs[-1], order))
    return found


def orders(_: object, call: Call) -> dict[str, Any]:
    by = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "ID": "id"}.get(
        call.arguments.get("sortKey", "PROCESSED_AT"), "processed_at"
    )
    listed: list[Row] = []
    for doc, order in _known(call.request, call):
        value = doc[by]
        listed.append((shown(value) if isinstance(value, datetime) else str(value), order.number, order))
    page = connection(listed, call)
    disorder: Random | None = call.request.shop.order_list_disorder
    if disorder is not None and page["edges"]:
        page["edges"].append(disorder.choice(page["edges"]))
        disorder.shuffle(page["edges"])
        page["nodes"] = [edge["node"] for edge in page["edges"]]
    return page


def orders_count(_: object, call: Call) -> dict[str, Any]:
    return {"count": len(_known(call.request, call)), "precision": "EXACT"}


def first(things: list[Any], call: Call) -> list[Any]:
    return things[: call.arguments["first"]] if call.arguments.get("first") is not None else things


def received(order: Order) -> Decimal:
    return sum((one.money for one in order.transactions if one.kind == "SALE"), Decimal())


def refunded(order: Order) -> Decimal:
    return sum((one.money for one in order.transactions if one.kind == "REFUND"), Decimal())


def price(order: Order, current: bool = False) -> Decimal:
    return sum((x.price * (x.current_quantity if current else x.quantity) for x in order.lines), Decimal())


def in_money(total: Any) -> Resolver:
    """A sum of an order in its currency."""
    return lambda order, _: money(Decimal(total(order)), order.currency)


def ordered_lines(order: Order, call: Call) -> dict[str, Any]:
    return connection(rows(order.lines), call)


def lines_of(thing: Any, call: Call) -> dict[str, Any]:
    """The lines of a refund or a shipment."""
    return connection([(str(one.number), one.number, one) for one in thing.lines], call)


def line_money(line: LineItem, call: Call) -> dict[str, Any]:
    return money(line.price, call.request.shop.currency)


def product_of_line(line: LineItem, _: Call) -> Product | None:
    return line.variant.product if line.variant else None


def own_metafield(owner: Any, call: Call) -> Any:
    return _metafields(owner).get((call.arguments.get("namespace") or "$app", call.arguments["key"]))


def own_metafields(owner: Any, call: Call) -> dict[str, Any]:
    namespace = call.arguments.get("namespace")
    found = [one for one in _metafields(owner).values() if namespace in (None, one.namespace)]
    return connection(rows(found), call)


def _metafields(owner: Any) -> Mapping[tuple[str, str], Metafield]:
    return {} if isinstance(owner, Mapping) else owner.metafields


def metafield_in_json(one: Metafield, _: Call) -> Any:
    return json.loads(one.value) if one.type == "json" else one.value


# ---------------------------------------------------------------------- definitions of metafields


def definition(_: object, call: Call) -> MetafieldDefinition | None:
    """By its owner, namespace and key; its id is on the way out (2026-10)."""
    wish = call.arguments.get("identifier") or {}
    place = (wish.get("ownerType"), wish.get("namespace") or "$app", wish.get("key"))
    return call.request.shop.definitions.get(place)  # type: ignore[no-any-return]  # the request is any


def definitions(_: object, call: Call) -> dict[str, Any]:
    wanted = call.arguments
    found = [
        one
        for one in call.request.shop.definitions.values()
        if one.owner_type == wanted["ownerType"]
        and wanted.get("namespace") in (None, one.namespace)
        and wanted.get("key") in (None, one.key)
    ]
    return connection(rows(found), call)


def definition_type(one: MetafieldDefinition, _: Call) -> dict[str, str]:
    return {"name": one.type, "category": "JSON" if one.type == "json" else "TEXT"}
