"""The mutations that write stock: set, adjust, activate, deactivate (shopify-facts §2; wording as recorded)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from syncd.sandbox.shopify.asked import Asked
from syncd.sandbox.shopify.graphql.errors import GraphError
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import ON_HAND, AdjustmentGroup, Change, InventoryItem, InventoryLevel, Location

REASONS = (
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
)
SET_BOUND, ADJUST_BOUND = 1_000_000_000, 2_000_000_000
ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
NO_GROUP: Mapping[str, None] = {"inventoryAdjustmentGroup": None}
NO_LEVEL: Mapping[str, None] = {"inventoryLevel": None}

Moves = list[tuple[InventoryLevel, str, int, str | None]]  # level, state, delta, ledger document


def set_quantities(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    given = call.arguments["input"]
    _demand_change_from("InventoryQuantityInput", given["quantities"])
    return asked.keys.once(call, asked.shop.clock(), NO_GROUP, lambda: _set(asked, given))


def adjust_quantities(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    given = call.arguments["input"]
    _demand_change_from("InventoryChangeInput", given["changes"])
    return asked.keys.once(call, asked.shop.clock(), NO_GROUP, lambda: _adjust(asked, given))


def _demand_change_from(name: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Null is "do not compare"; leaving it out is an error that no validator sees (shopify-facts §2.1)."""
    if any("changeFromQuantity" not in entry for entry in entries):
        message = f"{name} must include the following argument: changeFromQuantity."
        raise GraphError(message, code="INVALID_FIELD_ARGUMENTS")


def _set(asked: Asked, given: Mapping[str, Any]) -> Payload:
    errors = _head_errors(given)
    name = given["name"]
    if name not in ("available", "on_hand"):
        message = "The specified quantity name is invalid. Valid values are: available, on_hand."
        errors.append(user_error("INVALID_NAME", message, "input", "name"))
        return {**NO_GROUP, "userErrors": errors}
    moves: Moves = []
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(given["quantities"]):
        place = ("input", "quantities", index)
        pair = (entry["inventoryItemId"], entry["locationId"])
        if pair in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            errors.append(user_error("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", message, *place))
        seen.add(pair)
        quantity = entry["quantity"]
        if wrong := _out_of_bounds(quantity, SET_BOUND, (*place, "quantity")):
            errors.append(wrong)
        elif name == "on_hand" and quantity < 0:
            message = "The quantity can't be negative."
            errors.append(user_error("INVALID_QUANTITY_NEGATIVE", message, *place, "quantity"))
        level = _level(asked, entry, place, errors)
        if level:
            _compare(level, name, entry["changeFromQuantity"], place, errors)
            moves.append((level, "available", quantity - level.quantity(name), None))
    return _done(asked, given, moves, errors)


def _adjust(asked: Asked, given: Mapping[str, Any]) -> Payload:
    errors = _head_errors(given)
    name = given["name"]
    if name not in ADJUSTABLE:
        message = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
        errors.append(user_error("INVALID_QUANTITY_NAME", message, "input", "name"))
        return {**NO_GROUP, "userErrors": errors}
    moves: Moves = []
    for index, entry in enumerate(given["changes"]):
        place = ("input", "changes", index)
        document = entry.get("ledgerDocumentUri")
        if wrong := _out_of_bounds(entry["delta"], ADJUST_BOUND, (*place, "delta")):
            errors.append(wrong)
        if wrong := _document_error(name, document, place):
            errors.append(wrong)
        level = _level(asked, entry, place, errors)
        if level:
            _compare(level, name, entry["changeFromQuantity"], place, errors)
            moves.append((level, name, entry["delta"], document))
    return _done(asked, given, moves, errors)


def _head_errors(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    errors = []
    if given["reason"] not in REASONS:
        message = f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}."
        errors.append(user_error("INVALID_REASON", message, "input", "reason"))
    document = given.get("referenceDocumentUri")
    if document is not None and not re.match(r"[a-z][a-z0-9+.-]*://\S+$", document):
        message = "The specified reference document is invalid."
        errors.append(user_error("INVALID_REFERENCE_DOCUMENT", message, "input", "referenceDocumentUri"))
    return errors


def _document_error(name: str, document: str | None, place: tuple[str | int, ...]) -> dict[str, Any] | None:
    """A ledger document is required for every state but available, and forbidden there (shopify-facts §2.4)."""
    where = (*place, "ledgerDocumentUri")
    if name == "available":
        message = "A ledger document URI is not allowed when adjusting available."
        return user_error("INVALID_AVAILABLE_DOCUMENT", message, *where) if document else None
    if not document:
        message = "A ledger document URI is required except when adjusting available."
        return user_error("INVALID_QUANTITY_DOCUMENT", message, *where)
    if document.startswith("gid://shopify/"):
        return user_error(
            "INTERNAL_LEDGER_DOCUMENT", "Internal (gid://shopify/) ledger documents are not allowed.", *where
        )
    return None


