"""When the service has stopped for good: it is noted in the journal and by `syncd holds`, and people are told,
whatever has stopped it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.__main__ import run
from syncd.systemd import failure
from tests.alerts.slack_kit import SlackServer, answer
from tests.alerts.smtp_kit import MailServer
from tests.alerts.wire_kit import refusing_port
from tests.cli.command_kit import Shops

UNIT = "syncd.service"
STOPPED = "syncd.service has stopped and is not started again: no shop is kept in step."
NOT_SHOWN = "<2>syncd alerts does not show who was told: "
ME = "me@shop.example"


@pytest.fixture
def slack(shops: Shops) -> Iterator[SlackServer]:
    with SlackServer() as server:
        shops.set(SYNCD_SLACK_WEBHOOK_URL=server.url)
        yield server


@pytest.fixture
def mail(shops: Shops) -> Iterator[MailServer]:
    with MailServer() as server:
        shops.set(
            SYNCD_EMAIL_TO=ME,
            SYNCD_SMTP_HOST="127.0.0.1",
            SYNCD_SMTP_PORT=str(server.port),
            SYNCD_SMTP_SECURITY="none",
        )
        yield server


def posted(slack: SlackServer) -> list[str]:
    """What each post says that tells of the service."""
    return [str(post) for post in slack.posts if "kept in step" in str(post)]


# ---------------------------------------------------------------- noted


def test_a_service_that_stopped_is_told_to_the_journal_as_critical_and_to_the_owner(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    told = shops.done("report-failure", UNIT).err.splitlines()
    assert told[0] == (
        f"<2>{STOPPED} Look at journalctl -u syncd.service, run syncd check, "
        "then: systemctl reset-failed syncd.service; systemctl start syncd.service"
    )
    assert all(line.startswith("<2>") for line in told)
    assert STOPPED in shops.done("holds").out


def test_to_note_it_takes_no_network(shops: Shops, slack: SlackServer) -> None:
    shops.done("count", "HAT", "7")
    shops.done("report-failure", UNIT)
    assert slack.asked == 0


def test_it_is_noted_once_however_often_it_stops(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    for _ in range(2):
        shops.done("report-failure", UNIT)
    assert shops.done("holds").out.count(STOPPED) == 1


def test_wrong_settings_which_stop_the_service_do_not_keep_the_news_back(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    shops.set(SYNCD_BUFER="2")
    assert STOPPED in shops.done("report-failure", UNIT).err
    del shops.settings["SYNCD_BUFER"]
    assert STOPPED in shops.done("holds").out


def test_a_table_that_is_not_there_is_told_and_not_begun(shops: Shops) -> None:
    told = shops.done("report-failure", UNIT).err
    assert "<2>syncd holds does not show this: There is no master table yet at " in told
    assert not (shops.folder / "syncd.db").exists()


def break_table(shops: Shops) -> None:
    (shops.folder / "syncd.db").write_text("this is no database, and long enough to be looked at as one" * 20)


def test_a_table_that_cannot_be_used_does_not_keep_the_news_back(shops: Shops) -> None:
    break_table(shops)
    first, *_, last = shops.done("report-failure", UNIT).err.splitlines()
    assert STOPPED in first
    assert last.startswith("<2>syncd holds does not show this: ")


def test_what_the_service_said_last_is_told_without_secrets(tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\necho "$@"; echo; echo "refused: shpat_planted0"\n')
    systemctl.chmod(0o755)
    lines = failure.last_lines(UNIT, systemctl=systemctl)
    assert lines == ["status --no-pager --full --lines=15 -- syncd.service", "refused: ***"]
    assert failure.last_lines(UNIT, systemctl=tmp_path / "none") == []


# ---------------------------------------------------------------- told


def test_people_are_told_once_as_of_every_alert(shops: Shops, mail: MailServer, slack: SlackServer) -> None:
    shops.done("count", "HAT", "7")
    for _ in range(2):
        assert shops.done("tell-failure", UNIT).err == ""
    (received,) = mail.received
    assert STOPPED in received.body("plain")
    assert "syncd ack 1" in received.body("plain")
    (post,) = slack.posts
    assert post["text"].startswith("Stopped")
    assert "systemctl start syncd.service" in str(post["blocks"])
    assert "stopped" in shops.done("alerts").out


def test_who_could_not_be_told_is_in_the_journal_and_is_tried_all_the_same(
    shops: Shops, mail: MailServer, slack: SlackServer
) -> None:
    shops.set(SYNCD_REORDER_POINT="5")
    shops.done("count", "HAT", "3")
    slack.answers = [answer(404, "no_service")]
    shops.syncd("sync")  # tells that it is low; Slack is left alone for a day from now on
    assert slack.asked == 1
    slack.answers = [answer(404, "no_service")]
    told = shops.done("tell-failure", UNIT).err
    assert "<2>slack could not be told: Slack no longer knows this webhook (404 no_service)." in told
    assert slack.asked == 2
    assert any(STOPPED in one.body("plain") for one in mail.received)


def test_people_are_told_where_the_table_cannot_be_opened(shops: Shops, mail: MailServer, slack: SlackServer) -> None:
    break_table(shops)
    (line,) = shops.done("tell-failure", UNIT).err.splitlines()
    assert line.startswith(NOT_SHOWN)
    (received,) = mail.received
    assert STOPPED in received.body("plain")
    assert "journalctl -u syncd.service" in received.body("plain")
    for kind in ("plain", "html"):
        assert "syncd ack" not in received.body(kind)  # there is no number to say it of
    assert len(posted(slack)) == 1


def test_people_are_told_in_their_language_where_there_is_no_table(shops: Shops, mail: MailServer) -> None:
    shops.set(SYNCD_LANGUAGE="he")
    assert shops.done("tell-failure", UNIT).err.startswith(f"{NOT_SHOWN}There is no master table yet")
    assert mail.received[0].mail["Content-Language"] == "he"
    assert not (shops.folder / "syncd.db").exists()


def test_a_table_that_breaks_in_the_middle_keeps_nothing_back(shops: Shops, slack: SlackServer) -> None:
    shops.done("count", "HAT", "7")
    db = shops.database()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE notifications"))
    db.close()
    assert NOT_SHOWN in shops.done("tell-failure", UNIT).err
    assert len(posted(slack)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"SYNCD_BUFER": "2"},
        {"WOO_KEY": "", "WOO_KEY_FILE": "/no/such/key"},
        {"SYNCD_TIMEZONE": "Atlantis"},
        {"SYNCD_DATABASE_URL": "oracle://planted"},
        {"SYNCD_ROUTES": "all:nowhere"},
        {"SYNCD_ROUTES": "all:apprise"},
    ],
    ids=lambda wrong: ",".join(wrong),
)
def test_people_are_told_where_settings_are_wrong(
    shops: Shops, mail: MailServer, slack: SlackServer, wrong: dict[str, str]
) -> None:
    shops.done("count", "HAT", "7")
    shops.set(**wrong)
    told = shops.done("tell-failure", UNIT).err
    assert told.startswith(NOT_SHOWN)
    assert len(posted(slack)) == len(mail.received) == 1
    assert "planted" not in told


def test_a_way_that_is_set_wrong_keeps_no_other_from_telling(shops: Shops, slack: SlackServer) -> None:
    shops.set(
        SYNCD_EMAIL_TO=ME,
        SYNCD_SMTP_HOST="smtp.shop.example",
        SYNCD_SMTP_SECURITY="none",
        SYNCD_SMTP_USER="me",
        SYNCD_SMTP_PASSWORD="planted one",
    )  # would go over the network for everybody to read
    told = shops.done("tell-failure", UNIT).err
    assert len(posted(slack)) == 1
    assert "planted" not in told


def test_the_route_of_such_news_holds_without_the_table(shops: Shops, mail: MailServer, slack: SlackServer) -> None:
    shops.set(SYNCD_ROUTES="stopped:slack")
    shops.done("tell-failure", UNIT)
    assert (len(posted(slack)), mail.received) == (1, [])


def test_who_could_not_be_told_without_the_table_is_in_the_journal(shops: Shops, slack: SlackServer) -> None:
    port = refusing_port()
    shops.set(SYNCD_EMAIL_TO=ME, SYNCD_SMTP_HOST="127.0.0.1", SYNCD_SMTP_PORT=str(port), SYNCD_SMTP_SECURITY="none")
    _, line = shops.done("tell-failure", UNIT).err.splitlines()
    assert line.startswith(f"<2>{ME} could not be told: ")
    assert f":{port} refuses the connection." in line
    assert len(posted(slack)) == 1


def test_that_nobody_is_to_be_told_is_in_the_journal(shops: Shops) -> None:
    break_table(shops)
    assert "<2>nobody was told by mail or Slack: " in shops.done("tell-failure", UNIT).err


def test_settings_that_cannot_be_read_end_as_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--env-file", str(tmp_path), "tell-failure", UNIT]) == 0
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(NOT_SHOWN)
    assert last.startswith("<2>nobody was told by mail or Slack: ")


@pytest.mark.parametrize("broken", [False, True])
def test_no_secret_is_in_a_line_whoever_says_it(
    shops: Shops, mail: MailServer, slack: SlackServer, *, broken: bool
) -> None:
    # Nothing in this process knows it before the command does.
    secret = f"https://beat.example/planted-{broken}-of-this-test"
    if broken:
        break_table(shops)
    else:
        shops.done("count", "HAT", "7")
    shops.set(SYNCD_HEARTBEAT_URL=secret)
    slack.answers = [answer(403, f"you asked {slack.url}")]
    mail.replies = {"RCPT": f"550 you said {secret}"}
    told = shops.done("tell-failure", UNIT).err
    assert "slack could not be told" in told
    assert f"{ME} could not be told" in told
    assert "planted" not in told.lower()
