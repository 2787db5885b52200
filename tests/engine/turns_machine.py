"""The same engine as the service runs it: one channel's turn at a time, and another channel's in the middle of it.

Rules of `machine.Engine` go on: one-shot syncs happen beside the turns. Threads are not needed to find what two lanes
can do to each other: each turn may be interrupted at any of its calls by a whole turn of the other channel, which is
what a lane of its own could do at worst between two transactions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from syncd.storage import inbox
from syncd.storage.inbox import Delivery
from syncd.sync import pausing, turns
from tests.engine.machine import SHOPS, Engine, _nothing, shops
from tests.engine.world import Crash

kinds = st.sampled_from(["read", "news", "write", "reconcile", "compare", "listings"])
moments = st.sampled_from(["before", "after"])


class Turns(Engine):
    """The engine in the hands of the service."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()
        self.deliveries = 0

    def _turn(self, name: str, kind: str) -> None:
        house, port = self.world.house, self.world.house.port(name)

        def ask(names: Collection[str]) -> None:
            self.asked.update(names)

        match kind:
            case "read":
                self.asked.discard(name)
                turns.read_sales(house, port, ask)
            case "news":
                turns.read_news(house, port, ask)
            case "write":
                turns.write_changes(house, port, ask)
            case "reconcile":
                turns.reconcile(house, port, ask)
            case "compare":
                turns.compare_all(house, port)
            case _:
                turns.refresh_listings(house, port, ask, now=True)

    @rule(name=shops, kind=kinds)
    def turn(self, name: str, kind: str) -> None:
        self._turn(name, kind)

    @rule()
    def what_was_asked_for_is_read_and_written(self) -> None:
        for name in sorted(self.asked):
            self._turn(name, "read")
        for name in SHOPS:
            self._turn(name, "write")

    @rule(name=shops, kind=kinds, other=kinds, calls=st.integers(1, 4), moment=moments)
    def turn_within_a_turn(
        self, name: str, kind: str, other: str, calls: int, moment: Literal["before", "after"]
    ) -> None:
        """At one of its calls, another lane has its whole turn."""
        left = [calls]
        another = next(shop for shop in SHOPS if shop != name)

        def interrupt(_call: str, at: str) -> None:
            if at == moment and left[0] > 0:
                left[0] -= 1
                if left[0] == 0:
                    self._turn(another, other)

        self.shop(name).on_call = interrupt
        self._turn(name, kind)
        self.shop(name).on_call = _nothing

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), kind=kinds, other=kinds)
    def a_sale_and_another_lane_while_a_number_is_on_its_way(self, name: str, sku: str, kind: str, other: str) -> None:
        done = []
        another = next(shop for shop in SHOPS if shop != name)

        def meanwhile(call: str, at: str) -> None:
            if call == "send" and at == "before" and not done:
                done.append(True)
                self.buy(another, sku, 1, 0)
                self._turn(another, "read")
                self._turn(another, other)

        self.shop(name).on_call = meanwhile
        self._turn(name, kind)
        self.shop(name).on_call = _nothing

    @rule(name=shops, kind=kinds, calls=st.integers(1, 6), moment=moments, at_a_write=st.booleans())
    def turn_and_die(
        self, name: str, kind: str, calls: int, moment: Literal["before", "after"], at_a_write: bool
    ) -> None:
        left = [1 if at_a_write else calls]

        def die(call: str, at: str) -> None:
            if at == moment and (call == "send" or not at_a_write):
                left[0] -= 1
                if left[0] == 0:
                    raise Crash

        self.shop(name).on_call = die
        with contextlib.suppress(Crash):
            self._turn(name, kind)
        self.shop(name).on_call = _nothing
        self.world.restart()

    @rule(name=shops, data=st.data(), bogus=st.booleans())
    def a_webhook_tells_of_an_order(self, name: str, data: st.DataObject, bogus: bool) -> None:
        """Late, twice, or of an order that nobody knows: it is only a reason to ask."""
        known = self.orders[name] + self.held[name]
        order = "no such order" if bogus or not known else data.draw(st.sampled_from(known))
        self._deliver(name, order_id=order)

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), shown=st.one_of(st.none(), st.integers(-2, 20)))
    def a_webhook_tells_of_a_number(self, name: str, sku: str, shown: int | None) -> None:
        """The true one, an older one, our own or a forged one."""
        self._deliver(name, listing_id=self.world.listing(name, sku), shown=shown)

    def _deliver(
        self, name: str, *, order_id: str | None = None, listing_id: str | None = None, shown: int | None = None
    ) -> None:
        self.deliveries += 1
        delivery = Delivery(f"d{self.deliveries}", "orders", order_id, listing_id, shown, self.world.clock())
        with self.world.db.write() as tx:
            inbox.put(tx, name, delivery)
        self._turn(name, "news")

    @rule(name=shops, kind=kinds)
    def a_pause_in_between(self, name: str, kind: str) -> None:
        port = self.world.house.port(name)
        pausing.pause(self.world.house, [port])
        before = len(self.world.writes)
        self._turn(name, kind)
        assert [seen for shop, seen in self.world.writes[before:] if shop == name] == []
        pausing.resume(self.world.house, [port])
