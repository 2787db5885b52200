"""Where statuses are switched off, not allowed or not taken: numbers go on, and no text is left that nobody keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.sandbox.server import Request, Response
from syncd.sandbox.shopify import ShopifyApp
from tests.cli.command_kit import Shops
from tests.storefronts import MUG, SKUS, TEE, Shown, in_shopify, in_woo, stock_both

IN_STOCK = "In stock, ready to ship"
SOLD_OUT = "Out of stock"


@pytest.fixture
def shops(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shops]:
    """Both shops with 10 of each SKU, counted from woo, in shadow; no buffers."""
    monkeypatch.chdir(tmp_path)
    shops = Shops(tmp_path, capsys)
    shops.set(SYNCD_BUFFER="0", SHOPIFY_IL_BUFFER="0")
    stock_both(shops.woo, shops.shopify)
    shops.done("map")
    shops.done("adopt", "woo", "--yes")
    yield shops
    shops.close()


def go_live(shops: Shops) -> None:
    shops.done("go-live", "woo", "shopify_il", "--yes")


def shown(shops: Shops, sku: str) -> tuple[Shown, Shown]:
    return in_woo(shops.woo, sku), in_shopify(shops.shopify, sku)


def both(units: int, status: str | None, text: str | None = None) -> tuple[Shown, Shown]:
    return Shown(units, status, text), Shown(units, status, text)


def incidents(shops: Shops) -> list[tuple[str, str]]:
    return [(one["kind"], one["channel"]) for one in shops.done("incidents", "--json").json["incidents"]]


def test_nothing_is_shown_in_shadow_and_rollback_takes_it_back(shops: Shops) -> None:
    shops.done("count", MUG, "7")
    shops.done("sync")
    assert [shown(shops, sku) for sku in SKUS] == [both(10, None), both(10, None)]
    go_live(shops)
    assert [shown(shops, sku) for sku in SKUS] == [both(7, "in_stock", IN_STOCK), both(10, "in_stock", IN_STOCK)]
    shops.buy_in_woo(TEE, 10)
    shops.done("sync")
    assert shown(shops, TEE) == both(0, "out_of_stock", SOLD_OUT)

    for channel in ("woo", "shopify_il"):
        assert shops.done("rollback", channel).out.endswith(f"{channel} is in shadow: nothing is written.\n")
    assert shown(shops, MUG) == both(10, None)
    assert shown(shops, TEE) == (Shown(0, None), Shown(10, None)), "woo sold 10 of what it showed"
    shops.forget_calls()
    shops.done("count", TEE, "3")
    shops.done("sync")
    assert shops.write_calls() == []


def test_switched_off_it_writes_numbers_only(shops: Shops) -> None:
    shops.set(WOO_STATUSES="no", SHOPIFY_IL_STATUSES="no")
    go_live(shops)
    shops.done("count", MUG, "4")
    shops.done("sync")
    assert [shown(shops, sku) for sku in SKUS] == [both(4, None), both(10, None)]
    assert not [call for call in shops.write_calls() if "etafield" in call]


def test_switched_off_later_it_leaves_no_text_that_nobody_keeps_true(shops: Shops) -> None:
    go_live(shops)
    shops.set(WOO_STATUSES="no", SHOPIFY_IL_STATUSES="no")
    shops.done("sync")
    assert [shown(shops, sku) for sku in SKUS] == [both(10, None), both(10, None)]
    shops.forget_calls()
    shops.done("count", MUG, "0")
    shops.done("sync")
    assert shown(shops, MUG) == both(0, None)
    assert not [call for call in shops.write_calls() if "etafield" in call]
    shops.set(WOO_STATUSES="yes", SHOPIFY_IL_STATUSES="yes")
    shops.done("sync")
    assert [shown(shops, sku) for sku in SKUS] == [both(0, "out_of_stock", SOLD_OUT), both(10, "in_stock", IN_STOCK)]


def test_an_app_that_may_not_write_products_keeps_its_numbers_and_tells_once(shops: Shops) -> None:
    app = shops.shopify_server.app
    assert isinstance(app, ShopifyApp)
    every = app.scopes
    app.scopes = every - {"write_products"}
    go_live(shops)
    shops.done("count", MUG, "4")
    shops.done("sync")
    assert shown(shops, MUG) == (Shown(4, "in_stock", IN_STOCK), Shown(4, None))
    assert shown(shops, TEE)[1] == Shown(10, None)
    assert incidents(shops) == [("not shown", "shopify_il")]
    assert "(the shop did not take it; tried again " in shops.done("explain", MUG).out
    told = shops.done("check").out
    assert "warn  shopify_il  buyers see no statuses, only numbers: write_products is missing" in told


def test_a_product_that_loses_its_text_spoils_no_other_and_no_number(shops: Shops) -> None:
    go_live(shops)
    mug = shops.woo.product(MUG)
    honest = shops.woo_server.app

    def forgets_metadata_of_the_mug(request: Request) -> Response:
        answer = honest(request)
        if request.method == "POST" and request.path.endswith("products/batch"):
            mug.meta.clear()
            body = json.loads(answer.body)
            body["update"] = [one | {"meta_data": []} if one["id"] == mug.id else one for one in body["update"]]
            return replace(answer, body=json.dumps(body).encode())
        return answer

    shops.woo_server.app = forgets_metadata_of_the_mug
    for sku in SKUS:
        shops.done("count", sku, "0")
    shops.done("sync")
    assert in_woo(shops.woo, MUG) == Shown(0, None)
    assert in_woo(shops.woo, TEE) == Shown(0, "out_of_stock", SOLD_OUT)
    assert incidents(shops) == [("not shown", "woo")]
    shops.forget_calls()
    shops.done("sync")
    assert shops.write_calls() == [], "it is left alone for an hour"

    # The shop is mended, and the next number brings the next text along.
    shops.woo_server.app = honest
    shops.done("count", MUG, "3")
    shops.done("sync")
    assert shown(shops, MUG) == both(3, "in_stock", IN_STOCK)
    assert incidents(shops) == []


def test_a_metafield_that_shopify_refuses_spoils_no_other_in_its_call(shops: Shops) -> None:
    go_live(shops)
    app = shops.shopify_server.app
    assert isinstance(app, ShopifyApp)
    mug = shops.shopify.variant(MUG)

    def refuses_the_mug(request: Request) -> Response:
        if b"metafieldsSet" in request.body:
            asked = json.loads(request.body)["variables"]["metafields"]
            index = next((n for n, one in enumerate(asked) if one["ownerId"] == mug.id), None)
            if index is not None:
                error = {"field": ["metafields", str(index), "value"], "message": "No.", "code": "INVALID_VALUE"}
                payload = {"metafieldsSet": {"metafields": [], "userErrors": [{**error, "elementIndex": None}]}}
                answer = app(replace(request, body=_asks_nothing(request.body)))
                return replace(answer, body=json.dumps({**json.loads(answer.body), "data": payload}).encode())
        return app(request)

    shops.shopify_server.app = refuses_the_mug
    for sku in SKUS:
        shops.done("count", sku, "0")
    shops.done("sync")
    assert in_shopify(shops.shopify, MUG) == Shown(0, "in_stock", IN_STOCK)
    assert in_shopify(shops.shopify, TEE) == Shown(0, "out_of_stock", SOLD_OUT)
    assert incidents(shops) == [("not shown", "shopify_il")]


def _asks_nothing(body: bytes) -> bytes:
    """The same call with nothing to write in it, so that the shop answers with its usual envelope."""
    asked = json.loads(body)
    return json.dumps({**asked, "variables": {"metafields": []}}).encode()
