"""What webhooks cost: an order is asked for by its number, and explains the number that it lowered."""

from __future__ import annotations

from collections.abc import Callable

from syncd.storage import inbox
from syncd.storage.inbox import Delivery
from tests.service.kit import Service

MakeService = Callable[..., Service]


def tell(service: Service, *, order: str | None = None, shown: int | None = None) -> None:
    """A webhook of the first shop comes in."""
    world = service.world
    listing = world.listing("delta0") if shown is not None else None
    one = Delivery(f"{order}/{shown}/{world.clock()}", "news", order, listing, shown, world.clock())
    with world.db.write() as tx:
        assert inbox.put(tx, "delta0", one)
    service.work.on_news("delta0")


def asked(service: Service, name: str = "delta0") -> list[str]:
    """The calls of a shop from now on, in their order."""
    calls: list[str] = []
    service.world.shops[name].on_call = lambda call, moment: calls.append(call) if moment == "before" else None
    return calls


def waiting(service: Service) -> int:
    with service.world.db.read() as tx:
        return len(inbox.waiting(tx, "delta0"))


def after_the_first_minutes(make_service: MakeService) -> Service:
    service = make_service()
    service.run(minutes=2)
    return service


def test_a_number_that_is_told_before_its_order_costs_no_call_of_its_own(make_service: MakeService) -> None:
    service = after_the_first_minutes(make_service)
    calls = asked(service)
    order = service.world.shops["delta0"].buy(service.world.listing("delta0"))
    tell(service, shown=7)
    service.run(seconds=0.5)
    assert calls == []
    pushes = service.timetable.ran["push delta0"]
    tell(service, order=order)
    service.run(seconds=1)
    assert calls == ["orders_by_id"]
    assert service.timetable.ran["push delta0"] == pushes  # the sale has lowered it already
    assert service.world.shown_in("compare1") == 7
    assert waiting(service) == 0


def test_a_number_that_no_order_explains_is_read_after_a_moment(make_service: MakeService) -> None:
    service = after_the_first_minutes(make_service)
    calls = asked(service)
    service.world.shops["delta0"].edit(service.world.listing("delta0"), 3)
    tell(service, shown=3)
    service.run(seconds=1)
    assert calls == []
    service.run(seconds=3)
    assert "read" in calls
    assert waiting(service) == 0
    assert service.open_incidents() == []  # a sale that the shop's list shows late looks just the same
    service.run(minutes=3)
    assert ("edit", "delta0") in service.open_incidents()


def test_our_own_numbers_told_back_to_us_cost_no_call(make_service: MakeService) -> None:
    service = after_the_first_minutes(make_service)
    service.world.shops["compare1"].buy(service.world.listing("compare1"))
    service.run(seconds=62)
    assert service.world.shown_in("delta0") == 7
    calls = asked(service)
    tell(service, shown=7)
    service.run(seconds=1)
    assert calls == []
    assert waiting(service) == 0
