"""Input values: what a variable or argument may be, and what becomes of it. Wording and codes as recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from syncd.sandbox.shopify.graphql.document import EnumName, Operation, TypeRef, Value, Variable
from syncd.sandbox.shopify.graphql.errors import GraphError, Path, Refused
from syncd.sandbox.shopify.graphql.schema import Schema

MAX_INT = 2**31 - 1
ABSENT = object()

Problem = tuple[Path, str]


def problems(
    schema: Schema, value: object, kind: TypeRef, path: Path = (), *, literal: bool = False
) -> Iterator[Problem]:
    """What is wrong with `value` as `kind`, each with its place; nothing where it fits. Variables are skipped.

    In a document (`literal`) an enum value stands without quotes; in JSON it is a text.
    """
    if isinstance(value, Variable):
        return
    if value is None:
        if kind.required:
            yield path, "Expected value to not be null"
    elif kind.item:
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from problems(schema, item, kind.item, (*path, index), literal=literal)
    elif schema.types[kind.name].kind == "input":
        yield from _input_problems(schema, value, kind, path, literal)
    elif wrong := _leaf_problem(schema, value, kind.name, literal):
        yield path, wrong


def _input_problems(schema: Schema, value: object, kind: TypeRef, path: Path, literal: bool) -> Iterator[Problem]:
    inputs = schema.types[kind.name].inputs
    if not isinstance(value, Mapping):
        yield path, f"Expected {json.dumps(value)} to be a key-value object."
        return
    for name in value:
        if name not in inputs:
            yield (*path, name), f"Field is not defined on {kind.name}"
    for name, field in inputs.items():
        if name in value:
            yield from problems(schema, value[name], field.type, (*path, name), literal=literal)
        elif field.required:
            yield (*path, name), "Expected value to not be null"


def _leaf_problem(schema: Schema, value: object, name: str, literal: bool) -> str:
    kind = schema.types[name]
    wrong = f"Could not coerce value {json.dumps(value)} to {name}"
    if kind.kind == "enum":
        fits = isinstance(value, EnumName if literal else str) and value in kind.values
        return "" if fits else f"Expected {json.dumps(value)} to be one of: {', '.join(kind.values)}"
    if isinstance(value, EnumName):
        return wrong
    if name == "ID":
        if isinstance(value, str) and value.startswith("gid://"):
            return ""
        return f"Invalid global id '{value}'"
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "Int": whole and abs(int(value)) <= MAX_INT if isinstance(value, int) else False,
        "Float": whole or isinstance(value, float),
        "Boolean": isinstance(value, bool),
        "Decimal": whole or isinstance(value, float | str),
        "Money": whole or isinstance(value, float | str),
        "UnsignedInt64": whole or isinstance(value, str),
        "JSON": True,
    }.get(name, isinstance(value, str))
    return "" if fits else wrong


def prepared(schema: Schema, value: object, kind: TypeRef, variables: Mapping[str, object]) -> object:
    """`value`, which fits, as a resolver takes it: variables filled in, single values made lists, defaults added.

    A variable that was left out is `ABSENT`: leaving a field out and sending null are two things to Shopify
    (shopify-facts §2.1: ``changeFromQuantity``).
    """
    if isinstance(value, Variable):
        return variables.get(value.name, ABSENT)
    if value is None:
        return None
    if kind.item:
        items = value if isinstance(value, list) else [value]
        return [prepared(schema, item, kind.item, variables) for item in items]
    if schema.types[kind.name].kind != "input":
        return value
    assert isinstance(value, Mapping)
    ready = {}
    for name, field in schema.types[kind.name].inputs.items():
        one = prepared(schema, value[name], field.type, variables) if name in value else ABSENT
        if one is ABSENT and field.has_default:
            one = field.default
        if one is not ABSENT:
            ready[name] = one
    return ready


def variable_values(schema: Schema, operation: Operation, sent: Mapping[str, object]) -> dict[str, object]:
    """The variables of an operation, ready for use; those left out without a default are absent.

    Raises:
        Refused: INVALID_VARIABLE, naming each place that is wrong.
    """
    ready: dict[str, object] = {}
    for declared in operation.variables:
        if declared.name not in sent and declared.has_default:
            ready[declared.name] = declared.default
            continue
        value = sent.get(declared.name)
        if wrong := list(problems(schema, value, declared.type)):
            shown = [{"path": list(path), "explanation": explanation} for path, explanation in wrong]
            places = ", ".join(f"{'.'.join(map(str, path))} ({explanation})" for path, explanation in wrong if path)
            message = f"Variable ${declared.name} of type {declared.type} was provided invalid value"
            message += f" for {places}" if places else ""
            raise Refused(GraphError(message, at=[declared.at], code="INVALID_VARIABLE", value=value, problems=shown))
        if declared.name in sent:
            ready[declared.name] = prepared(schema, value, declared.type, {})
    return ready


def variables_in(value: Value) -> Iterator[Variable]:
    """The variables that stand inside a literal, itself included."""
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from variables_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from variables_in(item)
