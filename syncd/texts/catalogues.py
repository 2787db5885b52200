"""Texts in the languages of ``locale/``: one gettext catalogue (``<language>.po``) makes a language.

English is the language of the source: a text is looked up by its English. The catalogues are read with Babel and
compiled in memory, so that a file that somebody adds or corrects is all that it takes.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

SOURCE = "en"
_LOCALE = resources.files(__package__) / "locale"

LANGUAGES: tuple[str, ...] = (
    SOURCE,
    *sorted(file.name.removesuffix(".po") for file in _LOCALE.iterdir() if file.name.endswith(".po")),
)


def message(english: str) -> str:
    """Marks an English text of the source as one that every catalogue must have."""
    return english


def counted(one: str, many: str) -> tuple[str, str]:
    """The same for a text that `say_number` says: for one, and for many."""
    return one, many


@cache
def right_to_left(language: str) -> bool:
    """Whether one of `LANGUAGES` is written from the right to the left."""
    return bool(Locale.parse(language).text_direction == "rtl")


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
    told = translations(language).ngettext(one, many, number)
    return told.format(number=say_integer(language, number), **values)


@lru_cache(maxsize=4096)
def say_integer(language: str, number: int) -> str:
    """A number with the language's own sign between its thousands; a minus is U+2212, without further signs."""
    return ("−" if number < 0 else "") + format_decimal(abs(number), locale=language)


def say_time(language: str, local: datetime) -> str:
    """The time of day, to the minute, as the instant's own time zone tells it."""
    # CLDR has narrow spaces in a time of day; some programs show them as boxes
    return str(format_time(local, "short", locale=language)).replace("\u202f", " ")


def say_instant(language: str, local: datetime) -> str:
    """The day and the time of day, as the instant's own time zone tells them."""
    return say(language, "{date}, {time}", date=say_date(language, local.date()), time=say_time(language, local))


@lru_cache(maxsize=4096)
def say_date(language: str, day: date) -> str:
    """The day, always with its year: a text with a date reads the same on every day."""
    return format_date(day, "long", locale=language)
