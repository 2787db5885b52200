"""The practice shop answers every field of its schema in its types; and what writes variants and metafields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import graphql
import pytest
from shopify_kit import SCHEMA, Client, practice

ARGUMENTS = {
    "metafield": '(namespace: "syncd", key: "status")',
    "metafieldDefinition": '(identifier: {ownerType: PRODUCTVARIANT, namespace: "syncd", key: "status"})',
    "metafieldDefinitions": "(first: 2, ownerType: PRODUCTVARIANT)",
    "quantities": '(names: ["available", "on_hand", "committed", "incoming"])',
}
DEPTH = 3
SET_METAFIELDS = """
mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { namespace key type value compareDigest }
    userErrors { code field message elementIndex }
  }
}"""
DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { namespace key name ownerType type { name } access { storefront } }
    userErrors { code field message }
  }
}"""
DELETE_METAFIELDS = """
mutation Delete($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) {
    deletedMetafields { ownerId namespace key }
    userErrors { field message }
  }
}"""
REDEFINE = """
mutation Redefine($definition: MetafieldDefinitionUpdateInput!) {
  metafieldDefinitionUpdate(definition: $definition) {
    updatedDefinition { name access { storefront } }
    userErrors { code field message }
  }
}"""
UPDATE = """
mutation Update($productId: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) {
  productVariantsBulkUpdate(productId: $productId, variants: $variants, allowPartialUpdates: $partial) {
    productVariants { sku inventoryPolicy inventoryItem { tracked } }
    userErrors { code field message }
  }
}"""


def metafield(owner: str, **changed: Any) -> dict[str, Any]:
    wish = {"ownerId": owner, "namespace": "syncd", "key": "status", "type": "single_line_text_field", "value": "here"}
    return {**wish, **changed}


def write(client: Client, *metafields: dict[str, Any]) -> dict[str, Any]:
    """The payload of metafieldsSet."""
    payload: dict[str, Any] = client.data(SET_METAFIELDS, {"metafields": list(metafields)})["metafieldsSet"]
    return payload


def define(client: Client, **changed: Any) -> dict[str, Any]:
    """The payload of metafieldDefinitionCreate."""
    wish = {"namespace": "syncd", "key": "status", "name": "Stock status", "ownerType": "PRODUCTVARIANT"}
    definition = {**wish, "type": "single_line_text_field", "access": {"storefront": "PUBLIC_READ"}, **changed}
    payload: dict[str, Any] = client.data(DEFINE, {"definition": definition})["metafieldDefinitionCreate"]
    return payload


def codes(payload: dict[str, Any]) -> list[str]:
    return [one["code"] for one in payload["userErrors"]]


@pytest.fixture
def client() -> Iterator[Client]:
    """A shop that has something of everything."""
    with practice() as one:
        shop = one.shop
        variants = [{"sku": "A", "units": 10, "options": {"Size": "39"}}, {"units": 2, "options": {"Size": "40"}}]
        product = shop.add_product("Shoe", variants)
        order = shop.place([(product.variants[0], 3), ("Gift wrapping", 1)])
        shop.fulfil(order, order.lines[0], 2)
        shop.refund(order, order.lines[0], 1, "RETURN")
        for owner in (product, product.variants[0], order):
            write(one, metafield(owner.id))
        define(one)
        yield one


def ids(client: Client) -> dict[str, str]:
    """Arguments that lead to something that is there."""
    variant = client.shop.variant("A")
    order = next(iter(client.shop.orders.values()))
    level = variant.inventory_item.levels[client.shop.main_location.number]
    return {
        "location": client.shop.main_location.id,
        "product": variant.product.id,
        "productVariant": variant.id,
        "inventoryItem": variant.inventory_item.id,
        "inventoryLevel": level.id,
        "node": order.fulfillments[0].id,
        "order": order.id,
        "webhookSubscription": "gid://shopify/WebhookSubscription/1",
    }


def arguments(parent: str, name: str, field: graphql.GraphQLField, known: dict[str, str]) -> str:
    if name == "inventoryLevel" and parent != "QueryRoot":
        other = "location" if parent == "InventoryItem" else "inventoryItem"
        return f'({other}Id: "{known[other]}")'
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    if "id" in field.args:
        return f'(id: "{known[name]}")'
    if "ids" in field.args:
        return f'(ids: ["{known["node"]}", "{known["order"]}"])'
    return "(first: 2)" if "first" in field.args else ""


