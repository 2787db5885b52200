"""Runs a valid document against resolvers: fields, aliases, fragments, @include/@skip, errors with their paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.sandbox.shopify.graphql.check import ROOTS, field_of
from syncd.sandbox.shopify.graphql.document import Directive, Document, Field, Inline, Operation, Selection, TypeRef
from syncd.sandbox.shopify.graphql.errors import GraphError, Path
from syncd.sandbox.shopify.graphql.schema import Schema
from syncd.sandbox.shopify.graphql.values import ABSENT, prepared


@dataclass(slots=True)
class Call:
    """One field as a resolver sees it: what it was called with, and from where."""

    request: Any  # what the shop handed to `run`
    field: Field
    path: Path
    arguments: Mapping[str, Any]
    directives: Mapping[str, Mapping[str, Any]]


Resolver = Callable[[Any, Call], Any]
Resolvers = Mapping[str, Mapping[str, Resolver]]
Guard = Callable[[str, Call], None]


def snake(name: str) -> str:
    """``unfulfilledQuantity`` → ``unfulfilled_quantity``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def said(
    directives: tuple[Directive, ...], schema: Schema, variables: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """The arguments of each directive, variables filled in."""
    any_leaf = TypeRef("String")  # what stands there is taken as it is
    return {
        one.name: {name: prepared(schema, value, any_leaf, variables) for name, value in one.arguments.items()}
        for one in directives
    }


def included(directives: tuple[Directive, ...], schema: Schema, variables: Mapping[str, object]) -> bool:
    """False for what @include or @skip leaves out."""
    arguments = said(directives, schema, variables)
    return arguments.get("include", {"if": True})["if"] is True and arguments.get("skip", {"if": False})["if"] is False


@dataclass(slots=True)
class Run:
    """One operation under way.

    A field is resolved by `resolvers[type][field]`, else by the entry or attribute of that name (in snake case) of the
    object. `guard` is asked before each field with the name of its type, and raises `GraphError` to refuse it.
    """

    schema: Schema
    resolvers: Resolvers
    guard: Guard
    document: Document
    variables: Mapping[str, object]
    request: Any
    errors: list[GraphError] = field(default_factory=list)

    def operation(self, operation: Operation) -> dict[str, object]:
        """The ``data`` of the answer; what went wrong is in `errors`.

        A refused field is null, also where the schema says it never is, and the rest is present: this is what Shopify
        does with a field whose scope is missing (shopify-facts §4).
        """
        return self._object(None, ROOTS[operation.kind], operation.selections, ())

    def _object(
        self, source: object, type_name: str, selections: tuple[Selection, ...], path: Path
    ) -> dict[str, object]:
        fields: dict[str, list[Field]] = {}
        for one in self._fields(selections, type_name):
            fields.setdefault(one.key, []).append(one)
        return {key: self._field(source, type_name, same, (*path, key)) for key, same in fields.items()}

    def _fields(self, selections: tuple[Selection, ...], type_name: str) -> Iterator[Field]:
        """The fields that apply to an object of this type, fragments opened, @skip and @include obeyed."""
        for selection in selections:
            if not included(selection.directives, self.schema, self.variables):
                continue
            if isinstance(selection, Field):
                yield selection
            elif isinstance(selection, Inline):
                if selection.on is None or self.schema.suits(type_name, selection.on):
                    yield from self._fields(selection.selections, type_name)
            else:
                fragment = self.document.fragments[selection.fragment]
                if self.schema.suits(type_name, fragment.on):
                    yield from self._fields(fragment.selections, type_name)

    def _arguments(self, wanted: Field, type_name: str) -> dict[str, Any]:
        known = field_of(self.schema, type_name, wanted.name)
        assert known, wanted.name
        ready: dict[str, Any] = {}
        for name, argument in known.arguments.items():
            value = (
                prepared(self.schema, wanted.arguments[name], argument.type, self.variables)
                if name in wanted.arguments
                else ABSENT
            )
            if value is ABSENT and argument.has_default:
                value = argument.default
            if value is not ABSENT:
                ready[name] = value
        return ready

    def _field(self, source: object, type_name: str, same: list[Field], path: Path) -> object:
        wanted = same[0]
        if wanted.name == "__typename":
            return type_name
        known = field_of(self.schema, type_name, wanted.name)
        assert known, wanted.name
        arguments = self._arguments(wanted, type_name)
        directives = said(wanted.directives, self.schema, self.variables)
        call = Call(self.request, wanted, path, arguments, directives)
        try:
            self.guard(type_name, call)
            value = self._resolve(source, type_name, call)
        except GraphError as error:
            error.at, error.path = error.at or (wanted.at,), path
            self.errors.append(error)
            return None
        return self._complete(value, known.type, tuple(s for one in same for s in one.selections), path)

    def _resolve(self, source: object, type_name: str, call: Call) -> object:
        name = call.field.name
        resolver = self.resolvers.get(type_name, {}).get(name)
        if resolver:
            return resolver(source, call)
        if isinstance(source, Mapping):
            return source[name]
        return getattr(source, snake(name))

    def _complete(self, value: object, kind: TypeRef, selections: tuple[Selection, ...], path: Path) -> object:
        if value is None:
            return None
        if kind.item:
            assert isinstance(value, list | tuple), path
            return [self._complete(item, kind.item, selections, (*path, index)) for index, item in enumerate(value)]
        known = self.schema.types[kind.name]
        if known.leaf:
            return value
        name = kind.name if known.kind == "type" else str(getattr(value, "TYPE"))  # noqa: B009  # of any class
        return self._object(value, name, selections, path)
