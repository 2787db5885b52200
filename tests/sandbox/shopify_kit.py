"""A practice Shopify shop with a clock in the test's hand, asked over real HTTP; each document checked twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import graphql
import requests

from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import ShopifyApp, ShopifyShop

SCHEMA = graphql.build_schema((Path(__file__).parent.parent / "shopify_schema" / "admin-2026-10.graphql").read_text())
START = datetime(2026, 11, 22, 7, 58, 0, 250_000, tzinfo=UTC)
TOKEN = "shpat_practice"


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Client:
    """Asks the shop. The sandbox must accept exactly the documents that graphql-core finds valid."""

    server: SandboxServer
    app: ShopifyApp
    clock: Clock
    token: str = TOKEN

    @property
    def shop(self) -> ShopifyShop:
        return self.app.shop

    def post(self, body: Any, *, version: str = "2026-10", token: str | None = None) -> requests.Response:
        return requests.post(
            f"{self.server.url}/admin/api/{version}/graphql.json",
            data=json.dumps(body),
            headers={"Content-Type": "application/json", "X-Shopify-Access-Token": token or self.token},
            timeout=10,
        )

    def ask(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The body of the answer, after comparing what the sandbox said with what graphql-core says."""
        response = self.post({"query": document, "variables": variables or {}})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        ran = "data" in body or "cost" in body.get("extensions", {})
        mistakes = wrong(document, variables or {})
        assert ran == (not mistakes), (body, mistakes)
        if body.get("data") is not None and "errors" not in body:
            check_types(document, variables or {}, body["data"])
        return body

    def data(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        body = self.ask(document, variables)
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data


def wrong(document: str, variables: dict[str, Any]) -> list[str]:
    """What graphql-core finds wrong with a document and its variables."""
    try:
        tree = graphql.parse(document)
    except graphql.GraphQLSyntaxError as error:
        return [str(error)]
    if errors := graphql.validate(SCHEMA, tree):
        return [str(error) for error in errors]
    operation = graphql.get_operation_ast(tree)
    assert operation
    values = graphql.execution.values.get_variable_values(SCHEMA, operation.variable_definitions or (), variables)
    return [str(error) for error in values] if isinstance(values, list) else []


def check_types(document: str, variables: dict[str, Any], data: dict[str, Any]) -> None:
    """Lets graphql-core read the answer as if it were its data: a wrong type or a null too many is an error there."""

    def resolve(source: Any, info: graphql.GraphQLResolveInfo, **_: Any) -> Any:
        return source[info.path.key]

    def kind(source: Any, *_: Any) -> str:
        return str(source["id"]).split("/")[3]

    tree = graphql.parse(document)
    result = graphql.execute(SCHEMA, tree, data, None, variables, None, resolve, kind)
    assert not result.errors, result.errors
    assert result.data == data


@contextmanager
def practice(**settings: Any) -> Iterator[Client]:
    """A served shop with one client; `settings` go to the app (scopes, …)."""
    clock = Clock()
    app = ShopifyApp(ShopifyShop(clock=clock), **{"fixed_token": TOKEN, **settings})
    with SandboxServer(app) as server:
        yield Client(server, app, clock)
