"""A practice shop over real HTTP, its clock in the test's hand, and connectors to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.contract import SettingValue, Surroundings
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.woocommerce import Key, WooShop, woo_app


class Clock:
    """The time of this machine (which the server's Date header tells), plus what the test added."""

    def __init__(self) -> None:
        self.added = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.added

    def forward(self, **span: float) -> None:
        self.added += timedelta(**span)


class Site:
    """The shop, its server, and connectors to it. Waiting is noted and not done."""

    def __init__(self, server: SandboxServer, shop: WooShop, clock: Clock) -> None:
        self.server, self.shop, self.clock = server, shop, clock
        self.slept_s: list[float] = []
        self._made: list[WooCommerce] = []

    def connector(self, key: Key | None = None, **settings: SettingValue) -> WooCommerce:
        key = key or self.shop.key
        given: dict[str, SettingValue] = {
            "URL": self.server.url + self.shop.folder,
            "KEY": key.consumer_key,
            "SECRET": key.consumer_secret,
        }
        surroundings = Surroundings(now=self.clock, sleep=self.slept_s.append, random=random.Random(1))
        self._made.append(WooCommerce("woo", given | settings, surroundings))
        return self._made[-1]

    def calls(self, method: str = "") -> list[str]:
        """What was asked since `server.calls` was cleared, as ``METHOD path`` below the API."""
        lines = [f"{call.method} {call.path.partition('/wc/v3/')[2] or call.path}" for call in self.server.calls]
        return [line for line in lines if line.startswith(method)]

    def close(self) -> None:
        for connector in self._made:
            connector.close()
        self.server.stop()


def open_site(certificate: tuple[str, str] | None = None, **settings: Any) -> Site:
    clock = Clock()
    shop = WooShop(clock, **settings)
    return Site(SandboxServer(woo_app(shop), certificate=certificate).start(), shop, clock)


@pytest.fixture
def site() -> Iterator[Site]:
    site = open_site()
    yield site
    site.close()


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """The certificate of an authority; beside it lie certificate and key that it made for 127.0.0.1."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def secure(ca_file: str) -> Iterator[Site]:
    """A shop over https, whose certificate only `ca_file` vouches for."""
    folder = Path(ca_file).parent
    site = open_site(certificate=(str(folder / "cert.pem"), str(folder / "key.pem")))
    site.shop.add_simple("HAT", stock=9)
    yield site
    site.close()
