from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import database, postgres, postgres_server, sqlite, sqlite_template
from tests.engine.conftest import kind_of_database, make_postgres, make_sqlite, make_world
from tests.engine.world import World
from tests.service.kit import Service, plan

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
def make_service(make_world: Callable[..., World], tmp_path: Path) -> MakeService:
    """Makes a service over a fresh world, live in every channel unless said otherwise."""

    def make(*, live: bool = True, **how: object) -> Service:
        world = make_world(**how)
        if live:
            world.go_live()
        return Service(world, plan(tmp_path))

    return make
