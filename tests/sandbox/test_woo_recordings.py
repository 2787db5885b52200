"""Every recorded call of a real WooCommerce 10.5, replayed on the sandbox: same status, same code, same shape, and for
writes the same word on stock. Every recorded delivery of its webhooks: same topics in the same order, same headers,
same shape."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from woo_kit import Clock, certificate, oauth_pairs

from syncd.sandbox.deliveries import Message
from syncd.sandbox.faults import Answer, FatalAt, NoticeBeforeJson
from syncd.sandbox.server import Request, Response, SandboxServer
from syncd.sandbox.woocommerce import Key, WooShop, woo_app
from syncd.sandbox.woocommerce.model import Webhook

FOLDER = Path(__file__).parent.parent / "recordings" / "woocommerce"
RECORDINGS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}

DELIVERED = [name for name, recorded in RECORDINGS.items() if "deliveries" in recorded]
# Fields of a body that the sandbox leaves out, as paths that begin with these.
LEFT_OUT = {
    "system_status_environment": (
        ("environment.", "settings."),
        "of the report's 40 lines about the host the sandbox tells those that a client can use",
    ),
}
SECRET = "webhook-secret-for-tests"
STOCK_FIELDS = ("manage_stock", "stock_quantity", "stock_status", "backorders", "backordered", "low_stock_amount")
CREATED = datetime(2026, 11, 21, 7, 56, 35, tzinfo=UTC)
ASKED = datetime(2026, 11, 22, 8, 14, 10, tzinfo=UTC)


def recorded_shop(clock: Clock) -> WooShop:
    """The shop of the recordings: 200 simple products (ids 12-211), 20 variable ones with three sizes (212-291)."""
    clock.at = CREATED
    shop = WooShop(clock, webhook_delay=timedelta)
    for number in range(1, 201):
        shop.add_simple(f"SKU-{number:06}", f"Simple product {number:06}", stock=100)
    for number in range(1, 21):
        shop.add_variable(f"V-{number:04}", f"Variable product {number:04}", {"S": 100, "M": 100, "L": 100})
    clock.at = ASKED
    return shop


# --------------------------------------------------------------------------- what each call found there


Prepare = Callable[[WooShop], None]


def order(order_id: int, sku: str, units: int, *, line: int = 1, status: str = "processing") -> Prepare:
    def prepare(shop: WooShop) -> None:
        shop.ids.post, shop.ids.line = order_id, line
        shop.place_order({sku: units}, status)

    return prepare


def partly_refunded(shop: WooShop) -> None:
    order(313, "SKU-000120", 3, line=4)(shop)
    shop.refund(313, {4: 1})


def payable_back(shop: WooShop) -> None:
    order(313, "SKU-000120", 3, line=4)(shop)
    shop.gateways.add("")


def two_refunds(shop: WooShop) -> None:
    for order_id, line in ((474, 213), (476, 215)):
        order(order_id, "SKU-000080", 5, line=line)(shop)
        shop.refund(order_id, {line: 2})


def cancellable(shop: WooShop) -> None:
    order(460, "SKU-000070", 3, status="completed")(shop)


def with_notes(shop: WooShop) -> None:
    order(508, "SKU-000091", 1)(shop)
    for text in ("Your item ships tomorrow.", "same", "same"):
        shop.add_note(508, text, to_customer=True)


def unmanaged(shop: WooShop) -> None:
    product = shop.product("SKU-000031")
    product.manage_stock = False
    shop.save(product)


def parent_counts(shop: WooShop) -> None:
    parent, variation = shop.product("V-0012"), shop.product("V-0012-M")
    parent.manage_stock, parent.stock = True, 500
    variation.manage_stock = False
    shop.save(parent)
    shop.save(variation)


def variation_without_sku(shop: WooShop) -> None:
    shop.ids.post = 309
    shop.add_variation(shop.product("V-0018"), "", {"Size": "S"}, 4)


def stock_management_off(shop: WooShop) -> None:
    shop.options["woocommerce_manage_stock"] = "no"


def changed_at_noon(shop: WooShop) -> None:
    shop.edit_stock("SKU-000010", 99)
    shop.edit_stock("V-0010-M", 98)


def ten_left(shop: WooShop) -> None:
    shop.edit_stock("SKU-000031", 10)


def held(shop: WooShop) -> None:
    shop.edit_stock("SKU-000081", 10)
    shop.checkout_pending("SKU-000081", 4)


def cart(shop: WooShop) -> None:
    shop.carts["REDACTED"] = {12: 1}


def webhooks(shop: WooShop, *topics: str) -> None:
    """One per topic, with the recordings' secret, numbered from 1."""
    for topic in topics:
        number = shop.webhooks.next_id()
        shop.webhooks.by_id[number] = Webhook(
            number, topic, topic, "https://receiver.example/ok", SECRET, "https://shop.example", shop.now()
        )


