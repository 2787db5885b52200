"""Both real connectors over HTTP while customers buy, cancel and refund at the same time, and shops misbehave.

The clock of this test is virtual and jumps between syncs; customers run in threads of their own. At the end everything
is compared with what the practice shops themselves say.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Surroundings
from connectors.shopify.connector import Shopify
from connectors.woocommerce.connector import WooCommerce
from syncd.domain.availability import Buffer
from syncd.domain.drift import OnEdit
from syncd.domain.rules import Limits
from syncd.sandbox.faults import LateEffect, ResetAfter, ResetBefore
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import ShopifyApp, ShopifyShop
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.storage import ledger, orders
from syncd.storage.migrate import prepare
from syncd.storage.session import Database
from syncd.sync import adoption, golive, views
from syncd.sync.cycle import sync
from syncd.sync.house import House, Port

SKUS = ("MUG", "CUP", "TEE-S", "TEE-M")
ON_HAND = 400


@dataclass
class Clock:
    """Time that passes only when it is told to, for the shops and for us alike."""

    at: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Street:
    clock: Clock
    house: House
    woo: WooShop
    shopify: ShopifyShop
    woo_server: SandboxServer
    shopify_server: SandboxServer

    def trade(self, seed: int, steps: int) -> None:
        """What customers and the shopkeeper's staff do in both shops, in an order that depends on the seed."""
        chance = random.Random(seed)
        woo_orders: list[int] = []
        shopify_orders: list[object] = []
        for _ in range(steps):
            sku, units = chance.choice(SKUS), chance.randint(1, 2)
            match chance.randrange(8):
                case 0 | 1 | 2:
                    woo_orders.append(self.woo.buy(sku, units))
                case 3 | 4:
                    shopify_orders.append(self.shopify.buy(sku, units))
                case 5 if woo_orders:
                    order = woo_orders.pop(chance.randrange(len(woo_orders)))
                    self.woo.set_order_status(order, chance.choice(["cancelled", "completed", "on-hold"]))
                case 6 if woo_orders:
                    self.woo.checkout_pending(sku, 1)
                case 7 if shopify_orders:
                    order = shopify_orders.pop(chance.randrange(len(shopify_orders)))
                    if chance.random() < 0.5:
                        self.shopify.cancel(order)  # type: ignore[arg-type]
                    else:
                        self.shopify.fulfil(order)  # type: ignore[arg-type]

    def right(self) -> dict[str, tuple[int | None, int | None, int, int]]:
        """Per SKU: what each shop shows, and what each should."""
        told: dict[str, dict[str, int]] = {}
        with self.house.db.read() as tx:
            assert ledger.audit(tx) == []
            for port in self.house.ports:
                for view in views.load(tx, self.house, port):
                    told.setdefault(view.sku.sku, {})[port.name] = view.offer.told
        return {
            sku: (self.woo.stock_of(sku), self.shopify.available(sku), told[sku]["woo"], told[sku]["shopify"])
            for sku in SKUS
        }


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    clock = Clock()
    woo, shopify = WooShop(clock), ShopifyShop(clock=clock)
    for sku in SKUS[:2]:
        woo.add_simple(sku, stock=ON_HAND)
    woo.add_variable("TEE", "Tee", {"S": ON_HAND, "M": ON_HAND})
    for sku in SKUS:
        shopify.add_product(sku, [{"sku": sku, "units": ON_HAND}])
    db = Database(f"sqlite:///{tmp_path}/syncd.db")
    prepare(db, clock())
    around = Surroundings(now=clock, sleep=clock.sleep, random=random.Random(1))
    shopify_app = ShopifyApp(shopify, fixed_token="shpat_practice")
    with SandboxServer(woo_app(woo)) as woo_server, SandboxServer(shopify_app) as shopify_server:
        key = woo.key
        woo_settings = {"URL": woo_server.url, "KEY": key.consumer_key, "SECRET": key.consumer_secret}
        shopify_settings = {"SHOP": shopify.domain, "TOKEN": "shpat_practice", "BASE_URL": shopify_server.url}
        ports = (
            Port("woo", "woocommerce", _made(WooCommerce, "woo", woo_settings, around), on_edit=OnEdit.HEAL),
            Port("shopify", "shopify", _made(Shopify, "shopify", shopify_settings, around), on_edit=OnEdit.HEAL),
        )
        house = House(db, ports, Limits(buffer=Buffer(units=2)), now=clock, sleep=clock.sleep)
        adoption.commit(house, ports[0], adoption.look(house, ports[0]))
        for port in ports:
            assert golive.go_live(house, port).live
        yield Street(clock, house, woo, shopify, woo_server, shopify_server)
        for port in ports:
            port.connector.close()  # type: ignore[attr-defined]
    db.close()


def _made(kind: type, name: str, given: dict[str, object], around: Surroundings) -> object:
    defaults = {setting.name: None for setting in kind.SETTINGS}  # type: ignore[attr-defined]
    defaults |= {"PARALLEL": 2, "ORDER_LAG": timedelta(seconds=3), "API_VERSION": "2026-10"}
    wanted = {setting.name for setting in kind.SETTINGS}  # type: ignore[attr-defined]
    return kind(name, {key: value for key, value in (defaults | given).items() if key in wanted}, around)


@pytest.mark.parametrize("seed", [7, 23])
def test_customers_buy_while_syncs_run_and_answers_are_lost(street: Street, seed: int) -> None:
    chance = random.Random(seed)
    in_doubt = 0
    for turn in range(6):
        customers = [threading.Thread(target=street.trade, args=(1000 * seed + 10 * turn + n, 12)) for n in range(2)]
        fault = chance.choice([ResetAfter(), ResetBefore(), LateEffect(), None])
        server, call = chance.choice([(street.woo_server, "POST .*batch"), (street.shopify_server, "POST .*graphql")])
        if fault is not None:
            server.faults.add(fault, match=call, body=r"\"update\"|mutation")
        for customer in customers:
            customer.start()
        report = sync(street.house)
        in_doubt += sum(len(pushed.in_doubt) for pushed in report.pushed.values())
        for customer in customers:
            customer.join()
        street.clock.sleep(chance.choice([1, 20, 70]))
        with suppress(LookupError):
            server.faults.release_late()
    for server in (street.woo_server, street.shopify_server):
        server.faults.clear()
    for _ in range(6):
        street.clock.sleep(3700)  # unpaid checkouts end meanwhile
        sync(street.house)
    assert in_doubt, "no answer was lost: this proves less than it should"
    for sku, (woo, shopify, woo_target, shopify_target) in street.right().items():
        assert (woo, shopify) == (woo_target, shopify_target), sku
    _every_order_counts_once(street)


def _every_order_counts_once(street: Street) -> None:
    """What our books say that each shop took is what the shop itself lost, order by order."""
    with street.house.db.read() as tx:
        claimed = {name: orders.traffic(tx, name) for name in ("woo", "shopify")}
    for sku in SKUS:
        product = street.woo.product(sku)
        taken = sum(
            line.reduced or 0
            for order in street.woo.orders.values()
            for line in order.lines
            if line.product_id == product.id
        )
        assert claimed["woo"][str(product.id)].taken == taken
