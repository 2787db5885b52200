"""The mutations that change variants, metafields and their definitions (shopify-facts §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from syncd.sandbox.shopify.asked import Asked
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import Entity, Metafield, Product, Variant, gid

MAX_METAFIELDS = 25


def update_variants(_: object, call: Call) -> Payload:
    """All or nothing, unless ``allowPartialUpdates``."""
    asked: Asked = call.request
    product: Product | None = asked.find(call.arguments["productId"], "Product")
    if not product:
        error = user_error("PRODUCT_DOES_NOT_EXIST", "Product does not exist", "productId")
        return {"product": None, "productVariants": None, "userErrors": [error]}
    errors: list[dict[str, Any]] = []
    good: list[tuple[Variant, Mapping[str, Any]]] = []
    for index, wish in enumerate(call.arguments["variants"]):
        variant: Variant | None = asked.find(wish["id"], "ProductVariant") if wish.get("id") else None
        if wrong := _variant_error(product, variant, wish, index):
            errors.append(wrong)
        elif variant:
            good.append((variant, wish))
    if errors and not call.arguments.get("allowPartialUpdates"):
        return {"product": product, "productVariants": None, "userErrors": errors}
    for one, wish in good:
        _update(one, wish)
        one.updated_at = product.updated_at = asked.shop.now()
    return {"product": product, "productVariants": [one for one, _ in good], "userErrors": errors}


def _variant_error(
    product: Product, variant: Variant | None, wish: Mapping[str, Any], index: int
) -> dict[str, Any] | None:
    place = ("variants", index)
    if not wish.get("id"):
        return user_error("PRODUCT_VARIANT_ID_MISSING", "Product variant is missing ID attribute", *place, "id")
    if not variant or variant.product is not product:
        return user_error("PRODUCT_VARIANT_DOES_NOT_EXIST", "Product variant does not exist", *place, "id")
    if "inventoryQuantities" in wish:
        message = (
            "Inventory quantities can only be provided during create. To update inventory for existing variants, use "
            "inventoryAdjustQuantities."
        )
        return user_error("NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE", message, *place, "inventoryQuantities")
    return None


def _update(variant: Variant, wish: Mapping[str, Any]) -> None:
    item = wish.get("inventoryItem") or {}
    variant.inventory_policy = wish.get("inventoryPolicy") or variant.inventory_policy
    variant.barcode = wish.get("barcode", variant.barcode)
    variant.price = Decimal(str(wish["price"])) if wish.get("price") is not None else variant.price
    variant.sku = item.get("sku", variant.sku) or None
    if item.get("tracked") is not None:
        variant.inventory_item.tracked = item["tracked"]


def set_metafields(_: object, call: Call) -> Payload:
    """Atomic; at most 25 a call; `compareDigest` null means that it must not exist yet."""
    asked: Asked = call.request
    wishes = call.arguments["metafields"]
    if len(wishes) > MAX_METAFIELDS:
        message = f"Exceeded the maximum metafields input limit of {MAX_METAFIELDS}."
        return _no_metafields([_metafield_error("LESS_THAN_OR_EQUAL_TO", message, None)])
    owners = [asked.find(wish["ownerId"]) for wish in wishes]
    errors = [
        error
        for index, (wish, owner) in enumerate(zip(wishes, owners, strict=True))
        if (error := _metafield_problem(wish, owner, index))
    ]
    if errors:
        return _no_metafields(errors)
    written = [_write(asked, owner, wish) for wish, owner in zip(wishes, owners, strict=True)]
    return {"metafields": written, "userErrors": []}


def _no_metafields(errors: list[dict[str, Any]]) -> Payload:
    return {"metafields": [], "userErrors": errors}


def _metafield_error(code: str, message: str, index: int | None, *place: str) -> dict[str, Any]:
    where: tuple[str | int, ...] = ("metafields",) if index is None else ("metafields", index, *place)
    return {**user_error(code, message, *where), "elementIndex": None}


def _metafield_problem(wish: Mapping[str, Any], owner: Entity | None, index: int) -> dict[str, Any] | None:
    if owner is None:
        return _metafield_error("INVALID", "Owner does not exist.", index, "ownerId")
    before = owner.metafields.get(_place(wish))
    if not wish.get("type") and not before:
        return _metafield_error("BLANK", "Type can't be blank", index, "type")
    if not wish["value"]:
        return _metafield_error("BLANK", "may not be empty", index, "value")
    if "compareDigest" not in wish:
        return None
    digest = wish["compareDigest"]
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        return _metafield_error("INVALID_COMPARE_DIGEST", "Invalid compareDigest.", index, "compareDigest")
    if digest != (before.compare_digest if before else None):
        message = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
        return _metafield_error("STALE_OBJECT", message, index)
    return None


def _place(wish: Mapping[str, Any]) -> tuple[str, str]:
    return wish.get("namespace") or "$app", wish["key"]


def _write(asked: Asked, owner: Entity, wish: Mapping[str, Any]) -> Metafield:
    now = asked.shop.now()
    before = owner.metafields.get(_place(wish))
    if before:
        before.value, before.updated_at = wish["value"], now
        return before
    namespace, key = _place(wish)
    owner.metafields[namespace, key] = Metafield(
        number=asked.shop.number(),
        created_at=now,
        updated_at=now,
        namespace=namespace,
        key=key,
        type=wish["type"],
        value=wish["value"],
        owner_type=owner.TYPE.upper(),
    )
    return owner.metafields[namespace, key]


def define_metafield(_: object, call: Call) -> Payload:
    shop = call.request.shop
    wish = call.arguments["definition"]
    place = (wish["ownerType"], *_place(wish))
    if place in shop.definitions:
        message = f"Key is in use for {wish['ownerType'].capitalize()} metafields on the '{place[1]}' namespace."
        return {"createdDefinition": None, "userErrors": [user_error("TAKEN", message, "definition", "key")]}
    shop.definitions[place] = {
        "id": gid("MetafieldDefinition", shop.number()),
        "namespace": place[1],
        "key": place[2],
        "name": wish["name"],
        "description": wish.get("description"),
        "ownerType": wish["ownerType"],
        "type": {"name": wish["type"], "category": "TEXT"},
        "access": {"storefront": (wish.get("access") or {}).get("storefront", "NONE")},
    }
    return {"createdDefinition": shop.definitions[place], "userErrors": []}
