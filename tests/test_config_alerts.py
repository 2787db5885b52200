"""The settings of alerts: whom to tell, of what, when, by which ways; and how every mistake is told (N50, N52, N74)."""

from __future__ import annotations

import sys
from datetime import time, timedelta
from pathlib import Path

import pytest

from syncd import config, settings_file
from syncd.alerts import others
from syncd.alerts.settings import AlertSettings, Security
from syncd.domain.alerts import Rule, Severity
from syncd.domain.routing import Digest, Matter, QuietHours, Route, Schedule
from syncd.errors import ConfigError
from tests.config_shops import find_kind

SHOP = "SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY='k'\n"
MAIL = "SYNCD_EMAIL_TO=me@example.com\nSYNCD_SMTP_HOST=smtp.shop.example\n"
LOGIN = "SYNCD_SMTP_USER=alerts@shop.example\nSYNCD_SMTP_PASSWORD='planted one'\n"
SLACK = "SYNCD_SLACK_WEBHOOK_URL='https://hooks.slack.com/services/T0/B0/planted'\n"
APPRISE = "SYNCD_APPRISE_URLS='tgram://123:planted-token/chat ntfys://me:planted@ntfy.example/topic'\n"


def read(lines: str) -> config.Settings:
    return config.from_lines(settings_file.parse(SHOP + lines), {}, source=None, find_kind=find_kind)


def alerts(lines: str) -> AlertSettings:
    return read(lines).alerts


def problems(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(lines)
    return [str(problem) for problem in caught.value.problems]


def test_without_a_line_nobody_is_told_and_the_rest_has_its_defaults() -> None:
    settings = alerts("")
    assert settings == AlertSettings()
    assert settings.schedule == Schedule()
    assert settings.dead_after == timedelta(days=180)


def test_mail_needs_an_address_and_a_server() -> None:
    email = alerts("SYNCD_EMAIL_TO=me@example.com, Anna@bücher.example, ME@example.com\nSYNCD_SMTP_HOST=Mail.example\n")
    assert email.email is not None
    assert email.email.recipients == ("me@example.com", "Anna@bücher.example")
    assert (email.email.host, email.email.port, email.email.security) == ("Mail.example", 587, Security.STARTTLS)
    assert (email.email.user, email.email.password, email.email.ca_file) == (None, None, None)
    assert email.routes.targets == ("me@example.com", "Anna@bücher.example")


@pytest.mark.parametrize(
    ("lines", "port", "security"),
    [
        ("SYNCD_SMTP_PORT=465\n", 465, Security.TLS),
        ("SYNCD_SMTP_PORT=2525\n", 2525, Security.STARTTLS),
        ("SYNCD_SMTP_SECURITY=tls\n", 465, Security.TLS),
        ("SYNCD_SMTP_SECURITY=none\n", 25, Security.NONE),
        ("SYNCD_SMTP_PORT=465\nSYNCD_SMTP_SECURITY=starttls\n", 465, Security.STARTTLS),
    ],
)
def test_port_and_encryption_follow_from_one_another(lines: str, port: int, security: Security) -> None:
    email = alerts(MAIL + lines).email
    assert email is not None
    assert (email.port, email.security) == (port, security)


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        (LOGIN, "alerts@shop.example"),
        ("SYNCD_SMTP_USER=apikey\nSYNCD_SMTP_PASSWORD='x'\n", "syncd@shop.example"),
        ("", "syncd@shop.example"),
        ("SYNCD_SMTP_USER=me@a..b\nSYNCD_SMTP_PASSWORD='x'\n", "syncd@shop.example"),
        (LOGIN + "SYNCD_EMAIL_FROM=stock@shop.example\n", "stock@shop.example"),
    ],
)
def test_mail_comes_from_an_address_that_the_server_most_likely_takes(lines: str, sender: str) -> None:
    email = alerts(MAIL + lines).email
    assert email is not None
    assert email.sender == sender


