"""Notices and stops against a practice shop over real HTTP: what is sent, and what is taken for written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors.contract import NOTHING, Batch, InDoubt, Notice, Op, Outcome, Rejected, Write
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.faults import Answer
from syncd.sandbox.woocommerce.model import Meta
from tests.connectors.woocommerce.conftest import Site

COMING = Notice("on_the_way", "On the way, expected on 12 December", 9, date(2026, 12, 12))


def write(listing: Any, op: Op = Op.SHOW, notice: Notice | None = COMING, target: int = 0, expected: int = 0) -> Write:
    parent = str(listing.parent_id) if listing.parent_id else None
    return Write(str(listing.id), parent, op, target, expected, notice)


def send(connector: WooCommerce, *writes: Write) -> list[Outcome]:
    return list(connector.send(Batch("key", writes)))


def meta(product: Any) -> dict[str, object]:
    return {row.key: row.value for row in product.meta}


def sent(site: Site) -> list[dict[str, Any]]:
    return json.loads(site.server.calls[-1].body)["update"]


def test_a_notice_rides_with_its_number_in_one_entry(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    (outcome,) = send(site.connector(), write(hat, Op.DELTA, COMING, 8, 10))
    assert outcome == Outcome(str(hat.id), None, 8)
    assert sent(site) == [
        {
            "id": hat.id,
            "inventory_delta": -2,
            "meta_data": [
                {"key": "_syncd_status", "value": "on_the_way"},
                {"key": "_syncd_text", "value": "On the way, expected on 12 December"},
                {"key": "_syncd_lead_time_days", "value": "9"},
                {"key": "_syncd_expected_on", "value": "2026-12-12"},
            ],
            "include_meta": ["_syncd_status", "_syncd_text", "_syncd_lead_time_days", "_syncd_expected_on"],
            "_fields": "id,manage_stock,stock_quantity,meta_data",
        }
    ]


def test_a_notice_alone_sends_no_number_and_what_it_does_not_say_is_deleted(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    connector = site.connector()
    send(connector, write(hat))
    send(connector, write(hat, notice=Notice("in_stock", "In stock, ready to ship")))
    (entry,) = sent(site)
    assert not {"inventory_delta", "stock_quantity", "manage_stock"} & set(entry)
    assert [row["value"] for row in entry["meta_data"]] == ["in_stock", "In stock, ready to ship", None, None]
    assert meta(hat) == {"_syncd_status": "in_stock", "_syncd_text": "In stock, ready to ship"}
    assert hat.stock == 10


def test_metadata_of_others_is_neither_touched_nor_asked_for(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    hat.meta.append(Meta(site.shop.next_meta(), "_builder", "x" * 100_000))
    connector = site.connector()
    for notice in (COMING, NOTHING):
        (outcome,) = send(connector, write(hat, notice=notice))
        assert outcome.written
    assert meta(hat) == {"_builder": "x" * 100_000}


def test_changed_numbers_with_notices_cost_no_call_more_than_numbers(site: Site) -> None:
    products = [site.shop.add_simple(f"S-{n}", stock=9) for n in range(201)]
    shirt = site.shop.add_variable("SHIRT", "Shirt", {str(n): 9 for n in range(101)})
    everything = [*products, *site.shop.variations(shirt.id)]
    connector = site.connector()
    numbers = [write(each, Op.DELTA, None, 4, 9) for each in everything]
    mixed = [
        replace(number, notice=COMING) if n % 3 else replace(number, op=Op.SHOW, notice=COMING)
        for n, number in enumerate(numbers)
    ]
    groups = connector.group(mixed)
    assert len(groups) == len(connector.group(numbers)) == 3 + 2
    site.server.calls.clear()
    for group in groups:
        assert all(outcome == Outcome(outcome.listing_id, None, outcome.shown) for outcome in send(connector, *group))
    assert len(site.calls()) == 5
    assert {meta(each)["_syncd_text"] for each in everything} == {COMING.text}
    assert [each.stock for each in everything] == [4 if n % 3 else 9 for n in range(302)]


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [{"key": "_syncd_status", "value": "on_the_way"}],
        [
            {"key": "_syncd_status", "value": "on_the_way"},
            {"key": "_syncd_text", "value": "On the way"},
            {"key": "_syncd_lead_time_days", "value": "9"},
            {"key": "_syncd_expected_on", "value": "2026-12-12"},
        ],
        "gone",
    ],
    ids=["no metadata", "removed", "partly", "another text", "no list"],
)
def test_a_number_is_told_as_written_and_its_unproven_notice_is_not(site: Site, rows: object) -> None:
    hat, coat = site.shop.add_simple("HAT", stock=10), site.shop.add_simple("COAT", stock=10)
    answer = [
        {"id": hat.id, "manage_stock": True, "stock_quantity": 8, "meta_data": rows},
        {"id": coat.id, "manage_stock": True, "stock_quantity": 10, "meta_data": rows},
    ]
    json_type = {"Content-Type": "application/json"}
    site.server.faults.add(Answer(200, json_type, json.dumps({"update": answer}).encode()), match="POST .*/batch")
    number, alone = send(site.connector(), write(hat, Op.DELTA, COMING, 8, 10), write(coat))
    assert (number.error, number.shown) == (None, 8)
    assert isinstance(number.unshown, Rejected)
    assert isinstance(alone.error, Rejected)
    assert "meta_data" in alone.error.hint


def test_an_answer_about_another_product_proves_no_notice(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=10)
    body = json.dumps({"update": [{"id": hat.id + 1, "meta_data": []}]}).encode()
    site.server.faults.add(Answer(200, {"Content-Type": "application/json"}, body), match="POST .*/batch")
    (outcome,) = send(site.connector(), write(hat, notice=NOTHING))
    assert isinstance(outcome.error, InDoubt)


@pytest.mark.parametrize("backorders", ["yes", "notify"])
def test_a_stop_forbids_backorders_and_leaves_the_number(site: Site, backorders: str) -> None:
    hat = site.shop.add_simple("HAT", stock=10, backorders=backorders)
    (outcome,) = send(site.connector(), write(hat, Op.STOP, None, 3, 7))
    assert outcome == Outcome(str(hat.id), None, 10)
    assert sent(site) == [{"id": hat.id, "backorders": "no", "_fields": "id,manage_stock,stock_quantity,backorders"}]
    assert (hat.backorders, hat.stock) == ("no", 10)


def test_a_stop_that_the_shop_does_not_follow_is_told_with_the_way_out(site: Site) -> None:
    shoe = site.shop.add_variable("SHOE", "Shoe", {"39": None}, own_stock=5)
    shoe.backorders = "yes"
    (size,) = site.shop.variations(shoe.id)
    (outcome,) = send(site.connector(), write(size, Op.STOP, None))
    assert isinstance(outcome.error, Rejected)
    assert "its product" in outcome.error.hint
    assert shoe.backorders == "yes"
