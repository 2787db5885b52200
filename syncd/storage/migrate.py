"""Making the database, bringing it up to date, backing it up (design.md §6)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, text

from syncd.storage.migrations import HEAD
from syncd.storage.session import Database, DatabaseProblem, Tx

SCRIPTS = "syncd.storage:migrations"


def prepare(db: Database, now: datetime, *, scripts: str = SCRIPTS) -> Path | None:
    """Make the tables, or bring older ones up to date; the backup that was made before that, if one was needed.

    Raises:
        DatabaseProblem: the database was written by a newer syncd, or cannot be used.
    """
    if db.path is not None:
        _make_folder(db.path.parent)
    with db.read() as tx:
        current = _revision(tx)
    if current == HEAD and scripts == SCRIPTS:
        return None
    # Alembic takes a tenth of a second to load, which only an upgrade should cost.
    from syncd.storage import upgrade  # noqa: PLC0415

    target = upgrade.target(scripts, current)
    if target is None:
        raise DatabaseProblem(
            f"{db.shown_url} was written by a newer syncd", "Install that version again, or put a backup in its place."
        )
    saved = None
    if current is not None and db.path is not None:
        saved = backup(db, db.path.with_name(f"{db.path.name}.before-{target}-{now:%Y%m%d-%H%M%S}"))
    with db.rewrite() as tx:
        upgrade.run(tx, scripts)
    return saved


def _revision(tx: Tx) -> str | None:
    """The revision of the tables; ``None`` where there are none yet."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseProblem(
            f"The folder {folder} for the database cannot be made: {error.strerror}",
            "May this user write there? Or name another place: SYNCD_DATABASE_URL",
        ) from error


def backup(db: Database, target: Path) -> Path:
    """A consistent copy of the SQLite file, also while syncd works; the path written.

    Raises:
        DatabaseProblem: the target exists already, cannot be written, or the database is not SQLite.
    """
    if db.path is None:
        raise DatabaseProblem("Only the SQLite database is one file", "PostgreSQL is backed up with: pg_dump")
    if target.exists():
        raise DatabaseProblem(f"{target} exists already and is not overwritten", "Name another file.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        with closing(sqlite3.connect(db.path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        partial.rename(target)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise DatabaseProblem(
            f"The backup {target} cannot be written: {error}", "Is there room, and may this user write there?"
        ) from error
    return target
