"""Holds under the service: it pushes a few listings at a time, and a change is judged by all that are kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.domain.safety import HoldLimits
from syncd.storage import holds
from syncd.sync import approval
from tests.service.kit import Service

MakeService = Callable[..., Service]

SKUS = tuple(f"SKU-{number}" for number in range(10))


@pytest.fixture
def service(make_service: MakeService) -> Service:
    made = make_service(skus=SKUS, hold_limits=HoldLimits(zeroing_percent=20, jumps_percent=20, count=2))
    made.run(minutes=3)
    for hold in open_holds(made):  # the first numbers of all are no news
        approval.answer(made.world.house, hold, yes=True)
    made.run(minutes=3)
    return made


def open_holds(service: Service) -> list[int]:
    with service.world.db.read() as tx:
        return [hold.id for hold in holds.every_open(tx)]


def count(service: Service, how_many: int, units: int) -> None:
    for sku in SKUS[:how_many]:
        service.world.count(sku, units)


def test_a_change_of_many_numbers_waits_and_goes_out_at_once_when_it_is_approved(service: Service) -> None:
    count(service, 3, 0)
    service.run(minutes=3)
    assert service.world.shown_in("delta0", SKUS[0]) == 8
    for hold in open_holds(service):
        approval.answer(service.world.house, hold, yes=True)
    service.run(seconds=20)
    assert service.world.shown_in("delta0", SKUS[0]) == 0
    assert open_holds(service) == []


def test_a_held_change_that_is_undone_passes_over(service: Service) -> None:
    count(service, 3, 0)
    service.run(minutes=3)
    assert open_holds(service)
    count(service, 3, 10)
    service.run(minutes=3)
    assert open_holds(service) == []
    service.world.assert_at_rest()


def test_a_small_change_is_not_held(service: Service) -> None:
    count(service, 1, 0)
    service.run(minutes=2)
    assert open_holds(service) == []
    assert service.world.shown_in("delta0", SKUS[0]) == 0


def test_what_is_held_does_not_let_the_shops_be_asked_without_end(service: Service) -> None:
    count(service, 3, 0)
    service.run(minutes=3)
    assert open_holds(service)
    shop = service.world.shops["delta0"]
    before = shop.calls.total()
    service.run(minutes=10)
    assert shop.calls.total() - before < 10 * 10
