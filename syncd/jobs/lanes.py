"""How the work on one channel goes: what it is at, whether the channel answers, how often it is to be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contract import ConnectorError, RateLimited
from syncd.domain import pace
from syncd.storage.incidents import IncidentKind
from syncd.sync.house import Port

HOUSE, POST = "-", "to-people"
"""The lanes of work that is about no channel, and of what is sent to people: a mail server that hangs must not delay
the rest. No channel can have these names."""

ORDERS, NUMBERS, LISTINGS, WEBHOOKS, SUPPLY = "orders", "numbers", "listings", "webhooks", "supply"
"""What of a channel can fail while the rest of it works: permissions are given one by one. Without its orders nothing
else is asked of it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What did not work, how often in a row, and how long it is left alone. `error`: the last one."""

    error: ConnectorError
    failures: int
    not_before: datetime


@dataclass(slots=True)
class Lane:
    """One worker's state; written by that worker, read by all. `port` is ``None`` for the house's own lane."""

    name: str
    port: Port | None
    busy_with: str = ""
    busy_since: datetime | None = None
    beat: datetime | None = None  # the last page of the work at hand
    ended_at: datetime | None = None  # end of its last job, however it ended
    troubles: dict[str, Trouble] = field(default_factory=dict)  # by what does not work
    asked_to_wait: datetime | None = None  # the channel wants to be left alone until then
    last_sale: datetime | None = None
    asked: int = 0  # how often numbers of another channel had to wait until its orders were read
    heeded: int = 0  # how many of these waited before its last complete reading
    relist: bool = False  # something new is on sale there
    resting: bool = False  # news was left for a moment, until its order is told
    relisted_at: datetime | None = None
    held: int | None = None  # the hold that the log was told of
    hooked_at: datetime | None = None  # its webhooks were first looked at since the start
    over: set[tuple[IncidentKind, str]] = field(default_factory=set)  # incidents, by job, of which none is open

    def begin(self, job: str, now: datetime) -> None:
        self.busy_with, self.busy_since, self.beat = job, now, now

    def end(self, now: datetime) -> None:
        self.busy_with, self.busy_since, self.beat, self.ended_at = "", None, None, now

    def stuck_for(self, now: datetime) -> timedelta:
        """How long the work at hand has not come to the end of a page."""
        beat = self.beat
        return timedelta() if beat is None else now - beat

    def left_alone(self, now: datetime, *about: str) -> bool:
        """True while these are not to be asked of the channel."""
        return now < self._not_before(now, *about)

    def _not_before(self, now: datetime, *about: str) -> datetime:
        waits = [trouble.not_before for one in (ORDERS, *about) if (trouble := self.troubles.get(one)) is not None]
        return max((*waits, self.asked_to_wait or now), default=now)

    def failed(self, about: str, error: ConnectorError, now: datetime) -> bool:
        """The channel did not do what was asked; True where that is a change, to be told."""
        assert self.port is not None
        before = self.troubles.get(about)
        failures = before.failures + 1 if before is not None else 1
        asked = error.retry_after if isinstance(error, RateLimited) else None
        not_before = now + pace.back_off(self.port.poll, failures, asked)
        self.troubles[about] = Trouble(error, failures, not_before)
        if asked is not None:  # a limit holds for all that is asked
            self.asked_to_wait = not_before
        return before is None or type(before.error) is not type(error)

    def works(self, about: str) -> bool:
        """The channel did what was asked; True where it had not before."""
        return self.troubles.pop(about, None) is not None

    def pause(self, now: datetime) -> timedelta:
        """Until the channel's orders are to be read again."""
        assert self.port is not None
        not_before = self._not_before(now)
        return not_before - now if not_before > now else pace.pause(self.port.poll, self.last_sale, now)
