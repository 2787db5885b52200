"""The practice shops of the street, with what the simulation needs of both kinds: counters and the truth."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from syncd.sandbox.deliveries import Deliveries
from syncd.sandbox.faults import Fault, Faults
from syncd.sandbox.server import Request, Response, SandboxServer
from syncd.sandbox.shopify import ShopifyApp, ShopifyShop
from syncd.sandbox.shopify.model import LineItem, Location, RefundLine
from syncd.sandbox.shopify.model import Order as ShopifyOrder
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.sandbox.woocommerce.model import Order as WooOrder

LISTS_REMEMBER = timedelta(minutes=5)
"""Lists of orders lag by less: what was before is forgotten, so that the lists stay quick."""


class CountedFaults(Faults):
    """Faults with names; `fired` counts those that met a request."""

    def __init__(self, fired: Counter[str], wait: Callable[[float], None]) -> None:
        super().__init__(wait=wait)
        self._fired = fired
        self._names: dict[int, tuple[str, Fault]] = {}

    def plan(self, name: str, fault: Fault, *, match: str = "", body: str = "", times: int | None = 1) -> None:
        self._names[id(fault)] = (name, fault)
        self.add(fault, match=match, body=body, times=times)

    def over(self, fault: Fault) -> None:
        """It happens no more."""
        with self._lock:
            self._planned = [one for one in self._planned if one.fault is not fault]
        self._names.pop(id(fault), None)

    @property
    def waiting(self) -> list[str]:
        return [self._names[id(one.fault)][0] for one in self._planned if id(one.fault) in self._names]

    def take(self, line: str, body: str) -> Fault | None:
        fault = super().take(line, body)
        if fault is not None and id(fault) in self._names:
            self._fired[self._names[id(fault)][0]] += 1
        return fault


@dataclass
class Books:
    """What is really there of each SKU: the owner's shelf, and what customers of all shops took."""

    shelf: Counter[str] = field(default_factory=Counter)  # own units, those promised included
    taken: Counter[str] = field(default_factory=Counter)  # by all shops together, shipped ones included
    arrived: Counter[str] = field(default_factory=Counter)  # first count and receipts, less sales by hand
    shipped_at: dict[str, datetime] = field(default_factory=dict)
    free: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    wrong_raises: list[str] = field(default_factory=list)

    def ship(self, sku: str, units: int, now: datetime) -> None:
        self.shelf[sku] -= units
        self.shipped_at[sku] = now

    def note_free(self, sku: str, now: datetime, keep: timedelta) -> None:
        """Remember how many units nobody had bought; what is older than `keep` is forgotten."""
        past = self.free.setdefault(sku, [])
        past.append((now, self.arrived[sku] - self.taken[sku]))
        while len(past) > 1 and past[1][0] < now - keep:
            past.pop(0)

    def most_free(self, sku: str) -> int:
        return max(units for _, units in self.free[sku])


@dataclass
class Shop:
    """One shop of the street. `sold` and what people do to orders is in `people`."""

    name: str
    clock: Callable[[], datetime]
    server: SandboxServer
    faults: CountedFaults
    deliveries: Deliveries
    books: Books
    open: bool = True  # customers may buy: an outage of the whole shop closes it
    calls: int = 0

    def levels(self) -> dict[str, int]:
        raise NotImplementedError

    def prune(self) -> None:
        self.calls += len(self.server.calls)
        self.server.calls.clear()


class Woo(Shop):
    kind = "woocommerce"
    writes = r"(POST|PUT) .*/(products|variations)"
    reads = r"GET .*/(orders|products|variations)"
    writes_body = ""
    shop: WooShop

    def levels(self) -> dict[str, int]:
        return {one.sku: one.stock for one in self.shop.products.values() if one.stock is not None}

    def prune(self) -> None:
        super().prune()
        until = self.shop.now() - LISTS_REMEMBER
        saved = self.shop._saved
        for order_id, states in saved.items():
            if len(states) > 1 and states[1][0] < until:
                kept = [one for one in states if one[0] >= until]
                saved[order_id] = [states[-len(kept) - 1], *kept]

    def lines(self) -> list[tuple[str, str, int]]:
        """Order, line, units that it has taken from this shop's number now."""
        return [
            (str(order.id), str(line.id), line.reduced or 0)
            for order in self.shop.orders.values()
            for line in order.lines
        ]

    def reserved(self) -> Counter[str]:
        """Units on the shelf that are owed to somebody, or that nobody has decided about."""
        found: Counter[str] = Counter()
        for order in self.shop.orders.values():
            if order.completed_at is None and order.status not in ("cancelled", "pending"):
                for line in order.lines:
                    found[self.shop.products[line.product_id].sku] += line.reduced or 0
        return found

    def order_count(self) -> int:
        return len(self.shop.orders)

    def env(self) -> str:
        name, key = self.name.upper(), self.shop.key
        return (
            f"{name}_URL={self.server.url}\n{name}_KEY='{key.consumer_key}'\n{name}_SECRET='{key.consumer_secret}'\n"
            f"{name}_ORDER_LAG=35s\n{name}_PARALLEL=1\n"
        )

    def switched_off(self) -> set[int]:
        return {one.id for one in self.shop.webhooks.by_id.values() if one.status == "disabled"}

    def hooks(self) -> set[int]:
        return {one.id for one in self.shop.webhooks.by_id.values() if one.status == "active"}

    def ship(self, order: WooOrder) -> None:
        for line in order.lines:
            self.books.ship(self.shop.products[line.product_id].sku, line.reduced or 0, self.clock())
        self.shop.set_order_status(order.id, "completed")


