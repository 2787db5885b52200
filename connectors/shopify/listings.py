"""What a variant on sale at Shopify is as a listing: a pure translation.

The id of a listing is the bare number of the variant's *inventory item*: stock hangs on it, writes need no other id,
and it stays the same as long as the variant lives. `parent_id` names the variant and its product (`variants`): what
buyers read beside the number, and whether 0 ends the sale, belong to the variant.

A listing has a number of its own where the item is tracked and its level at our location is active. Elsewhere Shopify
takes a number without an error and sells on regardless (shopify-facts §2.4): such a listing has no number (`stock` is
NONE), never a false 0, and `sells_at_zero` says why.
"""

from __future__ import annotations

from connectors.contract import Listing, StockKeeping
from connectors.shopify.places import Location, Standing
from connectors.shopify.reading import Misread, field, flag, identity, listed, maybe_text, text, whole
from connectors.shopify.refusals import WRITE_PRODUCTS
from connectors.shopify.variants import variant_ref

CONTINUES = "it continues selling when out of stock"
ON_SALE = {"ACTIVE", "UNLISTED"}  # an unlisted product can be bought by whoever has its link


def listing(variant: object, item: object, shop: Standing) -> Listing:
    """The listing of a variant and its inventory item.

    Raises:
        Misread: a field is missing or of another type.
    """
    product = field(variant, "product")
    tracked = flag(item, "tracked")
    level = field(item, "inventoryLevel")
    stocked = level is not None and flag(level, "isActive")
    ref = variant_ref(variant)
    reasons = tuple(_reasons(variant, item, shop, tracked=tracked, stocked=stocked))
    return Listing(
        id=identity(item, "InventoryItem"),
        sku=maybe_text(variant, "sku"),
        name=text(product, "title"),
        shown=_available(level) if tracked and stocked else None,
        stock=StockKeeping.OWN if tracked and stocked else StockKeeping.NONE,
        parent_id=ref.parent_id,
        options=_options(variant),
        gtin=maybe_text(variant, "barcode"),
        published=text(product, "status") in ON_SALE,
        sells_at_zero=reasons,
        can_stop=reasons == (CONTINUES,) and WRITE_PRODUCTS in shop.installation.scopes,
        admin_url=f"https://{shop.installation.permanent_domain}/admin/products/{ref.product}/variants/{ref.variant}",
    )


def _available(level: object) -> int:
    for quantity in listed(level, "quantities"):
        if text(quantity, "name") == "available":
            return whole(quantity, "quantity")
    raise Misread("quantities")


def _options(variant: object) -> str:
    """ "Size: 39, Colour: black"; empty for a product without variations, which Shopify calls "Default Title"."""
    options = [(text(option, "name"), text(option, "value")) for option in listed(variant, "selectedOptions")]
    if options == [("Title", "Default Title")]:
        return ""
    return ", ".join(f"{name}: {value}" for name, value in options)


def _reasons(variant: object, item: object, shop: Standing, *, tracked: bool, stocked: bool) -> list[str]:
    """Why a 0 at our location would not stop the sale, in the words of Shopify's admin (design.md §3.10)."""
    reasons = []
    if not tracked:
        reasons.append("Shopify does not track its quantity")
    elif not stocked:
        reasons.append(f"it is not stocked at {shop.location.name}")
    if text(variant, "inventoryPolicy") != "DENY":
        reasons.append(CONTINUES)
    if tracked and shop.sells_elsewhere:
        reasons += [
            f"{units} more are for sale online at {name}" for name, units in _for_sale_elsewhere(item, shop.location)
        ]
    return reasons


def _for_sale_elsewhere(item: object, ours: Location) -> list[tuple[str, int]]:
    found = []
    for level in listed(field(item, "inventoryLevels"), "nodes"):
        place = field(level, "location")
        online = flag(place, "isActive") and flag(place, "fulfillsOnlineOrders")
        if text(place, "id") != ours.gid and online and flag(level, "isActive") and (units := _available(level)) > 0:
            found.append((text(place, "name"), units))
    return found
