"""A `Said` in a language."""

from __future__ import annotations

import re

from syncd.domain.said import Said, Value
from syncd.texts.catalogues import right_to_left, translations
from syncd.texts.marks import END, MARKED, VALUE, command, plain, unmarked, value

LONGEST_REASON = 300  # characters of a value in the sentence of an incident: it may be an answer of a shop

_WORDS = "add|back|cancel|delay|export|gone|import|list|none|receive|test|unknown"
# What is marked already is stepped over: a value that reads like a command is none.
_A_COMMAND = re.compile(
    rf"(?P<marked>{MARKED.pattern})"
    rf"|\bsyncd [a-z][a-z-]*(?: (?:{MARKED.pattern}|--?[a-z][\w-]*|[A-Z0-9][A-Z0-9._-]*\b(?![a-z])|(?:{_WORDS})\b))*"
)


def say_said(language: str, said: Said) -> str:
    """The sentence in this language as plain text; in English where it has no translation."""
    return plain(language, say_marked(language, said))


def say_marked(language: str, said: Said) -> str:
    """The same with the marks of `syncd.texts.marks`, for whoever shows them in another way."""
    told = translations(language).gettext(said.english)
    filled = told.format(**{name: _marked(language, one) for name, one in said.values.items()})
    if told == said.english and right_to_left(language):
        return f"{VALUE}{unmarked(filled)}{END}"  # English among Hebrew: all of it runs from the left, in one piece
    return _A_COMMAND.sub(lambda found: found[0] if found["marked"] else command(unmarked(found[0])), filled)


def _marked(language: str, one: Value) -> str:
    if isinstance(one, Said):
        return say_marked(language, one)
    if isinstance(one, int):
        return str(one)  # it may be a number to type, so it has no signs between its thousands
    return value(one, most=LONGEST_REASON)
