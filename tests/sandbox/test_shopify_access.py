"""Doors of the practice Shopify shop: tokens, scopes, versions, broken requests (shopify-facts §1, §4, §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from shopify_documents import CANCEL, DEACTIVATE, SET
from shopify_kit import TOKEN, Client, practice

from syncd.sandbox.faults import LateEffect, ResetAfter

NAME = {"query": "{ shop { name } }"}
BAD_TOKEN = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


@pytest.fixture
def client() -> Iterator[Client]:
    with practice() as one:
        yield one


def token(client: Client, **changed: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.app.client_id,
        "client_secret": client.app.client_secret,
    }
    return requests.post(f"{client.server.url}/admin/oauth/access_token", data={**form, **changed}, timeout=10)


def test_client_id_and_secret_get_a_token_of_24_hours_by_the_shops_clock(client: Client) -> None:
    told = token(client).json()
    assert told["expires_in"] == 86_399
    assert told["scope"] == "read_locations,read_products,write_inventory,write_orders,write_products"
    mine = told["access_token"]
    assert client.post(NAME, token=mine).json()["data"] == {"shop": {"name": "Sample shop"}}
    client.clock.forward(seconds=86_398)
    assert client.post(NAME, token=mine).status_code == 200
    client.clock.forward(seconds=1)
    assert (client.post(NAME, token=mine).status_code, client.post(NAME, token=mine).json()) == (401, BAD_TOKEN)
    assert client.post(NAME, token=TOKEN).status_code == 200, "a fixed token does not end"


@pytest.mark.parametrize(
    "changed", [{"client_secret": "wrong"}, {"client_id": "wrong"}, {"client_secret": ""}, {"grant_type": "password"}]
)
def test_wrong_credentials_get_no_token(client: Client, changed: dict[str, str]) -> None:
    answer = token(client, **changed)
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("wrong", ["shpat_other", "x"])
def test_a_wrong_token_is_401(client: Client, wrong: str) -> None:
    answer = client.post(NAME, token=wrong)
    assert (answer.status_code, answer.json()) == (401, BAD_TOKEN)


def test_no_token_is_401(client: Client) -> None:
    answer = requests.post(f"{client.server.url}/admin/api/2026-10/graphql.json", json=NAME, timeout=10)
    assert (answer.status_code, answer.json()) == (401, BAD_TOKEN)


def test_revoked_tokens_are_401(client: Client) -> None:
    mine = token(client).json()["access_token"]
    client.app.revoke_tokens()
    assert [client.post(NAME, token=one).status_code for one in (mine, TOKEN)] == [401, 401]


def test_no_secret_stands_in_what_the_shop_says_of_itself(client: Client) -> None:
    mine = token(client).json()["access_token"]
    said = repr(client.app) + repr(client.server.calls)
    assert not [secret for secret in (client.app.client_secret, TOKEN, mine) if secret in said]


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("2026-10", "2026-10"),
        ("2026-07", "2026-07"),
        ("2025-10", "2025-10"),
        ("2025-07", "2025-10"),
        ("2019-04", "2025-10"),
    ],
)
def test_a_retired_version_is_answered_by_the_oldest_silently(client: Client, asked: str, served: str) -> None:
    answer = client.post(NAME, version=asked)
    assert (answer.status_code, answer.headers["X-Shopify-API-Version"]) == (200, served)
    assert "errors" not in answer.json()


@pytest.mark.parametrize("version", ["2027-01", "2026-11", "latest", "2026-1", "nonsense"])
def test_a_version_that_does_not_exist_is_404(client: Client, version: str) -> None:
    assert client.post(NAME, version=version).status_code == 404


@pytest.mark.parametrize(
    "body", [None, [], {}, {"query": 5}, "text", {**NAME, "variables": "x"}, {**NAME, "variables": [1]}]
)
def test_a_body_that_is_no_request_is_400(client: Client, body: Any) -> None:
    assert client.post(body).status_code == 400


def test_other_methods_and_paths_are_404(client: Client) -> None:
    assert requests.get(f"{client.server.url}/admin/api/2026-10/graphql.json", timeout=10).status_code == 404
    assert requests.post(f"{client.server.url}/admin/api/2026-10/products.json", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("document", "variables", "field", "scope"),
    [
        (
            SET,
            {"input": {"name": "available", "reason": "other", "quantities": []}, "idempotencyKey": "k"},
            "inventorySetQuantities",
            "write_inventory",
        ),
        (
            DEACTIVATE,
            {"inventoryLevelId": "gid://shopify/InventoryLevel/1?inventory_item_id=1", "idempotencyKey": "k"},
            "inventoryDeactivate",
            "write_inventory",
        ),
        (
            CANCEL,
            {"orderId": "gid://shopify/Order/1", "restock": True, "reason": "OTHER"},
            "orderCancel",
            "write_orders",
        ),
        ("{ orders(first: 1) { nodes { id } } }", {}, "orders", "read_orders"),
        ("{ locations(first: 1) { nodes { id } } }", {}, "locations", "read_locations"),
        ("{ productVariants(first: 1) { nodes { id } } }", {}, "productVariants", "read_products"),
        ('{ node(id: "gid://shopify/Location/10220850032769") { id } }', {}, "node", "read_locations"),
    ],
)
def test_a_missing_scope_is_named(document: str, variables: dict[str, Any], field: str, scope: str) -> None:
    with practice(scopes=frozenset()) as client:
        body = client.post({"query": document, "variables": variables}).json()
        assert body["data"] == {field: None}
        (error,) = body["errors"]
        assert error["extensions"]["code"] == "ACCESS_DENIED"
        assert f"`{scope}`" in error["message"]
        client.app.scopes = frozenset({scope})
        assert "errors" not in client.post({"query": document, "variables": variables}).json()


def test_a_write_scope_brings_its_read_scope() -> None:
    with practice(scopes=frozenset({"write_inventory", "read_orders"})) as client:
        told = client.data(
            "{ currentAppInstallation { accessScopes { handle } } inventoryItems(first: 1) { nodes { id } } }"
        )
        handles = [one["handle"] for one in told["currentAppInstallation"]["accessScopes"]]
        assert handles == ["read_inventory", "read_orders", "write_inventory"]


# ---------------------------------------------------------------------- lost answers, with the server's faults


def write(client: Client, quantity: int, key: str) -> dict[str, Any]:
    item = client.shop.variant("A").inventory_item.id
    entry = {"inventoryItemId": item, "locationId": client.shop.main_location.id, "quantity": quantity}
    given = {"name": "available", "reason": "other", "quantities": [{**entry, "changeFromQuantity": 10}]}
    return {"query": SET, "variables": {"input": given, "idempotencyKey": key}}


def test_after_a_lost_answer_the_same_key_tells_what_became_of_it(client: Client) -> None:
    client.shop.add_product("Shoe", [{"sku": "A", "units": 10}])
    client.server.faults.add(ResetAfter())
    with pytest.raises(requests.ConnectionError):
        client.post(write(client, 7, "first"))
    assert client.shop.available("A") == 7
    again = client.post(write(client, 7, "first")).json()["data"]["inventorySetQuantities"]
    assert (again["userErrors"], len(again["inventoryAdjustmentGroup"]["changes"])) == ([], 2)
    other = client.post(write(client, 7, "second")).json()["data"]["inventorySetQuantities"]
    assert [one["code"] for one in other["userErrors"]] == ["CHANGE_FROM_QUANTITY_STALE"]


def test_an_effect_that_comes_late_is_a_replay_of_its_key(client: Client) -> None:
    client.shop.add_product("Shoe", [{"sku": "A", "units": 10}])
    client.server.faults.add(LateEffect())
    with pytest.raises(requests.ConnectionError):
        client.post(write(client, 7, "first"))
    assert client.shop.available("A") == 10
    client.post(write(client, 7, "first"))
    client.shop.buy("A")
    assert client.server.faults.release_late() == 1
    assert client.shop.available("A") == 6
