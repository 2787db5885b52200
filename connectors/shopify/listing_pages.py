"""Reads what is on sale in a shop: all of it, or some listings by their id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.contract import Listing, ListingPage, ListingRef, Parked
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import DEEPEST, ITEMS_BY_ID, LARGEST_PAGE, VARIANTS
from connectors.shopify.listings import listing
from connectors.shopify.places import Standing
from connectors.shopify.reading import Misread, field, gid, identity, listed, next_page, whole


def pages(admin: Admin, shop: Standing, *, deepest: int = DEEPEST) -> Iterator[ListingPage]:
    """Every variant, in the order of its id. Beyond `deepest` objects, where Shopify pages no further, the walk begins
    again after the last id. Raises as `Admin.ask`."""
    after: str | None = None
    query: str | None = None
    depth = 0
    while True:
        data = admin.ask(VARIANTS, {**_seen_from(shop), "after": after, "query": query})
        try:
            connection = field(data, "productVariants")
            nodes = listed(connection, "nodes")
            after = next_page(connection, after)
            last_id = identity(nodes[-1], "ProductVariant") if after is not None and nodes else None
            total = whole(field(data, "productVariantsCount"), "count")
        except Misread as misread:
            raise unreadable(misread) from None
        yield _page(nodes, shop, total)
        if last_id is None:
            return
        depth += len(nodes)
        if depth > deepest - LARGEST_PAGE:
            after, query, depth = None, f"id:>{last_id}", 0


def by_ref(admin: Admin, shop: Standing, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
    """These listings as they are now, by id, 250 a call; one that is gone is absent. Raises as `Admin.ask`."""
    found: dict[str, Listing] = {}
    for node in admin.nodes(ITEMS_BY_ID, [gid("InventoryItem", ref.id) for ref in refs], _seen_from(shop)):
        if node is None:
            continue
        try:
            variants = listed(field(node, "variants"), "nodes")
            if variants:
                here = listing(variants[0], node, shop)
                found[here.id] = here
        except Misread as misread:
            raise unreadable(misread) from None
    return found


def _seen_from(shop: Standing) -> dict[str, object]:
    return {"location": shop.location.gid, "elsewhere": shop.sells_elsewhere}


def _page(nodes: Sequence[object], shop: Standing, total: int) -> ListingPage:
    here: list[Listing] = []
    parked: list[Parked] = []
    for node in nodes:
        try:
            here.append(listing(node, field(node, "inventoryItem"), shop))
        except Misread as misread:
            parked.append(_parked(node, misread))
    return ListingPage(tuple(here), tuple(parked), total)


def _parked(node: object, misread: Misread) -> Parked:
    try:
        ids: tuple[str, ...] = (identity(field(node, "inventoryItem"), "InventoryItem"),)
    except Misread:
        ids = ()
    name = str(node.get("sku") or node.get("id"))[:80] if isinstance(node, dict) else "without a SKU"
    reason = f"listing {name} cannot be read: its field {misread.field} is not as it should be"
    return Parked("".join(ids), reason, listing_ids=ids)
