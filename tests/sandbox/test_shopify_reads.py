"""The traps of reading from Shopify, as the practice shop sets them (shopify-facts §3, §4, §6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from shopify_kit import Client, practice

LIST = """
query List($query: String, $first: Int = 50, $after: String, $sortKey: OrderSortKeys = UPDATED_AT, $reverse: Boolean) {
  orders(query: $query, first: $first, after: $after, sortKey: $sortKey, reverse: $reverse) {
    nodes { name updatedAt displayFulfillmentStatus }
    pageInfo { hasNextPage endCursor }
  }
}"""
BY_SKU = "query Find($query: String!) { productVariants(first: 50, query: $query) { nodes { sku } } }"


@pytest.fixture
def client() -> Iterator[Client]:
    with practice() as one:
        one.shop.add_product("Shoe", [{"sku": "A", "units": 100}, {"sku": "a", "units": 5}, {"units": 1}])
        yield one


def listed(client: Client, **variables: Any) -> list[str]:
    return [one["name"] for one in client.data(LIST, variables)["orders"]["nodes"]]


def found(client: Client, query: str) -> list[str | None]:
    return [one["sku"] for one in client.data(BY_SKU, {"query": query})["productVariants"]["nodes"]]


# ---------------------------------------------------------------------- search


def test_an_unknown_search_field_returns_everything_and_only_the_extensions_say_so(client: Client) -> None:
    body = client.ask(BY_SKU, {"query": "skuu:A"})
    assert len(body["data"]["productVariants"]["nodes"]) == 3
    (said,) = body["extensions"]["search"]
    assert said["path"] == ["productVariants"]
    assert said["parsed"] == {"field": "skuu", "match_all": "A"}
    assert said["warnings"] == [
        {"field": "skuu", "message": "Invalid search field for this query.", "code": "invalid_field"}
    ]


def test_a_good_search_says_nothing(client: Client) -> None:
    assert "search" not in client.ask(BY_SKU, {"query": "sku:A"})["extensions"]


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("sku:A", ["A", "a"]),  # ignores case: compare exactly yourself
        ("sku:'A'", ["A", "a"]),
        ("sku:X", []),
        ("-sku:A", [None]),
        ("NOT sku:A", [None]),
        ("inventory_quantity:>5", ["A"]),
        ("sku:A AND inventory_quantity:5", ["a"]),
        ("sku:A inventory_quantity:5", ["a"]),
        ("inventory_quantity:1 OR sku:A AND inventory_quantity:5", ["a", None]),  # AND binds before OR
        ("(inventory_quantity:1 OR sku:A) AND inventory_quantity:5", ["a"]),
        ("inventory_quantity:many", ["A", "a", None]),  # cannot be read: left out, with a warning
        ("", ["A", "a", None]),
    ],
)
def test_the_search_reads_its_own_grammar(client: Client, query: str, skus: list[str | None]) -> None:
    assert sorted(found(client, query), key=str) == sorted(skus, key=str)


def test_orders_are_found_by_time_in_whole_seconds(client: Client) -> None:
    client.shop.buy("A")
    client.clock.forward(seconds=0.6)
    client.shop.buy("A")
    (one, other) = client.data(LIST)["orders"]["nodes"]
    assert one["updatedAt"] == other["updatedAt"] == "2026-11-22T07:58:00Z"
    assert listed(client, query="updated_at:>='2026-11-22T07:58:00Z'") == ["#1001", "#1002"]
    assert listed(client, query="updated_at:>'2026-11-22T07:58:00Z'") == []
    assert listed(client, query="updated_at:>='2026-11-22T09:58:00+02:00'") == ["#1001", "#1002"]


def test_orders_are_found_by_what_became_of_them(client: Client) -> None:
    orders = [client.shop.buy("A", 2) for _ in range(5)]
    client.shop.fulfil(orders[1])
    client.shop.fulfil(orders[2], orders[2].lines[0], 1)
    client.shop.cancel(orders[3])
    assert listed(client, query="status:open") == ["#1001", "#1003", "#1005"]
    assert listed(client, query="status:closed") == ["#1002"]
    assert listed(client, query="status:cancelled") == ["#1004"]
    assert listed(client, query="fulfillment_status:shipped") == ["#1002"]
    assert listed(client, query="fulfillment_status:partial") == ["#1003"]
    assert listed(client, query="fulfillment_status:unfulfilled AND status:open") == ["#1001", "#1003", "#1005"]
    assert listed(client, query=f"id:{orders[0].number} OR id:>={orders[4].number}") == ["#1001", "#1005"]


def test_the_order_list_trails_behind_while_stock_and_single_orders_do_not(client: Client) -> None:
    client.shop.search_lag = timedelta(seconds=5)
    order = client.shop.buy("A")
    client.clock.forward(seconds=4)
    assert listed(client) == []
    assert client.shop.available("A") == 99
    read = "query Q($id: ID!) { order(id: $id) { name } }"
    assert client.data(read, {"id": order.id}) == {"order": {"name": "#1001"}}
    client.clock.forward(seconds=1)
    assert listed(client) == ["#1001"]


def test_a_change_is_found_late_and_shown_fresh(client: Client) -> None:
    client.shop.search_lag = timedelta(seconds=5)
    order = client.shop.buy("A")
    client.clock.forward(minutes=1)
    client.shop.fulfil(order)
    nodes = client.data(LIST, {"query": "updated_at:>='2026-11-22T07:58:30Z'"})["orders"]["nodes"]
    assert nodes == []
    (node,) = client.data(LIST, {"query": "fulfillment_status:unfulfilled"})["orders"]["nodes"]
    assert node["displayFulfillmentStatus"] == "FULFILLED"


def test_orders_of_more_than_60_days_hide_from_a_token_that_may_not_read_all(client: Client) -> None:
    order = client.shop.buy("A")
    client.clock.forward(days=60, seconds=1)
    client.shop.fulfil(order)
    both = "query Q($id: ID!) { order(id: $id) { name } node(id: $id) { id } ordersCount { count } }"
    assert listed(client) == []
    assert client.data(both, {"id": order.id}) == {"order": None, "node": None, "ordersCount": {"count": 0}}
    client.app.scopes |= {"read_all_orders"}
    assert listed(client) == ["#1001"]
    assert client.data(both, {"id": order.id})["order"] == {"name": "#1001"}


# ---------------------------------------------------------------------- pages


def walk(client: Client, between: Any, **variables: Any) -> list[str]:
    """All pages; `between` is called before each next one."""
    names, after = [], None
    while True:
        page = client.data(LIST, {**variables, "after": after})["orders"]
        names += [one["name"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return names
        after = page["pageInfo"]["endCursor"]
        between()


def test_a_walk_ends_with_everything_once(client: Client) -> None:
    for _ in range(7):
        client.shop.buy("A")
    every = [f"#{1001 + index}" for index in range(7)]
    assert walk(client, lambda: None, first=3) == every
    assert walk(client, lambda: None, first=3, reverse=True) == every[::-1]
    assert walk(client, lambda: None, first=7) == every


def test_what_changes_during_a_walk_comes_again_and_nothing_is_missed(client: Client) -> None:
    orders = [client.shop.buy("A") for _ in range(4)]
    changed = iter(orders[:1])

    def change() -> None:
        client.clock.forward(seconds=1)
        if order := next(changed, None):
            client.shop.fulfil(order)

    assert walk(client, change, first=2) == ["#1001", "#1002", "#1003", "#1004", "#1001"]


def test_what_is_deleted_during_a_walk_leaves_no_gap(client: Client) -> None:
    orders = [client.shop.buy("A") for _ in range(4)]
    deleted = iter(orders[1:2])

    def delete() -> None:
        if order := next(deleted, None):
            client.shop.delete_order(order)

    assert walk(client, delete, first=2) == ["#1001", "#1002", "#1003", "#1004"]


@pytest.mark.parametrize("arguments", ["", "first: 251", "first: -1", "first: 1, last: 1", 'first: 1, after: "x"'])
def test_a_page_that_cannot_be_is_an_error(client: Client, arguments: str) -> None:
    arguments = f"({arguments})" if arguments else ""
    body = client.post({"query": f"{{ orders{arguments} {{ nodes {{ id }} }} }}"}).json()
    assert body["data"] == {"orders": None}
    assert body["errors"][0]["path"] == ["orders"]


# ---------------------------------------------------------------------- levels and nodes


def test_an_inactive_level_hides_unless_it_is_asked_for(client: Client) -> None:
    item = client.shop.variant("A").inventory_item
    item.levels[client.shop.main_location.number].is_active = False
    read = """query Q($id: ID!, $location: ID!, $all: Boolean) {
      inventoryItem(id: $id) {
        inventoryLevel(locationId: $location, includeInactive: $all) {
          isActive quantities(names: ["available"]) { quantity }
        }
        inventoryLevels(first: 5, includeInactive: $all) { nodes { isActive } }
        variants(first: 1) { nodes { inventoryQuantity availableForSale } }
      } }"""
    variables = {"id": item.id, "location": client.shop.main_location.id}
    variant = {"nodes": [{"inventoryQuantity": 0, "availableForSale": False}]}
    assert client.data(read, variables)["inventoryItem"] == {
        "inventoryLevel": None,
        "inventoryLevels": {"nodes": []},
        "variants": variant,
    }
    assert client.data(read, {**variables, "all": True})["inventoryItem"] == {
        "inventoryLevel": {"isActive": False, "quantities": [{"quantity": 100}]},
        "inventoryLevels": {"nodes": [{"isActive": False}]},
        "variants": variant,
    }


def test_nodes_keep_their_order_and_are_null_where_something_is_gone(client: Client) -> None:
    ids = [client.shop.variant("a").id, "gid://shopify/ProductVariant/1", client.shop.variant("A").id]
    read = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id ... on ProductVariant { sku } } }"
    assert [one and one["sku"] for one in client.data(read, {"ids": ids})["nodes"]] == ["a", None, "A"]


def test_a_deleted_variant_leaves_the_order_line_its_sku(client: Client) -> None:
    order = client.shop.buy("A")
    client.shop.delete_variant("A")
    read = "query Q($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes { sku variant { id } } } } }"
    lines = client.data(read, {"id": order.id})["order"]["lineItems"]["nodes"]
    assert lines == [{"sku": "A", "variant": None}]


def test_hidden_locations_are_listed_only_when_asked_for(client: Client) -> None:
    client.shop.add_location("Closed", active=False)
    read = "query Q($all: Boolean) { locations(first: 9, includeInactive: $all) { nodes { name isActive } } }"
    assert [one["name"] for one in client.data(read)["locations"]["nodes"]] == ["Shop location"]
    assert [one["name"] for one in client.data(read, {"all": True})["locations"]["nodes"]] == [
        "Closed",
        "Shop location",
    ]


# ---------------------------------------------------------------------- points

DEAR = "{ productVariants(first: 250) { nodes { sku product { title variants(first: 250) { nodes { sku } } } } } }"


def test_an_empty_bucket_throttles_with_http_200_and_refills_by_the_clock(client: Client) -> None:
    client.app.bucket.empty()
    body = client.post({"query": "{ orders(first: 50) { nodes { id } } }"}).json()
    assert body["errors"] == [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ]
    assert "data" not in body
    cost = body["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (9, None)
    assert cost["throttleStatus"] == {"maximumAvailable": 2000, "currentlyAvailable": 0, "restoreRate": 100}
    client.clock.forward(seconds=0.09)
    assert "data" in client.post({"query": "{ orders(first: 50) { nodes { id } } }"}).json()


def test_points_are_taken_and_come_back_up_to_the_size_of_the_bucket(client: Client) -> None:
    def left() -> int:
        answer = client.post({"query": "{ productVariants(first: 250) { nodes { inventoryItem { id } } } }"}).json()
        available: int = answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
        return available

    assert [left(), left()] == [1976, 1952]
    client.clock.forward(seconds=0.1)
    assert left() == 1938
    client.clock.forward(hours=1)
    assert left() == 1976


def test_a_query_of_more_than_1000_points_is_refused(client: Client) -> None:
    deeper = DEAR.replace("nodes { sku }", "nodes { inventoryItem { inventoryLevels(first: 250) { nodes { id } } } }")
    assert "data" in client.post({"query": DEAR}).json()
    body = client.post({"query": deeper}).json()
    assert [one["extensions"]["code"] for one in body["errors"]] == ["MAX_COST_EXCEEDED"]
    assert "data" not in body
