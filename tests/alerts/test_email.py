"""Mail to a real server: what arrives, what each refusal and each silence means, and that no secret gets out."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Level
from syncd.alerts.email import LIMIT_S, VERDICT_S, EmailNotifier, mail_of
from syncd.alerts.notifier import Envelope, Message, NotTold, TryAgain, TurnedAway, Unfit, Unsure
from syncd.alerts.settings import EmailSettings, Security
from syncd.storage import leases
from tests.alerts.smtp_kit import DROP, PASSWORD, STALL, USER, Authority, MailServer
from tests.alerts.wire_kit import WireServer, drips, refusing_port, says, smtp_until_data, stalls

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
MESSAGE = Message(
    subject="אזל המלאי: נעל 39",
    text="נעל 39\n.\n.a line with a dot\n" + "long " * 400,
    html="<!doctype html><p>נעל 39 · 鞋</p>",
    blocks=(),
    language="he",
)
ENVELOPE = Envelope("<17.me@shop.example>", "sku-SHOE-39")
ME = "me@example.com"
WAY_IN = "SYNCD_SMTP_SECURITY"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(authority: Authority) -> Iterator[MailServer]:
    with MailServer(Security.STARTTLS, authority, (USER, PASSWORD)) as running:
        yield running


def notifier(
    settings: EmailSettings, recipient: str = ME, *, patience_s: float = 5, limit_s: float = 10, verdict_s: float = 10
) -> EmailNotifier:
    return EmailNotifier(
        settings, recipient, patience_s=patience_s, limit_s=limit_s, verdict_s=verdict_s, now=lambda: NOW
    )


def plain(port: int, host: str = "127.0.0.1", security: Security = Security.NONE) -> EmailSettings:
    return EmailSettings(host, port, security, "alerts@shop.example", (ME,))


def failure(target: EmailNotifier, message: Message = MESSAGE) -> NotTold:
    (part,) = target.parts(message, ENVELOPE)
    with pytest.raises(NotTold) as caught:
        target.send(part)
    return caught.value


@pytest.mark.parametrize("security", list(Security))
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_mail_arrives_encrypted_and_logged_in(authority: Authority, security: Security, mechanism: str) -> None:
    of = None if security is Security.NONE else authority
    with MailServer(security, of, (USER, PASSWORD), mechanisms=(mechanism,)) as server:
        target = notifier(server.settings(ME))
        (part,) = target.parts(MESSAGE, ENVELOPE)
        target.send(part)
    (came,) = server.received
    assert (came.sender, came.recipients, came.user) == ("alerts@shop.example", (ME,), USER)
    assert came.encrypted is (security is not Security.NONE)


def test_mail_is_what_mail_programs_expect(server: MailServer) -> None:
    target = notifier(server.settings(ME))
    (part,) = target.parts(MESSAGE, ENVELOPE)
    target.send(json.loads(json.dumps(part)))
    mail = server.received[0].mail
    assert target.name == ME
    assert mail["Subject"] == "אזל המלאי: נעל 39"
    assert mail["From"] == "syncd <alerts@shop.example>"
    assert (mail["To"], mail["Message-ID"]) == (ME, "<17.me@shop.example>")
    assert mail["Date"].datetime == NOW
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "he")
    assert mail.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in mail.iter_parts()] == ["text/plain", "text/html"]
    assert {one.get_content_charset() for one in mail.iter_parts()} == {"utf-8"}
    assert server.received[0].body("plain").rstrip("\n") == MESSAGE.text.rstrip("\n")
    assert server.received[0].body("html").strip() == MESSAGE.html
    assert server.received[0].raw.isascii()
    assert max(len(line) for line in server.received[0].raw.split(b"\r\n")) < 200


def test_mail_about_one_thing_is_one_thread_and_other_mail_is_not(server: MailServer) -> None:
    target = notifier(server.settings(ME))
    for number, thread in enumerate(("sku-A", "sku-A", "sku-B", None)):
        target.send(target.parts(MESSAGE, Envelope(f"<{number}@shop.example>", thread))[0])
    first, second, other, alone = (one.mail for one in server.received)
    assert first["References"] == first["In-Reply-To"] == second["References"]
    assert len({first["References"], other["References"], alone["References"]}) == 3
    assert alone["References"] is None


def test_what_is_sent_again_is_the_same_mail(server: MailServer) -> None:
    target = notifier(server.settings(ME))
    (part,) = target.parts(MESSAGE, ENVELOPE)
    target.send(part)
    target.send(part)
    one, again = (came.mail for came in server.received)
    assert [one[name] for name in ("Message-ID", "Date", "Subject")] == [
        again[name] for name in ("Message-ID", "Date", "Subject")
    ]


SENT_AS = notifier(plain(1))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_makes_a_header_of_its_own(subject: str, text: str) -> None:
    (part,) = SENT_AS.parts(replace(MESSAGE, subject=f"{subject}\r\nBcc: evil@example.com", text=text), ENVELOPE)
    raw = mail_of(part, "alerts@shop.example", ME)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    headers = "Auto-Submitted Content-Language Content-Type Date From In-Reply-To MIME-Version Message-ID References"
    assert sorted(mail.keys()) == [*headers.split(), "Subject", "To"]
    assert str(mail["Subject"]).endswith("Bcc: evil@example.com")


@pytest.mark.parametrize("subject", ["售罄：黑色鞋子 39 码 " * 12, "נגמר במלאי " * 20, "x" * 240, "ą" * 240, ""])
def test_a_subject_in_any_language_reads_as_it_was_written(server: MailServer, subject: str) -> None:
    target = notifier(server.settings(ME))
    target.send(target.parts(replace(MESSAGE, subject=subject), ENVELOPE)[0])
    assert " ".join(str(server.received[0].mail["Subject"]).split()) == subject.strip()


def test_an_endless_subject_is_cut(server: MailServer) -> None:
    target = notifier(server.settings(ME))
    target.send(target.parts(replace(MESSAGE, subject="x" * 2000), ENVELOPE)[0])
    assert server.received[0].mail["Subject"] == "x" * 249 + "…"


def test_an_address_with_a_domain_in_other_letters_is_written_to_in_ascii(server: MailServer) -> None:
    target = notifier(server.settings("me@bücher.example"), "me@bücher.example")
    target.send(target.parts(MESSAGE, ENVELOPE)[0])
    assert target.name == "me@bücher.example"
    assert server.received[0].recipients == ("me@xn--bcher-kva.example",)


def test_an_address_in_other_letters_takes_a_server_that_knows_them(authority: Authority) -> None:
    address = "אנה@example.com"
    with MailServer() as server:
        target = notifier(server.settings(address), address)
        target.send(target.parts(MESSAGE, ENVELOPE)[0])
    assert server.received[0].recipients == (address,)
    assert server.received[0].mail["To"] == address
    assert "SMTPUTF8" in server.received[0].options
    with MailServer(utf8=False) as old:
        told = failure(notifier(old.settings(address), address))
    assert isinstance(told, TurnedAway)
    assert f"takes no address with letters beyond a-z: {address}" in told.sentence


@pytest.mark.parametrize(
    ("command", "reply", "kind", "says"),
    [
        ("MAIL", "421 4.3.2 closing", TryAgain, "cannot take it now (421 4.3.2 closing)"),
        ("MAIL", "550 5.7.60 may not send as", TurnedAway, "refuses mail from alerts@shop.example"),
        ("RCPT", "450 4.2.0 greylisted", TryAgain, "(450 4.2.0 greylisted)"),
        ("RCPT", "451 4.3.0 later", TryAgain, "cannot take it now"),
        ("RCPT", "550 5.1.1 no such user", TurnedAway, "refuses mail to this address (550 5.1.1 no such user)"),
        ("RCPT", "530 5.7.0 who are you", TurnedAway, "wants a login"),
        ("DATA", "452 4.3.1 full", TryAgain, "cannot take it now"),
        ("DATA", "552 5.3.4 too big", Unfit, "refuses the mail (552 5.3.4 too big)"),
        ("DATA", "552 5.2.3 too long", Unfit, "refuses the mail"),
        ("DATA", "554 5.7.1 spam", Unfit, "refuses the mail"),
        ("DATA", "550 5.6.0 lines too long", Unfit, "refuses the mail"),
        ("DATA", "554 looks like spam", Unfit, "refuses the mail (554 looks like spam)"),
        ("DATA", "552 5.2.2 mailbox full", TurnedAway, "refuses the mail"),
        ("DATA", "550 5.7.60 may not send as", TurnedAway, "refuses the mail"),
        ("DATA", "550 5.1.1 no such user", TurnedAway, "refuses the mail"),
        ("DATA", "503 5.5.1 out of order", TurnedAway, "refuses the mail"),
        ("DATA", DROP, Unsure, "did not say whether it took the mail"),
        ("AUTH", "454 4.7.0 later", TryAgain, "cannot take it now (454)"),
        ("AUTH", "535 5.7.8 bad", TurnedAway, "refuses the login (535)"),
        ("AUTH", "534 5.7.9 app password needed", TurnedAway, "refuses the login (534)"),
        ("AUTH", "530 5.7.57 not authenticated", TurnedAway, "refuses the login (530)"),
    ],
)
def test_each_answer_says_what_happens_next(
    server: MailServer, command: str, reply: str, kind: type[NotTold], says: str
) -> None:
    server.replies = {command: reply}
    told = failure(notifier(server.settings(ME)))
    assert type(told) is kind
    assert says in told.sentence
    assert told.sentence.startswith(f"127.0.0.1:{server.port} ")
    assert told.hint or kind is TryAgain
    server.replies = {}
    target = notifier(server.settings(ME))
    before = len(server.received)
    target.send(target.parts(MESSAGE, ENVELOPE)[0])
    assert len(server.received) == before + 1


def test_a_wrong_password_is_tried_once_and_told_with_a_way_out(server: MailServer) -> None:
    told = failure(notifier(server.settings(ME, password="wrong-planted")))
    assert isinstance(told, TurnedAway)
    assert "SYNCD_SMTP_PASSWORD" in told.hint
    assert "app password" in told.hint
    assert (server.logins, server.received) == (1, [])


def test_a_server_without_a_login_by_password_is_told(authority: Authority) -> None:
    with MailServer(Security.STARTTLS, authority, (USER, PASSWORD), mechanisms=()) as server:
        told = failure(notifier(server.settings(ME)))
    assert isinstance(told, TurnedAway)
    assert "offers no login by password" in told.sentence


def test_encryption_is_never_skipped(authority: Authority) -> None:
    with MailServer() as server:
        told = failure(notifier(server.settings(ME, security=Security.STARTTLS)))
    assert isinstance(told, TurnedAway)
    assert "offers no STARTTLS" in told.sentence
    assert "SYNCD_SMTP_SECURITY=tls" in told.hint
    assert server.received == []


def test_a_password_is_never_sent_as_it_is() -> None:
    exposed = replace(plain(25, "mail.example"), user="me", password="planted")
    assert exposed.exposes_password
    with pytest.raises(AssertionError):
        EmailNotifier(exposed, ME)
    assert not replace(exposed, host="localhost").exposes_password
    assert not replace(exposed, security=Security.STARTTLS).exposes_password


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_vouches_for_is_turned_away(authority: Authority, security: Security) -> None:
    with MailServer(security, authority) as server:
        told = failure(notifier(server.settings(ME, ca_file=None)))
    assert isinstance(told, TurnedAway)
    assert "a certificate that cannot be trusted" in told.sentence
    assert "SYNCD_SMTP_CA_FILE" in told.hint


def test_a_certificate_of_another_host_is_turned_away(tmp_path: Path) -> None:
    with MailServer(Security.TLS, Authority(tmp_path, "mail.example")) as server:
        told = failure(notifier(server.settings(ME)))
    assert isinstance(told, TurnedAway)
    assert "SYNCD_SMTP_HOST must be the name in it" in told.hint


def test_a_file_that_holds_no_certificate_is_told(server: MailServer, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("a letter")
    told = failure(notifier(server.settings(ME, ca_file=str(tmp_path / "ca.pem"))))
    assert isinstance(told, TurnedAway)
    assert "SYNCD_SMTP_CA_FILE" in told.hint


def test_tls_where_none_is_spoken_is_told_with_the_port_to_try() -> None:
    with MailServer() as server:
        told = failure(notifier(server.settings(ME, security=Security.TLS)))
    assert isinstance(told, TurnedAway)
    assert "does not encrypt as expected" in told.sentence
    assert "SYNCD_SMTP_SECURITY=starttls with SYNCD_SMTP_PORT=587" in told.hint


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_port_on_which_nobody_listens(security: Security) -> None:
    told = failure(notifier(plain(refusing_port(), security=security)))
    assert isinstance(told, TryAgain)
    assert "refuses the connection" in told.sentence


def test_a_host_that_nobody_knows() -> None:
    told = failure(notifier(plain(587, "mail.invalid")))
    assert isinstance(told, TryAgain)
    assert told.sentence == "nobody knows the address of mail.invalid"


def test_a_silent_port_is_explained() -> None:
    """A listener whose queue is full lets the next one wait, as a firewall does that drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        target = notifier(plain(port), patience_s=0.3)
        told, finding = failure(target), target.check()
        for one in waiting:
            one.close()
    assert isinstance(told, TryAgain)
    assert told.sentence == f"127.0.0.1:{port} does not answer; server hosts often block it"
    assert "SYNCD_SMTP_PORT=587 or SYNCD_SMTP_PORT=2525" in told.hint
    assert (finding.level, finding.message) == (Level.WARN, told.sentence)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (stalls, "took the connection and says nothing"),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not talk as a mail server"),
        (says(b"x" * 20_000), "does not talk as a mail server"),
        (says(b""), "hangs up at once"),
        (says(b"220 mail.example\r\n"), "hangs up at once"),
        (smtp_until_data(says(b"")), "did not say"),
    ],
)
def test_a_server_that_does_not_keep_to_the_rules(script: object, says: str) -> None:
    with WireServer(script) as server:  # type: ignore[arg-type]
        told = failure(notifier(plain(server.port), patience_s=0.3))
    assert says in told.sentence
    assert isinstance(told, Unsure if "did not say" in says else TryAgain)


