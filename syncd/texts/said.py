"""A `Said` in a language."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from syncd.domain.said import Said, Typed, Value
from syncd.texts.catalogues import right_to_left, say_date, say_instant, say_integer, translations
from syncd.texts.marks import END, MARKED, VALUE, command, unmarked, value

LONGEST_REASON = 300  # characters of a value in the sentence of an incident: it may be an answer of a shop

_WORDS = "add|back|cancel|delay|export|gone|import|list|none|receive|test|unknown"
_PLACES = re.compile(r"\{\w+\}")
_LETTERS = re.compile(r"[A-Za-z]")
# A command without a value in it stands in the text. What is marked already is stepped over: a value that reads like a
# command is none.
_A_COMMAND = re.compile(
    rf"(?P<marked>{MARKED.pattern})"
    rf"|\bsyncd [a-z][a-z-]*(?: (?:--?[a-z][\w-]*|[A-Z0-9][A-Z0-9._-]*\b(?![a-z])|(?:{_WORDS})\b))*"
)


def say_marked(language: str, said: Said, zone: ZoneInfo) -> str:
    """The sentence in this language with the marks of `syncd.texts.marks`, instants in this time zone; in English where
    it has no translation."""
    number = said.values.get("number")
    english, told = said.english, translations(language).gettext(said.english)
    if said.plural is not None and isinstance(number, int):
        english = said.english if number == 1 else said.plural
        told = translations(language).ngettext(said.english, said.plural, number)
    filled = told.format(**{name: _marked(language, one, zone) for name, one in said.values.items()})
    if told == english and right_to_left(language) and _LETTERS.search(_PLACES.sub("", english)):
        return f"{VALUE}{unmarked(filled)}{END}"  # English among Hebrew: all of it runs from the left, in one piece
    return _A_COMMAND.sub(lambda found: found[0] if found["marked"] else command(unmarked(found[0])), filled)


def _marked(language: str, one: Value, zone: ZoneInfo) -> str:
    if isinstance(one, Said):
        return say_marked(language, one, zone)
    if isinstance(one, Typed):
        return command(one.line)
    if isinstance(one, int):
        return say_integer(language, one)
    if isinstance(one, datetime):
        return say_instant(language, one.astimezone(zone))
    return say_date(language, one) if isinstance(one, date) else value(one, most=LONGEST_REASON)
