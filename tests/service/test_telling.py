"""The service tells people: by real mail and a channel that behaves as Slack's, also after it was killed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from syncd.alerts.settings import Security
from syncd.storage.schema import messages, runs
from tests.alerts.slack_kit import SlackServer
from tests.alerts.smtp_kit import PASSWORD, USER, Authority, MailServer
from tests.service.process import Machine

SHOE = "SHOE-39-BLK"


def untold(machine: Machine) -> int:
    """Messages of which the service does not know yet that they were taken."""
    db = machine.database()
    with db.read() as tx:
        query = select(func.count()).select_from(messages).where(messages.c.told_at.is_(None))
        found = int(tx.execute(query).scalar_one())
    db.close()
    return found


def rounds(machine: Machine) -> int:
    """How often the service came to the end of looking whom to tell, and telling."""
    db = machine.database()
    with db.read() as tx:
        done = (runs.c.kind == "tell to-people") & (runs.c.outcome == "done")
        found = int(tx.execute(select(func.count()).select_from(runs).where(done)).scalar_one())
    db.close()
    return found


ME = "me@shop.example"


def test_an_oversell_is_told_at_once_by_mail_and_slack_and_no_second_time_after_a_crash(
    machine: Machine, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    with MailServer(Security.TLS, authority, (USER, PASSWORD)) as mail, SlackServer() as slack:
        machine.write_settings(
            SYNCD_EMAIL_TO=ME,
            SYNCD_SMTP_HOST="127.0.0.1",
            SYNCD_SMTP_PORT=str(mail.port),
            SYNCD_SMTP_SECURITY="tls",
            SYNCD_SMTP_USER=USER,
            SYNCD_SMTP_PASSWORD_FILE=str(secret),
            SYNCD_SMTP_CA_FILE=authority.file,
            SYNCD_SLACK_WEBHOOK_URL=slack.url,
            SYNCD_AT_ONCE="critical",
        )
        machine.live()
        running = machine.start()
        running.ready()
        machine.shops.buy("woo_demo", SHOE, 7)
        machine.shops.buy("shopify_demo", SHOE, 7)  # both sell what is there once
        running.until(lambda: mail.received and slack.posts, "mail and Slack are told", within_s=90)
        running.until(lambda: not untold(machine), "that they are is noted")
        running.process.kill()
        running.process.wait()
        before = rounds(machine)
        again = machine.start()
        again.ready()
        again.until(lambda: rounds(machine) > before, "it looked whom to tell")
        again.stop()
    (received,) = mail.received
    text = received.body("plain")
    assert received.mail["Subject"] == f"Oversold: {SHOE}, 4 missing"
    assert "sold the last ones at the same time" in text
    assert f"syncd set {SHOE} --buffer 6" in text
    assert "our system did not update in time" in text  # the draft of a message to the customer
    assert len(slack.posts) == 1
    everything = running.everything + again.everything
    assert PASSWORD not in everything
    assert "secretplanted" not in everything
