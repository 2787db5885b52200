"""The sandbox's small GraphQL judges documents as graphql-core does on the same schema, and answers in its types."""

from __future__ import annotations

import re

import graphql
import pytest
from shopify_documents import REFUND, SET
from shopify_kit import SCHEMA, practice

from syncd.sandbox.shopify.graphql.check import mistakes
from syncd.sandbox.shopify.graphql.document import Unparsable, parse
from syncd.sandbox.shopify.graphql.schema import BUILT_IN_SCALARS, admin_schema

ORDERS = """
query Orders($first: Int!, $after: String, $query: String, $backwards: Boolean = false, $with: Boolean!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $backwards) {
    nodes { ...Order }
    pageInfo { hasNextPage endCursor }
  }
  nodes(ids: ["gid://shopify/Order/1"]) { ...Order ... on InventoryItem { sku } }
}
fragment Order on Order {
  id
  lines: lineItems(first: 50) { nodes { quantity variant { inventoryItem { id } } } }
  refunds @include(if: $with) { refundLineItems(first: 50) { nodes { restockType } } }
}"""
SENT = {"a read": ORDERS, "a write": SET, "a write with fields inside": REFUND}
TOKEN = re.compile(r"\.\.\.|\"[^\"]*\"|\w+|[!$()\[\]{}:=@|]")
REFUSED = {
    "an unknown field": "{ shop { nme } }",
    "an unknown argument": "{ orders(frst: 1) { nodes { id } } }",
    "an unknown input field": """mutation M($k: String!) {
        inventorySetQuantities(input: {name: "available", reason: "other", quantities: [], ignoreCompareQuantity: true})
        @idempotent(key: $k) { userErrors { code } } }""",
    "a missing argument": "{ product { id } }",
    "a missing key of the directive": """mutation { inventoryActivate(inventoryItemId: "gid://shopify/InventoryItem/1",
        locationId: "gid://shopify/Location/1") @idempotent { userErrors { message } } }""",
    "no selection on an object": "{ shop }",
    "a selection on a scalar": "{ shop { name { x } } }",
    "an undeclared variable": "{ product(id: $id) { id } }",
    "an unused variable": "query Q($id: ID) { shop { name } }",
    "a variable of another type": "query Q($id: String!) { product(id: $id) { id } }",
    "a nullable variable where none may be null": "query Q($id: ID) { product(id: $id) { id } }",
    "a list where one is asked for": "query Q($id: [ID!]!) { product(id: $id) { id } }",
    "a variable of an unknown type": "query Q($id: Gid!) { product(id: $id) { id } }",
    "a variable of an output type": "query Q($id: Order!) { product(id: $id) { id } }",
    "a text for a number": '{ orders(first: "5") { nodes { id } } }',
    "an unknown enum value": "{ orders(first: 5, sortKey: NEWEST) { nodes { id } } }",
    "a quoted enum value": '{ orders(first: 5, sortKey: "ID") { nodes { id } } }',
    "an unknown directive": "{ shop { name @defer } }",
    "an unknown fragment": "{ shop { ...F } }",
    "an unused fragment": "{ shop { name } } fragment F on Shop { id }",
    "a fragment on an unknown type": '{ node(id: "gid://shopify/Order/1") { ... on Ordr { id } } }',
    "a fragment that cannot be": "{ shop { ... on Order { id } } }",
    "a fragment that holds itself": "{ shop { ...F } } fragment F on Shop { ...F }",
    "an open brace": "{ shop { name ",
    "nothing": "",
    "no GraphQL": "SELECT * FROM orders; --",
    "an unfinished text": '{ product(id: "gid) { id } }',
}
RUN = {
    "aliases": "{ one: shop { a: name b: name } two: shop { name } }",
    "a field twice": "{ shop { name name } shop { id } }",
    "fragments": "{ shop { ...F ... on Shop { url } ... { id } } } fragment F on Shop { name __typename }",
    "fragments on an interface": """query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on ProductVariant { sku ...L } ... on LegacyInteroperability { legacyResourceId }
        ... on Location { name } } }
        fragment L on ProductVariant { inventoryItem { tracked } }""",
    "@include and @skip": """query Q($yes: Boolean = true, $no: Boolean!) {
        shop { name @include(if: $yes) url @skip(if: $yes) id @include(if: $no) } }""",
    "a default": "query Q($n: Int = 2) { productVariants(first: $n) { nodes { sku } pageInfo { hasNextPage } } }",
    "a nullable variable where there is a default": """query Q($b: Boolean) {
        orders(first: 1, reverse: $b) { nodes { id } } }""",
    "one where a list is asked for": "query Q($id: ID!) { nodes(ids: [$id]) { id } }",
    "a comment, commas, a block text": '{ # all of it\n orders(first: 5,, query: """status:open""") { nodes { id } } }',
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_document_is_refused_before_anything_runs(what: str) -> None:
    with practice() as client:
        body = client.ask(REFUSED[what])  # which asks graphql-core, too
        assert body["errors"]
        assert "data" not in body


@pytest.mark.parametrize("what", RUN)
def test_a_right_document_is_answered_in_the_types_of_the_schema(what: str) -> None:
    with practice() as client:
        product = client.shop.add_product("Shoe", [{"sku": f"S{size}", "units": 2} for size in range(4)])
        gids = [product.variants[0].id, client.shop.main_location.id]
        variables = {"ids": gids, "id": gids[0], "no": False}
        asked = {name: value for name, value in variables.items() if f"${name}:" in RUN[what]}
        assert client.data(RUN[what], asked)


def test_include_and_skip_leave_out_what_they_say() -> None:
    with practice() as client:
        assert client.data(RUN["@include and @skip"], {"no": False}) == {"shop": {"name": "Sample shop"}}


def ours(text: str) -> bool:
    """True where the sandbox finds nothing wrong."""
    try:
        return not mistakes(admin_schema(), parse(text))
    except Unparsable:
        return False


def theirs(text: str) -> bool:
    """True where graphql-core finds nothing wrong. It lets ``{}`` pass, which GraphQL's grammar and Shopify do not."""
    if re.search(r"\{\s*\}", text):
        return False
    try:
        return not graphql.validate(SCHEMA, graphql.parse(text))
    except graphql.GraphQLSyntaxError:
        return False


@pytest.mark.parametrize("what", SENT)
def test_no_word_of_a_document_can_go_or_change_unnoticed(what: str) -> None:
    text = SENT[what]
    assert ours(text)
    for found in TOKEN.finditer(text):
        for other in ("", f"{found.group()}x", f"{found.group()} {found.group()}", "null"):
            changed = text[: found.start()] + other + text[found.end() :]
            assert ours(changed) == theirs(changed), changed


def test_the_schema_of_the_sandbox_is_the_one_that_documents_are_checked_against() -> None:
    known = {name for name in SCHEMA.type_map if not name.startswith("__")}
    assert set(admin_schema().types) - set(BUILT_IN_SCALARS) == known - set(BUILT_IN_SCALARS)
    for name, kind in admin_schema().types.items():
        if kind.fields:
            assert {field: str(one.type) for field, one in kind.fields.items()} == {
                field: str(one.type) for field, one in SCHEMA.type_map[name].fields.items()
            }


@pytest.mark.parametrize(
    ("variables", "explanation"),
    [
        ({}, "Expected value to not be null"),
        ({"input": None}, "Expected value to not be null"),
        ({"input": []}, "Expected [] to be a key-value object."),
        ({"input": {"name": "available", "reason": "other"}}, "Expected value to not be null"),
        ({"input": {"name": 5, "reason": "other", "quantities": []}}, "Could not coerce value 5 to String"),
    ],
)
def test_a_wrong_variable_is_refused_with_its_place(variables: dict[str, object], explanation: str) -> None:
    with practice() as client:
        (error,) = client.ask(SET, {**variables, "idempotencyKey": "k"})["errors"]
        assert error["extensions"]["code"] == "INVALID_VARIABLE"
        assert error["extensions"]["problems"][0]["explanation"] == explanation


@pytest.mark.parametrize("number", ["7", 7.5, True, 2**31, None])
def test_a_quantity_is_a_whole_number_of_32_bits(number: object) -> None:
    with practice() as client:
        entry = {"inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": "gid://shopify/Location/1"}
        entries = [{**entry, "quantity": number, "changeFromQuantity": None}]
        given = {"name": "available", "reason": "other", "quantities": entries}
        (error,) = client.post({"query": SET, "variables": {"input": given, "idempotencyKey": "k"}}).json()["errors"]
        assert error["extensions"]["problems"][0]["path"] == ["quantities", 0, "quantity"]


def test_an_id_is_a_global_id() -> None:
    with practice() as client:
        body = client.post({"query": "query Q($id: ID!) { product(id: $id) { id } }", "variables": {"id": "17"}}).json()
        assert body["errors"][0]["extensions"]["problems"] == [{"path": [], "explanation": "Invalid global id '17'"}]


def test_the_operation_is_chosen_by_its_name() -> None:
    with practice() as client:
        two = "query A { shop { name } } query B { shop { id } }"
        assert client.post({"query": two, "operationName": "B"}).json()["data"] == {
            "shop": {"id": "gid://shopify/Shop/1"}
        }
        assert "data" not in client.post({"query": two}).json()
        assert "data" not in client.post({"query": two, "operationName": "C"}).json()


def test_a_missing_scope_leaves_the_field_null_and_the_rest_present() -> None:
    with practice(scopes=frozenset({"read_products"})) as client:
        body = client.post({"query": "{ shop { name } orders(first: 1) { nodes { id } } }"}).json()
        assert body["data"] == {"shop": {"name": "Sample shop"}, "orders": None}
        assert [(one["path"], one["extensions"]["code"]) for one in body["errors"]] == [(["orders"], "ACCESS_DENIED")]


def test_a_scope_is_also_asked_for_inside_an_answer() -> None:
    with practice(scopes=frozenset({"read_products"})) as client:
        client.shop.add_product("Shoe", [{"sku": "A"}])
        body = client.post({"query": "{ productVariants(first: 1) { nodes { sku inventoryItem { id } } } }"}).json()
        assert body["data"]["productVariants"]["nodes"] == [{"sku": "A", "inventoryItem": None}]
        assert body["errors"][0]["path"] == ["productVariants", "nodes", 0, "inventoryItem"]
