"""The process of the shops: real HTTP servers, customers, staff and trouble. It is told when to look at the clock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from multiprocessing.connection import Connection
from typing import Any
from zoneinfo import ZoneInfo

from syncd.sandbox.deliveries import post_http
from tests.day.people import TRUTH_LASTS, Agenda, People
from tests.day.shops import Books, Shop, Shopify, Woo, make_shopify, make_woo
from tests.day.stage import SharedClock
from tests.day.trouble import Trouble

RELEASE_AFTER = (20.0, 100.0)
"""A request that nobody waits for takes effect within the time that WooCommerce and the connectors agree on (120 s)."""


@dataclass(frozen=True)
class Wish:
    """What kind of day it is to be. `often`: how often each fault is planned."""

    seed: int
    start: datetime
    length: timedelta
    orders: int
    often: int
    skus: int
    dst_zone: str
    stock: int = 40

    def sku_names(self) -> list[str]:
        """Every third product has four sizes, the others are simple ones."""
        names: list[str] = []
        for number in range(self.skus):
            sizes = ("S", "M", "L", "XL") if number % 3 == 0 else ("ONE",)
            names += [f"P{number:03}-{size}" for size in sizes]
        return names[: self.skus]


@dataclass
class World:
    """The street with all who live in it."""

    wish: Wish
    clock: SharedClock
    fired: Counter[str] = field(default_factory=Counter)
    books: Books = field(default_factory=Books)
    receiver: str = ""
    receiver_open: bool = True
    _late: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.wish.seed)
        stock = {sku: self.chance.randint(self.wish.stock // 2, 2 * self.wish.stock) for sku in self.wish.sku_names()}
        woo = {
            "woo_east": timezone(timedelta(hours=14)),
            "woo_west": timezone(timedelta(hours=-14)),
            "woo_dst": ZoneInfo(self.wish.dst_zone),
        }
        self.shops: list[Shop] = [
            make_woo(name, zone, stock, self.clock, self.chance, self.fired, self.books) for name, zone in woo.items()
        ]
        self.shops.append(make_shopify("shopify_home", stock, self.clock, self.chance, self.fired, self.books))
        self.by_name = {shop.name: shop for shop in self.shops}
        for sku, units in stock.items():
            self.books.shelf[sku] = self.books.arrived[sku] = units
            self.books.note_free(sku, self.clock(), TRUTH_LASTS)
        self.agenda = Agenda(self.clock)
        skus = list(stock)
        self.chance.shuffle(skus)
        self.people = People(self.shops, skus, self.books, self.agenda, self.chance, fired=self.fired)
        self.trouble = Trouble(self.shops, self.people, self.agenda, self.chance, self.fired)
        for shop in self.shops:
            shop.server.start()

    # ------------------------------------------------------------------ what the other process asks for

    def env(self) -> str:
        lines = [f"{shop.name}:{shop.kind}" for shop in self.shops]  # type: ignore[attr-defined]
        return f"SYNCD_CHANNELS={', '.join(lines)}\n" + "".join(shop.env() for shop in self.shops)  # type: ignore[attr-defined]

    def listen(self, url: str) -> None:
        """Webhooks are delivered there."""
        for shop in self.shops:
            shop.deliveries.deliver_to = url

    def begin(self) -> None:
        start = self.clock()
        self.people.come(start, self.wish.length, self.wish.orders)
        self.trouble.come(start, self.wish.length, self.wish.often)

    def step(self) -> datetime | None:
        """Do what is due; when to look again."""
        self.agenda.catch_up()
        for shop in self.shops:
            shop.deliveries.pump(self.clock(), self._post)
            self._plan_late(shop)
        self.trouble.look()
        dues = [self.agenda.next, *(shop.deliveries.next_due for shop in self.shops)]
        return min((due for due in dues if due is not None), default=None)

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.trouble.receiver_away or not self.receiver_open:
            raise ConnectionRefusedError
        return post_http(url, headers, body, 30.0)

    def _plan_late(self, shop: Shop) -> None:
        """What was caught late takes effect some time after."""
        if shop.faults._late and not self._late.get(shop.name):
            self._late[shop.name] = True

            def release() -> None:
                self._late[shop.name] = False
                shop.faults.release_late()

            self.agenda.after(timedelta(seconds=self.chance.uniform(*RELEASE_AFTER)), release)

    def open_receiver(self, is_open: bool) -> None:
        """The service is there to be delivered to, or is not."""
        self.receiver_open = is_open

    def arrived(self, sku: str, units: int) -> None:
        """The owner puts units on the shelf, or (negative) sells some beside the shops."""
        self.books.shelf[sku] += units
        self.books.arrived[sku] += units
        self.books.note_free(sku, self.clock(), TRUTH_LASTS)

    def on_shelf(self, sku: str) -> int | None:
        """What somebody who counts finds; ``None`` while a parcel is just leaving."""
        shipped = self.books.shipped_at.get(sku)
        lately = shipped is not None and self.clock() - shipped < timedelta(seconds=3)
        return None if lately else self.books.shelf[sku]

    def scarce(self, how_many: int) -> list[str]:
        """The SKUs of which the fewest units are left."""
        left = {sku: self.books.arrived[sku] - self.books.taken[sku] for sku in self.books.arrived}
        return sorted(left, key=lambda sku: (left[sku], sku))[:how_many]

    def tidy(self) -> None:
        """Forget what only the shops' own lag and the tests of others need."""
        for shop in self.shops:
            shop.prune()

    def calm(self) -> None:
        self.trouble.end()

    def truth(self) -> dict[str, Any]:
        """Everything as it really is."""
        reserved: Counter[str] = Counter()
        for shop in self.shops:
            assert isinstance(shop, (Woo, Shopify))
            reserved.update(shop.reserved())
        return {
            "shown": {shop.name: shop.levels() for shop in self.shops},
            "lines": {shop.name: shop.lines() for shop in self.shops},  # type: ignore[attr-defined]
            "shelf": dict(self.books.shelf),
            "reserved": dict(reserved),
            "orders": {shop.name: shop.order_count() for shop in self.shops},  # type: ignore[attr-defined]
            "calls": {shop.name: shop.calls for shop in self.shops},
            "did": dict(self.people.did),
            "fired": dict(self.fired),
            "deliveries": {shop.name: dict(shop.deliveries.counts) for shop in self.shops},
            "waiting faults": {shop.name: shop.faults.waiting for shop in self.shops},
            "wrong raises": list(self.books.wrong_raises),
        }


def live(wish: Wish, clock: SharedClock, line: Connection) -> None:
    """Be the shops until told to stop. Each message is the name of a method with its arguments."""
    world = World(wish, clock)
    while True:
        name, *arguments = line.recv()
        if name == "stop":
            for shop in world.shops:
                if shop.open:
                    shop.server.stop()
            line.send(None)
            return
        try:
            answer = getattr(world, name)(*arguments)
        except Exception as error:
            line.send(error)
            raise
        line.send(answer)
