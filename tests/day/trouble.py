"""What goes wrong in the shops and on the way to and from them, at moments that follow from the seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.sandbox.deliveries import Misfortune
from syncd.sandbox.faults import Answer, FatalAt, Fault, LateEffect, NoticeBeforeJson, ResetAfter, ResetBefore, Slow
from tests.day.people import Agenda, People
from tests.day.shops import Shop, Shopify, Woo

HTML = {"Content-Type": "text/html; charset=UTF-8"}
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>\n"
FIREWALL = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>\n"
)
TOO_LONG_S = 75.0  # connecting and reading may take 70 s together

IN_THE_WORLD = (
    "shop refuses connections",
    "shop answers 503 with HTML",
    "connection lost before the effect",
    "connection lost after the effect",
    "effect comes late",
    "write answered too late",
    "question answered too late",
    "429 with Retry-After",
    "THROTTLED",
    "500 with HTML",
    "502 after the effect",
    "PHP notice before JSON, write",
    "PHP notice before JSON, question",
    "PHP dies within a batch",
    "firewall page with status 200",
    "order list lags otherwise",
    "order list in disorder",
    "several changes in one second",
    "webhook receiver out of reach",
    "webhook lost",
    "webhook duplicated",
    "webhook reordered",
    "webhook delayed",
    "WooCommerce webhook disabled",
    "WooCommerce webhook put back",
    "Shopify subscription deleted",
    "Shopify subscription put back",
)


@dataclass
class Trouble:
    """Plans every fault `often` times, evenly over the time but not at even times."""

    shops: Sequence[Shop]
    people: People
    agenda: Agenda
    chance: random.Random
    fired: Counter[str]
    receiver_away: bool = False
    _counted: dict[str, Counter[str]] = field(default_factory=dict)
    _off: dict[str, set[int]] = field(default_factory=dict)
    _hooks: dict[str, set[int]] = field(default_factory=dict)

    def come(self, start: datetime, length: timedelta, often: int) -> None:
        woos = [shop for shop in self.shops if isinstance(shop, Woo)]
        shopifies = [shop for shop in self.shops if isinstance(shop, Shopify)]
        plans: list[tuple[Callable[[Shop], None], Sequence[Shop]]] = [
            (self._refuses, self.shops),
            (self._maintenance, self.shops),
            (lambda shop: self._write(shop, "connection lost before the effect", ResetBefore()), self.shops),
            (lambda shop: self._write(shop, "connection lost after the effect", ResetAfter()), self.shops),
            (self._late, self.shops),
            (lambda shop: self._write(shop, "write answered too late", Slow(TOO_LONG_S)), self.shops),
            (lambda shop: self._read(shop, "question answered too late", Slow(TOO_LONG_S)), self.shops),
            (self._too_many, woos),
            (self._throttled, shopifies),
            (lambda shop: self._any(shop, "500 with HTML", Answer(500, HTML, BAD_GATEWAY)), self.shops),
            (lambda shop: self._write(shop, "502 after the effect", Answer(502, HTML, BAD_GATEWAY, True)), self.shops),
            (lambda shop: self._write(shop, "PHP notice before JSON, write", NoticeBeforeJson()), woos),
            (lambda shop: self._read(shop, "PHP notice before JSON, question", NoticeBeforeJson()), woos),
            (lambda shop: shop.faults.plan("PHP dies within a batch", FatalAt(2), match="batch"), woos),
            (lambda shop: self._read(shop, "firewall page with status 200", Answer(200, HTML, FIREWALL)), self.shops),
            (self._lag, self.shops),
            (self._disorder, self.shops),
            (lambda _shop: self.people.rush(), self.shops),
        ]
        for number, (happen, where) in enumerate(plans):
            for turn in range(often):
                at = (turn + self.chance.uniform(0.05, 0.85)) / often * 0.96
                shop = where[(turn + number) % len(where)]
                self.agenda.at(start + at * length, lambda happen=happen, shop=shop: happen(shop))  # type: ignore[misc]
        for turn in range(often):
            self.agenda.at(start + (turn + self.chance.uniform(0.2, 0.6)) / often * length, self._receiver_goes)
        for shop in self.shops:
            bad = Misfortune(self.chance, 0.03, 0.04, 0.05, 0.04, timedelta(minutes=10))
            shop.deliveries.misfortune = bad

    def _write(self, shop: Shop, name: str, fault: Fault) -> None:
        assert isinstance(shop, (Woo, Shopify))
        shop.faults.plan(name, fault, match=shop.writes, body=shop.writes_body)

    def _read(self, shop: Shop, name: str, fault: Fault) -> None:
        assert isinstance(shop, (Woo, Shopify))
        shop.faults.plan(name, fault, match=shop.reads, body="" if isinstance(shop, Woo) else r"orders\(")

    def _any(self, shop: Shop, name: str, fault: Fault) -> None:
        shop.faults.plan(name, fault, match="(GET|POST|PUT)")

    # ------------------------------------------------------------------ shops

    def _refuses(self, shop: Shop) -> None:
        """Nobody listens for some minutes, and customers buy no more."""
        if not shop.open:
            self.agenda.after(timedelta(minutes=11), lambda: self._refuses(shop))
            return
        shop.server.stop()
        shop.open = False
        self.fired["shop refuses connections"] += 1

        def back() -> None:
            shop.server.start()
            shop.open = True

        self.agenda.after(timedelta(minutes=self.chance.uniform(1, 8)), back)

    def _maintenance(self, shop: Shop) -> None:
        """The API answers 503; the shop itself goes on selling."""
        fault = Answer(503, HTML, BAD_GATEWAY)
        shop.faults.plan("a call met 503", fault, times=None)
        self.fired["shop answers 503 with HTML"] += 1
        self.agenda.after(timedelta(minutes=self.chance.uniform(1, 8)), lambda: shop.faults.over(fault))

    def _late(self, shop: Shop) -> None:
        self._write(shop, "effect comes late", LateEffect())

    def _too_many(self, shop: Shop) -> None:
        wait = str(self.chance.randint(5, 60))
        self._any(shop, "429 with Retry-After", Answer(429, {**HTML, "Retry-After": wait}, BAD_GATEWAY))

    def _throttled(self, shop: Shop) -> None:
        """Another process of the same app has spent the points: the next call is told to wait."""
        assert isinstance(shop, Shopify)
        shop.spent += 1

    def _lag(self, shop: Shop) -> None:
        lag = timedelta(seconds=self.chance.randint(0, 30))
        if isinstance(shop, Woo):
            shop.shop.order_list_lag = lag
        elif isinstance(shop, Shopify):
            shop.shop.search_lag = lag
        self.fired["order list lags otherwise"] += 1

    def _disorder(self, shop: Shop) -> None:
        assert isinstance(shop, (Woo, Shopify))
        shop.shop.order_list_disorder = self.chance
        self.fired["order list in disorder"] += 1

        def over() -> None:
            shop.shop.order_list_disorder = None

        self.agenda.after(timedelta(minutes=self.chance.uniform(5, 20)), over)

    # ------------------------------------------------------------------ webhooks

    def _receiver_goes(self) -> None:
        self.receiver_away = True
        self.fired["webhook receiver out of reach"] += 1
        self.agenda.after(timedelta(minutes=self.chance.uniform(14, 22)), self._receiver_comes)

    def _receiver_comes(self) -> None:
        self.receiver_away = False

    def look(self) -> None:
        """Count what became of deliveries and webhooks since the last look."""
        for shop in self.shops:
            assert isinstance(shop, (Woo, Shopify))
            before = self._counted.setdefault(shop.name, Counter())
            counts = Counter(shop.deliveries.counts)
            for name in ("lost", "duplicated", "reordered", "delayed"):
                self.fired[f"webhook {name}"] += counts[name] - before[name]
            self._counted[shop.name] = counts
            hooks, off = shop.hooks(), shop.switched_off()
            known, were_off = self._hooks.get(shop.name, set()), self._off.get(shop.name, set())
            if isinstance(shop, Woo):
                self.fired["WooCommerce webhook disabled"] += len(off - were_off)
                if were_off:
                    self.fired["WooCommerce webhook put back"] += len(hooks - known)
            else:
                gone = self._gone.setdefault(shop.name, 0)
                deleted, made = len(known - hooks), len(hooks - known)
                self.fired["Shopify subscription deleted"] += deleted
                self.fired["Shopify subscription put back"] += min(made, gone)
                self._gone[shop.name] = max(0, gone + deleted - made)
            self._hooks[shop.name], self._off[shop.name] = hooks, off

    _gone: dict[str, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ the end

    def end(self) -> None:
        """Everything works from now on. What was caught late takes effect."""
        self.receiver_away = False
        for shop in self.shops:
            assert isinstance(shop, (Woo, Shopify))
            shop.faults.clear()
            shop.faults.release_late()
            shop.shop.order_list_disorder = None
            shop.deliveries.misfortune = None
            if isinstance(shop, Woo):
                shop.shop.order_list_lag = timedelta()
            else:
                shop.shop.search_lag = timedelta()