@pytest.mark.parametrize(
    ("host", "sender"),
    [
        ("localhost", "syncd@example.com"),
        ("127.0.0.1", "syncd@example.com"),
        ("[::1]", "syncd@example.com"),
        ("shop.example", "syncd@shop.example"),
    ],
)
def test_a_mail_server_without_a_domain_sends_from_that_of_the_owner(host: str, sender: str) -> None:
    email = alerts(f"SYNCD_EMAIL_TO=me@example.com\nSYNCD_SMTP_HOST={host}\n").email
    assert email is not None
    assert email.sender == sender
    assert email.host == host.strip("[]")


def test_slack_and_other_services_are_targets() -> None:
    settings = alerts(MAIL + SLACK + APPRISE)
    assert settings.slack_url == "https://hooks.slack.com/services/T0/B0/planted"
    assert settings.apprise_urls == ("tgram://123:planted-token/chat", "ntfys://me:planted@ntfy.example/topic")
    assert settings.routes.targets == ("me@example.com", "slack", *others.names(settings.apprise_urls))
    to_all = alerts(APPRISE + "SYNCD_ROUTES=low:apprise\n").routes
    assert to_all.of(Rule.LOW, None) == others.names(settings.apprise_urls)


def test_an_address_that_is_there_twice_is_one_target() -> None:
    assert alerts("SYNCD_APPRISE_URLS='ntfy://a/b ntfy://a/b'\n").apprise_urls == ("ntfy://a/b",)


def test_the_name_of_a_service_is_no_secret() -> None:
    settings = read("SYNCD_APPRISE_URLS='betterstack://planted-token awswhatsapp://planted-other'\n")
    assert {"planted-token", "planted-other"} <= settings.secrets
    assert not {"betterstack", "awswhatsapp"} & settings.secrets


def test_routes_say_who_is_told_of_what() -> None:
    settings = alerts(
        MAIL + SLACK + 'SYNCD_ROUTES=category Shoes:anna@example.com, category "Bags, 2+1: all" + oversold:slack,'
        ' oversold+critical:email+slack, info:nobody, low:ME@example.com, warning+runs-out:"x+y@example.com",'
        " all:slack+email+slack\n"
    )
    me = "me@example.com"
    assert settings.routes.routes == (
        Route(Matter(category="Shoes"), ("anna@example.com",)),
        Route(Matter(Rule.OVERSOLD, category="Bags, 2+1: all"), ("slack",)),
        Route(Matter(Rule.OVERSOLD, Severity.CRITICAL), (me, "slack")),
        Route(Matter(severity=Severity.INFO), ()),
        Route(Matter(Rule.LOW), (me,)),
        Route(Matter(Rule.RUNS_OUT, Severity.WARNING), ("x+y@example.com",)),
        Route(Matter(), ("slack", me)),
    )
    assert settings.routes.targets == (me, "slack")
    assert settings.email is not None
    assert settings.email.recipients == (me, "anna@example.com", "x+y@example.com")
    assert settings.routes.of(Rule.LOW, "Shoes") == ("anna@example.com",)
    assert settings.routes.of(Rule.DEAD, None) == ()


def test_the_times_are_read() -> None:
    schedule = alerts(
        "SYNCD_AT_ONCE=oversold, category Shoes\nSYNCD_DIGEST=Mon 9:30\nSYNCD_QUIET_HOURS=22:00 - 07:00\n"
        "SYNCD_QUIET_EXCEPT=none\nSYNCD_DAILY_LINE=no\n"
    ).schedule
    assert schedule == Schedule(
        at_once=(Matter(Rule.OVERSOLD), Matter(category="Shoes")),
        digest=Digest(time(9, 30), 0),
        quiet=QuietHours(time(22), time(7)),
        quiet_except=(),
        daily_line=False,
    )
    assert alerts("SYNCD_DIGEST=18:00\n").schedule.digest == Digest(time(18))
    assert alerts("SYNCD_AT_ONCE=all\n").schedule.at_once == (Matter(),)


