"""The traps of writing stock to Shopify, as the practice shop sets them (shopify-facts §2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from shopify_documents import ADJUST, REFUND, SET, SET_WITHOUT_KEY
from shopify_kit import Client, practice

from syncd.sandbox.shopify import ShopRefuses


@pytest.fixture
def client() -> Iterator[Client]:
    """A shop with 10 of A, 5 of B."""
    with practice() as one:
        one.shop.add_product("Shoe", [{"sku": "A", "units": 10}, {"sku": "B", "units": 5}])
        yield one


def entry(client: Client, sku: str, **numbers: Any) -> dict[str, Any]:
    item = client.shop.variant(sku).inventory_item
    return {"inventoryItemId": item.id, "locationId": client.shop.main_location.id, **numbers}


def setting(*entries: dict[str, Any], key: str = "key-1", name: str = "available") -> dict[str, Any]:
    given = {"name": name, "reason": "correction", "quantities": list(entries)}
    return {"input": given, "idempotencyKey": key}


def adjusting(*entries: dict[str, Any], key: str = "key-1", name: str = "available") -> dict[str, Any]:
    given = {"name": name, "reason": "correction", "changes": list(entries)}
    return {"input": given, "idempotencyKey": key}


def answer(client: Client, variables: dict[str, Any], document: str = SET) -> dict[str, Any]:
    """The payload, with the codes of its user errors under "codes"."""
    (payload,) = client.data(document, variables).values()
    return {**payload, "codes": [one["code"] for one in payload["userErrors"]]}


def numbers(client: Client) -> tuple[int, int]:
    return client.shop.available("A"), client.shop.available("B")


# ---------------------------------------------------------------------- what no schema shows


def test_an_entry_without_change_from_quantity_is_refused_and_uses_up_no_key(client: Client) -> None:
    good, bad = entry(client, "A", quantity=7, changeFromQuantity=10), entry(client, "B", quantity=1)
    body = client.ask(SET, setting(good, bad))
    assert [(one["extensions"]["code"], one["path"]) for one in body["errors"]] == [
        ("INVALID_FIELD_ARGUMENTS", ["inventorySetQuantities"])
    ]
    assert body["data"] == {"inventorySetQuantities": None}
    assert numbers(client) == (10, 5)
    assert answer(client, setting(good))["codes"] == []


def test_a_write_without_a_key_is_refused(client: Client) -> None:
    variables = setting(entry(client, "A", quantity=7, changeFromQuantity=10))
    body = client.ask(SET_WITHOUT_KEY, {"input": variables["input"]})
    assert [one["extensions"]["code"] for one in body["errors"]] == ["BAD_REQUEST"]
    assert numbers(client) == (10, 5)


@pytest.mark.parametrize("key", ["", "  "])
def test_a_blank_key_is_refused(client: Client, key: str) -> None:
    body = client.ask(SET, setting(entry(client, "A", quantity=7, changeFromQuantity=10), key=key))
    assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert numbers(client) == (10, 5)


def test_an_explicit_null_compares_nothing(client: Client) -> None:
    assert answer(client, setting(entry(client, "A", quantity=7, changeFromQuantity=None)))["codes"] == []
    assert numbers(client) == (7, 5)


def test_zero_is_compared_like_any_number(client: Client) -> None:
    told = answer(client, setting(entry(client, "A", quantity=7, changeFromQuantity=0)))
    assert told["codes"] == ["CHANGE_FROM_QUANTITY_STALE"]
    assert numbers(client) == (10, 5)


# ---------------------------------------------------------------------- all or nothing


def test_one_stale_entry_fails_the_whole_call_and_is_named(client: Client) -> None:
    client.shop.buy("B")
    good, stale = (
        entry(client, "A", quantity=7, changeFromQuantity=10),
        entry(client, "B", quantity=3, changeFromQuantity=5),
    )
    told = answer(client, setting(good, stale))
    assert told["codes"] == ["CHANGE_FROM_QUANTITY_STALE"]
    assert told["userErrors"][0]["field"][:3] == ["input", "quantities", "1"]
    assert told["inventoryAdjustmentGroup"] is None
    assert numbers(client) == (10, 4)


def test_every_bad_entry_is_named_and_nothing_is_written(client: Client) -> None:
    elsewhere = client.shop.add_location("Haifa")
    told = answer(
        client,
        setting(
            entry(client, "A", quantity=1_000_000_001, changeFromQuantity=10),
            {**entry(client, "A", quantity=1, changeFromQuantity=0), "locationId": elsewhere.id},
            {
                **entry(client, "B", quantity=1, changeFromQuantity=5),
                "inventoryItemId": "gid://shopify/InventoryItem/1",
            },
            {**entry(client, "B", quantity=1, changeFromQuantity=5), "locationId": "gid://shopify/Location/1"},
            entry(client, "B", quantity=-1_000_000_001, changeFromQuantity=5),
        ),
    )
    assert [(one["code"], one["field"][2], one["field"][3]) for one in told["userErrors"]] == [
        ("INVALID_QUANTITY_TOO_HIGH", "0", "quantity"),
        ("INVALID_INVENTORY_ITEM", "2", "inventoryItemId"),
        ("INVALID_LOCATION", "3", "locationId"),
        ("INVALID_QUANTITY_TOO_LOW", "4", "quantity"),
    ]
    assert numbers(client) == (10, 5)
    assert elsewhere.number not in client.shop.variant("A").inventory_item.levels


def test_a_pair_twice_in_one_call_is_refused(client: Client) -> None:
    same = entry(client, "A", quantity=7, changeFromQuantity=None)
    assert answer(client, setting(same, same))["codes"] == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"]
    assert numbers(client) == (10, 5)


@pytest.mark.parametrize(("document", "variables"), [(SET, setting), (ADJUST, adjusting)])
def test_more_than_250_entries_are_refused_and_cost_all_the_same(client: Client, document: str, variables: Any) -> None:
    number = {"quantity": 1} if document is SET else {"delta": 1}
    entries = [entry(client, "A", **number, changeFromQuantity=None)] * 251
    before = client.app.bucket.left()
    body = client.post({"query": document, "variables": variables(*entries)}).json()
    assert [one["extensions"]["code"] for one in body["errors"]] == ["MAX_INPUT_SIZE_EXCEEDED"]
    assert "data" not in body
    assert client.app.bucket.left() < before
    assert numbers(client) == (10, 5)


# ---------------------------------------------------------------------- what a number means


def test_available_moves_on_hand_and_leaves_what_is_committed(client: Client) -> None:
    client.shop.buy("A", 2)
    told = answer(client, setting(entry(client, "A", quantity=5, changeFromQuantity=8)))
    changes = told["inventoryAdjustmentGroup"]["changes"]
    assert [(one["name"], one["delta"], one["quantityAfterChange"]) for one in changes] == [
        ("available", -3, None),
        ("on_hand", -3, None),
    ]
    assert (client.shop.available("A"), client.shop.on_hand("A")) == (5, 7)


def test_on_hand_moves_available_and_cannot_be_negative(client: Client) -> None:
    client.shop.buy("A", 2)
    assert answer(client, setting(entry(client, "A", quantity=4, changeFromQuantity=10), name="on_hand"))["codes"] == []
    assert client.shop.available("A") == 2
    told = answer(client, setting(entry(client, "A", quantity=-1, changeFromQuantity=4), name="on_hand", key="key-2"))
    assert told["codes"] == ["INVALID_QUANTITY_NEGATIVE"]


def test_setting_what_is_there_is_a_success_without_a_group(client: Client) -> None:
    told = answer(client, setting(entry(client, "A", quantity=10, changeFromQuantity=10)))
    assert (told["inventoryAdjustmentGroup"], told["codes"]) == (None, [])


@pytest.mark.parametrize(("name", "code"), [("committed", "INVALID_NAME"), ("incoming", "INVALID_NAME")])
def test_only_available_and_on_hand_can_be_set(client: Client, name: str, code: str) -> None:
    assert answer(client, setting(entry(client, "A", quantity=1, changeFromQuantity=None), name=name))["codes"] == [
        code
    ]


def test_a_delta_commutes_with_a_sale(client: Client) -> None:
    client.shop.buy("A", 3)
    assert answer(client, adjusting(entry(client, "A", delta=-2, changeFromQuantity=None)), ADJUST)["codes"] == []
    assert client.shop.available("A") == 5


@pytest.mark.parametrize("name", ["on_hand", "committed", "nonsense"])
def test_what_is_derived_cannot_be_adjusted(client: Client, name: str) -> None:
    told = answer(client, adjusting(entry(client, "A", delta=1, changeFromQuantity=None), name=name), ADJUST)
    assert told["codes"] == ["INVALID_QUANTITY_NAME"]


@pytest.mark.parametrize(
    ("name", "document", "codes"),
    [
        ("available", "ledger://x/1", ["INVALID_AVAILABLE_DOCUMENT"]),
        ("damaged", None, ["INVALID_QUANTITY_DOCUMENT"]),
        ("damaged", "gid://shopify/Order/1", ["INTERNAL_LEDGER_DOCUMENT"]),
        ("damaged", "ledger://x/1", []),
    ],
)
def test_a_ledger_document_goes_with_every_state_but_available(
    client: Client, name: str, document: str | None, codes: list[str]
) -> None:
    change = entry(client, "A", delta=1, changeFromQuantity=None, ledgerDocumentUri=document)
    assert answer(client, adjusting(change, name=name), ADJUST)["codes"] == codes


def test_what_is_on_the_way_is_not_on_hand(client: Client) -> None:
    change = entry(client, "A", delta=4, changeFromQuantity=None, ledgerDocumentUri="ledger://x/1")
    told = answer(client, adjusting(change, name="incoming"), ADJUST)
    assert [one["name"] for one in told["inventoryAdjustmentGroup"]["changes"]] == ["incoming"]
    assert client.shop.on_hand("A") == 10


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("reason", "because", "INVALID_REASON"), ("referenceDocumentUri", "no uri", "INVALID_REFERENCE_DOCUMENT")],
)
def test_the_head_of_a_call_is_checked(client: Client, field: str, value: str, code: str) -> None:
    variables = setting(entry(client, "A", quantity=1, changeFromQuantity=10))
    variables["input"][field] = value
    assert answer(client, variables)["codes"] == [code]
    assert numbers(client) == (10, 5)


def test_a_number_where_the_item_is_not_stocked_is_taken_and_does_not_sell(client: Client) -> None:
    client.shop.add_product("Boot", [{"sku": "C", "active": False}])
    told = answer(client, setting(entry(client, "C", quantity=9, changeFromQuantity=0)))
    assert told["codes"] == []
    assert told["inventoryAdjustmentGroup"] is not None
    assert client.shop.available("C") == 9
    with pytest.raises(ShopRefuses):
        client.shop.buy("C")


def test_an_untracked_item_keeps_its_number_and_sells_for_ever(client: Client) -> None:
    client.shop.add_product("Card", [{"sku": "C", "tracked": False}])
    assert answer(client, setting(entry(client, "C", quantity=0, changeFromQuantity=0)))["codes"] == []
    client.shop.buy("C", 50)
    assert client.shop.available("C") == 0


# ---------------------------------------------------------------------- keys


def test_the_same_call_under_its_key_is_answered_as_before_and_takes_effect_once(client: Client) -> None:
    variables = adjusting(entry(client, "A", delta=-2, changeFromQuantity=None))
    first = answer(client, variables, ADJUST)
    client.shop.buy("A")
    client.clock.forward(hours=23)
    assert answer(client, variables, ADJUST) == first
    assert client.shop.available("A") == 7


def test_a_replayed_set_answers_for_the_past_and_erases_no_sale(client: Client) -> None:
    variables = setting(entry(client, "A", quantity=7, changeFromQuantity=10))
    first = answer(client, variables)
    client.shop.buy("A")
    assert answer(client, variables) == first
    assert client.shop.available("A") == 6


def test_a_key_means_one_set_of_parameters(client: Client) -> None:
    answer(client, setting(entry(client, "A", quantity=7, changeFromQuantity=10)))
    told = answer(client, setting(entry(client, "A", quantity=6, changeFromQuantity=7)))
    assert told["codes"] == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert client.shop.available("A") == 7


def test_a_key_of_a_refused_call_is_spent(client: Client) -> None:
    variables = setting(entry(client, "A", quantity=7, changeFromQuantity=9))
    assert answer(client, variables)["codes"] == ["CHANGE_FROM_QUANTITY_STALE"]
    client.shop.edit_stock("A", 9)
    assert answer(client, variables)["codes"] == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]
    assert client.shop.available("A") == 9


def test_a_key_is_forgotten_after_24_hours(client: Client) -> None:
    variables = adjusting(entry(client, "A", delta=-2, changeFromQuantity=None))
    answer(client, variables, ADJUST)
    client.clock.forward(hours=24)
    answer(client, variables, ADJUST)
    assert client.shop.available("A") == 6


def test_a_refund_takes_effect_once_under_its_key(client: Client) -> None:
    order = client.shop.buy("A", 2)
    line = {"lineItemId": order.lines[0].id, "quantity": 1, "restockType": "CANCEL"}
    variables = {"input": {"orderId": order.id, "refundLineItems": [line]}}
    assert client.data(REFUND, variables) == client.data(REFUND, variables)
    assert (order.lines[0].current_quantity, client.shop.available("A")) == (1, 9)
