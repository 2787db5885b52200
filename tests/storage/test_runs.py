from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from syncd.storage import channels, intents, listings, runs, sequence
from syncd.storage.channels import Mode
from syncd.storage.incidents import IncidentKind, open_incidents
from syncd.storage.intents import Intent
from syncd.storage.migrate import backup
from syncd.storage.schema import runs as run_table
from syncd.storage.session import Database, DatabaseProblem
from tests.databases import NOON
from tests.storage.stock import at, channel, listing, sku


def beside(db: Database) -> Path:
    assert db.path is not None
    return db.path.with_name(f"{db.path.name}.runs")


def test_a_run_leaves_a_record_with_its_outcome(database: Database) -> None:
    run = runs.begin(database, "sync", NOON)
    runs.end(database, run, "done", at(1))
    with database.read() as tx:
        (row,) = tx.execute(select(run_table))
    assert (row.id, row.kind, row.started_at, row.ended_at, row.outcome) == (run, "sync", NOON, at(1), "done")


def test_the_counter_beside_the_file_grows_with_each_run(sqlite: Database) -> None:
    for expected in ("1", "2", "3"):
        runs.begin(sqlite, "sync", NOON)
        assert beside(sqlite).read_text().strip() == expected
    assert [path.name for path in beside(sqlite).parent.glob("*.partial")] == []


def test_postgresql_has_no_counter_and_is_never_taken_for_restored(postgres: Database, tmp_path: Path) -> None:
    runs.begin(postgres, "sync", NOON)
    runs.begin(postgres, "sync", NOON)
    with postgres.read() as tx:
        assert open_incidents(tx) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", ["", "many\n", "\xff\xfe"])
def test_a_counter_that_cannot_be_read_is_written_anew(sqlite: Database, left: str) -> None:
    runs.begin(sqlite, "sync", NOON)
    beside(sqlite).write_text(left, encoding="latin-1")
    runs.begin(sqlite, "sync", NOON)
    assert beside(sqlite).read_text().strip() == "2"
    with sqlite.read() as tx:
        assert open_incidents(tx) == []


def test_a_place_where_the_counter_cannot_be_written_is_named(sqlite: Database) -> None:
    beside(sqlite).mkdir()
    with pytest.raises(DatabaseProblem, match=r"syncd\.db\.runs"):
        runs.begin(sqlite, "sync", NOON)


def test_a_restored_copy_puts_every_channel_in_shadow_and_anchors_all_anew(sqlite: Database, tmp_path: Path) -> None:
    row = listing(sqlite, sku(sqlite), expected=8, in_doubt_until=at(1), differs_since=NOON)
    channel(sqlite, "shopify")
    with sqlite.write() as tx:
        channels.change(tx, "woo", mode=Mode.LIVE)
        channels.change(tx, "shopify", mode=Mode.RESTORING)
        intents.record(tx, [Intent("key", "woo", row, "delta", 8, 7, 0, NOON, False)])
    runs.begin(sqlite, "sync", NOON)
    saved = backup(sqlite, tmp_path / "saved.db")
    runs.begin(sqlite, "sync", NOON)

    sqlite.close()
    assert sqlite.path is not None
    shutil.copyfile(saved, sqlite.path)
    with sqlite.write() as tx:
        pulled = sequence.following(tx)
    runs.begin(sqlite, "sync", NOON)

    with sqlite.read() as tx:
        assert {one.mode for one in channels.every(tx)} == {Mode.SHADOW}
        assert intents.open_calls(tx, "woo") == {}
        found = listings.by_ids(tx, [row])[row]
        (incident,) = open_incidents(tx)
    assert (found.expected, found.in_doubt_until, found.differs_since, found.generation) == (None, None, None, 1)
    assert found.anchored_seq > pulled, "no pull of before the restoring lets a raise go"
    assert incident.kind is IncidentKind.RESTORED
    assert "older copy" in incident.text

    with sqlite.write() as tx:
        channels.change(tx, "woo", mode=Mode.LIVE)
    runs.begin(sqlite, "sync", NOON)
    with sqlite.read() as tx:
        woo = channels.get(tx, "woo")
    assert woo is not None and woo.mode is Mode.LIVE, "it is told once"


def test_a_database_that_is_ahead_of_its_counter_is_no_restored_copy(sqlite: Database) -> None:
    """A crash may fall between the commit and the writing of the counter."""
    listing(sqlite, sku(sqlite), expected=8)
    for _ in range(3):
        runs.begin(sqlite, "sync", NOON)
    beside(sqlite).write_text("2\n")
    runs.begin(sqlite, "sync", NOON)
    with sqlite.read() as tx:
        assert open_incidents(tx) == []
    assert beside(sqlite).read_text().strip() == "4"
