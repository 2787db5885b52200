"""A practice shop with a clock in the test's hand, asked over real HTTP."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import trustme

from syncd.sandbox.server import SandboxServer
from syncd.sandbox.woocommerce import Key, WooShop, woo_app

START = datetime(2026, 11, 22, 7, 58, 0, tzinfo=UTC)


class Clock:
    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


def signature(key: Key, method: str, url: str, pairs: list[tuple[str, str]], digest: str = "sha256") -> str:
    """OAuth 1.0a, one-legged."""
    encoded = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(dict(pairs).items())
    )
    signed = "&".join(quote(part, safe="~") for part in (method, url, encoded))
    return base64.b64encode(hmac.new(f"{key.consumer_secret}&".encode(), signed.encode(), digest).digest()).decode()


def oauth_pairs(
    key: Key,
    method: str,
    url: str,
    pairs: list[tuple[str, str]],
    at: datetime,
    nonce: str = "n",
    digest: str = "sha256",
) -> list[tuple[str, str]]:
    signed = [
        *pairs,
        ("oauth_consumer_key", key.consumer_key),
        ("oauth_timestamp", str(int(at.timestamp()))),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", f"HMAC-{digest.upper()}"),
    ]
    return [*signed, ("oauth_signature", signature(key, method, url, signed, digest))]


def certificate(folder: Path) -> tuple[tuple[str, str], str]:
    """((certificate, key), authority): files of a throw-away authority for 127.0.0.1."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return (str(folder / "cert.pem"), str(folder / "key.pem")), str(folder / "ca.pem")


class Site:
    """The shop, its server, and `ask`: a signed call to its REST API."""

    def __init__(self, shop: WooShop, clock: Clock, server: SandboxServer) -> None:
        self.shop, self.clock, self.server = shop, clock, server
        self._session = requests.Session()
        self._session.trust_env = False
        self._asked = 0

    def ask(
        self, method: str, path: str, body: Any = None, *, key: Key | None = None, headers: Any = None, **query: Any
    ) -> requests.Response:
        self._asked += 1
        url = f"{self.server.url}{self.shop.folder}/wp-json/wc/v3/{path}"
        pairs = [(name, str(value)) for name, value in query.items()]
        pairs = oauth_pairs(key or self.shop.key, method, url, pairs, self.shop.now(), nonce=str(self._asked))
        return self._session.request(method, url, params=pairs, json=body, headers=headers, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: Any) -> Any:
        answer = self.ask("PUT", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


@contextmanager
def open_site(**settings: Any) -> Iterator[Site]:
    clock = Clock()
    shop = WooShop(clock, **settings)
    with SandboxServer(woo_app(shop)) as server:
        yield Site(shop, clock, server)
