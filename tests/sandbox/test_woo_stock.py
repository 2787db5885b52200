"""Writing stock to the practice WooCommerce: what is taken, what is bent, what is silently ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from woo_kit import Site, oauth_pairs, open_site

from syncd.sandbox.faults import FatalAt, Redirect


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        site.shop.add_simple("A", "Shoe", stock=10)
        yield site


def product_id(site: Site, sku: str = "A") -> int:
    return site.shop.product(sku).id


@pytest.mark.parametrize(
    ("sent", "stored", "status"),
    [
        (5, 5, "instock"),
        (0, 0, "outofstock"),
        (-3, -3, "outofstock"),
        ("7", 7, "instock"),
        (" 8 ", 8, "instock"),
        ("1e3", 1000, "instock"),
        (None, 0, "outofstock"),
        (10**12, 10**12, "instock"),
        (2**63, -(2**63), "outofstock"),
        (10**30, 5076964154930102272, "instock"),
    ],
)
def test_a_single_put_takes_what_looks_whole_and_makes_a_null_a_zero(
    site: Site, sent: Any, stored: int, status: str
) -> None:
    answer = site.put(f"products/{product_id(site)}", {"stock_quantity": sent})
    assert (answer["stock_quantity"], answer["stock_status"]) == (stored, status)
    assert site.shop.stock_of("A") == stored


@pytest.mark.parametrize("sent", [2.5, "7.9", "abc", "", True, [5], "0x10", "1,5"])
def test_a_single_put_refuses_what_is_not_whole(site: Site, sent: Any) -> None:
    answer = site.ask("PUT", f"products/{product_id(site)}", {"stock_quantity": sent})
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")
    assert answer.json()["data"]["params"] == {"stock_quantity": "stock_quantity is not of type integer."}
    assert site.shop.stock_of("A") == 10


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(2.5, 2), ("7.9", 7), ("abc", 0), ("", 0), (True, 1), ([5], 1), ("1,5", 1), (None, 10), ("0x10", 0)],
)
def test_a_batch_bends_anything_into_a_number(site: Site, sent: Any, stored: int) -> None:
    entry = {"id": product_id(site), "stock_quantity": sent}
    answer = site.post("products/batch", {"update": [entry]})["update"][0]
    assert answer["stock_quantity"] == stored
    assert site.shop.stock_of("A") == stored


def test_a_batch_clears_a_variation_by_an_empty_text_and_stores_any_backorders(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": 4})
    variation = site.shop.product("V-S")
    entry = {"id": variation.id, "stock_quantity": "", "backorders": "maybe"}
    answer = site.post(f"products/{parent.id}/variations/batch", {"update": [entry]})["update"][0]
    assert (answer["stock_quantity"], answer["backorders"]) == (None, "maybe")


@pytest.mark.parametrize(
    "sent", [{"backorders": "maybe"}, {"stock_status": "soon"}, {"manage_stock": "parent"}, {"low_stock_amount": ""}]
)
def test_a_single_put_knows_its_words(site: Site, sent: Any) -> None:
    assert site.ask("PUT", f"products/{product_id(site)}", sent).status_code == 400


# --------------------------------------------------------------------------- silences


def test_a_number_for_an_uncounted_product_is_ignored_with_200(site: Site) -> None:
    site.shop.add_simple("U", stock=None)
    answer = site.put(f"products/{product_id(site, 'U')}", {"stock_quantity": 33})
    assert (answer["manage_stock"], answer["stock_quantity"]) == (False, None)
    answer = site.put(f"products/{product_id(site, 'U')}", {"stock_quantity": 33, "manage_stock": True})
    assert (answer["manage_stock"], answer["stock_quantity"]) == (True, 33)


def test_counting_off_erases_the_number_and_counting_on_begins_with_none(site: Site) -> None:
    url = f"products/{product_id(site)}"
    assert site.put(url, {"manage_stock": False})["stock_quantity"] is None
    answer = site.put(url, {"manage_stock": True})
    assert (answer["stock_quantity"], answer["stock_status"]) == (None, "outofstock")


def test_with_the_shops_stock_management_off_only_a_variations_number_is_written(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": 4})
    site.put("settings/products/woocommerce_manage_stock", {"value": "no"})
    answer = site.put(f"products/{product_id(site)}", {"stock_quantity": 3})
    assert (answer["manage_stock"], answer["stock_quantity"]) == (False, 10)
    assert (
        site.put(f"products/{parent.id}/variations/{product_id(site, 'V-S')}", {"stock_quantity": 3})["stock_quantity"]
        == 3
    )
    site.shop.buy("A", 2)
    assert site.shop.product("A").stock == 10


def test_a_variation_under_its_parents_count_shows_the_parents_number_whatever_is_written(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": None, "M": 9}, own_stock=500)
    url = f"products/{parent.id}/variations/{product_id(site, 'V-S')}"
    answer = site.put(url, {"stock_quantity": 7})
    assert (answer["manage_stock"], answer["stock_quantity"]) == ("parent", 500)
    site.shop.buy("V-S", 2)
    assert site.get(f"products/{parent.id}")["stock_quantity"] == 498
    assert site.put(url, {"manage_stock": True, "stock_quantity": 9})["stock_quantity"] == 9
    site.shop.buy("V-S", 2)
    assert (site.shop.stock_of("V-S"), site.shop.stock_of("V")) == (7, 498)
    assert site.put(url, {"manage_stock": "parent"})["manage_stock"] == "parent"


@pytest.mark.parametrize("kind", ["grouped", "external"])
def test_products_that_never_have_stock_take_no_number(site: Site, kind: str) -> None:
    product = site.shop.add_other(kind, "O", "Other")
    assert site.put(f"products/{product.id}", {"stock_quantity": 5})["stock_quantity"] is None
    answer = site.ask("PUT", f"products/{product.id}", {"manage_stock": True, "stock_quantity": 5})
    assert answer.status_code == (400 if kind == "external" else 200)
    assert site.get(f"products/{product.id}")["manage_stock"] is False


def test_bodies_that_are_not_read_are_answered_with_200(site: Site) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products/{product_id(site)}"
    for number, (body, kind) in enumerate([('{"stock_quantity": 3}', "text/plain"), ("[1]", "application/json")]):
        pairs = oauth_pairs(site.shop.key, "PUT", url, [], site.shop.now(), nonce=str(number))
        answer = requests.put(url, params=pairs, data=body, headers={"Content-Type": kind}, timeout=5)
        assert (answer.status_code, answer.json()["stock_quantity"]) == (200, 10)


@pytest.mark.parametrize("body", ['{"stock_quantity": 5', '{"stock_quantity": NaN}'])
def test_json_that_is_none_is_refused(site: Site, body: str) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products/{product_id(site)}"
    pairs = oauth_pairs(site.shop.key, "PUT", url, [], site.shop.now())
    answer = requests.put(url, params=pairs, data=body, headers={"Content-Type": "application/json"}, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_json")


@pytest.mark.parametrize(("status", "method_then"), [(301, "PUT"), (302, "GET")])
def test_a_redirect_loses_the_write_and_answers_200(site: Site, status: int, method_then: str) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products/{product_id(site)}"
    pairs = oauth_pairs(site.shop.key, method_then, url, [], site.shop.now())
    site.server.faults.add(Redirect(status, requests.Request("GET", url, params=pairs).prepare().url or ""))
    answer = requests.put(f"{site.server.url}/elsewhere", json={"stock_quantity": 3}, timeout=5)
    assert (answer.status_code, answer.json()["id"]) == (200, product_id(site))
    assert site.shop.stock_of("A") == 10


def test_an_id_in_the_body_wins_over_the_one_in_the_address(site: Site) -> None:
    other = site.shop.add_simple("B", stock=1)
    answer = site.put(f"products/{product_id(site)}", {"id": other.id, "stock_quantity": 77})
    assert (answer["id"], site.shop.stock_of("A"), site.shop.stock_of("B")) == (other.id, 10, 77)


def test_an_id_of_null_in_the_body_is_overlooked(site: Site) -> None:
    assert site.put(f"products/{product_id(site)}", {"id": None, "stock_quantity": 7})["stock_quantity"] == 7


# --------------------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("number", "backorders", "status"),
    [(1, "no", "instock"), (0, "no", "outofstock"), (0, "notify", "onbackorder"), (-1, "yes", "onbackorder")],
)
def test_the_status_of_a_counted_product_is_always_computed(
    site: Site, number: int, backorders: str, status: str
) -> None:
    sent = {"stock_quantity": number, "backorders": backorders, "stock_status": "instock"}
    answer = site.put(f"products/{product_id(site)}", sent)
    assert answer["stock_status"] == status
    assert answer["backorders_allowed"] is (backorders != "no")
    assert site.put(f"products/{product_id(site)}", {"stock_status": "outofstock"})["stock_status"] == status


def test_at_the_shops_threshold_a_product_is_sold_out_with_units_left(site: Site) -> None:
    site.put("settings/products/woocommerce_notify_no_stock_amount", {"value": "3"})
    answer = site.put(f"products/{product_id(site)}", {"stock_quantity": 3})
    assert (answer["stock_quantity"], answer["stock_status"]) == (3, "outofstock")


def test_a_parent_without_a_number_follows_its_variations(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": 1, "M": 0})
    assert site.put(f"products/{parent.id}", {"stock_quantity": 5})["stock_quantity"] is None
    assert site.get(f"products/{parent.id}")["stock_status"] == "instock"
    site.shop.buy("V-S", 1)
    assert site.get(f"products/{parent.id}")["stock_status"] == "outofstock"


# --------------------------------------------------------------------------- deltas


def test_a_delta_adds_to_what_is_there_now_so_a_sale_in_between_survives(site: Site) -> None:
    site.shop.buy("A", 3)
    answer = site.put(f"products/{product_id(site)}", {"inventory_delta": -2})
    assert answer["stock_quantity"] == 5


def test_an_absolute_number_erases_a_sale_in_between(site: Site) -> None:
    site.shop.buy("A", 3)
    assert site.put(f"products/{product_id(site)}", {"stock_quantity": 15})["stock_quantity"] == 15


def test_a_delta_is_not_atomic(site: Site) -> None:
    site.shop.in_the_gap = lambda: site.shop.buy("A", 3)
    assert site.put(f"products/{product_id(site)}", {"inventory_delta": 1})["stock_quantity"] == 11
    assert site.put(f"products/{product_id(site)}", {"inventory_delta": 1})["stock_quantity"] == 12


def test_a_delta_sent_twice_counts_twice_also_in_one_batch(site: Site) -> None:
    entry = {"id": product_id(site), "inventory_delta": -1, "_fields": "id,stock_quantity"}
    answer = site.post("products/batch", {"update": [entry, entry]})["update"]
    assert [each["stock_quantity"] for each in answer] == [9, 8]


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({"inventory_delta": 2.5}, 12),
        ({"inventory_delta": "abc"}, 10),
        ({"inventory_delta": -1000}, -990),
        ({"inventory_delta": 5, "stock_quantity": 3}, 3),
    ],
)
def test_a_delta_is_never_validated_and_yields_to_an_absolute_number(site: Site, sent: Any, left: int) -> None:
    assert site.put(f"products/{product_id(site)}", sent)["stock_quantity"] == left


def test_a_delta_for_an_uncounted_product_is_ignored(site: Site) -> None:
    site.shop.add_simple("U", stock=None)
    assert site.put(f"products/{product_id(site, 'U')}", {"inventory_delta": 5})["stock_quantity"] is None


def test_a_delta_for_a_variation_under_its_parents_count_changes_nothing_shown(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": None}, own_stock=50)
    url = f"products/{parent.id}/variations/{product_id(site, 'V-S')}"
    assert site.put(url, {"inventory_delta": 5})["stock_quantity"] == 50
    assert site.shop.stock_of("V") == 50
    assert site.put(url, {"manage_stock": True})["stock_quantity"] == 55  # it lay unused in the database


# --------------------------------------------------------------------------- batches


def test_a_batch_of_101_is_refused_whole(site: Site) -> None:
    answer = site.ask("POST", "products/batch", {"update": [{"id": product_id(site), "inventory_delta": -1}] * 101})
    assert (answer.status_code, answer.json()["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    assert site.shop.stock_of("A") == 10


def test_bad_entries_of_a_batch_do_not_keep_the_good_ones_from_being_written(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": 1})
    entries = [
        {"id": 999, "stock_quantity": 1},
        {"id": product_id(site, "V-S"), "stock_quantity": 1},
        {"stock_quantity": 1},
        {"id": parent.id, "sku": "A"},
        {"id": product_id(site), "stock_quantity": 4},
    ]
    answer = site.post("products/batch", {"update": entries})["update"]
    assert [(each["id"], each.get("error", {}).get("code")) for each in answer] == [
        (999, "woocommerce_rest_product_invalid_id"),
        (product_id(site, "V-S"), "woocommerce_rest_invalid_product_id"),
        (None, "woocommerce_rest_product_invalid_id"),
        (parent.id, "product_invalid_sku"),
        (product_id(site), None),
    ]
    assert site.shop.stock_of("A") == 4


def test_a_fatal_error_leaves_half_a_batch_written(site: Site) -> None:
    site.shop.add_simple("B", stock=10)
    site.server.faults.add(FatalAt(2))
    entries = [{"id": product_id(site, sku), "inventory_delta": -1} for sku in "AB"]
    answer = site.ask("POST", "products/batch", {"update": entries})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
    assert (site.shop.stock_of("A"), site.shop.stock_of("B")) == (9, 10)


@pytest.mark.parametrize("body", [{}, {"update": []}, {"update": "x"}])
def test_an_empty_batch_is_answered_with_a_list(site: Site, body: Any) -> None:
    assert site.post("products/batch", body) == []


def test_fields_on_a_batchs_address_empty_it_and_inside_an_entry_they_work(site: Site) -> None:
    entry = {"id": product_id(site), "stock_quantity": 9}
    answer = site.ask("POST", "products/batch", {"update": [entry]}, _fields="update.id")
    assert answer.json() == {"update": []}
    answer = site.post("products/batch", {"update": [{**entry, "_fields": "id,stock_quantity"}]})
    assert set(answer["update"][0]) == {"id", "stock_quantity", "brands", "_links"}


def test_variations_are_written_only_through_their_own_parent(site: Site) -> None:
    first, second = (site.shop.add_variable(sku, "Shirt", {"S": 1}) for sku in ("V", "W"))
    foreign = {"id": product_id(site, "W-S"), "stock_quantity": 5}
    answer = site.post(f"products/{first.id}/variations/batch", {"update": [foreign]})["update"][0]
    assert answer["error"]["code"] == "woocommerce_rest_product_variation_invalid_id"
    assert site.ask("PUT", f"products/{first.id}/variations/{foreign['id']}", foreign).status_code == 404
    assert site.ask("POST", "products/999/variations/batch", {"update": [foreign]}).status_code == 200
    assert site.shop.stock_of("W-S") == 1
    site.put(f"products/{second.id}/variations/{foreign['id']}", {"stock_quantity": 5})
    assert site.shop.stock_of("W-S") == 5


# --------------------------------------------------------------------------- the rest of a product


def test_meta_data_is_replaced_by_key_and_null_deletes(site: Site) -> None:
    url = f"products/{product_id(site)}"
    first = site.put(url, {"meta_data": [{"key": "k", "value": 1}, {"key": "k", "value": {"a": [1]}}]})["meta_data"]
    assert [(each["key"], each["value"]) for each in first] == [("k", {"a": [1]})]
    second = site.put(url, {"meta_data": [{"key": "k", "value": 7}]})["meta_data"]
    assert second == [{"id": first[0]["id"], "key": "k", "value": "7"}]
    assert site.put(url, {"meta_data": [{"key": "k", "value": None}]})["meta_data"] == []


def test_a_batch_keeps_metadata_like_a_single_write_of_products_and_variations(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": 1})
    (variation,) = site.shop.variations(parent.id)
    for url, id_ in (("products/batch", product_id(site)), (f"products/{parent.id}/variations/batch", variation.id)):

        def meta_after(*sent: dict[str, object], url: str = url, id_: int = id_, **more: object) -> dict[str, object]:
            entry = {"id": id_, "meta_data": list(sent), "_fields": "id,meta_data", **more}
            (answer,) = site.ask("POST", url, {"update": [entry]}).json()["update"]
            return {row["key"]: row["value"] for row in answer["meta_data"]}

        assert meta_after({"key": "_k", "value": 1}, {"key": "_k", "value": 2}) == {"_k": "2"}
        assert meta_after({"key": "never", "value": None}, {"key": "o", "value": {"a": [1]}}) == {
            "_k": "2",
            "o": {"a": [1]},
        }
        assert meta_after({"key": "_k", "value": "three"}, include_meta=["_k"]) == {"_k": "three"}
        assert meta_after({"key": "_k", "value": None}) == {"o": {"a": [1]}}


def test_a_sku_is_trimmed_and_may_be_used_once(site: Site) -> None:
    other = site.shop.add_simple("B")
    assert site.put(f"products/{other.id}", {"sku": "  C "})["sku"] == "C"
    answer = site.ask("PUT", f"products/{other.id}", {"sku": "A"})
    assert (answer.status_code, answer.json()["code"]) == (400, "product_invalid_sku")
    assert answer.json()["data"]["resource_id"] == product_id(site)
    assert site.put(f"products/{other.id}", {"sku": "<b>"})["sku"] == ""


def test_a_product_can_be_made_trashed_written_and_deleted(site: Site) -> None:
    body = {"name": "Hat", "sku": "H", "regular_price": "5.00", "manage_stock": True, "stock_quantity": 2}
    answer = site.ask("POST", "products", body)
    made = answer.json()
    assert (answer.status_code, made["stock_quantity"], made["status"]) == (201, 2, "publish")
    assert answer.headers["Location"].endswith(f"/products/{made['id']}")
    site.ask("DELETE", f"products/{made['id']}")
    assert site.get(f"products/{made['id']}")["status"] == "trash"
    assert site.put(f"products/{made['id']}", {"stock_quantity": 3})["stock_quantity"] == 3
    site.ask("DELETE", f"products/{made['id']}", force="true")
    assert site.ask("GET", f"products/{made['id']}").status_code == 404
    assert site.ask("PUT", f"products/{made['id']}", {}).status_code == 400
