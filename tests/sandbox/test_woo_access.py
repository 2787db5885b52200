"""Who gets into the practice WooCommerce, and past which host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import woocommerce
from woo_kit import Clock, Site, certificate, oauth_pairs, open_site

from syncd.sandbox.faults import LateEffect
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.woocommerce import WooShop, woo_app


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        site.shop.add_simple("A", stock=10)
        yield site


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, str], str]:
    folder: Path = tmp_path_factory.mktemp("tls")
    return certificate(folder)


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


NOBODY = (401, "Sorry, you cannot list resources.")


def test_over_https_the_key_may_come_as_basic_or_in_the_query(tls: Any) -> None:
    pair, authority = tls
    shop = WooShop(Clock())
    secret = (shop.key.consumer_key, shop.key.consumer_secret)
    with SandboxServer(woo_app(shop), certificate=pair) as server:
        url = f"{server.url}/wp-json/wc/v3/products"
        query = {"consumer_key": secret[0], "consumer_secret": secret[1]}
        assert requests.get(url, auth=secret, verify=authority, timeout=5).json() == []
        assert requests.get(url, params=query, verify=authority, timeout=5).json() == []
        shop.strips_authorization = True
        assert code(requests.get(url, auth=secret, verify=authority, timeout=5)) == NOBODY
        assert requests.get(url, params=query, verify=authority, timeout=5).json() == []


def test_over_http_neither_counts(site: Site) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products"
    secret = (site.shop.key.consumer_key, site.shop.key.consumer_secret)
    assert code(requests.get(url, auth=secret, timeout=5)) == NOBODY
    query = {"consumer_key": secret[0], "consumer_secret": secret[1]}
    assert code(requests.get(url, params=query, timeout=5)) == NOBODY


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "products/12", "Sorry, you cannot view this resource."),
        ("PUT", "products/12", "Sorry, you are not allowed to edit this resource."),
        ("POST", "products/batch", "Sorry, you are not allowed to batch manipulate this resource."),
        ("POST", "orders", "Sorry, you are not allowed to create resources."),
        ("DELETE", "orders/1", "Sorry, you are not allowed to delete this resource."),
    ],
)
def test_without_a_key_nothing_is_done(site: Site, method: str, path: str, refusal: str) -> None:
    answer = requests.request(method, f"{site.server.url}/wp-json/wc/v3/{path}", json={"stock_quantity": 1}, timeout=5)
    assert code(answer) == (401, refusal)
    assert site.shop.stock_of("A") == 10


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_oauth_signatures_of_both_kinds_are_verified(site: Site, digest: str) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products"
    pairs = oauth_pairs(site.shop.key, "GET", url, [("search", "a b&ü")], site.shop.now(), digest=digest)
    assert requests.get(url, params=pairs, timeout=5).status_code == 200
    forged = [(name, "b" if name == "search" else value) for name, value in pairs]
    assert code(requests.get(url, params=forged, timeout=5))[1].startswith("Invalid signature")


@pytest.mark.parametrize(("off", "fine"), [(870, True), (-870, True), (1200, False), (-1200, False)])
def test_a_clock_may_be_off_by_a_quarter_of_an_hour(site: Site, off: int, fine: bool) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products"
    pairs = oauth_pairs(site.shop.key, "GET", url, [], site.shop.now() + timedelta(seconds=off))
    answer = requests.get(url, params=pairs, timeout=5)
    assert answer.status_code == 200 if fine else code(answer) == (401, "Invalid timestamp.")


def test_a_signed_call_counts_once(site: Site) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products"
    pairs = oauth_pairs(site.shop.key, "GET", url, [], site.shop.now())
    assert requests.get(url, params=pairs, timeout=5).status_code == 200
    assert code(requests.get(url, params=pairs, timeout=5))[1].startswith("Invalid nonce")


def test_half_a_signature_and_an_unknown_key_are_named(site: Site) -> None:
    url = f"{site.server.url}/wp-json/wc/v3/products"
    pairs = oauth_pairs(site.shop.key, "GET", url, [], site.shop.now())
    half = [pair for pair in pairs if pair[0] != "oauth_nonce"]
    assert code(requests.get(url, params=half, timeout=5)) == (401, "Missing OAuth parameter oauth_nonce")
    unknown = [(name, "ck_x" if name == "oauth_consumer_key" else value) for name, value in pairs]
    assert code(requests.get(url, params=unknown, timeout=5)) == (401, "Consumer key is invalid.")
    other = [(name, "HMAC-MD5" if name.endswith("_method") else value) for name, value in pairs]
    assert "signature method is invalid" in code(requests.get(url, params=other, timeout=5))[1]


def test_a_key_does_only_what_it_may(site: Site) -> None:
    reader, writer = site.shop.add_key("read"), site.shop.add_key("write")
    assert site.ask("GET", "products", key=reader).status_code == 200
    refused = site.ask("PUT", "products/12", {"stock_quantity": 1}, key=reader)
    assert code(refused) == (401, "The API key provided does not have write permissions.")
    assert code(site.ask("GET", "products", key=writer)) == (
        401,
        "The API key provided does not have read permissions.",
    )
    assert site.ask("PUT", "products/12", {"stock_quantity": 1}, key=writer).status_code == 200


@pytest.mark.parametrize("folder", ["", "/shop"])
def test_the_official_client_speaks_to_it_also_in_a_subfolder(folder: str) -> None:
    shop = WooShop(lambda: datetime.now(UTC), folder=folder)
    shop.add_simple("A", stock=10)
    with SandboxServer(woo_app(shop)) as server:
        address = f"{server.url}{folder}"
        api = woocommerce.API(address, shop.key.consumer_key, shop.key.consumer_secret, version="wc/v3")
        rows = api.get("products", params={"per_page": 1, "_fields": "id,stock_quantity"}).json()
        assert rows == [{"id": 12, "stock_quantity": 10}]
        assert api.put("products/12", {"inventory_delta": -1}).json()["stock_quantity"] == 9
        assert requests.get(f"{address}/wp-json/", timeout=5).json()["url"] == address
        assert requests.get(f"{server.url}/elsewhere/wp-json/", timeout=5).status_code == 404


def test_of_a_repeated_parameter_php_keeps_the_last_and_a_signature_breaks(tls: Any, site: Site) -> None:
    site.shop.add_simple("B", stock=1)
    secret = (site.shop.key.consumer_key, site.shop.key.consumer_secret)
    with SandboxServer(woo_app(site.shop), certificate=tls[0]) as server:
        url = f"{server.url}/wp-json/wc/v3/products"
        rows = requests.get(url, params={"include": [12, 13]}, auth=secret, verify=tls[1], timeout=5).json()
    assert [row["sku"] for row in rows] == ["B"]
    api = woocommerce.API(site.server.url, *secret)
    site.clock.at = datetime.now(UTC)
    assert api.get("products", params={"include": [12, 13]}).status_code == 401


def test_plain_permalinks_answer_with_a_page(site: Site) -> None:
    site.shop.plain_permalinks = True
    answer = site.ask("GET", "products")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")


def test_a_request_let_in_takes_effect_hours_later(site: Site) -> None:
    site.server.faults.add(LateEffect(), match="PUT")
    with pytest.raises(requests.ConnectionError):
        site.ask("PUT", "products/12", {"inventory_delta": -4})
    site.clock.forward(hours=3)
    site.shop.buy("A", 1)
    assert site.shop.stock_of("A") == 9
    site.server.faults.release_late()
    assert site.shop.stock_of("A") == 5


def test_a_host_that_had_enough_answers_with_a_page_and_a_wait(site: Site) -> None:
    site.shop.rate_limit = (2, timedelta(seconds=60))
    assert [site.ask("GET", "products").status_code for _ in range(2)] == [200, 200]
    site.clock.forward(seconds=20)
    answer = site.ask("PUT", "products/12", {"stock_quantity": 1})
    assert (answer.status_code, answer.headers["Retry-After"], answer.text[:9]) == (429, "40", "<!DOCTYPE")
    assert site.shop.stock_of("A") == 10
    site.clock.forward(seconds=40)
    assert site.ask("GET", "products").status_code == 200


def test_what_is_counted_holds_no_credentials(site: Site) -> None:
    site.ask("GET", "products", per_page=5)
    call = site.server.calls[-1]
    assert (call.method, call.path, call.query) == ("GET", "/wp-json/wc/v3/products", (("per_page", "5"),))


def test_a_key_keeps_its_secret_out_of_sight(site: Site) -> None:
    assert site.shop.key.consumer_secret not in repr(site.shop.keys)
