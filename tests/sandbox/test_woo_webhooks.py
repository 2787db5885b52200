"""The sandbox's webhooks are as unreliable as WooCommerce's: merged, late, never tried again, switched off."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from woo_kit import Site, open_site

from syncd.sandbox.woocommerce.webhooks import within_a_minute

ADDRESS = "https://sync.example/hooks/woo"
SECRET = "5ec2e7"


class Receiver:
    """What arrived, as (topic, body); the ping of a new webhook apart."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.status: int | None = 200
        self.got: list[tuple[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.pings: list[bytes] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if "X-WC-Webhook-Topic" in headers:
            self.headers.append(headers)
            self.got.append((headers["X-WC-Webhook-Topic"], json.loads(body)))
            signed = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
            assert headers["X-WC-Webhook-Signature"] == signed
        else:
            self.pings.append(body)
        if self.status is None:
            raise TimeoutError
        return self.status

    def pump(self) -> list[str]:
        """Topic and id of what is due now, in the order of its arrival."""
        self.got.clear()
        self.site.shop.webhooks.deliveries.pump(self.site.shop.instant(), self)
        return [f"{topic} {body.get('id')}" for topic, body in self.got]

    def subscribe(self, topic: str, **more: Any) -> int:
        wish = {"topic": topic, "delivery_url": ADDRESS, "secret": SECRET, **more}
        return int(self.site.post("webhooks", wish)["id"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_site(webhook_delay=timedelta) as site:
        site.shop.add_simple("HAT", stock=10)
        site.shop.add_variable("SHOE", "Shoe", {"39": 5})
        yield Receiver(site)


@pytest.fixture
def to_all(receiver: Receiver) -> Receiver:
    for resource in ("order", "product"):
        for event in ("created", "updated", "deleted", "restored"):
            receiver.subscribe(f"{resource}.{event}")
    receiver.pump()
    return receiver


# --------------------------------------------------------------------------- the routes


def test_a_webhook_never_shows_its_secret_or_its_failures(receiver: Receiver):
    made = receiver.subscribe("order.created", name="mine")
    for row in (receiver.site.get(f"webhooks/{made}"), *receiver.site.get("webhooks")):
        assert SECRET not in json.dumps(row)
        assert (row["id"], row["name"], row["status"]) == (made, "mine", "active")
        assert not {"secret", "failure_count"} & set(row)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"topic": "order.paid"}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"topic": ""}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"delivery_url": "sync.example"}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
        ({"delivery_url": None}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
        ({"status": "on"}, "rest_invalid_param"),
    ],
)
def test_a_wrong_topic_address_or_status_is_refused(receiver: Receiver, wish: Any, code: str):
    answer = receiver.site.ask("POST", "webhooks", {"topic": "order.created", "delivery_url": ADDRESS, **wish})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert receiver.site.get("webhooks") == []


def test_webhooks_are_listed_by_status_and_page(receiver: Receiver):
    made = [receiver.subscribe("order.created", status=status) for status in ("active", "paused", "active")]
    listed = receiver.site.get("webhooks", status="active", orderby="id", order="asc")
    assert [row["id"] for row in listed] == [made[0], made[2]]
    page = receiver.site.ask("GET", "webhooks", per_page=1, page=2)
    assert ([row["id"] for row in page.json()], page.headers["X-WP-Total"]) == ([made[1]], "3")


def test_a_webhook_is_deleted_for_good_or_not_at_all(receiver: Receiver):
    made = receiver.subscribe("order.created")
    assert receiver.site.ask("DELETE", f"webhooks/{made}").status_code == 501
    assert receiver.site.ask("DELETE", f"webhooks/{made}", force="true").json()["id"] == made
    assert receiver.site.ask("GET", f"webhooks/{made}").status_code == 404
    assert receiver.site.ask("PUT", f"webhooks/{made}", {"status": "paused"}).status_code == 400


def test_a_key_that_may_only_read_makes_no_webhook(receiver: Receiver):
    key = receiver.site.shop.add_key("read")
    answer = receiver.site.ask("POST", "webhooks", {"topic": "order.created", "delivery_url": ADDRESS}, key=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "woocommerce_rest_authentication_error")


