"""The shop's webhooks: set up, kept alive, and what a delivery says (woocommerce-facts §7).

The secret that signs is made from the consumer secret, so that nothing is to be stored, and every process that knows
the key can check a delivery. The shop never shows it: a webhook's name carries a fingerprint, so that those made with
another key are seen and replaced.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping

from connectors.contract import (
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    News,
    NotGenuine,
    Subscriptions,
    Unavailable,
    Unreadable,
)
from connectors.http import Answer
from connectors.woocommerce.client import Client, Gone, Row
from connectors.woocommerce.pages import Place, walk
from connectors.woocommerce.reading import whole

EVENTS = ("created", "updated", "deleted", "restored")
TOPICS = tuple(f"{what}.{event}" for what in ("order", "product") for event in EVENTS)

LARGEST_ID = 2**63  # of MySQL's bigint

_MARK = "syncd"
_TOPIC = re.compile(r"(?P<what>[a-z_]{1,40})\.[a-z_]{1,40}")
_DELIVERY_ID = re.compile(r"[!-~]{1,100}")
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


class Hooks:
    """The webhooks of one shop. `secret` is the consumer secret."""

    def __init__(self, client: Client, secret: str) -> None:
        self._client = client
        # Hexadecimal digits only: the shop decodes entities in it before it signs (woocommerce-facts §7).
        self._secret = hmac.new(secret.encode(), b"syncd webhooks", hashlib.sha256).hexdigest()
        self._fingerprint = hashlib.sha256(self._secret.encode()).hexdigest()[:10]
        client.transport.redactor.learn(self._secret)

    def __repr__(self) -> str:
        return "Hooks()"

    # ------------------------------------------------------------------ setting up

    def subscribe(self, address: str) -> Subscriptions:
        """As `NewsSource.subscribe`.

        What was switched off is made anew: the shop goes on counting its failures when it is set active again, and
        the next one would switch it off. The new one is made before the old one goes, so that none is missed.
        """
        ours = self._ours(address)
        made: list[str] = []
        revived: list[str] = []
        standing: list[str] = []
        for topic in TOPICS:
            rows = [row for row in ours if row.get("topic") == topic]
            right = [row for row in rows if row.get("status") == "active" and row["name"] == self._name(topic)]
            if right:
                standing.append(topic)
            else:
                self._make(topic, address)
                off = any(row.get("status") != "active" for row in rows)
                (revived if off else made).append(topic)
            for row in rows:
                if row not in right[:1]:
                    self._remove(row)
        return Subscriptions(tuple(standing), tuple(made), tuple(revived))

    def unsubscribe(self, address: str) -> int:
        """As `NewsSource.unsubscribe`."""
        ours = self._ours(address)
        for row in ours:
            self._remove(row)
        return len(ours)

    def _name(self, topic: str) -> str:
        return f"{_MARK} {topic} {self._fingerprint}"

    def _ours(self, address: str) -> list[Row]:
        """The webhooks to this address that syncd made, with whatever key."""
        try:
            rows = [row for page in walk(self._client, "webhooks", Place()) for row in page.rows]
        except CredentialsRejected as refused:
            raise self._not_allowed(refused) from None
        return [
            row for row in rows if row.get("delivery_url") == address and str(row.get("name")).startswith(f"{_MARK} ")
        ]

    def _make(self, topic: str, address: str) -> None:
        wish = {"name": self._name(topic), "topic": topic, "delivery_url": address, "secret": self._secret}
        try:
            answer = self._client.post("webhooks", wish)
            if answer.status == 201 and self._is(answer.json(), topic):
                return
        except InDoubt as doubt:
            # If it was made all the same, the next look finds it, or takes the double away.
            raise Unavailable(str(doubt), hint=doubt.hint) from None
        if answer.status < 400:
            raise Unreadable("The shop's answer to a new webhook has another shape than known.", sample=answer.sample)
        raise self._refused(answer)

    @staticmethod
    def _is(row: object, topic: str) -> bool:
        return isinstance(row, dict) and row.get("topic") == topic and row.get("status") == "active"

    def _remove(self, row: Row) -> None:
        answer = self._client.delete(f"webhooks/{row['id']}", force="true")
        if answer.status != 200 and not isinstance(self._client.refusal(answer), Gone):
            raise self._refused(answer)

    def _refused(self, answer: Answer) -> ConnectorError:
        refusal = self._client.refusal(answer)
        if isinstance(refusal, CredentialsRejected):
            return self._not_allowed(refusal)
        return Unavailable(f"The shop does not take the webhook: {refusal}", hint="Polling goes on meanwhile.")

    @staticmethod
    def _not_allowed(refused: CredentialsRejected) -> CredentialsRejected:
        return CredentialsRejected(
            f"Webhooks cannot be set up. {refused}",
            hint="In the shop: WooCommerce > Settings > Advanced > REST API > the key > Permissions: Read/Write; its "
            "user must be an administrator or a shop manager.",
        )

    # ------------------------------------------------------------------ listening

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        """As `NewsSource.news`. The ping of a new webhook is the one delivery that the shop does not sign."""
        signature = headers.get("x-wc-webhook-signature")
        topic = headers.get("x-wc-webhook-topic")
        if signature is None and topic is None and _PING.fullmatch(body):
            return None
        if signature is None or not self._signed(signature, body):
            raise NotGenuine("A delivery is not signed by this shop.")
        delivery_id = headers.get("x-wc-webhook-delivery-id", "")
        known = _TOPIC.fullmatch(topic or "")
        if known is None or not _DELIVERY_ID.fullmatch(delivery_id):
            raise NotGenuine("A delivery of the shop does not say what it is about.")
        if known["what"] not in ("order", "product"):
            return None
        # WooCommerce makes its ids of the webhook and the second: two orders of one second have the same one.
        delivery_id = f"{delivery_id}-{hashlib.sha256(body).hexdigest()[:16]}"
        told = _object(body)
        # Where the thing is gone by now, the shop delivers its own refusal, without an id.
        id_ = _id(told["id"]) if "id" in told else None
        if known["what"] == "order":
            return News(delivery_id, known[0], order_id=id_)
        return News(delivery_id, known[0], listing_id=id_, shown=_shown(told))

    def _signed(self, signature: str, body: bytes) -> bool:
        made = b64encode(hmac.new(self._secret.encode(), body, hashlib.sha256).digest())
        return hmac.compare_digest(made, signature.encode(errors="replace"))


def _object(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise NotGenuine("A delivery of the shop is not readable.")
    return told


def _id(value: object) -> str:
    if type(value) is not int or not 0 < value < LARGEST_ID:
        raise NotGenuine("A delivery of the shop names nothing that can be read.")
    return str(value)


def _shown(told: Mapping[str, object]) -> int | None:
    """Units that the listing shows; ``None`` where it does not count, or its product counts for it."""
    return whole(told.get("stock_quantity")) if told.get("manage_stock") is True else None
