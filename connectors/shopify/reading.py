"""Takes Shopify's answers apart without trusting them: every field is there and of its type, or `Misread` names it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_GID = re.compile(r"gid://shopify/(?P<kind>[A-Za-z]+)/(?P<number>[0-9]+)")


class Misread(Exception):
    """An answer lacks this field, or it is of another type. Becomes `Parked` for an item, `Unreadable` for a page."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def field(node: object, name: str) -> object:
    """The value of a field, which may be null."""
    if not isinstance(node, dict) or name not in node:
        raise Misread(name)
    return node[name]


def whole(node: object, name: str) -> int:
    """A whole number as GraphQL has them: of 32 bits."""
    value = field(node, name)
    if type(value) is not int or not -(2**31) <= value < 2**31:
        raise Misread(name)
    return value


def text(node: object, name: str) -> str:
    value = field(node, name)
    if not isinstance(value, str) or not value:
        raise Misread(name)
    return value


def maybe_text(node: object, name: str) -> str | None:
    """The text; ``None`` where it is null or blank (a missing SKU is ``None``, never "")."""
    value = field(node, name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Misread(name)
    return value if value.strip() else None


def flag(node: object, name: str) -> bool:
    value = field(node, name)
    if not isinstance(value, bool):
        raise Misread(name)
    return value


def listed(node: object, name: str) -> list[object]:
    value = field(node, name)
    if not isinstance(value, list):
        raise Misread(name)
    return value


def instant(node: object, name: str) -> datetime:
    """An ISO 8601 instant as aware UTC."""
    try:
        value = datetime.fromisoformat(text(node, name))
    except ValueError:
        raise Misread(name) from None
    if value.tzinfo is None:
        raise Misread(name)
    return value.astimezone(UTC)


def identity(node: object, kind: str) -> str:
    """The bare number of the global id in the field ``id``: ``gid://shopify/InventoryItem/7`` is "7"."""
    match = _GID.fullmatch(text(node, "id"))
    if match is None or match["kind"] != kind:
        raise Misread("id")
    return match["number"]


def gid(kind: str, number: str) -> str:
    """The global id of a bare number."""
    return f"gid://shopify/{kind}/{number}"


def next_page(connection: object, after: str | None) -> str | None:
    """The cursor of the page that follows the one after `after`; ``None`` on the last one.

    A page that leads back to itself is misread: it would be read for ever.
    """
    info = field(connection, "pageInfo")
    if not flag(info, "hasNextPage"):
        return None
    cursor = text(info, "endCursor")
    if cursor == after:
        raise Misread("endCursor")
    return cursor
