"""The time of a count as an owner types it (design.md §3.1: asked for, never assumed)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from syncd.errors import CONFIGURATION, SyncdError

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

EARLIEST_YEAR = 1990


class TimeError(SyncdError):
    """A text is no time that could be meant."""

    exit_code = CONFIGURATION


def parse(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant, aware UTC: "now", "2026-11-22 10:14" in the owner's `zone`, or with a zone of its own.

    Raises:
        TimeError: it is no time, has not come yet, or the clocks of that day showed it twice or never.
    """
    typed = text.strip()
    if typed.casefold() == "now":
        return now
    try:
        if not _FORM.fullmatch(typed):
            raise ValueError
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise TimeError(f"{text[:40]!r} is not a time.", 'Write it as "2026-11-22 10:14", or now.') from None
    if found.year < EARLIEST_YEAR:
        raise TimeError(f"{typed} was before there were web shops.", "When was it counted?")
    if found.tzinfo is None:
        found = _local(found, zone)
    if found > now:
        raise TimeError(f"{typed} has not come yet.", "When was it counted?")
    return found.astimezone(UTC)


def _local(wall: datetime, zone: ZoneInfo) -> datetime:
    earlier, later = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    if earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        raise TimeError(
            f"There was no {wall:%H:%M} on {wall:%Y-%m-%d} in {zone.key}: the clocks leapt over it.",
            "Write the time before or after.",
        )
    first, second = (format(one, "%z") for one in (earlier, later))
    raise TimeError(
        f"{wall:%H:%M} came twice on {wall:%Y-%m-%d} in {zone.key}: the clocks were set back.",
        f'Say which one: "{wall:%Y-%m-%dT%H:%M}{first[:3]}:{first[3:]}" was the first, '
        f'"{wall:%Y-%m-%dT%H:%M}{second[:3]}:{second[3:]}" the second.',
    )


def day(text: str) -> date:
    """A day as an owner types it: "2026-12-01".

    Raises:
        TimeError: it is no day.
    """
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError
        return date.fromisoformat(text.strip())
    except ValueError:
        raise TimeError(f"{text[:40]!r} is not a day.", "Write it as 2026-12-01.") from None