def disabled_webhook(shop: WooShop) -> None:
    webhooks(shop, *["product.updated"] * 6)
    hook = shop.webhooks.by_id[6]
    hook.status, hook.modified = "disabled", shop.now()


PREPARED: dict[str, Prepare] = {
    "order_get": order(459, "SKU-000070", 2),
    "order_cancel": cancellable,
    "order_delete_force": order(297, "SKU-000020", 1),
    "order_trash": order(296, "SKU-000020", 1),
    "order_note_customer": order(508, "SKU-000091", 1),
    "order_note_private": order(508, "SKU-000091", 1),
    "order_notes_list": with_notes,
    "order_refunds_list": two_refunds,
    "orders_few_fields": partly_refunded,
    "orders_modified_after": order(294, "SKU-000020", 1),
    "products_modified_after": changed_at_noon,
    "put_qty_shop_stock_off": stock_management_off,
    "put_qty_unmanaged": unmanaged,
    "put_status_outofstock_managed": ten_left,
    "redirect_301_post_orders": order(509, "SKU-000092", 1),
    "refund_api_refund_default": order(466, "SKU-000080", 5, line=205),
    "refund_api_refund_false": order(468, "SKU-000080", 5, line=207),
    "refund_api_restock_false": order(470, "SKU-000080", 5, line=209),
    "refund_with_gateway": payable_back,
    "refunds_global": two_refunds,
    "store_checkout": cart,
    "store_checkout_not_enough": held,
    "variation_manage_false": parent_counts,
    "variation_manage_parent": parent_counts,
    "variation_qty_parent_managed": parent_counts,
    "variation_without_sku": variation_without_sku,
    "variations_modified_after": changed_at_noon,
    "webhook_disabled": disabled_webhook,
}
# What the host did to the call, in place of the shop or to it.
HOST = {
    "err_500_fatal_mid_batch": FatalAt(4),
    "err_500_php_fatal": FatalAt(1),
    "notice_before_json": NoticeBeforeJson(),
}
ANSWERED_BY_THE_HOST = ("err_403_html", "err_429_html", "err_503_html", "err_503_maintenance", "html_200")


# --------------------------------------------------------------------------- asking


@dataclass
class Place:
    """Both faces of one shop, which changes with each test."""

    plain: SandboxServer
    secure: SandboxServer
    session: requests.Session
    shop: WooShop

    def app(self, request: Request) -> Response:
        return woo_app(self.shop)(request)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    pair, authority = certificate(tmp_path_factory.mktemp("tls"))
    with requests.Session() as session:
        session.trust_env, session.verify = False, authority
        place = Place(SandboxServer(Place.app), SandboxServer(Place.app), session, WooShop(Clock()))
        place.plain = SandboxServer(place.app)
        place.secure = SandboxServer(place.app, certificate=pair)
        with place.plain, place.secure:
            yield place


def replay(place: Place, name: str, recorded: Any) -> requests.Response:
    """Send the call with credentials of the recorded kind."""
    asked, key = recorded["request"], place.shop.key
    pairs = [(n, v) for n, v in asked["query"] if not n.startswith("oauth_")]
    server, auth = place.secure, (key.consumer_key, key.consumer_secret)
    if "oauth" in name or name.startswith("redirect_http"):
        at = ASKED - timedelta(minutes=20) if name == "err_401_oauth_clock" else ASKED
        signer = Key(key.consumer_key, "cs_other") if name == "err_401_oauth_signature" else key
        pairs = oauth_pairs(signer, asked["method"], place.plain.url + asked["path"], pairs, at)
        server, auth = (place.secure if name.startswith("redirect_http") else place.plain), None
    elif name == "err_401_basic_over_http":
        server = place.plain
    elif name == "err_401_no_credentials":
        auth = None
    elif name == "err_401_wrong_key":
        auth = ("ck_nobody", key.consumer_secret)
    elif name == "err_401_wrong_secret":
        auth = (key.consumer_key, "cs_other")
    elif name in ("err_401_read_key_put", "err_401_write_key_get"):
        other = place.shop.add_key("read" if "read" in name else "write")
        auth = (other.consumer_key, other.consumer_secret)
    body = asked["body"]
    return place.session.request(
        asked["method"],
        server.url + asked["path"],
        params=pairs,
        data=body if isinstance(body, str) or body is None else json.dumps(body),
        headers={"Content-Type": asked["content_type"] or "application/json", "Cart-Token": "REDACTED"},
        auth=auth,
        timeout=10,
    )