def everything(kind: graphql.GraphQLNamedType, known: dict[str, str], depth: int) -> str:
    """A selection of all fields of a type, as deep as asked."""
    assert isinstance(kind, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType)
    parts = []
    for name, field in kind.fields.items():
        inner = graphql.get_named_type(field.type)
        if graphql.is_leaf_type(inner):
            parts.append(name)
        elif depth:
            # the wrapping of a connection is no depth of its own
            deeper = depth if name in ("nodes", "edges", "node", "pageInfo") else depth - 1
            parts.append(f"{name}{arguments(kind.name, name, field, known)} {{ {everything(inner, known, deeper)} }}")
    return " ".join(parts) or "__typename"


@pytest.mark.parametrize("name", SCHEMA.type_map["QueryRoot"].fields)
def test_every_field_that_can_be_asked_for_is_answered(client: Client, name: str) -> None:
    field = SCHEMA.type_map["QueryRoot"].fields[name]
    known = ids(client)
    inner = everything(graphql.get_named_type(field.type), known, DEPTH)
    document = f"{{ {name}{arguments('QueryRoot', name, field, known)} {{ {inner} }} }}"
    answer = client.data(document)[name]
    assert answer is not None or name == "webhookSubscription"


# ---------------------------------------------------------------------- metafields


def test_a_metafield_is_written_read_and_written_again(client: Client) -> None:
    variant = client.shop.variant("A")
    assert write(client, metafield(variant.id, value="on the way"))["metafields"][0]["value"] == "on the way"
    read = """query Q($id: ID!) { productVariant(id: $id) {
      metafield(namespace: "syncd", key: "status") { value }
      other: metafield(namespace: "other", key: "status") { value }
      metafields(first: 5, namespace: "syncd") { nodes { key ownerType } }
    } }"""
    assert client.data(read, {"id": variant.id})["productVariant"] == {
        "metafield": {"value": "on the way"},
        "other": None,
        "metafields": {"nodes": [{"key": "status", "ownerType": "PRODUCTVARIANT"}]},
    }


def test_one_bad_metafield_fails_the_whole_call(client: Client) -> None:
    variant = client.shop.variant("A").id
    told = write(client, metafield(variant, value="changed"), metafield("gid://shopify/ProductVariant/1"))
    assert (codes(told), told["metafields"]) == (["INVALID_VALUE"], [])
    assert client.shop.variant("A").metafields["syncd", "status"].value == "here"


def test_a_metafield_can_be_compared_before_it_is_written(client: Client) -> None:
    variant = client.shop.variant("A").id
    (now,) = write(client, metafield(variant, value="1"))["metafields"]
    assert codes(write(client, metafield(variant, value="2", compareDigest=now["compareDigest"]))) == []
    assert codes(write(client, metafield(variant, value="3", compareDigest=now["compareDigest"]))) == ["STALE_OBJECT"]
    assert codes(write(client, metafield(variant, value="3", compareDigest=None))) == ["STALE_OBJECT"]
    assert codes(write(client, metafield(variant, value="3", compareDigest="x"))) == ["INVALID_COMPARE_DIGEST"]
    assert codes(write(client, metafield(variant, key="new", compareDigest=None))) == []
    assert client.shop.variant("A").metafields["syncd", "status"].value == "2"


def test_25_metafields_go_into_a_call(client: Client) -> None:
    variant = client.shop.variant("A").id
    many = [metafield(variant, key=f"key{number}") for number in range(26)]
    assert write(client, *many) == {
        "metafields": None,
        "userErrors": [
            {
                "code": "LESS_THAN_OR_EQUAL_TO",
                "field": ["metafields"],
                "message": "Exceeded the maximum metafields input limit of 25.",
                "elementIndex": None,
            }
        ],
    }
    assert codes(write(client, *many[:25])) == []


@pytest.mark.parametrize("changed", [{"type": None, "key": "new"}, {"value": ""}])
def test_a_metafield_has_a_type_and_a_value(client: Client, changed: dict[str, Any]) -> None:
    assert codes(write(client, metafield(client.shop.variant("A").id, **changed))) == ["BLANK"]


