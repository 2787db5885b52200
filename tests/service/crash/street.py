"""Two practice shops with customers, and the customers' own account of what they did: the truth of the crash test."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from syncd.sandbox.practice import BUFFER_UNITS, SHOPIFY, WOO, PracticeShops
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import Bucket, ShopifyApp, ShopifyShop
from syncd.sandbox.shopify.shop import ShopRefuses
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.sandbox.woocommerce.model import NotEnoughStock
from tests.service.crash.doors import Door, Traps
from tests.service.crash.witness import Witness

CHANNELS = (WOO, SHOPIFY)
PLENTY, SCARCE = 400, 9

SIMPLE = {"MUG": PLENTY, "CUP": PLENTY, "BOWL": PLENTY, "JUG": PLENTY, "PLATE": SCARCE, "VASE": SCARCE}
SIZES = {"S": PLENTY, "M": PLENTY, "L": PLENTY, "XL": SCARCE}
START = SIMPLE | {f"{parent}-{size}": units for parent in ("TEE", "COAT") for size, units in SIZES.items()}
"""Units of each SKU that are on the shelf at the beginning, and shown by both shops."""

SETTLES_FOR = timedelta(seconds=2)
"""WooCommerce notes whole seconds: whether a unit was refunded before or after it was shipped must be plain."""


@dataclass
class Clock:
    """The time of this machine, or later where it was put on."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Booking:
    """What the books must say of one order, in units."""

    promised: int
    fulfilled: int
    taken: int


@dataclass
class Purchase:
    """One order, as its customer knows it: units bought, given back before shipping, and shipped."""

    channel: str
    order_id: str
    order: object
    sku: str
    units: int
    changed_at: datetime
    back: int = 0
    shipped: int = 0

    @property
    def kept(self) -> int:
        return self.units - self.back

    @property
    def booking(self) -> Booking:
        return Booking(self.kept - self.shipped, self.shipped, self.kept)


@dataclass
class Street:
    """Both shops at work. What a customer does and what is noted of it happen under the lock of the shop."""

    clock: Clock
    shops: PracticeShops
    purchases: dict[tuple[str, str], Purchase] = field(default_factory=dict)
    _closed: threading.Event = field(default_factory=threading.Event)
    _customers: list[threading.Thread] = field(default_factory=list)

    def lock(self, channel: str) -> threading.RLock:
        return self.shops.woo.lock if channel == WOO else self.shops.shopify.lock  # type: ignore[return-value]

    def shown(self, channel: str, sku: str) -> int:
        """The number that a customer of this shop sees."""
        shown = self.shops.woo.stock_of(sku) if channel == WOO else self.shops.shopify.available(sku)
        assert shown is not None
        return shown

    def taken(self, channel: str, sku: str) -> int:
        """Net units that the customers of this shop took."""
        with self.lock(channel):
            return sum(one.kept for one in self.purchases.values() if (one.channel, one.sku) == (channel, sku))

    def bookings(self, channel: str) -> dict[str, Booking]:
        """What must be booked for each order of this shop."""
        with self.lock(channel):
            return {one.order_id: one.booking for one in self.purchases.values() if one.channel == channel}

    def right(self, sku: str) -> int:
        """The number that every shop must show once all sales are known, by the customers' account alone."""
        return max(0, START[sku] - sum(self.taken(channel, sku) for channel in CHANNELS) - BUFFER_UNITS)

    # ------------------------------------------------------------------ customers

    def open(self, seed: int) -> None:
        """Let customers in: one after the other in each shop, both shops at the same time."""
        for number, channel in enumerate(CHANNELS):
            trade = threading.Thread(target=self._trade, args=(channel, random.Random(2 * seed + number)), daemon=True)
            self._customers.append(trade)
            trade.start()

    def close(self) -> None:
        """The last customer leaves."""
        self._closed.set()
        for customer in self._customers:
            customer.join(30)
            assert not customer.is_alive(), "a customer hangs in the shop"
        self._customers.clear()

    def _trade(self, channel: str, chance: random.Random) -> None:
        waiting: list[Purchase] = []
        while not self._closed.wait(chance.uniform(0.1, 0.8)):
            with suppress(NotEnoughStock, ShopRefuses), self.lock(channel):
                self._act(channel, chance, waiting)

    def _act(self, channel: str, chance: random.Random, waiting: list[Purchase]) -> None:
        settled = [one for one in waiting if self.clock() - one.changed_at >= SETTLES_FOR]
        if not settled or chance.random() < 0.6:
            waiting.append(self._buy(channel, chance.choice(list(START)), chance.randint(1, 3)))
            return
        chosen = chance.choice(settled)
        match chance.choice(("cancel", "ship", "refund")):
            case "cancel":
                self._cancel(chosen)
            case "ship":
                self._ship(chosen)
            case _ if chosen.kept > 1:
                self._refund(chosen)
            case _:
                return
        chosen.changed_at = self.clock()
        if chosen.shipped or not chosen.kept:
            waiting.remove(chosen)

    def _buy(self, channel: str, sku: str, units: int) -> Purchase:
        if channel == WOO:
            order: object = self.shops.woo.buy(sku, units)
            order_id = str(order)
        else:
            order = self.shops.shopify.buy(sku, units)
            order_id = str(order.number)
        made = Purchase(channel, order_id, order, sku, units, self.clock())
        self.purchases[channel, order_id] = made
        return made

    def _cancel(self, one: Purchase) -> None:
        if one.channel == WOO:
            self.shops.woo.set_order_status(one.order, "cancelled")  # type: ignore[arg-type]
        else:
            self.shops.shopify.cancel(one.order)  # type: ignore[arg-type]
        one.back = one.units

    def _ship(self, one: Purchase) -> None:
        if one.channel == WOO:
            self.shops.woo.set_order_status(one.order, "completed")  # type: ignore[arg-type]
        else:
            self.shops.shopify.fulfil(one.order)  # type: ignore[arg-type]
        one.shipped = one.kept

    def _refund(self, one: Purchase) -> None:
        """One unit that was not shipped yet; the shop puts it back."""
        if one.channel == WOO:
            (line,) = self.shops.woo.order(one.order).lines  # type: ignore[arg-type]
            self.shops.woo.refund(one.order, {line.id: 1})  # type: ignore[arg-type]
        else:
            (line,) = one.order.lines  # type: ignore[attr-defined]
            self.shops.shopify.refund(one.order, line, 1, "CANCEL")  # type: ignore[arg-type]
        one.back += 1


@contextmanager
def opened(clock: Clock, make_witness: Callable[[Street], Witness], traps: Traps) -> Iterator[tuple[Street, Witness]]:
    """Both shops over HTTP, each behind a door that sees all that comes in."""
    woo, shopify = WooShop(clock), ShopifyShop(clock=clock, domain="practice-shop.myshopify.com")
    for sku, units in SIMPLE.items():
        woo.add_simple(sku, stock=units)
    for parent in ("TEE", "COAT"):
        woo.add_variable(parent, parent.title(), SIZES)
    for sku, units in START.items():
        shopify.add_product(sku, [{"sku": sku, "units": units}])
    app = ShopifyApp(shopify)
    app.bucket = Bucket(shopify.clock, maximum=20_000, restore_rate=1_000)
    woo_door, shopify_door = Door(WOO, woo_app(woo), traps), Door(SHOPIFY, app, traps)
    with SandboxServer(woo_door) as woo_server, SandboxServer(shopify_door) as shopify_server:
        street = Street(clock, PracticeShops(woo, shopify, woo_server, shopify_server, app))
        traps.witness = make_witness(street)
        try:
            yield street, traps.witness
        finally:
            street.close()
