from __future__ import annotations

import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from syncd.domain.movements import Kind
from syncd.domain.said import Said
from syncd.storage import catalogue, holds, incidents, ledger, upgrade
from syncd.storage.migrate import SCRIPTS, backup, prepare
from syncd.storage.migrations import HEAD
from syncd.storage.schema import listings as listing_table
from syncd.storage.schema import metadata, skus
from syncd.storage.session import Database, DatabaseProblem
from tests.databases import NOON
from tests.storage.stock import count, listing, move, sku

NEXT = """
revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    with op.batch_alter_table("skus", recreate="{recreate}") as table:
        table.add_column(sa.Column("colour", sa.Text()))
        table.alter_column("name", new_column_name="title")
    {then}
"""


def head(db: Database) -> str:
    with db.read() as tx:
        return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def later_scripts(folder: Path, db: Database, then: str = "pass") -> str:
    """The migrations of a syncd to come: one more, which rewrites a table that others refer to."""
    scripts = folder / "migrations"
    shutil.copytree(str(resources.files("syncd.storage") / "migrations"), scripts)
    script = NEXT.format(head=head(db), then=then, recreate="always" if db.is_sqlite else "auto")
    (scripts / "versions" / "9999_next.py").write_text(script)
    return str(scripts)


# ---------------------------------------------------------------- making


def defaults_differ(
    context: MigrationContext, _there: object, _ours: object, there: str | None, _value: object, ours: str | None
) -> bool | None:
    """SQLite tells a default as it was written, in brackets and quotes; PostgreSQL is asked itself (None)."""
    if context.dialect.name != "sqlite":
        return None
    return (there or "").strip("()'") != (ours or "").strip("()'")


def test_the_migrations_make_the_tables_of_the_schema(empty_database: Database) -> None:
    assert prepare(empty_database, NOON) is None
    with empty_database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": defaults_differ})
        assert compare_metadata(context, metadata) == []
        assert {"meta", "levels", "movements"} <= set(inspect(tx).get_table_names())


def test_the_newest_revision_is_the_one_that_commands_compare_with() -> None:
    assert upgrade.target(SCRIPTS, None) == HEAD


def test_preparing_twice_changes_nothing(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    assert prepare(database, NOON) is None
    with database.read() as tx:
        assert ledger.pools(tx)[shoe].own == 10


def test_two_processes_that_prepare_at_once_make_the_tables_once(empty_database: Database) -> None:
    start = threading.Barrier(3)

    def run(_number: int) -> Path | None:
        db = Database(empty_database.engine.url.render_as_string(hide_password=False))
        start.wait(timeout=30)
        try:
            return prepare(db, NOON)
        finally:
            db.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, range(3))) == [None] * 3
    with empty_database.read() as tx:
        assert catalogue.all_skus(tx) == []


