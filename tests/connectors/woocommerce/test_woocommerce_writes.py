"""Writes against a practice shop over real HTTP: what is sent, and what is taken for written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import (
    Batch,
    CredentialsRejected,
    InDoubt,
    Op,
    Outcome,
    RateLimited,
    Rejected,
    Unavailable,
    Unreadable,
    Write,
)
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.faults import Answer, FatalAt, NoticeBeforeJson, Redirect
from tests.connectors.woocommerce.conftest import Site

HTML = {"Content-Type": "text/html"}


def delta(listing: Any, target: Any, expected: Any, op: Op = Op.DELTA) -> Write:
    parent = str(listing.parent_id) if listing.parent_id else None
    return Write(str(listing.id), parent, op, target, expected)


def send(connector: WooCommerce, *writes: Write) -> list[Outcome]:
    return list(connector.send(Batch("key", writes)))


def test_a_delta_is_what_is_sent_and_the_answer_is_kept_short(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    (outcome,) = send(site.connector(), delta(hat, 8, 10))
    assert (outcome.error, outcome.shown, hat.stock) == (None, 8, 8)
    assert json.loads(site.server.calls[-1].body) == {
        "update": [{"id": hat.id, "inventory_delta": -2, "_fields": "id,manage_stock,stock_quantity"}]
    }


def test_a_sale_in_between_survives_and_shows_in_the_answer(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    site.shop.buy("HAT", 3)
    (outcome,) = send(site.connector(), delta(hat, 8, 10))
    assert (outcome.shown, hat.stock) == (5, 5)


def test_changed_products_cost_a_call_per_hundred_and_variations_one_per_parent(site: Site) -> None:
    products = [site.shop.add_simple(f"S-{n}", stock=9) for n in range(201)]
    parents = [site.shop.add_variable(f"V-{n}", "V", {"S": 9, "M": 9, "L": 9}) for n in range(2)]
    big = site.shop.add_variable("BIG", "Big", {str(n): 9 for n in range(101)})
    changed = [*products, *(each for parent in (*parents, big) for each in site.shop.variations(parent.id))]
    connector = site.connector()
    groups = connector.group([delta(each, 4, 9) for each in changed])
    site.server.calls.clear()
    for group in groups:
        assert all(outcome.written for outcome in connector.send(Batch("key", group)))
    assert {each.stock for each in changed} == {4}
    assert sorted(site.calls()) == sorted(
        ["POST products/batch"] * 3 + [f"POST products/{parent.id}/variations/batch" for parent in (*parents, big, big)]
    )


def test_bad_items_are_refused_in_the_shops_words_and_the_others_are_written(site: Site) -> None:
    hat, coat = site.shop.add_simple("HAT", stock=9), site.shop.add_simple("COAT", stock=9)
    parent = site.shop.add_variable("SHOE", "Shoe", {"39": 9})
    lost = Write("999999", None, Op.DELTA, 4, 9)
    misplaced = Write(str(site.shop.variations(parent.id)[0].id), None, Op.DELTA, 4, 9)
    outcomes = send(site.connector(), delta(hat, 4, 9), lost, misplaced, delta(coat, 5, 9))
    assert [outcome.written for outcome in outcomes] == [True, False, False, True]
    assert [type(outcome.error) for outcome in outcomes[1:3]] == [Rejected, Rejected]
    assert "Invalid ID." in str(outcomes[1].error)
    assert "/products/<product_id>/variations/<id>" in str(outcomes[2].error)
    assert (hat.stock, coat.stock) == (4, 5)


def test_what_the_shop_does_not_count_is_refused_with_the_way_out(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=None)
    shoe = site.shop.add_variable("SHOE", "Shoe", {"39": None}, own_stock=5)
    connector = site.connector()
    (uncounted,) = send(connector, delta(hat, 4, 9))
    (under_parent,) = send(connector, delta(site.shop.variations(shoe.id)[0], 4, 9))
    assert isinstance(uncounted.error, Rejected)
    assert "WOO_MANAGE_STOCK=on" in uncounted.error.hint
    assert isinstance(under_parent.error, Rejected)
    assert "by its product" in str(under_parent.error)
    assert (hat.stock, shoe.stock) == (None, 5)


def test_with_stock_management_off_for_the_whole_shop_nothing_counts_as_written(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=9)
    site.shop.options["woocommerce_manage_stock"] = "no"
    (outcome,) = send(site.connector(), delta(hat, 4, 9))
    assert isinstance(outcome.error, Rejected)


def test_counting_starts_with_the_only_absolute_number(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=None)
    (outcome,) = send(site.connector(), delta(hat, 4, 0, Op.START))
    assert (outcome.error, outcome.shown, hat.stock, hat.manage_stock) == (None, 4, 4, True)


@pytest.mark.parametrize(
    ("target", "expected", "op"),
    [("4", 9, Op.DELTA), (4.0, 9, Op.DELTA), (True, 9, Op.DELTA), (-1, 9, Op.DELTA), (4, None, Op.DELTA),
     (4, 9.5, Op.DELTA), (10**20, 9, Op.DELTA), (4, 9, Op.SET)],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_unsent_and_the_others_go_out(
    site: Site, target: Any, expected: Any, op: Op
) -> None:
    hat, coat = site.shop.add_simple("HAT", stock=9), site.shop.add_simple("COAT", stock=9)
    outcomes = send(site.connector(), delta(hat, target, expected, op), delta(coat, 4, 9))
    assert isinstance(outcomes[0].error, Rejected)
    assert (outcomes[1].written, hat.stock, coat.stock) == (True, 9, 4)
    assert len(json.loads(site.server.calls[-1].body)["update"]) == 1


def test_an_id_that_is_none_is_refused_unsent(site: Site) -> None:
    writes = Write("12/../orders", None, Op.DELTA, 4, 9), Write("12", "x", Op.DELTA, 4, 9)
    connector = site.connector()
    for group in connector.group(writes):
        assert all(isinstance(outcome.error, Rejected) for outcome in connector.send(Batch("key", group)))
    assert site.calls() == []


@pytest.mark.parametrize(
    "fault",
    [
        Answer(502, HTML, b"<h1>Bad Gateway</h1>", effect=True),
        Answer(503, {**HTML, "Retry-After": "600"}, b"<h1>Maintenance</h1>"),
        Answer(200, HTML, b"<h1>Checking your browser</h1>"),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b"{}"),
        Answer(200, {}, b'{"update": []}'),
        Answer(200, {}, b'{"update": {"0": 1}}'),
        Answer(201, {}, b"null"),
        FatalAt(2),
        NoticeBeforeJson(),
    ],
)
def test_an_answer_that_names_nothing_leaves_all_in_doubt_and_nothing_is_sent_again(site: Site, fault: Any) -> None:
    hat, coat = site.shop.add_simple("HAT", stock=9), site.shop.add_simple("COAT", stock=9)
    connector = site.connector()
    site.server.faults.add(fault, match="POST")
    with pytest.raises(InDoubt):
        send(connector, delta(hat, 4, 9), delta(coat, 4, 9))
    assert site.calls("POST") == ["POST products/batch"]
    assert site.slept_s == []


@pytest.mark.parametrize(
    "entry",
    [
        {"id": 99, "manage_stock": True, "stock_quantity": 4},
        {"manage_stock": True, "stock_quantity": 4},
        {"id": 12, "manage_stock": True, "stock_quantity": None},
        {"id": 12, "manage_stock": True, "stock_quantity": 4.5},
        {"id": 12, "manage_stock": True, "stock_quantity": "4"},
        {"id": 12, "manage_stock": True},
        {"id": 12, "error": {"code": "internal_server_error", "message": "x", "data": {"status": 500}}},
        {"id": 12, "error": "x"},
        "written",
        None,
    ],
)
def test_an_entry_that_proves_nothing_is_in_doubt_and_the_next_one_is_not(site: Site, entry: Any) -> None:
    good = {"id": 13, "manage_stock": True, "stock_quantity": 4}
    site.server.faults.add(Answer(200, {}, json.dumps({"update": [entry, good]}).encode()))
    writes = [Write(id_, None, Op.DELTA, 4, 9) for id_ in ("12", "13")]
    first, second = send(site.connector(), *writes)
    assert isinstance(first.error, InDoubt)
    assert (second.error, second.shown) == (None, 4)


def test_a_start_that_shows_another_number_is_in_doubt(site: Site) -> None:
    body = json.dumps({"update": [{"id": 12, "manage_stock": True, "stock_quantity": 0}]}).encode()
    site.server.faults.add(Answer(200, {}, body))
    (outcome,) = send(site.connector(), Write("12", None, Op.START, 4, 0))
    assert isinstance(outcome.error, InDoubt)


def test_words_of_the_shop_are_plain_text_and_hold_no_key(site: Site) -> None:
    error = {"code": "x", "message": f"&lt;b&gt;No {site.shop.key.consumer_secret}&lt;/b&gt;\n" + "x" * 999}
    body = json.dumps({"update": [{"id": 12, "error": error}]}).encode()
    site.server.faults.add(Answer(200, {}, body))
    (outcome,) = send(site.connector(), Write("12", None, Op.DELTA, 4, 9))
    assert isinstance(outcome.error, Rejected)
    assert str(outcome.error).startswith("The shop refuses it: <b>No ***</b> x")
    assert len(str(outcome.error)) < 300


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Answer(401, {}, b'{"code": "x", "message": "The API key provided does not have write permissions."}'),
         CredentialsRejected),
        (Answer(403, {}, b'{"code": "woocommerce_rest_cannot_batch", "message": "Sorry."}'), CredentialsRejected),
        (Answer(403, HTML, b"<h1>Blocked</h1>"), Unavailable),
        (Answer(404, {}, b'{"code": "rest_no_route", "message": "No route."}'), Unavailable),
        (Answer(404, HTML, b"<h1>Not found</h1>"), Unavailable),
        (Answer(413, HTML, b"<h1>Too large</h1>"), Unavailable),
        (Answer(413, {}, b'{"code": "woocommerce_rest_request_entity_too_large", "message": "100"}'), Unreadable),
        (Answer(400, {}, b'{"code": "rest_invalid_json", "message": "Invalid JSON."}'), Unreadable),
        (Answer(429, {"Retry-After": "7"}, b""), RateLimited),
        (Redirect(301, "https://www.shop.example/wp-json/wc/v3/products/batch"), Unavailable),
        (Redirect(302, "/login"), Unavailable),
    ],
)  # fmt: skip
def test_a_refused_call_wrote_nothing_and_says_what_to_do(site: Site, fault: Any, error: type[Exception]) -> None:
    hat = site.shop.add_simple("HAT", stock=9)
    connector = site.connector()
    site.server.faults.add(fault, match="POST")
    with pytest.raises(error) as caught:
        send(connector, delta(hat, 4, 9))
    assert not isinstance(caught.value, InDoubt)
    assert hat.stock == 9
    assert site.calls("POST") == ["POST products/batch"]


def test_a_redirect_names_the_setting_that_mends_it(site: Site) -> None:
    site.server.faults.add(Redirect(301, "https://www.shop.example/shop/wp-json/wc/v3/products/batch?x=1"))
    with pytest.raises(Unavailable) as caught:
        send(site.connector(), Write("12", None, Op.DELTA, 4, 9))
    assert caught.value.hint == "Set WOO_URL=https://www.shop.example/shop"


def test_writes_of_two_calls_in_one_batch_are_a_defect_of_the_caller(site: Site) -> None:
    with pytest.raises(ValueError, match="one call"):
        send(site.connector(), Write("12", None, Op.DELTA, 4, 9), Write("13", "12", Op.DELTA, 4, 9))
    assert site.calls() == []
