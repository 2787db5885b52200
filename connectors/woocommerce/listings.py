"""What is on sale in the shop, and what it shows: rows of products and variations as listings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.contract import Listing, ListingPage, ListingRef, Parked, StockKeeping
from connectors.woocommerce.client import Client, Gone, NoRoute, Row
from connectors.woocommerce.pages import PER_PAGE, Place, comma, hundreds, walk
from connectors.woocommerce.reading import whole

_BOTH = "id,sku,name,status,manage_stock,stock_quantity,backorders,global_unique_id"
PRODUCT_FIELDS = f"{_BOTH},type"
VARIATION_FIELDS = f"{_BOTH},parent_id,attributes"

# Sold elsewhere, or only a frame around other products: neither has stock (woocommerce-facts §2).
WITHOUT_STOCK = ("grouped", "external")

BACKORDERS = {
    "yes": "backorders are allowed",
    "notify": "backorders are allowed, with a notice to the customer",
}


@dataclass(frozen=True, slots=True)
class Parent:
    """What variations take from their product."""

    name: str
    sku: str | None
    published: bool


def is_parent(row: Row) -> bool:
    """True for products that are sold by their variations; plugins add kinds such as variable-subscription."""
    return str(row.get("type", "")).startswith("variable")


def parent_of(row: Row) -> Parent:
    return Parent(_name(row), _text(row.get("sku")), row.get("status") == "publish")


def product_listing(row: Row, shop_url: str) -> Listing:
    """A product as a listing, not counted where its number cannot be read.

    Counted but without a number is 0: so the shop treats it (woocommerce-facts §2). Drafts, private and scheduled
    products are listed as not published: they may be on sale tomorrow.
    """
    listing = Listing(
        id=str(row["id"]),
        sku=_text(row.get("sku")),
        name=_name(row),
        shown=None,
        stock=StockKeeping.NONE,
        gtin=_text(row.get("global_unique_id")),
        published=row.get("status") == "publish",
        sells_at_zero=_sells_at_zero(row),
        admin_url=_admin_url(shop_url, row["id"]),
    )
    return _counted(listing, row)


def variation_listing(row: Row, parent: Parent, shop_url: str) -> Listing:
    """A variation as a listing, not counted where its number cannot be read.

    A variation without a SKU of its own shows its parent's (woocommerce-facts §1): that is no SKU.
    """
    sku = _text(row.get("sku"))
    listing = Listing(
        id=str(row["id"]),
        sku=None if sku == parent.sku else sku,
        name=parent.name,
        shown=None,
        stock=StockKeeping.NONE,
        parent_id=str(row["parent_id"]),
        options=_options(row.get("attributes")),
        gtin=_text(row.get("global_unique_id")),
        published=parent.published and row.get("status") == "publish",
        sells_at_zero=_sells_at_zero(row),
        admin_url=_admin_url(shop_url, row["parent_id"]),
    )
    if row.get("manage_stock") == "parent":
        return replace(listing, stock=StockKeeping.PARENT)
    return _counted(listing, row)


class Listings:
    """Reads the catalogue of one shop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._all_variations = True  # until the shop says that it is older than 10.3

    def walk(self) -> Iterator[ListingPage]:
        """Everything on sale: products by id, then variations by id, then the parents that count for variations."""
        parents: dict[int, Row] = {}
        for page in walk(self._client, "products", Place(), _fields=PRODUCT_FIELDS):
            parents |= {row["id"]: row for row in page.rows if is_parent(row)}
            yield _page([self._of_product(row) for row in page.rows if _has_stock(row) and not is_parent(row)])
        counting: set[int] = set()
        for rows in self._variations(list(parents)):
            counting |= {_parent_id(row) for row in rows if row.get("manage_stock") == "parent"}
            known = [row for row in rows if _parent_id(row) in parents]
            yield _page([self._of_variation(row, parents[row["parent_id"]]) for row in known])
        yield _page([self._of_product(row) for id_, row in parents.items() if id_ in counting])

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        """These listings as they are now. A number that cannot be read is shown as not counted.

        One call per 100 products and one per 100 variations; the parents, whose SKU and status the variations take,
        ride along with the products.
        """
        variations = sorted({(int(ref.parent_id), int(ref.id)) for ref in refs if ref.parent_id})
        products = {int(ref.id) for ref in refs if not ref.parent_id}
        rows = {
            row["id"]: row
            for ids in hundreds(sorted(products | {parent_id for parent_id, _ in variations}))
            for row in self._included("products", ids, PRODUCT_FIELDS)
        }
        found = {str(id_): self._of_product(rows[id_]) for id_ in products if id_ in rows and _has_stock(rows[id_])}
        for row in self._named_variations([pair for pair in variations if pair[0] in rows]):
            if _parent_id(row) in rows:
                found[str(row["id"])] = self._of_variation(row, rows[row["parent_id"]])
        return {id_: listing for id_, (_, listing) in found.items()}

    def _of_product(self, row: Row) -> tuple[Row, Listing]:
        return row, product_listing(row, self._client.url)

    def _of_variation(self, row: Row, parent: Row) -> tuple[Row, Listing]:
        return row, variation_listing(row, parent_of(parent), self._client.url)

    def _variations(self, parent_ids: Sequence[int]) -> Iterator[list[Row]]:
        """Pages of the variations of these parents."""
        if not parent_ids:
            return
        if self._all_variations:
            try:
                for page in walk(self._client, "variations", Place(), _fields=VARIATION_FIELDS):
                    yield page.rows
                return
            except NoRoute:
                self._all_variations = False
        for parent_id in parent_ids:
            try:
                for page in walk(self._client, f"products/{parent_id}/variations", Place(), _fields=VARIATION_FIELDS):
                    yield [{**row, "parent_id": parent_id} for row in page.rows]
            except Gone:
                continue

    def _named_variations(self, pairs: Sequence[tuple[int, int]]) -> Iterator[Row]:
        """The variations of these (parent, id) that are there."""
        if self._all_variations:
            try:
                for ids in hundreds([id_ for _, id_ in pairs]):
                    yield from self._included("variations", ids, VARIATION_FIELDS)
                return
            except NoRoute:
                self._all_variations = False
        by_parent: dict[int, list[int]] = {}
        for parent_id, id_ in pairs:
            by_parent.setdefault(parent_id, []).append(id_)
        for parent_id, all_ids in by_parent.items():
            for ids in hundreds(all_ids):
                try:
                    rows = self._included(f"products/{parent_id}/variations", ids, VARIATION_FIELDS)
                except Gone:
                    continue
                yield from ({**row, "parent_id": parent_id} for row in rows)

    def _included(self, endpoint: str, ids: Sequence[int], fields: str) -> list[Row]:
        """Only what was asked for: where a filter is not understood, the shop gives the whole catalogue."""
        rows, _ = self._client.rows(endpoint, include=comma(ids), per_page=PER_PAGE, _fields=fields)
        return [row for row in rows if row["id"] in ids]