def test_references_to_what_does_not_exist_are_refused(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.write() as tx:
        tx.execute(listing_table.update().values(sku_id=1))
        ledger.post(tx, [move(4711, Kind.SALE, reserved=1)], NOON)


# ---------------------------------------------------------------- upgrades


def test_an_upgrade_keeps_everything_and_saves_an_sqlite_file_first(database: Database, tmp_path: Path) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    count(database, shoe, 10)
    before = head(database)
    saved = prepare(database, NOON, scripts=later_scripts(tmp_path, database))
    assert head(database) == "9999"
    with database.write() as tx:
        assert tx.execute(select(text("colour"), skus.c.sku).select_from(skus)).all() == [(None, "SHOE-39-BLK")]
        assert tx.execute(select(listing_table.c.id, listing_table.c.sku_id)).all() == [(row, shoe)]
        assert ledger.audit(tx) == []
    if not database.is_sqlite:
        assert saved is None
        return
    assert saved is not None and saved.name == "syncd.db.before-9999-20261123-120000"
    old = Database(f"sqlite:///{saved}")
    assert head(old) == before
    with old.read() as tx:
        assert ledger.pools(tx)[shoe].own == 10
    old.close()
    with database.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1
        if database.is_sqlite:
            assert tx.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_an_upgrade_that_breaks_changes_nothing(database: Database, tmp_path: Path) -> None:
    scripts = later_scripts(tmp_path, database, then="raise RuntimeError('halfway')")
    sku(database)
    before = head(database)
    with pytest.raises(RuntimeError, match="halfway"):
        prepare(database, NOON, scripts=scripts)
    assert head(database) == before
    with database.read() as tx:
        assert [one.name for one in catalogue.all_skus(tx)] == [None]


def test_an_upgrade_that_leaves_a_reference_to_nothing_is_undone(sqlite: Database, tmp_path: Path) -> None:
    """SQLite does not watch references while tables are rewritten: they are checked before the commit."""
    scripts = later_scripts(tmp_path, sqlite, then="op.execute('DELETE FROM skus')")
    count(sqlite, sku(sqlite), 10)
    before = head(sqlite)
    with pytest.raises(DatabaseProblem, match="cannot be brought up to date"):
        prepare(sqlite, NOON, scripts=scripts)
    assert head(sqlite) == before
    with sqlite.read() as tx:
        assert len(catalogue.all_skus(tx)) == 1


def test_a_database_of_a_newer_syncd_is_refused_in_words(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseProblem) as caught:
        prepare(database, NOON)
    assert "was written by a newer syncd" in caught.value.sentence
    assert database.shown_url in caught.value.sentence
    assert "Install that version again" in caught.value.hint
    assert head(database) == "9999"


# ---------------------------------------------------------------- backups


def test_a_backup_made_while_a_writer_works_holds_whole_transactions(sqlite: Database, tmp_path: Path) -> None:
    ids = [sku(sqlite, f"SKU-{number}") for number in range(20)]
    stop, started = threading.Event(), threading.Event()

    def keep_selling() -> None:
        turn = 0
        while not stop.is_set():
            with sqlite.write() as tx:
                lines = [move(one, Kind.SALE, reserved=1, event_id=f"{turn}/{one}") for one in ids]
                ledger.post(tx, lines, NOON)
            turn += 1
            started.set()

    writer = threading.Thread(target=keep_selling)
    writer.start()
    assert started.wait(timeout=30)
    try:
        copies = [backup(sqlite, tmp_path / f"copy-{number}.db") for number in range(3)]
    finally:
        stop.set()
        writer.join(timeout=30)
    for path in copies:
        copy = Database(f"sqlite:///{path}")
        with copy.read() as tx:
            reserved = {pools.reserved for pools in ledger.pools(tx).values()}
            assert len(reserved) == 1, "a transaction was torn apart"
            assert reserved != {0}
            assert ledger.audit(tx) == []
            assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        copy.close()


def test_a_backup_never_overwrites(sqlite: Database, tmp_path: Path) -> None:
    target = tmp_path / "mine.db"
    target.write_text("precious")
    with pytest.raises(DatabaseProblem, match="exists already and is not overwritten"):
        backup(sqlite, target)
    assert target.read_text() == "precious"


def test_a_backup_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(sqlite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "b.db.partial").write_text("left over from a power cut")
    target = backup(sqlite, folder / "b.db")
    assert [path.name for path in folder.iterdir()] == ["b.db"]
    assert target.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT count(*) FROM skus").fetchone() == (0,)


def test_a_backup_that_cannot_be_written_is_told_in_words(sqlite: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseProblem, match="cannot be written"):
        backup(sqlite, tmp_path / "no such folder" / "b.db")


def test_postgresql_is_backed_up_by_its_own_means(postgres: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseProblem) as caught:
        backup(postgres, tmp_path / "b.db")
    assert "pg_dump" in caught.value.hint


def test_notices_of_a_table_of_before_become_incidents_and_old_ones_are_no_news(empty_database: Database) -> None:
    if empty_database.path is not None:
        empty_database.path.parent.mkdir()
    old = "INSERT INTO notices (kind, subject, text, opened_at, closed_at) VALUES ('edit', :s, 'x', :o, :c)"
    with empty_database.rewrite() as tx:
        upgrade.run(tx, SCRIPTS, "0001")
        for subject, ended in (("open", None), ("over", NOON)):
            tx.execute(text(old), {"s": subject, "o": NOON, "c": ended})
    prepare(empty_database, NOON)
    with empty_database.write() as tx:
        assert [one.subject for one in incidents.open_incidents(tx)] == ["open"]
        assert [one.subject for one in incidents.untold_incidents(tx)] == ["open"]
        assert incidents.open_incident(tx, incidents.IncidentKind.GAP, subject="new", text=Said("y"), now=NOON)


def test_what_an_earlier_syncd_said_is_told_as_it_stands(empty_database: Database) -> None:
    if empty_database.path is not None:
        empty_database.path.parent.mkdir()
    words = {"t": "woo: {0} {name} {", "h": "Look", "o": NOON}
    with empty_database.rewrite() as tx:
        upgrade.run(tx, SCRIPTS, "0003")
        tx.execute(
            text("INSERT INTO incidents (kind, subject, text, hint, opened_at) VALUES ('gap', 'x', :t, :h, :o)"), words
        )
        tx.execute(text("INSERT INTO incidents (kind, subject, text, opened_at) VALUES ('gap', 'y', :t, :o)"), words)
        tx.execute(
            text("INSERT INTO channels (name, kind, mode, created_at) VALUES ('woo', 'memory', 'live', :o)"), words
        )
        tx.execute(
            text(
                "INSERT INTO holds (channel, state, reason, changes, created_at) VALUES ('woo', 'open', :t, '[]', :o)"
            ),
            words,
        )
    prepare(empty_database, NOON)
    with empty_database.read() as tx:
        first, second = incidents.open_incidents(tx)
        (hold,) = holds.every_open(tx)
    assert [str(one) for one in (first.said, first.hint_said, hold.said)] == [words["t"], "Look", words["t"]]
    assert second.hint_said is None
