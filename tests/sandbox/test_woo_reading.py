"""Reading from the practice WooCommerce: filters that mislead, dates, pages, fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from woo_kit import START, Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        site.shop.add_simple("SKU-1", "First", stock=1)
        site.shop.add_simple("A,B", "Comma", stock=2)
        site.shop.add_variable("V", "Shirt", {"S": 3, "M": 4})
        yield site


def skus(rows: Any) -> list[str]:
    return sorted(row["sku"] for row in rows)


@pytest.mark.parametrize(
    ("sku", "found"),
    [
        ("SKU-1,V-S,nobody", ["SKU-1", "V-S"]),
        ("sku-1", ["SKU-1"]),
        ("SKU", []),
        ("A,B", ["A,B"]),
        ("", ["A,B", "SKU-1", "V"]),
        ("0", ["A,B", "SKU-1", "V"]),
        ("<b>", ["A,B", "SKU-1", "V"]),
    ],
)
def test_the_sku_filter_is_a_list_finds_variations_and_is_dropped_when_empty(
    site: Site, sku: str, found: list[str]
) -> None:
    assert skus(site.get("products", sku=sku)) == found


def test_part_of_a_sku_is_searched_by_another_name(site: Site) -> None:
    assert skus(site.get("products", search_sku="KU-")) == ["SKU-1"]
    assert skus(site.get("products", search="sku-1")) == []


def test_all_variations_are_read_across_parents_where_the_shop_is_new_enough(site: Site) -> None:
    rows = site.get("variations", per_page=100)
    assert [(row["sku"], row["parent_id"]) for row in rows] == [("V-M", 14), ("V-S", 14)]
    assert skus(site.get("variations", parent=99)) == []
    site.shop.has_variations_route = False
    answer = site.ask("GET", "variations")
    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")
    assert skus(site.get("products/14/variations")) == ["V-M", "V-S"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "products/variations"), ("PUT", "variations/15"), ("POST", "variations/batch")]
)
def test_variations_have_no_other_routes(site: Site, method: str, path: str) -> None:
    answer = site.ask(method, path, None if method == "GET" else {})
    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")


def test_a_variation_without_a_sku_shows_its_parents(site: Site) -> None:
    site.shop.add_variation(site.shop.product("V"), "", {"Size": "L"}, 4)
    assert skus(site.get("variations")) == ["V", "V-M", "V-S"]
    assert skus(site.get("products", sku="V")) == ["V"]


def test_trashed_products_are_listed_only_when_asked_for(site: Site) -> None:
    site.shop.trash_product(14)
    assert skus(site.get("products")) == ["A,B", "SKU-1"]
    assert skus(site.get("products", status="trash")) == ["V"]
    assert (site.get("variations"), skus(site.get("variations", status="trash"))) == ([], ["V-M", "V-S"])


def test_products_are_read_by_id(site: Site) -> None:
    assert skus(site.get("products", include="12,13")) == ["A,B", "SKU-1"]
    assert skus(site.get("products", exclude="12,13")) == ["V"]
    assert site.ask("GET", "products", **{"include[]": "13"}).status_code == 401  # PHP signs a list otherwise
    assert site.get("products", include="15") == []  # a variation is none here
    assert site.get("products/15")["type"] == "variation"


def test_an_address_beyond_8_kilobytes_is_refused_with_a_page(site: Site) -> None:
    assert site.ask("GET", "products", include=",".join(map(str, range(1000, 1900)))).status_code == 200
    answer = site.ask("GET", "products", include=",".join(map(str, range(100000, 101200))))
    assert (answer.status_code, answer.headers["Content-Type"]) == (414, "text/html; charset=UTF-8")


# --------------------------------------------------------------------------- pages and fields


def test_pages_are_counted_in_the_headers_and_end_in_an_empty_one(site: Site) -> None:
    first = site.ask("GET", "products", per_page=2)
    assert (first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == ("3", "2")
    assert re.search(r'[?&]page=2\b[^>]*>; rel="next"', first.headers["Link"])
    last = site.ask("GET", "products", per_page=2, page=2)
    assert re.search(r'[?&]page=1\b[^>]*>; rel="prev"$', last.headers["Link"])
    assert len(first.json()) + len(last.json()) == 3
    assert site.get("products", page=4) == []


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": 101},
        {"per_page": 0},
        {"per_page": -1},
        {"per_page": "x"},
        {"page": 0},
        {"orderby": "date_modified"},
        {"order": "up"},
        {"type": "variation"},
        {"status": "any,trash"},
        {"dates_are_gmt": "yes"},
        {"include": "x"},
    ],
)
def test_parameters_are_checked(site: Site, query: dict[str, Any]) -> None:
    answer = site.ask("GET", "products", **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")


def test_a_walk_by_modification_loses_rows_when_something_changes(site: Site) -> None:
    for number in range(4):
        site.clock.forward(seconds=1)
        site.shop.add_simple(f"N-{number}", stock=1)
    walk = {"orderby": "modified", "order": "asc", "per_page": 3, "_fields": "sku"}
    seen = skus(site.get("products", **walk))
    site.clock.forward(seconds=1)
    site.shop.buy(seen[0])
    seen += skus(site.get("products", page=2, **walk)) + skus(site.get("products", page=3, **walk))
    assert len(set(seen)) < 7


def test_rows_of_one_second_are_ordered_by_id(site: Site) -> None:
    assert [row["id"] for row in site.get("products", orderby="modified", order="asc")] == [12, 13, 14]
    assert [row["id"] for row in site.get("products", orderby="modified")] == [14, 13, 12]


def test_only_the_fields_asked_for_come_and_links_with_single_answers(site: Site) -> None:
    assert set(site.get("products", _fields="id,stock_quantity,nothing")[0]) == {"id", "stock_quantity"}
    assert set(site.get("products/12", _fields="id")) == {"id", "_links"}
    assert len(site.get("products", _fields="")[0]) > 60
    status = site.get("system_status", _fields="environment.version")
    assert status == {"environment": {"version": "10.5.0"}}


# --------------------------------------------------------------------------- modified_after


@pytest.mark.parametrize(
    ("value", "gmt", "hours", "found"),
    [
        ("2026-11-22T07:58:14", "true", 1, True),
        ("2026-11-22T07:58:14", "True", 1, True),
        ("2026-11-22T07:58:14.500", "true", 1, True),
        ("2026-11-22T07:58:15", "true", 1, False),
        ("2026-11-22T07:58:14Z", None, 1, True),
        ("2026-11-22T07:58:14+00:00", None, 1, True),
        ("2026-11-22T07:58:15Z", None, 1, False),
        ("2026-11-22T07:58:14Z", "true", 1, False),
        ("2026-11-22T07:58:14.500Z", None, 1, True),
        ("2026-11-22T08:58:14.500Z", None, 1, True),
        ("2026-11-22T08:58:14", None, 1, True),
        ("2026-11-22T08:58:15", None, 1, False),
        ("2026-11-22T07:58:14", None, -5, False),
        ("2026-11-22T07:58:14", "true", -5, True),
    ],
)
@pytest.mark.parametrize("route", ["products", "variations", "orders"])
def test_modified_after_is_strict_whole_seconds_and_in_shop_time_unless_told(
    route: str, value: str, gmt: str | None, hours: int, found: bool
) -> None:
    with open_site(zone=timezone(timedelta(hours=hours))) as site:
        site.clock.at = START.replace(second=15, microsecond=900_000)
        site.shop.add_variable("V", "Shirt", {"S": 3})
        site.shop.buy("V-S")
        query = {"modified_after": value} | ({"dates_are_gmt": gmt} if gmt else {})
        assert bool(site.get(route, **query)) is found


@pytest.mark.parametrize("value", ["yesterday", "1795334340", "22.11.2026", "2026-13-01T00:00:00", ""])
def test_other_dates_are_refused(site: Site, value: str) -> None:
    answer = site.ask("GET", "orders", modified_after=value)
    assert answer.json()["data"]["details"]["modified_after"]["code"] == "rest_invalid_date"


def test_dates_are_told_in_shop_time_and_in_utc(site: Site) -> None:
    row = site.get("products/12")
    assert (row["date_created"], row["date_created_gmt"]) == ("2026-11-22T08:58:00", "2026-11-22T07:58:00")


def test_every_write_bumps_the_dates_also_of_the_same_value_and_of_the_parent(site: Site) -> None:
    for path, body in (("products/12", {"stock_quantity": 1}), ("products/14/variations/15", {"stock_quantity": 3})):
        site.clock.forward(seconds=2)
        site.put(path, body)
    site.clock.forward(seconds=2)
    site.shop.buy("A,B")
    at = {row["id"]: row["date_modified_gmt"][-2:] for row in (*site.get("products"), *site.get("variations"))}
    assert at == {12: "02", 13: "06", 14: "04", 15: "04", 16: "00"}


def test_the_site_tells_its_zone_version_and_settings(site: Site) -> None:
    assert site.get("system_status")["environment"]["version"] == "10.5.0"
    assert site.get("settings/products/woocommerce_hold_stock_minutes")["value"] == "60"
    assert site.ask("GET", "settings/products/nothing").json()["code"] == "rest_setting_setting_invalid"
    assert {row["id"] for row in site.get("settings/products")} >= {"woocommerce_manage_stock"}


def test_the_clock_of_the_shop_is_the_tests(site: Site) -> None:
    site.clock.at = datetime(2027, 1, 1, tzinfo=UTC)
    assert site.put("products/12", {})["date_modified_gmt"] == "2027-01-01T00:00:00"
