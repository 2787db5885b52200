"""The schema that the practice shop answers by: `admin-2026-10.graphql`, cut from Shopify's by a test script.

What the file does not have, the shop does not answer: a misspelt field, argument or input field is refused as Shopify
refuses it, without a list of our own that could be kinder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from syncd.sandbox.shopify.graphql.document import Tokens, TypeRef, Value, read_directives, read_type, read_value

BUILT_IN_SCALARS = ("ID", "String", "Int", "Float", "Boolean")


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument, or a field of an input object."""

    name: str
    type: TypeRef
    default: Value
    has_default: bool

    @property
    def required(self) -> bool:
        return self.type.required and not self.has_default


@dataclass(frozen=True, slots=True)
class SchemaField:
    name: str
    type: TypeRef
    arguments: Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Type:
    """One type: `kind` is type, interface, input, enum or scalar."""

    name: str
    kind: str
    fields: Mapping[str, SchemaField] = field(default_factory=dict)
    inputs: Mapping[str, Argument] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()

    @property
    def leaf(self) -> bool:
        return self.kind in ("enum", "scalar")


@dataclass(frozen=True, slots=True)
class Schema:
    types: Mapping[str, Type]

    def suits(self, name: str, condition: str) -> bool:
        """True where an object of type `name` is one of `condition`."""
        return name == condition or condition in self.types[name].interfaces

    def meet(self, one: str, other: str) -> bool:
        """True where an object can be of both types."""
        return any(
            self.suits(name, one) and self.suits(name, other)
            for name, known in self.types.items()
            if known.kind == "type"
        )


def _argument(tokens: Tokens) -> Argument:
    name = tokens.name()
    tokens.expect(":")
    kind = read_type(tokens)
    has_default = tokens.skip("=")
    default = read_value(tokens) if has_default else None
    read_directives(tokens)
    return Argument(name, kind, default, has_default)


def _arguments(tokens: Tokens, left: str, right: str) -> dict[str, Argument]:
    return {one.name: one for one in tokens.between(left, right, _argument)} if tokens.sees(left) else {}


def _field(tokens: Tokens) -> SchemaField:
    name = tokens.name()
    arguments = _arguments(tokens, "(", ")")
    tokens.expect(":")
    kind = read_type(tokens)
    read_directives(tokens)
    return SchemaField(name, kind, arguments)


def _enum_value(tokens: Tokens) -> str:
    name = tokens.name()
    read_directives(tokens)
    return name


def read_schema(text: str) -> Schema:
    """The schema of an SDL text without descriptions."""
    tokens = Tokens(text)
    types = {name: Type(name, "scalar") for name in BUILT_IN_SCALARS}
    while tokens.next.kind != "end":
        kind = tokens.name()
        if kind == "schema":
            tokens.between("{", "}", _argument)
            continue
        if kind == "directive":
            tokens.expect("@")
            tokens.name()
            _arguments(tokens, "(", ")")
            tokens.expect("on")
            tokens.name()
            continue
        name = tokens.name()
        interfaces = []
        if tokens.skip("implements"):
            interfaces.append(tokens.name())
            while tokens.skip("&"):
                interfaces.append(tokens.name())
        read_directives(tokens)
        if kind in ("type", "interface"):
            types[name] = Type(
                name,
                kind,
                fields={one.name: one for one in tokens.between("{", "}", _field)},
                interfaces=tuple(interfaces),
            )
        elif kind == "input":
            types[name] = Type(name, kind, inputs=_arguments(tokens, "{", "}"))
        elif kind == "enum":
            types[name] = Type(name, kind, values=tuple(tokens.between("{", "}", _enum_value)))
        else:
            types[name] = Type(name, kind)
    return Schema(types)


@cache
def admin_schema() -> Schema:
    """Shopify's Admin schema, version 2026-10, as far as this project speaks it."""
    return read_schema(files("syncd.sandbox.shopify").joinpath("admin-2026-10.graphql").read_text())
