"""The documents that the connector sends are valid by Shopify's own schema and ask for nothing about customers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

from connectors.shopify import documents

SCHEMA = Path(__file__).parents[2] / "shopify_schema" / "admin-2026-10.graphql"
DOCUMENTS = {
    name: value
    for name, value in vars(documents).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str)
}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


def test_there_are_documents_to_look_at() -> None:
    assert {"VARIANTS", "ORDERS", "ADJUST", "SET"} <= DOCUMENTS.keys()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_in_the_version_that_is_asked_for(name: str, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(DOCUMENTS[name])) == []


def test_an_unknown_field_would_be_noticed(schema: GraphQLSchema) -> None:
    assert validate(schema, parse(documents.ORDERS.replace("updatedAt", "changedAt")))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_asks_for_no_personal_data(name: str) -> None:
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", DOCUMENTS[name])}
    assert not words & {
        "customer",
        "email",
        "phone",
        "address",
        "shippingaddress",
        "billingaddress",
        "note",
        "clientip",
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_mutation_of_stock_carries_its_key(name: str) -> None:
    for operation in parse(DOCUMENTS[name]).definitions:
        if isinstance(operation, OperationDefinitionNode) and operation.operation.value == "mutation":
            (field,) = operation.selection_set.selections
            if not field.name.value.startswith("inventory"):
                continue  # moves no stock; Shopify takes no key there
            assert [directive.name.value for directive in field.directives] == ["idempotent"]
