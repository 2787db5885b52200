"""A connector in known surroundings, and a loopback server that answers from a script."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import ListingRef, SettingValue, Surroundings
from connectors.shopify.connector import Shopify
from syncd.sandbox.server import Request, Response, SandboxServer
from syncd.sandbox.shopify import ShopifyApp, ShopifyShop

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
VERSION = "2026-10"
TOKEN = "shpat_0123456789abcdef"
LOCATION = {"id": "gid://shopify/Location/1", "name": "Herzl 12", "isActive": True, "fulfillsOnlineOrders": True}
SHOP = {
    "shop": {"name": "Sample", "myshopifyDomain": "sample-shop.myshopify.com"},
    "currentAppInstallation": {
        "accessScopes": [
            {"handle": one} for one in ("read_products", "write_inventory", "read_locations", "read_orders")
        ]
    },
}


@dataclass
class World:
    """Clock, waiting and randomness of a test: waiting moves the clock, nothing waits."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def surroundings(self) -> Surroundings:
        return Surroundings(now=lambda: self.now, sleep=self.sleep, random=random.Random(1))


@dataclass
class Asked:
    """One request to the scripted server."""

    path: str
    token: str | None
    body: bytes

    @property
    def document(self) -> str:
        return str(json.loads(self.body)["query"])

    @property
    def variables(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["variables"] or {})


Script = Callable[[Asked], Response]


def answered(
    data: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None, **rest: object
) -> Response:
    """An answer of Shopify; `rest` are further members of its body."""
    body = ({} if data is None else {"data": data}) | rest
    return Response(status, {"X-Shopify-API-Version": VERSION, **(headers or {})}, json.dumps(body).encode())


def throttled(requested: int = 100, available: int = 20, rate: int = 40) -> Response:
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    return answered(
        errors=[{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        extensions={"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}},
    )


def refused(code: str, message: str = "No.", data: object = None) -> Response:
    return answered(data, errors=[{"message": message, "extensions": {"code": code}}])


class Scripted:
    """A Shopify that answers who it is, and everything else from `scripts`: one each, the last one for ever."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.asked: list[Asked] = []
        self.locations: list[Mapping[str, object]] = [LOCATION]
        self.installation: Mapping[str, object] = SHOP
        self.definition: Mapping[str, object] | None = None
        self.server = SandboxServer(self._answer)

    def answers(self, *scripts: Script | Response) -> None:
        self.scripts = [script if callable(script) else _always(script) for script in scripts]

    def _answer(self, request: Request) -> Response:
        asked = Asked(request.path, request.headers.get("x-shopify-access-token"), request.body)
        if request.path.endswith("/graphql.json"):
            if "query Installation" in asked.document:
                return answered(self.installation)
            if "query Notices" in asked.document:
                app = {"currentAppInstallation": self.installation["currentAppInstallation"]}
                return answered(app | {"metafieldDefinition": self.definition})
            if "query Locations" in asked.document:
                info = {"hasNextPage": False, "endCursor": None}
                return answered({"locations": {"nodes": self.locations, "pageInfo": info}})
        self.asked.append(asked)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        return script(asked)


def _always(response: Response) -> Script:
    return lambda _: response


Make = Callable[..., Shopify]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    shop = Scripted()
    with shop.server:
        yield shop


@pytest.fixture
def make(world: World) -> Iterator[Make]:
    """Makes connectors for an address and closes them at the end."""
    made: list[Shopify] = []

    def connector(url: str | None, **settings: SettingValue) -> Shopify:
        defaults: dict[str, SettingValue] = {
            "SHOP": "sample-shop.myshopify.com",
            "BASE_URL": url,
            "TOKEN": TOKEN,
        }
        made.append(Shopify("shopify_il", defaults | settings, world.surroundings()))
        return made[-1]

    yield connector
    for one in made:
        one.close()


@dataclass
class Practice:
    """A practice shop over HTTP, in the test's time."""

    world: World
    shop: ShopifyShop
    app: ShopifyApp
    server: SandboxServer

    def item(self, sku: str) -> str:
        """The id of the listing with this SKU."""
        return str(self.shop.variant(sku).inventory_item.number)

    def ref(self, sku: str) -> ListingRef:
        variant = self.shop.variant(sku)
        return ListingRef(self.item(sku), f"{variant.product.number}/{variant.number}")


@pytest.fixture
def practice(world: World) -> Iterator[Practice]:
    """A practice shop whose token is the one that `make` sets; its order list trails behind by 3 s."""
    shop = ShopifyShop(clock=lambda: world.now, search_lag=timedelta(seconds=3))
    app = ShopifyApp(shop, fixed_token=TOKEN)
    with SandboxServer(app) as server:
        yield Practice(world, shop, app, server)
