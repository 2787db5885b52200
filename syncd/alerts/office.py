"""The ways out of the house: everybody who is told, made from the settings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from connectors.contract import Finding, Level
from syncd.alerts import others
from syncd.alerts.email import EmailNotifier, mailbox
from syncd.alerts.notifier import Notifier
from syncd.alerts.others import AppriseNotifier
from syncd.alerts.settings import AlertSettings
from syncd.alerts.slack import SlackNotifier

_CHECK_PATIENCE_S = 8


def notifiers(settings: AlertSettings) -> tuple[Notifier, ...]:
    """Every target that an alert can go to: Slack, each service of Apprise, each address. Mail comes last: its servers
    are the slowest to say that they are not there."""
    email = settings.email
    found: list[Notifier] = [SlackNotifier(settings.slack_url)] if settings.slack_url else []
    found += _through_apprise(settings)
    found += [EmailNotifier(email, address) for address in email.recipients] if email else []
    return tuple(found)


def domain(settings: AlertSettings) -> str:
    """How the Message-IDs of what is sent end: in the sender's domain as mail servers know it."""
    return mailbox(settings.email.sender).rpartition("@")[2] if settings.email is not None else "syncd"


def _through_apprise(settings: AlertSettings) -> list[AppriseNotifier]:
    urls = settings.apprise_urls
    return [AppriseNotifier(url, name) for url, name in zip(urls, others.names(urls), strict=True)]


def findings(settings: AlertSettings) -> list[tuple[str, Finding]]:
    """What `syncd check` says of them; nothing is sent. All addresses have one mail server, which is asked once."""
    checks: list[tuple[str, Callable[[], Finding]]] = []
    if settings.email:
        patience_s = _CHECK_PATIENCE_S
        post = EmailNotifier(
            settings.email, settings.email.recipients[0], patience_s=patience_s, limit_s=2 * patience_s
        )
        checks.append(("email", post.check))
    if settings.slack_url:
        checks.append(("slack", SlackNotifier(settings.slack_url, timeout_s=_CHECK_PATIENCE_S).check))
    checks += [(one.name, one.check) for one in _through_apprise(settings)]
    if not checks:
        silent = Finding(
            Level.WARN,
            "nobody is told: there is neither an address nor Slack",
            "Give SYNCD_EMAIL_TO and SYNCD_SMTP_HOST, or SYNCD_SLACK_WEBHOOK_URL.",
        )
        return [("alerts", silent)]
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        found = list(pool.map(lambda check: check[1](), checks))
    return [(name, finding) for (name, _), finding in zip(checks, found, strict=True)]
