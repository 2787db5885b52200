"""The shop's webhooks: what happens becomes deliveries to the app, tried again and given up (shopify-facts §5).

The body says how things stood at the event, however late it comes. A retry has the same body, address and webhook id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from syncd.sandbox.deliveries import Deliveries, Delivery, Message

if TYPE_CHECKING:
    from syncd.sandbox.shopify.catalogue import Catalogue
    from syncd.sandbox.shopify.model import Subscription

RETRIES = 8
FAILURES_TO_DELETION = 8
# 8 retries, each twice as long after the one before, come to 3 h 58 min: "8 retries in 4 hours" (the times themselves
# are not known, shopify-facts §10).
FIRST_RETRY = timedelta(seconds=56)
UNINSTALLED = "APP_UNINSTALLED"

_delay = Random()  # noqa: S311 - how long a delivery takes is no secret


def within_seconds() -> timedelta:
    """How long a delivery takes until it is tried first; Shopify promises nothing."""
    return timedelta(seconds=_delay.uniform(0, 5))


@dataclass(slots=True)
class Webhooks:
    """The subscriptions that the shop's app has made by API, and their deliveries. Under the shop's lock, except while
    one is posted.

    `delay` says, for each delivery, how long after its event it is due. `secret` is the app's client secret, asked at
    each event.
    """

    shop: Catalogue
    delay: Callable[[], timedelta] = within_seconds
    secret: Callable[[], str] = field(default=lambda: "", repr=False)
    api_version: str = ""
    deliveries: Deliveries = field(default_factory=Deliveries)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)

    def tell(self, topic: str, body: Callable[[], Mapping[str, Any]]) -> None:
        """Something happened; `body` is made where anybody wants to hear of it."""
        listening = [one for one in self.subscriptions.values() if one.topic == topic]
        if not listening:
            return
        whole, event_id, now = body(), str(uuid.uuid4()), self.shop.clock()
        for one in listening:
            told = {key: value for key, value in whole.items() if key in (one.include_fields or whole)}
            message = self._message(one, json.dumps(told, separators=(",", ":")).encode(), event_id, now)
            self._put(one, message, now + self.delay(), tries=1)

    def uninstalled(self, body: Callable[[], Mapping[str, Any]]) -> None:
        """The app is gone: it is told, and its subscriptions go with it."""
        self.tell(UNINSTALLED, body)
        self.subscriptions.clear()

    def _message(self, one: Subscription, body: bytes, event_id: str, at: datetime) -> Message:
        resource, _, event = one.topic.lower().rpartition("_")
        digest = hmac.new(self.secret().encode(), body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": f"{resource}/{event}",
            "X-Shopify-Hmac-Sha256": b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": self.shop.domain,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return Message(one.uri, headers, body)

    def _put(self, one: Subscription, message: Message, due_at: datetime, *, tries: int) -> None:
        def now() -> Message | None:
            with self.shop.lock:
                return message if self._lives(one) else None

        self.deliveries.put(Delivery(now, lambda status: self._settle(one, message, status, tries)), due_at)

    def _lives(self, one: Subscription) -> bool:
        return one.number in self.subscriptions or one.topic == UNINSTALLED

    def _settle(self, one: Subscription, message: Message, status: int | None, tries: int) -> None:
        with self.shop.lock:
            if status is not None and 200 <= status < 300:
                one.failures = 0
                return
            one.failures += 1
            if one.failures >= FAILURES_TO_DELETION:
                self.subscriptions.pop(one.number, None)
            elif tries <= RETRIES:
                wait = FIRST_RETRY * 2 ** (tries - 1)
                self._put(one, message, self.shop.clock() + wait, tries=tries + 1)
