from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.memory import Lost
from syncd.storage import incidents, leases
from syncd.storage.incidents import IncidentKind
from syncd.storage.leases import Holder
from syncd.sync import mapper
from syncd.sync.cycle import sync
from syncd.sync.house import LeaseHeld
from tests.engine.world import World

MakeWorld = Callable[..., World]

pytestmark = pytest.mark.parametrize("kind_of_database", ["sqlite", "postgres"], indirect=True)


def test_ten_on_hand_with_a_buffer_of_two_shows_eight(make_world: MakeWorld) -> None:
    """N4, the first acceptance test."""
    world = make_world()
    world.go_live()
    report = world.sync()
    assert report.complete
    assert world.shown_in("delta0") == 8
    assert world.shown_in("compare1") == 8


def test_a_sale_in_one_shop_lowers_the_other(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    world.shops["delta0"].buy(world.listing("delta0"))
    world.sync()
    assert world.shown_in("delta0") == 7
    assert world.shown_in("compare1") == 7


def test_nothing_is_written_in_shadow(make_world: MakeWorld) -> None:
    world = make_world()
    world.sync()
    assert world.shown_in("delta0") == 10
    assert world.writes == []


def test_a_sync_with_nothing_to_do_makes_no_write_call(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    before = {name: shop.calls["send"] for name, shop in world.shops.items()}
    world.sync()
    assert {name: shop.calls["send"] for name, shop in world.shops.items()} == before


def test_a_cancellation_puts_the_unit_back_on_both_shops(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    order = world.shops["delta0"].buy(world.listing("delta0"), 3)
    assert order is not None
    world.sync()
    assert world.shown_in("compare1") == 5
    world.shops["delta0"].cancel(order)
    world.sync()
    assert world.shown_in("compare1") == 8
    assert world.shown_in("delta0") == 8


def test_a_lost_answer_is_looked_at_again_and_never_resent(make_world: MakeWorld) -> None:
    for lost in Lost:
        world = make_world()
        world.go_live()
        world.sync()
        world.count(world.skus[0], 20)
        world.shops["delta0"].lose_next_answer(lost)
        report = world.sync()
        assert not report.complete
        world.clock.sleep(200)
        world.sync()
        assert world.shown_in("delta0") == 18
        assert world.shown_in("compare1") == 18


def test_a_number_that_a_human_typed_is_not_overwritten(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    world.shops["delta0"].edit(world.listing("delta0"), 15)
    for _ in range(4):
        world.clock.sleep(70)
        world.sync()
    assert world.shown_in("delta0") == 15
    world.shops["compare1"].buy(world.listing("compare1"), 3)
    world.sync()
    assert world.shown_in("delta0") == 12, "what was sold elsewhere goes out as a difference"
    assert world.shown_in("compare1") == 5
    world.sync()
    assert world.shown_in("delta0") == 12
    with world.db.read() as tx:
        (incident,) = incidents.open_incidents(tx)
    assert incident.kind is IncidentKind.EDIT
    assert incident.text.startswith("delta0 shows 12 of SHOE-39-BLK where 5 was expected")


def test_an_unreachable_shop_does_not_stop_the_other_from_being_lowered(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    world.shops["delta0"].down_until = world.clock() + timedelta(hours=1)
    world.shops["compare1"].buy(world.listing("compare1"), 2)
    report = world.sync()
    assert list(report.failed) == ["delta0"]
    world.clock.sleep(3700)
    world.sync()
    assert world.shown_in("delta0") == 6


def test_a_listing_that_the_shop_does_not_count_is_started_only_when_every_shop_was_read(make_world: MakeWorld) -> None:
    world = make_world()
    world.shops["delta0"].stop_counting(world.listing("delta0"))
    ports = tuple(replace(port, start_counting=port.name == "delta0") for port in world.house.ports)
    world.house = replace(world.house, ports=ports)
    mapper.refresh(world.house, world.house.port("delta0"))
    world.go_live()
    world.shops["compare1"].down_until = world.clock() + timedelta(minutes=5)
    world.sync()
    assert world.shown_in("delta0") is None
    world.clock.sleep(400)
    world.sync()
    assert world.shown_in("delta0") == 8
    world.shops["compare1"].buy(world.listing("compare1"))
    world.sync()
    assert world.shown_in("delta0") == 7


def test_a_shop_that_cannot_resume_is_read_anew_and_the_owner_is_told_of_the_gap(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    kept = world.shops["delta0"].buy(world.listing("delta0"), 2)
    cancelled = world.shops["delta0"].buy(world.listing("delta0"), 3)
    assert kept is not None and cancelled is not None
    world.sync()
    world.shops["delta0"].cancel(cancelled)
    world.shops["delta0"].expire_cursors()
    world.sync()
    world.sync()
    assert world.shown_in("delta0") == world.shown_in("compare1") == 6
    with world.db.read() as tx:
        assert [incident.kind for incident in incidents.open_incidents(tx)] == [IncidentKind.GAP]


def test_long_work_ends_when_another_process_has_taken_the_channel_over(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    other = Holder(name="another process", pid=1)

    def take_over(call: str, moment: str) -> None:
        if call == "orders" and moment == "after":
            with world.db.write() as tx:
                leases.release(tx, world.house.holder, ["delta0"], world.clock())
                assert leases.take(tx, "delta0", other, world.clock())

    world.shops["delta0"].on_call = take_over
    with pytest.raises(LeaseHeld):
        world.sync()
    assert world.writes == []


def test_two_machines_on_one_database_take_turns(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    here, there = world.house, replace(world.house, holder=Holder(host="another machine"))
    world.shops["compare1"].buy(world.listing("compare1"))
    tries = []

    def meanwhile(call: str, moment: str) -> None:
        if not tries:
            tries.append(call)
            with pytest.raises(LeaseHeld):
                sync(there)

    world.shops["delta0"].on_call = meanwhile
    assert sync(here).complete
    assert tries
    assert world.shown_in("delta0") == world.shown_in("compare1") == 7
    world.shops["delta0"].buy(world.listing("delta0"))
    assert sync(there).complete
    assert world.shown_in("delta0") == world.shown_in("compare1") == 6
    world.assert_at_rest()