def test_json_that_is_none_is_refused(client: Client) -> None:
    variant = client.shop.variant("A").id
    told = write(client, metafield(variant, key="json", type="json", value='{"status": nope}'))
    assert codes(told) == ["INVALID_VALUE"]
    assert told["userErrors"][0]["message"].startswith("Value is invalid JSON: ")
    assert codes(write(client, metafield(variant, key="json", type="json", value='{"status": "here"}'))) == []
    read = 'query Q($id: ID!) { productVariant(id: $id) { metafield(namespace: "syncd", key: "json") { jsonValue } } }'
    assert client.data(read, {"id": variant})["productVariant"]["metafield"] == {"jsonValue": {"status": "here"}}


def test_a_metafield_has_the_type_of_its_definition(client: Client) -> None:
    variant = client.shop.variant("A").id
    assert codes(write(client, metafield(variant, type="json", value="{}"))) == ["INVALID_TYPE"]
    assert write(client, metafield(variant, type=None))["metafields"][0]["type"] == "single_line_text_field"


def test_metafields_are_deleted_and_what_is_not_there_is_null(client: Client) -> None:
    variant = client.shop.variant("A")
    there = {"ownerId": variant.id, "namespace": "syncd", "key": "status"}
    stranger = {**there, "ownerId": "gid://shopify/ProductVariant/1"}
    told = client.data(DELETE_METAFIELDS, {"metafields": [there, stranger, {**there, "key": "other"}]})
    assert told["metafieldsDelete"] == {"deletedMetafields": [there, None, None], "userErrors": []}
    assert ("syncd", "status") not in variant.metafields


def test_a_definition_is_taken_the_second_time(client: Client) -> None:
    first = define(client, key="availability")
    assert first["createdDefinition"]["access"] == {"storefront": "PUBLIC_READ"}
    again = define(client, key="availability")
    assert (again["createdDefinition"], codes(again)) == (None, ["TAKEN"])
    assert define(client, key="hidden", access=None)["createdDefinition"]["access"] == {"storefront": "NONE"}


def test_who_may_read_a_definition_can_be_changed_and_its_type_not(client: Client) -> None:
    which = {"namespace": "syncd", "key": "status", "ownerType": "PRODUCTVARIANT"}
    told = client.data(REDEFINE, {"definition": {**which, "access": {"storefront": "NONE"}}})
    assert told["metafieldDefinitionUpdate"]["updatedDefinition"]["access"] == {"storefront": "NONE"}
    assert told["metafieldDefinitionUpdate"]["updatedDefinition"]["name"] == "Stock status"
    missing = client.data(REDEFINE, {"definition": {**which, "key": "other"}})["metafieldDefinitionUpdate"]
    assert (missing["updatedDefinition"], codes(missing)) == (None, ["NOT_FOUND"])


# ---------------------------------------------------------------------- variants


def update(client: Client, *variants: dict[str, Any], **variables: Any) -> dict[str, Any]:
    product = client.shop.variant("A").product.id
    told = client.data(UPDATE, {"productId": product, "variants": list(variants), **variables})
    payload: dict[str, Any] = told["productVariantsBulkUpdate"]
    return payload


def test_a_variant_can_be_told_to_stop_or_to_go_on_selling(client: Client) -> None:
    variant = client.shop.variant("A")
    told = update(client, {"id": variant.id, "inventoryPolicy": "CONTINUE", "inventoryItem": {"tracked": False}})
    shown = {"sku": "A", "inventoryPolicy": "CONTINUE", "inventoryItem": {"tracked": False}}
    assert (told["productVariants"], told["userErrors"]) == ([shown], [])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": None}, "PRODUCT_VARIANT_ID_MISSING"),
        ({"id": "gid://shopify/ProductVariant/1"}, "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        ({"inventoryQuantities": []}, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"),
    ],
)
def test_a_bad_variant_stops_the_call_unless_parts_are_allowed(
    client: Client, changed: dict[str, Any], code: str
) -> None:
    one, other = client.shop.variant("A").product.variants
    good, bad = {"id": one.id, "inventoryPolicy": "CONTINUE"}, {"id": other.id, **changed}
    assert codes(update(client, good, bad)) == [code]
    assert one.inventory_policy == "DENY"
    assert codes(update(client, good, bad, partial=True)) == [code]
    assert one.inventory_policy == "CONTINUE"


def test_a_number_does_not_change_the_time_of_its_variant(client: Client) -> None:
    variant = client.shop.variant("A")
    before = variant.updated_at
    client.clock.forward(minutes=1)
    client.shop.edit_stock("A", 3)
    assert variant.updated_at == before
    update(client, {"id": variant.id, "inventoryPolicy": "DENY"})
    assert variant.updated_at == client.shop.now()
