"""Tells that the service has stopped without the master table, which may be why it has (N48)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

from syncd.alerts import office
from syncd.alerts.letter import Item, Letter
from syncd.alerts.notifier import Envelope, Message, Notifier, NotTold, Unsure
from syncd.alerts.rendering import render
from syncd.alerts.settings import AlertSettings
from syncd.domain.alerts import Event, Rule
from syncd.domain.said import Said

_BY_HAND = 0  # no alert of the table, which could be read or put off, has this number


def tell_stopped(
    settings: AlertSettings, what: Said, hint: Said, *, language: str, zone: ZoneInfo, now: datetime
) -> list[tuple[str, NotTold | None]]:
    """Tell everybody who is told when the service stops, all at the same time, now; by their names why one was not.

    It is not remembered: who calls twice tells twice.
    """
    item = Item(_BY_HAND, Rule.STOPPED, Event.RAISED, since=now, what=what, hint=hint)
    message = render(Letter(now, (item,)), language=language, zone=zone, today=now.astimezone(zone).date())
    envelope = Envelope(f"<{uuid.uuid4().hex}@{office.domain(settings)}>")
    wanted = settings.routes.of(Rule.STOPPED, None)
    told = [one for one in office.notifiers(settings) if one.name in wanted]
    return _all_told(told, message, envelope)


def _all_told(notifiers: Sequence[Notifier], message: Message, envelope: Envelope) -> list[tuple[str, NotTold | None]]:
    if not notifiers:
        return []
    with ThreadPoolExecutor(max_workers=len(notifiers)) as pool:
        failures = pool.map(lambda one: _failure(one, message, envelope), notifiers)
        return [(one.name, failure) for one, failure in zip(notifiers, failures, strict=True)]


def _failure(notifier: Notifier, message: Message, envelope: Envelope) -> NotTold | None:
    try:
        for part in notifier.parts(message, envelope):
            notifier.send(part)
    except NotTold as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are told
        return Unsure(f"something unexpected ({type(error).__name__})")
    return None
