"""The shop's webhook subscriptions: made, looked after, taken away (shopify-facts §5).

A subscription belongs to the app that made it; others of the same app go to other addresses. Shopify has no state of
being switched off: after failures in a row it deletes the subscription.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.contract import CredentialsRejected, InDoubt, Subscriptions, Unavailable
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE
from connectors.shopify.reading import Misread, field, listed, next_page, text
from connectors.shopify.settings import Settings

# What is delivered of each: ids and times, nothing about customers.
_ORDER = ("id", "updated_at")
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ORDERS_CREATE": _ORDER,
    "ORDERS_UPDATED": _ORDER,
    "ORDERS_CANCELLED": _ORDER,
    "ORDERS_EDITED": ("order_edit",),  # the order's id stands inside
    "ORDERS_DELETE": ("id",),
    "REFUNDS_CREATE": ("id", "order_id"),
    "INVENTORY_LEVELS_UPDATE": ("inventory_item_id", "location_id", "available", "updated_at"),
    "APP_UNINSTALLED": ("id",),
}

_TAKEN = "already been taken"
_GONE = "does not exist"


@dataclass(frozen=True, slots=True)
class _Found:
    gid: str
    topic: str
    right: bool


def subscribe(admin: Admin, settings: Settings, address: str) -> Subscriptions:
    """As `NewsSource.subscribe`. A subscription that delivers other fields is made anew.

    Raises:
        CredentialsRejected: also where the app's secret is not set, without which no delivery could be checked.
    """
    if settings.signing_key is None:
        raise CredentialsRejected(
            f"{settings.channel} has a fixed token and no secret to check webhooks with.",
            hint=f"Set {settings.key('WEBHOOK_SECRET')} to the API secret key of the app (Shopify admin > Settings > "
            "Apps > Develop apps > your app > API credentials).",
        )
    ours = {one.topic: one for one in _ours(admin, address)}
    standing = [topic for topic in FIELDS if topic in ours and ours[topic].right]
    wrong = [ours[topic] for topic in FIELDS if topic in ours and not ours[topic].right]
    for one in wrong:
        _remove(admin, settings, one)
    missing = [topic for topic in FIELDS if topic not in standing]
    for topic in missing:
        _make(admin, settings, topic, address)
    return Subscriptions(tuple(standing), made=tuple(missing))


def unsubscribe(admin: Admin, settings: Settings, address: str) -> int:
    """As `NewsSource.unsubscribe`."""
    ours = _ours(admin, address)
    for one in ours:
        _remove(admin, settings, one)
    return len(ours)


def _ours(admin: Admin, address: str) -> list[_Found]:
    found: list[_Found] = []
    after: str | None = None
    while True:
        data = admin.ask(SUBSCRIPTIONS, {"uri": address, "after": after})
        try:
            connection = field(data, "webhookSubscriptions")
            found += [_read(node) for node in listed(connection, "nodes") if field(node, "uri") == address]
            after = next_page(connection, after)
        except Misread as misread:
            raise unreadable(misread) from None
        if after is None:
            return found


def _read(node: object) -> _Found:
    topic = text(node, "topic")
    whole = text(node, "format") == "JSON" and not field(node, "filter")
    fields = {str(name) for name in listed(node, "includeFields")}
    return _Found(text(node, "id"), topic, right=whole and fields == set(FIELDS.get(topic, ())))


def _make(admin: Admin, settings: Settings, topic: str, address: str) -> None:
    wish = {"uri": address, "format": "JSON", "includeFields": list(FIELDS[topic])}
    _change(admin, settings, SUBSCRIBE, {"topic": topic, "subscription": wish}, harmless=_TAKEN)


def _remove(admin: Admin, settings: Settings, one: _Found) -> None:
    _change(admin, settings, UNSUBSCRIBE, {"id": one.gid}, harmless=_GONE)


def _change(admin: Admin, settings: Settings, document: str, variables: Mapping[str, object], *, harmless: str) -> None:
    """Sends a mutation whose repetition is refused with the `harmless` sentence: what was lost may be sent again."""
    try:
        errors = listed(admin.change(document, variables), "userErrors")
        said = [text(error, "message") for error in errors]
    except InDoubt as doubt:
        raise Unavailable(str(doubt), hint=doubt.hint) from None
    except Misread as misread:
        raise unreadable(misread) from None
    if others := [sentence for sentence in said if harmless not in sentence]:
        raise Unavailable(
            f"Shopify does not take a webhook of {settings.channel}: {' '.join(others)[:200]}",
            hint="Is the address https, and may the app read orders and inventory? Polling goes on meanwhile.",
        )
