"""Mistakes with what is sold beside own stock, planted one at a time: the state machine must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from syncd.domain import availability
from syncd.domain.availability import Offer, Pool, Pools, Rule
from syncd.domain.status import StockStatus
from syncd.storage import incoming, listings
from syncd.storage.incoming import Delivery
from syncd.storage.permissions import Permission
from syncd.storage.session import Tx
from syncd.sync import supply, views
from syncd.sync.house import House, Port
from syncd.sync.planner import Verdict
from syncd.sync.pusher import Pusher
from syncd.sync.views import View

Offered = Callable[[Pools, Rule], tuple[Pools, Rule]]


@contextmanager
def _offered_otherwise(change: Offered) -> Iterator[None]:
    """Every number is made from other pools, or by another rule."""

    def offered(pools: Pools, rule: Rule, *, held_by_channel: int = 0) -> Offer:
        pools, rule = change(pools, rule)
        return availability.offered(pools, rule, held_by_channel=held_by_channel)

    with patch.object(views, "offered", offered), patch("syncd.sync.planner.offered", offered):
        yield


def reservations_eat_own_stock_only() -> Any:
    """What is promised beyond own stock is sold once more from the warehouse and the supplier."""
    return _offered_otherwise(lambda pools, rule: (replace(pools, reserved=min(pools.reserved, pools.own)), rule))


def the_suppliers_buffer_is_forgotten() -> Any:
    return _offered_otherwise(
        lambda pools, rule: (
            pools,
            replace(rule, buffers={pool: one for pool, one in rule.buffers.items() if pool is not Pool.SUPPLIER}),
        )
    )


def what_is_held_back_is_promised_first() -> Any:
    """A sale is paid from the buffer of a pool before the next pool is touched, and the number stays."""
    return patch.object(Rule, "to_the_last", lambda self, pool, there: 0)


def every_shop_sells_every_pool() -> Any:
    return _offered_otherwise(lambda pools, rule: (pools, replace(rule, sells=frozenset(Pool))))


def out_of_stock_is_only_a_word() -> Any:
    """The owner says out of stock, and the shop goes on selling."""
    return _offered_otherwise(
        lambda pools, rule: (
            pools,
            replace(rule, status=None) if rule.status is StockStatus.OUT_OF_STOCK else rule,
        )
    )


def overdue_deliveries_count() -> Any:
    """A delivery whose day has gone by is still promised to buyers."""
    return patch.object(Delivery, "overdue", lambda self, today: False)


def a_received_delivery_is_still_to_come() -> Any:
    """Units are on hand and on the way at the same time."""
    change = incoming.change

    def changed(tx: Tx, delivery_id: int, **values: object) -> None:
        if "received" not in values:
            change(tx, delivery_id, **values)

    return patch.object(incoming, "change", changed)


def a_stale_feed_counts() -> Any:
    """What a supplier stated is sold for ever."""
    return patch("syncd.sync.stock.expired", lambda house, feed: False)


def reading_a_feed_makes_it_fresh() -> Any:
    """The same old file, read again, counts as written anew."""
    take = supply.take

    def taken(house: House, port: Port) -> supply.Taken:
        found = take(house, port)
        with house.db.write() as tx:
            supply._stated_anew(tx, house, port, supply.supplies.feed(tx, port.name), house.now())
        return found

    return patch.object(supply, "take", taken)


def a_suspicious_feed_is_used() -> Any:
    return patch.object(supply, "suspicions", lambda *_: [])


def a_rejected_feed_is_used() -> Any:
    return patch("syncd.sync.approval.supplies.change_feed", _approves_always(supply.supplies.change_feed))


def _approves_always(change_feed: Callable[..., None]) -> Callable[..., None]:
    def changed(tx: Tx, name: str, **values: object) -> None:
        if values.get("rejected_for") is not None:
            values |= {"approved_for": values["rejected_for"], "rejected_for": None}
        change_feed(tx, name, **values)

    return changed


def a_permission_holds_after_its_day() -> Any:
    return patch.object(Permission, "holds", lambda self, today: True)


def the_owners_word_promises_more() -> Any:
    """Said to be in stock, and shown so, whatever there is."""
    return patch.object(StockStatus, "promises_less_than", lambda self, other: self is not other)


@contextmanager
def lateness_asks_for_a_yes() -> Iterator[None]:
    """A feed that grew too old, or a shop that fell silent, looks like a change too big to make."""
    load = views.load

    def loaded(tx: Tx, house: House, port: Port, row_ids: Collection[int] | None = None) -> list[View]:
        return [replace(view, calm=view.offer.told) for view in load(tx, house, port, row_ids)]

    with patch.object(views, "load", loaded):
        yield


@contextmanager
def notices_before_numbers() -> Iterator[None]:
    """Buyers are promised more before the number is there."""
    show = Pusher._notices

    def shown(self: Pusher, plan: Any, held: Collection[int]) -> Any:
        ready = [
            (view, replace(decision, verdict=Verdict.RIGHT, write=None), cleared) for view, decision, cleared in plan
        ]
        return show(self, ready, held)

    with patch.object(Pusher, "_notices", shown):
        yield


def a_notice_with_each_push() -> Any:
    return patch.object(View, "notice_due", lambda self, now: self.notice is not None)


@contextmanager
def a_lost_notice_is_forgotten() -> Iterator[None]:
    """The answer was lost, and buyers are taken to read what they did before."""
    change = listings.change

    def changed(tx: Tx, row_id: int, *, dirty: bool = False, **values: Any) -> None:
        if not (values.get("notice") and values["notice"][1] == ""):
            change(tx, row_id, dirty=dirty, **values)

    with patch.object(listings, "change", changed):
        yield
