"""Reads GraphQL text: the documents that clients send, and the types and values that the schema file shares with them.

Written out because the practice shop ships with syncd and stands on the standard library alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Part = TypeVar("Part")

TOKEN = re.compile(
    r"""(?P<skip>[\s,\ufeff]+|\#[^\n]*)
    |(?P<block>\"\"\"(?:\\\"\"\"|[^\\]|\\(?!\"\"\"))*?\"\"\")
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<float>-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))
    |(?P<int>-?(?:0|[1-9]\d*))
    |(?P<name>[_A-Za-z]\w*)
    |(?P<punct>\.\.\.|[!$&()\[\]{}:=@|])""",
    re.VERBOSE,
)


class At(NamedTuple):
    """A place in a document, as GraphQL answers give it."""

    line: int
    column: int


class Unparsable(Exception):
    """The text is not GraphQL. `args[0]` says what was found instead of what."""

    def __init__(self, message: str, at: At) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


class EnumName(str):
    """An enum value as it stands in a document: a name without quotes."""


Value = None | bool | int | float | str | EnumName | Variable | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class TypeRef:
    """``[Order!]!``: `name` is the innermost, `item` what a list holds."""

    name: str
    item: TypeRef | None = None
    required: bool = False

    def __str__(self) -> str:
        return (f"[{self.item}]" if self.item else self.name) + ("!" if self.required else "")


@dataclass(frozen=True, slots=True)
class Directive:
    name: str
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    key: str  # under which the answer shows it: the alias, else the name
    arguments: Mapping[str, Value]
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Spread:
    """``...Name``"""

    fragment: str
    directives: tuple[Directive, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Inline:
    """``... on Type {}``; without a type it holds for whatever stands around it."""

    on: str | None
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]
    at: At


Selection = Field | Spread | Inline


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable of an operation."""

    name: str
    type: TypeRef
    default: Value
    has_default: bool
    at: At


