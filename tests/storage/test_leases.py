from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from syncd.storage import leases
from syncd.storage.leases import TTL, WISH_TTL, Holder
from syncd.storage.schema import leases as lease_table
from syncd.storage.session import Database
from tests.databases import NOON

OTHER_HOST = Holder("other", "elsewhere", 4711)


@pytest.fixture
def dead_pid() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def take(db: Database, holder: Holder, *, after: timedelta = timedelta()) -> bool:
    with db.write() as tx:
        return leases.take(tx, "woo", holder, NOON + after)


def test_one_holder_at_a_time_works_on_a_channel(database: Database) -> None:
    assert take(database, Holder())
    assert not take(database, OTHER_HOST)


def test_a_lease_of_one_channel_leaves_the_others_free(database: Database) -> None:
    assert take(database, Holder())
    with database.write() as tx:
        assert leases.take(tx, "shopify", OTHER_HOST, NOON)


def test_the_holder_renews_its_lease(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    assert take(database, mine, after=TTL / 2)
    assert not take(database, OTHER_HOST, after=TTL)
    assert take(database, OTHER_HOST, after=TTL + TTL / 2)


def test_a_lease_passes_on_when_it_has_run_out_and_not_before(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    assert not take(database, OTHER_HOST, after=TTL - timedelta(microseconds=1))
    assert take(database, OTHER_HOST, after=TTL)
    assert not take(database, mine, after=TTL)


def test_a_lease_lasts_longer_than_a_lost_write_can_still_take_effect() -> None:
    assert timedelta(seconds=120) < TTL


def test_a_dead_process_of_this_machine_is_not_waited_for(database: Database, dead_pid: int) -> None:
    mine = Holder()
    assert take(database, Holder("dead", mine.host, dead_pid))
    assert take(database, mine)


def test_a_living_process_of_this_machine_is_waited_for(database: Database) -> None:
    mine = Holder()
    assert take(database, Holder("parent", mine.host, os.getppid()))
    assert not take(database, mine)


def test_the_same_process_number_on_another_machine_says_nothing(database: Database, dead_pid: int) -> None:
    assert take(database, Holder("far", "elsewhere", dead_pid))
    assert not take(database, Holder())


def test_released_leases_are_free_at_once_and_only_the_own_are_released(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    with database.write() as tx:
        assert leases.take(tx, "shopify", OTHER_HOST, NOON)
        leases.release(tx, mine, ["woo", "shopify"], NOON)
        assert list(tx.execute(select(lease_table.c.channel)).scalars()) == ["shopify"]
    assert take(database, OTHER_HOST)


def wish(db: Database, holder: Holder, *, after: timedelta = timedelta()) -> None:
    with db.write() as tx:
        leases.wish(tx, "woo", holder, NOON + after)


def wished(db: Database, holder: Holder, *, after: timedelta = timedelta()) -> bool:
    with db.read() as tx:
        return leases.wished(tx, "woo", holder, NOON + after)


def release(db: Database, holder: Holder, *, after: timedelta = timedelta()) -> None:
    with db.write() as tx:
        leases.release(tx, holder, ["woo"], NOON + after)


def test_the_holder_hears_of_a_wish_and_who_wished_comes_next(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    wish(database, OTHER_HOST)
    assert wished(database, mine)
    assert not wished(database, OTHER_HOST)
    release(database, mine)
    assert not take(database, mine)
    assert take(database, OTHER_HOST)
    assert not wished(database, OTHER_HOST)


def test_who_asked_first_comes_first(database: Database) -> None:
    mine, late = Holder(), Holder("late", "elsewhere", 4712)
    assert take(database, mine)
    wish(database, OTHER_HOST)
    wish(database, late)
    release(database, mine)
    assert not take(database, late)
    assert take(database, OTHER_HOST)
    wish(database, late)
    release(database, OTHER_HOST)
    assert take(database, late)


def test_a_wish_that_is_not_said_again_runs_out(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    wish(database, OTHER_HOST)
    assert wished(database, mine, after=WISH_TTL - timedelta(microseconds=1))
    assert not wished(database, mine, after=WISH_TTL)
    release(database, mine, after=WISH_TTL)
    assert take(database, mine, after=WISH_TTL)


def test_a_wish_does_not_end_the_work_of_the_holder(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    wish(database, OTHER_HOST)
    assert take(database, mine, after=timedelta(seconds=5))


def test_who_goes_away_takes_its_wish_back(database: Database) -> None:
    mine = Holder()
    assert take(database, mine)
    wish(database, OTHER_HOST)
    release(database, OTHER_HOST)
    assert not wished(database, mine)
    assert not take(database, OTHER_HOST)


def test_a_wish_for_a_free_channel_asks_nobody(database: Database) -> None:
    wish(database, OTHER_HOST)
    assert take(database, Holder())


def test_leases_go_by_the_clock_that_all_share(sqlite: Database, postgres: Database) -> None:
    """Machines that share a PostgreSQL have clocks of their own; one file is used on one machine."""
    with sqlite.read() as tx:
        assert sqlite.lease_time(tx) is None
    before = datetime.now(UTC)
    with postgres.write() as tx:
        first = postgres.lease_time(tx)
        second = postgres.lease_time(tx)
    assert first is not None
    assert second is not None
    assert abs(first - before) < timedelta(minutes=1)  # the server of these tests is on this machine
    assert first < second  # not the beginning of the transaction
    assert first.utcoffset() == timedelta()
