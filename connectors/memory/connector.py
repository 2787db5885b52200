"""The connector to the shop in RAM: every role of the contract in its plainest form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import ClassVar

from connectors.contract import (
    Batch,
    ConnectorError,
    CredentialsRejected,
    CursorExpired,
    Finding,
    InDoubt,
    Level,
    Listing,
    ListingPage,
    ListingRef,
    News,
    Op,
    OrderPage,
    OrdersById,
    OrderState,
    Outcome,
    Parked,
    Rejected,
    Setting,
    Subscriptions,
    Untouched,
    Write,
)
from connectors.memory import hooks
from connectors.memory.shop import MemoryShop
from connectors.memory.truth import Lost


class MemoryConnector:
    """All roles over one `MemoryShop`. `secret` is the shop's own unless another is given."""

    kind: ClassVar[str] = "memory"
    SETTINGS: ClassVar[tuple[Setting, ...]] = ()
    visible_for: timedelta | None = None
    steady = True
    parallel = 2

    def __init__(self, shop: MemoryShop, *, secret: str | None = None) -> None:
        self._shop = shop
        self._secret = shop.secret if secret is None else secret
        self.order_lag = shop.order_lag
        self.in_doubt = shop.in_doubt
        self.replays = shop.style == "compare"
        self.raises_by = Op.SET if shop.style == "compare" else Op.DELTA
        self.notices_ride = shop.style == "delta"

    def check(self) -> Sequence[Finding]:
        with self._shop.lock:
            self._shop.enter("check", self._secret)
            listings = self._shop.listings()
            self._shop.leave("check")
        return (Finding(Level.OK, f"memory shop, {len(listings)} listings"),)

    def close(self) -> None:
        """Nothing to let go of."""

    # ------------------------------------------------------------------ listings

    def listings(self) -> Iterator[ListingPage]:
        start = 0
        while True:
            with self._shop.lock:
                self._shop.enter("listings", self._secret)
                everything = self._shop.listings()
                page = everything[start : start + self._shop.page_size]
                self._shop.leave("listings")
            yield ListingPage(page, total=len(everything))
            start += len(page)
            if start >= len(everything):
                return

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        with self._shop.lock:
            self._shop.enter("read", self._secret)
            on_sale = {listing.id: listing for listing in self._shop.listings()}
            found = {ref.id: on_sale[ref.id] for ref in refs if ref.id in on_sale}
            self._shop.leave("read")
        return found

    # ------------------------------------------------------------------ sales

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        """As the contract says. A cursor holds the epoch, the open order walked up to, and the versions read."""
        while True:
            with self._shop.lock:
                self._shop.enter("orders", self._secret)
                page, last = self._page(cursor)
                self._shop.leave("orders")
            yield page
            if last:
                return
            cursor = page.cursor

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        with self._shop.lock:
            self._shop.enter("orders_by_id", self._secret)
            exact = {state.id: state for state in self._shop.orders()}  # unlike the list, this does not trail behind
            self._shop.leave("orders_by_id")
        orders, parked = self._sorted_out([exact[id_] for id_ in ids if id_ in exact])
        return OrdersById(orders, missing=tuple(id_ for id_ in ids if id_ not in exact), parked=parked)

    def _page(self, cursor: str | None) -> tuple[OrderPage, bool]:
        """The page after `cursor`, and whether it is the last: first the open orders, then what changed meanwhile."""
        order_list = self._shop.order_list
        feed = order_list.feed
        walked, read = (0, len(feed)) if cursor is None else self._parse(cursor)
        size = self._shop.page_size
        if walked is not None:
            waiting = [state for state in order_list.open(self._shop.now()) if int(state.id) > walked]
            these, rest = waiting[:size], waiting[size:]
            place = these[-1].id if rest else "-"
            last = not rest and read == len(feed)
        else:
            newest = {state.id: order_list.newest(state.id) for state in feed[read : read + size]}
            these = [state for state in newest.values() if state]
            read = min(read + size, len(feed))
            if self._shop.scramble:
                these = self._scrambled(these, feed[:read], self._shop.scramble)
            place = "-"
            last = read == len(feed)
        orders, parked = self._sorted_out(these)
        return OrderPage(orders, f"{self._shop.cursor_epoch} {place} {read}", parked), last

    def _parse(self, cursor: str) -> tuple[int | None, int]:
        try:
            epoch, walked, read = cursor.split(" ")
            if int(epoch) == self._shop.cursor_epoch:
                return None if walked == "-" else int(walked), int(read)
        except ValueError:
            pass
        raise CursorExpired("The memory shop does not know this place in its order list any more.")

    def _scrambled(self, these: list[OrderState], earlier: Sequence[OrderState], random: Random) -> list[OrderState]:
        """The same with doubles and old versions, in any order, as a list may come that changes while it is read."""
        old = [state for state in earlier if self._shop.order_list.newest(state.id)]
        mixed = these + random.sample(old, min(2, len(old)))
        random.shuffle(mixed)
        return mixed

    def _sorted_out(self, states: Sequence[OrderState]) -> tuple[tuple[OrderState, ...], tuple[Parked, ...]]:
        """What can be read, and what cannot."""
        unreadable = self._shop.unreadable
        parked = tuple(
            Parked(
                state.id,
                f"order {state.number} cannot be read: a line has a fraction of a unit",
                listing_ids=tuple(line.listing_id for line in state.lines if line.listing_id),
            )
            for state in states
            if state.id in unreadable
        )
        return tuple(state for state in states if state.id not in unreadable), parked

    # ------------------------------------------------------------------ writes

    def group(self, writes: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
        """Calls as the shop takes them: per parent where it is like WooCommerce, per op where it is like Shopify."""
        calls: dict[str | None, list[Write]] = {}
        for write in writes:
            calls.setdefault(write.op if self.replays else write.parent_id, []).append(write)
        limit = self._shop.batch_limit
        return [tuple(call[n : n + limit]) for call in calls.values() for n in range(0, len(call), limit)]

    def send(self, batch: Batch) -> Sequence[Outcome]:
        faults = [_fault(write, self.notices_ride) for write in batch.writes]
        if any(faults):
            untouched = Untouched("Another item of the call was refused.")
            return [Outcome(w.listing_id, fault or untouched) for w, fault in zip(batch.writes, faults, strict=True)]
        with self._shop.lock:
            return self._send(batch)

    def _send(self, batch: Batch) -> Sequence[Outcome]:
        shop = self._shop
        first = shop.expect(batch)
        try:
            shop.enter("send", self._secret)
        except ConnectorError:
            if first:
                shop.settled(batch)
            raise
        fate, late_after = shop.next_fate() or (None, timedelta())
        if fate is Lost.LATE:
            shop.postpone(batch, late_after)
        elif fate is not Lost.NEVER:
            outcomes = shop.execute(batch)
        shop.leave("send")
        if fate is not None:
            raise InDoubt("The memory shop did not answer.")
        shop.settled(batch)
        return outcomes

    def prepare(self) -> None:
        """As the contract says: in style "compare" the shop needs fields before it can hold notices."""
        with self._shop.lock:
            self._shop.enter("prepare", self._secret)
            if self._shop.notices_forbidden:
                raise CredentialsRejected("The memory shop does not let us write what buyers read.", hint="Allow it.")
            self._shop.notices_ready = True
            self._shop.leave("prepare")

    # ------------------------------------------------------------------ news

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        return hooks.news(self._secret, headers, body)

    def subscribe(self, address: str) -> Subscriptions:
        with self._shop.lock:
            self._shop.enter("subscribe", self._secret)
            ours = {one.topic: one for one in self._ours(address)}
            made = tuple(topic for topic in hooks.TOPICS if topic not in ours)
            revived = tuple(topic for topic, one in ours.items() if not one.active)
            standing = tuple(topic for topic, one in ours.items() if one.active)
            self._shop.hooks.subscriptions += [hooks.Subscription(address, topic, _OWNER) for topic in made]
            for topic in revived:
                ours[topic].active = True
            self._shop.leave("subscribe")
        return Subscriptions(standing, made, revived)

    def unsubscribe(self, address: str) -> int:
        with self._shop.lock:
            self._shop.enter("unsubscribe", self._secret)
            ours = self._ours(address)
            everybody = self._shop.hooks.subscriptions
            self._shop.hooks.subscriptions = [one for one in everybody if one not in ours]
            self._shop.leave("unsubscribe")
        return len(ours)

    def _ours(self, address: str) -> list[hooks.Subscription]:
        return [one for one in self._shop.hooks.subscriptions if (one.owner, one.address) == (_OWNER, address)]


_OWNER = "syncd"


def _fault(write: Write, notices_ride: bool) -> Rejected | None:
    """What may not be sent. The shop would not notice: it takes what it gets."""
    if write.notice is not None and write.notice.fault:
        return Rejected(write.notice.fault)
    if write.notice is not None and not (notices_ride or write.op is Op.SHOW):
        return Rejected("The memory shop takes notices in calls of their own.")
    if type(write.target) is int and type(write.expected) is int and write.target >= 0:
        return None
    return Rejected(f"{write.target!r} is not a number of units to offer for listing {write.listing_id}.")
