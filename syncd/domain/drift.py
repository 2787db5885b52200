"""What it means that a channel shows another number than was expected (design.md §3.4, §3.9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

SETTLING = timedelta(seconds=60)
"""How long a difference may still be an order that we have not been shown: only lowerings go out meanwhile."""


class Reading(StrEnum):
    AS_EXPECTED = "as expected"
    UNREAD = "perhaps an order that is not listed yet"
    DRIFT = "no order explains it"


def reading(expected: int | None, shown: int | None, differs_since: datetime | None, now: datetime) -> Reading:
    """How to take the number shown. `differs_since`: when the difference was first seen, after a pull."""
    if expected is None or shown is None or shown == expected:
        return Reading.AS_EXPECTED
    if differs_since is not None and now - differs_since >= SETTLING:
        return Reading.DRIFT
    return Reading.UNREAD


class OnEdit(StrEnum):
    """What to do about a number that a person or another program changed in the channel."""

    ASK = "ask"
    ADOPT = "adopt"
    HEAL = "heal"
