"""What a person answers about a feed, and how long a feed lasts (design.md §3.6, N19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from syncd.domain.availability import ON_HAND, Pool
from syncd.storage import holds, incidents
from syncd.sync import approval
from tests.engine.memory_feed import Supplier
from tests.engine.world import FEED_LASTS, Clock, Sells, World

MakeWorld = Callable[..., World]


@pytest.fixture
def supplied(make_world: MakeWorld) -> World:
    """A shop that sells 3 units of its own and 5 of the supplier's."""
    clock = Clock()
    supplier = Supplier(clock, {"SHOE-39-BLK": 5})
    sells = Sells(ON_HAND | {Pool.SUPPLIER})
    world = make_world(
        styles=("delta",), on_hand=3, shown=3, buffer=0, clock=clock, supplier=supplier, sells={"delta0": sells}
    )
    world.go_live()
    world.sync()
    return world


def _feed(world: World) -> Supplier:
    assert world.supplier is not None
    return world.supplier


def test_a_feed_that_is_read_and_not_stated_anew_grows_old(supplied: World) -> None:
    """Reading it again makes no unit of it fresher: the supplier may have stopped writing it."""
    assert supplied.shown_in("delta0") == 8
    for _ in range(8):
        supplied.clock.sleep(FEED_LASTS.total_seconds() / 6)
        supplied.sync()
    assert supplied.shown_in("delta0") == 3
    _feed(supplied).write({"SHOE-39-BLK": 5})
    supplied.sync()
    assert supplied.shown_in("delta0") == 8


def test_a_no_to_a_feed_may_be_taken_back(supplied: World) -> None:
    _feed(supplied).write({"SHOE-39-BLK": 6}, ("Group", "Article", "Stock"))
    supplied.sync()
    with supplied.db.read() as tx:
        (hold,) = holds.every_open(tx)
    approval.answer(supplied.house, hold.id, yes=False)
    supplied.clock.sleep(timedelta(minutes=5).total_seconds())
    supplied.sync()
    assert supplied.shown_in("delta0") == 8
    approval.answer(supplied.house, hold.id, yes=True)
    supplied.sync()
    assert supplied.shown_in("delta0") == 9


def test_a_feed_that_is_mended_by_the_supplier_asks_nobody_any_more(supplied: World) -> None:
    before = _feed(supplied).says
    _feed(supplied).write({})
    supplied.sync()
    with supplied.db.read() as tx:
        assert [one.channel for one in holds.every_open(tx)] == ["feed"]
    _feed(supplied).write(before)
    supplied.sync()
    with supplied.db.read() as tx:
        assert holds.every_open(tx) == []
        assert [one.subject for one in incidents.open_incidents(tx)] == []
