"""What the service's jobs do, in virtual time: who nudges whom, and what never waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.service.kit import Service

MakeService = Callable[..., Service]


def test_a_sale_reaches_the_other_channel_within_the_poll_interval(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=2)
    world = service.world
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (8, 8)
    world.shops["delta0"].buy(world.listing("delta0"))
    service.run(seconds=62)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (7, 7)
    world.assert_at_rest()


def test_the_lag_from_a_sale_to_its_number_elsewhere_is_measured_once(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=2)
    service.world.shops["delta0"].buy(service.world.listing("delta0"))
    service.run(minutes=5)
    ((channel, lag),) = service.meter.lags
    assert channel == "compare1"
    assert timedelta() <= lag <= timedelta(seconds=62)


def test_nothing_is_asked_of_a_shop_beyond_its_orders_while_nothing_changes(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=10)
    asked: list[str] = []
    written = len(service.world.writes)
    for shop in service.world.shops.values():
        shop.on_call = lambda call, moment: asked.append(call) if moment == "before" else None
    service.run(minutes=4)
    assert set(asked) <= {"orders", "read"}
    assert asked.count("orders") <= 2 * 6
    assert len(service.world.writes) == written


def test_what_a_command_does_meanwhile_is_pushed_at_once(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=2)
    world = service.world
    world.count("SHOE-39-BLK", 5)  # a command in another process
    service.run(seconds=2)
    service.run(seconds=60)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (3, 3)


def test_a_raise_waits_until_the_other_channel_was_read_and_no_longer(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=2)
    world = service.world
    world.count("SHOE-39-BLK", 20)
    service.run(seconds=1)
    service.run(seconds=5)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (18, 18)


def test_a_dead_channel_delays_no_other(make_service: MakeService) -> None:
    service = make_service(styles=("delta", "compare", "delta"))
    service.run(minutes=2)
    world = service.world
    world.shops["delta0"].down_until = world.clock() + timedelta(hours=1)
    world.shops["delta2"].buy(world.listing("delta2"), 2)
    service.run(seconds=62)
    assert world.shown_in("compare1") == 6
    world.shops["delta0"].down_until = None
    service.run(minutes=6)
    world.assert_at_rest()


def test_while_a_channel_is_down_the_others_are_not_asked_more_often(make_service: MakeService) -> None:
    service = make_service(styles=("delta", "compare", "delta"))
    service.run(minutes=2)
    world = service.world
    world.shops["delta0"].down_until = world.clock() + timedelta(hours=1)
    world.count("SHOE-39-BLK", 20)  # a raise, which waits for the orders of the dead channel
    service.run(minutes=6)
    asked: list[str] = []
    world.shops["delta2"].on_call = lambda call, moment: asked.append(call) if moment == "before" else None
    for _ in range(3 * 60):  # the service looks outside every second
        service.run(seconds=1)
        service.work.look_outside()
    assert len(asked) <= 3 * 12
    assert world.shown_in("compare1") == 8
