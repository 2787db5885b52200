"""Connections: a sorted list read page by page, with cursors that hold when the list changes underneath."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from syncd.sandbox.shopify.graphql.errors import GraphError
from syncd.sandbox.shopify.graphql.execution import Call

MAX_PAGE = 250

Row = tuple[str, int, Any]  # sort value, number that breaks ties, object
Place = tuple[str, int]


def connection(rows: Iterable[Row], call: Call) -> dict[str, Any]:
    """One page of `rows` by the arguments first, last, after, before and reverse.

    A cursor is a place in the order, not a row: what moved behind it comes again, what was deleted is not missed.

    Raises:
        GraphError: neither or both of first and last, a page of more than 250, a cursor that is none.
    """
    first, last = call.arguments.get("first"), call.arguments.get("last")
    if (first is None) == (last is None):
        raise GraphError("you must provide one of first or last", code="BAD_REQUEST")
    size: int = first if first is not None else last  # type: ignore[assignment]  # one of them is there
    if not 0 <= size <= MAX_PAGE:
        side = "first" if first is not None else "last"
        raise GraphError(
            f"{side} cannot exceed {MAX_PAGE}" if size > 0 else f"{side} must be positive", code="BAD_REQUEST"
        )
    ordered = sorted(((_place(value, number), item) for value, number, item in rows), key=lambda row: row[0])
    if call.arguments.get("reverse"):
        ordered.reverse()
    start, end = 0, len(ordered)
    if after := call.arguments.get("after"):
        start = _index(ordered, _read(after), call, behind=True)
    if before := call.arguments.get("before"):
        end = max(start, _index(ordered, _read(before), call, behind=False))
    window = ordered[start:end]
    shown = window[:size] if first is not None else window[len(window) - size :]
    edges = [{"cursor": _cursor(place), "node": item} for place, item in shown]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "hasNextPage": len(shown) < len(window) if first is not None else end < len(ordered),
            "hasPreviousPage": start > 0 if first is not None else len(shown) < len(window),
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _place(value: str, number: int) -> Place:
    return (value.zfill(24) if value.isdigit() else value, number)


def _index(ordered: list[tuple[Place, Any]], place: Place, call: Call, *, behind: bool) -> int:
    """How many rows stand before a place; with `behind`, rows at the place itself count too."""
    backwards = bool(call.arguments.get("reverse"))
    return sum((row > place if backwards else row < place) or (behind and row == place) for row, _ in ordered)


def _cursor(place: Place) -> str:
    shown = json.dumps({"last_id": place[1], "last_value": place[0]}, separators=(",", ":"))
    return base64.b64encode(shown.encode()).decode()


def _read(cursor: str) -> Place:
    try:
        said = json.loads(base64.b64decode(cursor, validate=True))
        return str(said["last_value"]), int(said["last_id"])
    except (ValueError, KeyError, TypeError):
        raise GraphError("Invalid cursor for current pagination sort.", code="BAD_REQUEST") from None
