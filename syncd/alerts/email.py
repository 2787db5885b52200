"""Mail: one message to one address over SMTP, and what each way to fail means for the owner (N21, N52)."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import policy, utils
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from enum import Enum, auto
from hashlib import sha256

from connectors.contract import Finding, Level
from syncd.alerts.notifier import Envelope, Message, NotTold, Part, TryAgain, TurnedAway, Unfit, Unsure
from syncd.alerts.reaching import connected
from syncd.alerts.settings import EmailSettings, Security

_POLICY = policy.SMTP.clone(cte_type="7bit")  # a server need not take 8 bits
_LONGEST_SUBJECT = 250  # characters: a line of a mail has at most 998
_LONGEST_QUOTE = 160  # characters of what a server says
# What a server says of a text that it does not like: 55x. Where it says more, in a code of RFC 3463, that may be about
# the sender or the mailbox all the same; about the text are its size, its form, and what a filter finds in it.
_ABOUT_THE_MESSAGE = re.compile(r"55\d (?:5\.(?:2\.3|3\.4|6\.\d+|7\.[01])\b|(?!5\.\d)).*", re.DOTALL)
_NOT_IN_A_LINE = ("Cc", "Cs", "Zl", "Zp")
_ADDRESSES = "SYNCD_EMAIL_FROM and SYNCD_EMAIL_TO take addresses such as me@example.com."
_REPORT = "Report this: it must not happen."
_OF_AN_APP = "Many providers want an app password instead of the one of the account."


PATIENCE_S, LIMIT_S, VERDICT_S = 20.0, 45.0, 90.0
"""How long a mail server is waited for: for each answer; for all of them until it has the text; and then for its word
on the text. RFC 5321 (4.5.3.2.6) would give that word ten minutes, and filters do take a minute: who hangs up before
sends a mail twice that was delivered. More than this has no room in the time for which a target is ours
(`leases.TTL`): another syncd would send it meanwhile."""


class EmailNotifier:
    """Sends mail to one address. `patience_s`, `limit_s`, `verdict_s`: as `PATIENCE_S` and its neighbours."""

    def __init__(
        self,
        settings: EmailSettings,
        recipient: str,
        *,
        patience_s: float = PATIENCE_S,
        limit_s: float = LIMIT_S,
        verdict_s: float = VERDICT_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        assert not settings.exposes_password
        self._settings, self._recipient = settings, recipient
        self._patience_s, self._limit_s, self._verdict_s, self._now = patience_s, limit_s, verdict_s, now

    @property
    def name(self) -> str:
        return self._recipient

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        """One part: a mail has no limit that an alert could reach."""
        return (
            {
                "subject": _shortened(_one_line(message.subject)),
                "text": _sendable(message.text),
                "html": _sendable(message.html),
                "language": message.language,
                "message_id": envelope.message_id,
                "thread": _thread_id(self._settings.sender, envelope.thread) if envelope.thread else None,
                "date": utils.format_datetime(self._now()),
            },
        )

    def send(self, part: Part) -> None:
        mail, failure = self._written(part)
        if failure is None:
            failure = self._attempt(lambda line: line.deliver(mail, self._settings.sender, self._recipient))
        if failure is not None:
            raise failure

    def check(self) -> Finding:
        """Connects, encrypts, logs in, begins a mail, and leaves again."""
        failure = self._attempt(_Line.begin)
        if failure is None:
            return Finding(Level.OK, f"{_where(self._settings)}, may send as {self._settings.sender}")
        level = Level.FAIL if isinstance(failure, TurnedAway) else Level.WARN
        return Finding(level, failure.sentence, failure.hint)

    def _written(self, part: Part) -> tuple[bytes, NotTold | None]:
        """The mail as it follows DATA; or why it cannot be written. Nobody is called for it."""
        sender, recipient = self._settings.sender, self._recipient
        try:
            sender, recipient = mailbox(sender), mailbox(recipient)
        except UnicodeError:
            return b"", TurnedAway(f"no mail can go from {sender} to {recipient}", _ADDRESSES)
        try:
            return _dotted(mail_of(part, sender, recipient)), None
        except Exception as error:  # noqa: BLE001 - the library has no error of its own for what is no mail
            return b"", Unfit(f"the message cannot be written as a mail ({type(error).__name__})", _REPORT)

    def _attempt(self, talk: Callable[[_Line], None]) -> NotTold | None:
        """How it failed. Returned, and raised by the caller: the context of an exception could hold a secret."""
        line = _Line(self._settings, self._patience_s, self._limit_s, self._verdict_s)
        failure: NotTold | None = None
        try:
            line.open()
            talk(line)
        except NotTold as told:
            failure = told
        except (OSError, ValueError) as error:
            failure = line.meaning(error)
        finally:
            line.hang_up()
        return failure


class _Step(Enum):
    """How far the conversation with the server is."""

    CERTIFICATES = auto()
    CONNECTION = auto()
    GREETING = auto()
    ENCRYPTION = auto()
    LOGIN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    TEXT = auto()
    SENT = auto()  # the mail and its final dot are on their way: from here on the server may have it


class _Line(smtplib.SMTP):
    """A conversation with the mail server. It is cut after `limit_s`, and when the server has the text after
    `verdict_s` more, however slowly it goes on talking."""

    def __init__(self, settings: EmailSettings, patience_s: float, limit_s: float, verdict_s: float) -> None:
        # Given, because smtplib would look it up in the DNS, which may take long; the real one follows in _get_socket.
        super().__init__(local_hostname="localhost", timeout=patience_s)
        self._settings, self._patience_s, self._verdict_s = settings, patience_s, verdict_s
        self._step = _Step.CERTIFICATES
        self._until = time.monotonic() + limit_s
        self._context: ssl.SSLContext | None = None
        self._bare: socket.socket | None = None  # another handle of the connection: TLS cannot be cut from outside
        self._guard = self._cut_in(limit_s)

    def open(self) -> None:
        """Connect, encrypt, log in."""
        if self._settings.security is not Security.NONE:
            self._context = ssl.create_default_context(cafile=self._settings.ca_file)
        self._step = _Step.CONNECTION
        self._guard.start()
        self._expect(self.connect(self._settings.host, self._settings.port), 220)
        self._expect(self.ehlo())
        if self._settings.security is Security.STARTTLS:
            self._start_tls()
        if self._settings.user is not None and self._settings.password is not None:
            self._log_in(self._settings.user, self._settings.password)

    def begin(self) -> None:
        """Whether the server would take mail from us: one is begun, and taken back."""
        self._step = _Step.SENDER
        self._expect(self.mail(mailbox(self._settings.sender)))
        self._expect(self.rset())

    def deliver(self, mail: bytes, sender: str, recipient: str) -> None:
        """Hand over the mail, as it follows DATA; returns when the server has taken it."""
        sender, recipient = mailbox(sender), mailbox(recipient)
        beyond_ascii = not (sender + recipient).isascii()
        if beyond_ascii and not self.has_extn("smtputf8"):
            raise TurnedAway(
                f"{self._where} takes no address with letters beyond a-z: {recipient if sender.isascii() else sender}",
                "Give another address, or another mail server.",
            )
        self._step = _Step.SENDER
        self._expect(self.mail(sender, ("SMTPUTF8", "BODY=8BITMIME") if beyond_ascii else ()))
        self._step = _Step.RECIPIENT
        self._expect(self.rcpt(recipient))
        self._step = _Step.TEXT
        self._expect(self.docmd("DATA"), 354)
        # Where the last of it cannot be sent, the dot did not arrive: it was surely not accepted.
        self.send(mail)
        self._step = _Step.SENT
        self._await_verdict()
        self._expect(self.getreply())

    def hang_up(self) -> None:
        """Leave, politely where that is still possible; what was taken stays taken."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.settimeout(min(1.0, self._patience_s))
                self.quit()
        self.close()
        self._guard.cancel()
        if self._bare is not None:
            self._bare.close()

    def meaning(self, error: OSError | ValueError) -> NotTold:
        """What it means that the library raised this."""
        slow = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
        slow = slow or time.monotonic() >= self._until
        match self._step:
            case _Step.SENT:
                return self._unsure()
            case _Step.CERTIFICATES:
                return TurnedAway(
                    f"the certificates in {self._settings.ca_file} cannot be read",
                    "SYNCD_SMTP_CA_FILE names a file in PEM, as your mail server's owner gives it.",
                )
            case _ if isinstance(error, ssl.SSLError):
                return self._not_encrypted(error)
            case _ if isinstance(error, ValueError):
                return TurnedAway(
                    f"{self._where} cannot be spoken to: something in the settings cannot be sent as it is written",
                    "Look at SYNCD_SMTP_HOST, SYNCD_SMTP_USER, SYNCD_SMTP_PASSWORD and SYNCD_EMAIL_FROM.",
                )
            case _Step.CONNECTION:
                return self._not_reached(error, slow=slow)
        if isinstance(error, smtplib.SMTPResponseException):
            return self._no_mail_server()
        if self._step is _Step.GREETING:
            what = "took the connection and says nothing" if slow else "hangs up at once"
            return TryAgain(f"{self._where} {what}", self._other_way_in())
        return TryAgain(f"{self._where} {'stopped answering' if slow else 'hung up'} before it took the mail")

    @property
    def _where(self) -> str:
        return _where(self._settings)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection within the time that is left; smtplib alone would be patient with each of a host's addresses."""
        connection = connected(host, port, patience_s=self._patience_s, until=self._until)
        self._bare = connection.dup()
        own = connection.getsockname()[0]
        self.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        if self._settings.security is Security.TLS:
            connection = self._encrypted(connection)
        self._step = _Step.GREETING
        return connection

    def _start_tls(self) -> None:
        self._step = _Step.ENCRYPTION
        if not self.has_extn("starttls"):
            raise TurnedAway(
                f"{self._where} offers no STARTTLS, and nothing is sent unencrypted",
                "Try SYNCD_SMTP_SECURITY=tls, or none for a mail server on this machine.",
            )
        self._expect(self.docmd("STARTTLS"), 220)
        assert self.sock is not None
        self.sock = self._encrypted(self.sock)
        # What the server said before does not count, for anybody could have said it (RFC 3207, 4.2).
        self.file = None
        self.esmtp_features = {}
        self._expect(self.ehlo())

    def _encrypted(self, connection: socket.socket) -> ssl.SSLSocket:
        assert self._context is not None
        self._step = _Step.ENCRYPTION
        return self._context.wrap_socket(connection, server_hostname=self._settings.host)

    def _log_in(self, user: str, password: str) -> None:
        """By PLAIN or LOGIN, in UTF-8. smtplib would try one after the other, which locks accounts, and only ASCII."""
        self._step = _Step.LOGIN
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            reply = self.docmd("AUTH", f"PLAIN {_base64(_plain(user, password))}")
        elif "LOGIN" in offered:
            self._expect(self.docmd("AUTH", "LOGIN"), 334)
            self._expect(self.docmd(_base64(user)), 334)
            reply = self.docmd(_base64(password))
        else:
            raise TurnedAway(
                f"{self._where} offers no login by password",
                "A server that wants none: delete SYNCD_SMTP_USER and SYNCD_SMTP_PASSWORD. Else take its submission"
                " port, 587 or 465.",
            )
        self._expect(reply)

    def _expect(self, reply: tuple[int, bytes], wanted: int | None = None) -> None:
        """Take a reply that is `wanted`, without it any that says yes (2xx)."""
        code, said = reply
        if code == wanted or (wanted is None and 200 <= code <= 299):
            return
        quoted = f"{code} {self._quoted(said)}".rstrip()
        if 400 <= code <= 499:
            raise TryAgain(f"{self._where} cannot take it now ({quoted})")
        if not 500 <= code <= 599:
            raise self._unsure() if self._step is _Step.SENT else self._no_mail_server()
        sentence, hint = self._refused(code)
        whole = f"{code} {said.decode('ascii', 'replace')}"
        unfit = self._step is _Step.SENT and _ABOUT_THE_MESSAGE.fullmatch(whole)
        raise (Unfit if unfit else TurnedAway)(f"{self._where} {sentence} ({quoted})", hint)

    def _refused(self, code: int) -> tuple[str, str]:
        """What the server does not want, and what may help."""
        if code == 530 and self._step is not _Step.LOGIN:
            return "wants a login", "Give SYNCD_SMTP_USER and SYNCD_SMTP_PASSWORD."
        match self._step:
            case _Step.LOGIN:
                return "refuses the login", f"Check SYNCD_SMTP_USER and SYNCD_SMTP_PASSWORD. {_OF_AN_APP}"
            case _Step.SENDER:
                return (
                    f"refuses mail from {self._settings.sender}",
                    "Set SYNCD_EMAIL_FROM to an address from which it lets you send.",
                )
            case _Step.RECIPIENT:
                return (
                    "refuses mail to this address",
                    "Is it written right? A server that denies relaying wants SYNCD_SMTP_USER and SYNCD_SMTP_PASSWORD.",
                )
            case _Step.TEXT | _Step.SENT:
                return "refuses the mail", "What it says is its reason; the one who runs it knows more."
        return "does not want to talk to us", "Ask the one who runs it, or take the relay of your server's host."

    def _quoted(self, said: bytes) -> str:
        """What the server says, without what we told it in confidence; at the login nothing of it."""
        if self._step is _Step.LOGIN:
            return ""
        text = _one_line(said.decode("utf-8", "replace"))
        if self._settings.password is not None:
            for secret in (self._settings.password, _plain(self._settings.user or "", self._settings.password)):
                text = text.replace(_base64(secret), "***").replace(secret, "***")
        return text[:_LONGEST_QUOTE]

    def _not_reached(self, error: OSError, *, slow: bool) -> TryAgain:
        if isinstance(error, socket.gaierror):
            return TryAgain(f"nobody knows the address of {self._settings.host}", "Is SYNCD_SMTP_HOST written right?")
        if isinstance(error, ConnectionRefusedError):
            return TryAgain(f"{self._where} refuses the connection", self._other_way_in())
        if slow:
            others = " or ".join(f"SYNCD_SMTP_PORT={port}" for port in (587, 2525) if port != self._settings.port)
            return TryAgain(
                f"{self._where} does not answer; server hosts often block it",
                f"Try {others} (with starttls), or the relay of your server's host.",
            )
        return TryAgain(f"{self._where} cannot be reached ({error.strerror})", "Is this machine on the internet?")

    def _not_encrypted(self, error: ssl.SSLError) -> NotTold:
        if isinstance(error, ssl.SSLCertVerificationError):
            return TurnedAway(
                f"{self._where} shows a certificate that cannot be trusted ({error.verify_message.rstrip('.')})",
                "SYNCD_SMTP_HOST must be the name in it. Of an authority of your own: SYNCD_SMTP_CA_FILE.",
            )
        if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return TryAgain(f"{self._where} hung up while the encryption began", self._other_way_in())
        return TurnedAway(f"{self._where} does not encrypt as expected ({error.reason})", self._other_way_in())

    def _unsure(self) -> Unsure:
        return Unsure(f"{self._where} did not say whether it took the mail", "It is sent once more.")

    def _no_mail_server(self) -> TryAgain:
        return TryAgain(f"{self._where} does not talk as a mail server", self._other_way_in())

    def _other_way_in(self) -> str:
        """What to try where the port and the encryption may not belong together."""
        ways = [
            f"SYNCD_SMTP_SECURITY={one.value} with SYNCD_SMTP_PORT={one.port}"
            for one in (Security.STARTTLS, Security.TLS)
            if (one, one.port) != (self._settings.security, self._settings.port)
        ]
        return f"Try {' or '.join(ways)}."

    def _await_verdict(self) -> None:
        """From here on the server may take its time."""
        self._guard.cancel()
        self._until = time.monotonic() + self._verdict_s
        self._guard = self._cut_in(self._verdict_s)
        self._guard.start()
        assert self.sock is not None
        self.sock.settimeout(self._verdict_s)

    def _cut_in(self, wait_s: float) -> threading.Timer:
        guard = threading.Timer(wait_s, self._cut)
        guard.daemon = True
        return guard

    def _cut(self) -> None:
        if self._bare is not None:
            with suppress(OSError):  # it hung up in this moment
                self._bare.shutdown(socket.SHUT_RDWR)


