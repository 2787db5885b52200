"""Everybody who is told, made from the settings, and what `syncd check` says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectors.contract import Level
from syncd import app
from syncd.alerts import dispatcher, office, others
from syncd.alerts.settings import AlertSettings, Security
from syncd.config import Settings
from syncd.domain.alerts import Rule
from syncd.domain.routing import Matter, Route, Routes, Schedule
from syncd.storage.session import Database
from syncd.sync import inspection
from tests.alerts.notified import Told
from tests.alerts.slack_kit import SlackServer
from tests.alerts.smtp_kit import PASSWORD, USER, Authority, MailServer


def test_each_address_slack_and_apprise_are_targets(tmp_path: Path) -> None:
    email = MailServer(Security.STARTTLS, Authority(tmp_path)).settings("me@example.com", "anna@example.com")
    settings = AlertSettings(email, "https://hooks.slack.com/services/x", ("json://localhost/",))
    names = [one.name for one in office.notifiers(settings)]
    assert names == ["slack", *others.names(settings.apprise_urls), "me@example.com", "anna@example.com"]
    assert office.notifiers(AlertSettings()) == ()


def test_the_check_asks_each_way_once_and_sends_nothing(tmp_path: Path) -> None:
    with (
        MailServer(Security.TLS, Authority(tmp_path), (USER, PASSWORD)) as mail,
        SlackServer() as slack,
    ):
        found = office.findings(
            AlertSettings(mail.settings("me@example.com", "anna@example.com"), slack.url, ("json://localhost/",))
        )
        assert [(name, finding.level) for name, finding in found] == [
            ("email", Level.OK),
            ("slack", Level.OK),
            (*others.names(["json://localhost/"]), Level.OK),
        ]
        assert (mail.logins, mail.received, slack.asked) == (1, [], 0)


def test_it_is_told_where_nobody_is_told() -> None:
    ((name, finding),) = office.findings(AlertSettings())
    assert (name, finding.level) == ("alerts", Level.WARN)
    assert finding.message.startswith("nobody is told")
    assert "SYNCD_EMAIL_TO" in finding.hint


def test_a_category_that_no_sku_has_is_told_with_the_near_one(sqlite: Database) -> None:
    told = Told(sqlite)
    told.house = replace(
        told.house,
        routes=Routes((), (Route(Matter(category="Shoos"), ()), Route(Matter(Rule.LOW, category="shoes"), ()))),
        schedule=Schedule(at_once=(Matter(category="Garden"),), quiet_except=(Matter(category="SHOES"),)),
    )
    assert inspection.unknown_categories(told.house) == []  # there are no SKUs yet
    told.sku("HAT", 3, category="Shoes")
    told.sku("MUG", 3)
    assert [f"{one.message}. {one.hint}" for one in inspection.unknown_categories(told.house)] == [
        "SYNCD_ROUTES names the category Shoos, which no SKU has. Did you mean Shoes?",
        "SYNCD_AT_ONCE names the category Garden, which no SKU has. syncd export writes each SKU with its category.",
    ]


def test_a_sender_with_a_domain_in_other_letters_sends(sqlite: Database) -> None:
    with MailServer() as mail:
        alerts = AlertSettings(mail.settings("me@example.com", sender="syncd@bücher.example"))
        settings = Settings(channels=(), database_url="sqlite://", alerts=alerts)
        (tried,) = dispatcher.try_all(app.office(Told(sqlite).house, settings))
    assert tried.trouble == ""
    assert mail.received[0].mail["Message-ID"].endswith("@xn--bcher-kva.example>")
    assert mail.received[0].sender == "syncd@xn--bcher-kva.example"
