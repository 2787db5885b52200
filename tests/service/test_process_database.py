"""The service and a database that cannot be used: at its start, and while it is at work."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.as_root import OTHER, open_folder, python_of_all
from tests.service.process import Machine, Running, asked

SHOE = "SHOE-39-BLK"
NO_ROOM = 0
"""Bytes: with this limit the kernel refuses every write to a file (setrlimit(2), RLIMIT_FSIZE), as a full disk does."""


def limit(running: Running, size: int) -> None:
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def readiness(machine: Machine) -> int:
    return asked(f"http://{machine.settings['SYNCD_LISTEN']}/readyz").status_code


def test_a_full_disk_is_told_of_once_and_work_goes_on_when_there_is_room(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    running.until(lambda: readiness(machine) == 200, "ready")
    limit(running, NO_ROOM)
    running.wait_for("database_unusable")
    running.until(lambda: readiness(machine) == 503, "not ready")
    machine.shops.buy("woo_demo", SHOE, 1)
    time.sleep(8)  # several jobs of each lane meet it: that they keep silent is what is tested
    told = running.lines("database_unusable")
    assert len(told) == len({line.partition("why=")[2] for line in told}) <= 3, told
    assert running.lines("database_usable_again") == []
    assert "Make room" in told[0] or "Is there room" in told[0]
    limit(running, resource.RLIM_INFINITY)
    running.wait_for("database_usable_again")
    running.until(lambda: machine.shown(SHOE) == (7, 7), "both shops show 7")
    running.until(lambda: readiness(machine) == 200, "ready again")
    assert running.lines("job_error") == []
    running.stop()


def test_it_can_be_ended_and_given_new_settings_while_the_disk_is_full(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    limit(running, NO_ROOM)
    running.wait_for("database_unusable")
    machine.write_settings(SYNCD_BUFFER="4")
    running.signal(signal.SIGHUP)
    running.ready(2)
    assert "disk" in running.wait_for("settings_refused").lower()
    assert running.stop() < 10


@pytest.fixture
def no_room() -> Iterator[None]:
    """A full disk for every process that is begun from here on."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (NO_ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_at_the_start_ends_it_so_that_systemd_tries_again(machine: Machine, request: object) -> None:
    machine.live()
    assert isinstance(request, pytest.FixtureRequest)
    request.getfixturevalue("no_room")
    ended = machine.fails()
    assert ended.process.returncode == 1
    assert "room" in ended.complaint


def test_a_database_of_a_newer_version_is_refused(machine: Machine) -> None:
    machine.live()
    with sqlite3.connect(machine.table) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    ended = machine.fails()
    assert ended.process.returncode == 2
    assert "was written by a newer syncd" in ended.complaint


def test_a_file_that_is_no_database_is_refused(machine: Machine) -> None:
    machine.write_settings()
    machine.table.write_bytes(b"these are no tables" * 1000)
    ended = machine.fails()
    assert ended.process.returncode == 2
    assert "is damaged or not a database" in ended.complaint


def test_a_database_that_may_not_be_written_is_refused_for_good(machine: Machine) -> None:
    machine.live()
    with open_folder() as folder:
        machine.env_file = folder / ".env"
        machine.write_settings(SYNCD_DATABASE_URL=f"sqlite:///{folder / 'syncd.db'}")
        _copy_for_reading(machine, folder)
        environ = {}
        if os.geteuid() == 0:  # root may write anything; the service acts as the owner of the folder
            machine.python = python_of_all()
            environ = {"PYTHONPATH": os.pathsep.join(_modules())}
        ended = machine.fails(**environ)
    assert ended.process.returncode == 2
    assert "May this user write" in ended.complaint


def _modules() -> list[str]:
    return [str(Path(__file__).parents[2]), sysconfig.get_path("purelib")]


def _copy_for_reading(machine: Machine, folder: Path) -> None:
    with sqlite3.connect(machine.table) as source:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    source.close()
    copy = folder / "syncd.db"
    copy.write_bytes(machine.table.read_bytes())
    copy.chmod(0o444)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        for path in (copy, machine.env_file, folder):
            os.chown(path, OTHER.pw_uid, OTHER.pw_gid)
