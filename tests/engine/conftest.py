from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.storage.session import Database
from tests.databases import PostgresServer, database, postgres, postgres_server, sqlite, sqlite_template
from tests.engine.books import Books
from tests.engine.world import World, fresh_database

__all__ = ["database", "postgres", "postgres_server", "sqlite", "sqlite_template"]

MakeDatabase = Callable[[], Database]

_template: list[Path] = []


@pytest.fixture
def make_sqlite(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Makes fresh, prepared SQLite databases, each in a folder of its own."""
    if not _template:
        fresh_database(tmp_path_factory.mktemp("template"), _template).close()

    def make() -> Database:
        folder = tmp_path / str(sum(path.is_dir() for path in tmp_path.iterdir()))
        folder.mkdir()
        return fresh_database(folder, _template)

    return make


@pytest.fixture
def make_postgres(postgres_server: PostgresServer) -> MakeDatabase:
    """Makes fresh, prepared PostgreSQL databases."""
    return lambda: Database(postgres_server.new())


@pytest.fixture
def kind_of_database(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test file asks for more: most tests of the engine are no tests of the storage."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def make_world(request: pytest.FixtureRequest, kind_of_database: str) -> Iterator[Callable[..., World]]:
    """Makes worlds, each with a database of its own."""
    make_database: MakeDatabase = request.getfixturevalue(f"make_{kind_of_database}")
    open_databases: list[Database] = []

    def make(**how: object) -> World:
        open_databases.append(make_database())
        return World(open_databases[-1], **how)  # type: ignore[arg-type]

    yield make
    for db in open_databases:
        db.close()


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)
