"""A rollback under the service, which pushes only what may differ."""

from __future__ import annotations

from collections.abc import Callable

from syncd.sync import golive
from tests.service.kit import Service

MakeService = Callable[..., Service]


def test_a_rollback_that_could_not_be_finished_is_finished_by_the_service(make_service: MakeService) -> None:
    service = make_service(live=False, shown=20)
    service.world.sync()
    world, house = service.world, service.world.house
    golive.go_live(house, house.port("delta0"))
    assert world.shown_in("delta0") == 8
    shop = world.shops["delta0"]
    shop.refused.add(world.listing("delta0"))
    golive.rollback(house, house.port("delta0"))
    assert world.shown_in("delta0") == 8
    shop.refused.clear()
    service.run(minutes=20)
    assert world.shown_in("delta0") == 20
