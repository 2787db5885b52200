"""A sentence that can be said in another language later: its English text and the values in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

_BREAKS_A_LINE = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators


def one_line(text: str) -> str:
    """The text without what would break its line, whatever a shop put into a name."""
    return "".join(" " if unicodedata.category(sign) in _BREAKS_A_LINE else sign for sign in text)


Value: TypeAlias = "str | int | Said"


@dataclass(frozen=True, slots=True, init=False)
class Said:
    """`english` with its values in the places of their names in braces; a value may be a sentence of its own.

    The English text is the key under which `syncd.texts` looks the other languages up, so it stands in the source as
    one literal: ``Said("{units} of {sku} are missing", units=3, sku="MUG")``.
    """

    english: str
    values: Mapping[str, Value]

    def __init__(self, english: str, /, **values: Value) -> None:
        object.__setattr__(self, "english", english)
        object.__setattr__(self, "values", MappingProxyType(values))

    def __str__(self) -> str:
        return self.english.format(**self.values)

    def as_json(self) -> list[object]:
        """In a form that JSON keeps."""
        told = {name: one.as_json() if isinstance(one, Said) else one for name, one in self.values.items()}
        return [self.english, told]

    @classmethod
    def of_json(cls, kept: list[object]) -> Said:
        """What `as_json` gave."""
        english, values = kept
        assert isinstance(english, str)
        assert isinstance(values, dict)
        told = {name: cls.of_json(one) if isinstance(one, list) else one for name, one in values.items()}
        return cls(english, **told)
