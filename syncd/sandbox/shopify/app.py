"""The practice shop's front door: Shopify's endpoints for tokens and for GraphQL, as plain `Request` → `Response`."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from syncd.sandbox.server import Request, Response
from syncd.sandbox.shopify import webhook_bodies
from syncd.sandbox.shopify.asked import Asked, too_long
from syncd.sandbox.shopify.cost import Bucket, Price
from syncd.sandbox.shopify.graphql.check import mistakes
from syncd.sandbox.shopify.graphql.document import Document, Field, Operation, Unparsable, parse
from syncd.sandbox.shopify.graphql.errors import GraphError, Refused
from syncd.sandbox.shopify.graphql.execution import Run
from syncd.sandbox.shopify.graphql.schema import admin_schema
from syncd.sandbox.shopify.graphql.values import variable_values
from syncd.sandbox.shopify.idempotency import Keys
from syncd.sandbox.shopify.queries import shown
from syncd.sandbox.shopify.resolvers import RESOLVERS
from syncd.sandbox.shopify.shop import ShopifyShop, ShopRefuses

VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10")
TOKEN_LIVES = timedelta(seconds=86_399)
ALL_SCOPES = frozenset(("read_products", "write_products", "write_inventory", "read_locations", "write_orders"))
GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


@dataclass(slots=True)
class ShopifyApp:
    """Answers requests to a shop as one app of it, with `scopes`.

    A client comes with a `fixed_token`, or asks for a token of 24 hours with client id and secret. `bucket` holds the
    points of the app. Besides Shopify's own addresses there is one door for tests and the demo: a customer buys at
    ``POST /sandbox/buy {"sku": …, "units": …}`` and gets ``{"order": gid}``.
    """

    shop: ShopifyShop
    client_id: str = "practice-client"
    client_secret: str = field(default="practice-secret", repr=False)
    fixed_token: str | None = field(default=None, repr=False)
    scopes: frozenset[str] = ALL_SCOPES
    installed: bool = True
    bucket: Bucket = field(init=False)
    keys: Keys = field(default_factory=Keys)
    _tokens: dict[str, datetime] = field(default_factory=dict, repr=False)  # until when each is good

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.shop.clock)
        self.shop.webhooks.secret = lambda: self.client_secret
        self.shop.webhooks.api_version = VERSIONS[-1]

    def __call__(self, request: Request) -> Response:
        with self.shop.lock:
            graphql = GRAPHQL.fullmatch(request.path)
            if request.method == "POST" and graphql:
                return self._graphql(request, graphql.group(1))
            if request.method == "POST" and request.path == "/admin/oauth/access_token":
                return self._token(request)
            if request.method == "POST" and request.path == "/sandbox/buy":
                return self._buy(request)
            return _json(404, {"errors": "Not Found"})

    def revoke_tokens(self) -> None:
        """Makes every token void at once."""
        self._tokens.clear()
        self.fixed_token = None

    def uninstall(self) -> None:
        """The owner takes the app out of the shop: it hears of it, and gets no token any more."""
        with self.shop.lock:
            self.revoke_tokens()
            self.installed = False
            self.shop.webhooks.uninstalled(lambda: webhook_bodies.uninstalled(self.shop.name, self.shop.domain))

    # ------------------------------------------------------------------ tokens

    def _token(self, request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        if given.get("grant_type") != "client_credentials":
            return _json(400, {"error": "unsupported_grant_type"})
        known = self.installed and _same(given.get("client_id", ""), self.client_id)
        if not (known and _same(given.get("client_secret", ""), self.client_secret)):
            return _json(400, {"error": "invalid_client", "error_description": "Client authentication failed."})
        token = f"shpat_{secrets.token_hex(16)}"
        self._tokens[token] = self.shop.clock() + TOKEN_LIVES
        seconds = int(TOKEN_LIVES.total_seconds())
        return _json(200, {"access_token": token, "scope": ",".join(sorted(self.scopes)), "expires_in": seconds})

    def _admits(self, token: str) -> bool:
        if self.fixed_token and _same(token, self.fixed_token):
            return True
        return any(_same(token, known) and self.shop.clock() < until for known, until in self._tokens.items())

    # ------------------------------------------------------------------ GraphQL

    def _graphql(self, request: Request, version: str) -> Response:
        served = _served(version)
        if not served:
            return _json(404, {"errors": "Not Found"})
        if not self._admits(request.headers.get("x-shopify-access-token", "")):
            return _json(401, {"errors": UNAUTHORIZED})
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        well_formed = isinstance(body, dict) and isinstance(body.get("variables") or {}, dict)
        if not well_formed or not isinstance(body.get("query"), str):
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        return _json(200, self._answer(body), {"X-Shopify-API-Version": served})

    def _answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        requested: int | None = None
        try:
            document = _valid(body["query"])
            operation = _chosen(document, body.get("operationName"))
            variables = variable_values(admin_schema(), operation, body.get("variables") or {})
            requested = Price(admin_schema(), document, variables).of(operation)
            self.bucket.pay(requested)
            _check_sizes(operation, variables)
        except Refused as refused:
            answer: dict[str, Any] = {"errors": [error.shown() for error in refused.errors]}
            if requested is not None:
                answer["extensions"] = {"cost": self.bucket.shown(requested, None)}
            return answer
        asked = Asked(self.shop, self.scopes, VERSIONS, self.keys)
        run = Run(admin_schema(), RESOLVERS, asked.guard, document, variables, asked)
        answer = {"data": run.operation(operation), "extensions": {"cost": self.bucket.shown(requested, requested)}}
        if asked.search:
            answer["extensions"]["search"] = asked.search
        return {"errors": [error.shown() for error in run.errors], **answer} if run.errors else answer

    # ------------------------------------------------------------------ the practice shop's own door

    def _buy(self, request: Request) -> Response:
        try:
            wish = json.loads(request.body)
            sku, units = str(wish["sku"]), int(wish["units"])
        except (ValueError, TypeError, KeyError):
            return _json(400, {"error": 'send {"sku": "...", "units": 1}'})
        try:
            return _json(200, {"order": self.shop.buy(sku, units).id})
        except ShopRefuses as refused:
            return _json(422, {"error": str(refused)})
        except KeyError:
            return _json(404, {"error": f"no such SKU: {sku}"})


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _served(version: str) -> str | None:
    """The version that answers: a retired one is answered by the oldest supported, silently (shopify-facts §1)."""
    if version in VERSIONS:
        return version
    retired = re.fullmatch(r"20\d\d-(01|04|07|10)", version) and version < VERSIONS[0]
    return VERSIONS[0] if retired else None


def _valid(query: str) -> Document:
    try:
        document = parse(query)
    except Unparsable as wrong:
        raise Refused(GraphError(wrong.args[0], at=[wrong.at])) from None
    if found := mistakes(admin_schema(), document):
        raise Refused(*found)
    return document


def _chosen(document: Document, name: str | None) -> Operation:
    """The operation of that name, or the only one."""
    found = [one for one in document.operations if name in (None, one.name)]
    if len(found) != 1:
        what = f'No operation named "{name}"' if name else "An operation name is required"
        raise Refused(GraphError(what))
    return found[0]


def _check_sizes(operation: Operation, variables: Mapping[str, object]) -> None:
    """At most 250 entries in an input list; the points are spent by then (shopify-facts §2.1).

    The variants of one product are the exception: 2048 a call (shopify-facts §3).
    """
    roots = [one for one in operation.selections if isinstance(one, Field)]
    if any(one.name == "productVariantsBulkUpdate" for one in roots):
        return
    if error := too_long(variables, (roots[0].name,) if roots else (), operation.at):
        raise Refused(error)


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, default=_plain)
    return Response(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, text.encode())


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return shown(value)
    assert isinstance(value, Decimal), value
    return str(value)
