"""The shop in RAM: what it truly shows and has sold, whatever its order list admits or a lost answer hides."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from threading import RLock
from typing import Literal

from connectors.contract import (
    Batch,
    Conflict,
    CredentialsRejected,
    ItemError,
    Listing,
    Notice,
    Op,
    OrderState,
    Outcome,
    RateLimited,
    Rejected,
    StockKeeping,
    Unavailable,
    Untouched,
    Write,
)
from connectors.memory.hooks import Hooks
from connectors.memory.orders import Line, Order, OrderList
from connectors.memory.truth import Lost, WriteSeen

NO_NUMBER = (Op.SHOW, Op.STOP)


@dataclass
class _Item:
    id: str
    sku: str | None
    name: str
    shown: int | None
    parent_id: str | None = None
    sells_at_zero: tuple[str, ...] = ()
    unexplained: int = 0
    notice: Notice | None = None


@dataclass(frozen=True)
class _Sent:
    """What the engine had booked, and what was in doubt, when a batch was first sent."""

    booked: Mapping[tuple[str, str], int]
    in_doubt: frozenset[str]


@dataclass
class MemoryShop:
    """A shop that tells the truth to its test and misbehaves towards its connector as it is told.

    `style` "delta" is like WooCommerce (no compare, no keys), "compare" like Shopify (raises compare, keys replay, one
    bad entry fails its call). `now` is aware UTC and the test's own. `page_size` and `batch_limit` are small, so that
    a few orders make several pages. Changes of orders take `lag_s`: from when, in seconds, the order list shows them.
    """

    now: Callable[[], datetime]
    style: Literal["delta", "compare"] = "delta"
    order_lag: timedelta = timedelta(seconds=3)
    in_doubt: timedelta = timedelta(seconds=120)
    hold_for: timedelta = timedelta(minutes=60)
    page_size: int = 3
    batch_limit: int = 3
    secret: str = field(default="open-sesame", repr=False)

    # Faults, to be set by the test.
    down_until: datetime | None = None
    rate_limited_until: datetime | None = None
    refused: set[str] = field(default_factory=set)  # ids of listings whose writes are rejected
    unreadable: set[str] = field(default_factory=set)  # ids of orders that come parked
    notices_forbidden: bool = False  # `prepare` is refused: what buyers read may not be written
    drops_notices: bool = False  # numbers are taken, what buyers are to read is not
    scramble: random.Random | None = None  # the order list comes with doubles, old versions, and out of order
    on_call: Callable[[str, Literal["before", "after"]], None] = lambda _call, _moment: None  # may raise: a crash
    # The witness: units of (order id, line id) that the engine has booked as taken, and who judges each write.
    booked: Callable[[str, str], int] | None = None
    on_write: Callable[[WriteSeen], None] = lambda _seen: None

    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.lock = RLock()
        self.cursor_epoch = 1
        self.order_list = OrderList()
        self.hooks = Hooks(lambda: self.secret)
        self.notices_ready = self.style == "delta"  # the fields that hold notices are there
        self._items: dict[str, _Item] = {}
        self._orders: dict[str, Order] = {}
        self._ids = count(1)
        self._fates: deque[tuple[Lost, timedelta]] = deque()
        self._late: list[tuple[datetime, Batch]] = []
        self._doubts: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._sent: dict[str, _Sent] = {}
        self._answers: dict[str, tuple[Batch, tuple[Outcome, ...]]] = {}

    # ------------------------------------------------------------------ what is on sale

    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False, name: str = "") -> str:
        """Put something on sale; ``shown=None`` is not counted. Returns the id."""
        item_id = str(next(self._ids))
        parent_id = f"parent-{item_id}" if variation else None
        self._items[item_id] = _Item(item_id, sku, name or f"Thing {item_id}", shown, parent_id)
        return item_id

    def listings(self) -> tuple[Listing, ...]:
        with self.lock:
            self._pass_time()
            return tuple(self._listing(item) for item in self._items.values())

    def shown(self, listing_id: str) -> int | None:
        """The number that the next buyer meets, now."""
        with self.lock:
            self._pass_time()
            return self._items[listing_id].shown

    def notice(self, listing_id: str) -> Notice | None:
        """What the next buyer reads beside the number, now; ``None`` where that is nothing of ours."""
        with self.lock:
            self._pass_time()
            return self._items[listing_id].notice

    def edit(self, listing_id: str, shown: int) -> None:
        """A human types another number."""
        with self.lock:
            item = self._counted(listing_id)
            item.unexplained += max(0, shown - (item.shown or 0))
            item.shown = shown
            self.hooks.tell("listing", listing_id, shown)

    def rename(self, listing_id: str, sku: str | None) -> None:
        self._items[listing_id].sku = sku

    def remove(self, listing_id: str) -> None:
        """Take a product off the shop. Lines of it lose their link with the next version of their order."""
        with self.lock:
            self._pass_time()
            del self._items[listing_id]
            for line in self._lines_of(listing_id):
                line.listing_id = None

    def stop_counting(self, listing_id: str) -> None:
        with self.lock:
            self._counted(listing_id).shown = None

    def allow_backorders(self, listing_id: str) -> None:
        self._items[listing_id].sells_at_zero = ("backorders are allowed",)

    def ends_at_zero(self, listing_id: str) -> bool:
        """Whether the sale would end with a number of 0."""
        with self.lock:
            self._pass_time()
            return not self._items[listing_id].sells_at_zero

    # ------------------------------------------------------------------ customers

    def buy(
        self, listing_id: str, units: int = 1, *, held: bool = False, forced: bool = False, lag_s: float = 0
    ) -> str | None:
        """Order units of one listing. Returns the order's id, or ``None`` where the shop does not have them."""
        return self.checkout({listing_id: units}, held=held, forced=forced, lag_s=lag_s)

    def checkout(
        self, basket: Mapping[str, int], *, held: bool = False, forced: bool = False, lag_s: float = 0
    ) -> str | None:
        """Order units by listing. `held` waits for payment; `forced` sells also what is not there."""
        with self.lock:
            self._pass_time()
            if not forced and not all(self._sells(self._items[id_], units) for id_, units in basket.items()):
                return None
            order_id = str(1000 + next(self._ids))
            lines = [
                Line(f"{order_id}-{n}", id_, self._items[id_].sku, self._items[id_].name, units)
                for n, (id_, units) in enumerate(basket.items(), start=1)
            ]
            order = Order(order_id, self.now(), lines, self._take)
            order.place(self.now() + self.hold_for if held else None)
            self._orders[order_id] = order
            self._tell(order, lag_s)
            return order_id

    def pay(self, order_id: str, *, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.pay())

    def cancel(self, order_id: str, *, restock: bool = True, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.cancel(restock))

    def revive(self, order_id: str, *, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.revive())

    def edit_line(self, order_id: str, units: int, *, line: int = 0, lag_s: float = 0) -> None:
        """Change a line to this many units; 0 takes it off the order."""
        self._change(order_id, lag_s, lambda order: order.edit_line(units, order.lines[line]))

    def refund(self, order_id: str, units: int = 1, *, restock: bool = True, line: int = 0, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.refund(units, restock, order.lines[line]))

    def ship(self, order_id: str, units: int | None = None, *, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.ship(self.now(), units))

    def return_shipped(
        self, order_id: str, units: int = 1, *, restock: bool = True, line: int = 0, lag_s: float = 0
    ) -> None:
        self._change(order_id, lag_s, lambda order: order.return_shipped(units, restock, order.lines[line]))

    def trash(self, order_id: str, *, lag_s: float = 0) -> None:
        self._change(order_id, lag_s, lambda order: order.trash())

    def delete(self, order_id: str) -> None:
        """Delete for good: gone from every list, and nothing goes back on the number."""
        with self.lock:
            self._pass_time()
            order = self._orders[order_id]
            order.deleted = True
            self.order_list.forget(order_id)
            for line in order.lines:
                item = self._items.get(line.listing_id or "")
                if item and self.booked:  # units that came back with a version that nobody read
                    item.unexplained += max(0, self.booked(order_id, line.line_id) - line.taken)

    # ------------------------------------------------------------------ the truth

    def order(self, order_id: str) -> OrderState:
        """The order as it truly stands, whatever the list shows."""
        return self._orders[order_id].state()

    def orders(self) -> tuple[OrderState, ...]:
        """All orders as they truly stand, without the deleted."""
        return tuple(order.state() for order in self._orders.values() if not order.deleted)

    def unread_units(self, listing_id: str) -> int:
        """Net units that this shop's orders have taken and the engine has not booked; deleted orders do not count."""
        with self.lock:
            self._pass_time()
            return self._unread(listing_id, self._bookings({listing_id}))

    # ------------------------------------------------------------------ what the connector meets

    def lose_next_answer(self, lost: Lost, *, late_after: timedelta = timedelta(seconds=30)) -> None:
        """Lose the answer of the next write call; after several calls of this, of as many writes.

        `late_after` is when a LATE write takes effect; never later than `in_doubt`.
        """
        self._fates.append((lost, min(late_after, self.in_doubt)))

    def expire_cursors(self) -> None:
        self.cursor_epoch += 1

    def enter(self, call: str, secret: str) -> None:
        """A call arrives. Raises what it meets: a scripted crash, an outage, a limit, a wrong key."""
        self.calls[call] += 1
        self.on_call(call, "before")
        self._pass_time()
        if self.down_until and self.now() < self.down_until:
            raise Unavailable("The memory shop does not answer.")
        if self.rate_limited_until and self.now() < self.rate_limited_until:
            wait = self.rate_limited_until - self.now()
            raise RateLimited("The memory shop asks to wait.", retry_after=wait)
        if secret != self.secret:
            raise CredentialsRejected("The memory shop refuses the secret.", hint="Give the one that it was made with.")

    def leave(self, call: str) -> None:
        self.on_call(call, "after")

    def next_fate(self) -> tuple[Lost, timedelta] | None:
        return self._fates.popleft() if self._fates else None

    def expect(self, batch: Batch) -> bool:
        """Note what the engine knows when it decides; from here on the batch may have happened.

        Called by each sending. A test that crashes the engine between its intent and the sending calls it instead, so
        that the replay is judged by what was known then. Returns whether this is the first time.
        """
        if batch.key in self._sent:
            return False
        ids = frozenset(write.listing_id for write in batch.writes if write.op not in NO_NUMBER)
        in_doubt = frozenset(id_ for id_ in ids if self._in_doubt(id_))
        self._sent[batch.key] = _Sent(self._bookings(ids), in_doubt)
        self._doubts[batch.key] = (self.now() + self.in_doubt, ids)
        return True

    def settled(self, batch: Batch) -> None:
        """The engine knows what became of the batch."""
        self._doubts.pop(batch.key, None)

    def postpone(self, batch: Batch, after: timedelta) -> None:
        self._late.append((self.now() + after, batch))

    def execute(self, batch: Batch) -> tuple[Outcome, ...]:
        """The shop's side of a write call: in style "compare" all or nothing, and once per key."""
        if self.style == "delta":
            return tuple(self._execute_one(batch.key, write) for write in batch.writes)
        if batch.key not in self._answers:
            self._late = [(due, late) for due, late in self._late if late.key != batch.key]
            self._answers[batch.key] = (batch, self._execute_all(batch))
        first, outcomes = self._answers[batch.key]
        if first != batch:
            error = Rejected("The key was used for other writes.")
            return tuple(Outcome(write.listing_id, error) for write in batch.writes)
        return outcomes

    # ------------------------------------------------------------------ inside

    def _listing(self, item: _Item) -> Listing:
        return Listing(
            item.id,
            item.sku or None,
            item.name,
            item.shown,
            StockKeeping.NONE if item.shown is None else StockKeeping.OWN,
            parent_id=item.parent_id,
            sells_at_zero=item.sells_at_zero,
            can_stop=bool(item.sells_at_zero),
        )

    def _counted(self, listing_id: str) -> _Item:
        self._pass_time()
        item = self._items[listing_id]
        if item.shown is None:
            raise ValueError(f"{item.name} is not counted")
        return item

    def _sells(self, item: _Item, units: int) -> bool:
        if item.shown is None or item.sells_at_zero:
            return True
        held = sum(line.promised for order in self._holding() for line in order.lines if line.listing_id == item.id)
        return item.shown - held >= units

    def _holding(self) -> list[Order]:
        now = self.now()
        return [order for order in self._orders.values() if order.held_until and order.held_until > now]

    def _take(self, line: Line, units: int) -> None:
        item = self._items.get(line.listing_id or "")
        counted = item is not None and item.shown is not None
        if units > 0 and not counted:
            return
        units = max(units, -line.taken)
        line.taken += units
        if item is not None and item.shown is not None:
            item.shown -= units
            self.hooks.tell("listing", item.id, item.shown)

    def _change(self, order_id: str, lag_s: float, change: Callable[[Order], None]) -> None:
        with self.lock:
            self._pass_time()
            order = self._orders[order_id]
            if order.deleted:
                raise ValueError(f"order {order_id} is deleted")
            change(order)
            self._tell(order, lag_s)

    def _tell(self, order: Order, lag_s: float) -> None:
        order.version += 1
        self.order_list.add(order.state(), self.now() + timedelta(seconds=lag_s))
        self.hooks.tell("order", order.id)
        self._pass_time()

    def _pass_time(self) -> None:
        """Let what was due by now happen: late writes take effect, the order list catches up."""
        now = self.now()
        due_writes = sorted((late for late in self._late if late[0] <= now), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now]
        for _, batch in due_writes:
            self.execute(batch)
        self.order_list.catch_up(now)

    def _lines_of(self, listing_id: str) -> list[Line]:
        return [line for order in self._orders.values() for line in order.lines if line.listing_id == listing_id]

    def _bookings(self, listing_ids: Set[str]) -> Mapping[tuple[str, str], int]:
        if self.booked is None:
            return {}
        orders = self._orders.values()
        lines = ((order.id, line.line_id) for order in orders for line in order.lines if line.listing_id in listing_ids)
        return {key: self.booked(*key) for key in lines}

    def _unread(self, listing_id: str, booked: Mapping[tuple[str, str], int]) -> int:
        return sum(
            line.taken - booked.get((order.id, line.line_id), 0)
            for order in self._orders.values()
            for line in order.lines
            if line.listing_id == listing_id and not order.deleted
        )

    def _in_doubt(self, listing_id: str) -> bool:
        return any(until > self.now() and listing_id in ids for until, ids in self._doubts.values())

    def _execute_all(self, batch: Batch) -> tuple[Outcome, ...]:
        errors = [self._judge(write) for write in batch.writes]
        if not any(errors):
            return tuple(self._apply(batch.key, write) for write in batch.writes)
        untouched = Untouched("Another item of the call was refused.")
        return tuple(
            Outcome(write.listing_id, error or untouched) for write, error in zip(batch.writes, errors, strict=True)
        )

    def _execute_one(self, key: str, write: Write) -> Outcome:
        error = self._judge(write)
        return Outcome(write.listing_id, error) if error else self._apply(key, write)

    def _judge(self, write: Write) -> ItemError | None:
        item = self._items.get(write.listing_id)
        if item is None or write.listing_id in self.refused:
            return Rejected(f"The memory shop does not take a number for listing {write.listing_id}.")
        if write.notice is not None and not self.notices_ready:
            return Rejected("The memory shop has no fields for what buyers read.", hint="Prepare it first.")
        if write.op in NO_NUMBER:
            return None
        if write.op is Op.START:
            return None if item.shown is None else Conflict(f"{item.name} is counted already.")
        if item.shown is None:
            return Rejected(f"{item.name} is not counted.", hint="Begin to count it first.")
        if write.op is Op.SET and item.shown != write.expected:
            return Conflict(f"{item.name} shows {item.shown}, not {write.expected}.")
        return None

    def _apply(self, key: str, write: Write) -> Outcome:
        item = self._items[write.listing_id]
        unshown = None
        if write.notice is not None and self.drops_notices:
            unshown = Rejected(f"The memory shop does not keep what buyers are to read of {item.name}.")
        elif write.notice is not None:
            item.notice = write.notice if write.notice.status else None
        if write.op in NO_NUMBER:
            item.sells_at_zero = () if write.op is Op.STOP else item.sells_at_zero
            return Outcome(item.id, unshown, item.shown)
        before = item.shown
        after = before + write.delta if write.op is Op.DELTA and before is not None else write.target
        item.shown = after
        self.hooks.tell("listing", item.id, after)
        sent = self._sent[key]
        unread = self._unread(item.id, sent.booked)
        seen = WriteSeen(
            item.id,
            write.op,
            write.target,
            write.expected,
            before,
            after,
            unread,
            item.unexplained,
            in_doubt=item.id in sent.in_doubt,
        )
        if after <= write.target - unread:
            item.unexplained = 0  # the engine's view and the truth agree again
        if self.booked is not None:
            self.on_write(seen)
        return Outcome(item.id, shown=after, unshown=unshown)
