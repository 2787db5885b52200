from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select

from syncd.storage import leases
from syncd.storage.leases import TTL, Holder
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
