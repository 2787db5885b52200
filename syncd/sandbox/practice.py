"""Two practice shops side by side, with one small catalogue: what `syncd demo` and its tests sell in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests

from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import Bucket, ShopifyApp, ShopifyShop
from syncd.sandbox.woocommerce import WooShop, woo_app

WOO = "woo_demo"
SHOPIFY = "shopify_demo"
BUFFER_UNITS = 2
_BUY_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Article:
    """One SKU of the catalogue. `shelf` units are there and the WooCommerce shop shows them all; the Shopify shop was
    kept by hand so far and shows `shown_by_shopify`."""

    sku: str
    shelf: int
    shown_by_shopify: int
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its variations; a simple one has a single article without options."""

    sku: str
    name: str
    price: str
    articles: tuple[Article, ...]


def _size(sku: str, size: str, colour: str, shelf: int, shown_by_shopify: int | None = None) -> Article:
    shown = shelf if shown_by_shopify is None else shown_by_shopify
    return Article(sku, shelf, shown, {"Size": size, "Colour": colour})


CATALOGUE = (
    Product(
        "SHOE",
        "Canvas shoe",
        "79.00",
        (
            _size("SHOE-38-BLK", "38", "black", 6),
            _size("SHOE-39-BLK", "39", "black", 10),
            _size("SHOE-39-WHT", "39", "white", 4, 6),
            _size("SHOE-40-BLK", "40", "black", 7),
            _size("SHOE-40-WHT", "40", "white", 1),
        ),
    ),
    Product(
        "TEE",
        "T-shirt, organic cotton",
        "24.00",
        (
            _size("TEE-S-NAVY", "S", "navy", 12),
            _size("TEE-M-NAVY", "M", "navy", 9, 3),
            _size("TEE-L-NAVY", "L", "navy", 3),
        ),
    ),
    Product("MUG-350", "Enamel mug 350 ml", "14.50", (Article("MUG-350", 24, 24),)),
    Product("TOTE-NAT", "Tote bag, natural", "12.00", (Article("TOTE-NAT", 0, 2),)),
)
"""The Shopify shop still sells a bag that is gone, shows 2 white shoes too many, and 6 navy shirts too few."""

ARTICLES = tuple(article for product in CATALOGUE for article in product.articles)


@dataclass(frozen=True, slots=True)
class PracticeShops:
    """A WooCommerce and a Shopify practice shop, both on loopback. Their lists of orders hardly trail behind."""

    woo: WooShop
    shopify: ShopifyShop
    woo_server: SandboxServer
    shopify_server: SandboxServer
    shopify_app: ShopifyApp

    def env(self, folder: Path) -> str:
        """The text of a `.env` for both shops, with the master table in `folder`."""
        return f"""\
SYNCD_CHANNELS={WOO}:woocommerce, {SHOPIFY}:shopify
SYNCD_BUFFER={BUFFER_UNITS}
SYNCD_DATABASE_URL=sqlite:///{folder / "syncd.db"}

WOO_DEMO_URL={self.woo_server.url}
WOO_DEMO_KEY='{self.woo.key.consumer_key}'
WOO_DEMO_SECRET='{self.woo.key.consumer_secret}'
WOO_DEMO_ORDER_LAG=0s

SHOPIFY_DEMO_SHOP={self.shopify.domain}
SHOPIFY_DEMO_CLIENT_ID='{self.shopify_app.client_id}'
SHOPIFY_DEMO_CLIENT_SECRET='{self.shopify_app.client_secret}'
SHOPIFY_DEMO_BASE_URL={self.shopify_server.url}
SHOPIFY_DEMO_ORDER_LAG=0s
"""

    def door(self, channel: str) -> str:
        """Where customers buy: ``POST {"sku": ..., "units": ...}``."""
        server = {WOO: self.woo_server, SHOPIFY: self.shopify_server}[channel]
        return f"{server.url}/sandbox/buy"

    def buy(self, channel: str, sku: str, units: int) -> None:
        """A customer buys over HTTP.

        Raises:
            requests.RequestException: the shop refuses, or does not answer.
        """
        with requests.Session() as customer:
            customer.trust_env = False  # a proxy of the environment does not know our loopback
            wish = {"sku": sku, "units": units}
            customer.post(self.door(channel), json=wish, timeout=_BUY_WITHIN_S).raise_for_status()


@contextmanager
def practice_shops() -> Iterator[PracticeShops]:
    """Both shops, open for business; closed at the end, whatever happens."""
    woo = WooShop(lambda: datetime.now(UTC))
    shopify = ShopifyShop(name="Practice shop", domain="practice-shop.myshopify.com")
    for product in CATALOGUE:
        _stock_woo(woo, product)
        _stock_shopify(shopify, product)
    app = ShopifyApp(
        shopify,
        client_id=secrets.token_hex(16),
        client_secret=f"shpss_{secrets.token_hex(16)}",
        scopes=frozenset(("write_products", "read_inventory", "write_inventory", "read_locations", "read_orders")),
    )
    # The largest plan's (shopify-facts §6): the demo calls in seconds what a shop is asked in an hour.
    app.bucket = Bucket(shopify.clock, maximum=20_000, restore_rate=1_000)
    with SandboxServer(woo_app(woo)) as woo_server, SandboxServer(app) as shopify_server:
        yield PracticeShops(woo, shopify, woo_server, shopify_server, app)


def _stock_woo(shop: WooShop, product: Product) -> None:
    if not any(article.options for article in product.articles):
        shop.add_simple(product.sku, product.name, product.articles[0].shelf, price=product.price)
        return
    parent = shop.add_variable(product.sku, product.name, {}, price=product.price)
    for article in product.articles:
        shop.add_variation(parent, article.sku, article.options, article.shelf)


def _stock_shopify(shop: ShopifyShop, product: Product) -> None:
    shop.add_product(
        product.name,
        [
            {
                "sku": article.sku,
                "units": article.shown_by_shopify,
                "options": article.options,
                "price": product.price,
            }
            for article in product.articles
        ],
    )
