"""The Shopify connector keeps every promise of the contract, against a practice shop over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import uuid4

import pytest

from connectors.contract import ListingRef, Notice
from connectors.shopify.connector import Shopify
from connectors.testing import OF_A_SHOP, Capability, ContractSuite
from syncd.sandbox.faults import Answer, ResetAfter, ResetBefore
from syncd.sandbox.shopify.model import LineItem, Order, Subscription, Variant
from tests.connectors.shopify.conftest import TOKEN, Make, Practice

THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 500,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 0, "restoreRate": 100},
        }
    },
}


@dataclass
class ShopifyRig:
    practice: Practice
    make: Make
    secrets: tuple[str, ...] = (TOKEN, "shpat_of_a_stranger_0001", "practice-secret", "secret-of-a-stranger")
    batch_limit: int = 250
    signature_header: str = "x-shopify-hmac-sha256"
    _down: bool = False
    _variants: dict[str, Variant] = field(default_factory=dict)

    def connector(self) -> Shopify:
        return self.make(self.practice.server.url, WEBHOOK_SECRET=self.practice.app.client_secret)

    def wrong_credentials(self) -> Shopify:
        return self.make(self.practice.server.url, TOKEN=self.secrets[1], WEBHOOK_SECRET=self.secrets[3])

    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False) -> ListingRef:
        options = {"Size": "39"} if variation else None
        title = f"Product {uuid4()}"
        product = self.practice.shop.add_product(title, [{"sku": sku, "units": shown, "options": options}])
        (variant,) = product.variants
        ref = ListingRef(str(variant.inventory_item.number), f"{product.number}/{variant.number}")
        self._variants[ref.id] = variant
        return ref

    def remove_listing(self, ref: ListingRef) -> None:
        self.practice.shop.delete_variant(str(self._variants[ref.id].sku))

    def shown(self, ref: ListingRef) -> int | None:
        return self.practice.shop.available(str(self._variants[ref.id].sku))

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        self.practice.shop.edit_stock(str(self._variants[ref.id].sku), shown)

    def notice(self, ref: ListingRef) -> Notice | None:
        metafield = self._variants[ref.id].metafields.get(("syncd", "availability"))
        if metafield is None:
            return None
        assert metafield.type == "json"
        told = json.loads(metafield.value)
        day = told.pop("expected_on")
        return Notice(**told, expected_on=None if day is None else date.fromisoformat(day))

    def sell_on(self, ref: ListingRef) -> None:
        self._variants[ref.id].inventory_policy = "CONTINUE"

    def ends_at_zero(self, ref: ListingRef) -> bool:
        return self._variants[ref.id].stops_at_zero

    def buy(self, ref: ListingRef, units: int = 1) -> str:
        return str(self.practice.shop.place([(self._variants[ref.id], units)]).number)

    def cancel(self, order_id: str, *, restock: bool = True) -> None:
        self.practice.shop.cancel(self._order(order_id), restock=restock)

    def ship(self, order_id: str) -> None:
        self.practice.shop.fulfil(self._order(order_id))

    def refund(self, order_id: str, units: int, *, restock: bool = True) -> None:
        kind = "CANCEL" if restock else "NO_RESTOCK"
        self.practice.shop.refund(self._order(order_id), self._line(order_id), units, kind)

    def return_shipped(self, order_id: str, units: int) -> None:
        self.practice.shop.refund(self._order(order_id), self._line(order_id), units, "RETURN")

    def edit_line(self, order_id: str, units: int) -> None:
        order, line = self._order(order_id), self._line(order_id)
        more = units - line.current_quantity
        if more < 0:
            self.practice.shop.edit_order(order, line, -more)
            return
        line.quantity += more
        line.current_quantity += more
        line.unfulfilled_quantity += more
        assert line.level
        self.practice.shop.move(line.level, available=-more, committed=more)
        self.practice.shop.touch(order)

    def delete(self, order_id: str) -> None:
        self.practice.shop.delete_order(self._order(order_id))

    def catch_up(self) -> None:
        self.practice.world.now += timedelta(seconds=5)

    def subscribed(self, address: str) -> list[str]:
        return [one.topic for one in self._subscriptions.values() if one.uri == address]

    def subscribe_stranger(self, address: str) -> None:
        shop = self.practice.shop
        number, now = shop.number(), shop.now()
        theirs = Subscription(number=number, created_at=now, updated_at=now, topic="ORDERS_CREATE", uri=address)
        self._subscriptions[number] = theirs

    def remove_subscription(self, address: str, topic: str) -> None:
        (number,) = (n for n, one in self._subscriptions.items() if (one.uri, one.topic) == (address, topic))
        del self._subscriptions[number]

    switch_off_subscription = remove_subscription  # Shopify deletes what it gives up

    @property
    def _subscriptions(self) -> dict[int, Subscription]:
        return self.practice.shop.webhooks.subscriptions

    def delivered(self, address: str) -> list[tuple[Mapping[str, str], bytes]]:
        got: list[tuple[Mapping[str, str], bytes]] = []

        def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
            if url == address:
                got.append(({name.lower(): value for name, value in headers.items()}, body))
            return 200

        self.practice.shop.webhooks.deliveries.pump(self.practice.world.now, post)
        return got

    def go_down(self) -> None:
        self.practice.server.stop()
        self._down = True

    def limit_rate(self) -> None:
        answer = Answer(200, {"X-Shopify-API-Version": "2026-10"}, json.dumps(THROTTLED).encode())
        self.practice.server.faults.add(answer, times=None)

    def come_back(self) -> None:
        self.practice.server.faults.clear()
        if self._down:
            self.practice.server.start()
        self._down = False

    def lose_next_answer(self, *, effect: bool) -> None:
        self.practice.server.faults.add(ResetAfter() if effect else ResetBefore(), body="mutation")

    def _order(self, order_id: str) -> Order:
        return self.practice.shop.orders[int(order_id)]

    def _line(self, order_id: str) -> LineItem:
        (line,) = self._order(order_id).lines
        return line


class TestShopify(ContractSuite):
    # Shopify has no unpaid checkout that holds units, and what it does not track stays with the owner.
    capabilities = OF_A_SHOP - {Capability.UNPAID, Capability.UNCOUNTED}

    @pytest.fixture
    def rig(self, practice: Practice, make: Make) -> ShopifyRig:
        practice.shop.webhooks.delay = timedelta
        return ShopifyRig(practice, make)