def differences(recorded: Any, got: Any, at: str = "") -> Iterator[str]:
    """Where field names or types differ; lists are compared entry by entry as far as both go."""
    if isinstance(recorded, dict) and isinstance(got, dict):
        for key in recorded.keys() | got.keys():
            if key not in got or key not in recorded:
                yield f"{at}{key} is {'not recorded' if key in got else 'missing'}"
            else:
                yield from differences(recorded[key], got[key], f"{at}{key}.")
    elif isinstance(recorded, list) and isinstance(got, list):
        if bool(recorded) != bool(got):
            yield f"{at} is {'empty' if recorded else 'not empty'}"
        for index, (old, new) in enumerate(zip(recorded, got, strict=False)):
            yield from differences(old, new, f"{at}{index}.")
    else:
        kinds = ["number" if type(value) in (int, float) else type(value).__name__ for value in (recorded, got)]
        if kinds[0] != kinds[1]:
            yield f"{at} is {kinds[1]}, recorded was {kinds[0]}"


def told_of_stock(body: Any) -> list[Any]:
    """What a body says of stock, in order."""
    if isinstance(body, dict):
        own = [(key, body[key]) for key in sorted(body) if key in STOCK_FIELDS]
        if str(body.get("key")).startswith("_re"):  # _reduced_stock, _restock_refunded_items, _refunded_item_id
            own.append((body["key"], body["value"]))
        return own + [told for value in body.values() for told in told_of_stock(value)]
    return [told for each in body for told in told_of_stock(each)] if isinstance(body, list) else []


def codes(body: Any) -> list[str]:
    """Every error code in a body, in order."""
    if isinstance(body, dict):
        own = [body["code"]] if isinstance(body.get("code"), str) else []
        return own + [code for value in body.values() for code in codes(value)]
    return [code for each in body for code in codes(each)] if isinstance(body, list) else []


@pytest.mark.parametrize("name", [name for name in RECORDINGS if name not in DELIVERED])
def test_the_sandbox_answers_as_the_real_shop_did(name: str, place: Place) -> None:
    recorded = RECORDINGS[name]
    place.shop = recorded_shop(Clock())
    PREPARED.get(name, lambda shop: None)(place.shop)
    if name in HOST:
        place.secure.faults.add(HOST[name])
    if name in ANSWERED_BY_THE_HOST or name == "err_502_after_write":
        page = recorded["body"] if isinstance(recorded["body"], str) else json.dumps(recorded["body"])
        effect = name == "err_502_after_write"
        place.secure.faults.add(Answer(recorded["status"], recorded["headers"], page.encode(), effect=effect))
    got = replay(place, name, recorded)
    assert got.status_code == recorded["status"], got.text
    assert got.headers["Content-Type"].lower() == recorded["headers"]["content-type"].lower()
    if isinstance(recorded["body"], str):
        assert got.text[:20] == recorded["body"][:20]
        with pytest.raises(requests.JSONDecodeError):
            got.json()
        return
    assert codes(got.json()) == codes(recorded["body"])
    if recorded["request"]["method"] != "GET":
        assert told_of_stock(got.json()) == told_of_stock(recorded["body"])
    begins = LEFT_OUT.get(name, ((), ""))[0]
    found = differences(recorded["body"], got.json())
    assert [line for line in found if not (line.startswith(begins) and line.endswith(" is missing"))] == []
    for header in ("allow", "retry-after"):
        if header in recorded["headers"]:
            assert sorted(got.headers[header].split(", ")) == sorted(recorded["headers"][header].split(", "))


# --------------------------------------------------------------------------- what the shop delivered


TOPICS = ("order.created", "order.updated", "order.deleted", "product.updated", "product.deleted")
CUSTOMER = {"first_name": "Erika", "last_name": "Muster", "country": "DE"}


def by_rest(place: Place) -> None:
    lines = [{"product_id": 101, "quantity": 1}, {"product_id": 276, "variation_id": 278, "quantity": 1}]
    wish = {"status": "processing", "payment_method": "card", "billing": CUSTOMER, "line_items": lines}
    asked(place, "POST", "wc/v3/orders", wish)


def by_checkout(place: Place) -> None:
    place.shop.carts["REDACTED"] = {102: 1}
    asked(place, "POST", "wc/store/v1/checkout", {"payment_method": "cod", "billing_address": CUSTOMER})


