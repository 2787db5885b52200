"""The shop's webhooks: what happens becomes deliveries, and their failures switch webhooks off (woocommerce-facts §7).

Delivery is asynchronous as in production: due some time after the event, equal ones that wait are merged, and the body
is built when it goes out. Nothing is tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from syncd.sandbox.deliveries import Deliveries, Delivery, Message
from syncd.sandbox.woocommerce.model import Webhook
from syncd.sandbox.woocommerce.rest import Body
from syncd.sandbox.woocommerce.wire import order_json, product_json

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

MOST_FAILURES = 5  # WooCommerce switches off what fails when more than these are counted

_delay = Random()  # noqa: S311 - how long a delivery takes is no secret


def within_a_minute() -> timedelta:
    """How long Action Scheduler may take: it runs once a minute at most."""
    return timedelta(seconds=_delay.uniform(0, 60))


class Webhooks:
    """The webhooks of one shop, and their deliveries. Under the shop's lock, except while one is posted."""

    def __init__(self, shop: WooShop, delay: Callable[[], timedelta]) -> None:
        self.deliveries = Deliveries()
        self.by_id: dict[int, Webhook] = {}
        self._shop = shop
        self._delay = delay
        self._last_id = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def tell(self, topic: str, object_id: int) -> None:
        """Something happened to an order or a product."""
        for hook in self.by_id.values():
            if hook.topic == topic and hook.status == "active":
                delivery = Delivery(
                    lambda hook_id=hook.id: self._message(hook_id, object_id),  # type: ignore[misc]  # binds the id
                    lambda status, hook_id=hook.id: self._settle(hook_id, status),  # type: ignore[misc]  # as above
                    key=(hook.id, object_id),
                )
                self.deliveries.put(delivery, self._shop.instant() + self._delay())

    def ping(self, hook: Webhook) -> None:
        """The sign of life to a new address: a form, without a signature; its answer counts for nothing."""
        headers = {"User-Agent": self._agent(), "Content-Type": "application/x-www-form-urlencoded"}
        message = Message(hook.url, headers, f"webhook_id={hook.id}".encode())
        self.deliveries.put(Delivery(lambda: message, lambda _: None), self._shop.instant())

    def _message(self, hook_id: int, object_id: int) -> Message | None:
        with self._shop.lock:
            hook = self.by_id.get(hook_id)
            if hook is None or hook.status != "active":
                return None
            body = json.dumps(self._body(hook, object_id), separators=(",", ":")).encode()
            return Message(hook.url, self._headers(hook, body), body)

    def _body(self, hook: Webhook, object_id: int) -> Body:
        """The object as REST shows it now; where it is gone, REST's own refusal (WooCommerce encodes that too)."""
        if hook.event == "deleted":
            return {"id": object_id}
        if hook.resource == "order" and (order := self._shop.orders.get(object_id)):
            return order_json(self._shop, hook.site, order)
        if hook.resource == "product" and (product := self._shop.products.get(object_id)):
            return product_json(self._shop, hook.site, product)
        code = (
            "woocommerce_rest_shop_order_invalid_id"
            if hook.resource == "order"
            else "woocommerce_rest_product_invalid_id"
        )
        return {"code": code, "message": "Invalid ID.", "data": {"status": 404}}

    def _headers(self, hook: Webhook, body: bytes) -> Mapping[str, str]:
        return {
            "User-Agent": self._agent(),
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{hook.site}/",
            "X-WC-Webhook-Topic": hook.topic,
            "X-WC-Webhook-Resource": hook.resource,
            "X-WC-Webhook-Event": hook.event,
            "X-WC-Webhook-Signature": signature(hook.secret, body),
            "X-WC-Webhook-ID": str(hook.id),
            # wp_hash of id and second (WC_Webhook::get_new_delivery_id): what is delivered in one second shares it.
            "X-WC-Webhook-Delivery-ID": _delivery_id(hook.id, self._shop.now()),
        }

    def _agent(self) -> str:
        return f"WooCommerce/{self._shop.version} Hookshot (WordPress/6.9.1)"

    def _settle(self, hook_id: int, status: int | None) -> None:
        with self._shop.lock:
            hook = self.by_id.get(hook_id)
            if hook is None:
                return
            if status is not None and (200 <= status < 300 or status in (301, 302)):
                hook.failures = 0
            elif hook.failures > MOST_FAILURES:
                hook.status, hook.modified = "disabled", self._shop.now()
            else:
                hook.failures += 1


def signature(secret: str, body: bytes) -> str:
    """What X-WC-Webhook-Signature holds. The secret's entities are decoded first (``wp_specialchars_decode``)."""
    return b64encode(hmac.new(html.unescape(secret).encode(), body, hashlib.sha256).digest()).decode()


def _delivery_id(hook_id: int, now: datetime) -> str:
    made_of = f"{hook_id}{int(now.timestamp())}"
    return hashlib.md5(made_of.encode(), usedforsecurity=False).hexdigest()
