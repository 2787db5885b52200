"""Webhooks of the shop in RAM: who subscribed to what, and what was delivered."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from connectors.contract import News, NotGenuine

TOPICS = ("order", "listing")
SIGNATURE = "x-memory-signature"


@dataclass
class Subscription:
    """`owner` made it. One that is not `active` was switched off by the shop."""

    address: str
    topic: str
    owner: str
    active: bool = True


@dataclass(frozen=True)
class Delivered:
    """One delivery, as it went to `address`."""

    address: str
    headers: dict[str, str]
    body: bytes


class Hooks:
    """The subscriptions of one shop, and its deliveries so far. `secret` signs."""

    def __init__(self, secret: Callable[[], str]) -> None:
        self.subscriptions: list[Subscription] = []
        self.delivered: list[Delivered] = []
        self._secret = secret
        self._numbers = count(1)

    def tell(self, topic: str, id_: str, shown: int | None = None) -> None:
        """Something happened to an order or a listing."""
        body = json.dumps({"id": id_, "shown": shown}).encode()
        for one in self.subscriptions:
            if one.active and one.topic == topic:
                headers = {
                    "x-memory-delivery": str(next(self._numbers)),
                    "x-memory-topic": topic,
                    SIGNATURE: signature(self._secret(), body),
                }
                self.delivered.append(Delivered(one.address, headers, body))


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def news(secret: str, headers: Mapping[str, str], body: bytes) -> News:
    """What a delivery says.

    Raises:
        NotGenuine: it is not signed with `secret`, or not readable.
    """
    given = headers.get(SIGNATURE, "").encode(errors="replace")
    if not hmac.compare_digest(signature(secret, body).encode(), given):
        raise NotGenuine("A delivery is not signed by the memory shop.")
    try:
        told = json.loads(body)
        delivery_id, topic = headers["x-memory-delivery"], headers["x-memory-topic"]
        id_, shown = str(told["id"]), told["shown"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise NotGenuine("A delivery of the memory shop is not readable.") from None
    if topic == "order":
        return News(delivery_id, topic, order_id=id_)
    return News(delivery_id, topic, listing_id=id_, shown=shown)