class TrueShopify(ShopifyShop):
    """Remembers which units of a line came back to available."""

    __slots__ = ("back",)

    def __init__(self, **how: Any) -> None:
        self.back: Counter[int] = Counter()
        super().__init__(**how)

    def _take_back(
        self,
        line: LineItem,
        units: int,
        restock_type: str,
        location: Location | None = None,
        still_to_ship: bool = False,
    ) -> RefundLine:
        made = ShopifyShop._take_back(self, line, units, restock_type, location, still_to_ship)
        if made.location is not None:
            self.back[line.number] += units
        return made


class Shopify(Shop):
    kind = "shopify"
    writes = r"POST .*graphql"
    reads = r"POST .*graphql"
    writes_body = r"inventory(Adjust|Set)Quantities"
    shop: TrueShopify
    app: ShopifyApp

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.undecided: Counter[str] = Counter()  # units of orders that were cancelled without putting them back
        self.spent = 0  # calls that shall find no points left

    def levels(self) -> dict[str, int]:
        return {str(one.sku): one.inventory_quantity for one in self.shop.variants()}

    def prune(self) -> None:
        super().prune()
        until = self.shop.now() - LISTS_REMEMBER
        for order in self.shop.orders.values():
            if len(order.index) > 1 and order.index[1][0] < until:
                kept = [one for one in order.index if one[0] >= until]
                order.index[:] = [order.index[-len(kept) - 1], *kept]

    def lines(self) -> list[tuple[str, str, int]]:
        return [
            (order.id, line.id, line.quantity - self.shop.back[line.number])
            for order in self.shop.orders.values()
            for line in order.lines
        ]

    def reserved(self) -> Counter[str]:
        found = Counter(self.undecided)
        for order in self.shop.orders.values():
            for line in order.lines:
                found[str(line.sku)] += line.unfulfilled_quantity
        return found

    def order_count(self) -> int:
        return len(self.shop.orders)

    def env(self) -> str:
        name = self.name.upper()
        return (
            f"{name}_SHOP={self.shop.domain}\n{name}_CLIENT_ID='{self.app.client_id}'\n"
            f"{name}_CLIENT_SECRET='{self.app.client_secret}'\n{name}_BASE_URL={self.server.url}\n"
            f"{name}_ORDER_LAG=35s\n{name}_PARALLEL=1\n"
        )

    def switched_off(self) -> set[int]:
        return set()

    def hooks(self) -> set[int]:
        return set(self.shop.webhooks.subscriptions)

    def ship(self, order: ShopifyOrder) -> None:
        for line in order.lines:
            self.books.ship(str(line.sku), line.unfulfilled_quantity, self.clock())
        self.shop.fulfil(order)


def make_woo(
    name: str,
    zone: tzinfo,
    stock: Mapping[str, int],
    clock: Any,
    chance: random.Random,
    fired: Counter[str],
    books: Books,
) -> Woo:
    shop = WooShop(clock, zone=zone, webhook_delay=lambda: timedelta(seconds=chance.uniform(0, 60)))
    sizes: dict[str, list[str]] = {}
    for sku in stock:
        sizes.setdefault(sku.rpartition("-")[0], []).append(sku)
    for parent, members in sizes.items():
        if len(members) == 1:
            shop.add_simple(members[0], stock=stock[members[0]])
        else:
            by_size = {sku.rpartition("-")[2]: stock[sku] for sku in members}
            shop.add_variable(parent, f"Product {parent}", by_size)
    faults = CountedFaults(fired, clock.sleep)
    server = SandboxServer(lambda request: app(request), faults=faults)
    made = Woo(name, clock, server, faults, shop.webhooks.deliveries, books)
    made.shop = shop
    app = watched(made, woo_app(shop))
    return made


def make_shopify(
    name: str, stock: Mapping[str, int], clock: Any, chance: random.Random, fired: Counter[str], books: Books
) -> Shopify:
    shop = TrueShopify(clock=clock)
    shop.webhooks.delay = lambda: timedelta(seconds=chance.uniform(0, 5))
    for sku, units in stock.items():
        shop.add_product(sku, [{"sku": sku, "units": units}])
    shop_app = ShopifyApp(shop)
    faults = CountedFaults(fired, clock.sleep)
    server = SandboxServer(lambda request: app(request), faults=faults)
    made = Shopify(name, clock, server, faults, shop.webhooks.deliveries, books)
    made.shop, made.app = shop, shop_app

    def maybe_throttled(request: Request) -> Response:
        if not made.spent:
            return shop_app(request)
        shop_app.bucket.empty()
        answer = shop_app(request)
        if b'"THROTTLED"' in answer.body:
            made.spent -= 1
            fired["THROTTLED"] += 1
        return answer

    app = watched(made, maybe_throttled)
    return made


def watched(shop: Shop, app: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Judges every write: none may raise a number to more units than were free at any time lately."""

    def judged(request: Request) -> Response:
        if request.method == "GET":
            return app(request)
        before = shop.levels()
        answer = app(request)
        for sku, units in shop.levels().items():
            if units > before[sku] and units > 0 and units > shop.books.most_free(sku):
                at = f"{shop.clock().astimezone(UTC):%H:%M:%S}"
                shop.books.wrong_raises.append(
                    f"{at} {shop.name} {sku}: {before[sku]} -> {units}, but only {shop.books.most_free(sku)} were free"
                )
        return answer

    return judged
