"""The words in which an owner says who is told of what, and when: `SYNCD_ROUTES` and its neighbours (N50, N74).

A matter is ``oversold``, ``warning``, ``category Shoes`` or ``all``; with + between words all of them must fit. Double
quotes stand around a category or an address that has a comma, a colon or a plus in it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping

from syncd.domain.alerts import Rule, Severity, severity
from syncd.domain.routing import EVERYTHING, NOBODY, Digest, Matter, QuietHours, Route
from syncd.settings_values import clock, email_address

EMAIL = "email"
SLACK = "slack"
APPRISE = "apprise"
_NONE = "none"
_TARGETS = (EMAIL, SLACK, APPRISE, NOBODY)
_CATEGORY = re.compile(r'category\s+(?:"([^"]+)"|([^"]+))', re.IGNORECASE)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DIGEST = re.compile(rf"(?:({'|'.join(_WEEKDAYS)})\w*\s+)?(\d?\d:\d\d)", re.IGNORECASE | re.ASCII)
_ROUTE = "what:where, such as oversold:email+slack or category Shoes:anna@example.com"


def matters(text: str) -> tuple[Matter, ...]:
    """What is meant, with commas between: "critical, category Shoes"; "none" is nothing."""
    return () if text == _NONE else tuple(_matter(part) for part in _split(text, ","))


def routes(text: str) -> tuple[Route, ...]:
    """Routes "what:where, what:where", in their order. Their targets are named as typed: ``email`` is not yet those to
    whom it goes. Without any target: nobody."""
    found = []
    for part in _split(text, ","):
        sides = _split(part, ":")
        if len(sides) != 2:
            raise ValueError(f"{_ROUTE}; double quotes stand around what has a comma, a colon or a plus in it")
        targets = tuple(dict.fromkeys(_target(word) for word in _split(sides[1], "+")))
        if NOBODY in targets and len(targets) > 1:
            raise ValueError(f"{_ROUTE}; nobody stands alone")
        found.append(Route(_matter(sides[0]), () if NOBODY in targets else targets))
    return tuple(found)


def resolved(
    typed: tuple[Route, ...], members: Mapping[str, tuple[str, ...]], missing: Callable[[str], None]
) -> tuple[Route, ...]:
    """The routes with their targets by name. `members` are those of ``email``, ``slack`` and ``apprise``; where one of
    them is not configured, `missing` is told of it, as it is of an address where no mail can be sent."""
    found = []
    spelt = {address.casefold(): address for address in members[EMAIL]}
    for route in typed:
        targets: list[str] = []
        for word in route.targets:
            of_word = members.get(word, (spelt.get(word.casefold(), word),) if spelt else ())
            if not of_word:
                missing(word)
            targets += of_word
        found.append(Route(route.matter, tuple(dict.fromkeys(targets))))
    return tuple(found)


def digest(text: str) -> Digest:
    """A time of the day, "08:00", or of a day of the week, "Mon 08:00"."""
    found = _DIGEST.fullmatch(text)
    try:
        at = clock(found[2] if found else "")
    except ValueError:
        raise ValueError("a time of the day such as 08:00, or of one day of the week such as Mon 08:00") from None
    assert found is not None
    return Digest(at, _WEEKDAYS.index(found[1].lower()) if found[1] else None)


def quiet_hours(text: str) -> QuietHours:
    """Two times of the day: "22:00-07:00"."""
    begin, _, end = text.partition("-")
    try:
        quiet = QuietHours(clock(begin.strip()), clock(end.strip()))
    except ValueError:
        raise ValueError("two times of the day such as 22:00-07:00") from None
    if quiet.begin == quiet.end:
        raise ValueError("two different times of the day such as 22:00-07:00")
    return quiet


def _matter(text: str) -> Matter:
    words = _split(text, "+")
    if words == [EVERYTHING]:
        return Matter()
    if EVERYTHING in words:
        raise ValueError("all alone, or other words without it")
    given: dict[str, Rule | Severity | str] = {}
    for word in words:
        kind, value = _word(word)
        if given.get(kind, value) != value:
            raise ValueError(f"words that can fit together, which {given[kind]} and {value} never do")
        given[kind] = value
    rule, category = given.get("rule"), given.get("category")
    urgent = given.get("severity")
    if isinstance(rule, Rule) and urgent not in (None, severity(rule)):
        raise ValueError(f"words that can fit together; {rule.value} is always {severity(rule).value}")
    return Matter(
        rule if isinstance(rule, Rule) else None,
        urgent if isinstance(urgent, Severity) else None,
        str(category) if category is not None else None,
    )


def _word(text: str) -> tuple[str, Rule | Severity | str]:
    if named := _CATEGORY.fullmatch(text):
        return "category", (named[1] or named[2]).strip()
    if text in set(Rule):
        return "rule", Rule(text)
    if text in set(Severity):
        return "severity", Severity(text)
    known = [*Severity, *Rule]
    near = difflib.get_close_matches(text, [*known, EVERYTHING, "category"], n=1)
    if near:
        raise ValueError(f"{near[0]} where {text[:40]} stands" if near[0] != "category" else "category NAME")
    raise ValueError(f"words out of {', '.join(known)}, category NAME, {EVERYTHING}")


def _target(text: str) -> str:
    if text in _TARGETS:
        return text
    if "@" in text:
        return email_address(text.strip('"'))
    near = difflib.get_close_matches(text, _TARGETS, n=1)
    if near:
        raise ValueError(f"{near[0]} where {text[:40]} stands")
    raise ValueError(f"{', '.join(_TARGETS)} or an address behind the colon; one with a + in double quotes")


def _split(text: str, sign: str) -> list[str]:
    """The parts between `sign`, which does not count within double quotes."""
    if text.count('"') % 2:
        raise ValueError("double quotes in pairs")
    parts = [part.strip() for part in re.split(rf'{re.escape(sign)}(?=(?:[^"]*"[^"]*")*[^"]*$)', text)]
    if not all(parts):
        raise ValueError(f"something on each side of {sign}")
    return parts