def _where(settings: EmailSettings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def mail_of(part: Part, sender: str, recipient: str) -> bytes:
    """The mail as it travels; `sender` and `recipient` are mailboxes with their domain in ASCII."""
    mail = EmailMessage(policy=_POLICY.clone(utf8=not (sender + recipient).isascii()))
    mail["From"] = Address("syncd", *sender.rsplit("@", 1))
    mail["To"] = Address("", *recipient.rsplit("@", 1))
    mail["Date"] = part["date"]
    mail["Message-ID"] = part["message_id"]
    if part["thread"]:
        # Of a mail that was never sent: programs put all that refer to it into one thread.
        mail["In-Reply-To"] = mail["References"] = part["thread"]
    mail["Auto-Submitted"] = "auto-generated"  # no answers of people on holiday (RFC 3834)
    mail.set_content(part["text"])
    mail.add_alternative(part["html"], subtype="html")
    mail["Content-Language"] = part["language"]
    # By Python's older class: the newer one loses blanks where it folds a line in other letters.
    subject = Header(part["subject"], header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {subject}\r\n".encode() + mail.as_bytes()


def _thread_id(sender: str, thread: str) -> str:
    """The same for all mail of a thread. Short: mail programs stumble over ids that are folded."""
    return f"<{sha256(f'{sender} {thread}'.encode()).hexdigest()[:32]}@thread.syncd>"


def mailbox(address: str) -> str:
    """The address as mail servers know it: its domain in ASCII. Raises `UnicodeError` where that has none."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def _dotted(mail: bytes) -> bytes:
    """The mail as it follows DATA, with its end (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", mail).removesuffix(b"\r\n") + b"\r\n.\r\n"


def _one_line(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(sign) in _NOT_IN_A_LINE else sign for sign in text).split())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SUBJECT else f"{text[: _LONGEST_SUBJECT - 1]}…"


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half of a character, as a shop may send it, has no bytes


def _plain(user: str, password: str) -> str:
    return f"\0{user}\0{password}"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
