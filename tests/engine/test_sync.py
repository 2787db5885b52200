from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from connectors.memory import Lost
from tests.engine.world import World

MakeWorld = Callable[..., World]


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
