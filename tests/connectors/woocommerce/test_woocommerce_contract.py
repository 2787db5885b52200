"""The WooCommerce connector keeps every promise of the contract, against a practice shop over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest

from connectors.contract import ListingRef, Notice
from connectors.testing import OF_A_SHOP, ContractSuite
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.faults import Answer, ResetAfter, ResetBefore
from syncd.sandbox.woocommerce import Key
from syncd.sandbox.woocommerce.model import Webhook
from tests.connectors.woocommerce.conftest import Site, open_site


class WooRig:
    batch_limit = 100
    signature_header = "x-wc-webhook-signature"

    def __init__(self, site: Site) -> None:
        self.site, self.shop = site, site.shop
        self.down = False
        self.wrong = Key(self.shop.key.consumer_key, "cs_wrong000000000000", "read_write")
        self.secrets = (self.shop.key.consumer_key, self.shop.key.consumer_secret, self.wrong.consumer_secret)

    def connector(self) -> WooCommerce:
        return self.site.connector()

    def wrong_credentials(self) -> WooCommerce:
        return self.site.connector(self.wrong)

    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False) -> ListingRef:
        if not variation:
            return ListingRef(str(self.shop.add_simple(sku or "", stock=shown).id))
        parent = self.shop.add_variable("", f"Parent of {sku}", {})
        return ListingRef(str(self.shop.add_variation(parent, sku or "", {"Size": "M"}, shown).id), str(parent.id))

    def remove_listing(self, ref: ListingRef) -> None:
        self.shop.delete_product(int(ref.id))

    def shown(self, ref: ListingRef) -> int | None:
        return self.shop.products[int(ref.id)].stock

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        product = self.shop.products[int(ref.id)]
        product.stock = shown
        self.shop.save(product)

    def notice(self, ref: ListingRef) -> Notice | None:
        meta = {row.key: str(row.value) for row in self.shop.products[int(ref.id)].meta}
        if "_syncd_status" not in meta:
            assert not meta
            return None
        days, day = meta.get("_syncd_lead_time_days"), meta.get("_syncd_expected_on")
        return Notice(
            meta["_syncd_status"],
            meta.get("_syncd_text", ""),
            int(days) if days else None,
            date.fromisoformat(day) if day else None,
        )

    def sell_on(self, ref: ListingRef) -> None:
        product = self.shop.products[int(ref.id)]
        product.backorders = "notify"
        self.shop.save(product)

    def ends_at_zero(self, ref: ListingRef) -> bool:
        return self.shop.products[int(ref.id)].backorders == "no"

    def buy(self, ref: ListingRef, units: int = 1) -> str:
        return str(self.shop.checkout({int(ref.id): units}, "processing", "card").id)

    def buy_unpaid(self, ref: ListingRef, units: int = 1) -> str:
        return str(self.shop.checkout({int(ref.id): units}, "pending", "redirect").id)

    def pay(self, order_id: str) -> None:
        self.shop.set_order_status(int(order_id), "processing")

    def cancel(self, order_id: str, *, restock: bool = True) -> None:
        self.shop.set_order_status(int(order_id), "cancelled" if restock else "failed")

    def ship(self, order_id: str) -> None:
        self.shop.set_order_status(int(order_id), "completed")

    def refund(self, order_id: str, units: int, *, restock: bool = True) -> None:
        (line,) = self.shop.order(int(order_id)).lines
        self.shop.refund(int(order_id), {line.id: units}, restock=restock)

    def return_shipped(self, order_id: str, units: int) -> None:
        self.refund(order_id, units)

    def edit_line(self, order_id: str, units: int) -> None:
        (line,) = self.shop.order(int(order_id)).lines
        client = self.connector()._client
        body = {"line_items": [{"id": line.id, "quantity": units}]}
        assert client.post(f"orders/{order_id}", body).status == 200

    def delete(self, order_id: str) -> None:
        self.shop.delete_order(int(order_id))

    def catch_up(self) -> None:
        self.site.clock.forward(seconds=5)

    def subscribed(self, address: str) -> list[str]:
        return [hook.topic for hook in self._hooks(address) if hook.status == "active"]

    def subscribe_stranger(self, address: str) -> None:
        number = self.shop.webhooks.next_id()
        hook = Webhook(number, "Their own", "order.created", address, "theirs", "https://shop", self.shop.now())
        self.shop.webhooks.by_id[number] = hook

    def remove_subscription(self, address: str, topic: str) -> None:
        del self.shop.webhooks.by_id[self._hook(address, topic).id]

    def switch_off_subscription(self, address: str, topic: str) -> None:
        self._hook(address, topic).status = "disabled"

    def _hooks(self, address: str) -> list[Webhook]:
        return [hook for hook in self.shop.webhooks.by_id.values() if hook.url == address]

    def _hook(self, address: str, topic: str) -> Webhook:
        (found,) = (hook for hook in self._hooks(address) if hook.topic == topic)
        return found

    def delivered(self, address: str) -> list[tuple[Mapping[str, str], bytes]]:
        got: list[tuple[Mapping[str, str], bytes]] = []

        def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
            if url == address and "X-WC-Webhook-Topic" in headers:
                got.append(({name.lower(): value for name, value in headers.items()}, body))
            return 200

        self.shop.webhooks.deliveries.pump(self.shop.instant(), post)
        return got

    def go_down(self) -> None:
        self.site.server.stop()
        self.down = True

    def limit_rate(self) -> None:
        self.site.server.faults.add(Answer(429, {"Retry-After": "60"}), times=None)

    def come_back(self) -> None:
        self.site.server.faults.clear()
        if self.down:
            self.site.server.start()
        self.down = False

    def lose_next_answer(self, *, effect: bool) -> None:
        self.site.server.faults.add(ResetAfter() if effect else ResetBefore(), match="POST .*/batch")


class TestWooCommerce(ContractSuite):
    capabilities = OF_A_SHOP

    @pytest.fixture
    def rig(self) -> Iterator[WooRig]:
        site = open_site(webhook_delay=timedelta)
        yield WooRig(site)
        site.close()