def test_a_tls_port_that_is_talked_to_in_plain_words_is_told_with_what_to_set(authority: Authority) -> None:
    """It waits for the beginning of TLS, and so do we for its greeting."""
    with MailServer(Security.TLS, authority) as server:
        told = failure(notifier(server.settings(ME, security=Security.STARTTLS), patience_s=0.3))
    assert isinstance(told, TryAgain)
    assert "SYNCD_SMTP_SECURITY=tls with SYNCD_SMTP_PORT=465" in told.hint


def test_silence_after_the_text_leaves_a_doubt(server: MailServer) -> None:
    server.replies = {"DATA": STALL}
    told = failure(notifier(server.settings(ME), verdict_s=0.4))
    assert isinstance(told, Unsure)
    assert len(server.received) == 1


def takes_its_time(connection: socket.socket, closing: threading.Event) -> None:
    """As a server whose filter reads the mail before it says yes."""
    text = b""
    while not text.endswith(b"\r\n.\r\n"):
        text += connection.recv(65_536)
    closing.wait(0.6)
    connection.sendall(b"250 queued\r\n")


def test_a_server_that_reads_the_mail_before_it_says_yes_is_waited_for() -> None:
    with WireServer(smtp_until_data(takes_its_time)) as server:
        target = notifier(plain(server.port), patience_s=0.3, limit_s=0.4)
        target.send(target.parts(MESSAGE, ENVELOPE)[0])


