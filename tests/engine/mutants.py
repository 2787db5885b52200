"""The mistakes that such systems make, planted one at a time: the state machine must find each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from connectors.contract import Op, OrderState, Write
from connectors.memory import MemoryShop
from syncd.storage import listings
from syncd.storage.session import Tx
from syncd.sync import planner, writer
from syncd.sync.bookkeeper import Bookkeeper
from syncd.sync.cycle import Cycle
from syncd.sync.planner import Decision, Situation
from syncd.sync.puller import Pulled
from syncd.sync.pusher import Pusher
from syncd.sync.views import View


@contextmanager
def absolute_write() -> Iterator[None]:
    """The target is written as it is, over whatever the shop shows: a sale in between is erased (field notes 7)."""
    apply = MemoryShop._apply

    def written(self: MemoryShop, key: str, write: Write) -> Any:
        shown = self._items[write.listing_id].shown
        return apply(self, key, replace(write, expected=shown) if write.op is Op.DELTA and shown is not None else write)

    with patch.object(MemoryShop, "_apply", written):
        yield


@contextmanager
def base_read_after_the_pull() -> Iterator[None]:
    """The delta starts from the number just read, so that a sale after the pull is added back."""
    decide = planner.decide

    def decided(view: View, at: Situation) -> Decision:
        if at.fresh and view.row.expected is not None and view.row.shown is not None:
            view = replace(view, row=replace(view.row, expected=view.row.shown, differs_since=None))
        return decide(view, at)

    with patch("syncd.sync.pusher.decide", decided):
        yield


@contextmanager
def a_delta_resent() -> Iterator[None]:
    """A delta without a key is sent again after its answer was lost."""
    recover = writer.recover

    def recovered(house: Any, port: Any) -> set[int]:
        with patch.object(port.connector, "replays", True):
            return recover(house, port)

    with patch.object(writer, "recover", recovered):
        yield


@contextmanager
def orders_told_apart_by_status() -> Iterator[None]:
    """An order is booked once per status: an edit, a partial refund, a second cancellation are lost."""
    book = Bookkeeper._book_order
    known: set[tuple[str, str, str]] = set()

    def booked(self: Bookkeeper, state: OrderState, *rest: Any) -> bool:
        seen = (str(self.house.db.path), f"{self.port.name}/{state.id}", state.status)
        if seen in known:
            return False
        known.add(seen)
        return book(self, state, *rest)

    with patch.object(Bookkeeper, "_book_order", booked):
        yield


@contextmanager
def generation_read_after_the_quantities() -> Iterator[None]:
    """The generation is taken when the write is over: a change in between counts as told."""
    settle = listings.settle

    def settled(tx: Tx, row_id: int, _generation: int) -> None:
        settle(tx, row_id, listings.by_ids(tx, [row_id])[row_id].generation)

    with patch.object(listings, "settle", settled):
        yield


@contextmanager
def push_before_pull() -> Iterator[None]:
    """Numbers go out before the orders of the day are read."""
    pull_and_anchor, push = Cycle.pull_and_anchor, Cycle.push

    def early(self: Cycle, ports: Any) -> None:
        ports = list(ports)
        for port in ports:
            if not self._never_pulled(port):
                with (
                    patch.object(Pusher, "_look", lambda self, plan: set()),
                    patch.object(Cycle, "pull", _pulls_nothing),
                ):
                    self.report.pulled.setdefault(port.name, Pulled(0, 0))
                    push(self, port)
        pull_and_anchor(self, ports)

    with patch.object(Cycle, "pull_and_anchor", early), patch("syncd.sync.planner.clearance", _always_clear):
        with patch("syncd.sync.sources.clearance", _always_clear):
            yield


def _pulls_nothing(_self: Cycle, _names: Any) -> set[str]:
    return set()


def _always_clear(_sources: Any, _after_seq: int) -> planner.Clearance:
    return planner.Clearance()
