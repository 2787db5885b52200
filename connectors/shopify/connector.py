"""The connector for Shopify: the roles of the contract, put together from the files beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from threading import Lock
from typing import ClassVar

from connectors.contract import (
    Batch,
    CredentialsRejected,
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
    SettingValue,
    StorefrontFile,
    Subscriptions,
    Surroundings,
    Write,
)
from connectors.http import Transport
from connectors.shopify import checks, deliveries, hooks, listing_pages, notices, stops, writes
from connectors.shopify.address import Address
from connectors.shopify.admin import Admin
from connectors.shopify.order_pages import OrderPages
from connectors.shopify.places import Standing, standing
from connectors.shopify.settings import GUIDE, SETTINGS, settings
from connectors.shopify.snippet import snippet

# With `read_orders` alone (shopify-facts §4); assumed until the shop has told what the app may read.
ORDERS_VISIBLE_FOR = timedelta(days=60)


class Shopify:
    """One shop and one of its locations; making it calls nobody. May be used by several threads."""

    kind: ClassVar[str] = "shopify"
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    GUIDE: ClassVar[tuple[str, ...]] = GUIDE
    steady = True
    raises_by = Op.SET
    replays = True
    notices_ride = False
    in_doubt = timedelta(seconds=120)

    def __init__(
        self, channel: str, given: Mapping[str, SettingValue], surroundings: Surroundings | None = None
    ) -> None:
        self._settings = settings(channel, given)
        self._surroundings = surroundings or Surroundings()
        self._transport = Transport(
            surroundings=self._surroundings,
            read_timeout_s=30.0,
            verify=self._settings.ca_file or True,
            parallel=self._settings.parallel,
            secrets=self._settings.secrets,
        )
        address = Address(self._settings, self._transport)
        self._admin = Admin(self._settings, address, self._transport, self._surroundings)
        self._orders = OrderPages(self._admin, overlap=2 * self._settings.order_lag)
        self._known: Standing | None = None
        self._ready = False
        self._lock = Lock()
        self.order_lag = self._settings.order_lag
        self.parallel = self._settings.parallel
        self.visible_for: timedelta | None = ORDERS_VISIBLE_FOR

    def check(self) -> Sequence[Finding]:
        return checks.findings(self._admin, self._settings, self._surroundings)

    def close(self) -> None:
        self._transport.close()

    def listings(self) -> Iterator[ListingPage]:
        yield from listing_pages.pages(self._admin, self._standing(anew=True))

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        return listing_pages.by_ref(self._admin, self._standing(), refs)

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        yield from self._orders.since(cursor, self._standing().location.gid)

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        return self._orders.by_id(ids, self._standing().location.gid)

    def group(self, these: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
        return writes.grouped(these)

    def send(self, batch: Batch) -> Sequence[Outcome]:
        op = writes.one_op(batch)
        if refused := writes.refused(batch):
            return refused
        if op is Op.STOP:
            return stops.sent(self._admin, batch, self._settings.channel)
        if op is not Op.SHOW:
            return writes.sent(self._admin, batch, self._standing().location.gid)
        try:
            return notices.sent(self._admin, batch, self._settings.channel)
        except CredentialsRejected:
            self._ready = False
            raise

    def prepare(self) -> None:
        if not self._ready:
            notices.ready(self._admin, self._settings.channel)
            self._ready = True

    def storefront(self) -> StorefrontFile:
        return snippet()

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        return deliveries.news(self._settings, self._known, headers, body)

    def subscribe(self, address: str) -> Subscriptions:
        return hooks.subscribe(self._admin, self._settings, address)

    def unsubscribe(self, address: str) -> int:
        return hooks.unsubscribe(self._admin, self._settings, address)

    def _standing(self, *, anew: bool = False) -> Standing:
        """Where we stand; asked once, and `anew` where everything is read anyway: locations come and go."""
        with self._lock:
            if self._known is None or anew:
                self._known = standing(self._admin, self._settings)
                self.visible_for = None if self._known.reads_all_orders else ORDERS_VISIBLE_FOR
            return self._known
