"""What buyers read in the two practice shops, by the shops' own data: a Polish WooCommerce shop, a Hebrew Shopify one.

Each sells one product (MUG) and one variation (TEE-M).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.sandbox.shopify import ShopifyShop
from syncd.sandbox.woocommerce import WooShop

MUG, TEE = "MUG", "TEE-M"
SKUS = (MUG, TEE)

ALL_POOLS = "own, external, incoming, supplier, pre-order"


@dataclass(frozen=True)
class Shown:
    """One listing as its shop has it. `day` is written as in the shop: 2026-12-01."""

    units: int | None
    status: str | None
    text: str | None = None
    days: int | None = None
    day: str | None = None


def stock_both(woo: WooShop, shopify: ShopifyShop, units: int = 10) -> None:
    """Put the product and the variation on sale in both shops."""
    woo.add_simple(MUG, "Mug", stock=units)
    woo.add_variable("TEE", "Tee", {"S": units, "M": units})
    shopify.add_product("Mug", [{"sku": MUG, "units": units}])
    shopify.add_product(
        "Tee", [{"sku": f"TEE-{size}", "units": units, "options": {"Size": size}} for size in ("S", "M")]
    )


def in_woo(woo: WooShop, sku: str) -> Shown:
    """What the companion plugin has to go by: the product's own metadata."""
    meta = {one.key: one.value for one in woo.product(sku).meta}
    days = meta.get("_syncd_lead_time_days")
    told = meta.get("_syncd_status"), meta.get("_syncd_text"), days and int(str(days)), meta.get("_syncd_expected_on")
    return Shown(woo.stock_of(sku), *told)  # type: ignore[arg-type]


def in_shopify(shopify: ShopifyShop, sku: str) -> Shown:
    """What the snippet has to go by: the variant's metafield."""
    field = shopify.variant(sku).metafields.get(("syncd", "availability"))
    if field is None:
        return Shown(shopify.available(sku), None)
    told = json.loads(field.value)
    return Shown(
        shopify.available(sku), told["status"], told["text"], told["lead_time_days"], told["expected_on"] or None
    )


def write_feed(
    folder: Path,
    rows: Mapping[str, tuple[object, object]],
    *,
    at: datetime | None = None,
    header: str = "Article;Stock;Days",
) -> None:
    """A supplier's feed of SKU → units and lead time in days, as a file that was written at that instant."""
    folder.mkdir(exist_ok=True)
    file = folder / "stock.csv"
    lines = [f"{sku};{units};{days}" for sku, (units, days) in rows.items()]
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    written = (at or datetime.now(UTC) - timedelta(minutes=1)).timestamp()
    os.utime(file, (written, written))


FEED = {
    "ACME_COLUMNS": "sku:Article, on_hand:Stock, lead_time_days:Days",
    "ACME_TRUST": "50%",
}
"""How the supplier Acme's feed is set up, but for its folder; half of what it states is believed."""
