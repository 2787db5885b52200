"""When the service has stopped for good, a person is told: in the journal, and by `syncd holds`."""

from __future__ import annotations

from pathlib import Path

from syncd.systemd import failure
from tests.cli.command_kit import Shops

STOPPED = "syncd.service has stopped and is not started again: no shop is kept in step."


def test_a_service_that_stopped_is_told_to_the_journal_as_critical_and_to_the_owner(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    told = shops.done("report-failure", "syncd.service").err.splitlines()
    assert told[0] == (
        f"<2>{STOPPED} Look at journalctl -u syncd.service, run syncd check, "
        "then: systemctl reset-failed syncd.service; systemctl start syncd.service"
    )
    assert all(line.startswith("<2>") for line in told)
    assert STOPPED in shops.done("holds").out


def test_it_is_told_once_however_often_it_stops(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    for _ in range(2):
        shops.done("report-failure", "syncd.service")
    assert shops.done("holds").out.count(STOPPED) == 1


def test_wrong_settings_which_stop_the_service_do_not_keep_the_news_back(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    shops.set(SYNCD_BUFER="2")
    assert STOPPED in shops.done("report-failure", "syncd.service").err
    del shops.settings["SYNCD_BUFER"]
    assert STOPPED in shops.done("holds").out


def test_a_table_that_is_not_there_is_told_and_not_begun(shops: Shops) -> None:
    told = shops.done("report-failure", "syncd.service").err
    assert "<2>syncd holds does not show this: There is no master table yet at " in told
    assert not (shops.folder / "syncd.db").exists()


def test_a_table_that_cannot_be_used_does_not_keep_the_news_back(shops: Shops) -> None:
    (shops.folder / "syncd.db").write_text("this is no database, and long enough to be looked at as one" * 20)
    told = shops.done("report-failure", "syncd.service").err
    assert STOPPED in told
    assert "<2>syncd holds does not show this: " in told


def test_what_the_service_said_last_is_told_without_secrets(tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\necho "$@"; echo; echo "refused: shpat_planted0"\n')
    systemctl.chmod(0o755)
    lines = failure.last_lines("syncd.service", systemctl=systemctl)
    assert lines == ["status --no-pager --full --lines=15 -- syncd.service", "refused: ***"]
    assert failure.last_lines("syncd.service", systemctl=tmp_path / "none") == []
