"""Is a document valid against the schema? Refused before anything runs, in Shopify's words, all mistakes at once.

The rules are those that a client meets in practice: unknown fields, arguments, types, fragments, directives; missing
arguments; selections on scalars or none on objects; variables undeclared, unused or of the wrong type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from syncd.sandbox.shopify.graphql.document import (
    At,
    Declared,
    Directive,
    Document,
    Field,
    Inline,
    Operation,
    Selection,
    Spread,
    TypeRef,
    Value,
    Variable,
)
from syncd.sandbox.shopify.graphql.errors import GraphError, Path
from syncd.sandbox.shopify.graphql.schema import Argument, Schema, SchemaField
from syncd.sandbox.shopify.graphql.values import problems, variables_in

ROOTS = {"query": "QueryRoot", "mutation": "Mutation"}
BOOL = TypeRef("Boolean", None, required=True)
DIRECTIVES: Mapping[str, Mapping[str, Argument]] = {
    "include": {"if": Argument("if", BOOL, None, has_default=False)},
    "skip": {"if": Argument("if", BOOL, None, has_default=False)},
    "idempotent": {"key": Argument("key", TypeRef("String", None, required=True), None, has_default=False)},
}
TYPENAME = SchemaField("__typename", TypeRef("String", None, required=True), {})


def field_of(schema: Schema, type_name: str, name: str) -> SchemaField | None:
    """The field of a type; `__typename` every type has."""
    return TYPENAME if name == "__typename" else schema.types[type_name].fields.get(name)


def mistakes(schema: Schema, document: Document) -> list[GraphError]:
    """What makes the document invalid, in the order of the text."""
    found: list[GraphError] = []
    spread: set[str] = set()
    for operation in document.operations:
        found += _Check(schema, document, operation, spread).run()
    for name, fragment in document.fragments.items():
        if name not in spread:
            found.append(_useless_fragment(f"Fragment {name} was defined, but not used", name, fragment.at))
    return found


def _useless_fragment(message: str, name: str, at: At) -> GraphError:
    return GraphError(message, at=[at], path=(f"fragment {name}",), code="useAndDefineFragment", fragmentName=name)


class _Check:
    """One operation with the fragments that it spreads."""

    def __init__(self, schema: Schema, document: Document, operation: Operation, spread: set[str]) -> None:
        self.schema = schema
        self.document = document
        self.operation = operation
        self.spread = spread
        self.declared = {variable.name: variable for variable in operation.variables}
        self.used: set[str] = set()
        self.label = f"{operation.kind} {operation.name}" if operation.name else operation.kind

    def run(self) -> Iterator[GraphError]:
        bad_types = [v for v in self.operation.variables if not self._is_input(v.type.name)]
        for variable in bad_types:
            yield GraphError(
                f"{variable.type.name} isn't a defined input type (on ${variable.name})",
                at=[variable.at],
                path=(self.label,),
                code="variableRequiresValidType",
                typeName=variable.type.name,
                variableName=variable.name,
            )
        for variable in self.operation.variables:
            wrong = variable not in bad_types and any(
                problems(self.schema, variable.default, variable.type, literal=True)
            )
            if variable.has_default and wrong:
                yield GraphError(
                    f"Default value for ${variable.name} doesn't match type {variable.type}",
                    at=[variable.at],
                    path=(self.label,),
                    code="defaultValueInvalidType",
                    typeName=str(variable.type),
                    variableName=variable.name,
                )
        yield from self._selections(self.operation.selections, ROOTS[self.operation.kind], (self.label,), ())
        for name, variable in self.declared.items():
            if name not in self.used and variable not in bad_types:
                yield GraphError(
                    f"Variable ${name} is declared by {self.operation.name or 'anonymous query'} but not used",
                    at=[variable.at],
                    path=(self.label,),
                    code="variableNotUsed",
                    variableName=name,
                )

    def _is_input(self, name: str) -> bool:
        known = self.schema.types.get(name)
        return known is not None and (known.leaf or known.kind == "input")

    def _selections(
        self, selections: tuple[Selection, ...], parent: str, path: Path, inside: tuple[str, ...]
    ) -> Iterator[GraphError]:
        for selection in selections:
            yield from self._directives(selection.directives, selection.at, path)
            match selection:
                case Field():
                    yield from self._field(selection, parent, (*path, selection.key), inside)
                case Inline():
                    on = selection.on or parent
                    yield from self._condition(on, parent, selection.at, (*path, f"... on {on}"))
                    if on in self.schema.types:
                        yield from self._selections(selection.selections, on, (*path, f"... on {on}"), inside)
                case Spread():
                    yield from self._spread(selection, parent, path, inside)

    def _spread(self, selection: Spread, parent: str, path: Path, inside: tuple[str, ...]) -> Iterator[GraphError]:
        name = selection.fragment
        fragment = self.document.fragments.get(name)
        self.spread.add(name)
        if not fragment:
            yield _useless_fragment(f"Fragment {name} was used, but not defined", name, selection.at)
        elif name in inside:
            yield GraphError(f"Fragment {name} contains an infinite loop", at=[selection.at], code="infiniteLoop")
        else:
            yield from self._condition(fragment.on, parent, fragment.at, (f"fragment {name}",))
            if fragment.on in self.schema.types:
                yield from self._selections(fragment.selections, fragment.on, (f"fragment {name}",), (*inside, name))

    def _condition(self, on: str, parent: str, at: At, path: Path) -> Iterator[GraphError]:
        if on not in self.schema.types:
            message = f"No such type {on}, so it can't be a fragment condition"
            yield GraphError(message, at=[at], path=path, code="undefinedType", typeName=on)
        elif not self.schema.meet(on, parent):
            message = f"Fragment on {on} can't be spread inside {parent}"
            yield GraphError(message, at=[at], path=path, code="cannotSpreadFragment", typeName=on)

    def _field(self, field: Field, parent: str, path: Path, inside: tuple[str, ...]) -> Iterator[GraphError]:
        known = field_of(self.schema, parent, field.name)
        if not known:
            yield GraphError(
                f"Field '{field.name}' doesn't exist on type '{parent}'",
                at=[field.at],
                path=path,
                code="undefinedField",
                typeName=parent,
                fieldName=field.name,
            )
            return
        yield from self._arguments(f"Field '{field.name}'", field.arguments, known.arguments, field.at, path)
        leaf = self.schema.types[known.type.name].leaf
        if leaf and field.selections:
            message = f"Selections can't be made on scalars (field '{field.name}' returns {known.type.name})"
            yield GraphError(message, at=[field.at], path=path, code="selectionMismatch", nodeName=field.name)
        elif not leaf and not field.selections:
            message = (
                f"Field must have selections (field '{field.name}' returns {known.type.name} but has no selections. "
                f"Did you mean '{field.name} {{ ... }}'?)"
            )
            yield GraphError(message, at=[field.at], path=path, code="selectionMismatch", nodeName=field.name)
        elif not leaf:
            yield from self._selections(field.selections, known.type.name, path, inside)

    def _directives(self, directives: tuple[Directive, ...], at: At, path: Path) -> Iterator[GraphError]:
        for directive in directives:
            if directive.name not in DIRECTIVES:
                message = f"Directive @{directive.name} is not defined"
                yield GraphError(message, at=[at], path=path, code="undefinedDirective", directiveName=directive.name)
            else:
                known = DIRECTIVES[directive.name]
                yield from self._arguments(f"Directive '{directive.name}'", directive.arguments, known, at, path)

    def _arguments(
        self, owner: str, given: Mapping[str, Value], known: Mapping[str, Argument], at: At, path: Path
    ) -> Iterator[GraphError]:
        for name, value in given.items():
            if name not in known:
                message = f"{owner} doesn't accept argument '{name}'"
                yield GraphError(message, at=[at], path=(*path, name), code="argumentNotAccepted", argumentName=name)
                continue
            yield from self._value(owner, known[name], value, at, (*path, name))
        if missing := [
            argument.name for argument in known.values() if argument.required and argument.name not in given
        ]:
            message = f"{owner} is missing required arguments: {', '.join(missing)}"
            yield GraphError(message, at=[at], path=path, code="missingRequiredArguments", arguments=", ".join(missing))

    def _value(self, owner: str, argument: Argument, value: Value, at: At, path: Path) -> Iterator[GraphError]:
        for variable in variables_in(value):
            self.used.add(variable.name)
            if variable.name not in self.declared:
                message = (
                    f"Variable ${variable.name} is used by {self.operation.name or 'anonymous query'} but not declared"
                )
                yield GraphError(message, at=[at], path=path, code="variableNotDefined", variableName=variable.name)
        for wanted, variable in _variables_by_type(self.schema, value, argument.type):
            declared = self.declared.get(variable.name)
            if declared and not _fits(declared, wanted, argument.has_default):
                message = (
                    f"Type mismatch on variable ${variable.name} and argument {argument.name} "
                    f"({declared.type} / {wanted})"
                )
                yield GraphError(message, at=[at], path=path, code="variableMismatch", variableName=variable.name)
        if any(problems(self.schema, value, argument.type, literal=True)):
            message = (
                f"Argument '{argument.name}' on {owner} has an invalid value ({json.dumps(value, default=str)}). "
                f"Expected type '{argument.type}'."
            )
            yield GraphError(
                message, at=[at], path=path, code="argumentLiteralsIncompatible", argumentName=argument.name
            )


def _variables_by_type(schema: Schema, value: Value, kind: TypeRef) -> Iterator[tuple[TypeRef, Variable]]:
    """The variables inside a literal, each with the type that its place asks for."""
    if isinstance(value, Variable):
        yield kind, value
    elif isinstance(value, list) and kind.item:
        for item in value:
            yield from _variables_by_type(schema, item, kind.item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if field := schema.types[kind.name].inputs.get(name):
                yield from _variables_by_type(schema, item, field.type)


def _fits(declared: Declared, wanted: TypeRef, place_has_default: bool) -> bool:
    """True where a variable of the declared type may stand where `wanted` is asked for."""
    given = declared.type
    if wanted.required and not given.required and not place_has_default:
        if not declared.has_default or declared.default is None:
            return False
        given = TypeRef(given.name, given.item, required=True)
    return _at_least(given, wanted)


def _at_least(given: TypeRef, wanted: TypeRef) -> bool:
    if wanted.required and not given.required:
        return False
    if given.item and wanted.item:
        return _at_least(given.item, wanted.item)
    return given.item is None and wanted.item is None and given.name == wanted.name
