"""What customers and the shops' staff do, with a daily rhythm; all of it follows from the seed."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.sandbox.shopify.model import Order as ShopifyOrder
from syncd.sandbox.shopify.shop import ShopRefuses
from syncd.sandbox.woocommerce.model import NotEnoughStock
from syncd.sandbox.woocommerce.model import Order as WooOrder
from tests.day.shops import Books, Shop, Shopify, Woo

TRUTH_LASTS = timedelta(minutes=40)
"""A shop that does not answer for some minutes delays what we know of its sales by so much at the most."""

TRIES = 12


@dataclass
class Agenda:
    """Who does what when."""

    clock: Callable[[], datetime]
    _due: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), what))

    def after(self, wait: timedelta, what: Callable[[], None]) -> None:
        self.at(self.clock() + wait, what)

    def catch_up(self) -> None:
        while self._due and self._due[0][0] <= self.clock():
            heapq.heappop(self._due)[2]()

    @property
    def next(self) -> datetime | None:
        return self._due[0][0] if self._due else None


@dataclass
class People:
    """Customers of all shops, and their staff. `did` counts, by name."""

    shops: Sequence[Shop]
    skus: Sequence[str]
    books: Books
    agenda: Agenda
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)

    def come(self, start: datetime, length: timedelta, orders: int) -> None:
        """So many orders in that time: most in the evening, few at night."""
        moments: list[float] = []
        while len(moments) < orders:
            at = self.chance.random()
            if (
                self.chance.random()
                < (1 + 0.8 * math.sin(2 * math.pi * (at * length / timedelta(hours=24) - 0.15))) / 2
            ):
                moments.append(at)
        for at in moments:
            self.agenda.at(start + at * length, self.somebody_buys)
        for minute in range(length // timedelta(minutes=1) + 300):
            self.agenda.at(start + timedelta(minutes=minute), self._cron)

    def _cron(self) -> None:
        for shop in self.shops:
            if isinstance(shop, Woo):
                shop.shop.run_cron()

    def somebody_buys(self, where: Shop | None = None) -> None:
        """A customer looks for something that is there; in no shop that is down."""
        for _ in range(TRIES):
            shop = where or self.chance.choice(self.shops)
            if not shop.open:
                continue
            cart = {self._wish(): self.chance.choice((1, 1, 1, 2)) for _ in range(self.chance.choice((1, 1, 1, 2, 3)))}
            with self._watching(shop, *cart):
                if isinstance(shop, Woo) and self._buys_at_woo(shop, cart):
                    return
                if isinstance(shop, Shopify) and self._buys_at_shopify(shop, cart):
                    return
        self.did["customers who found nothing"] += 1

    def _wish(self) -> str:
        """A few SKUs are what most come for."""
        return self.skus[
            min(int(self.chance.paretovariate(0.7) - 1) * 3 + self.chance.randrange(9), len(self.skus) - 1)
        ]

    @contextmanager
    def _watching(self, shop: Shop, *skus: str) -> Iterator[None]:
        """What people do to a shop's number is a sale, or the end of one."""
        before = {sku: self._shown(shop, sku) for sku in skus}
        yield
        for sku, units in before.items():
            self.books.taken[sku] += units - self._shown(shop, sku)
            self.books.note_free(sku, self.agenda.clock(), TRUTH_LASTS)

    def _shown(self, shop: Shop, sku: str) -> int:
        if isinstance(shop, Woo):
            return shop.shop.stock_of(sku) or 0
        assert isinstance(shop, Shopify)
        return shop.shop.available(sku)

    def _later(self, least: float, most: float, what: Callable[[], None]) -> None:
        """Between so many minutes from now, while staff is at work."""
        self.agenda.after(timedelta(minutes=self.chance.uniform(least, most)), what)

    # ------------------------------------------------------------------ WooCommerce

    def _buys_at_woo(self, shop: Woo, cart: dict[str, int]) -> bool:
        pays = self.chance.random()
        status, via = (
            ("processing", "store-api") if pays < 0.8 else ("pending", self.chance.choice(("checkout", "store-api")))
        )
        if pays > 0.96:
            status = "on-hold"
        try:
            by_id = {shop.shop.product(sku).id: units for sku, units in cart.items()}
            order = shop.shop.checkout(by_id, status, "card", created_via=via)
        except NotEnoughStock:
            return False
        self.did["orders"] += 1
        if status == "pending":
            self.did["unpaid checkouts"] += 1
            if self.chance.random() < 0.6:
                self._later(1, 50, lambda: self._pays(shop, order))
        else:
            self._lives(shop, order)
        return True

    def _pays(self, shop: Woo, order: WooOrder) -> None:
        if order.status != "pending":
            return
        with self._watching(shop, *self._of(shop, order)):
            shop.shop.set_order_status(order.id, "processing")
        self.did["late payments"] += 1
        self._lives(shop, order)

    def _of(self, shop: Woo, order: WooOrder) -> set[str]:
        return {shop.shop.products[line.product_id].sku for line in order.lines}

    def _lives(self, shop: Woo, order: WooOrder) -> None:
        fate = self.chance.random()
        if fate < 0.12:
            self._later(0.1, 60, lambda: self._change(shop, order, "cancelled"))
            if fate < 0.02:  # and back again
                self._later(61, 90, lambda: self._change(shop, order, "processing"))
        elif fate < 0.14:
            self._later(1, 90, lambda: self._change(shop, order, "failed"))
        elif fate < 0.15:
            self._later(1, 90, lambda: self._trash(shop, order))
        elif fate < 0.20:
            self._later(1, 60, lambda: self._refund(shop, order, restock=True))
        elif fate < 0.85:
            self._later(2, 200, lambda: self._ships(shop, order))

    def _change(self, shop: Woo, order: WooOrder, status: str) -> None:
        with self._watching(shop, *self._of(shop, order)):
            shop.shop.set_order_status(order.id, status)
        self.did[f"orders {status}"] += 1

    def _trash(self, shop: Woo, order: WooOrder) -> None:
        shop.shop.trash_order(order.id)
        self.did["orders in the trash"] += 1

    def _refund(self, shop: Woo, order: WooOrder, *, restock: bool) -> None:
        line = self.chance.choice(order.lines)
        if order.status not in ("processing", "completed") or not line.reduced:
            return
        units = self.chance.randint(1, line.reduced)
        with self._watching(shop, *self._of(shop, order)):
            shop.shop.refund(order.id, {line.id: units}, restock=restock)
        self.did["refunds with restock" if restock else "refunds without restock"] += 1

    def _ships(self, shop: Woo, order: WooOrder) -> None:
        if order.status != "processing":
            return
        shop.ship(order)
        self.did["orders shipped"] += 1
        fate = self.chance.random()
        if fate < 0.12:
            self._later(5, 120, lambda: self._refund(shop, order, restock=fate < 0.06))

    # ------------------------------------------------------------------ Shopify

    def _buys_at_shopify(self, shop: Shopify, cart: dict[str, int]) -> bool:
        try:
            order = shop.shop.place([(shop.shop.variant(sku), units) for sku, units in cart.items()])
        except ShopRefuses:
            return False
        self.did["orders"] += 1
        fate = self.chance.random()
        if fate < 0.14:
            self._later(0.1, 60, lambda: self._cancels(shop, order, restock=fate < 0.11))
        elif fate < 0.20:
            self._later(1, 60, lambda: self._edits(shop, order))
        elif fate < 0.85:
            self._later(2, 200, lambda: self._ships_at_shopify(shop, order))
        return True

    def _skus(self, order: ShopifyOrder) -> set[str]:
        return {str(line.sku) for line in order.lines}

    def _cancels(self, shop: Shopify, order: ShopifyOrder, *, restock: bool) -> None:
        if not restock:
            for line in order.lines:
                shop.undecided[str(line.sku)] += min(line.unfulfilled_quantity, line.current_quantity)
        with self._watching(shop, *self._skus(order)):
            shop.shop.cancel(order, restock=restock)
        self.did["orders cancelled" if restock else "cancelled without restock"] += 1

    def _edits(self, shop: Shopify, order: ShopifyOrder) -> None:
        line = order.lines[0]
        with self._watching(shop, *self._skus(order)):
            if self.chance.random() < 0.5:
                shop.shop.edit_order(order, line, 1)
            else:
                shop.shop.refund(order, line, 1, "CANCEL")
        self.did["orders edited"] += 1

    def _ships_at_shopify(self, shop: Shopify, order: ShopifyOrder) -> None:
        if order.cancelled_at is not None:
            return
        shop.ship(order)
        self.did["orders shipped"] += 1
        fate = self.chance.random()
        if fate < 0.12:
            self._later(5, 120, lambda: self._returns(shop, order, "RETURN" if fate < 0.06 else "NO_RESTOCK"))

    def _returns(self, shop: Shopify, order: ShopifyOrder, kind: str) -> None:
        with self._watching(shop, *self._skus(order)):
            shop.shop.refund(order, order.lines[0], 1, kind, location=shop.shop.main_location)
        self.did["refunds with restock" if kind == "RETURN" else "refunds without restock"] += 1

    # ------------------------------------------------------------------ the same second

    def rush(self) -> None:
        """Several customers of one shop in the same second, and one who changes her mind within it."""
        shops = [shop for shop in self.shops if shop.open]
        if not shops:
            return
        shop = self.chance.choice(shops)
        for _ in range(self.chance.randint(3, 6)):
            self.somebody_buys(shop)
        if isinstance(shop, Woo):
            order = list(shop.shop.orders.values())[-1]
            if order.status == "processing":
                self._change(shop, order, "on-hold")
                self._change(shop, order, "processing")
        self.fired["several changes in one second"] += 1