def test_a_server_that_drips_after_the_text_is_left_in_time() -> None:
    with WireServer(smtp_until_data(drips(b"250-", 0.02))) as server:
        told = failure(notifier(plain(server.port), patience_s=5, limit_s=5, verdict_s=0.4))
    assert isinstance(told, Unsure)


def test_a_conversation_is_over_before_another_syncd_may_send_the_same() -> None:
    assert LIMIT_S + VERDICT_S <= 150
    assert timedelta(seconds=LIMIT_S + VERDICT_S) < leases.TTL


def test_what_cannot_be_written_as_a_mail_is_told_before_anybody_is_called(server: MailServer) -> None:
    target = notifier(server.settings(ME))
    (part,) = target.parts(MESSAGE, replace(ENVELOPE, message_id="<17@bücher.example>"))
    with pytest.raises(Unfit, match="cannot be written as a mail") as caught:
        target.send(part)
    assert caught.value.__context__ is None
    assert (server.logins, server.received) == (0, [])


def test_an_address_that_is_none_is_turned_away() -> None:
    target = notifier(replace(plain(1), sender="syncd@a..b"))
    told, finding = failure(target), target.check()
    assert isinstance(told, TurnedAway)
    assert told.sentence == f"no mail can go from syncd@a..b to {ME}"
    assert finding.level is not Level.OK


