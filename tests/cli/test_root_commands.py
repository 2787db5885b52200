"""Root's commands work on the service's table as the service's user would, and leave nothing that it cannot read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncd import acting
from syncd.errors import SyncdError
from tests.as_root import ONLY_AS_ROOT, OTHER, Machine, open_folder, owners

pytestmark = ONLY_AS_ROOT


@pytest.fixture
def machine() -> Iterator[Machine]:
    with open_folder() as folder:
        yield Machine(folder)


def test_whatever_a_command_of_root_leaves_beside_the_table_belongs_to_the_service(machine: Machine) -> None:
    machine.syncd("count", "HAT", "7")
    found = owners(machine.state)
    assert {"syncd.db", "syncd.db.runs"} <= set(found)
    assert set(found.values()) == {OTHER.pw_uid}
    assert "HAT" in machine.syncd("stock")


def test_files_that_the_owner_names_are_read_and_written_with_the_rights_of_root(machine: Machine) -> None:
    stock = machine.private / "stock.csv"
    stock.write_text("SKU,On hand\nHAT,7\n")
    stock.chmod(0o600)
    machine.syncd("import", "stock.csv", "--counted-at", "now")
    for name in ("out.csv", "out.xlsx"):
        machine.syncd("export", name)
    machine.syncd("backup", str(machine.private / "copy.db"))
    machine.syncd("map", "export", "todo.csv")
    machine.syncd("map", "import", "todo.csv")
    assert {"out.csv", "out.xlsx", "copy.db", "todo.csv"} <= set(owners(machine.private))
    assert set(owners(machine.private).values()) == {0}
    assert set(owners(machine.state).values()) == {OTHER.pw_uid}
    with closing(sqlite3.connect(machine.private / "copy.db")) as copy:
        assert copy.execute("select count(*) from skus").fetchone() == (1,)


def test_a_file_that_the_owner_wants_beside_the_table_belongs_to_the_service(machine: Machine) -> None:
    machine.syncd("count", "HAT", "7")
    for command in (["export", "out.csv"], ["backup", "copy.db"], ["map", "export", "todo.csv"]):
        machine.syncd(*command[:-1], str(machine.state / command[-1]))
    found = owners(machine.state)
    assert {"out.csv", "copy.db", "todo.csv"} <= set(found)
    assert set(found.values()) == {OTHER.pw_uid}


def test_a_backup_that_root_put_back_is_given_to_the_service(machine: Machine) -> None:
    machine.syncd("count", "HAT", "7")
    copy = machine.private / "copy.db"
    machine.syncd("backup", str(copy))
    machine.table.unlink()
    copy.rename(machine.table)  # root's, and readable by root alone
    assert owners(machine.state)["syncd.db"] == 0
    machine.syncd("status")
    assert set(owners(machine.state).values()) == {OTHER.pw_uid}


def test_a_folder_that_is_not_there_yet_is_made_by_the_owner_of_the_one_above(machine: Machine) -> None:
    text = machine.env_file.read_text().replace("/state/", "/state/deeper/")
    machine.env_file.write_text(text)
    machine.syncd("count", "HAT", "7")
    assert owners(machine.state)["deeper/syncd.db"] == OTHER.pw_uid
    assert set(owners(machine.state).values()) == {OTHER.pw_uid}


def test_roots_own_table_stays_roots(machine: Machine) -> None:
    os.chown(machine.state, 0, 0)
    machine.syncd("count", "HAT", "7")
    assert set(owners(machine.state).values()) == {0}


def test_the_details_of_a_failure_belong_to_the_service(machine: Machine) -> None:
    from syncd.__main__ import run
    from tests.cli.test_cli_main import app_of_failures

    assert run(["fail", "unexpected"], app_of_failures, details_in=machine.state) == 1
    assert owners(machine.state) == {"errors.log": OTHER.pw_uid}


def test_what_could_be_a_file_of_the_system_is_not_given_away(machine: Machine) -> None:
    """The service's user may put anything into its folder; root must not hand out what it points at."""
    secret = machine.folder / "secret"
    secret.write_text("root's")
    (machine.state / "syncd.db.link").symlink_to(secret)
    (machine.state / "syncd.db.same").hardlink_to(secret)
    os.mkfifo(machine.state / "syncd.db.pipe")
    acting.give(machine.state, owners(machine.state), acting.identity_of(OTHER.pw_uid))
    acting.give_all(machine.state, acting.identity_of(OTHER.pw_uid))
    assert secret.stat().st_uid == 0
    assert owners(machine.state)["syncd.db.pipe"] == 0


def test_root_is_itself_again_afterwards_also_after_a_failure(machine: Machine) -> None:
    before = (os.geteuid(), os.getegid(), os.getgroups(), os.environ.get("HOME"))
    with pytest.raises(RuntimeError), acting.as_owner_of(machine.state):
        assert (os.geteuid(), os.getegid(), os.environ["HOME"]) == (OTHER.pw_uid, OTHER.pw_gid, OTHER.pw_dir)
        assert 0 not in os.getgroups()
        with acting.for_file(Path("/named"), machine.state):
            assert os.geteuid() == 0
        with acting.for_file(machine.state / "named", machine.state):
            assert os.geteuid() == OTHER.pw_uid
        raise RuntimeError
    assert (os.geteuid(), os.getegid(), os.getgroups(), os.environ.get("HOME")) == before


def test_a_program_that_only_root_can_read_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    part = machine.private / "part.py"
    part.touch()
    monkeypatch.setattr(acting, "__file__", str(part))
    monkeypatch.setattr(os, "__file__", __file__)
    with pytest.raises(SyncdError, match="cannot be read by nobody, who owns the master table"):
        with acting.at_work(machine.state, machine.table):
            pass
    assert os.geteuid() == 0


def test_a_root_without_the_right_to_change_users_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container from which that right was taken."""

    def refused(groups: object) -> None:
        monkeypatch.undo()
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setgroups", refused)
    with pytest.raises(SyncdError, match="root may not act as nobody"), acting.as_owner_of(machine.state):
        pass
    assert os.geteuid() == 0
