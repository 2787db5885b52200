"""Two practice shops on loopback, an `.env` that names them, and the command line run against both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from syncd.__main__ import run
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import ShopifyApp, ShopifyShop
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.storage.session import Database

TOKEN = "shpat_practice"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shops:
    """The shops, their servers, and `syncd`, which runs one command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.woo = WooShop(lambda: datetime.now(UTC))
        self.shopify = ShopifyShop()
        self.woo_server = SandboxServer(woo_app(self.woo)).start()
        self.shopify_server = SandboxServer(ShopifyApp(self.shopify, fixed_token=TOKEN)).start()
        self.env_file = folder / ".env"
        self.env_file.touch(mode=0o600)
        self.settings: dict[str, str] = {
            "SYNCD_CHANNELS": "woo:woocommerce, shopify_il:shopify",
            "SYNCD_DATABASE_URL": f"sqlite:///{folder / 'syncd.db'}",
            "SYNCD_TIMEZONE": "Asia/Jerusalem",
            "WOO_URL": self.woo_server.url,
            "WOO_KEY": self.woo.key.consumer_key,
            "WOO_SECRET": self.woo.key.consumer_secret,
            "WOO_ORDER_LAG": "0s",
            "SHOPIFY_IL_SHOP": "sample-shop.myshopify.com",
            "SHOPIFY_IL_BASE_URL": self.shopify_server.url,
            "SHOPIFY_IL_TOKEN": TOKEN,
            "SHOPIFY_IL_BUFFER": "1",
            "SHOPIFY_IL_ORDER_LAG": "0s",
        }

    def set(self, **settings: str) -> None:
        self.settings |= settings

    def sell_in_both(self, units_by_sku: Mapping[str, int]) -> None:
        """Put these SKUs on sale in both shops."""
        for sku, units in units_by_sku.items():
            self.woo.add_simple(sku, f"Nice {sku}", stock=units)
            self.shopify.add_product(f"Nice {sku}", [{"sku": sku, "units": units}])

    def syncd(self, *arguments: str) -> Ended:
        self.env_file.write_text("".join(f"{key}='{value}'\n" for key, value in self.settings.items()))
        self._capsys.readouterr()
        code = run(["--env-file", str(self.env_file), *arguments])
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err)

    def done(self, *arguments: str) -> Ended:
        """Run a command that must succeed."""
        ended = self.syncd(*arguments)
        assert ended.code == 0, ended
        return ended

    def live(self, units_by_sku: Mapping[str, int]) -> None:
        """The first hour, in short: both shops sell these SKUs, counted from woo, and are live."""
        self.sell_in_both(units_by_sku)
        self.done("map")
        self.done("adopt", "woo", "--yes")
        self.done("go-live", "woo", "shopify_il", "--yes")

    def buy_in_woo(self, sku: str, units: int = 1) -> int:
        """A customer buys over HTTP; the order's id."""
        wish = {"sku": sku, "units": units}
        answer = requests.post(f"{self.woo_server.url}/sandbox/buy", json=wish, timeout=10)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["order"])

    def buy_in_shopify(self, sku: str, units: int = 1) -> None:
        wish = {"sku": sku, "units": units}
        answer = requests.post(f"{self.shopify_server.url}/sandbox/buy", json=wish, timeout=10)
        assert answer.status_code == 200, answer.text

    def shown(self, sku: str) -> tuple[int | None, int]:
        """What a customer finds in woo and in shopify_il."""
        return self.woo.stock_of(sku), self.shopify.available(sku)

    def forget_calls(self) -> None:
        self.woo_server.calls.clear()
        self.shopify_server.calls.clear()

    def write_calls(self) -> list[str]:
        """What was written to the shops since `forget_calls`."""
        woo = [f"{call.method} {call.path}" for call in self.woo_server.calls if call.method != "GET"]
        shopify = [call.body.decode() for call in self.shopify_server.calls if b"mutation" in call.body]
        return woo + shopify

    def database(self) -> Database:
        return Database(self.settings["SYNCD_DATABASE_URL"])

    def close(self) -> None:
        self.woo_server.stop()
        self.shopify_server.stop()
