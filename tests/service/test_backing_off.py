"""How the service treats a channel that does not answer: backed off, told once, back at once when it answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from connectors.contract import CredentialsRejected, Unavailable
from connectors.memory import MemoryShop
from syncd.storage import channels, incidents
from tests.service.kit import Service

MakeService = Callable[..., Service]


@pytest.fixture
def service(make_service: MakeService) -> Service:
    made = make_service()
    made.run(minutes=6)
    return made


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[str], list[str]]]:
    """The lines of the log that begin with an event."""
    caplog.set_level(logging.INFO, "syncd")

    def lines(event: str) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.getMessage().split()[0] == event]

    yield lines


def down(service: Service, shop: MemoryShop, **length: float) -> None:
    shop.down_until = service.world.clock() + timedelta(**length)


def asked_at(service: Service, name: str) -> list[datetime]:
    """When a shop is asked for anything from now on."""
    instants: list[datetime] = []
    shop = service.world.shops[name]
    shop.on_call = lambda _call, moment: instants.append(service.world.clock()) if moment == "before" else None
    return instants


def failing(shop: MemoryShop, call: str, error: Exception) -> None:
    """Let this kind of call fail, and no other."""

    def fail(what: str, moment: str) -> None:
        if (what, moment) == (call, "before"):
            raise error

    shop.on_call = fail


def test_a_shop_that_is_down_is_asked_ever_more_seldom_but_every_five_minutes(service: Service) -> None:
    instants = asked_at(service, "delta0")
    down(service, service.world.shops["delta0"], hours=1)
    service.run(hours=1)
    pauses = [(after - before).total_seconds() for before, after in pairwise(instants)]
    failing_ = [pause for pause in pauses if pause > 1]
    assert max(failing_) <= 301
    assert len(instants) < 25
    assert failing_[0] < 20


def test_it_is_read_within_five_minutes_of_coming_back(service: Service) -> None:
    world = service.world
    down(service, world.shops["delta0"], hours=1)
    service.run(hours=1)
    world.shops["delta0"].buy(world.listing("delta0"))
    service.run(seconds=305)
    assert world.shown_in("compare1") == 7
    world.assert_at_rest()


def test_an_outage_is_one_line_of_the_log_and_its_end_another(
    service: Service, told: Callable[[str], list[str]]
) -> None:
    down(service, service.world.shops["delta0"], hours=1)
    service.run(hours=1)
    service.run(minutes=6)
    assert len(told("channel_fails")) == 1
    assert len(told("channel_answers_again")) == 1
    assert "channel=delta0" in told("channel_fails")[0]


def test_a_wait_that_the_shop_asks_for_is_kept_to_by_every_job(service: Service) -> None:
    world = service.world
    shop = world.shops["delta0"]
    shop.rate_limited_until = world.clock() + timedelta(minutes=17)
    service.run(seconds=62)
    instants = asked_at(service, "delta0")
    world.count("SHOE-39-BLK", 5)
    service.run(minutes=30)
    assert min(instants) >= shop.rate_limited_until
    assert min(instants) < shop.rate_limited_until + timedelta(seconds=62)
    world.assert_at_rest()


def test_a_shop_that_takes_no_numbers_is_read_as_often_as_before_and_told_of_once(
    service: Service, told: Callable[[str], list[str]]
) -> None:
    """A key without the right to write: each minute had a line that it fails, and one that it answers again."""
    world = service.world
    shop = world.shops["delta0"]
    failing(shop, "send", CredentialsRejected("The key may not write."))
    world.count("SHOE-39-BLK", 5)
    read_before = shop.calls["orders"]
    service.run(minutes=15)
    assert shop.calls["orders"] - read_before >= 15
    assert len(told("channel_fails")) == 1
    assert told("channel_answers_again") == []
    assert ("parked", "delta0") in service.open_incidents()
    assert world.shown_in("compare1") == 3
    shop.on_call = lambda _call, _moment: None
    service.run(minutes=6)
    assert len(told("channel_answers_again")) == 1
    assert service.open_incidents() == []
    world.assert_at_rest()


def test_listings_that_cannot_be_read_delay_neither_orders_nor_numbers(
    service: Service, told: Callable[[str], list[str]]
) -> None:
    world = service.world
    shop = world.shops["delta0"]
    failing(shop, "listings", Unavailable("The shop does not show its products."))
    with world.db.write() as tx:  # the daily reading is due
        channels.change(tx, "delta0", listed_at=world.clock() - timedelta(days=2))
    service.run(minutes=61)
    world.shops["compare1"].buy(world.listing("compare1"))
    service.run(seconds=62)
    assert world.shown_in("delta0") == 7
    assert [line.split()[2] for line in told("channel_fails")] == ["about=listings"]
    shop.on_call = lambda _call, _moment: None
    service.run(minutes=61)
    assert [line.split()[2] for line in told("channel_answers_again")] == ["about=listings"]


def test_a_parked_channel_stops_no_other_and_is_told_of(service: Service) -> None:
    world = service.world
    world.shops["delta0"].secret = "changed"
    service.run(minutes=3)
    assert ("parked", "delta0") in service.open_incidents()
    world.shops["compare1"].buy(world.listing("compare1"))
    service.run(minutes=3)
    assert world.shown_in("compare1") == 7
    with world.db.read() as tx:
        (one,) = [one for one in incidents.open_incidents(tx) if one.kind.value == "parked"]
    assert one.text.startswith("delta0: ")
    world.shops["delta0"].secret = "open-sesame"
    service.run(minutes=6)
    assert service.open_incidents() == []
    world.assert_at_rest()


def test_another_kind_of_failure_is_told_of(service: Service, told: Callable[[str], list[str]]) -> None:
    shop = service.world.shops["delta0"]
    down(service, shop, minutes=10)
    service.run(minutes=10)
    failing(shop, "orders", CredentialsRejected("The key is gone."))
    service.run(minutes=10)
    assert len(told("channel_fails")) == 2
    assert "gone" in told("channel_fails")[1]
