"""Shopify's search syntax: ``updated_at:>='2026-11-01T00:00:00Z' AND (status:open OR -sku:a*)``.

Its trap is kept (shopify-facts §3): an unknown field or a value that cannot be read is no error. The filter is left
out, so that *more* is returned than was asked for, and only ``extensions.search`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])
    |(?P<minus>-)?(?:(?P<field>[\w.]+):\s*(?P<op><=|>=|<|>)?\s*)?
        (?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<word>[^\s()'"]+)))""",
    re.VERBOSE,
)
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"": eq, ">": gt, ">=": ge, "<": lt, "<=": le}
RANGE = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}

Doc = Mapping[str, object]
Predicate = Callable[[Doc], bool]
Kind = str | tuple[str, ...]  # text, id, time, number; or the accepted values

ORDERS: Mapping[str, Kind] = {
    "id": "id",
    "name": "text",
    "created_at": "time",
    "updated_at": "time",
    "processed_at": "time",
    "status": ("open", "closed", "cancelled", "not_closed", "any"),
    "fulfillment_status": ("unshipped", "shipped", "fulfilled", "partial", "unfulfilled", "scheduled", "on_hold"),
    "financial_status": ("paid", "pending", "authorized", "partially_paid", "partially_refunded", "refunded", "voided"),
    "test": ("true", "false"),
    "source_name": "text",
    "sku": "text",
}
PRODUCTS: Mapping[str, Kind] = {
    "id": "id",
    "title": "text",
    "sku": "text",
    "status": ("active", "archived", "draft"),
    "created_at": "time",
    "updated_at": "time",
}
VARIANTS: Mapping[str, Kind] = {
    "id": "id",
    "product_id": "id",
    "title": "text",
    "sku": "text",
    "barcode": "text",
    "product_status": ("active", "archived", "draft"),
    "inventory_quantity": "number",
    "updated_at": "time",
}
ITEMS: Mapping[str, Kind] = {"id": "id", "sku": "text", "created_at": "time", "updated_at": "time"}
LEVELS: Mapping[str, Kind] = {"inventory_item_id": "id", "updated_at": "time", "created_at": "time"}
LOCATIONS: Mapping[str, Kind] = {"id": "id", "name": "text", "active": ("true", "false"), "created_at": "time"}


@dataclass(slots=True)
class Search:
    """A query that was read: `matches` decides, `warnings` and `parsed` go into ``extensions.search``."""

    text: str
    matches: Predicate
    parsed: dict[str, object] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)


def read_search(text: str, fields: Mapping[str, Kind]) -> Search:
    """The query as a predicate over documents with these fields. Never fails: that is the trap."""
    return _Reader(text, fields).read()


class _Reader:
    def __init__(self, text: str, fields: Mapping[str, Kind]) -> None:
        self.text = text
        self.fields = fields
        self.tokens = [found.groupdict() for found in TOKEN.finditer(text)]
        self.warnings: list[dict[str, str]] = []

    def read(self) -> Search:
        if not self.tokens:
            return Search(self.text, lambda _: True)
        matches, parsed = self._either()
        return Search(self.text, matches, parsed, self.warnings)

    def _sees(self, word: str) -> bool:
        token = self.tokens[0] if self.tokens else {}
        bare = not token.get("field") and not token.get("minus")
        return token.get("paren") == word or (token.get("word") == word and bare)

    def _either(self) -> tuple[Predicate, dict[str, object]]:
        parts = [self._all()]
        while self._sees("OR"):
            self.tokens.pop(0)
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        tests = [test for test, _ in parts]
        return lambda doc: any(test(doc) for test in tests), {"or": [parsed for _, parsed in parts]}

    def _all(self) -> tuple[Predicate, dict[str, object]]:
        """AND binds before OR, written out or not."""
        parts = []
        while self.tokens and not self._sees("OR") and not self._sees(")"):
            if self._sees("AND"):
                self.tokens.pop(0)
            else:
                parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        tests = [test for test, _ in parts]
        return lambda doc: all(test(doc) for test in tests), {"and": [parsed for _, parsed in parts]}

    def _one(self) -> tuple[Predicate, dict[str, object]]:
        if self._sees("NOT"):
            self.tokens.pop(0)
            if self.tokens:
                return self._negated(*self._one())
            return (lambda _: True), {}
        token = self.tokens.pop(0)
        if token["paren"] == "(":
            inner = self._either()
            if self._sees(")"):
                self.tokens.pop(0)
            return inner
        value = next((token[name] for name in ("single", "double", "word") if token[name] is not None), "")
        test, parsed = self._term(token["field"], token["op"] or "", value)
        return self._negated(test, parsed) if token["minus"] else (test, parsed)

    @staticmethod
    def _negated(test: Predicate, parsed: dict[str, object]) -> tuple[Predicate, dict[str, object]]:
        return (lambda doc: not test(doc)), {"not": parsed}

    def _term(self, name: str | None, op: str, value: str) -> tuple[Predicate, dict[str, object]]:
        if name is None:
            low = value.lower()
            found: Predicate = lambda doc: any(low in str(one).lower() for one in doc.values())  # noqa: E731  # one line
            return found, {"field": "default", "match_all": value}
        parsed: dict[str, object] = {"field": name}
        parsed |= {"range": {RANGE[op]: value}} if op else {"match_all": value}
        kind = self.fields.get(name)
        if kind is None:
            return self._left_out(name, "Invalid search field for this query.", "invalid_field"), parsed
        if isinstance(kind, tuple):
            wanted: object = value.lower() if value.lower() in kind else None
        else:
            wanted = _value(kind, value)
        if wanted is None:
            return self._left_out(name, f"Input `{value}` is not an accepted value.", "invalid_value"), parsed
        return lambda doc: _compares(doc[name], op, wanted), parsed

    def _left_out(self, name: str, message: str, code: str) -> Predicate:
        self.warnings.append({"field": name, "message": message, "code": code})
        return lambda _: True


def _value(kind: str, text: str) -> object:
    """The value to compare with; ``None`` where the text cannot be read as this kind."""
    if kind in ("id", "number"):
        digits = text.rsplit("/", 1)[-1] if kind == "id" else text
        return int(digits) if re.fullmatch(r"-?\d+", digits) else None
    if kind == "time":
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return None
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return text.lower()


def _compares(found: object, op: str, wanted: object) -> bool:
    """Texts ignore case and take a ``*`` at the end; a document with several values matches by any of them."""
    if isinstance(found, tuple):
        return any(_compares(one, op, wanted) for one in found)
    if found is None:
        return False
    if isinstance(found, str):
        found = found.lower()
        if isinstance(wanted, str) and wanted.endswith("*") and not op:
            return found.startswith(wanted[:-1])
    return COMPARE[op](found, wanted)
