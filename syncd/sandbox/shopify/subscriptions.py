"""The queries and mutations of webhook subscriptions. A `filter` is kept and not obeyed: all is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.shopify.asked import Asked
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import Subscription
from syncd.sandbox.shopify.pages import connection
from syncd.sandbox.shopify.queries import rows


def listed(_: object, call: Call) -> dict[str, Any]:
    topics, uri = call.arguments.get("topics"), call.arguments.get("uri")
    found = [
        one
        for one in call.request.shop.webhooks.subscriptions.values()
        if one.topic in (topics or [one.topic]) and uri in (None, one.uri)
    ]
    return connection(rows(found), call)


def api_version(_: object, call: Call) -> dict[str, Any]:
    newest = call.request.supported_versions[-1]
    return {"handle": newest, "displayName": newest, "supported": True}


def create(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    topic, wish = call.arguments["topic"], call.arguments["webhookSubscription"]
    if errors := _errors(asked, topic, wish.get("uri") or ""):
        return {"webhookSubscription": None, "userErrors": errors}
    now = asked.shop.now()
    made = Subscription(number=asked.shop.number(), created_at=now, updated_at=now, topic=topic, uri=wish["uri"])
    _change(made, wish)
    asked.shop.webhooks.subscriptions[made.number] = made
    return {"webhookSubscription": made, "userErrors": []}


def update(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    found: Subscription | None = asked.find(call.arguments["id"], "WebhookSubscription")
    wish = call.arguments["webhookSubscription"]
    if not found:
        return {
            "webhookSubscription": None,
            "userErrors": [user_error(None, "Webhook subscription does not exist", "id")],
        }
    uri = wish.get("uri", found.uri)
    if uri != found.uri and (errors := _errors(asked, found.topic, uri)):
        return {"webhookSubscription": None, "userErrors": errors}
    _change(found, wish)
    found.updated_at = asked.shop.now()
    return {"webhookSubscription": found, "userErrors": []}


def delete(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    found: Subscription | None = asked.find(call.arguments["id"], "WebhookSubscription")
    if not found:
        errors = [user_error(None, "Webhook subscription does not exist", "id")]
        return {"deletedWebhookSubscriptionId": None, "userErrors": errors}
    del asked.shop.webhooks.subscriptions[found.number]
    return {"deletedWebhookSubscriptionId": found.id, "userErrors": []}


def _change(one: Subscription, wish: Mapping[str, Any]) -> None:
    one.uri = wish.get("uri", one.uri)
    one.format = wish.get("format") or one.format
    one.filter = wish.get("filter", one.filter)
    one.include_fields = wish.get("includeFields", one.include_fields)
    one.metafield_namespaces = wish.get("metafieldNamespaces", one.metafield_namespaces)


def _errors(asked: Asked, topic: str, uri: str) -> list[dict[str, Any]]:
    where = ("webhookSubscription", "callbackUrl")
    if not uri:
        return [user_error(None, "Address can't be blank", *where)]
    protocol = uri.partition("://")[0]
    if protocol != "https":
        return [user_error(None, f"Address protocol {protocol}:// is not supported", *where)]
    if any(one.topic == topic and one.uri == uri for one in asked.shop.webhooks.subscriptions.values()):
        return [user_error(None, "Address for this topic has already been taken", *where)]
    return []
