"""What an owner is told, by real mail and a channel that behaves as Slack's, and the answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.alerts.settings import Security
from tests.alerts.slack_kit import SlackServer, answer
from tests.alerts.smtp_kit import PASSWORD, USER, Authority, MailServer
from tests.cli.command_kit import Shops

ME = "me@shop.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def mail(shops: Shops, authority: Authority) -> Iterator[MailServer]:
    """A mail server with STARTTLS and a login, which the settings name."""
    with MailServer(Security.STARTTLS, authority, (USER, PASSWORD)) as server:
        shops.set(
            SYNCD_EMAIL_TO=ME,
            SYNCD_SMTP_HOST="127.0.0.1",
            SYNCD_SMTP_PORT=str(server.port),
            SYNCD_SMTP_USER=USER,
            SYNCD_SMTP_PASSWORD_FILE=str(_secret(shops.folder)),
            SYNCD_SMTP_CA_FILE=authority.file,
            SYNCD_EMAIL_FROM="alerts@shop.example",
            SYNCD_DAILY_LINE="no",
        )
        yield server


def _secret(folder: Path) -> Path:
    file = folder / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")  # the settings of these tests stand in single quotes
    return file


@pytest.fixture
def slack(shops: Shops) -> Iterator[SlackServer]:
    with SlackServer() as server:
        shops.set(SYNCD_SLACK_WEBHOOK_URL=server.url)
        yield server


def test_a_sync_tells_at_its_end_and_once(shops: Shops, mail: MailServer, slack: SlackServer) -> None:
    shops.live({"HAT": 10, "MUG": 50})
    shops.buy_in_woo("HAT", 6)
    told = shops.done("sync").out
    assert f"slack: told of 1 alert.\n{ME}: told of 1 alert.\n" in told
    (received,) = mail.received
    assert received.encrypted
    assert received.user == USER
    assert received.mail["Subject"] == "Low: HAT, 4 left (alert at 5)"
    assert "syncd incoming add HAT" in received.body("plain")
    assert "http://127.0.0.1" in received.body("html")  # the way to the product in the shop
    (post,) = slack.posts
    assert "HAT" in post["text"]
    assert "told of" not in shops.done("sync").out
    assert len(mail.received) == len(slack.posts) == 1


def test_status_says_when_low_stock_was_told(shops: Shops, mail: MailServer) -> None:
    shops.live({"HAT": 10})
    shops.buy_in_woo("HAT", 6)
    shops.done("sync")
    assert "1 low (told " in shops.done("status").out
    assert shops.done("status", "--json").json["low_told_at"] is not None


def test_one_that_cannot_be_told_is_named_and_the_stock_is_right_all_the_same(
    shops: Shops, mail: MailServer, slack: SlackServer
) -> None:
    shops.live({"HAT": 10})
    mail.replies = {"AUTH": "535 5.7.8 authentication failed"}
    shops.buy_in_woo("HAT", 6)
    ended = shops.syncd("sync", "--json")
    assert ended.code == 0
    assert shops.shown("HAT") == (2, 3)
    told = {one["target"]: one for one in ended.json["told"]}
    assert told["slack"]["alerts"] == 1
    assert "refuses" in told[ME]["trouble"] or "login" in told[ME]["trouble"]
    assert f"{ME} could not be told" in shops.done("status").out
    shown = shops.done("alerts").out
    assert "low" in shown and "target" in shown
    assert shops.syncd("alerts", "test").code == 1
    mail.replies = {}
    assert shops.done("alerts", "test").out == f"  ok    slack, {ME}: sent. Did both arrive?\n"
    assert f"{ME}: told of" in shops.done("sync").out
    assert PASSWORD not in ended.out + ended.err + shown


def test_a_burst_is_one_digest(shops: Shops, mail: MailServer) -> None:
    shops.live({f"HAT-{number:02}": 4 for number in range(30)})
    shops.done("sync")
    (received,) = mail.received
    assert received.mail["Subject"] == "30 alerts: 30 low"


def test_answers(shops: Shops) -> None:
    shops.live({"HAT": 4, "MUG": 3, "PEN": 60})
    told = shops.done("alerts").out
    assert "HAT" in told and "4 available, alert at 5 (the default)" in told
    assert shops.done("ack", "HAT").out == "Read: 1 (low HAT).\n"
    assert "Put off until " in shops.done("snooze", "MUG", "--for", "3d").out
    told = shops.done("alerts").out
    assert told == "Nothing new.\n2 alerts that you have read or put off: syncd alerts --all\n"
    everything = shops.done("alerts", "--all").out
    assert "read" in everything and "put off until" in everything
    shops.done("count", "PEN", "0")
    assert [one["sku"] for one in shops.done("alerts", "--json").json["alerts"]] == ["PEN"]
    assert shops.done("ack", "--all", "--rule", "out").out == "Read: 3 (out PEN).\n"


def test_what_cannot_be_done_is_said(shops: Shops) -> None:
    shops.live({"HAT": 4})
    for words, code, sentence in (
        (("ack",), 2, "name alerts by their numbers or SKUs, or give --all"),
        (("ack", "HAT", "--all"), 2, "name alerts by their numbers or SKUs, or give --all"),
        (("ack", "NONE"), 1, "There is no open alert NONE. See them all: syncd alerts --all"),
        (("snooze", "HAT"), 2, "say for how long (--for 3d) or until when"),
        (("snooze", "HAT", "--for", "soon"), 2, "--for takes a number and s, m, h or d"),
        (("snooze", "HAT", "--until", "2020-01-01"), 1, "That is over already"),
        (("alerts", "test"), 2, "Nobody is set to be told."),
    ):
        ended = shops.syncd(*words)
        assert sentence in " ".join(ended.err.replace("│", " ").split())
        assert ended.code == code


def test_slack_that_asks_to_wait_is_tried_again_later(shops: Shops, slack: SlackServer) -> None:
    slack.answers = [answer(429, "rate_limited", {"Retry-After": "30"})]
    shops.live({"HAT": 4})
    assert "slack could not be told" in shops.syncd("sync").err
    assert "slack is left alone: " in shops.syncd("sync").err
    assert slack.asked == 1


def test_no_secret_is_in_what_is_written(shops: Shops, mail: MailServer, slack: SlackServer) -> None:
    slack.answers = [answer(500)]
    shops.live({"HAT": 4})
    mail.replies = {"RCPT": f"550 no {PASSWORD}"}
    written = [shops.syncd("-v", *words) for words in (("sync",), ("alerts",), ("status",), ("check",), ("incidents",))]
    table = shops.folder.joinpath("syncd.db").read_bytes()
    for ended in written:
        assert PASSWORD not in ended.out + ended.err
        assert "secretplanted" not in ended.out + ended.err
    assert b"planted" not in table


def test_what_waits_for_the_end_of_quiet_hours_says_so(shops: Shops, mail: MailServer) -> None:
    now = datetime.now(ZoneInfo("Asia/Jerusalem"))
    end = now + timedelta(hours=2)
    shops.set(SYNCD_QUIET_HOURS=f"{now - timedelta(hours=1):%H:%M}-{end:%H:%M}", SYNCD_QUIET_EXCEPT="none")
    shops.live({"HAT": 4})
    shops.done("sync")
    assert mail.received == []
    assert ", told at " in shops.done("alerts").out
    (one,) = shops.done("alerts", "--json").json["alerts"]
    assert f"T{end:%H:%M}:00" in one["due_at"]