def _out_of_bounds(units: int, bound: int, where: tuple[str | int, ...]) -> dict[str, Any] | None:
    if units > bound:
        return user_error("INVALID_QUANTITY_TOO_HIGH", f"The quantity can't be higher than {bound:,}.", *where)
    if units < -bound:
        return user_error("INVALID_QUANTITY_TOO_LOW", f"The quantity can't be lower than -{bound:,}.", *where)
    return None


def _level(
    asked: Asked, entry: Mapping[str, Any], place: tuple[str | int, ...], errors: list[dict[str, Any]]
) -> InventoryLevel | None:
    """The level to write; an item that is not stocked there will get an inactive one, without a word (2026-04+)."""
    item: InventoryItem | None = asked.find(entry["inventoryItemId"], "InventoryItem")
    location: Location | None = asked.find(entry["locationId"], "Location")
    if not item:
        message = "The specified inventory item could not be found."
        errors.append(user_error("INVALID_INVENTORY_ITEM", message, *place, "inventoryItemId"))
    if not location:
        message = "The specified location could not be found."
        errors.append(user_error("INVALID_LOCATION", message, *place, "locationId"))
    return asked.shop.level_or_new(item, location) if item and location else None


def _compare(
    level: InventoryLevel,
    name: str,
    expected: int | None,
    place: tuple[str | int, ...],
    errors: list[dict[str, Any]],
) -> None:
    if expected is not None and expected != level.quantity(name):
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        errors.append(user_error("CHANGE_FROM_QUANTITY_STALE", message, *place, "changeFromQuantity"))


def _done(asked: Asked, given: Mapping[str, Any], moves: Moves, errors: list[dict[str, Any]]) -> Payload:
    """All or nothing: one bad entry and the whole call changes nothing (shopify-facts §2.1)."""
    moves = [move for move in moves if move[2]]
    if errors or not moves:
        return {**NO_GROUP, "userErrors": errors}
    changes = []
    for one, state, delta, document in moves:
        level = asked.shop.level(one.item, one.location)
        asked.shop.move(level, **{state: delta})
        changes.append(Change(level=level, name=state, delta=delta, ledger_document_uri=document))
        if state in ON_HAND:
            changes.append(Change(level=level, name="on_hand", delta=delta))
    now = asked.shop.now()
    group = AdjustmentGroup(
        number=asked.shop.number(),
        created_at=now,
        updated_at=now,
        reason=given["reason"],
        reference_document_uri=given.get("referenceDocumentUri"),
        changes=changes,
    )
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


# ---------------------------------------------------------------------- stocking an item at a location


def activate(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    return asked.keys.once(call, asked.shop.clock(), NO_LEVEL, lambda: _activate(asked, call.arguments))


def _activate(asked: Asked, given: Mapping[str, Any]) -> Payload:
    item: InventoryItem | None = asked.find(given["inventoryItemId"], "InventoryItem")
    location: Location | None = asked.find(given["locationId"], "Location")
    if not item or not location:
        what, where = ("inventory item", "inventoryItemId") if not item else ("location", "locationId")
        return _not_stocked(f"The product couldn't be stocked because the {what} wasn't found.", where)
    numbers = {name: given[name] for name in ("available", "onHand") if given.get(name) is not None}
    failed = f"The product couldn't be stocked at {location.name} because"
    if len(numbers) == 2:
        return _not_stocked(
            f"{failed} not allowed to set available and on_hand quantities at the same time.", "available", "onHand"
        )
    if any(abs(units) > SET_BOUND for units in numbers.values()):
        return _not_stocked(f"{failed} the quantity needs to be between -1 billion and 1 billion.", *numbers)
    level = asked.shop.level(item, location)
    if level.is_active and numbers:
        name = "an on_hand" if "onHand" in numbers else "an available"
        message = f"Not allowed to set {name} quantity when the item is already active at the location."
        return {"inventoryLevel": level, "userErrors": [user_error(None, message, *numbers)]}
    level.is_active = True
    for name, units in numbers.items():
        state = "available" if name == "available" else "on_hand"
        asked.shop.move(level, available=units - level.quantity(state))
    return {"inventoryLevel": level, "userErrors": []}


def _not_stocked(message: str, *arguments: str) -> Payload:
    return {**NO_LEVEL, "userErrors": [user_error(None, message, argument) for argument in arguments]}


def deactivate(_: object, call: Call) -> Payload:
    asked: Asked = call.request
    return asked.keys.once(call, asked.shop.clock(), {}, lambda: _deactivate(asked, call.arguments))


def _deactivate(asked: Asked, given: Mapping[str, Any]) -> Payload:
    """Numbers stay on the level (2026-04+)."""
    level: InventoryLevel | None = asked.find(given["inventoryLevelId"], "InventoryLevel")
    if not level:
        message = "The product couldn't be unstocked because the inventory level wasn't found."
        return {"userErrors": [user_error(None, message, "inventoryLevelId")]}
    if level.is_active and len(level.item.active_levels) == 1:
        message = (
            f"The product couldn't be unstocked from {level.location.name} because products need to be stocked at a "
            "minimum of 1 location."
        )
        return {"userErrors": [user_error(None, message)]}
    level.is_active = False
    return {"userErrors": []}
