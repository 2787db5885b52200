"""The connector to a WooCommerce shop: every role of the contract over the shop's REST API v3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, cast
from urllib.parse import urlsplit

from connectors.contract import (
    Batch,
    Finding,
    Listing,
    ListingPage,
    ListingRef,
    News,
    Op,
    OrderPage,
    OrdersById,
    Outcome,
    Setting,
    SettingType,
    SettingValue,
    StorefrontFile,
    Subscriptions,
    Surroundings,
    Write,
)
from connectors.woocommerce import checks, plugin, writes
from connectors.woocommerce.client import Client
from connectors.woocommerce.guide import GUIDE
from connectors.woocommerce.hooks import Hooks
from connectors.woocommerce.listings import Listings
from connectors.woocommerce.orders import Orders

PARALLEL = 2
ORDER_LAG = timedelta(seconds=2)


def shop_identity(url: str) -> str:
    """Which shop an address is of: host, port where it is not the usual one, and folder."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").removeprefix("www.").rstrip(".")
        port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    except ValueError:
        return ""  # no address: the settings or the check say so
    return f"{host}{port}{parts.path.rstrip('/')}"


SETTINGS = (
    Setting("URL", "Address of the shop, with its folder if it has one", required=True,
            example="https://shop.example.com", identity=shop_identity),
    Setting("KEY", "Consumer key: WooCommerce > Settings > Advanced > REST API, Read/Write", required=True,
            secret=True, example="ck_..."),
    Setting("SECRET", "Consumer secret, shown once beside the key", required=True, secret=True, example="cs_..."),
    Setting("AUTH", "How the key is sent: basic over https, query where the host strips Authorization, oauth over "
            "plain http; unset, the address decides between basic and oauth", SettingType.CHOICE,
            choices=("basic", "query", "oauth")),
    Setting("CA_FILE", "Certificates to trust instead of the usual ones", SettingType.PATH),
    Setting("PARALLEL", "Calls under way at once; more make the shop slow for its customers", SettingType.INT,
            str(PARALLEL)),
    Setting("ORDER_LAG", "How far the shop's list of orders may trail behind its stock", SettingType.DURATION,
            f"{ORDER_LAG.seconds}s"),
)  # fmt: skip


class WooCommerce:
    """One WooCommerce shop. Calls nobody until a role is used; each object has its own connections and credentials.

    Listings that the shop does not count are the engine's affair: its setting ``MANAGE_STOCK=on`` sends `Op.START` for
    them.
    """

    kind: ClassVar[str] = "woocommerce"
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    GUIDE: ClassVar[tuple[str, ...]] = GUIDE

    raises_by: ClassVar[Op] = Op.DELTA
    replays: ClassVar[bool] = False
    notices_ride: ClassVar[bool] = True
    # PHP goes on with a request that nobody waits for any more, for 30 to 120 s by common settings.
    in_doubt: ClassVar[timedelta] = timedelta(seconds=120)
    visible_for: ClassVar[timedelta | None] = None
    steady = True

    def __init__(
        self, channel: str, settings: Mapping[str, SettingValue], surroundings: Surroundings | None = None
    ) -> None:
        surroundings = surroundings or Surroundings()
        self.parallel = cast(int, settings.get("PARALLEL", PARALLEL))
        # The shop lowers its number before it notes `_reduced_stock` in the order's line, within the same request.
        self.order_lag = cast(timedelta, settings.get("ORDER_LAG", ORDER_LAG))
        self._surroundings = surroundings
        self._client = Client(
            name=channel.upper(),
            url=str(settings["URL"]),
            key=str(settings["KEY"]).strip(),
            secret=str(settings["SECRET"]).strip(),
            auth=cast(str | None, settings.get("AUTH")),
            ca_file=cast(str | None, settings.get("CA_FILE")),
            parallel=self.parallel,
            surroundings=surroundings,
        )
        self._listings = Listings(self._client)
        self._orders = Orders(self._client, surroundings)
        self._hooks = Hooks(self._client, str(settings["SECRET"]).strip())

    def __repr__(self) -> str:
        return f"WooCommerce({self._client.url})"

    def check(self) -> Sequence[Finding]:
        return checks.check(self._client, self._surroundings)

    def close(self) -> None:
        self._client.close()

    def listings(self) -> Iterator[ListingPage]:
        return self._listings.walk()

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        return self._listings.read(refs)

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        return self._orders.walk(cursor)

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        return self._orders.by_id(ids)

    def group(self, writes_: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
        return writes.group(writes_)

    def send(self, batch: Batch) -> Sequence[Outcome]:
        return writes.send(self._client, batch)

    def prepare(self) -> None:
        """Nothing to make ready: metadata needs no definition."""

    def storefront(self) -> StorefrontFile:
        return plugin.storefront()

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        return self._hooks.news(headers, body)

    def subscribe(self, address: str) -> Subscriptions:
        return self._hooks.subscribe(address)

    def unsubscribe(self, address: str) -> int:
        return self._hooks.unsubscribe(address)
