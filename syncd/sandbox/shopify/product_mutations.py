"""The mutation that changes variants (shopify-facts §3)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from syncd.sandbox.shopify.asked import Asked
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import Product, Variant


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