def test_a_ping_comes_when_a_webhook_is_made_set_active_or_sent_elsewhere(receiver: Receiver):
    made = receiver.subscribe("order.created")
    receiver.pump()
    for change, pings in (
        ({"name": "other"}, 1),
        ({"status": "paused"}, 1),
        ({"status": "active"}, 2),
        ({"delivery_url": ADDRESS + "/2"}, 3),
    ):
        receiver.site.put(f"webhooks/{made}", change)
        receiver.pump()
        assert receiver.pings == [f"webhook_id={made}".encode()] * pings
    receiver.subscribe("order.created", status="paused")
    receiver.pump()
    assert len(receiver.pings) == 3


# --------------------------------------------------------------------------- what is told

Deed = Callable[[Site], object]


def on_order(deed: Callable[[Site, int], object]) -> tuple[Deed, Deed]:
    """Something that happens to an order, after the order was made."""
    made: list[int] = []
    return (lambda site: made.append(site.shop.buy("HAT"))), (lambda site: deed(site, made[-1]))


NOTHING: Deed = lambda site: None  # noqa: E731
HAT, SHOE, SIZE = 12, 13, 14  # ids


@pytest.mark.parametrize(
    ("before", "deed", "told"),
    [
        (NOTHING, lambda s: s.shop.buy("HAT"), ["order.updated 15", "order.created 15", "product.updated 12"]),
        (NOTHING, lambda s: s.shop.place_order({"SHOE-39": 1}),
         ["order.created 15", "order.updated 15", "product.updated 14"]),
        (NOTHING, lambda s: s.shop.checkout_pending("HAT"), ["order.updated 15", "order.created 15"]),
        (NOTHING, lambda s: s.put("products/12", {"stock_quantity": 10}), ["product.updated 12"]),
        (NOTHING, lambda s: s.post("products/batch", {"update": [{"id": 12, "inventory_delta": -1}] * 2}),
         ["product.updated 12"]),
        (NOTHING, lambda s: s.put("products/13/variations/14", {"stock_quantity": 4}), ["product.updated 14"]),
        (NOTHING, lambda s: s.shop.edit_stock("HAT", 3), ["product.updated 12"]),
        (NOTHING, lambda s: s.post("products", {"name": "Scarf"}), ["product.updated 15", "product.created 15"]),
        (NOTHING, lambda s: s.shop.trash_product(SHOE), ["product.deleted 13"]),
        (lambda s: s.shop.trash_product(SHOE), lambda s: s.shop.restore_product(SHOE), ["product.restored 13"]),
        (NOTHING, lambda s: s.shop.delete_product(HAT), []),
        (*on_order(lambda s, order: s.shop.set_order_status(order, "cancelled")),
         ["order.updated 15", "product.updated 12"]),
        (*on_order(lambda s, order: s.shop.refund(order)), ["product.updated 12", "order.updated 15"]),
        (*on_order(lambda s, order: s.shop.add_note(order, "packed")), []),
        (*on_order(lambda s, order: s.shop.trash_order(order)), ["order.deleted 15"]),
        (*on_order(lambda s, order: s.shop.delete_order(order)), []),
    ],
)  # fmt: skip
def test_what_happens_is_told(to_all: Receiver, before: Deed, deed: Deed, told: list[str]):
    before(to_all.site)
    to_all.pump()
    deed(to_all.site)
    assert to_all.pump() == told


def test_an_order_out_of_the_trash_is_told_as_restored(to_all: Receiver):
    order = to_all.site.shop.buy("HAT")
    to_all.site.shop.trash_order(order)
    to_all.pump()
    to_all.site.shop.restore_order(order)
    assert to_all.pump() == [f"order.restored {order}"]
    assert to_all.got[0][1]["status"] == "processing"


def test_a_variation_is_told_with_its_parent_and_what_is_deleted_by_its_id_alone(to_all: Receiver):
    to_all.site.shop.edit_stock("SHOE-39", 4)
    to_all.pump()
    ((_, body),) = to_all.got
    assert (body["id"], body["parent_id"], body["type"], body["stock_quantity"]) == (SIZE, SHOE, "variation", 4)
    to_all.site.shop.trash_product(HAT)
    to_all.pump()
    assert to_all.got == [("product.deleted", {"id": HAT})]


