"""What a person answers about a feed, and what time takes away by itself (design.md §3.6, N19, N30)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from syncd.domain.availability import ON_HAND, Pool
from syncd.domain.safety import HoldLimits
from syncd.storage import holds, incidents
from syncd.sync import approval, permits
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


@pytest.mark.parametrize("kind", ["overbook", "pre-order"])
def test_a_permission_that_ends_asks_nobody(make_world: MakeWorld, kind: str) -> None:
    """The owner said until when: however much it takes off sale, it is sold no day longer."""
    sells = dict.fromkeys(("delta0", "compare1"), Sells(frozenset({Pool.OWN, Pool.PRE_ORDER})))
    strict = HoldLimits(zeroing_percent=0, jumps_percent=0, count=1)
    world = make_world(on_hand=0, shown=0, buffer=0, lead_time_days=5, sells=sells, hold_limits=strict)
    world.go_live()
    today = world.house.today()
    if kind == "overbook":
        permits.overbook(world.house, "SHOE-39-BLK", 4, until=today, reason="arrives every Monday")
    else:
        permits.pre_order(world.house, "SHOE-39-BLK", 4, starts_on=today, until=today)
    world.sync()
    assert [world.shown_in(name) for name in world.shops] == [4, 4]
    world.clock.sleep(timedelta(days=1).total_seconds())
    report = world.sync()
    assert (report.held, [world.shown_in(name) for name in world.shops]) == (False, [0, 0])
