"""Texts in the languages of ``locale/``: one gettext catalogue (``<language>.po``) makes a language.

English is the language of the source: a text is looked up by its English. The catalogues are read with Babel and
compiled in memory, so that a file that somebody adds or corrects is all that it takes.
"""

from __future__ import annotations

import io
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
_LOCALE = resources.files(__package__) / "locale"

LANGUAGES: tuple[str, ...] = (
    SOURCE,
    *sorted(file.name.removesuffix(".po") for file in _LOCALE.iterdir() if file.name.endswith(".po")),
)


def message(english: str) -> str:
    """Marks an English text of the source as one that every catalogue must have."""
    return english


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of one of `LANGUAGES`."""
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (_LOCALE / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def say(language: str, english: str, **values: object) -> str:
    """The text in this language, with the values in the places of their names in braces."""
    return translations(language).gettext(english).format(**values)


def say_number(language: str, one: str, many: str, number: int, **values: object) -> str:
    """The same, in the form that the language has for so many: 1 dzień, 2 dni, 5 dni."""
    return translations(language).ngettext(one, many, number).format(number=number, **values)


@lru_cache(maxsize=4096)
def say_date(language: str, day: date) -> str:
    """The day, always with its year: a text with a date reads the same on every day."""
    return format_date(day, "long", locale=language)