def asked(place: Place, method: str, path: str, body: Any = None) -> None:
    answer = replay(
        place,
        "",
        {
            "request": {
                "method": method,
                "path": f"/wp-json/{path}",
                "query": [],
                "body": body,
                "content_type": "application/json",
            }
        },
    )
    assert answer.status_code < 300, answer.text


def on_an_order(place: Place, method: str, body: Any = None) -> None:
    order(498, "SKU-000090", 1)(place.shop)
    place.shop.webhooks.deliveries.pump(ASKED, lambda *_: 200)
    asked(place, method, "wc/v3/orders/498", body)


HAPPENED: dict[str, Callable[[Place], None]] = {
    "webhook_order_created": by_rest,
    "webhook_order_deleted": lambda place: on_an_order(place, "DELETE"),
    "webhook_order_updated": lambda place: on_an_order(place, "PUT", {"status": "completed"}),
    "webhook_ping_raw": lambda place: asked(
        place,
        "POST",
        "wc/v3/webhooks",
        {"topic": "order.created", "delivery_url": "https://receiver.example/ok", "secret": SECRET},
    ),
    "webhook_product_deleted": lambda place: asked(place, "DELETE", "wc/v3/products/101"),
    "webhook_product_updated": lambda place: asked(place, "PUT", "wc/v3/products/101", {"stock_quantity": 55}),
    "webhook_store_order": by_checkout,
    "webhook_variation_updated": lambda place: asked(
        place, "PUT", "wc/v3/products/276/variations/278", {"stock_quantity": 54}
    ),
}
# Fields of a delivered body that the sandbox fills otherwise, by how their path begins.
DELIVERED_OTHERWISE = ("meta_data", "shipping_lines", "line_items.1.image.id")


@pytest.mark.parametrize("name", DELIVERED)
def test_the_sandbox_delivers_as_the_real_shop_did(name: str, place: Place) -> None:
    recorded = RECORDINGS[name]["deliveries"]
    place.shop = recorded_shop(Clock())
    if name != "webhook_ping_raw":
        webhooks(place.shop, *TOPICS)
    got: list[Message] = []

    def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        got.append(Message(url, headers, body))
        return 200

    HAPPENED[name](place)
    place.shop.webhooks.deliveries.pump(ASKED, post)
    assert [topic(one.headers) for one in got] == [topic(one["headers"]) for one in recorded]
    for one, other in zip(got, recorded, strict=True):
        assert one.url == f"https://receiver.example{other['path']}"
        assert list(one.headers) == list(other["headers"])
        same = {key: one.headers.get(key) for key in SAME_HEADERS}
        assert same == {key: other["headers"].get(key) for key in SAME_HEADERS}
        if topic(one.headers) is None:
            assert one.body.decode() == other["body"]
            continue
        assert one.headers["X-WC-Webhook-Signature"] == signed(one.body)
        assert other["headers"]["X-WC-Webhook-Signature"] == signed(other["body"].encode())
        found = differences(json.loads(other["body"]), json.loads(one.body))
        assert [line for line in found if not line.startswith(DELIVERED_OTHERWISE)] == []


SAME_HEADERS = (
    "User-Agent",
    "Content-Type",
    "X-WC-Webhook-Source",
    "X-WC-Webhook-Topic",
    "X-WC-Webhook-Resource",
    "X-WC-Webhook-Event",
)


def topic(headers: Mapping[str, str]) -> str | None:
    return headers.get("X-WC-Webhook-Topic")


def signed(body: bytes) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


def test_every_exception_names_a_recording() -> None:
    assert set(HAPPENED) == set(DELIVERED)
    assert set(LEFT_OUT) | set(HOST) | set(PREPARED) | set(ANSWERED_BY_THE_HOST) <= set(RECORDINGS)


def test_a_worker_killed_after_its_write_has_written(place: Place) -> None:
    place.shop = recorded_shop(Clock())
    place.secure.faults.add(Answer(502, {"Content-Type": "text/html"}, b"", effect=True))
    replay(place, "err_502_after_write", RECORDINGS["err_502_after_write"])
    assert place.shop.stock_of("SKU-000094") == 50


def test_a_fatal_error_in_mid_batch_leaves_the_entries_before_it_written(place: Place) -> None:
    place.shop = recorded_shop(Clock())
    place.secure.faults.add(FatalAt(4))
    replay(place, "err_500_fatal_mid_batch", RECORDINGS["err_500_fatal_mid_batch"])
    stocks = [place.shop.products[number].stock for number in range(211, 205, -1)]
    assert stocks == [776, 776, 776, 100, 100, 100]
