"""The service keeps webhooks alive, tells where they were lost, and takes them away where nobody is meant any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.kit import Service, plan

MakeService = Callable[..., Service]

HERE, ELSEWHERE = "https://sync.example.com", "https://new.example.com"


@pytest.fixture
def service(make_service: MakeService, tmp_path: Path) -> Service:
    made = make_service()
    begin(made, tmp_path, HERE)
    return made


def begin(service: Service, folder: Path, address: str | None) -> None:
    """Start as a process with this address would."""
    service.plan = plan(folder, webhook_url=address)
    service.start()
    service.run(minutes=2)


def addresses(service: Service) -> set[str]:
    return {one.address for one in service.world.shops["delta0"].hooks.subscriptions}


def test_webhooks_are_registered_when_the_service_begins_and_that_is_no_news(service: Service) -> None:
    assert addresses(service) == {f"{HERE}/hooks/delta0"}
    assert service.open_incidents() == []


def test_what_the_shop_switched_off_is_put_back_and_told_of_until_it_stands(service: Service) -> None:
    subscription = service.world.shops["delta0"].hooks.subscriptions[0]
    subscription.active = False
    service.run(minutes=61)
    assert all(one.active for one in service.world.shops["delta0"].hooks.subscriptions)
    assert service.open_incidents() == [("webhooks", "delta0")]
    service.run(minutes=61)
    assert service.open_incidents() == []


def test_a_new_address_takes_the_webhooks_away_from_the_old_one(service: Service, tmp_path: Path) -> None:
    begin(service, tmp_path, ELSEWHERE)
    assert addresses(service) == {f"{ELSEWHERE}/hooks/delta0"}


def test_without_an_address_no_order_is_told_to_anybody(service: Service, tmp_path: Path) -> None:
    begin(service, tmp_path, None)
    assert addresses(service) == set()
