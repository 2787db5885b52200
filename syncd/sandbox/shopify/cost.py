"""What a query costs, and the bucket that it is paid from (shopify-facts §6).

The model reproduces the `requestedQueryCost` of every recorded call: a scalar costs nothing, an object or a list of
objects 1, a mutation 10 with its payload's own fields free, a connection 2 and its node times a step of its size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncd.sandbox.shopify.graphql.check import ROOTS, field_of
from syncd.sandbox.shopify.graphql.document import Document, Field, Inline, Operation, Selection, Variable
from syncd.sandbox.shopify.graphql.errors import GraphError, Refused
from syncd.sandbox.shopify.graphql.execution import included
from syncd.sandbox.shopify.graphql.schema import Schema

MAX_QUERY_COST = 1000
MUTATION = 10


@dataclass(frozen=True, slots=True)
class Price:
    """Counts the points of one operation before it runs."""

    schema: Schema
    document: Document
    variables: Mapping[str, object]

    def of(self, operation: Operation) -> int:
        root = ROOTS[operation.kind]
        if operation.kind == "query":
            return self._selections(operation.selections, root)
        return sum(MUTATION + self._payload(one) for one, _ in self._fields(operation.selections, root))

    def _payload(self, mutation: Field) -> int:
        known = field_of(self.schema, "Mutation", mutation.name)
        assert known
        return sum(
            self._selections(one.selections, part.type.name)
            for one, owner in self._fields(mutation.selections, known.type.name)
            if one.name != "userErrors" and (part := field_of(self.schema, owner, one.name))
        )

    def _selections(self, selections: tuple[Selection, ...], type_name: str) -> int:
        return sum(self._field(one, owner) for one, owner in self._fields(selections, type_name))

    def _fields(self, selections: tuple[Selection, ...], type_name: str) -> Iterator[tuple[Field, str]]:
        """The fields asked for, each with its type; what @skip or @include leaves out is free."""
        for selection in selections:
            if not included(selection.directives, self.schema, self.variables):
                continue
            if isinstance(selection, Field):
                yield selection, type_name
            elif isinstance(selection, Inline):
                yield from self._fields(selection.selections, selection.on or type_name)
            else:
                fragment = self.document.fragments[selection.fragment]
                yield from self._fields(fragment.selections, fragment.on)

    def _field(self, one: Field, type_name: str) -> int:
        known = field_of(self.schema, type_name, one.name)
        assert known, one.name
        if not one.selections or one.name == "pageInfo":
            return 0
        if known.type.name.endswith("Connection"):
            return 2 + self._step(one) * self._node(one.selections, known.type.name)
        return 1 + self._selections(one.selections, known.type.name)

    def _step(self, one: Field) -> int:
        """1 → 1, 2 → 2, 5 → 3, 10 → 4, 20 → 5, 50 → 7, 100 → 9, 250 → 11."""
        size = one.arguments.get("first", one.arguments.get("last"))
        if isinstance(size, Variable):
            size = self.variables.get(size.name)  # type: ignore[assignment]  # checked: an Int
        size = size if isinstance(size, int) and size > 0 else 1
        return max(min(size, 2), math.floor(2 * math.log(size)))

    def _node(self, selections: tuple[Selection, ...], connection: str) -> int:
        """The dearest of `nodes` and `edges { node }`."""
        prices = [0]
        for one, owner in self._fields(selections, connection):
            if one.name == "edges":
                prices.append(self._node(one.selections, owner.removesuffix("Connection") + "Edge"))
            elif one.name in ("nodes", "node"):
                prices.append(self._field(one, owner))
        return max(prices)


@dataclass(slots=True)
class Bucket:
    """Points that one app may spend in one shop: refilled by the shop's clock, never above its size."""

    clock: Callable[[], datetime]
    maximum: float = 2000.0
    restore_rate: float = 100.0  # points per second
    _left: float = field(init=False)
    _at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.maximum, self.clock()

    def left(self) -> float:
        now = self.clock()
        passed_s = max(0.0, (now - self._at).total_seconds())
        self._left, self._at = min(self.maximum, self._left + passed_s * self.restore_rate), now
        return self._left

    def empty(self) -> None:
        """Spends all that is there, as another process of the same app would."""
        self._left, self._at = 0.0, self.clock()

    def pay(self, points: int) -> None:
        """Takes the points of one request.

        Raises:
            Refused: MAX_COST_EXCEEDED, or THROTTLED when the bucket does not hold so many points now.
        """
        if points > MAX_QUERY_COST:
            message = f"Query cost is {points}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
            raise Refused(
                GraphError(
                    message,
                    code="MAX_COST_EXCEEDED",
                    cost=points,
                    maxCost=MAX_QUERY_COST,
                    documentation="https://shopify.dev/api/usage/limits#rate-limits",
                )
            )
        if self.left() < points:
            documentation = "https://shopify.dev/api/usage/rate-limits"
            raise Refused(GraphError("Throttled", code="THROTTLED", documentation=documentation))
        self._left -= points

    def shown(self, requested: int, actual: int | None) -> dict[str, Any]:
        """``extensions.cost``. What is asked is what is paid: no client may count on points given back."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": int(self.left()),
                "restoreRate": self.restore_rate,
            },
        }