def test_the_body_is_built_when_it_goes_out_and_equal_ones_are_merged(to_all: Receiver):
    order = to_all.site.shop.buy("HAT")
    to_all.site.shop.set_order_status(order, "completed")
    to_all.pump()
    told = [(topic, body["status"]) for topic, body in to_all.got if topic.startswith("order")]
    assert told == [("order.updated", "completed"), ("order.created", "completed")]


def test_what_is_gone_when_it_goes_out_is_told_as_the_shop_s_own_refusal(to_all: Receiver):
    to_all.site.shop.edit_stock("HAT", 1)
    to_all.site.shop.delete_product(HAT)
    to_all.pump()
    assert to_all.got == [
        (
            "product.updated",
            {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 404}},
        )
    ]


def test_every_delivery_has_an_id_of_its_own(to_all: Receiver):
    to_all.site.shop.buy("HAT")
    to_all.pump()
    ids = {headers["X-WC-Webhook-Delivery-ID"] for headers in to_all.headers}
    assert len(ids) == len(to_all.headers) == 3
    assert all(len(one) == 32 for one in ids)


def test_entities_in_a_secret_are_decoded_before_it_signs(receiver: Receiver):
    receiver.subscribe("product.updated", secret="5&#101;c2e7")
    receiver.site.shop.edit_stock("HAT", 1)
    assert receiver.pump() == ["product.updated 12"]  # signed with the decoded secret, as the receiver checks


# --------------------------------------------------------------------------- late, lost, switched off


def test_a_delivery_comes_within_a_minute_of_its_event():
    assert all(timedelta() <= within_a_minute() <= timedelta(minutes=1) for _ in range(50))
    random = Random(1)
    with open_site(webhook_delay=lambda: timedelta(seconds=random.uniform(10, 60))) as site:
        site.shop.add_simple("HAT", stock=10)
        receiver = Receiver(site)
        receiver.subscribe("product.updated")
        site.shop.edit_stock("HAT", 1)
        assert receiver.pump() == []
        assert receiver.pings  # which does not wait
        site.clock.forward(minutes=1)
        assert receiver.pump() == ["product.updated 12"]


@pytest.mark.parametrize("status", [500, 404, 307, None])
def test_a_failed_delivery_is_not_tried_again_and_the_seventh_in_a_row_switches_the_webhook_off(
    receiver: Receiver, status: int | None
):
    made = receiver.subscribe("product.updated")
    receiver.pump()
    receiver.status = status
    for failures in range(1, 8):
        receiver.site.shop.edit_stock("HAT", failures)
        assert len(receiver.pump()) == 1
        assert receiver.pump() == []
        assert receiver.site.get(f"webhooks/{made}")["status"] == ("disabled" if failures == 7 else "active")
    receiver.site.shop.edit_stock("HAT", 9)
    assert receiver.pump() == []


@pytest.mark.parametrize("status", [200, 204, 301, 302])
def test_a_success_begins_the_count_anew(receiver: Receiver, status: int):
    made = receiver.subscribe("product.updated")
    for answer in (*[500] * 6, status, *[500] * 6):
        receiver.status = answer
        receiver.site.shop.edit_stock("HAT", 1)
        receiver.pump()
    assert receiver.site.get(f"webhooks/{made}")["status"] == "active"


def test_setting_it_active_again_does_not_begin_the_count_anew(receiver: Receiver):
    made = receiver.subscribe("product.updated")
    receiver.status = 500
    for _ in range(7):
        receiver.site.shop.edit_stock("HAT", 1)
        receiver.pump()
    receiver.site.put(f"webhooks/{made}", {"status": "active"})
    receiver.site.shop.edit_stock("HAT", 2)
    assert receiver.pump() == ["product.updated 12"]
    assert receiver.site.get(f"webhooks/{made}")["status"] == "disabled"


def test_what_waits_for_a_webhook_that_was_paused_or_deleted_never_goes_out(receiver: Receiver):
    first, second = receiver.subscribe("product.updated"), receiver.subscribe("product.updated")
    receiver.pump()
    receiver.site.shop.edit_stock("HAT", 1)
    receiver.site.put(f"webhooks/{first}", {"status": "paused"})
    receiver.site.ask("DELETE", f"webhooks/{second}", force="true")
    assert receiver.pump() == []
