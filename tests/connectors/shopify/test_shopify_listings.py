"""What a variant on sale is as a listing, and reading all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import ListingRef, StockKeeping, Unreadable
from connectors.shopify.admin import Admin
from connectors.shopify.connector import Shopify
from connectors.shopify.listing_pages import pages
from connectors.shopify.listings import listing
from connectors.shopify.places import Installation, Location, Standing
from connectors.shopify.reading import Misread
from syncd.sandbox.server import Response
from tests.connectors.shopify.conftest import Asked, Make, Scripted, answered

HERE = Location("gid://shopify/Location/1", "Herzl 12", active=True, sells_online=True)
SHOP = Installation("Sample", "sample-shop.myshopify.com", frozenset())
ALONE = Standing(SHOP, HERE, sells_elsewhere=False)
AMONG_OTHERS = Standing(SHOP, HERE, sells_elsewhere=True)


def level(units: int, *, active: bool = True, location: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {"isActive": active, "quantities": [{"name": "available", "quantity": units}]}
    return found | ({"location": location} if location else {})


def place(number: int, name: str, *, active: bool = True, online: bool = True) -> dict[str, Any]:
    return {"id": f"gid://shopify/Location/{number}", "name": name, "isActive": active, "fulfillsOnlineOrders": online}


def variant(number: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": "SANDAL-39",
        "barcode": "7290000000008",
        "inventoryPolicy": "DENY",
        "selectedOptions": [{"name": "Size", "value": "39"}, {"name": "Colour", "value": "black"}],
        "product": {"id": "gid://shopify/Product/3", "title": "Sandal", "status": "ACTIVE"},
        **changes,
    }


def item(number: int = 11, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/InventoryItem/{number}",
        "tracked": True,
        "inventoryLevel": level(5),
        **changes,
    }


def test_a_variant_is_a_listing_by_its_inventory_item() -> None:
    told = listing(variant(), item(), ALONE)
    assert (told.id, told.parent_id, told.sku, told.name) == ("11", "3/7", "SANDAL-39", "Sandal")
    assert (told.shown, told.stock, told.sells_at_zero) == (5, StockKeeping.OWN, ())
    assert (told.options, told.gtin, told.published) == ("Size: 39, Colour: black", "7290000000008", True)
    assert told.admin_url == "https://sample-shop.myshopify.com/admin/products/3/variants/7"


def test_a_product_without_variations_has_no_options() -> None:
    plain = variant(selectedOptions=[{"name": "Title", "value": "Default Title"}])
    assert listing(plain, item(), ALONE).options == ""


@pytest.mark.parametrize("sku", [None, "", " "])
def test_a_missing_sku_is_none(sku: str | None) -> None:
    assert listing(variant(sku=sku), item(), ALONE).sku is None


@pytest.mark.parametrize(("status", "published"), [("ACTIVE", True), ("UNLISTED", True), ("DRAFT", False)])
def test_what_can_be_bought_is_published(status: str, published: bool) -> None:
    product = {"id": "gid://shopify/Product/3", "title": "Sandal", "status": status}
    assert listing(variant(product=product), item(), ALONE).published is published


def test_a_negative_number_is_shown_as_it_is() -> None:
    assert listing(variant(), item(inventoryLevel=level(-2)), ALONE).shown == -2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tracked": False}, "Shopify does not track its quantity"),
        ({"inventoryLevel": None}, "it is not stocked at Herzl 12"),
        ({"inventoryLevel": level(5, active=False)}, "it is not stocked at Herzl 12"),
    ],
)
def test_what_shopify_does_not_count_here_has_no_number_and_says_why(changes: dict[str, Any], reason: str) -> None:
    told = listing(variant(), item(**changes), ALONE)
    assert (told.shown, told.stock, told.sells_at_zero) == (None, StockKeeping.NONE, (reason,))


@pytest.mark.parametrize("policy", ["CONTINUE", "WHATEVER_COMES_LATER"])
def test_a_listing_that_sells_on_at_zero_keeps_its_number(policy: str) -> None:
    told = listing(variant(inventoryPolicy=policy), item(), ALONE)
    assert (told.shown, told.sells_at_zero) == (5, ("it continues selling when out of stock",))


MAY_STOP = Standing(replace(SHOP, granted=frozenset({"write_products"})), HERE, sells_elsewhere=True)


@pytest.mark.parametrize(
    ("shop", "changes", "can_stop"),
    [
        (MAY_STOP, {}, True),
        (MAY_STOP, {"tracked": False}, False),
        (MAY_STOP, {"inventoryLevel": None}, False),
        (MAY_STOP, {"inventoryLevels": {"nodes": [level(4, location=place(2, "Haifa"))]}}, False),
        (AMONG_OTHERS, {}, False),
    ],
    ids=["only that", "not tracked", "not stocked", "sold elsewhere too", "no scope"],
)
def test_selling_on_at_zero_can_be_stopped_where_it_is_the_only_reason_and_allowed(
    shop: Standing, changes: dict[str, Any], can_stop: bool
) -> None:
    told = listing(variant(inventoryPolicy="CONTINUE"), item(**({"inventoryLevels": {"nodes": []}} | changes)), shop)
    assert told.sells_at_zero
    assert told.can_stop is can_stop


def test_what_stops_at_zero_needs_no_stopping() -> None:
    assert listing(variant(), item(inventoryLevels={"nodes": []}), MAY_STOP).can_stop is False


def test_stock_that_is_sold_online_from_elsewhere_is_named_with_its_units() -> None:
    levels = [
        level(5, location=place(1, "Herzl 12")),
        level(4, location=place(2, "Haifa")),
        level(9, location=place(3, "Closed", active=False)),
        level(9, location=place(4, "Till only", online=False)),
        level(9, location=place(5, "Not stocked"), active=False),
        level(-3, location=place(6, "Oversold")),
    ]
    told = listing(variant(), item(inventoryLevels={"nodes": levels}), AMONG_OTHERS)
    assert told.sells_at_zero == ("4 more are for sale online at Haifa",)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"tracked": None}, "tracked"),
        ({"inventoryLevel": level(5) | {"quantities": []}}, "quantities"),
        ({"inventoryLevel": level(1.5)}, "quantity"),  # type: ignore[arg-type]  # that is the test
        ({"id": "11"}, "id"),
    ],
)
def test_a_variant_that_cannot_be_read_names_the_field(broken: dict[str, Any], field: str) -> None:
    with pytest.raises(Misread) as misread:
        listing(variant(), item(**broken), ALONE)
    assert misread.value.field == field


# ---------------------------------------------------------------------- reading all of them


def variants(nodes: list[Any], after: str | None = None, total: int = 3) -> Response:
    info = {"hasNextPage": after is not None, "endCursor": after}
    return answered({"productVariants": {"nodes": nodes, "pageInfo": info}, "productVariantsCount": {"count": total}})


def full(number: int, **changes: Any) -> dict[str, Any]:
    return variant(number) | {"inventoryItem": item(number * 100, **changes)}


@pytest.fixture
def shop(make: Make, scripted: Scripted) -> Shopify:
    return make(scripted.server.url)


def test_all_variants_are_read_page_by_page_seen_from_our_location(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(variants([full(1), full(2)], "A"), variants([full(3)]))
    told = list(shop.listings())
    assert [[one.id for one in page.listings] for page in told] == [["100", "200"], ["300"]]
    assert [page.total for page in told] == [3, 3]
    assert [(asked.variables["after"], asked.variables["location"]) for asked in scripted.asked] == [
        (None, "gid://shopify/Location/1"),
        ("A", "gid://shopify/Location/1"),
    ]


def test_a_variant_that_cannot_be_read_is_parked_and_the_others_are_listed(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(variants([full(1), full(2, tracked="yes"), None]))
    (page,) = shop.listings()
    assert [one.id for one in page.listings] == ["100"]
    assert [(parked.ref, parked.listing_ids) for parked in page.parked] == [
        ("200", ("200",)),
        ("", ()),
    ]


def test_a_page_without_its_shape_stops_the_channel(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(answered({"productVariants": {"nodes": []}}))
    with pytest.raises(Unreadable, match="pageInfo"):
        list(shop.listings())


def test_a_page_that_leads_back_to_itself_is_not_followed(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(variants([full(1)], "A"))
    with pytest.raises(Unreadable, match="endCursor"):
        list(shop.listings())


def test_other_locations_are_only_looked_at_where_they_sell_online(make: Make, scripted: Scripted) -> None:
    scripted.answers(variants([]))
    list(make(scripted.server.url).listings())
    scripted.locations = [place(1, "Herzl 12"), place(2, "Till only", online=False)]
    list(make(scripted.server.url, LOCATION="Herzl 12").listings())
    scripted.locations = [place(1, "Herzl 12"), place(2, "Haifa")]
    list(make(scripted.server.url, LOCATION="Herzl 12").listings())
    assert [asked.variables["elsewhere"] for asked in scripted.asked] == [False, False, True]


def test_a_location_that_begins_to_sell_online_is_noticed_when_all_is_read_again(
    make: Make, scripted: Scripted
) -> None:
    scripted.answers(variants([]))
    connector = make(scripted.server.url, LOCATION="1")
    list(connector.listings())
    scripted.locations = [place(1, "Herzl 12"), place(2, "Haifa")]
    list(connector.listings())
    assert [asked.variables["elsewhere"] for asked in scripted.asked] == [False, True]


class Counting(Admin):
    """An admin with `total` variants, 250 a page, that remembers where each page was asked for."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.asked: list[tuple[object, object]] = []

    def ask(self, document: str, variables: Any = None) -> dict[str, Any]:
        self.asked.append((variables["query"], variables["after"]))
        above = int((variables["query"] or "id:>0").removeprefix("id:>"))
        start = int(variables["after"] or above)
        shown = range(start + 1, min(start + 250, self.total) + 1)
        more = shown.stop <= self.total
        return {
            "productVariants": {
                "nodes": [full(number) for number in shown],
                "pageInfo": {"hasNextPage": more, "endCursor": str(shown.stop - 1)},
            },
            "productVariantsCount": {"count": self.total},
        }


def test_more_variants_than_shopify_pages_through_are_all_listed_once() -> None:
    admin = Counting(1_300)
    ids = [one.id for page in pages(admin, ALONE, deepest=500) for one in page.listings]
    assert ids == [str(number * 100) for number in range(1, 1_301)]
    assert admin.asked == [
        (None, None),
        (None, "250"),
        ("id:>500", None),
        ("id:>500", "750"),
        ("id:>1000", None),
        ("id:>1000", "1250"),
    ]


def test_reading_by_id_gives_what_is_there_and_leaves_out_what_is_gone(shop: Shopify, scripted: Scripted) -> None:
    def by_id(asked: Asked) -> Response:
        assert asked.variables["ids"] == [f"gid://shopify/InventoryItem/{number}" for number in (11, 12, 13)]
        return answered(
            {"nodes": [item(11) | {"variants": {"nodes": [variant()]}}, None, item(13) | {"variants": {"nodes": []}}]}
        )

    scripted.answers(by_id)
    found = shop.read([ListingRef("11"), ListingRef("12"), ListingRef("13")])
    assert {id_: one.shown for id_, one in found.items()} == {"11": 5}
