"""How many calls a sync makes when nothing raced: writes at the shops' limits, one walk of orders, one read.

Counted at the practice shops, over real HTTP, in a house that is open already: a new process also asks Shopify once
for a token, for its permissions and for its locations, and before the first status whether buyers may read it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil

import pytest

from connectors import registry
from syncd import app, config, settings_file
from syncd.config import Settings
from syncd.domain.status import StockStatus
from syncd.sandbox.server import Call, SandboxServer
from syncd.sandbox.shopify import Bucket, ShopifyApp, ShopifyShop
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.sync import adoption, desk, golive, permits
from syncd.sync.cycle import sync
from syncd.sync.house import House

SIMPLE = [f"MUG-{n:03}" for n in range(151)]
SHIRT = [f"SHIRT-{n:03}" for n in range(101)]
SHOE = ["SHOE-39", "SHOE-40"]
EVERY = [*SIMPLE, *SHIRT, *SHOE]

# One walk of what changed, a call per page; what is in the trash is in no other list (woocommerce-facts §5).
WOO_ORDERS = {"GET orders": 1, "GET orders in the trash": 1}
SHOPIFY_ORDERS = {"Orders": 1}


@dataclass
class Street:
    """Both shops, live and in step."""

    house: House
    woo: WooShop
    shopify: ShopifyShop
    woo_server: SandboxServer
    shopify_server: SandboxServer
    settings: Settings

    def sync(self) -> tuple[Counter[str], Counter[str]]:
        """The calls that one sync makes, of each shop by name. It must end with nothing left to do."""
        self.woo_server.calls.clear()
        self.shopify_server.calls.clear()
        report = sync(self.house)
        assert report.complete
        assert not report.held
        assert all(not pushed.waiting for pushed in report.pushed.values())
        return (
            Counter(_woo_name(call, self.woo) for call in self.woo_server.calls),
            Counter(_shopify_name(call) for call in self.shopify_server.calls),
        )


def hundreds(listings: int) -> int:
    return ceil(listings / 100)


def _woo_name(call: Call, shop: WooShop) -> str:
    path = call.path.removeprefix("/wp-json/wc/v3/")
    parent = re.fullmatch(r"products/(\d+)/variations/batch", path)
    if parent:
        path = f"variations of {shop.products[int(parent[1])].sku}"
    return f"{call.method} {path}" + (" in the trash" if ("status", "trash") in call.query else "")


def _shopify_name(call: Call) -> str:
    if call.path.endswith("access_token"):
        return "token"
    operation = re.search(r"(?:query|mutation) (\w+)", json.loads(call.body)["query"])
    assert operation
    return operation[1]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    woo, shopify = WooShop(lambda: datetime.now(UTC)), ShopifyShop()
    for sku in SIMPLE:
        woo.add_simple(sku, stock=50)
    woo.add_variable("SHIRT", "Shirt", {sku.removeprefix("SHIRT-"): 50 for sku in SHIRT})
    woo.add_variable("SHOE", "Shoe", {sku.removeprefix("SHOE-"): 50 for sku in SHOE})
    for sku in EVERY:
        shopify.add_product(sku, [{"sku": sku, "units": 50}])
    shopify_app = ShopifyApp(shopify, client_id="practice", client_secret="practice-secret")
    shopify_app.bucket = Bucket(shopify.clock, maximum=20_000, restore_rate=1_000)  # never asks to wait
    with SandboxServer(woo_app(woo)) as woo_server, SandboxServer(shopify_app) as shopify_server:
        text = f"""
            SYNCD_CHANNELS=woo:woocommerce, shopify:shopify
            SYNCD_DATABASE_URL=sqlite:///{tmp_path_factory.mktemp("floor") / "syncd.db"}
            WOO_URL={woo_server.url}
            WOO_KEY={woo.key.consumer_key}
            WOO_SECRET={woo.key.consumer_secret}
            WOO_ORDER_LAG=0s
            SHOPIFY_SHOP={shopify.domain}
            SHOPIFY_CLIENT_ID=practice
            SHOPIFY_CLIENT_SECRET=practice-secret
            SHOPIFY_BASE_URL={shopify_server.url}
            SHOPIFY_ORDER_LAG=0s
        """
        settings = config.from_lines(settings_file.parse(text), {}, source=None, find_kind=registry.find)
        with app.open_house(settings, command="test") as house:
            port = house.port("woo")
            adoption.commit(house, port, adoption.look(house, port))
            for port in house.ports:
                assert golive.go_live(house, port).live
            yield Street(house, woo, shopify, woo_server, shopify_server, settings)


def test_a_sync_with_nothing_to_do_writes_nothing_and_looks_at_one_page(street: Street) -> None:
    street.sync()
    woo, shopify = street.sync()
    # A page of what was not read for the longest time: variations are another list than products (design.md §3.9).
    assert woo.pop("GET products") == 1
    assert woo.pop("GET variations", 0) <= 1
    assert woo == WOO_ORDERS
    assert shopify == {**SHOPIFY_ORDERS, "ItemsById": 1}


@pytest.mark.parametrize(("units", "mutation"), [(-1, "Adjust"), (2, "Set")], ids=["lowered", "raised"])
def test_changes_of_everything_cost_full_batches(street: Street, units: int, mutation: str) -> None:
    for sku in EVERY:
        desk.adjust(street.house, sku, units, reason="test")
    woo, shopify = street.sync()
    assert woo == {
        **WOO_ORDERS,
        "GET products": hundreds(len([*SIMPLE, "SHIRT", "SHOE"])),  # variations take name and status from their parents
        "GET variations": hundreds(len([*SHIRT, *SHOE])),
        "POST products/batch": hundreds(len(SIMPLE)),
        "POST variations of SHIRT": hundreds(len(SHIRT)),
        "POST variations of SHOE": 1,
    }
    in_calls = ceil(len(EVERY) / 250)
    assert shopify == {**SHOPIFY_ORDERS, "ItemsById": in_calls, mutation: in_calls}


def test_raises_and_lowerings_are_one_call_of_each_kind_at_shopify(street: Street) -> None:
    desk.adjust(street.house, "MUG-000", 1, reason="test")
    desk.adjust(street.house, "SHOE-40", -1, reason="test")
    woo, shopify = street.sync()
    assert {name: calls for name, calls in woo.items() if name.startswith("POST")} == {
        "POST products/batch": 1,
        "POST variations of SHOE": 1,
    }
    assert shopify == {**SHOPIFY_ORDERS, "ItemsById": 1, "Adjust": 1, "Set": 1}


def test_a_sale_is_written_to_the_other_shop_only(street: Street) -> None:
    street.sync()
    street.woo.buy("SHOE-39", 1)
    woo, shopify = street.sync()
    assert not [name for name in woo if name.startswith("POST")]
    assert {name: woo[name] for name in WOO_ORDERS} == WOO_ORDERS
    assert shopify == {**SHOPIFY_ORDERS, "ItemsById": 1, "Adjust": 1}


# ---- what buyers read


def writes(woo: Counter[str], shopify: Counter[str]) -> tuple[dict[str, int], dict[str, int]]:
    """The calls that change something, of each shop."""
    reading = {*SHOPIFY_ORDERS, "ItemsById"}
    return (
        {name: calls for name, calls in woo.items() if name.startswith("POST")},
        {name: calls for name, calls in shopify.items() if name not in reading},
    )


EVERYTHING_AT_WOO = {
    "POST products/batch": hundreds(len(SIMPLE)),
    "POST variations of SHIRT": hundreds(len(SHIRT)),
    "POST variations of SHOE": 1,
}


def test_statuses_that_change_with_their_numbers_cost_nothing_at_woo_and_one_call_of_25_at_shopify(
    street: Street,
) -> None:
    for sku in EVERY:
        desk.adjust(street.house, sku, -1, reason="test")
        permits.say_status(street.house, sku, StockStatus.ON_THE_WAY)
    woo, shopify = street.sync()
    assert writes(woo, shopify) == (
        EVERYTHING_AT_WOO,
        {"Adjust": ceil(len(EVERY) / 250), "Show": ceil(len(EVERY) / 25)},
    )
    assert writes(*street.sync()) == ({}, {})


def test_statuses_alone_cost_full_batches_and_no_number_is_written(street: Street) -> None:
    street.sync()
    for sku in EVERY:
        permits.say_status(street.house, sku, StockStatus.SUPPLIER)
    assert writes(*street.sync()) == (EVERYTHING_AT_WOO, {"Show": ceil(len(EVERY) / 25)})
    assert writes(*street.sync()) == ({}, {})


def test_a_number_that_changes_without_its_status_shows_nothing_anew(street: Street) -> None:
    street.sync()
    desk.adjust(street.house, "MUG-000", -1, reason="test")
    assert writes(*street.sync()) == ({"POST products/batch": 1}, {"Adjust": 1})
    (call,) = [call for call in street.woo_server.calls if call.method == "POST"]
    assert b"meta_data" not in call.body


def test_numbers_and_statuses_of_different_skus_share_their_calls(street: Street) -> None:
    street.sync()
    for sku in SIMPLE[:20]:
        desk.adjust(street.house, sku, 1, reason="test")
    for sku in SIMPLE[10:40]:
        permits.say_status(street.house, sku, StockStatus.ON_THE_WAY)
    for sku in SIMPLE[40:45]:
        desk.adjust(street.house, sku, -1, reason="test")
    assert writes(*street.sync()) == ({"POST products/batch": 1}, {"Set": 1, "Adjust": 1, "Show": 2})
    assert writes(*street.sync()) == ({}, {})


def test_a_new_process_asks_shopify_once_whether_buyers_may_read_it(street: Street) -> None:
    street.sync()
    with app.open_house(street.settings, command="test") as house:
        again = replace(street, house=house)
        again.sync()
        for sku in ("MUG-000", "MUG-001"):
            permits.say_status(house, sku, StockStatus.PRE_ORDER)
            _, shopify = again.sync()
            assert shopify["Show"] == 1
            assert shopify["Notices"] == (sku == "MUG-000")
