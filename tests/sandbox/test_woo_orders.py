"""Orders of the practice WooCommerce: what each change does to stock, and what REST shows of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from woo_kit import Site, open_site

from syncd.sandbox.woocommerce import NotEnoughStock


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        site.shop.add_simple("A", "Shoe", stock=92)
        yield site


def ordered(site: Site, units: int = 3, status: str = "processing", **more: Any) -> Any:
    return site.post("orders", {"status": status, "line_items": [{"sku": "A", "quantity": units}], **more})


def reduced(order: Any) -> str | None:
    kept = {meta["key"]: meta["value"] for meta in order["line_items"][0]["meta_data"]}
    return kept.get("_reduced_stock")


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        ("pending", 0),
        ("on-hold", 2),
        ("processing", 2),
        ("completed", 2),
        ("failed", 0),
        ("cancelled", 0),
        ("refunded", 0),
        ("checkout-draft", 0),
        ("auto-draft", 0),
    ],
)
def test_the_status_of_a_new_order_decides_whether_it_takes_stock(site: Site, status: str, taken: int) -> None:
    order = ordered(site, 2, status)
    assert (order["status"], site.shop.stock_of("A")) == (status, 92 - taken)
    assert reduced(order) == (str(taken) if taken else None)


def test_an_order_cannot_be_born_in_the_trash(site: Site) -> None:
    answer = site.ask("POST", "orders", {"status": "trash", "line_items": [{"sku": "A", "quantity": 1}]})
    assert answer.status_code == 400


@pytest.mark.parametrize(("method", "status"), [("card", "processing"), ("cod", "completed")])
def test_an_order_set_paid_takes_stock(site: Site, method: str, status: str) -> None:
    order = ordered(site, 2, "pending", set_paid=True, payment_method=method)
    assert (order["status"], site.shop.stock_of("A"), reduced(order)) == (status, 90, "2")


def test_stock_follows_an_order_through_its_statuses_but_not_into_failed_or_refunded(site: Site) -> None:
    order = ordered(site, 3, "pending")
    for status, stock, line in [
        ("on-hold", 89, "3"),
        ("processing", 89, "3"),
        ("completed", 89, "3"),
        ("cancelled", 92, None),
        ("processing", 89, "3"),
        ("pending", 92, None),
        ("processing", 89, "3"),
        ("failed", 89, "3"),
        ("processing", 89, "3"),
        ("checkout-draft", 89, "3"),
        ("refunded", 89, "3"),
        ("cancelled", 92, None),
    ]:
        answer = site.put(f"orders/{order['id']}", {"status": status})
        assert (answer["status"], site.shop.stock_of("A"), reduced(answer)) == (status, stock, line)


def test_a_plugins_status_is_known_to_the_totals_and_moves_no_stock(site: Site) -> None:
    order = ordered(site)
    assert site.ask("PUT", f"orders/{order['id']}", {"status": "shipped"}).status_code == 400
    assert site.ask("GET", "orders", status="shipped").status_code == 400
    site.shop.plugin_statuses = ("shipped",)
    answer = site.put(f"orders/{order['id']}", {"status": "shipped"})
    assert (answer["status"], site.shop.stock_of("A"), reduced(answer)) == ("shipped", 89, "3")
    totals = {each["slug"]: each["total"] for each in site.get("reports/orders/totals")}
    assert (totals["shipped"], totals["processing"]) == (1, 0)
    assert [each["id"] for each in site.get("orders", status="shipped")] == [order["id"]]


def test_an_order_refunded_by_status_notes_a_refund_without_lines(site: Site) -> None:
    order = ordered(site)
    answer = site.put(f"orders/{order['id']}", {"status": "refunded"})
    assert [refund["total"] for refund in answer["refunds"]] == ["-59.97"]
    assert site.get(f"orders/{order['id']}/refunds")[0]["line_items"] == []


def test_changing_lines_moves_the_stock_of_an_order_that_took_some(site: Site) -> None:
    site.shop.add_simple("B", stock=5)
    order = ordered(site, 3)
    url, line = f"orders/{order['id']}", order["line_items"][0]["id"]
    assert reduced(site.put(url, {"line_items": [{"id": line, "quantity": 5}]})) == "5"
    assert site.shop.stock_of("A") == 87
    more = site.put(url, {"line_items": [{"sku": "B", "quantity": 2}]})
    assert (len(more["line_items"]), site.shop.stock_of("B")) == (2, 3)
    gone = site.put(url, {"line_items": [{"id": line, "quantity": 0}]})
    assert ([each["sku"] for each in gone["line_items"]], site.shop.stock_of("A")) == (["B"], 92)
    second = gone["line_items"][0]["id"]
    assert site.put(url, {"line_items": [{"id": second, "product_id": None}]})["line_items"] == []
    assert site.shop.stock_of("B") == 5


def test_units_refunded_before_are_left_out_when_a_line_changes(site: Site) -> None:
    order = ordered(site, 5)
    line = order["line_items"][0]["id"]
    site.shop.refund(order["id"], {line: 2})
    answer = site.put(f"orders/{order['id']}", {"line_items": [{"id": line, "quantity": 6}]})
    assert (site.shop.stock_of("A"), reduced(answer)) == (88, "4")


def test_a_line_that_was_not_restored_does_not_take_its_units_twice(site: Site) -> None:
    order_id = ordered(site, 3)["id"]
    for counted, status in ((False, "cancelled"), (True, "processing")):
        site.put(f"products/{site.shop.product('A').id}", {"manage_stock": counted, "stock_quantity": 10})
        assert reduced(site.put(f"orders/{order_id}", {"status": status})) == "3"
    assert site.shop.stock_of("A") == 10


def test_cash_on_delivery_is_not_paid_yet_and_a_card_is(site: Site) -> None:
    cash, card = site.shop.buy("A"), site.shop.buy("A", payment_method="card")
    assert site.get(f"orders/{cash}")["date_paid"] is None
    assert site.get(f"orders/{card}")["date_paid_gmt"] == "2026-11-22T07:58:00"


def test_with_backorders_the_checkout_sells_below_zero(site: Site) -> None:
    site.shop.add_simple("B", stock=1, backorders="notify")
    site.shop.buy("B", 4)
    assert site.shop.stock_of("B") == -3


def test_rest_sells_what_is_not_there(site: Site) -> None:
    assert reduced(ordered(site, 95)) == "95"
    assert site.shop.stock_of("A") == -3


@pytest.mark.parametrize(
    "body",
    [
        {"line_items": "x"},
        {"line_items": [1]},
        {"line_items": [{"quantity": 1}]},
        {"status": "sold"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_leaves_nothing(site: Site, body: Any) -> None:
    assert site.ask("POST", "orders", body).status_code == 400
    assert site.get("orders") == []


def test_odd_bodies_do_not_disturb_the_shop(site: Site) -> None:
    site.put(f"products/{site.shop.product('A').id}", {"regular_price": "dear", "meta_data": [1, {"value": 2}]})
    assert ordered(site, meta_data=[1, {"value": 2}], billing="nobody")["total"] == "0.00"


@pytest.mark.parametrize(("units", "status"), [(1.5, 400), (-1, 201), (0, 500)])
def test_odd_quantities(site: Site, units: Any, status: int) -> None:
    body = {"status": "processing", "line_items": [{"sku": "A", "quantity": units}]}
    assert site.ask("POST", "orders", body).status_code == status
    assert site.shop.stock_of("A") == (93 if units == -1 else 92)
    assert len(site.get("orders")) == (1 if units == -1 else 0)


def test_a_line_of_a_variation_names_both_and_takes_from_whoever_counts(site: Site) -> None:
    parent = site.shop.add_variable("V", "Shirt", {"S": None}, own_stock=500)
    variation = site.shop.product("V-S")
    body = {"status": "processing", "line_items": [{"variation_id": variation.id, "quantity": 2}]}
    line = site.post("orders", body)["line_items"][0]
    assert (line["product_id"], line["variation_id"], line["sku"]) == (parent.id, variation.id, "V-S")
    assert (site.shop.stock_of("V"), line["parent_name"]) == (498, "Shirt")


def test_an_uncounted_product_and_an_unknown_one_take_nothing(site: Site) -> None:
    site.shop.add_simple("GIFT", stock=None)
    body = {"status": "processing", "line_items": [{"sku": "GIFT"}, {"product_id": 999, "quantity": 1}]}
    first, second = site.post("orders", body)["line_items"]
    assert (first["meta_data"], second["meta_data"], second["product_id"]) == ([], [], 0)


def test_a_deleted_product_leaves_its_name_in_the_line_and_a_trashed_one_all(site: Site) -> None:
    product = site.shop.product("A")
    order = ordered(site)
    site.shop.trash_product(product.id)
    line = site.get(f"orders/{order['id']}")["line_items"][0]
    assert (line["product_id"], line["sku"]) == (product.id, "A")
    site.shop.delete_product(product.id)
    line = site.get(f"orders/{order['id']}")["line_items"][0]
    assert (line["product_id"], line["variation_id"], line["sku"], line["name"]) == (0, 0, None, "Shoe")


# --------------------------------------------------------------------------- refunds


@pytest.mark.parametrize(
    ("extra", "status", "back"),
    [
        ({}, 500, 0),
        ({"api_refund": False}, 201, 2),
        ({"api_refund": False, "api_restock": False}, 201, 0),
    ],
)
def test_a_refund_of_lines_puts_them_back_unless_told_not_to(site: Site, extra: Any, status: int, back: int) -> None:
    order = ordered(site, 5)
    line = order["line_items"][0]["id"]
    body = {"amount": "39.98", "line_items": [{"id": line, "quantity": 2, "refund_total": 39.98}], **extra}
    answer = site.ask("POST", f"orders/{order['id']}/refunds", body)
    assert (answer.status_code, site.shop.stock_of("A")) == (status, 87 + back)
    if status == 500:
        assert answer.json()["data"] == 500
    else:
        refunded = answer.json()["line_items"][0]
        assert refunded["quantity"] == -2
        assert {meta["key"]: meta["value"] for meta in refunded["meta_data"]} == {"_refunded_item_id": str(line)}
    meta = {each["key"]: each["value"] for each in site.get(f"orders/{order['id']}")["line_items"][0]["meta_data"]}
    assert meta == ({"_reduced_stock": "3", "_restock_refunded_items": "2"} if back else {"_reduced_stock": "5"})


def test_a_gateway_that_can_pay_back_does(site: Site) -> None:
    site.shop.gateways.add("card")
    order = ordered(site, 1, payment_method="card")
    assert site.post(f"orders/{order['id']}/refunds", {"amount": "1.00"})["refunded_payment"] is True


def test_an_amount_puts_nothing_back_even_when_it_is_all(site: Site) -> None:
    order = ordered(site, 3)
    site.post(f"orders/{order['id']}/refunds", {"amount": "59.97", "api_refund": False})
    answer = site.get(f"orders/{order['id']}")
    assert (answer["status"], site.shop.stock_of("A"), reduced(answer)) == ("refunded", 89, "3")


def test_a_refund_of_lines_that_took_nothing_puts_nothing_back(site: Site) -> None:
    order_id = ordered(site, 3, "pending")["id"]
    site.shop.refund(order_id)
    assert site.shop.stock_of("A") == 92


def test_a_refund_of_more_money_than_was_paid_is_refused(site: Site) -> None:
    order = ordered(site, 1)
    answer = site.ask("POST", f"orders/{order['id']}/refunds", {"amount": "20.00", "api_refund": False})
    assert (answer.status_code, answer.json()["message"]) == (500, "Invalid refund amount.")


def test_a_full_refund_by_lines_closes_the_order_with_nothing_taken(site: Site) -> None:
    order_id = ordered(site, 3)["id"]
    site.shop.refund(order_id)
    answer = site.get(f"orders/{order_id}")
    assert (answer["status"], site.shop.stock_of("A"), reduced(answer)) == ("refunded", 92, "0")


def test_a_cancellation_after_refunds_restores_the_rest_only(site: Site) -> None:
    order = ordered(site, 5)
    line = order["line_items"][0]["id"]
    for units in (1, 2):
        site.shop.refund(order["id"], {line: units})
    site.shop.set_order_status(order["id"], "cancelled")
    assert site.shop.stock_of("A") == 92


def test_more_units_than_were_sold_can_be_refunded(site: Site) -> None:
    order = ordered(site, 5)
    body = {"amount": "1", "api_refund": False, "line_items": [{"id": order["line_items"][0]["id"], "quantity": 50}]}
    site.post(f"orders/{order['id']}/refunds", body)
    assert (site.shop.stock_of("A"), reduced(site.get(f"orders/{order['id']}"))) == (137, "-45")


def test_deleting_a_refund_does_not_take_the_stock_back(site: Site) -> None:
    order_id = ordered(site, 3)["id"]
    refund = site.shop.refund(order_id)
    assert site.ask("DELETE", f"orders/{order_id}/refunds/{refund.id}", force="true").status_code == 200
    assert (site.shop.stock_of("A"), site.get(f"orders/{order_id}")["refunds"]) == (92, [])


def test_a_refund_bumps_the_order_and_a_note_does_not(site: Site) -> None:
    order_id = ordered(site, 3)["id"]
    before = site.get(f"orders/{order_id}")["date_modified_gmt"]
    site.clock.forward(seconds=5)
    site.post(f"orders/{order_id}/notes", {"note": "hello"})
    assert site.get(f"orders/{order_id}")["date_modified_gmt"] == before
    site.shop.refund(order_id, {site.shop.order(order_id).lines[0].id: 1})
    assert site.get(f"orders/{order_id}")["date_modified_gmt"] == "2026-11-22T07:58:05"
    assert [refund["parent_id"] for refund in site.get("refunds")] == [order_id]


# --------------------------------------------------------------------------- trash


def test_a_trashed_order_keeps_its_stock_leaves_the_lists_and_is_found_by_id_or_status(site: Site) -> None:
    order_id = ordered(site)["id"]
    site.clock.forward(seconds=5)
    assert site.ask("DELETE", f"orders/{order_id}").json()["status"] == "processing"
    assert site.shop.stock_of("A") == 89
    assert site.get("orders") == site.get("orders", status="any,trash") == []
    found = site.get("orders", status="trash", modified_after="2026-11-22T07:58:04", dates_are_gmt="true")
    assert [(order["id"], order["status"]) for order in found] == [(order_id, "trash")]
    assert reduced(site.get(f"orders/{order_id}")) == "3"
    assert site.put(f"orders/{order_id}", {"status": "processing"})["status"] == "processing"
    assert site.shop.stock_of("A") == 89


def test_a_force_deleted_order_is_gone_and_keeps_its_stock(site: Site) -> None:
    order_id = ordered(site)["id"]
    site.ask("DELETE", f"orders/{order_id}", force="true")
    answer = site.ask("GET", f"orders/{order_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "woocommerce_rest_shop_order_invalid_id")
    assert (site.shop.stock_of("A"), site.get("orders", status="trash")) == (89, [])


# --------------------------------------------------------------------------- unpaid checkouts


def test_an_unpaid_checkout_holds_units_that_rest_does_not_show(site: Site) -> None:
    site.shop.edit_stock("A", 10)
    order_id = site.shop.checkout_pending("A", 4)
    order = site.get("orders", status="pending")[0]
    assert (order["id"], order["created_via"], reduced(order)) == (order_id, "store-api", None)
    assert site.get(f"products/{site.shop.product('A').id}")["stock_quantity"] == 10
    with pytest.raises(NotEnoughStock) as short:
        site.shop.buy("A", 7)
    assert short.value.remaining == 6
    assert len(site.shop.orders) == 1
    ordered(site, 7)  # by REST: holds are not asked
    assert site.shop.stock_of("A") == 3


def test_paying_a_held_order_takes_its_units_once(site: Site) -> None:
    order_id = site.shop.checkout_pending("A", 4)
    site.shop.set_order_status(order_id, "processing")
    assert site.shop.stock_of("A") == 88
    site.shop.buy("A", 88)
    assert site.shop.stock_of("A") == 0


@pytest.mark.parametrize(("created_via", "status"), [("store-api", "pending"), ("checkout", "cancelled")])
def test_a_hold_ends_after_its_time_and_only_classic_checkouts_are_cancelled(
    site: Site, created_via: str, status: str
) -> None:
    order_id = site.shop.checkout_pending("A", 90, created_via=created_via)
    site.clock.forward(minutes=61)
    site.shop.run_cron()
    assert site.get(f"orders/{order_id}")["status"] == status
    site.shop.buy("A", 92)
    site.shop.set_order_status(order_id, "processing")
    assert site.shop.stock_of("A") == -90


def test_a_shop_without_hold_minutes_neither_holds_nor_cancels(site: Site) -> None:
    site.put("settings/products/woocommerce_hold_stock_minutes", {"value": ""})
    order_id = site.shop.checkout_pending("A", 90, created_via="checkout")
    site.clock.forward(days=1)
    site.shop.run_cron()
    assert site.get(f"orders/{order_id}")["status"] == "pending"
    assert site.shop.free(site.shop.product("A")) == 92


def test_customers_buy_over_http(site: Site) -> None:
    store = f"{site.server.url}/wp-json/wc/store/v1"
    added = requests.post(f"{store}/cart/add-item", json={"id": site.shop.product("A").id, "quantity": 4}, timeout=5)
    cart = {"Cart-Token": added.headers["Cart-Token"]}
    draft = requests.get(f"{store}/checkout", headers=cart, timeout=5).json()
    assert site.get("orders")[0]["status"] == draft["status"] == "checkout-draft"
    body = {"payment_method": "paypal", "billing_address": {"email": "erika@customer.example"}}
    paid = requests.post(f"{store}/checkout", headers=cart, json=body, timeout=5).json()
    assert (paid["order_id"], paid["status"], site.shop.stock_of("A")) == (draft["order_id"], "pending", 92)
    assert site.shop.free(site.shop.product("A")) == 88
    again = requests.post(f"{store}/checkout", headers=cart, json=body, timeout=5)
    assert again.json()["code"] == "woocommerce_rest_cart_empty"


def test_the_sandboxs_own_door_is_a_customer(site: Site) -> None:
    door = f"{site.server.url}/sandbox/buy"
    order_id = requests.post(door, json={"sku": "A", "units": 2}, timeout=5).json()["order"]
    assert (site.get(f"orders/{order_id}")["status"], site.shop.stock_of("A")) == ("processing", 90)
    short = requests.post(door, json={"sku": "A", "units": 91}, timeout=5)
    assert (short.status_code, short.json()["code"]) == (400, "woocommerce_rest_product_partially_out_of_stock")
    assert requests.post(door, json={"sku": "nobody"}, timeout=5).status_code == 404
    assert requests.post(door, json={"sku": "A", "units": 0}, timeout=5).status_code == 400


# --------------------------------------------------------------------------- lists that are late or untidy


def test_a_lagging_list_shows_orders_as_they_stood_and_ids_show_them_as_they_are(site: Site) -> None:
    order_id = ordered(site)["id"]
    site.shop.order_list_lag = timedelta(seconds=30)
    assert site.get("orders") == []
    assert site.get(f"orders/{order_id}")["status"] == "processing"
    site.clock.forward(seconds=30)
    site.shop.set_order_status(order_id, "cancelled")
    assert [order["status"] for order in site.get("orders")] == ["processing"]
    site.clock.forward(seconds=30)
    assert [order["status"] for order in site.get("orders")] == ["cancelled"]


def test_an_untidy_list_repeats_an_order_and_mixes_the_page(site: Site) -> None:
    made = [ordered(site, 1)["id"] for _ in range(9)]
    site.shop.order_list_disorder = random.Random(1)
    shown = [order["id"] for order in site.get("orders", orderby="id", order="asc")]
    assert (set(shown), len(shown)) == (set(made), 10)
    assert shown != sorted(shown)
