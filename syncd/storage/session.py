"""Opening the database and its transactions: SQLite (WAL) by default, PostgreSQL when one machine is not enough."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from syncd.errors import BUSY, CONFIGURATION, SyncdError
from syncd.storage import touched

Tx = Connection
"""A transaction: everything done with it is committed together or not at all."""

BUSY_TIMEOUT_S = 30
"""How long a writer waits for the others before it gives up."""

WRITERS = 0x73796E6364
"""The advisory lock that writers on PostgreSQL take turns by; the bytes of "syncd"."""


class DatabaseProblem(SyncdError):
    """The database cannot be used; the sentence says what and why. `passing`: it may be otherwise in a minute."""

    exit_code = CONFIGURATION

    def __init__(self, sentence: str, hint: str = "", *, exit_code: int | None = None, passing: bool = False) -> None:
        super().__init__(sentence, hint, exit_code=exit_code)
        self.passing = passing


class Database:
    """The master stock table's home. One object per process; may be used from several threads."""

    def __init__(self, url: str) -> None:
        """Open `url` (SQLAlchemy form, ``sqlite:////path`` or ``postgresql://…``); nothing is created yet.

        Raises:
            DatabaseProblem: the address cannot be understood, or its driver is not installed.
        """
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("another kind of database")
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine: Engine = create_engine(
                parsed,
                connect_args=_connect_args(parsed.get_backend_name()),
                pool_pre_ping=True,  # servers and firewalls cut idle connections
            )
        except (ArgumentError, NoSuchModuleError, ValueError):
            raise DatabaseProblem(
                "SYNCD_DATABASE_URL cannot be understood",
                "For example sqlite:////var/lib/syncd/syncd.db or postgresql://user:password@host/syncd",
            ) from None  # the cause may quote the address with its password
        except ModuleNotFoundError as error:
            raise DatabaseProblem(
                f"The driver for this database is not installed ({error.name})",
                "Install it beside syncd: pip install 'psycopg[binary]'",
            ) from error
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.path = Path(parsed.database) if self.is_sqlite and parsed.database else None
        self.lease_time: Callable[[Tx], datetime | None] = _no_time if self.is_sqlite else _postgres_time
        """What leases go by: the clock of the database that several machines share. ``None``: the process's own, for
        one file is used on one machine. A test with a clock of its own sets it."""
        self.before_commit: Callable[[Tx], None] = _nothing
        """Called at the end of each `write`, within its transaction: whoever tells of changes looks at `touched`."""
        self.shown_url = str(self.path) if self.path else parsed.render_as_string(hide_password=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may write; the only one at a time, on both databases.

        It waits for other writers first (SQLite: ``BEGIN IMMEDIATE``; PostgreSQL: an advisory lock), so that what it
        read still holds when it writes, numbers of the sequence are given in the order of commits, and no two writers
        ever wait for each other.
        """
        with _in_words(self), self.engine.connect().execution_options(syncd_writes=True) as connection:
            touched.watched(connection)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_S}s'"))
                    connection.execute(select(func.pg_advisory_xact_lock(WRITERS)))
                yield connection
                if touched.of(connection).anything:
                    self.before_commit(connection)

    @contextmanager
    def rewrite(self) -> Iterator[Tx]:
        """As `write`, for migrations. SQLite changes a table by copying it and dropping the old one, which references
        to it forbid: they are not watched meanwhile, but checked before the commit.

        Raises:
            DatabaseProblem: something would refer to what is not there; nothing was changed.
        """
        if not self.is_sqlite:
            with self.write() as tx:
                yield tx
            return
        with _in_words(self), self.engine.connect().execution_options(syncd_writes=True) as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            connection.detach()  # used this once, so that no other transaction goes unwatched
            raw.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise DatabaseProblem(
                        f"{self.shown_url} cannot be brought up to date: rows would refer to rows that are not there",
                        "Nothing was changed. Install the version of before, and report it.",
                    )

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that reads one consistent state (on PostgreSQL: repeatable read)."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _in_words(self), self.engine.connect().execution_options(**options) as connection:
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()


def _nothing(_tx: Tx) -> None:
    """Nobody is to be told."""


def _no_time(_tx: Tx) -> None:
    return None


def _postgres_time(tx: Tx) -> datetime:
    """The server's clock now; `now()` would be that of the transaction's beginning, before it waited for its turn."""
    instant: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    return instant.astimezone(UTC)


def _connect_args(backend: str) -> dict[str, Any]:
    return {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False} if backend == "sqlite" else {"connect_timeout": 10}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not open transactions on its own: `_begin_sqlite` decides which kind.
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    # A service has several connections for months: 2 MB for each, the default, would be a tenth of its memory, and the
    # system keeps the file's pages anyway.
    connection.execute("PRAGMA cache_size=-512")
    # Every commit must survive a power cut: an intent that is lost is a write that may be sent twice.
    connection.execute("PRAGMA synchronous=FULL")


def _use_wal(connection: sqlite3.Connection) -> None:
    # Who is second to make a new file WAL is turned away at once: SQLite's own waiting does not cover this statement.
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("syncd_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reason(error: DatabaseError) -> str:
    """The first line of what the database itself said."""
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]


@contextmanager
def _in_words(database: Database) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        where, why = database.shown_url, _reason(error)
        if "locked" in why or "lock timeout" in why:
            raise DatabaseProblem(
                f"The database {where} is in use: {why}",
                "Another program keeps it locked; close it, or try again in a minute.",
                exit_code=BUSY,
                passing=True,
            ) from error
        passing = True
        if "readonly" in why or "unable to open" in why:
            hint = f"May this user write {where} and its folder? Try it as the user who owns them."
            passing = False
        elif "full" in why or "disk I/O" in why:
            hint = "Is the disk full? Make room, then run the same command again. Nothing was lost."
        else:
            hint = "Is the address in SYNCD_DATABASE_URL right, and is the server running?"
        raise DatabaseProblem(f"The database {where} cannot be used: {why}", hint, passing=passing) from error
    except DatabaseError as error:
        why = _reason(error)
        if "permission denied" in why or "read-only" in why:
            raise DatabaseProblem(
                f"The database {database.shown_url} cannot be used: {why}",
                "May this user write there? It needs to own the database.",
            ) from error
        if "not a database" not in why and "malformed" not in why:
            raise
        raise DatabaseProblem(
            f"{database.shown_url} is damaged or not a database: {why}",
            "Put a backup in its place (syncd keeps one beside it before each upgrade).",
        ) from error