def test_a_host_that_has_no_name_in_the_dns_is_turned_away() -> None:
    told = failure(notifier(plain(587, "a" * 70 + ".example")))
    assert isinstance(told, TurnedAway)
    assert "SYNCD_SMTP_HOST" in told.hint


def test_nonsense_after_the_text_leaves_a_doubt() -> None:
    def answers_nonsense(connection, closing) -> None:  # type: ignore[no-untyped-def]
        while not connection.recv(65_536).endswith(b"\r\n.\r\n"):
            pass
        connection.sendall(b"thank you\r\n")

    with WireServer(smtp_until_data(answers_nonsense)) as server:
        assert isinstance(failure(notifier(plain(server.port))), Unsure)


def test_a_text_that_cannot_be_sent_to_its_end_was_surely_not_taken() -> None:
    """The final dot is the last of it."""
    huge = replace(MESSAGE, html="<p>" + "x" * 30_000_000)
    with WireServer(smtp_until_data(stalls)) as server:
        told = failure(notifier(plain(server.port), patience_s=0.3), huge)
    assert isinstance(told, TryAgain)
    assert "stopped answering before it took the mail" in told.sentence


@pytest.mark.parametrize(
    ("begin", "says"),
    [(b"", "does not talk as a mail server"), (b"220-mail.example\r\n220-", "took the connection and says nothing")],
)
def test_a_server_that_drips_is_left_in_time(begin: bytes, says: str) -> None:
    with WireServer(drips(begin, 0.02)) as server:
        started = time.monotonic()
        told = failure(notifier(plain(server.port), patience_s=5, limit_s=0.5))
        took_s = time.monotonic() - started
    assert isinstance(told, TryAgain)
    assert took_s < 4
    assert says in told.sentence