@dataclass(frozen=True, slots=True)
class Operation:
    kind: str  # query, mutation
    name: str | None
    variables: tuple[Declared, ...]
    selections: tuple[Selection, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Fragment:
    name: str
    on: str
    selections: tuple[Selection, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Document:
    operations: tuple[Operation, ...]
    fragments: Mapping[str, Fragment] = field(default_factory=dict)


class Token(NamedTuple):
    kind: str
    text: str
    at: At


class Tokens:
    """The tokens of a text, taken one by one."""

    def __init__(self, text: str) -> None:
        self._list: list[Token] = []
        self._next = 0
        position, line, line_start = 0, 1, 0
        while position < len(text):
            at = At(line, position - line_start + 1)
            found = TOKEN.match(text, position)
            if not found or not found.lastgroup:
                what = f"syntax error, unexpected invalid token ({text[position]!r}) at [{at.line}, {at.column}]"
                raise Unparsable(what, at)
            if found.lastgroup != "skip":
                self._list.append(Token(found.lastgroup, found.group(), at))
            line += found.group().count("\n")
            if "\n" in found.group():
                line_start = position + found.group().rindex("\n") + 1
            position = found.end()
        self._list.append(Token("end", "end of file", At(line, position - line_start + 1)))

    @property
    def next(self) -> Token:
        return self._list[self._next]

    def take(self, kind: str) -> Token:
        """The next token, which must be of this kind."""
        token = self.next
        if token.kind != kind:
            raise self.unexpected()
        self._next += 1
        return token

    def name(self) -> str:
        return self.take("name").text

    def sees(self, text: str) -> bool:
        return self.next.text == text and self.next.kind in ("punct", "name")

    def skip(self, text: str) -> bool:
        """Steps over a punctuation mark or word if it is next."""
        if not self.sees(text):
            return False
        self._next += 1
        return True

    def expect(self, text: str) -> At:
        at = self.next.at
        if not self.skip(text):
            raise self.unexpected(text)
        return at

    def unexpected(self, wanted: str = "") -> Unparsable:
        kind, text, at = self.next
        what = "end of file" if kind == "end" else f"{kind.upper()} ({json.dumps(text)})"
        expecting = f", expecting {json.dumps(wanted)}" if wanted else ""
        return Unparsable(f"syntax error, unexpected {what}{expecting} at [{at.line}, {at.column}]", at)

    def between(self, left: str, right: str, part: Callable[[Tokens], Part]) -> list[Part]:
        """What `part` reads, once or more, between two marks."""
        self.expect(left)
        parts = [part(self)]
        while not self.skip(right):
            parts.append(part(self))
        return parts


def read_type(tokens: Tokens) -> TypeRef:
    if tokens.skip("["):
        item = read_type(tokens)
        tokens.expect("]")
        return TypeRef(item.name, item, tokens.skip("!"))
    return TypeRef(tokens.name(), None, tokens.skip("!"))


def read_value(tokens: Tokens) -> Value:
    kind, text, _ = tokens.next
    if tokens.skip("$"):
        return Variable(tokens.name())
    if tokens.skip("["):
        items: list[Value] = []
        while not tokens.skip("]"):
            items.append(read_value(tokens))
        return items
    if tokens.skip("{"):
        entries: dict[str, Value] = {}
        while not tokens.skip("}"):
            name = tokens.name()
            tokens.expect(":")
            entries[name] = read_value(tokens)
        return entries
    if kind not in ("int", "float", "string", "block", "name"):
        raise tokens.unexpected()
    tokens.take(kind)
    if kind == "name":
        return {"true": True, "false": False, "null": None}.get(text, EnumName(text))
    if kind == "block":
        return text[3:-3].replace('\\"""', '"""').strip("\n")
    if kind == "string":
        try:
            return str(json.loads(text))  # GraphQL's escapes are JSON's
        except ValueError:
            raise tokens.unexpected() from None
    return int(text) if kind == "int" else float(text)


def _read_argument(tokens: Tokens) -> tuple[str, Value]:
    name = tokens.name()
    tokens.expect(":")
    return name, read_value(tokens)


def read_arguments(tokens: Tokens) -> dict[str, Value]:
    return dict(tokens.between("(", ")", _read_argument)) if tokens.sees("(") else {}


def read_directives(tokens: Tokens) -> tuple[Directive, ...]:
    directives = []
    while tokens.skip("@"):
        directives.append(Directive(tokens.name(), read_arguments(tokens)))
    return tuple(directives)


def _selection(tokens: Tokens) -> Selection:
    at = tokens.next.at
    if tokens.skip("..."):
        if tokens.next.kind == "name" and not tokens.sees("on"):
            return Spread(tokens.name(), read_directives(tokens), at)
        on = tokens.name() if tokens.skip("on") else None
        return Inline(on, read_directives(tokens), _selections(tokens), at)
    key = name = tokens.name()
    if tokens.skip(":"):
        name = tokens.name()
    arguments, directives = read_arguments(tokens), read_directives(tokens)
    return Field(name, key, arguments, directives, _selections(tokens) if tokens.sees("{") else (), at)


def _selections(tokens: Tokens) -> tuple[Selection, ...]:
    return tuple(tokens.between("{", "}", _selection))


def _declared(tokens: Tokens) -> Declared:
    at = tokens.expect("$")
    name = tokens.name()
    tokens.expect(":")
    kind = read_type(tokens)
    has_default = tokens.skip("=")
    return Declared(name, kind, read_value(tokens) if has_default else None, has_default, at)


def parse(text: str) -> Document:
    """The document as a tree.

    Raises:
        Unparsable: where the text is not GraphQL, or holds no operation.
    """
    tokens = Tokens(text)
    operations: list[Operation] = []
    fragments: dict[str, Fragment] = {}
    while tokens.next.kind != "end":
        at = tokens.next.at
        if tokens.sees("{"):
            operations.append(Operation("query", None, (), _selections(tokens), at))
        elif tokens.skip("fragment"):
            name = tokens.name()
            tokens.expect("on")
            fragments[name] = Fragment(name, tokens.name(), _selections(tokens), at)
        elif tokens.sees("query") or tokens.sees("mutation"):
            kind = tokens.name()
            operation_name = tokens.name() if tokens.next.kind == "name" else None
            variables = tuple(tokens.between("(", ")", _declared)) if tokens.sees("(") else ()
            operations.append(Operation(kind, operation_name, variables, _selections(tokens), at))
        else:
            raise tokens.unexpected()
    if not operations:
        raise tokens.unexpected()
    return Document(tuple(operations), fragments)