def test_the_days_are_read() -> None:
    settings = alerts("SYNCD_DEAD_AFTER=90d\nSYNCD_OVERSTOCK_AFTER=48h\nSYNCD_ORDER_FOR=14d\n")
    assert (settings.dead_after.days, settings.overstock_after.days, settings.order_for.days) == (90, 2, 14)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SYNCD_EMAIL_TO=me", "addresses such as me@example.com"),
        ("SYNCD_EMAIL_TO=Me <me@example.com>", "addresses such as me@example.com"),
        ("SYNCD_EMAIL_TO=me@straße.example", "addresses such as me@example.com"),
        ("SYNCD_EMAIL_TO=me@a..b", "addresses such as me@example.com"),
        ("SYNCD_EMAIL_TO=,", "addresses such as me@example.com"),
        ("SYNCD_EMAIL_FROM=shop", "addresses such as me@example.com"),
        ("SYNCD_SMTP_HOST=https://smtp.example.com", "the name of a host, such as smtp.example.com"),
        ("SYNCD_SMTP_HOST=smtp.example.com:465", "the name of a host, such as smtp.example.com"),
        ("SYNCD_SMTP_PORT=0", "the number of a port, such as 587"),
        ("SYNCD_SMTP_PORT=65536", "the number of a port, such as 587"),
        ("SYNCD_SMTP_SECURITY=ssl", "one of starttls, tls, none"),
        ("SYNCD_SMTP_CA_FILE=/no/such.pem", "the path of a file that exists"),
        ("SYNCD_AT_ONCE=overslod", "oversold where overslod stands"),
        ("SYNCD_AT_ONCE=Critical", "critical where Critical stands"),
        ("SYNCD_AT_ONCE=xyz", "words out of info, warning, critical, low, out, oversold"),
        ("SYNCD_AT_ONCE=low+out", "words that can fit together, which low and out never do"),
        ("SYNCD_AT_ONCE=low+critical", "words that can fit together; low is always warning"),
        ("SYNCD_AT_ONCE=low,,out", "something on each side of ,"),
        ("SYNCD_QUIET_EXCEPT=category", "category NAME"),
        ("SYNCD_QUIET_EXCEPT=all+low", "all alone, or other words without it"),
        ("SYNCD_DIGEST=8", "a time of the day such as 08:00"),
        ("SYNCD_DIGEST=Mon", "a time of the day such as 08:00"),
        ("SYNCD_DIGEST=25:00", "a time of the day such as 08:00"),
        ("SYNCD_DIGEST=Moon 08:00", "a time of the day such as 08:00"),
        ("SYNCD_QUIET_HOURS=22:00", "two times of the day such as 22:00-07:00"),
        ("SYNCD_QUIET_HOURS=22:00-22:00", "two different times"),
        ("SYNCD_DAILY_LINE=perhaps", "yes or no"),
        ("SYNCD_DEAD_AFTER=12h", "a number of days such as 30d"),
        ("SYNCD_ORDER_FOR=36h", "a number of days such as 30d"),
        ("SYNCD_ROUTES=oversold", "what:where, such as oversold:email+slack"),
        ("SYNCD_ROUTES=oversold:email:slack", "what:where, such as"),
        ("SYNCD_ROUTES=category A:b:slack", "double quotes stand around what has a comma"),
        ("SYNCD_ROUTES=oversold:slakc", "slack where slakc stands"),
        ("SYNCD_ROUTES=oversold:a+b@example.com", "one with a + in double quotes"),
        ("SYNCD_ROUTES=oversold:nobody+slack", "nobody stands alone"),
        ('SYNCD_ROUTES=category "A:slack', "double quotes in pairs"),
        ("SYNCD_ROUTES=ovrsold:slack", "oversold where ovrsold stands"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_its_line(line: str, expected: str) -> None:
    told = problems(line + "\n")[0]
    assert told.startswith(f"line 4: {line.partition('=')[0]} takes ")
    assert expected in told
    assert len(told) < 320


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("SYNCD_EMAIL_TO=me@example.com\n", "SYNCD_EMAIL_TO is given, and no mail server. Give SYNCD_SMTP_HOST"),
        ("SYNCD_SMTP_HOST=smtp.example.com\n", "SYNCD_SMTP_HOST is given, and nobody to write to. Give SYNCD_EMAIL_TO"),
        ("SYNCD_SMTP_PORT=465\n", "SYNCD_SMTP_PORT is given, and no mail server."),
        (MAIL + "SYNCD_SMTP_PASSWORD='planted'\n", "SYNCD_SMTP_PASSWORD is given, and no user. Give SYNCD_SMTP_USER."),
        (MAIL + "SYNCD_SMTP_USER=me\n", "SYNCD_SMTP_USER is given, and no password."),
        (MAIL + LOGIN + "SYNCD_SMTP_SECURITY=none\n", "SYNCD_SMTP_SECURITY=none would send your password"),
        (MAIL + "SYNCD_ROUTES=low:slack\n", "SYNCD_ROUTES sends to slack, and SYNCD_SLACK_WEBHOOK_URL is not given."),
        (MAIL + "SYNCD_ROUTES=low:apprise\n", "SYNCD_ROUTES sends to apprise, and SYNCD_APPRISE_URLS is not given."),
        (SLACK + "SYNCD_ROUTES=low:email\n", "SYNCD_ROUTES sends to email, and SYNCD_EMAIL_TO is not given."),
        (SLACK + "SYNCD_ROUTES=low:anna@example.com\n", "SYNCD_ROUTES sends to anna@example.com, and SYNCD_EMAIL_TO"),
        (
            "SYNCD_SLACK_WEBHOOK_URL='http://hooks.slack.com/services/planted'\n",
            "the whole https address of the webhook",
        ),
        ("SYNCD_SLACK_WEBHOOK_URL='https://hooks.slack.com'\n", "the whole https address of the webhook"),
        ("SYNCD_SLACK_WEBHOOK_URL='https://me:planted@hooks.slack.com/x'\n", "the whole https address of the webhook"),
        ("SYNCD_SLACK_WEBHOOK_URL='https://hooks.slack.com/planted#ש'\n", "the whole https address of the webhook"),
        ("SYNCD_APPRISE_URLS='planted'\n", "addresses with blanks between them"),
    ],
)
def test_what_does_not_fit_together_is_told_with_a_way_out(lines: str, expected: str) -> None:
    (told,) = problems(lines)
    assert expected in told
    assert "planted" not in told


