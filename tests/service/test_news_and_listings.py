"""What webhooks tell in the service: booked at once by id, believed in nothing, and no reason to ask too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from connectors.contract import Unavailable
from syncd.storage import inbox
from syncd.storage.inbox import Delivery
from syncd.sync.turns import ORDERS_AT_ONCE
from tests.service.kit import Service

MakeService = Callable[..., Service]

_numbers = count(1)


def deliver(
    service: Service, channel: str, *, order: str | None = None, listing: str | None = None, shown: int = 0
) -> None:
    """A webhook arrives, as the web server keeps it."""
    with service.world.db.write() as tx:
        told = Delivery(f"d{next(_numbers)}", "test", order, listing, shown if listing else None, service.world.clock())
        inbox.put(tx, channel, told)
    service.work.on_news(channel)


def waiting(service: Service) -> dict[str, int]:
    with service.world.db.read() as tx:
        return inbox.channels_waiting(tx)


@pytest.fixture
def service(make_service: MakeService) -> Service:
    made = make_service(on_hand=1000, shown=998)
    made.run(minutes=2)
    return made


def test_an_order_is_booked_at_once_though_the_list_of_orders_trails_behind(service: Service) -> None:
    world = service.world
    order = world.shops["delta0"].buy(world.listing("delta0"), 3, lag_s=600)
    deliver(service, "delta0", order=order)
    service.run(seconds=2)
    assert world.shown_in("compare1") == 995
    assert waiting(service) == {}


def test_our_own_number_told_back_costs_no_call(service: Service) -> None:
    world = service.world
    before = dict(world.shops["delta0"].calls)
    deliver(service, "delta0", listing=world.listing("delta0"), shown=998)
    service.run(seconds=0.5)
    assert dict(world.shops["delta0"].calls) == before
    assert waiting(service) == {}


def test_more_orders_than_are_asked_for_one_by_one_let_the_list_be_read(service: Service) -> None:
    shop = service.world.shops["delta0"]
    for number in range(ORDERS_AT_ONCE + 1):
        with service.world.db.write() as tx:
            inbox.put(tx, "delta0", Delivery(f"many{number}", "t", str(number), None, None, service.world.clock()))
    service.work.on_news("delta0")
    before = shop.calls["orders_by_id"]
    lists = shop.calls["orders"]
    service.run(seconds=2)
    assert (shop.calls["orders_by_id"], waiting(service)) == (before, {})
    assert shop.calls["orders"] > lists


def test_unknown_listings_let_all_be_read_but_only_every_ten_minutes(service: Service) -> None:
    world, shop = service.world, service.world.shops["delta0"]
    service.run(minutes=11)
    before = shop.calls["listings"]
    first = shop.add_listing("NEW-1", 5)
    deliver(service, "delta0", listing=first, shown=5)
    service.run(seconds=4)  # a number rests for a moment: an order might have explained it
    once = shop.calls["listings"] - before
    assert once > 0
    for number in range(2, 6):
        deliver(service, "delta0", listing=shop.add_listing(f"NEW-{number}", 5), shown=5)
        service.run(seconds=100)
    assert shop.calls["listings"] - before == once
    service.run(minutes=5)
    assert shop.calls["listings"] - before > once  # ten minutes after the first, not within the hour
    with world.db.read() as tx:
        assert inbox.channels_waiting(tx) == {}


def test_a_number_that_could_not_be_looked_at_is_looked_at_when_the_shop_answers(service: Service) -> None:
    world, shop = service.world, service.world.shops["delta0"]

    def fail(call: str, moment: str) -> None:
        if (call, moment) == ("read", "before"):
            raise Unavailable("The shop shows no numbers.")

    shop.on_call = fail
    shop.edit(world.listing("delta0"), 900)
    deliver(service, "delta0", listing=world.listing("delta0"), shown=900)
    service.run(seconds=2)
    assert waiting(service) == {"delta0": 1}
    shop.on_call = lambda _call, _moment: None
    service.run(minutes=4)
    assert waiting(service) == {}
    assert ("edit", "delta0") in service.open_incidents()


def test_news_stays_until_the_shop_answers(service: Service) -> None:
    world, shop = service.world, service.world.shops["delta0"]
    shop.down_until = world.clock() + timedelta(minutes=4)
    order = shop.buy(world.listing("delta0"), 2, lag_s=6000)
    deliver(service, "delta0", order=order)
    service.run(minutes=3)
    assert waiting(service) == {"delta0": 1}
    service.run(minutes=7)
    assert waiting(service) == {}
    assert world.shown_in("compare1") == 996


def test_an_edit_of_a_human_is_found_by_reading_around(service: Service) -> None:
    world = service.world
    world.shops["delta0"].edit(world.listing("delta0"), 500)
    service.run(minutes=8)
    assert ("edit", "delta0") in service.open_incidents()
