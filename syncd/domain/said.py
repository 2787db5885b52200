"""A sentence that can be said in another language later: its English text and the values in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from types import MappingProxyType
from typing import TypeAlias

Value: TypeAlias = "str | int | date | datetime | Typed | Said"

_BREAKS_A_LINE = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators


def one_line(text: str) -> str:
    """The text without what would break its line, whatever a shop put into a name."""
    return "".join(" " if unicodedata.category(sign) in _BREAKS_A_LINE else sign for sign in text)


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as it is typed in a shell, which may be copied from any message: whatever a shop calls its things, each
    of its words is quoted (`syncd.texts.commands` makes it)."""

    line: str

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True, slots=True, init=False)
class Said:
    """`english` with its values in the places of their names in braces; a value may be a sentence of its own.

    The English text is the key under which `syncd.texts` looks the other languages up, so it stands in the source as
    one literal: ``Said("{units} of {sku} are missing", units=3, sku="MUG")``. A value that is an `int` is a number and
    is told as the language writes numbers; what only looks like one (an order's number) is a `str`. A `date` is a day
    in the shop's time zone, a `datetime` an aware instant. A command with a value in it is a value as a whole, `Typed`.
    `plural` is the English text where the value `number` is not 1; ``None``: the text is the same for every number.
    """

    english: str
    plural: str | None
    values: Mapping[str, Value] = field(hash=False)

    def __init__(self, english: str, /, **values: Value) -> None:
        self._set(english, None, values)

    @classmethod
    def number(cls, one: str, many: str, number: int, /, **values: Value) -> Said:
        """A sentence that has another form for one than for many: two literals, and the value `number`."""
        said = cls.__new__(cls)
        said._set(one, many, {"number": number, **values})
        return said

    @classmethod
    def verbatim(cls, text: str, /) -> Said:
        """Words that nobody translates, as they are: a shop's own, or those of an earlier syncd."""
        return cls("{text}", text=text)

    def _set(self, english: str, plural: str | None, values: Mapping[str, Value]) -> None:
        object.__setattr__(self, "english", english)
        object.__setattr__(self, "plural", plural)
        object.__setattr__(self, "values", MappingProxyType(dict(values)))

    def __str__(self) -> str:
        """In English, instants in UTC: as the log, the command line and its JSON tell it."""
        text = self.english if self.plural is None or self.values["number"] == 1 else self.plural
        return text.format(**{name: _in_english(one) for name, one in self.values.items()})

    def as_json(self) -> list[object]:
        """In a form that JSON keeps."""
        told = {name: _kept(one) for name, one in self.values.items()}
        return [self.english, told] if self.plural is None else [self.english, told, self.plural]

    @classmethod
    def of_json(cls, kept: Sequence[object]) -> Said:
        """What `as_json` gave."""
        english, values, *plural = kept
        assert isinstance(english, str)
        assert isinstance(values, dict)
        said = cls.__new__(cls)
        said._set(english, str(plural[0]) if plural else None, {name: _told(one) for name, one in values.items()})
        return said


def joined(sentences: Sequence[Said]) -> Said:
    """All of these, at least one, with "and" between them."""
    return reduce(lambda before, one: Said("{before} and {another}", before=before, another=one), sentences)


def _in_english(value: Value) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _kept(value: Value) -> object:
    if isinstance(value, Said):
        return value.as_json()
    if isinstance(value, Typed):
        return {"command": value.line}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _told(kept: object) -> Value:
    if isinstance(kept, list):
        return Said.of_json(kept)
    if isinstance(kept, dict):
        if "command" in kept:
            return Typed(kept["command"])
        return datetime.fromisoformat(kept["instant"]) if "instant" in kept else date.fromisoformat(kept["day"])
    assert isinstance(kept, str | int)
    return kept
