"""The mutations that change metafields and their definitions (shopify-facts §3; what is called recorded was seen in
recordings of a real shop, airhorns/shopify-draft-proxy, fixtures/conformance)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from syncd.sandbox.shopify.asked import Asked
from syncd.sandbox.shopify.graphql.execution import Call
from syncd.sandbox.shopify.idempotency import Payload, user_error
from syncd.sandbox.shopify.model import Entity, Metafield, MetafieldDefinition

MAX_METAFIELDS = 25
OWNERS = {"PRODUCTVARIANT": "Product Variant"}


def put(_: object, call: Call) -> Payload:
    """Atomic; at most 25 a call; `compareDigest` null means that it must not exist yet."""
    asked: Asked = call.request
    wishes = call.arguments["metafields"]
    if len(wishes) > MAX_METAFIELDS:
        message = f"Exceeded the maximum metafields input limit of {MAX_METAFIELDS}."
        return {"metafields": None, "userErrors": [_error("LESS_THAN_OR_EQUAL_TO", message, None)]}
    owners = [asked.find(wish["ownerId"]) for wish in wishes]
    errors = [
        error
        for index, (wish, owner) in enumerate(zip(wishes, owners, strict=True))
        if (error := _problem(asked, wish, owner, index))
    ]
    if errors:
        return {"metafields": [], "userErrors": errors}
    written = [_write(asked, owner, wish) for wish, owner in zip(wishes, owners, strict=True)]
    return {"metafields": written, "userErrors": []}


def _error(code: str, message: str, index: int | None, *place: str) -> dict[str, Any]:
    where: tuple[str | int, ...] = ("metafields",) if index is None else ("metafields", index, *place)
    return {**user_error(code, message, *where), "elementIndex": None}


def _problem(asked: Asked, wish: Mapping[str, Any], owner: Entity | None, index: int) -> dict[str, Any] | None:
    if owner is None:
        return _error("INVALID_VALUE", "Owner does not exist.", index, "ownerId")
    before = owner.metafields.get(_place(wish))
    kind = _type(asked, wish, owner)
    if not kind:
        return _error("BLANK", "Type can't be blank", index, "type")
    if wish.get("type") not in (None, kind):
        message = f"Type must be consistent with the definition's type: '{kind}'."
        return _error("INVALID_TYPE", message, index, "type")
    if not wish["value"]:
        return _error("BLANK", "may not be empty", index, "value")
    if kind == "json" and (wrong := _no_json(wish["value"])):
        return _error("INVALID_VALUE", f"Value is invalid JSON: {wrong}.", index, "value")
    if "compareDigest" not in wish:
        return None
    digest = wish["compareDigest"]
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        return _error("INVALID_COMPARE_DIGEST", "Invalid compareDigest.", index, "compareDigest")
    if digest != (before.compare_digest if before else None):
        message = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
        return _error("STALE_OBJECT", message, index)
    return None


def _place(wish: Mapping[str, Any]) -> tuple[str, str]:
    return wish.get("namespace") or "$app", wish["key"]


def _type(asked: Asked, wish: Mapping[str, Any], owner: Entity) -> str | None:
    """The type that a metafield has: its definition's, else the one wished for, else the one that it had."""
    if definition := asked.shop.definitions.get((owner.TYPE.upper(), *_place(wish))):
        return definition.type
    before = owner.metafields.get(_place(wish))
    return wish.get("type") or (before.type if before else None)


def _no_json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError as wrong:
        return str(wrong)
    return ""


def _write(asked: Asked, owner: Entity, wish: Mapping[str, Any]) -> Metafield:
    now = asked.shop.now()
    kind = _type(asked, wish, owner)
    assert kind, "checked before"
    before = owner.metafields.get(_place(wish))
    if before:
        before.type, before.value, before.updated_at = kind, wish["value"], now
        return before
    namespace, key = _place(wish)
    owner.metafields[namespace, key] = Metafield(
        number=asked.shop.number(),
        created_at=now,
        updated_at=now,
        namespace=namespace,
        key=key,
        type=kind,
        value=wish["value"],
        owner_type=owner.TYPE.upper(),
    )
    return owner.metafields[namespace, key]


def delete(_: object, call: Call) -> Payload:
    """What is not there, or belongs to nobody, is null and no error (recorded)."""
    asked: Asked = call.request
    gone: list[Mapping[str, Any] | None] = []
    for wish in call.arguments["metafields"]:
        owner: Entity | None = asked.find(wish["ownerId"])
        if owner is None or _place(wish) not in owner.metafields:
            gone.append(None)
            continue
        del owner.metafields[_place(wish)]
        gone.append(wish)
    return {"deletedMetafields": gone, "userErrors": []}


def define(_: object, call: Call) -> Payload:
    shop = call.request.shop
    wish = call.arguments["definition"]
    place = (wish["ownerType"], *_place(wish))
    if place in shop.definitions:
        owner = OWNERS.get(wish["ownerType"], wish["ownerType"].capitalize())
        message = f"Key is in use for {owner} metafields on the '{place[1]}' namespace."
        return {"createdDefinition": None, "userErrors": [user_error("TAKEN", message, "definition", "key")]}
    now = shop.now()
    shop.definitions[place] = MetafieldDefinition(
        number=shop.number(),
        created_at=now,
        updated_at=now,
        owner_type=place[0],
        namespace=place[1],
        key=place[2],
        name=wish["name"],
        description=wish.get("description"),
        type=wish["type"],
        storefront=_storefront(wish, "NONE"),
    )
    return {"createdDefinition": shop.definitions[place], "userErrors": []}


def redefine(_: object, call: Call) -> Payload:
    """Type, owner, namespace and key say which definition is meant and cannot change."""
    shop = call.request.shop
    wish = call.arguments["definition"]
    definition = shop.definitions.get((wish["ownerType"], *_place(wish)))
    if not definition:
        error = user_error("NOT_FOUND", "Definition not found.", "definition")
        return {"updatedDefinition": None, "userErrors": [error]}
    definition.name = wish.get("name") or definition.name
    definition.description = wish.get("description", definition.description)
    definition.storefront = _storefront(wish, definition.storefront)
    definition.updated_at = shop.now()
    return {"updatedDefinition": definition, "userErrors": []}


def _storefront(wish: Mapping[str, Any], otherwise: str) -> str:
    return str((wish.get("access") or {}).get("storefront") or otherwise)
