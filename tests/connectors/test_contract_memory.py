"""The shop in RAM keeps every promise of the contract, in both its styles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from connectors.contract import ListingRef, Notice
from connectors.memory import Lost, MemoryConnector, MemoryShop
from connectors.memory.hooks import SIGNATURE, Subscription
from connectors.testing import OF_A_SHOP, ContractSuite


class MemoryRig:
    secrets = ("open-sesame", "open-barley")
    signature_header = SIGNATURE
    batch_limit = 3

    def __init__(self, style: Literal["delta", "compare"]) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.shop = MemoryShop(lambda: self.now, style=style, batch_limit=self.batch_limit)
        self.buy_unpaid = lambda ref, units=1: self.shop.buy(ref.id, units, held=True)
        self.pay, self.cancel, self.ship, self.refund = (
            self.shop.pay,
            self.shop.cancel,
            self.shop.ship,
            self.shop.refund,
        )
        self.return_shipped, self.edit_line, self.delete = (
            self.shop.return_shipped,
            self.shop.edit_line,
            self.shop.delete,
        )

    def connector(self) -> MemoryConnector:
        return MemoryConnector(self.shop)

    def wrong_credentials(self) -> MemoryConnector:
        return MemoryConnector(self.shop, secret="open-barley")

    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False) -> ListingRef:
        listing_id = self.shop.add_listing(sku, shown, variation=variation)
        return next(listing.ref for listing in self.shop.listings() if listing.id == listing_id)

    def remove_listing(self, ref: ListingRef) -> None:
        self.shop.remove(ref.id)

    def shown(self, ref: ListingRef) -> int | None:
        return self.shop.shown(ref.id)

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        self.shop.edit(ref.id, shown)

    def notice(self, ref: ListingRef) -> Notice | None:
        return self.shop.notice(ref.id)

    def sell_on(self, ref: ListingRef) -> None:
        self.shop.allow_backorders(ref.id)

    def ends_at_zero(self, ref: ListingRef) -> bool:
        return self.shop.ends_at_zero(ref.id)

    def buy(self, ref: ListingRef, units: int = 1) -> str:
        order_id = self.shop.buy(ref.id, units, lag_s=2)
        assert order_id
        return order_id

    def catch_up(self) -> None:
        self.now += timedelta(seconds=5)

    def subscribed(self, address: str) -> list[str]:
        return [one.topic for one in self.shop.hooks.subscriptions if one.active and one.address == address]

    def subscribe_stranger(self, address: str) -> None:
        self.shop.hooks.subscriptions.append(Subscription(address, "order", "a stranger"))

    def remove_subscription(self, address: str, topic: str) -> None:
        self.shop.hooks.subscriptions.remove(self._subscription(address, topic))

    def switch_off_subscription(self, address: str, topic: str) -> None:
        self._subscription(address, topic).active = False

    def _subscription(self, address: str, topic: str) -> Subscription:
        (found,) = (one for one in self.shop.hooks.subscriptions if (one.address, one.topic) == (address, topic))
        return found

    def delivered(self, address: str) -> list[tuple[dict[str, str], bytes]]:
        there = [one for one in self.shop.hooks.delivered if one.address == address]
        self.shop.hooks.delivered = [one for one in self.shop.hooks.delivered if one.address != address]
        return [(one.headers, one.body) for one in there]

    def go_down(self) -> None:
        self.shop.down_until = self.now + timedelta(minutes=1)

    def limit_rate(self) -> None:
        self.shop.rate_limited_until = self.now + timedelta(minutes=1)

    def come_back(self) -> None:
        self.shop.down_until = self.shop.rate_limited_until = None

    def lose_next_answer(self, *, effect: bool) -> None:
        self.shop.lose_next_answer(Lost.AFTER if effect else Lost.NEVER)


class TestTheShopLikeWooCommerce(ContractSuite):
    capabilities = OF_A_SHOP

    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig("delta")


class TestTheShopLikeShopify(ContractSuite):
    capabilities = OF_A_SHOP

    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig("compare")