def _page(read: Sequence[tuple[Row, Listing]]) -> ListingPage:
    parked = {row["id"]: _parked(row, listing) for row, listing in read if _unreadable(row)}
    listings = tuple(listing for row, listing in read if row["id"] not in parked)
    return ListingPage(listings, tuple(parked.values()))


def _parked(row: Row, listing: Listing) -> Parked:
    name = f"{listing.name} ({listing.options})" if listing.options else listing.name
    return Parked(
        listing.id,
        f"{name} shows a stock that is not a whole number.",
        sample=repr(row.get("stock_quantity"))[:80],
        listing_ids=(listing.id,),
    )


def _unreadable(row: Row) -> bool:
    number = row.get("stock_quantity")
    return row.get("manage_stock") is True and number is not None and whole(number) is None


def _parent_id(row: Row) -> int:
    return whole(row.get("parent_id")) or 0


def _has_stock(row: Row) -> bool:
    return row.get("type") not in WITHOUT_STOCK


def _counted(listing: Listing, row: Row) -> Listing:
    if row.get("manage_stock") is not True or _unreadable(row):
        return listing
    shown = whole(row.get("stock_quantity")) or 0
    return replace(listing, stock=StockKeeping.OWN, shown=shown, can_stop=bool(listing.sells_at_zero))


def _sells_at_zero(row: Row) -> tuple[str, ...]:
    reason = BACKORDERS.get(str(row.get("backorders")))
    return (reason,) if reason else ()


def _options(attributes: object) -> str:
    """``Size: S, Colour: Black``; an attribute that fits any value has no option."""
    if not isinstance(attributes, list):
        return ""
    pairs = [attribute for attribute in attributes if isinstance(attribute, dict)]
    return ", ".join(f"{pair.get('name', '')}: {pair.get('option') or 'any'}" for pair in pairs)


def _text(value: object) -> str | None:
    return str(value).strip() or None if isinstance(value, (str, int)) else None


def _name(row: Row) -> str:
    return _text(row.get("name")) or f"Product {row['id']}"


def _admin_url(shop_url: str, id_: int) -> str:
    return f"{shop_url}/wp-admin/post.php?post={id_}&action=edit"
