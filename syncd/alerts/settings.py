"""What the owner set about alerts: whom to tell, how, when, and from where on stock is slow (first-hour.md)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from syncd.domain.routing import Routes, Schedule


class Security(StrEnum):
    """How the connection to the mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"

    @property
    def port(self) -> int:
        """The port that is meant where none is given."""
        return {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}[self]


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The mail server and what is sent by it. `recipients`: each address that any alert can go to, as it was typed.

    `ca_file`: certificates to trust instead of the usual ones. `user` and `password` are given together or not at all.
    """

    host: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    @property
    def exposes_password(self) -> bool:
        """True where the password would travel over a network as it is."""
        return self.password is not None and self.security is Security.NONE and not is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All that is set about alerts. `order_for`: how long an order should last beyond its lead time."""

    email: EmailSettings | None = None
    slack_url: str | None = field(default=None, repr=False)
    apprise_urls: tuple[str, ...] = field(default=(), repr=False)
    routes: Routes = Routes()
    schedule: Schedule = Schedule()
    dead_after: timedelta = timedelta(days=180)
    overstock_after: timedelta = timedelta(days=365)
    order_for: timedelta = timedelta(days=30)


def is_loopback(host: str) -> bool:
    """True for this machine itself, by its usual names."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
