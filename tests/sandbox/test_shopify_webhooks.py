"""The practice shop's webhooks are those of Shopify: signed, unordered, tried again with the same body, given up."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from shopify_documents import SUBSCRIBE
from shopify_kit import Client, practice

from syncd.sandbox.shopify.webhooks import within_seconds

ADDRESS = "https://sync.example/hooks/shopify"
TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "INVENTORY_LEVELS_UPDATE",
    "APP_UNINSTALLED",
)


class Receiver:
    """What arrived: topics, headers and bodies in their order."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.status: int | None = 200
        self.got: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == ADDRESS
        signed = base64.b64encode(hmac.digest(self.client.app.client_secret.encode(), body, "sha256")).decode()
        assert headers["X-Shopify-Hmac-Sha256"] == signed
        self.got.append((headers, body))
        if self.status is None:
            raise TimeoutError
        return self.status

    def pump(self) -> list[str]:
        """The topics of what is due now."""
        self.got.clear()
        self.client.shop.webhooks.deliveries.pump(self.client.clock(), self)
        return [headers["X-Shopify-Topic"] for headers, _ in self.got]

    def bodies(self, topic: str) -> list[Any]:
        return [json.loads(body) for headers, body in self.got if headers["X-Shopify-Topic"] == topic]

    def subscribe(self, topic: str, **more: Any) -> str:
        wish = {"uri": ADDRESS, "format": "JSON", **more}
        made = self.client.data(SUBSCRIBE, {"topic": topic, "webhookSubscription": wish})["webhookSubscriptionCreate"]
        assert made["userErrors"] == []
        return str(made["webhookSubscription"]["id"])

    @property
    def subscribed(self) -> list[str]:
        return [one.topic for one in self.client.shop.webhooks.subscriptions.values()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with practice() as client:
        client.shop.webhooks.delay = timedelta
        client.shop.add_product("Shoe", [{"sku": "A", "units": 10}])
        yield Receiver(client)


@pytest.fixture
def to_all(receiver: Receiver) -> Receiver:
    for topic in TOPICS:
        receiver.subscribe(topic)
    return receiver


def bought(receiver: Receiver, units: int = 2) -> Any:
    order = receiver.client.shop.buy("A", units)
    receiver.pump()
    return order


# ---------------------------------------------------------------------- what is told


def test_a_sale_is_told_as_a_new_order_and_as_a_lower_number(to_all: Receiver) -> None:
    order = to_all.client.shop.buy("A", 2)
    assert sorted(to_all.pump()) == ["inventory_levels/update", "orders/create", "orders/updated"]
    (told,) = to_all.bodies("orders/create")
    assert (told["id"], told["admin_graphql_api_id"]) == (order.number, order.id)
    item = to_all.client.shop.variant("A").inventory_item
    (level,) = to_all.bodies("inventory_levels/update")
    assert level == {
        "inventory_item_id": item.number,
        "location_id": to_all.client.shop.main_location.number,
        "available": 8,
        "updated_at": "2026-11-22T09:58:00+02:00",  # the shop's zone
        "admin_graphql_api_id": item.levels[to_all.client.shop.main_location.number].id,
    }


Deed = Callable[[Client, Any], object]


@pytest.mark.parametrize(
    ("deed", "topics"),
    [
        (lambda c, o: c.shop.cancel(o), {"inventory_levels/update", "refunds/create", "orders/updated",
                                          "orders/cancelled"}),
        (lambda c, o: c.shop.cancel(o, restock=False), {"refunds/create", "orders/updated", "orders/cancelled"}),
        (lambda c, o: c.shop.refund(o, o.lines[0], 1, "CANCEL"), {"inventory_levels/update", "refunds/create",
                                                                  "orders/updated"}),
        (lambda c, o: c.shop.edit_order(o, o.lines[0], 1), {"inventory_levels/update", "orders/edited",
                                                             "orders/updated"}),
        (lambda c, o: c.shop.fulfil(o), {"orders/updated"}),
        (lambda c, o: c.shop.delete_order(o), {"orders/delete"}),
        (lambda c, o: c.shop.edit_stock("A", 3), {"inventory_levels/update"}),
        (lambda c, o: c.shop.edit_stock("A", 8), set()),
    ],
)  # fmt: skip
def test_what_happens_is_told(to_all: Receiver, deed: Deed, topics: set[str]) -> None:
    order = bought(to_all)
    deed(to_all.client, order)
    assert set(to_all.pump()) == topics


def test_the_app_s_own_write_comes_back(to_all: Receiver) -> None:
    item = to_all.client.shop.variant("A").inventory_item
    entry = {"inventoryItemId": item.id, "locationId": to_all.client.shop.main_location.id}
    change = {
        "name": "available",
        "reason": "correction",
        "changes": [{**entry, "delta": -3, "changeFromQuantity": None}],
    }
    mutation = """mutation Adjust($input: InventoryAdjustQuantitiesInput!) {
      inventoryAdjustQuantities(input: $input) @idempotent(key: "k") { userErrors { message } }
    }"""
    assert to_all.client.data(mutation, {"input": change})["inventoryAdjustQuantities"]["userErrors"] == []
    assert to_all.pump() == ["inventory_levels/update"]
    assert to_all.bodies("inventory_levels/update")[0]["available"] == 7


def test_edits_and_refunds_name_their_order_elsewhere(to_all: Receiver) -> None:
    order = bought(to_all)
    to_all.client.shop.edit_order(order, order.lines[0], 1)
    made = to_all.client.shop.refund(order, order.lines[0], 1, "CANCEL")
    to_all.pump()
    assert [told["order_edit"]["order_id"] for told in to_all.bodies("orders/edited")] == [order.number]
    assert [(told["id"], told["order_id"]) for told in to_all.bodies("refunds/create")] == [(made.number, order.number)]


def test_the_body_is_that_of_the_event_however_late_it_comes(to_all: Receiver) -> None:
    for units in (9, 4):
        to_all.client.shop.edit_stock("A", units)
    to_all.pump()
    assert [told["available"] for told in to_all.bodies("inventory_levels/update")] == [9, 4]


def test_only_the_fields_that_were_asked_for_are_told(receiver: Receiver) -> None:
    receiver.subscribe("ORDERS_CREATE", includeFields=["id", "updated_at", "no_such_field"])
    order = receiver.client.shop.buy("A")
    receiver.pump()
    assert receiver.bodies("orders/create") == [{"id": order.number, "updated_at": "2026-11-22T09:58:00+02:00"}]


def test_a_delivery_carries_the_headers_that_tell_it_from_others(to_all: Receiver) -> None:
    to_all.client.shop.buy("A")
    to_all.pump()
    headers = dict(to_all.got[0][0])
    fixed = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "inventory_levels/update",
        "X-Shopify-Shop-Domain": "sample-shop.myshopify.com",
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Triggered-At": "2026-11-22T07:58:00.250000Z",
    }
    assert {name: headers[name] for name in fixed} == fixed
    assert len({one["X-Shopify-Webhook-Id"] for one, _ in to_all.got}) == 3
    assert headers["X-Shopify-Event-Id"]


