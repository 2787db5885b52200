from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.sandbox.practice import practice_shops
from tests.databases import database, postgres, postgres_server, sqlite, sqlite_template
from tests.engine.conftest import kind_of_database, make_postgres, make_sqlite, make_world
from tests.engine.world import World
from tests.service.kit import Service, plan
from tests.service.process import Machine

__all__ = [
    "database",
    "kind_of_database",
    "make_postgres",
    "make_sqlite",
    "make_world",
    "postgres",
    "postgres_server",
    "sqlite",
    "sqlite_template",
]

MakeService = Callable[..., Service]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Two practice shops and a place for services; whatever these say holds no secret."""
    with practice_shops() as shops:
        made = Machine(tmp_path, shops)
        try:
            yield made
        finally:
            made.close()
        key, app = shops.woo.key, shops.shopify_app
        secrets = [key.consumer_key, key.consumer_secret, app.client_id, app.client_secret, *made.secrets]
        told = [secret for secret in secrets for one in made.begun if secret in one.everything]
        assert told == [], "secrets in what the service said"


@pytest.fixture
def make_service(make_world: Callable[..., World], tmp_path: Path) -> MakeService:
    """Makes a service over a fresh world, live in every channel unless said otherwise."""

    def make(*, live: bool = True, **how: object) -> Service:
        world = make_world(**how)
        if live:
            world.go_live()
        return Service(world, plan(tmp_path))

    return make
