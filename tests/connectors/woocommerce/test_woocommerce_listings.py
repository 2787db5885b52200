"""What is on sale, against a practice shop over real HTTP; single odd rows by the shop's own wire format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Listing, ListingPage, ListingRef, Parked, StockKeeping
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.faults import Answer
from tests.connectors.woocommerce.conftest import Site


def everything(connector: WooCommerce) -> dict[str, Listing]:
    found = [listing for page in connector.listings() for listing in page.listings]
    assert len({listing.id for listing in found}) == len(found)
    return {listing.id: listing for listing in found}


def ref(listing_id: int, parent_id: int | None = None) -> ListingRef:
    return ListingRef(str(listing_id), None if parent_id is None else str(parent_id))


def row(**fields: Any) -> dict[str, Any]:
    return {
        "id": 12,
        "sku": "A",
        "name": "Shoe",
        "type": "simple",
        "status": "publish",
        "manage_stock": True,
        "stock_quantity": 5,
        "backorders": "no",
        "global_unique_id": "",
    } | fields


def pages_of(site: Site, *rows: dict[str, Any]) -> list[ListingPage]:
    site.server.faults.add(Answer(200, {}, json.dumps(rows).encode()), match="GET .*/products$")
    return list(site.connector().listings())


@pytest.mark.parametrize("has_variations_route", [True, False])
def test_variations_are_listed_with_their_product_and_options(site: Site, has_variations_route: bool) -> None:
    site.shop.has_variations_route = has_variations_route
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3, "40": 0}, option="Size")
    simple = site.shop.add_simple("HAT", "Hat", stock=7)
    found = everything(site.connector())
    own = [id_ for id_ in found if id_ != str(simple.id)]
    assert [(found[id_].sku, found[id_].name, found[id_].options, found[id_].shown) for id_ in own] == [
        ("SHOE-39", "Shoe", "Size: 39", 3),
        ("SHOE-40", "Shoe", "Size: 40", 0),
    ]
    assert {found[id_].parent_id for id_ in own} == {str(parent.id)}
    assert str(parent.id) not in found
    assert found[own[0]].admin_url == f"{site.server.url}/wp-admin/post.php?post={parent.id}&action=edit"
    read = site.connector().read([found[id_].ref for id_ in found])
    assert dict(read) == found


@pytest.mark.parametrize("has_variations_route", [True, False])
def test_a_product_that_counts_for_its_variations_is_the_listing(site: Site, has_variations_route: bool) -> None:
    site.shop.has_variations_route = has_variations_route
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": None, "40": 4}, own_stock=500)
    found = everything(site.connector())
    by_sku = {listing.sku: listing for listing in found.values()}
    assert (by_sku["SHOE"].stock, by_sku["SHOE"].shown, by_sku["SHOE"].id) == (StockKeeping.OWN, 500, str(parent.id))
    assert (by_sku["SHOE-39"].stock, by_sku["SHOE-39"].shown) == (StockKeeping.PARENT, None)
    assert (by_sku["SHOE-40"].stock, by_sku["SHOE-40"].shown) == (StockKeeping.OWN, 4)
    assert dict(site.connector().read([listing.ref for listing in found.values()])) == found


def test_a_product_whose_number_no_variation_uses_is_not_listed(site: Site) -> None:
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 1}, own_stock=500)
    assert str(parent.id) not in everything(site.connector())


def test_a_variation_without_a_sku_of_its_own_has_none_though_it_shows_its_products(site: Site) -> None:
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3, "40": 4}, skus={"39": "", "40": "OWN"})
    connector = site.connector()
    found = everything(connector)
    assert sorted((listing.sku or "", listing.options) for listing in found.values()) == [
        ("", "Size: 39"),
        ("OWN", "Size: 40"),
    ]
    nameless = next(listing for listing in found.values() if listing.sku is None)
    assert connector.read([nameless.ref])[nameless.id].sku is None
    assert nameless.parent_id == str(parent.id)


def test_what_has_no_stock_of_its_own_is_not_listed(site: Site) -> None:
    grouped = site.shop.add_other("grouped", "SET", "Set")
    external = site.shop.add_other("external", "ELSEWHERE", "Elsewhere")
    assert everything(site.connector()) == {}
    assert dict(site.connector().read([ref(grouped.id), ref(external.id)])) == {}


def test_trashed_products_and_their_variations_are_gone_and_drafts_are_not_published(site: Site) -> None:
    trashed = site.shop.add_variable("SHOE", "Shoe", {"39": 3})
    variation = site.shop.variations(trashed.id)[0]
    site.shop.trash_product(trashed.id)
    draft = site.shop.add_simple("HAT", stock=7)
    draft.status = "draft"
    connector = site.connector()
    assert [(listing.id, listing.published) for listing in everything(connector).values()] == [(str(draft.id), False)]
    assert set(connector.read([ref(trashed.id), ref(variation.id, trashed.id), ref(draft.id)])) == {str(draft.id)}


def test_variations_of_a_draft_are_not_published(site: Site) -> None:
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3})
    parent.status = "draft"
    (listing,) = everything(site.connector()).values()
    assert not listing.published
    assert not site.connector().read([listing.ref])[listing.id].published


@pytest.mark.parametrize(("backorders", "reasons"), [("no", 0), ("notify", 1), ("yes", 1)])
def test_what_would_go_on_selling_at_zero_says_so(site: Site, backorders: str, reasons: int) -> None:
    site.shop.add_simple("HAT", stock=7, backorders=backorders)
    (listing,) = everything(site.connector()).values()
    assert len(listing.sells_at_zero) == reasons
    assert all("backorders" in reason for reason in listing.sells_at_zero)


@pytest.mark.parametrize(
    ("fields", "stock", "shown"),
    [
        ({}, StockKeeping.OWN, 5),
        ({"stock_quantity": -3}, StockKeeping.OWN, -3),
        ({"stock_quantity": 5.0}, StockKeeping.OWN, 5),
        ({"stock_quantity": None}, StockKeeping.OWN, 0),
        ({"manage_stock": False, "stock_quantity": None}, StockKeeping.NONE, None),
        ({"manage_stock": False, "stock_quantity": "old"}, StockKeeping.NONE, None),
    ],
)
def test_the_number_of_a_listing(site: Site, fields: Any, stock: StockKeeping, shown: int | None) -> None:
    (listing,) = pages_of(site, row(**fields))[0].listings
    assert (listing.stock, listing.shown) == (stock, shown)


@pytest.mark.parametrize("number", [2.5, "7", "", True, [5], 10**20])
def test_a_number_that_cannot_be_read_is_parked_and_the_page_is_not(site: Site, number: Any) -> None:
    page = pages_of(site, row(stock_quantity=number), row(id=13, sku="B"))[0]
    assert [listing.id for listing in page.listings] == ["13"]
    assert [(parked.ref, parked.listing_ids) for parked in page.parked] == [("12", ("12",))]
    assert isinstance(page.parked[0], Parked)
    assert "Shoe" in page.parked[0].reason


def test_a_number_that_cannot_be_read_is_read_as_not_counted(site: Site) -> None:
    site.server.faults.add(Answer(200, {}, json.dumps([row(stock_quantity=2.5)]).encode()), match="GET .*/products$")
    listing = site.connector().read([ref(12)])["12"]
    assert (listing.stock, listing.shown, listing.sku) == (StockKeeping.NONE, None, "A")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("", None), ("  ", None), (" A ", "A"), (None, None), ("0012", "0012"), (12, "12"), ([], None)],
)
def test_a_sku_is_text_without_blanks_or_none(site: Site, sent: Any, expected: str | None) -> None:
    (listing,) = pages_of(site, row(sku=sent, global_unique_id=sent))[0].listings
    assert (listing.sku, listing.gtin) == (expected, expected)


@pytest.mark.parametrize(
    "attributes", [None, "Size", [7], [{"name": "Size", "option": ""}], [{"name": "Size", "option": "S"}]]
)
def test_odd_attributes_do_no_harm(site: Site, attributes: Any) -> None:
    variation = row(id=13, sku="B", parent_id=12, attributes=attributes)
    site.server.faults.add(Answer(200, {}, json.dumps([variation]).encode()), match="GET .*/variations$")
    listings = [
        listing for page in pages_of(site, row(type="variable", manage_stock=False)) for listing in page.listings
    ]
    assert [listing.sku for listing in listings] == ["B"]


@pytest.mark.parametrize("parent_id", [None, "12", [12], 0, 99])
def test_a_variation_whose_product_is_not_known_is_not_listed(site: Site, parent_id: Any) -> None:
    variation = row(id=13, sku="B", parent_id=parent_id)
    site.server.faults.add(Answer(200, {}, json.dumps([variation]).encode()), match="GET .*/variations$")
    pages = pages_of(site, row(type="variable", manage_stock=False))
    assert [listing for page in pages for listing in page.listings] == []


def test_a_filter_that_the_shop_ignores_does_not_bring_strangers(site: Site) -> None:
    catalogue = [row(id=12), row(id=13, sku="B")]
    site.server.faults.add(Answer(200, {}, json.dumps(catalogue).encode()), match="GET .*/products$")
    assert list(site.connector().read([ref(13)])) == ["13"]


def test_an_ignored_filter_does_not_bring_strange_variations_either(site: Site) -> None:
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3, "40": 4})
    asked, stranger = site.shop.variations(parent.id)
    rows = [row(id=each.id, sku=each.sku, parent_id=parent.id, attributes=[]) for each in (asked, stranger)]
    site.server.faults.add(Answer(200, {}, json.dumps(rows).encode()), match="GET .*/variations$")
    assert list(site.connector().read([ref(asked.id, parent.id)])) == [str(asked.id)]


def test_reading_costs_a_call_per_hundred_products_and_one_per_hundred_variations(site: Site) -> None:
    products = [site.shop.add_simple(f"S-{n}", stock=n) for n in range(150)]
    parents = [site.shop.add_variable(f"V-{n}", "V", {"S": 1, "M": 2, "L": 3}) for n in range(40)]
    refs = [ref(product.id) for product in products]
    refs += [ref(each.id, parent.id) for parent in parents for each in site.shop.variations(parent.id)]
    connector = site.connector()
    site.server.calls.clear()
    assert len(connector.read(refs)) == 150 + 120
    assert site.calls() == ["GET products"] * 2 + ["GET variations"] * 2


def test_walking_everything_costs_a_call_per_page(site: Site) -> None:
    for n in range(150):
        site.shop.add_simple(f"S-{n}", stock=n)
    connector = site.connector()
    site.server.calls.clear()
    assert len(everything(connector)) == 150
    assert site.calls() == ["GET products"] * 2


def test_products_deleted_while_the_list_is_walked_pull_no_other_out_of_sight(site: Site) -> None:
    products = [site.shop.add_simple(f"S-{n}", stock=n) for n in range(250)]
    seen: set[str] = set()
    for n, page in enumerate(site.connector().listings()):
        seen |= {listing.id for listing in page.listings}
        if n == 0:
            for product in products[:30]:
                site.shop.delete_product(product.id)
    assert {str(product.id) for product in products[100:]} <= seen


def test_a_shop_older_than_the_list_of_all_variations_is_asked_for_it_once(site: Site) -> None:
    site.shop.has_variations_route = False
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3})
    variation = site.shop.variations(parent.id)[0]
    connector = site.connector()
    for _ in range(2):
        assert set(connector.read([ref(variation.id, parent.id)])) == {str(variation.id)}
    assert site.calls("GET variations") == ["GET variations"]


def test_a_product_deleted_before_its_variations_are_read_is_gone(site: Site) -> None:
    site.shop.has_variations_route = False
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 3})
    hat = site.shop.add_simple("HAT", stock=7)
    variation = site.shop.variations(parent.id)[0]
    gone = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}
    site.server.faults.add(Answer(404, {}, json.dumps(gone).encode()), match="GET .*/products/.*/variations", times=2)
    assert set(site.connector().read([ref(variation.id, parent.id), ref(hat.id)])) == {str(hat.id)}
    assert set(everything(site.connector())) == {str(hat.id)}
