"""What the lines about alerts mean together: whom to tell, by which ways, and what does not fit."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from typing import Any

from syncd.alerts import others
from syncd.alerts.settings import AlertSettings, EmailSettings, Security
from syncd.domain.routing import Digest, Routes, Schedule
from syncd.settings_routes import APPRISE, EMAIL, SLACK, resolved
from syncd.settings_values import email_address

Tell = Callable[[str, str], None]

_OF_MAIL = ("SMTP_USER", "SMTP_PASSWORD", "SMTP_PORT", "SMTP_SECURITY", "SMTP_CA_FILE", "EMAIL_FROM")
_WHERE = {
    EMAIL: "SYNCD_EMAIL_TO",
    SLACK: "SYNCD_SLACK_WEBHOOK_URL",
    APPRISE: "SYNCD_APPRISE_URLS",
}


def of_house(value: Mapping[str, Any], given: Set[str], problem: Tell) -> AlertSettings:
    """The settings of alerts out of all values of the house, parsed. `given` are the keys that the owner gave;
    `problem` is told of each thing that does not fit, with the way out."""
    addresses: tuple[str, ...] = value["EMAIL_TO"] or ()
    _mail_is_whole(given, problem)
    members = {
        EMAIL: addresses,
        SLACK: (SLACK,) if value["SLACK_WEBHOOK_URL"] else (),
        APPRISE: others.names(value["APPRISE_URLS"] or ()),
    }
    everybody = tuple(name for names in members.values() for name in names)

    def missing(word: str) -> None:
        key = _WHERE.get(word, _WHERE[EMAIL])
        if key not in given:
            problem(f"SYNCD_ROUTES sends to {word}, and {key} is not given.", f"Give {key}, or change the route.")

    routes = resolved(value["ROUTES"] or (), members, missing)
    routed = tuple(name for route in routes for name in route.targets if "@" in name)
    return AlertSettings(
        email=_email(value, tuple(dict.fromkeys((*addresses, *routed))), problem),
        slack_url=value["SLACK_WEBHOOK_URL"],
        apprise_urls=value["APPRISE_URLS"] or (),
        routes=Routes(everybody, routes),
        schedule=Schedule(
            at_once=value["AT_ONCE"] or (),
            digest=value["DIGEST"] or Digest(),
            quiet=value["QUIET_HOURS"],
            quiet_except=value["QUIET_EXCEPT"] or (),
            daily_line=value["DAILY_LINE"],
        ),
        dead_after=value["DEAD_AFTER"],
        overstock_after=value["OVERSTOCK_AFTER"],
        order_for=value["ORDER_FOR"],
    )


def _mail_is_whole(given: Set[str], problem: Tell) -> None:
    """Mail takes an address and a server; a login takes a user and a password."""
    has = {key for key in ("EMAIL_TO", "SMTP_HOST", *_OF_MAIL) if f"SYNCD_{key}" in given}
    if "EMAIL_TO" in has and "SMTP_HOST" not in has:
        problem("SYNCD_EMAIL_TO is given, and no mail server.", "Give SYNCD_SMTP_HOST, or delete SYNCD_EMAIL_TO.")
    elif "SMTP_HOST" in has and "EMAIL_TO" not in has:
        problem("SYNCD_SMTP_HOST is given, and nobody to write to.", "Give SYNCD_EMAIL_TO, or delete SYNCD_SMTP_HOST.")
    elif "SMTP_HOST" not in has and (alone := [key for key in _OF_MAIL if key in has]):
        problem(f"SYNCD_{alone[0]} is given, and no mail server.", "Give SYNCD_SMTP_HOST and SYNCD_EMAIL_TO.")
    if "SMTP_PASSWORD" in has and "SMTP_USER" not in has:
        problem("SYNCD_SMTP_PASSWORD is given, and no user.", "Give SYNCD_SMTP_USER.")
    if "SMTP_USER" in has and "SMTP_PASSWORD" not in has:
        problem("SYNCD_SMTP_USER is given, and no password.", "Give SYNCD_SMTP_PASSWORD, or delete SYNCD_SMTP_USER.")


def _email(value: Mapping[str, Any], recipients: tuple[str, ...], problem: Tell) -> EmailSettings | None:
    host, port, user = value["SMTP_HOST"], value["SMTP_PORT"], value["SMTP_USER"]
    if not host or not value["EMAIL_TO"]:
        return None
    implied = Security.TLS if port == Security.TLS.port else Security.STARTTLS
    security = Security(value["SMTP_SECURITY"] or implied)
    settings = EmailSettings(
        host=host,
        port=port or security.port,
        security=security,
        sender=value["EMAIL_FROM"] or _sender(host, user, value["EMAIL_TO"][0]),
        recipients=recipients,
        user=user,
        password=value["SMTP_PASSWORD"],
        ca_file=value["SMTP_CA_FILE"],
    )
    if settings.exposes_password:
        problem(
            "SYNCD_SMTP_SECURITY=none would send your password for everybody on the way to read.",
            "Take starttls or tls, or a mail server on this machine.",
        )
    return settings


def _sender(host: str, user: str | None, recipient: str) -> str:
    """An address from which the server most likely lets us send."""
    with suppress(ValueError):
        return email_address(user or "")
    labels = host.split(".")
    if len(labels) == 1 or _is_number(host):
        return f"syncd@{recipient.rpartition('@')[2]}"
    return f"syncd@{'.'.join(labels[1:] if len(labels) > 2 else labels)}"


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
