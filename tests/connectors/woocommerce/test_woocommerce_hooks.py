"""The connector sets webhooks up, puts back what the shop gave up, and believes only what the shop signed."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import CredentialsRejected, News, NotGenuine, Unavailable, Unreadable
from connectors.woocommerce.connector import WooCommerce
from connectors.woocommerce.hooks import TOPICS
from syncd.sandbox.faults import Answer, ResetAfter, ResetBefore
from syncd.sandbox.woocommerce.model import Webhook
from tests.connectors.woocommerce.conftest import Site, open_site
from tests.receiver import told_over_http

ADDRESS = "https://sync.example/hooks/woo"
RECORDINGS = Path(__file__).parents[2] / "recordings" / "woocommerce"


@pytest.fixture
def site() -> Iterator[Site]:
    site = open_site(webhook_delay=timedelta)
    site.shop.add_simple("HAT", stock=9)
    yield site
    site.close()


def hooks(site: Site) -> list[Webhook]:
    return list(site.shop.webhooks.by_id.values())


def stranger(site: Site, name: str = "Their own", **more: Any) -> Webhook:
    """A webhook of somebody else, also to our address."""
    number = site.shop.webhooks.next_id()
    fields = {"topic": "order.created", "url": ADDRESS, "secret": "theirs", "site": "https://shop", **more}
    hook = Webhook(number, name, created=site.shop.now(), **fields)
    site.shop.webhooks.by_id[number] = hook
    return hook


# --------------------------------------------------------------------------- setting up


def test_eight_topics_are_set_up_with_a_secret_that_the_shop_cannot_spoil(site: Site):
    assert sorted(site.connector().subscribe(ADDRESS).made) == sorted(TOPICS)
    assert sorted(hook.topic for hook in hooks(site)) == sorted(TOPICS)
    (secret,) = {hook.secret for hook in hooks(site)}
    assert re.fullmatch("[0-9a-f]{64}", secret)
    assert {hook.status for hook in hooks(site)} == {"active"}


def test_no_name_of_a_webhook_tells_a_secret(site: Site):
    site.connector().subscribe(ADDRESS)
    key = site.shop.key
    for hook in hooks(site):
        assert re.fullmatch(r"syncd (order|product)\.[a-z]+ [0-9a-f]{10}", hook.name)
        assert not any(hook.name[-10:] in secret for secret in (hook.secret, key.consumer_key, key.consumer_secret))


def test_a_new_key_replaces_the_webhooks_of_the_old_one(site: Site):
    site.connector().subscribe(ADDRESS)
    old = {hook.id for hook in hooks(site)}
    renewed = site.connector(site.shop.add_key())
    assert sorted(renewed.subscribe(ADDRESS).made) == sorted(TOPICS)
    assert len(hooks(site)) == len(TOPICS)
    assert not old & {hook.id for hook in hooks(site)}
    site.shop.edit_stock("HAT", 4)
    assert [told.shown for told in delivered(site, renewed)] == [4]


@pytest.mark.parametrize("status", ["disabled", "paused"])
def test_what_was_switched_off_is_made_anew_because_its_failures_would_count_on(site: Site, status: str):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    off = next(hook for hook in hooks(site) if hook.topic == "order.updated")
    off.status, off.failures = status, 6
    done = connector.subscribe(ADDRESS)
    assert (done.revived, done.made, len(done.standing)) == (("order.updated",), (), 7)
    (anew,) = (hook for hook in hooks(site) if hook.topic == "order.updated")
    assert (anew.id != off.id, anew.status, anew.failures) == (True, "active", 0)


def test_doubles_are_taken_away(site: Site):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    first = hooks(site)[0]
    stranger(site, first.name, topic=first.topic, secret=first.secret)
    assert connector.subscribe(ADDRESS).made == ()
    assert len(hooks(site)) == len(TOPICS)


def test_a_webhook_that_goes_to_our_address_and_is_not_ours_is_left_alone(site: Site):
    theirs = [stranger(site, status="disabled"), stranger(site, "syncd2"), stranger(site, url=ADDRESS + "2")]
    connector = site.connector()
    connector.subscribe(ADDRESS)
    assert connector.unsubscribe(ADDRESS) == len(TOPICS)
    assert hooks(site) == theirs


def test_ours_are_found_among_hundreds(site: Site):
    connector = site.connector()
    for _ in range(150):
        stranger(site)
    connector.subscribe(ADDRESS)
    for _ in range(150):
        stranger(site)
    assert connector.subscribe(ADDRESS).made == ()
    assert len(hooks(site)) == 300 + len(TOPICS)


@pytest.mark.parametrize("fault", [ResetAfter(), ResetBefore(), Answer(502, effect=True)])
def test_a_lost_answer_leaves_no_double_behind(site: Site, fault: Any):
    connector = site.connector()
    site.server.faults.add(fault, match="POST .*/webhooks")
    with pytest.raises(Unavailable):
        connector.subscribe(ADDRESS)
    connector.subscribe(ADDRESS)
    assert sorted(hook.topic for hook in hooks(site)) == sorted(TOPICS)


def test_what_is_gone_already_need_not_be_taken_away(site: Site):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    site.server.faults.add(ResetAfter(), match="DELETE .*")
    assert connector.unsubscribe(ADDRESS) == len(TOPICS)
    assert hooks(site) == []


def test_a_key_that_may_only_read_is_told_with_the_way_out(site: Site):
    with pytest.raises(CredentialsRejected, match=r"Webhooks cannot be set up\..*write permissions") as refused:
        site.connector(site.shop.add_key("read")).subscribe(ADDRESS)
    assert "Read/Write" in refused.value.hint


def test_an_address_that_the_shop_refuses_stops_no_channel(site: Site):
    with pytest.raises(Unavailable, match="does not take the webhook") as refused:
        site.connector().subscribe("sync.example")
    assert "Polling goes on" in refused.value.hint


@pytest.mark.parametrize("body", [{}, {"topic": "order.created", "status": "disabled"}, []])
def test_an_answer_that_does_not_prove_the_webhook_is_none(site: Site, body: Any):
    page = json.dumps(body).encode()
    site.server.faults.add(Answer(201, {"Content-Type": "application/json"}, page), match="POST .*/webhooks")
    with pytest.raises(Unreadable):
        site.connector().subscribe(ADDRESS)


# --------------------------------------------------------------------------- listening


def delivered(site: Site, connector: WooCommerce) -> list[News]:
    """What the connector makes of all that the shop delivers now."""
    return told_over_http(site.shop.webhooks.deliveries, site.shop.instant(), connector)[0]


def test_sales_and_hand_edits_are_told_over_http(site: Site):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    assert delivered(site, connector) == []  # eight pings
    order = site.shop.buy("HAT", 2)
    hat = str(site.shop.product("HAT").id)
    told = {(news.topic, news.order_id, news.listing_id, news.shown) for news in delivered(site, connector)}
    assert told == {
        ("order.created", str(order), None, None),
        ("order.updated", str(order), None, None),
        ("product.updated", None, hat, 7),
    }
    site.shop.trash_product(int(hat))
    site.shop.trash_order(order)
    told = {(news.topic, news.order_id, news.listing_id, news.shown) for news in delivered(site, connector)}
    assert told == {("product.deleted", None, hat, None), ("order.deleted", str(order), None, None)}


def test_two_orders_of_the_same_second_are_two_deliveries(site: Site):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    delivered(site, connector)
    orders = {str(site.shop.buy("HAT", 1)) for _ in range(2)}
    created = [news for news in delivered(site, connector) if news.topic == "order.created"]
    assert {news.order_id for news in created} == orders
    assert len({news.delivery_id for news in created}) == 2  # the shop's own ids of one second are the same


def test_what_is_gone_by_now_is_news_without_a_name(site: Site):
    connector = site.connector()
    connector.subscribe(ADDRESS)
    delivered(site, connector)
    site.shop.edit_stock("HAT", 1)
    site.shop.delete_product(site.shop.product("HAT").id)
    (told,) = delivered(site, connector)
    assert (told.topic, told.listing_id, told.shown) == ("product.updated", None, None)


OFFLINE = WooCommerce("woo", {"URL": "https://shop.example", "KEY": "ck_1", "SECRET": "cs_1"})


def signed(body: bytes, **changes: str) -> Mapping[str, str]:
    """Headers as the shop sends them with this body."""
    key = hmac.digest(b"cs_1", b"syncd webhooks", "sha256").hex()
    return {
        "content-type": "application/json",
        "x-wc-webhook-topic": "product.updated",
        "x-wc-webhook-signature": base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode(),
        "x-wc-webhook-delivery-id": "3b25c3ff1e3b1fd316aab98c9db3b0be",
        **{f"x-wc-webhook-{name}": value for name, value in changes.items()},
    }


RECORDED = {
    "webhook_order_created": [("498", None, None), ("498", None, None), (None, "101", 54), (None, "278", 52)],
    "webhook_order_deleted": [("498", None, None)],
    "webhook_order_updated": [("498", None, None)],
    "webhook_product_deleted": [(None, "502", None)],
    "webhook_product_updated": [(None, "101", 55)],
    "webhook_store_order": [("506", None, None), ("506", None, None), (None, "102", 71)],
    "webhook_variation_updated": [(None, "278", 54)],
}


@pytest.mark.parametrize("name", RECORDED)
def test_the_deliveries_of_a_real_shop_are_understood(name: str):
    told = []
    for one in json.loads((RECORDINGS / f"{name}.json").read_text())["deliveries"]:
        body = one["body"].encode()
        theirs = {key.lower(): value for key, value in one["headers"].items()}
        with pytest.raises(NotGenuine):  # signed with another secret
            OFFLINE.news(theirs, body)
        ours = {**theirs, "x-wc-webhook-signature": signed(body)["x-wc-webhook-signature"]}
        news = OFFLINE.news(ours, body)
        assert news is not None
        assert news.topic == theirs["x-wc-webhook-topic"]
        assert news.delivery_id.startswith(f"{theirs['x-wc-webhook-delivery-id']}-")
        told.append((news.order_id, news.listing_id, news.shown))
    assert told == RECORDED[name]


def test_the_ping_of_a_real_shop_is_a_sign_of_life():
    (one,) = json.loads((RECORDINGS / "webhook_ping_raw.json").read_text())["deliveries"]
    headers = {key.lower(): value for key, value in one["headers"].items()}
    assert OFFLINE.news(headers, one["body"].encode()) is None
    for body in (b"webhook_id=", b"webhook_id=1&a=b", b"webhook_id=x", b" webhook_id=1", b"webhook_id=1\n"):
        with pytest.raises(NotGenuine):
            OFFLINE.news(headers, body)
    with pytest.raises(NotGenuine):
        OFFLINE.news({**headers, "x-wc-webhook-topic": "order.created"}, b"webhook_id=1")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"manage_stock": True, "stock_quantity": -2}, -2),
        ({"manage_stock": True, "stock_quantity": 5.0}, 5),
        ({"manage_stock": True, "stock_quantity": 5.5}, None),
        ({"manage_stock": True, "stock_quantity": "5"}, None),
        ({"manage_stock": True, "stock_quantity": None}, None),
        ({"manage_stock": True}, None),
        ({"manage_stock": "parent", "stock_quantity": 5}, None),
        ({"manage_stock": False, "stock_quantity": 5}, None),
        ({"stock_quantity": 5}, None),
    ],
)
def test_a_number_is_told_only_where_the_listing_counts_for_itself(said: Any, shown: int | None):
    body = json.dumps({"id": 7, **said}).encode()
    news = OFFLINE.news(signed(body), body)
    assert news is not None
    assert (news.listing_id, news.shown) == ("7", shown)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b"7",
        b"null",
        b"\xff\xfe\x00",
        b'{"id": "7"}',
        b'{"id": true}',
        b'{"id": 7.0}',
        b'{"id": 0}',
        b'{"id": -7}',
        b'{"id": null}',
        b'{"id": [7]}',
        b'{"id": NaN}',
        b'{"id": 1' + b"0" * 30 + b"}",
        b'{"id": 1' + b"0" * 5000 + b"}",
        b"[" * 200_000,
        b'{"id":' * 200_000,
    ],
)
def test_a_signed_body_that_cannot_be_read_is_refused(body: bytes):
    with pytest.raises(NotGenuine):
        OFFLINE.news(signed(body), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": ""},
        {"topic": "order"},
        {"topic": "order.created\n"},
        {"topic": "Order.Created"},
        {"topic": "order.created.twice"},
        {"topic": "o" * 1000 + ".created"},
        {"delivery-id": ""},
        {"delivery-id": "a b"},
        {"delivery-id": "x" * 101},
    ],
)
def test_a_delivery_that_does_not_say_what_it_is_about_is_refused(changes: dict[str, str]):
    with pytest.raises(NotGenuine):
        OFFLINE.news(signed(b'{"id": 7}', **changes), b'{"id": 7}')


def test_a_topic_that_is_nothing_to_stock_is_no_news():
    assert OFFLINE.news(signed(b'{"id": 7}', topic="customer.updated"), b'{"id": 7}') is None


HEADERS = st.sampled_from(["x-wc-webhook-topic", "x-wc-webhook-signature", "x-wc-webhook-delivery-id", "content-type"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "stock_quantity", "manage_stock"]), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(HEADERS | st.text(), st.text() | st.characters(categories=["Cs"])), st.binary())
def test_nothing_that_is_not_signed_is_believed_and_no_other_error_comes(headers: dict[str, str], body: bytes):
    try:
        assert OFFLINE.news(headers, body) is None
    except NotGenuine:
        return
    assert re.fullmatch(rb"webhook_id=[0-9]+", body)


@settings(deadline=None)
@given(JSON, st.sampled_from([*TOPICS, "customer.updated", "?"]))
def test_whatever_is_signed_is_news_or_refused(told: object, topic: str):
    body = json.dumps(told).encode()
    try:
        news = OFFLINE.news(signed(body, topic=topic), body)
    except NotGenuine:
        return
    assert news is None or isinstance(told, dict)
    if news is not None:
        assert news.order_id is None or news.order_id == str(told["id"])
        assert news.listing_id is None or news.listing_id == str(told["id"])
        assert news.shown is None or told["manage_stock"] is True
