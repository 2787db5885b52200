"""The sentence that the buyer reads beside a listing (design.md §4, N13), in the owner's words where there are some."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from string import Formatter

from syncd.domain.promise import Days, Promise
from syncd.domain.status import StockStatus
from syncd.texts.catalogues import LANGUAGES, message, say, say_date, say_number

MOST_CHARACTERS = 200
WIDEST_VALUE = 30  # characters that a number of days or a date may take in any language

_PLAIN: Mapping[StockStatus, str] = {
    StockStatus.IN_STOCK: message("In stock, ready to ship"),
    StockStatus.EXTERNAL_WAREHOUSE: message("In stock at our external warehouse"),
    StockStatus.ON_THE_WAY: message("On the way"),
    StockStatus.SUPPLIER: message("Available from our supplier"),
    StockStatus.PRE_ORDER: message("Available for pre-order"),
    StockStatus.OUT_OF_STOCK: message("Out of stock"),
}
_WITH_TIME: Mapping[StockStatus, str] = {
    StockStatus.EXTERNAL_WAREHOUSE: message("In stock at our external warehouse, ships in {days}"),
    StockStatus.ON_THE_WAY: message("On the way, expected on {date}"),
    StockStatus.SUPPLIER: message("Supplier lead time {days}"),
    StockStatus.PRE_ORDER: message("Available for pre-order, ships from {date}"),
}

_WORDS_FOR_DAYS = frozenset(("days", "dage", "dni", "ימים", "יום", "天"))
_OF_DAYS = ("days", "shortest", "longest")
_OF_DATE = ("date",)
PLACEHOLDERS: Mapping[StockStatus, tuple[str, ...]] = {
    StockStatus.IN_STOCK: (),
    StockStatus.EXTERNAL_WAREHOUSE: _OF_DAYS,
    StockStatus.ON_THE_WAY: _OF_DATE,
    StockStatus.SUPPLIER: _OF_DAYS,
    StockStatus.PRE_ORDER: _OF_DATE,
    StockStatus.OUT_OF_STOCK: (),
}
"""The words in braces that an owner's own text of a status may have."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one channel: its language, and the owner's own texts by status, which `refusal` has passed."""

    language: str
    own: Mapping[StockStatus, str] = field(default_factory=dict)

    def text(self, status: StockStatus, told: Promise) -> str:
        """The sentence for this status: one line of plain text, of at most 200 characters.

        Where an own text names what is not known now, the built-in text without it stands in.
        """
        values = _values(self.language, told)
        own, with_time = self.own.get(status), _WITH_TIME.get(status)
        if own is not None and _names(own) <= values.keys():
            return _filled(own, values)
        if own is None and with_time is not None and _names(with_time) <= values.keys():
            return say(self.language, with_time, **values)
        return say(self.language, _PLAIN[status])


def refusal(status: StockStatus, own: str) -> str:
    """What an own text of this status should be, where it cannot be used; empty where it can."""
    allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS[status])
    braces = f"a text with nothing in braces but {allowed}" if allowed else "a text without braces"
    try:
        pieces = list(Formatter().parse(own))
    except ValueError:
        return braces
    named = [(name, spec, conversion) for _, name, spec, conversion in pieces if name is not None]
    if any(name not in PLACEHOLDERS[status] or spec or conversion for name, spec, conversion in named):
        return braces
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in own):
        return "a text on one line, without characters that cannot be seen"
    if re.search(r"<[/!a-z]|&#?\w+;", own, re.IGNORECASE):
        return "plain text without HTML: the shop would show its signs"
    if any(re.search(rf"\{{days\}}\s*(\S+\s+|个)?{word}", own, re.IGNORECASE) for word in _words_for_days()):
        return "{days} without a word for days behind it, since it has its own, or {shortest} and {longest} with one"
    if sum(len(literal) for literal, *_ in pieces) + WIDEST_VALUE * len(named) > MOST_CHARACTERS:
        return f"a text of at most {MOST_CHARACTERS} characters, {WIDEST_VALUE} of them for each word in braces"
    return ""


def _values(language: str, told: Promise) -> dict[str, str]:
    """What the placeholders stand for. `{days}` has its word with it: only so is its form right in every language."""
    if told.on is not None:
        return {"date": say_date(language, told.on)}
    if told.days is None or told.days.longest == 0:
        return {}
    return {
        "days": _days(language, told.days),
        "shortest": str(told.days.shortest),
        "longest": str(told.days.longest),
    }


def _days(language: str, days: Days) -> str:
    if days.shortest == days.longest:
        return say_number(language, "{number} working day", "{number} working days", days.longest)
    return say_number(
        language,
        "{shortest}–{number} working days",
        "{shortest}–{number} working days",
        days.longest,
        shortest=days.shortest,
    )


@cache
def _words_for_days() -> frozenset[str]:
    """Words for days in all languages, and how `{days}` ends: "dni", "roboczych", "working", "days" ..."""
    told = " ".join(_days(language, Days(number, number)) for language in LANGUAGES for number in (2, 5))
    return frozenset(_WORDS_FOR_DAYS | {word.lstrip("个") for word in re.findall(r"[^\W\d_]+", told)})


def _names(own: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(own) if name is not None}


def _filled(own: str, values: Mapping[str, str]) -> str:
    """The own text with its values, each kept apart (Unicode isolates, U+2068 … U+2069) where texts of both directions
    meet: a Hebrew date in an English sentence would fall apart, and its year come before its day."""
    pieces = list(Formatter().parse(own))
    around = _directions("".join(literal for literal, *_ in pieces))
    filled = []
    for literal, name, _, _ in pieces:
        value = values[name] if name else ""
        apart = value and (len(around) > 1 or (around and not _directions(value) <= around))
        filled += [literal, f"\u2068{value}\u2069" if apart else value]
    return "".join(filled)


def _directions(text: str) -> set[str]:
    """The directions in which the letters of a text run."""
    known = {"L": "left to right", "R": "right to left", "AL": "right to left"}
    return {known[kind] for character in text if (kind := unicodedata.bidirectional(character)) in known}
