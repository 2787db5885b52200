"""A real mail server on loopback, with STARTTLS, TLS or neither, with a login, and as unfriendly as a test wants."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from syncd.alerts.settings import EmailSettings, Security
from tests.alerts.wire_kit import refusing_port

USER, PASSWORD = "alerts@shop.example", "pass wörd's-planted"
DROP, STALL = "drop", "stall"


@dataclass(frozen=True)
class Received:
    """A mail as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    encrypted: bool
    user: str | None
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def body(self, kind: str) -> str:
        """The text of the part "plain" or "html"."""
        part = self.mail.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class Authority:
    """A throw-away authority, and a certificate of it for this machine or for `host`."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        authority = trustme.CA()
        self.file = str(folder / f"ca of {host}.pem")
        authority.cert_pem.write_to_path(self.file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(self.context)


@dataclass
class MailServer:
    """Takes mail on 127.0.0.1 while it is entered.

    `login`: who may send; without it everybody. `replies` are its words instead of yes, by command: MAIL, RCPT, AUTH,
    DATA (after the text); `DROP` and `STALL` after the text break off and never answer. They may be changed
    between mails.
    """

    security: Security = Security.NONE
    authority: Authority | None = None
    login: tuple[str, str] | None = None
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    utf8: bool = True
    replies: Mapping[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    logins: int = 0
    port: int = 0
    _controller: Controller | None = None
    _closing: asyncio.Event | None = None

    def settings(self, *recipients: str, **changed: Any) -> EmailSettings:
        """Settings with which this server takes mail."""
        user, password = self.login or (None, None)
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": self.security,
            "sender": "alerts@shop.example",
            "recipients": recipients,
            "user": user,
            "password": password,
            "ca_file": self.authority.file if self.authority else None,
        }
        return EmailSettings(**(given | changed))

    def __enter__(self) -> Self:
        context = self.authority.context if self.authority else None
        self.port = self.port or refusing_port()
        self._controller = Controller(
            self,
            "127.0.0.1",
            self.port,
            ssl_context=context if self.security is Security.TLS else None,
            tls_context=context if self.security is Security.STARTTLS else None,
            require_starttls=self.security is Security.STARTTLS,
            auth_require_tls=self.security is Security.STARTTLS,
            auth_exclude_mechanism={"PLAIN", "LOGIN"} - set(self.mechanisms),
            authenticator=self._may_enter if self.login else None,
            enable_SMTPUTF8=self.utf8,
            server_hostname="mail.example",
        )
        self._controller.start()
        self._closing = asyncio.Event()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._controller is not None
        assert self._closing is not None
        self._controller.loop.call_soon_threadsafe(self._closing.set)
        self._controller.stop()

    def _may_enter(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, told: object
    ) -> AuthResult:
        assert isinstance(told, LoginPassword)
        self.logins += 1
        known = (told.login.decode(), told.password.decode()) == self.login
        return AuthResult(success=known, handled=False, auth_data=told)

    # ---- aiosmtpd's hooks

    async def handle_AUTH(self, server: SMTP, session: Session, envelope: Envelope, args: list[str]) -> Any:  # noqa: N802
        return self.replies.get("AUTH", MISSING)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.replies.get("DATA", "250 OK")
        if reply[0] in "2ds":
            self._keep(session, envelope)
        if reply == DROP:
            assert server.transport is not None
            server.transport.abort()
        if reply == STALL:
            assert self._closing is not None
            await self._closing.wait()
        return reply

    def _keep(self, session: Session, envelope: Envelope) -> None:
        user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else None
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        self.received.append(
            Received(
                sender=envelope.mail_from,
                recipients=tuple(str(one) for one in envelope.rcpt_tos),
                options=tuple(envelope.mail_options),
                encrypted=session.ssl is not None or self.security is Security.TLS,
                user=user,
                raw=envelope.content,
            )
        )
