"""How numbers, days and lists are told to the owner: in a language, by the shop's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from syncd.domain.said import Said
from syncd.texts.catalogues import say, say_date, say_instant, say_integer, say_number, say_time
from syncd.texts.marks import value
from syncd.texts.said import say_marked


@dataclass(frozen=True, slots=True)
class Voice:
    """The language of one reader, the shop's time zone and its day of today. What it tells carries marks."""

    language: str
    zone: ZoneInfo
    today: date

    def phrase(self, english: str, **values: str) -> str:
        """A sentence; strings from outside come through `value`."""
        return say(self.language, english, **values)

    def phrase_number(self, one: str, many: str, number: int, **values: str) -> str:
        """A sentence in the form that the language has for so many."""
        return say_number(self.language, one, many, number, **values)

    def said(self, said: Said) -> str:
        """What an incident says."""
        return say_marked(self.language, said, self.zone)

    def integer(self, number: int) -> str:
        """A number of units; with a minus it is kept apart, else that would change sides in Hebrew."""
        told = say_integer(self.language, number)
        return value(told) if number < 0 else told

    def rate(self, number: float) -> str:
        """A number of which one place behind the point is enough, and of a large one none."""
        return format_decimal(round(number, 1 if number < 10 else 0), locale=self.language)

    def cost(self, money: Decimal) -> str:
        """An amount in the owner's currency, of which only the owner knows the sign."""
        return format_decimal(money, format="#,##0.00##", locale=self.language)

    def days(self, number: float) -> str:
        """How long: whole days that are surely there."""
        whole = int(number)
        return self.phrase_number("{number} day", "{number} days", whole) if whole else self.phrase("less than a day")

    def date(self, day: date) -> str:
        return say_date(self.language, day)

    def moment(self, instant: datetime) -> str:
        """When, to the minute; of today only the time of day."""
        local = instant.astimezone(self.zone)
        if local.date() == self.today:
            return self.phrase("today, {time}", time=say_time(self.language, local))
        return say_instant(self.language, local)

    def joined(self, texts: Iterable[str]) -> str:
        """Several after one another: "A, b, c"."""
        return self.phrase(", ").join(texts)
