"""Keys of mutations that must take effect once (shopify-facts §2.2): kept 24 hours by the shop's clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from syncd.sandbox.shopify.graphql.errors import GraphError
from syncd.sandbox.shopify.graphql.execution import Call

KEPT_FOR = timedelta(hours=24)

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """The first call under a key: what it asked for, and what it was answered."""

    at: datetime
    asked: str
    payload: Payload


@dataclass(slots=True)
class Keys:
    """The keys that one app has used in one shop."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def once(self, call: Call, now: datetime, empty: Mapping[str, None], mutation: Callable[[], Payload]) -> Payload:
        """The payload of `mutation`, or what its key was answered before. `empty` are the payload's own fields.

        A call that is refused at the top level (a missing argument, THROTTLED) uses up no key.

        Raises:
            GraphError: the directive is missing, or its key is blank.
        """
        key = call.directives.get("idempotent", {}).get("key")
        if key is None:
            message = "The @idempotent directive is required for this mutation but was not provided."
            raise GraphError(message, code="BAD_REQUEST")
        if not str(key).strip():
            raise GraphError("The idempotency key cannot be blank.", code="BAD_REQUEST")
        asked = json.dumps([call.field.name, call.arguments], sort_keys=True)
        before = self.kept.get(key)
        if before and now - before.at < KEPT_FOR:
            return self._again(before, asked, empty)
        payload = mutation()
        self.kept[key] = Kept(now, asked, payload)
        return payload

    @staticmethod
    def _again(before: Kept, asked: str, empty: Mapping[str, None]) -> Payload:
        if before.asked != asked:
            return refusal(
                empty,
                "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                "The same idempotency key cannot be used with different operation parameters.",
            )
        if before.payload["userErrors"]:
            return refusal(
                empty,
                "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
                "The previous attempt with this idempotency key failed. Retry with a new idempotency key.",
            )
        return before.payload


def user_error(code: str | None, message: str, *place: str | int) -> dict[str, Any]:
    """One entry of ``userErrors``; without a place it concerns the whole call."""
    return {"field": [str(one) for one in place] or None, "message": message, "code": code}


def refusal(empty: Mapping[str, None], code: str, message: str) -> Payload:
    return {**empty, "userErrors": [user_error(code, message)]}