def test_all_subscriptions_to_a_topic_hear_of_one_event(receiver: Receiver) -> None:
    receiver.subscribe("ORDERS_CREATE")
    other = receiver.client.shop.webhooks.subscriptions
    receiver.subscribe("ORDERS_CREATE", uri=ADDRESS + "/2")
    next(reversed(other.values())).uri = ADDRESS
    receiver.client.shop.buy("A")
    assert receiver.pump() == ["orders/create"] * 2
    assert len({headers["X-Shopify-Event-Id"] for headers, _ in receiver.got}) == 1
    assert len({headers["X-Shopify-Webhook-Id"] for headers, _ in receiver.got}) == 2


# ---------------------------------------------------------------------- late, again, given up


def test_a_delivery_comes_some_seconds_after_its_event(receiver: Receiver) -> None:
    assert all(timedelta() <= within_seconds() <= timedelta(seconds=5) for _ in range(50))
    receiver.client.shop.webhooks.delay = lambda: timedelta(seconds=4)
    receiver.subscribe("ORDERS_CREATE")
    receiver.client.shop.buy("A")
    assert receiver.pump() == []
    receiver.client.clock.forward(seconds=4)
    assert receiver.pump() == ["orders/create"]


@pytest.mark.parametrize("status", [500, 404, 302, None])
def test_a_failed_delivery_is_tried_again_with_the_same_body_address_and_id(
    receiver: Receiver, status: int | None
) -> None:
    receiver.subscribe("ORDERS_CREATE")
    receiver.status = status
    order = receiver.client.shop.buy("A")
    receiver.pump()
    (first,) = receiver.got
    receiver.client.shop.cancel(order)
    assert receiver.pump() == []
    receiver.status = 200
    receiver.client.clock.forward(minutes=1)
    assert receiver.pump() == ["orders/create"]
    assert receiver.got == [first]
    receiver.client.clock.forward(hours=4)
    assert receiver.pump() == []


def test_eight_failures_in_a_row_delete_the_subscription_within_four_hours(receiver: Receiver) -> None:
    receiver.subscribe("ORDERS_CREATE")
    receiver.status = 500
    started = receiver.client.clock()
    receiver.client.shop.buy("A")
    tries = 0
    deliveries = receiver.client.shop.webhooks.deliveries
    while due := deliveries.next_due:
        receiver.client.clock.at = max(due, started)
        tries += len(receiver.pump())
    assert (tries, receiver.subscribed) == (8, [])
    assert timedelta(hours=1) < receiver.client.clock() - started < timedelta(hours=4)


def test_failures_of_several_deliveries_count_together(receiver: Receiver) -> None:
    receiver.subscribe("INVENTORY_LEVELS_UPDATE")
    receiver.status = 500
    for units in range(8):
        receiver.client.shop.edit_stock("A", units)
    assert len(receiver.pump()) == 8
    assert receiver.subscribed == []
    receiver.client.clock.forward(hours=4)
    assert receiver.pump() == []  # what waited is dropped with its subscription


def test_a_success_begins_the_count_anew(receiver: Receiver) -> None:
    receiver.subscribe("INVENTORY_LEVELS_UPDATE")
    for answer in (*[500] * 7, 200, *[500] * 7):
        receiver.status = answer
        receiver.client.shop.edit_stock("A", receiver.client.shop.available("A") + 1)
        receiver.pump()
    assert receiver.subscribed == ["INVENTORY_LEVELS_UPDATE"]


def test_an_app_that_is_uninstalled_hears_of_it_and_of_nothing_more(to_all: Receiver) -> None:
    to_all.client.shop.buy("A")
    to_all.client.app.uninstall()
    to_all.client.shop.edit_stock("A", 1)
    assert to_all.pump() == ["app/uninstalled"]
    assert to_all.subscribed == []
    assert to_all.client.post({"query": "{ shop { name } }"}).status_code == 401