def test_the_check_sends_nothing(server: MailServer) -> None:
    finding = notifier(server.settings(ME)).check()
    assert (finding.level, finding.message) == (
        Level.OK,
        f"127.0.0.1:{server.port}, may send as alerts@shop.example",
    )
    assert (server.logins, server.received) == (1, [])
    wrong = notifier(server.settings(ME, password="wrong-planted")).check()
    assert wrong.level is Level.FAIL
    assert "refuses the login" in wrong.message
    assert "SYNCD_SMTP_USER" in wrong.hint
    server.replies = {"MAIL": "421 4.3.2 shutting down"}
    assert notifier(server.settings(ME)).check().level is Level.WARN
    server.replies = {"MAIL": "553 5.7.1 not an address of yours"}
    refused = notifier(server.settings(ME)).check()
    assert (refused.level, "refuses mail from alerts@shop.example" in refused.message) == (Level.FAIL, True)


def test_no_guard_stays_behind(server: MailServer) -> None:
    notifier(server.settings(ME), limit_s=60).check()
    failure(notifier(plain(refusing_port()), limit_s=60))
    for guard in (thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)):
        guard.join(5)
        assert not guard.is_alive()


def test_the_password_is_in_no_error_no_log_and_no_repr(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    import base64

    forms = (
        PASSWORD,
        "wörd",
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode(),
    )
    echo = "; ".join(forms)
    of_mail = server.settings(ME)
    written = [repr(of_mail), str(of_mail)]
    with caplog.at_level(logging.DEBUG):
        for replies in (
            {"MAIL": f"550 you said {echo}".encode().decode("latin-1")},
            {"RCPT": f"450 you said {forms[3]}"},
            {"DATA": f"554 you said {forms[2]}"},
            {"AUTH": f"535 you said {forms[3]}"},
            {"DATA": DROP},
        ):
            server.replies = replies
            target = notifier(of_mail)
            told = failure(target)
            assert told.__context__ is None
            assert told.__cause__ is None
            written += [repr(told), str(told), told.sentence, told.hint, *traceback.format_exception(told)]
            written += [repr(target), repr(vars(told)), str(target.check())]
    written += [record.getMessage() for record in caplog.records if not record.name.startswith("mail")]  # the server's
    found = [text for text in written for form in forms if form in text]
    assert found == []
