from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import StatementError

from syncd.storage import catalogue, channels
from syncd.storage.migrate import prepare
from syncd.storage.schema import channels as channel_table
from syncd.storage.session import Database, DatabaseProblem
from tests.databases import NOON, PostgresServer
from tests.storage.stock import channel, sku


def impatient(db: Database) -> None:
    """Let writers give up at once instead of after half a minute."""
    event.listen(db.engine, "connect", lambda raw, _record: raw.execute("PRAGMA busy_timeout=0"))
    db.close()


# ---------------------------------------------------------------- instants


def test_an_instant_comes_back_aware_and_in_utc(database: Database) -> None:
    channel(database)
    jerusalem = timezone(timedelta(hours=2))
    moment = NOON.replace(microsecond=123456)
    with database.write() as tx:
        channels.change(tx, "woo", pulled_at=moment.astimezone(jerusalem))
    with database.read() as tx:
        found = channels.get(tx, "woo")
    assert found is not None and found.pulled_at == moment
    assert found.pulled_at is not None and found.pulled_at.utcoffset() == timedelta()


def test_an_instant_without_a_time_zone_is_refused(database: Database) -> None:
    channel(database)
    with pytest.raises(StatementError, match="an instant needs a time zone"), database.write() as tx:
        channels.change(tx, "woo", pulled_at=NOON.replace(tzinfo=None))


def test_instants_are_compared_as_instants_whatever_their_zone(database: Database) -> None:
    channel(database)
    tokyo = timezone(timedelta(hours=9))
    with database.read() as tx:
        earlier = channel_table.c.created_at < (NOON + timedelta(microseconds=1)).astimezone(tokyo)
        later = channel_table.c.created_at < NOON.astimezone(tokyo)
        assert tx.execute(select(channel_table.c.name).where(earlier)).all()
        assert not tx.execute(select(channel_table.c.name).where(later)).all()


# ---------------------------------------------------------------- writers


def test_a_writer_waits_for_the_other_from_its_first_moment(database: Database) -> None:
    """Not only from its first write: what it reads must still hold when it writes."""
    shoe = sku(database)
    inside, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def first() -> None:
        with database.write() as tx:
            inside.set()
            assert go_on.wait(timeout=30)
            tx.execute(text("UPDATE skus SET reserved = reserved + 1"))

    def second() -> None:
        assert inside.wait(timeout=30)
        go_on.set()
        with database.write() as tx:
            seen.extend(one.reserved for one in catalogue.by_ids(tx, [shoe]))

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert seen == [1]


def test_a_database_that_another_program_keeps_locked_is_named(sqlite: Database) -> None:
    impatient(sqlite)
    assert sqlite.path is not None
    with closing(sqlite3.connect(sqlite.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseProblem) as caught, sqlite.write():
            pass
        assert "database is locked" in caught.value.sentence
        assert str(sqlite.path) in caught.value.sentence
        assert "try again" in caught.value.hint
        with sqlite.read() as tx:  # readers are not kept waiting
            assert catalogue.all_skus(tx) == []


def test_a_lock_that_nobody_gives_back_on_postgresql_is_told_like_one_on_sqlite(postgres: Database) -> None:
    with postgres.write() as holder:
        holder.execute(text("SET LOCAL lock_timeout = 0"))
        with pytest.raises(DatabaseProblem) as caught, postgres.read() as other:
            other.execute(text("SET LOCAL lock_timeout = '1ms'"))
            holder.execute(text("LOCK TABLE skus IN ACCESS EXCLUSIVE MODE"))
            other.execute(text("SELECT count(*) FROM skus"))
    assert "lock timeout" in caught.value.sentence
    assert "keeps it locked" in caught.value.hint


def test_a_connection_that_was_cut_while_it_was_idle_is_opened_anew(postgres: Database) -> None:
    with postgres.read() as tx:
        pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = Database(postgres.engine.url.render_as_string(hide_password=False))
    with other.read() as tx:
        tx.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.close()
    with postgres.write() as tx:
        assert catalogue.all_skus(tx) == []


# ---------------------------------------------------------------- errors, in words


def test_a_database_that_may_only_be_read_is_named(sqlite: Database) -> None:
    with pytest.raises(DatabaseProblem) as caught, sqlite.write() as tx:
        tx.execute(text("PRAGMA query_only = 1"))
        catalogue.ensure(tx, "SHOE")
    assert "readonly" in caught.value.sentence
    assert "May this user write" in caught.value.hint


def test_a_postgresql_database_that_may_only_be_read_is_named(postgres: Database) -> None:
    with pytest.raises(DatabaseProblem) as caught, postgres.write() as tx:
        tx.execute(text("SET TRANSACTION READ ONLY"))
        catalogue.ensure(tx, "SHOE")
    assert "read-only" in caught.value.sentence
    assert "May this user write" in caught.value.hint


def test_a_postgresql_user_without_rights_is_told_so(postgres: Database) -> None:
    with postgres.write() as tx:
        tx.execute(text("DROP ROLE IF EXISTS guest"))
        tx.execute(text("CREATE ROLE guest"))
    with pytest.raises(DatabaseProblem) as caught, postgres.write() as tx:
        tx.execute(text("SET LOCAL ROLE guest"))
        catalogue.all_skus(tx)
    assert "permission denied" in caught.value.sentence
    assert "May this user write" in caught.value.hint


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear shop,\n" * 200)
    db = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseProblem) as caught:
        prepare(db, NOON)
    assert f"{path} is damaged or not a database" in caught.value.sentence
    assert path.read_text() == "Dear shop,\n" * 200


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}")
    with pytest.raises(DatabaseProblem, match="unable to open"):
        prepare(db, NOON)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    db = Database(f"sqlite:///{tmp_path / 'file' / 'syncd.db'}")
    with pytest.raises(DatabaseProblem) as caught:
        prepare(db, NOON)
    assert str(tmp_path / "file") in caught.value.sentence


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    db = Database("postgresql://shop:s3cret@127.0.0.1:1/syncd")
    with pytest.raises(DatabaseProblem) as caught, db.read():
        pass
    assert "127.0.0.1" in caught.value.sentence
    assert "is the server running" in caught.value.hint
    assert "s3cret" not in str(caught.value) + repr(caught.value) + db.shown_url


def test_a_database_that_the_server_does_not_have_is_named(postgres_server: PostgresServer) -> None:
    db = Database(postgres_server.url_of("nowhere"))
    with pytest.raises(DatabaseProblem, match='"nowhere" does not exist'), db.read():
        pass


@pytest.mark.parametrize(
    "url", ["", "syncd.db", "sqllite:///x", "postgresql://shop:s3cret@host:port/db", "://", "mysql+pymysql://x/y"]
)
def test_an_address_that_cannot_be_understood_is_told_so_without_its_secrets(url: str) -> None:
    with pytest.raises(DatabaseProblem) as caught:
        Database(url)
    assert "SYNCD_DATABASE_URL" in caught.value.sentence
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None, "the cause may quote the address with its password"


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(DatabaseProblem, match=r"not installed \(asyncpg\)") as caught:
        Database("postgresql+asyncpg://x/y")
    assert "psycopg[binary]" in caught.value.hint


def test_a_defect_of_ours_is_not_told_as_a_problem_of_the_database(database: Database) -> None:
    with pytest.raises(Exception, match=r"NOT NULL|not-null") as caught, database.write() as tx:
        tx.execute(insert(channel_table).values(name="woo"))
    assert not isinstance(caught.value, DatabaseProblem)
