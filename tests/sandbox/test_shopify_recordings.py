"""Every recorded call of a real Shopify shop, replayed on the practice shop: same status, codes, errors and types.

Ids and cursors are the practice shop's own and are translated. Beyond types, numbers, booleans and nulls are the same,
and so are the points that a call costs where its document was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shopify_documents import document_for
from shopify_kit import Client, practice

from syncd.sandbox.shopify.model import InventoryItem, Location

FOLDER = Path(__file__).parent.parent / "recordings" / "shopify"
RECORDINGS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

OLD = "a deprecated mutation that syncd does not use; its twin inventorySetQuantities is replayed"
MOVE = "moving units between states is not in the practice shop: syncd writes available only"
MADE = "the shop is set up through its own Python methods, not through the mutations of a catalogue"
EDIT = "orders are edited through ShopifyShop.edit_order; what the order looks like afterwards is replayed"
FILTERS = "syncd sets no filter, so the practice shop does not judge them"
NOT_REPLAYED = {
    "inventory-quantity-contracts-2026-04": {
        "inventorySetOnHandQuantities": OLD,
        "missingSetOnHandIdempotency": OLD,
        "missingSetOnHandChangeFromQuantity": OLD,
        "unknownIdValidation.setOnHandUnknownInventoryItem": OLD,
        "unknownIdValidation.setOnHandUnknownLocation": OLD,
        "unknownIdValidation.setOnHandNegativeQuantity": OLD,
        "unknownIdValidation.setOnHandTooHighQuantity": OLD,
        "unknownIdValidation.setOnHandInvalidReason": OLD,
        "unknownIdValidation.moveUnknownInventoryItem": MOVE,
        "unknownIdValidation.moveUnknownLocation": MOVE,
    },
    "inventory-item-levels-connection-windowing-2026-04": {
        "operations.sourceLocationAdd": MADE,
        "operations.destinationLocationAdd": MADE,
        "operations.productSet": MADE,
    },
    "order-edit-existing-order-zero-removal": {"mutation": EDIT, "setZero": EDIT, "commitRemove": EDIT},
    "webhook-subscription-conformance": {
        "filterValidation.setupCustomer": "customers are nothing that syncd asks for",
        "filterValidation.updateInvalidFilter": FILTERS,
        "filterValidation.createInvalidFilter": FILTERS,
        "updateValidation.updateInvalidPubSub": "of all kinds of address only https is known to the practice shop",
        "validation": "three mutations in one call, each refusal of which has a call of its own",
    },
}
LEFT_OUT = {  # fields of answers
    "callbackUrl": "deprecated in favour of `uri`",
    "endpoint": "deprecated in favour of `uri`",
    "cancellation": "a note of the staff",
    "netPaymentSet": "syncd reads no money",
    "fulfillmentOrders": "what is still to be shipped is read from the lines themselves",
    "returns": "returns are read through their refunds",
    "merchantEditableErrors": "texts for people",
}
OTHER_VALUE = {  # same type
    "totalInventory": "trails behind in the real shop (0 beside a variant with 12); here it is the sum",
    "supported": "the recorded subscriptions were made by a release candidate of the API",
}
TRANSLATED = ("id", "cursor", "startCursor", "endCursor", "deletedWebhookSubscriptionId")

Ids = dict[str, str]


# ---------------------------------------------------------------------- the shops of the recordings


def item(client: Client, units: int = 0, place: Location | None = None) -> InventoryItem:
    """A tracked item with so many units at the main location, or at this one alone."""
    product = client.shop.add_product("Recorded", [{"units": 0 if place else units, "active": place is None}])
    found = product.variants[0].inventory_item
    if place:
        found.levels.clear()
        client.shop.level(found, place).is_active = True
    return found


def names(found: InventoryItem, item_number: int, *levels: tuple[int, Location]) -> Ids:
    """Recorded ids of an item and its levels."""
    ids = {f"gid://shopify/InventoryItem/{item_number}": found.id}
    for number, place in levels:
        ids[f"gid://shopify/InventoryLevel/{number}?inventory_item_id={item_number}"] = found.levels[place.number].id
    return ids


def main_location(client: Client) -> Ids:
    return {"gid://shopify/Location/106318430514": client.shop.main_location.id}


def items_at_zero(*numbers: int) -> Callable[[Client], Ids]:
    def prepare(client: Client) -> Ids:
        ids = main_location(client)
        for number in numbers:
            ids |= names(item(client), number)
        return ids

    return prepare


def activation(client: Client) -> Ids:
    second = client.shop.add_location("My Custom Location")
    ids = items_at_zero(53486247084338, 53486247117106, 53486247182642)(client)
    return {**ids, "gid://shopify/Location/106318463282": second.id}


def lifecycle(client: Client) -> Ids:
    second = client.shop.add_location("My Custom Location")
    found = item(client, 5)
    level = client.shop.level(found, second)
    level.is_active = True
    client.shop.move(level, available=7)
    places = ((143273001266, client.shop.main_location), (143273034034, second))
    ids = {**main_location(client), "gid://shopify/Location/106318463282": second.id}
    return {**ids, **names(found, 53214089609522, *places)}


def two_locations(client: Client) -> Ids:
    source, target = client.shop.add_location("Source"), client.shop.add_location("Destination")
    found = item(client, 0, source)
    ids = {"gid://shopify/Location/113884234034": source.id, "gid://shopify/Location/113884266802": target.id}
    ids |= {"53564958638386": str(found.number), "113884266802": str(target.number)}  # inside search queries
    return {**ids, **names(found, 53564958638386, (152183472434, source))}


def contracts(client: Client) -> Ids:
    found = item(client)
    product = {"gid://shopify/Product/10220854182194": found.variant.product.id}
    return {**main_location(client), **product, **names(found, 53469430055218)}


def order(number: int, lines: dict[int, tuple[int, str]]) -> Callable[[Client], Ids]:
    """An order of custom lines: recorded line id → (units, price)."""

    def prepare(client: Client) -> Ids:
        made = client.shop.place([(f"Line {line}", units) for line, (units, _) in lines.items()])
        ids = {f"gid://shopify/Order/{number}": made.id}
        for line, (recorded, (_, price)) in zip(made.lines, lines.items(), strict=True):
            line.price = Decimal(price)
            ids[f"gid://shopify/LineItem/{recorded}"] = line.id
        total = sum((one.price * one.quantity for one in made.lines), Decimal())
        made.transactions = [client.shop.transaction("SALE", total)]
        return {**ids, "gid://shopify/OrderTransaction/1": made.transactions[0].id}

    return prepare


def edited_order(client: Client) -> Ids:
    lines = {19494137790770: (2, "20"), 19494137823538: (1, "12"), 19494137856306: (1, "29")}
    ids = order(8837482905906, lines)(client)
    made = next(iter(client.shop.orders.values()))
    made.note = "order edit"
    client.shop.edit_order(made, made.lines[2], 1)
    return ids


def refunded_order(number: int, line: int, price: str) -> Callable[[Client], Ids]:
    def prepare(client: Client) -> Ids:
        place = client.shop.add_location("Return address")
        return {**order(number, {line: (1, price)})(client), "gid://shopify/Location/112829759794": place.id}

    return prepare


SHOPS: dict[str, Callable[[Client], Ids]] = {
    "inventory-activate-on-hand": activation,
    "inventory-adjust-zero-delta-noop": items_at_zero(53489877745970, 53489877778738),
    "inventory-existence-validation": items_at_zero(),
    "inventory-inactive-level-lifecycle-2026-04": lifecycle,
    "inventory-item-levels-connection-windowing-2026-04": two_locations,
    "inventory-quantity-contracts-2026-04": contracts,
    "inventorySetQuantities-quantity-bounds": items_at_zero(53489632280882, 53489632346418, 53489632444722),
    "order-edit-existing-order-zero-removal": edited_order,
    "orderCancel-restock-refundMethod-parity": order(8735479398706, {19312619651378: (2, "10")}),
    "refund-create-full-parity": refunded_order(8838022103346, 19495196295474, "15"),
    "refund-create-partial-shipping-restock-parity": refunded_order(8838022037810, 19495196164402, "25"),
    "webhook-subscription-api-version-projection": items_at_zero(),
    "webhook-subscription-conformance": items_at_zero(),
}


def unchanged(_: Client) -> None:
    """Most calls that are not replayed change nothing that later calls see."""


def on_hand_by_two(client: Client) -> None:
    found = next(client.shop.variants()).inventory_item
    client.shop.move(found.levels[client.shop.main_location.number], available=2)


INSTEAD: dict[tuple[str, str], Callable[[Client], None]] = {
    ("inventory-quantity-contracts-2026-04", "inventorySetOnHandQuantities"): on_hand_by_two,
}


# ---------------------------------------------------------------------- comparing


def translated(value: Any, ids: Ids) -> Any:
    """The same with the practice shop's ids; also inside a search query."""
    if isinstance(value, dict):
        return {key: translated(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [translated(one, ids) for one in value]
    if isinstance(value, str) and value not in ids:
        field, colon, rest = value.partition(":")
        return f"{field}:{ids[rest]}" if colon and rest in ids else value
    return ids.get(value, value) if isinstance(value, str) else value


def learn(recorded: Any, answered: Any, ids: Ids) -> None:
    """Takes down which of the practice shop's ids stands where the recording has its own."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for key in recorded.keys() & answered.keys():
            if key in TRANSLATED and isinstance(recorded[key], str) and isinstance(answered[key], str):
                ids.setdefault(recorded[key], answered[key])
            learn(recorded[key], answered[key], ids)
    elif isinstance(recorded, list) and isinstance(answered, list):
        for one, other in zip(recorded, answered, strict=False):
            learn(one, other, ids)


def differences(recorded: Any, answered: Any, path: str = "") -> Iterator[str]:
    """Where the answers differ in type, or in a number, boolean or null."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for key in recorded:
            if key in LEFT_OUT:
                continue
            if key not in answered:
                yield f"{path}.{key} is missing"
            elif key in ("userErrors", "orderCancelUserErrors"):
                yield from differing_errors(recorded[key], answered[key], f"{path}.{key}")
            elif key not in OTHER_VALUE:
                yield from differences(recorded[key], answered[key], f"{path}.{key}")
            elif type(recorded[key]) is not type(answered[key]):
                yield f"{path}.{key}: {recorded[key]!r} is answered with {answered[key]!r}"
    elif isinstance(recorded, list) and isinstance(answered, list):
        if len(recorded) != len(answered):
            yield f"{path}: {len(recorded)} entries are answered with {len(answered)}"
        for index, (one, other) in enumerate(zip(recorded, answered, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(recorded, str) and isinstance(answered, str):
        return
    elif recorded != answered or type(recorded) is not type(answered):
        yield f"{path}: {recorded!r} is answered with {answered!r}"


def differing_errors(recorded: list[Any], answered: list[Any], path: str) -> Iterator[str]:
    """User errors are the same word for word, as far as the recording asked for them."""
    shown = [{key: other.get(key) for key in one} for one, other in zip(recorded, answered, strict=False)]
    if shown != recorded or len(recorded) != len(answered):
        yield f"{path}: {recorded} is answered with {answered}"


def top_errors(body: dict[str, Any]) -> list[Any]:
    """Message, path and code of each: where in the document it points depends on the document's lines."""
    return [(one["message"], one.get("path"), one.get("extensions", {}).get("code")) for one in body.get("errors", [])]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_conversation_goes_the_same_way(name: str) -> None:
    excused = NOT_REPLAYED.get(name, {})
    with practice() as client:
        ids = SHOPS[name](client)
        for call in RECORDINGS[name]["calls"]:
            if call["name"] in excused:
                INSTEAD.get((name, call["name"]), unchanged)(client)
                continue
            recorded = call["body"]
            root = next(iter(recorded.get("data") or {}), "")
            document = call.get("document") or document_for(name, call["name"], root)
            variables = translated(call.get("variables") or asked_of(name), ids)
            assert call["status"] == 200  # which `ask` asserts of the answer
            body = client.ask(document, variables)
            learn(recorded.get("data"), body.get("data"), ids)
            place = f"{name}: {call['name']}: {body}"
            assert top_errors(body) == top_errors(recorded), place
            assert list(differences(recorded.get("data"), body.get("data"))) == [], place
            assert [one["warnings"] for one in body.get("extensions", {}).get("search", [])] == [
                one["warnings"] for one in call.get("search", [])
            ], place
            if call.get("document"):
                assert body["extensions"]["cost"]["requestedQueryCost"] == call["cost"], place


def asked_of(name: str) -> dict[str, str]:
    """The variables of the one read that was recorded without."""
    if name == "order-edit-existing-order-zero-removal":
        return {"id": "gid://shopify/Order/8837482905906"}
    return {
        "productId": "gid://shopify/Product/10220854182194",
        "inventoryItemId": "gid://shopify/InventoryItem/53469430055218",
    }


def test_every_exception_concerns_a_recorded_call() -> None:
    calls = {(name, call["name"]) for name, one in RECORDINGS.items() for call in one["calls"]}
    assert {(name, call) for name, excused in NOT_REPLAYED.items() for call in excused} <= calls
    assert SHOPS.keys() == RECORDINGS.keys()


def test_a_difference_would_be_noticed() -> None:
    same = {"a": [{"id": "x", "n": 1, "nothing": None}], "userErrors": [{"field": ["f"], "message": "m"}]}
    assert list(differences(same, {**same, "more": 1})) == []
    for other in (
        {**same, "a": [{"id": "x", "n": 2, "nothing": None}]},
        {**same, "a": [{"id": "x", "n": True, "nothing": None}]},
        {**same, "a": [{"id": "x", "n": 1, "nothing": "y"}]},
        {**same, "a": []},
        {**same, "userErrors": [{"field": ["f"], "message": "other"}]},
        {"a": same["a"]},
    ):
        assert len(list(differences(same, other))) == 1
