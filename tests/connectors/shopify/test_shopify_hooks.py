"""The connector subscribes to Shopify's webhooks without customers in them, and believes only what the app's secret
signed."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import CredentialsRejected, News, NotGenuine, Unavailable
from connectors.shopify.connector import Shopify
from connectors.shopify.hooks import FIELDS
from syncd.sandbox.faults import ResetAfter, ResetBefore
from syncd.sandbox.shopify.model import Subscription
from tests.connectors.shopify.conftest import Make, Practice, Scripted, answered
from tests.receiver import told_over_http

ADDRESS = "https://sync.example/hooks/shopify"
OFFLINE = Shopify("shopify_il", {"SHOP": "sample-shop", "TOKEN": "shpat_1", "WEBHOOK_SECRET": "shpss_1"})


@pytest.fixture
def shop(practice: Practice, make: Make) -> Shopify:
    practice.shop.webhooks.delay = timedelta
    practice.shop.add_product("Shoe", [{"sku": "A", "units": 9}])
    return make(practice.server.url, WEBHOOK_SECRET=practice.app.client_secret)


def subscriptions(practice: Practice) -> list[Subscription]:
    return list(practice.shop.webhooks.subscriptions.values())


# ---------------------------------------------------------------------- subscribing


def test_every_topic_is_subscribed_with_nothing_about_customers(practice: Practice, shop: Shopify) -> None:
    assert set(shop.subscribe(ADDRESS).made) == set(FIELDS)
    assert {one.topic: tuple(one.include_fields) for one in subscriptions(practice)} == FIELDS
    allowed = {"id", "updated_at", "order_id", "order_edit", "inventory_item_id", "location_id", "available"}
    assert {name for names in FIELDS.values() for name in names} == allowed


def test_a_subscription_that_delivers_other_fields_is_made_anew(practice: Practice, shop: Shopify) -> None:
    shop.subscribe(ADDRESS)
    wordy, filtered = subscriptions(practice)[:2]
    wordy.include_fields, filtered.filter = [], "total_price:>100"
    done = shop.subscribe(ADDRESS)
    assert set(done.made) == {wordy.topic, filtered.topic}
    assert {one.topic: tuple(one.include_fields) for one in subscriptions(practice)} == FIELDS
    assert not any(one.filter for one in subscriptions(practice))


@pytest.mark.parametrize("fault", [ResetAfter(), ResetBefore()])
def test_a_lost_answer_is_asked_again_and_already_taken_is_success(
    practice: Practice, shop: Shopify, fault: Any
) -> None:
    practice.server.faults.add(fault, body="webhookSubscriptionCreate", times=2)
    assert set(shop.subscribe(ADDRESS).made) == set(FIELDS)
    assert len(subscriptions(practice)) == len(FIELDS)
    practice.server.faults.add(fault, body="webhookSubscriptionDelete", times=2)
    assert shop.unsubscribe(ADDRESS) == len(FIELDS)
    assert subscriptions(practice) == []


def test_an_answer_that_stays_lost_is_an_outage_that_can_be_repeated(practice: Practice, shop: Shopify) -> None:
    practice.server.faults.add(ResetAfter(), body="webhookSubscriptionCreate", times=None)
    with pytest.raises(Unavailable):
        shop.subscribe(ADDRESS)
    practice.server.faults.clear()
    shop.subscribe(ADDRESS)
    assert len(subscriptions(practice)) == len(FIELDS)


def test_an_address_that_shopify_refuses_stops_no_channel(shop: Shopify) -> None:
    with pytest.raises(Unavailable, match="http:// is not supported") as refused:
        shop.subscribe("http://sync.example")
    assert "https" in refused.value.hint


def test_the_list_of_subscriptions_is_read_to_its_end(scripted: Scripted, make: Make) -> None:
    def page(topic: str, after: str | None) -> Any:
        node = {"id": f"gid://shopify/WebhookSubscription/{len(topic)}", "topic": topic, "uri": ADDRESS}
        node |= {"format": "JSON", "filter": None, "includeFields": list(FIELDS[topic])}
        info = {"hasNextPage": after is not None, "endCursor": after}
        return answered({"webhookSubscriptions": {"nodes": [node], "pageInfo": info}})

    pages = [page(topic, topic) for topic in list(FIELDS)[:-1]] + [page(list(FIELDS)[-1], None)]
    scripted.scripts = [lambda _, one=one: one for one in pages]  # type: ignore[misc]
    shop = make(scripted.server.url, WEBHOOK_SECRET="shpss_1")
    assert shop.subscribe(ADDRESS).standing == tuple(FIELDS)


def test_a_fixed_token_alone_cannot_check_webhooks(practice: Practice, make: Make) -> None:
    shop = make(practice.server.url)
    with pytest.raises(CredentialsRejected, match="no secret to check webhooks") as refused:
        shop.subscribe(ADDRESS)
    assert "SHOPIFY_IL_WEBHOOK_SECRET" in refused.value.hint
    assert subscriptions(practice) == []
    body = b'{"id": 7}'
    with pytest.raises(NotGenuine):
        shop.news(signed(body, key=""), body)


def test_the_client_secret_of_an_app_checks_its_webhooks(practice: Practice, make: Make) -> None:
    secrets = {"CLIENT_ID": practice.app.client_id, "CLIENT_SECRET": practice.app.client_secret}
    shop = make(practice.server.url, TOKEN=None, **secrets)
    practice.shop.webhooks.delay = timedelta
    practice.shop.add_product("Shoe", [{"sku": "A", "units": 9}])
    shop.subscribe(ADDRESS)
    order = practice.shop.buy("A")
    assert str(order.number) in {news.order_id for news in delivered(practice, shop)}


# ---------------------------------------------------------------------- listening


def delivered(practice: Practice, shop: Shopify) -> list[News]:
    """What the connector makes of all that is delivered now."""
    told, bodies = told_over_http(practice.shop.webhooks.deliveries, practice.world.now, shop)
    assert not any(b"Muster" in body for body in bodies), "a customer's name was delivered"
    return told


def said(news: list[News]) -> set[tuple[str, str | None, str | None, int | None]]:
    return {(one.topic, one.order_id, one.listing_id, one.shown) for one in news}


def test_what_happens_in_the_shop_is_told_over_http(practice: Practice, shop: Shopify) -> None:
    shop.subscribe(ADDRESS)
    shop.read([practice.ref("A")])
    order = practice.shop.buy("A", 3)
    number, item = str(order.number), practice.item("A")
    level = ("inventory_levels/update", None, item)
    assert said(delivered(practice, shop)) == {
        ("orders/create", number, None, None),
        ("orders/updated", number, None, None),
        (*level, 6),
    }
    practice.shop.edit_order(order, order.lines[0], 1)
    assert ("orders/edited", number, None, None) in said(delivered(practice, shop))
    practice.shop.refund(order, order.lines[0], 1, "CANCEL")
    assert ("refunds/create", number, None, None) in said(delivered(practice, shop))
    practice.shop.cancel(order)
    assert said(delivered(practice, shop)) == {
        ("orders/cancelled", number, None, None),
        ("orders/updated", number, None, None),
        ("refunds/create", number, None, None),
        (*level, 9),
    }
    practice.shop.delete_order(order)
    assert said(delivered(practice, shop)) == {("orders/delete", number, None, None)}
    practice.app.uninstall()
    assert said(delivered(practice, shop)) == {("app/uninstalled", None, None, None)}


def test_a_number_elsewhere_is_no_news_once_it_is_known_where_we_stand(practice: Practice, make: Make) -> None:
    practice.shop.webhooks.delay = timedelta
    practice.shop.add_product("Shoe", [{"sku": "A", "units": 9}])
    here, other = practice.shop.main_location, practice.shop.add_location("Other")
    shop = make(practice.server.url, WEBHOOK_SECRET=practice.app.client_secret, LOCATION=here.name)
    shop.subscribe(ADDRESS)
    practice.shop.edit_stock("A", 5, other)
    (unsure,) = delivered(practice, shop)
    assert (unsure.listing_id, unsure.shown) == (practice.item("A"), None)
    shop.read([practice.ref("A")])
    practice.shop.edit_stock("A", 6, other)
    assert delivered(practice, shop) == []


def signed(body: bytes, *, key: str = "shpss_1", **changes: str) -> Mapping[str, str]:
    """Headers as Shopify sends them with this body."""
    names = {"topic": "x-shopify-topic", "id": "x-shopify-webhook-id", "shop": "x-shopify-shop-domain"}
    return {
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode(),
        "x-shopify-shop-domain": "sample-shop.myshopify.com",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        **{names[name]: value for name, value in changes.items()},
    }


def test_another_shop_of_the_same_app_is_not_taken_for_ours() -> None:
    assert OFFLINE.news(signed(b'{"id": 7}'), b'{"id": 7}')
    for domain in ("other-shop.myshopify.com", "", "sample-shop.myshopify.com.evil.example"):
        with pytest.raises(NotGenuine, match="another shop"):
            OFFLINE.news(signed(b'{"id": 7}', shop=domain), b'{"id": 7}')


@pytest.mark.parametrize("topic", ["shop/update", "customers/redact"])
def test_a_topic_that_is_nothing_to_stock_is_no_news(topic: str) -> None:
    assert OFFLINE.news(signed(b'{"id": 7}', topic=topic), b'{"id": 7}') is None


@pytest.mark.parametrize(
    "changes", [{"topic": ""}, {"topic": "ORDERS_CREATE"}, {"topic": "orders/create\n"}, {"id": ""}, {"id": "a b"}]
)
def test_a_delivery_that_does_not_say_what_it_is_about_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        OFFLINE.news(signed(b'{"id": 7}', **changes), b'{"id": 7}')


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", b""),
        ("orders/create", b"[]"),
        ("orders/create", b"{}"),
        ("orders/create", b'{"id": "7"}'),
        ("orders/create", b'{"id": true}'),
        ("orders/create", b'{"id": 7.0}'),
        ("orders/create", b'{"id": -7}'),
        ("orders/create", b"[" * 200_000),
        ("orders/create", b'{"id": 1' + b"0" * 5000 + b"}"),
        ("orders/edited", b'{"id": 7}'),
        ("orders/edited", b'{"order_edit": []}'),
        ("orders/edited", b'{"order_edit": {"id": 7}}'),
        ("refunds/create", b'{"id": 7}'),
        ("inventory_levels/update", b'{"inventory_item_id": 7, "location_id": 1}'),
        ("inventory_levels/update", b'{"inventory_item_id": 7, "available": 1}'),
        ("inventory_levels/update", b'{"inventory_item_id": 7, "location_id": 1, "available": "9"}'),
        ("inventory_levels/update", b'{"inventory_item_id": 7, "location_id": 1, "available": 1e99}'),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_refused(topic: str, body: bytes) -> None:
    with pytest.raises(NotGenuine):
        OFFLINE.news(signed(body, topic=topic), body)


def test_a_level_that_is_not_tracked_has_no_number() -> None:
    body = b'{"inventory_item_id": 7, "location_id": 1, "available": null}'
    news = OFFLINE.news(signed(body, topic="inventory_levels/update"), body)
    assert news is not None
    assert (news.listing_id, news.shown) == ("7", None)


HEADERS = st.sampled_from(list(signed(b"")))
NAMES = st.sampled_from(["id", "order_id", "order_edit", "inventory_item_id", "location_id", "available"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=8,
)
TOPICS = st.sampled_from(
    ["orders/create", "orders/edited", "refunds/create", "inventory_levels/update", "shop/update", "?"]
)


@settings(deadline=None)
@given(st.dictionaries(HEADERS | st.text(), st.text() | st.characters(categories=["Cs"])), st.binary())
def test_nothing_that_is_not_signed_is_believed_and_no_other_error_comes(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(NotGenuine):
        OFFLINE.news(headers, body)


@settings(deadline=None)
@given(JSON, TOPICS)
def test_whatever_is_signed_is_news_or_refused(told: object, topic: str) -> None:
    body = json.dumps(told).encode()
    try:
        news = OFFLINE.news(signed(body, topic=topic), body)
    except NotGenuine:
        return
    assert news is None or isinstance(told, dict)
