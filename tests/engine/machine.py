"""Anything that can happen, in any order: the engine over two shops in RAM (design.md §3.4, issue text "It must show").

At every write the shop, which knows all its true sales, judges it (`World._witness`). When all has come to rest each
shop shows its target, each order is counted once, and the sum of movements is the level.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.memory import Lost, MemoryShop, WriteSeen
from syncd.domain.drift import OnEdit
from syncd.domain.movements import Kind, Movement
from syncd.storage import catalogue, channels, ledger, orders
from syncd.storage.session import Database
from syncd.sync import views
from syncd.sync.standing import in_step
from tests.engine.world import Crash, World, fresh_database

SHOPS = ("delta0", "compare1")
LAGS_S = (0, 0, 0, 1, 2)
shops = st.sampled_from(SHOPS)
lags = st.sampled_from(LAGS_S)

_template: list[Path] = []


@contextlib.contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        if not _template:
            kept = Path(tempfile.mkdtemp())
            fresh_database(kept, _template).close()
        db = fresh_database(Path(folder), _template)
        try:
            yield db
        finally:
            db.close()


class Engine(RuleBasedStateMachine):
    """Two shops, two SKUs, one master; customers, humans and bad luck act between and within the syncs."""

    rest = (12, 4)
    """How many syncs run until all has come to rest: at once, and a day later."""

    def __init__(self) -> None:
        super().__init__()
        self._open = contextlib.ExitStack()
        self.orders: dict[str, list[str]] = {name: [] for name in SHOPS}
        self.held: dict[str, list[str]] = {name: [] for name in SHOPS}
        self.listed_at_growth: dict[tuple[str, str], dict[str, int]] = {}
        self.random = random.Random(0)
        self.world: World

    @initialize(
        on_hand=st.integers(3, 15),
        shown=st.integers(0, 15),
        buffer=st.sampled_from([0, 2]),
        on_edit=st.sampled_from(list(OnEdit)),
        seed=st.integers(0, 2**16),
        early_birds=st.lists(shops, max_size=3),
    )
    def open_the_shops(
        self, on_hand: int, shown: int, buffer: int, on_edit: OnEdit, seed: int, early_birds: list[str]
    ) -> None:
        """First contact: some orders are open already."""
        db = self._open.enter_context(_database())
        self.random = random.Random(seed)
        self.world = World(
            db, skus=("A-1", "B-2"), on_hand=on_hand, shown=min(shown, on_hand), buffer=buffer, on_edit=on_edit
        )
        self.world.on_raise = self._judge_a_raise
        self.world.go_live()
        for name in early_birds:
            self.buy(name, "A-1", 1, 0)
        self.world.sync()

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self._come_to_rest()
        finally:
            self._open.close()

    def _come_to_rest(self) -> None:
        for shop in self.world.shops.values():
            shop.down_until = shop.rate_limited_until = shop.scramble = None
            shop.refused.clear()
            shop.unreadable.clear()
            shop.on_call = _nothing
            while shop.next_fate():
                pass
        if self.world.on_edit is OnEdit.ASK:
            self.world.on_edit = OnEdit.HEAL  # the person says: ours is right
        self.world.restart()
        at_once, a_day_later = self.rest
        self.world.come_to_rest(at_once)
        self.world.clock.sleep(25 * 3600)  # open orders are read again by id once a day
        self.world.settle(a_day_later)
        self.world.assert_at_rest()

    def shop(self, name: str) -> MemoryShop:
        return self.world.shops[name]

    # -------------------------------------------------------------- customers

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(1, 3), lag_s=lags)
    def buy(self, name: str, sku: str, units: int, lag_s: int) -> None:
        order = self.shop(name).buy(self.world.listing(name, sku), units, lag_s=lag_s)
        if order is not None:
            self.orders[name].append(order)

    @rule(name=shops, units=st.integers(1, 2), lag_s=lags)
    def buy_both(self, name: str, units: int, lag_s: int) -> None:
        basket = {self.world.listing(name, sku): units for sku in self.world.skus}
        order = self.shop(name).checkout(basket, lag_s=lag_s)
        if order is not None:
            self.orders[name].append(order)

    @rule(sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(1, 2))
    def check_out_unpaid(self, sku: str, units: int) -> None:
        order = self.shop("delta0").buy(self.world.listing("delta0", sku), units, held=True)
        if order is not None:
            self.held["delta0"].append(order)

    @rule(data=st.data(), lag_s=lags)
    def pay(self, data: st.DataObject, lag_s: int) -> None:
        if self.held["delta0"]:
            order = data.draw(st.sampled_from(self.held["delta0"]))
            self.held["delta0"].remove(order)
            self.orders["delta0"].append(order)
            self.shop("delta0").pay(order, lag_s=lag_s)

    @rule(
        name=shops,
        data=st.data(),
        lag_s=lags,
        what=st.sampled_from(["cancel", "lose", "revive", "refund", "refund away", "ship", "return", "edit", "trash"]),
        units=st.integers(0, 4),
    )
    def change_an_order(self, name: str, data: st.DataObject, lag_s: int, what: str, units: int) -> None:
        if not self.orders[name]:
            return
        shop, order = self.shop(name), data.draw(st.sampled_from(self.orders[name]))
        changes: dict[str, Callable[[], None]] = {
            "cancel": lambda: shop.cancel(order, lag_s=lag_s),
            "lose": lambda: shop.cancel(order, restock=False, lag_s=lag_s),
            "revive": lambda: shop.revive(order, lag_s=lag_s),
            "refund": lambda: shop.refund(order, max(1, units), lag_s=lag_s),
            "refund away": lambda: shop.refund(order, max(1, units), restock=False, lag_s=lag_s),
            "ship": lambda: shop.ship(order, units or None, lag_s=lag_s),
            "return": lambda: shop.return_shipped(order, max(1, units), lag_s=lag_s),
            "edit": lambda: shop.edit_line(order, units, lag_s=lag_s),
            "trash": lambda: shop.trash(order, lag_s=lag_s),
        }
        with contextlib.suppress(ValueError):  # the shop says that this order cannot be changed so
            changes[what]()

    @rule(
        name=shops,
        sku=st.sampled_from(["A-1", "B-2"]),
        what=st.sampled_from(["cancel", "refund", "ship", "edit", "revive"]),
        lag_s=lags,
    )
    def an_order_is_read_then_changed(self, name: str, sku: str, what: str, lag_s: int) -> None:
        shop = self.shop(name)
        order = shop.buy(self.world.listing(name, sku), 2)
        if order is None:
            return
        self.orders[name].append(order)
        self.world.sync()
        if what == "revive":
            shop.cancel(order)
            self.world.sync()
            shop.revive(order, lag_s=lag_s)
        else:
            change: dict[str, Callable[..., None]] = {"cancel": shop.cancel, "ship": shop.ship}
            change |= {"refund": partial(shop.refund, units=1), "edit": partial(shop.edit_line, units=3)}
            change[what](order, lag_s=lag_s)
        self.world.sync()

    @rule(name=shops, data=st.data())
    def delete_an_order(self, name: str, data: st.DataObject) -> None:
        if self.orders[name]:
            order = data.draw(st.sampled_from(self.orders[name]))
            self.orders[name].remove(order)
            self.shop(name).delete(order)

    # -------------------------------------------------------------- the owner

    @rule(sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(1, 5))
    def receive(self, sku: str, units: int) -> None:
        self._move(sku, Kind.RECEIPT, units)
        self._remember_what_was_sold_before(sku)

    @rule(sku=st.sampled_from(["A-1", "B-2"]))
    def sell_by_phone(self, sku: str) -> None:
        self._move(sku, Kind.SALE, -1)

    @rule(sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(0, 15))
    def count(self, sku: str, units: int) -> None:
        self.world.count(sku, units)
        self._remember_what_was_sold_before(sku)

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(0, 20))
    def type_a_number_in_the_shop(self, name: str, sku: str, units: int) -> None:
        self.shop(name).edit(self.world.listing(name, sku), units)

    def _move(self, sku: str, kind: Kind, units: int) -> None:
        with self.world.db.write() as tx:
            move = Movement(
                event_id=f"test/{self.random.getrandbits(64)}",
                sku_id=catalogue.ids(tx)[sku],
                kind=kind,
                happened_at=self.world.clock(),
                on_hand=units,
                location_id=catalogue.location(tx, catalogue.OWN_SHELF),
            )
            ledger.post(tx, [move], self.world.clock())

    def _remember_what_was_sold_before(self, sku: str) -> None:
        for name in SHOPS:
            order_list = self.shop(name).order_list
            newest = (order_list.newest(state.id) for state in self.shop(name).orders())
            self.listed_at_growth[sku, name] = {state.id: state.version for state in newest if state is not None}

    def _judge_a_raise(self, shop: str, seen: WriteSeen) -> None:
        """No raise before every order of the SKU that was listed when the stock grew has been read, in every shop.

        A shop that has been silent for too long does not count: its units are set aside as if sold.
        """
        sku = next(sku for (name, sku), id_ in self.world.listing_ids.items() if (name, id_) == (shop, seen.listing_id))
        for (grown, name), listed in self.listed_at_growth.items():
            if grown != sku:
                continue
            listing_id = self.world.listing(name, sku)
            with self.world.db.read() as tx:
                channel = channels.get(tx, name)
                assert channel is not None
                if self.world.clock() - channel.silent_since() > timedelta(hours=2):
                    continue
                for state in self.shop(name).orders():
                    if state.id in listed and any(line.listing_id == listing_id for line in state.lines):
                        row = orders.get(tx, name, state.id)
                        assert row is not None and row.version >= listed[state.id], (
                            f"raised before {name} was read: {seen}"
                        )

    # -------------------------------------------------------------- bad luck

    @rule(name=shops, seconds=st.integers(1, 400))
    def shop_goes_down(self, name: str, seconds: int) -> None:
        self.shop(name).down_until = self.world.clock() + timedelta(seconds=seconds)

    @rule(name=shops, lost=st.sampled_from(list(Lost)), after_s=st.integers(1, 119))
    def answer_gets_lost(self, name: str, lost: Lost, after_s: int) -> None:
        self.shop(name).lose_next_answer(lost, late_after=timedelta(seconds=after_s))

    @rule(name=shops, lost=st.sampled_from(list(Lost)), units=st.integers(-3, 5), pause_s=st.sampled_from([1, 70, 130]))
    def a_write_of_news_gets_lost(self, name: str, lost: Lost, units: int, pause_s: int) -> None:
        """Units arrive, or are sold by phone; the shop is told, its answer is lost, and the next sync comes soon."""
        self.world.sync()
        if units:
            self._move("A-1", Kind.RECEIPT if units > 0 else Kind.SALE, units)
            self._remember_what_was_sold_before("A-1")
        self.shop(name).lose_next_answer(lost, late_after=timedelta(seconds=60))
        self.world.sync()
        self.world.clock.sleep(pause_s)
        self.world.sync()

    @rule(name=shops, on=st.booleans())
    def list_comes_doubled_and_out_of_order(self, name: str, on: bool) -> None:
        self.shop(name).scramble = random.Random(self.random.getrandbits(32)) if on else None

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), on=st.booleans())
    def shop_refuses_an_item(self, name: str, sku: str, on: bool) -> None:
        (self.shop(name).refused.add if on else self.shop(name).refused.discard)(self.world.listing(name, sku))

    @rule(name=shops, data=st.data(), on=st.booleans())
    def an_order_cannot_be_read(self, name: str, data: st.DataObject, on: bool) -> None:
        if self.orders[name]:
            order = data.draw(st.sampled_from(self.orders[name]))
            (self.shop(name).unreadable.add if on else self.shop(name).unreadable.discard)(order)

    @rule(seconds=st.sampled_from([1, 5, 30, 61, 130, 3700]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.sleep(seconds)

    # -------------------------------------------------------------- the engine

    @rule()
    def sync(self) -> None:
        self.world.sync()

    @rule()
    def sync_twice_and_a_minute_later(self) -> None:
        self.world.sync()
        self.world.clock.sleep(61)
        self.world.sync()

    @rule(name=shops, calls=st.integers(1, 6), moment=st.sampled_from(["before", "after"]), kind=st.booleans())
    def sync_and_die(self, name: str, calls: int, moment: Literal["before", "after"], kind: bool) -> None:
        """The process dies at one of its next calls, or at a write, just before or just after the shop did it."""
        left = [1 if kind else calls]

        def die(call: str, at: str) -> None:
            if at == moment and (call == "send" or not kind):
                left[0] -= 1
                if left[0] == 0:
                    raise Crash

        self.shop(name).on_call = die
        with contextlib.suppress(Crash):
            self.world.sync()
        self.shop(name).on_call = _nothing
        self.world.restart()

    @rule(name=shops, sku=st.sampled_from(["A-1", "B-2"]), units=st.integers(1, 2), who=st.booleans())
    def sync_while_things_are_sold(self, name: str, sku: str, units: int, who: bool) -> None:
        """A customer, or somebody at the telephone, buys at the instant when a write is on its way."""
        done = []

        def sell(call: str, at: str) -> None:
            if call == "send" and at == "before" and not done:
                done.append(True)
                if who:
                    self.buy(name, sku, units, 1)
                else:
                    self._move(sku, Kind.SALE, -units)

        for shop in self.world.shops.values():
            shop.on_call = sell
        self.world.sync()
        for shop in self.world.shops.values():
            shop.on_call = _nothing

    # -------------------------------------------------------------- what must hold all the time

    @invariant()
    def books_are_right(self) -> None:
        if hasattr(self, "world"):
            self.world.assert_books_are_right()

    @invariant()
    def what_is_not_dirty_is_told_its_target(self) -> None:
        """Generation: a listing counts as settled only with the number that was computed after reading it."""
        if not hasattr(self, "world"):
            return
        with self.world.db.read() as tx:
            for port in self.world.house.ports:
                for view in views.load(tx, self.world.house, port):
                    row = view.row
                    if not row.dirty and not view.held and row.expected is not None:
                        assert in_step(view), f"{port.name}: settled with a stale number"


def only(machine: type[RuleBasedStateMachine], *kept: str) -> type[RuleBasedStateMachine]:
    """The same machine in which nothing but these rules happens: what is seldom in a whole life is met soon."""
    rules = {one.function.__name__: one.function for one in machine.setup_state().rules}
    assert rules.keys() >= set(kept), f"{machine.__name__} has not all of {kept}"
    steps_no_more = {name: step for name, step in rules.items() if name not in kept}
    return type(f"{machine.__name__}Only", (machine,), steps_no_more)


def _nothing(_call: str, _moment: Any) -> None:
    """Nothing happens at a call."""