def test_a_mistake_in_one_line_is_not_told_as_another_ones_lack() -> None:
    assert len(problems("SYNCD_EMAIL_TO=me\nSYNCD_SMTP_HOST=smtp.example.com\nSYNCD_ROUTES=low:email\n")) == 1


def test_a_login_without_encryption_is_for_this_machine_only() -> None:
    email = alerts("SYNCD_EMAIL_TO=me@example.com\nSYNCD_SMTP_HOST=localhost\nSYNCD_SMTP_SECURITY=none\n" + LOGIN).email
    assert email is not None
    assert email.user == "alerts@shop.example"


def test_a_webhook_on_this_machine_may_be_without_https() -> None:
    assert alerts("SYNCD_SLACK_WEBHOOK_URL='http://127.0.0.1:8000/services/x'\n").slack_url


def test_apprise_that_is_not_installed_stops_no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as where the extra was not installed
    settings = alerts("SYNCD_APPRISE_URLS=tgram://123:planted-token/chat\n")
    assert len(settings.routes.targets) == 1


def test_all_problems_are_told_at_once() -> None:
    told = problems("SYNCD_EMAIL_TO=me@example.com\nSYNCD_DIGEST=noon\nSYNCD_ROUTES=low:slack\nSYNCD_SMPT_HOST=x\n")
    assert len(told) == 4
    assert "Did you mean SYNCD_SMTP_HOST?" in told[-1]


def test_secrets_are_known_as_such_in_every_form_in_which_they_travel() -> None:
    settings = read(MAIL + LOGIN + SLACK + APPRISE)
    assert {
        "planted one",
        "https://hooks.slack.com/services/T0/B0/planted",
        "services/T0/B0/planted",
        "planted-token",
    } <= settings.secrets
    assert "hooks.slack.com" not in settings.secrets
    assert "planted" not in f"{settings!r} {settings} {settings.alerts!r}"


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("planted\n")
    email = alerts(f"{MAIL}SYNCD_SMTP_USER=me\nSYNCD_SMTP_PASSWORD_FILE={password}\n").email
    assert email is not None
    assert email.password == "planted"
