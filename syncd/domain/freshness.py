"""How far what a channel shows can be believed, and when a channel without orders is suspicious (N2, N3).

Instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SHADOW = "shadow"
"""The mode of a channel that is read and never written (storage.channels.Mode)."""

SHORTEST_PATIENCE = timedelta(minutes=5)
"""A poll of 10 s that fails thrice is no news yet: shops restart."""

POLLS_OF_PATIENCE = 3

ORDERS_TO_JUDGE_BY = 20
TIME_TO_JUDGE_BY = timedelta(days=7)
"""Less than a week has no weekend in it."""

PAUSES_OF_PATIENCE = 3
SHORTEST_QUIET = timedelta(hours=2)
MEMORY = timedelta(days=28)
"""How far before its last order a channel is judged by: habits of the year before are no habits."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """One channel as far as it is known: what was read from it, what was written, what waits.

    `read_at`: start of the last complete reading of its orders, or the time of its newest file where it is not
    `steady` (a till); `pushed_at`: start of the last push that it took
    without an error; `listed_at`: last complete reading of its listings. `waiting`: listings that are not known to show
    what they should; `oldest_waiting`: since when the oldest of them does not. `poll`: how often its orders are read,
    ``None`` where it has none to be read. `silent_after`: not read for longer, it stops blocking raises elsewhere
    (design.md §3.5).
    """

    channel: str
    mode: str
    paused: bool
    read_at: datetime | None
    pushed_at: datetime | None
    listed_at: datetime | None
    waiting: int
    oldest_waiting: datetime | None
    parked_reason: str | None
    poll: timedelta | None
    silent_after: timedelta
    stalled: bool = False
    steady: bool = True

    @property
    def live(self) -> bool:
        """True where buyers see numbers that syncd writes."""
        return self.mode != SHADOW

    @property
    def patience(self) -> timedelta:
        """How old a complete reading may be."""
        if not self.steady:
            return self.silent_after
        return max(POLLS_OF_PATIENCE * (self.poll or timedelta()), SHORTEST_PATIENCE)


def fresh(at: Freshness, now: datetime) -> bool:
    """True where the channel is not parked, was read completely a short while ago, and takes its numbers."""
    if at.parked_reason is not None or (at.stalled and at.live and not at.paused):
        return False
    return at.poll is None or (at.read_at is not None and now - at.read_at <= at.patience)


def ready(channels: Sequence[Freshness], now: datetime) -> bool:
    """True where every channel that buyers see is fresh; one in shadow harms nobody."""
    return all(fresh(at, now) for at in channels if at.live)


def why(at: Freshness, now: datetime) -> str:
    """What a person should know of the channel, in words; empty where there is nothing."""
    return "; ".join(_remarks(at, now))


def _remarks(at: Freshness, now: datetime) -> Iterable[str]:
    if at.parked_reason is not None:
        yield f"stands still: {at.parked_reason}"
    elif not fresh(replace(at, stalled=False), now):
        if at.read_at is None and not at.steady:
            yield f"waits for its first file (silent after {in_words(at.silent_after)})"
        elif at.read_at is None:
            yield "was never read completely"
        else:
            silence = now - at.read_at
            freed = ", raises elsewhere do not wait for it" if silence > at.silent_after else ""
            did = "was not read" if at.steady else "told nothing"
            yield f"{did} for {in_words(silence)}{freed if at.steady else ''}"
    if not at.steady:
        yield "only read"
    elif not at.live:
        yield "in shadow, nothing is written to it"
    elif at.paused:
        yield "paused, nothing is written to it"
    if at.live and at.waiting and at.oldest_waiting is not None and now - at.oldest_waiting > at.patience:
        waits = "1 number waits" if at.waiting == 1 else f"{at.waiting:,} numbers wait"
        yield f"{waits} since {_since(at.oldest_waiting, now)}"


def _since(instant: datetime, now: datetime) -> str:
    return f"{instant:%H:%M} UTC" if instant.date() == now.date() else f"{instant:%Y-%m-%d %H:%M} UTC"


def in_words(length: timedelta) -> str:
    """A length of time, roughly: `90 min`, `26 h`, `3 days`."""
    if length < timedelta(hours=2):
        return f"{length // timedelta(minutes=1)} min"
    if length < timedelta(days=2):
        return f"{length // timedelta(hours=1)} h"
    return f"{length.days} days"


def quiet(arrivals: Iterable[datetime], now: datetime) -> timedelta | None:
    """Since how long no order came, where that is unusual; ``None`` where it is not, or nobody can tell.

    `arrivals`: when the channel's orders were made, ascending, of the `MEMORY` before the last of them. Unusual is more
    than three times the longest pause between two of them, and two hours at least: nights, weekends and holidays of
    these weeks are pauses like any other. Fewer than 20 orders, or less than a week from first to last, tell nothing.
    Once quiet, a channel stays so until an order comes (N3: 0 orders may mean a feed that broke without a word).
    """
    orders = 0
    first = last = None
    longest = timedelta()
    for instant in arrivals:
        if last is None:
            first = instant
        else:
            longest = max(longest, instant - last)
        last = instant
        orders += 1
    if first is None or last is None or orders < ORDERS_TO_JUDGE_BY or last - first < TIME_TO_JUDGE_BY:
        return None
    silence = now - last
    return silence if silence > max(PAUSES_OF_PATIENCE * longest, SHORTEST_QUIET) else None
