"""How the work on one channel goes: what it is at, whether the channel answers, how often it is to be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contract import ConnectorError, RateLimited
from syncd.domain import pace
from syncd.sync.house import Port

HOUSE = "house"
"""The lane of work that is about no channel. No channel can have the name: settings of it would be HOUSE_…, and its
jobs are told apart by their ids."""


@dataclass(slots=True)
class Lane:
    """One worker's state; written by that worker, read by all. `port` is ``None`` for the house's own lane."""

    name: str
    port: Port | None
    busy_with: str = ""
    busy_since: datetime | None = None
    beat: datetime | None = None  # the last page of the work at hand
    ended_at: datetime | None = None  # end of its last job, however it ended
    failures: int = 0
    failing: str = ""  # what the channel's trouble is, in words; empty while it answers
    not_before: datetime | None = None  # the channel is left alone until then
    last_sale: datetime | None = None
    wanted: bool = False  # another channel waits for the orders of this one
    relist: bool = False  # something new is on sale there
    resting: bool = False  # news was left for a moment, until its order is told
    relisted_at: datetime | None = None
    hooked_at: datetime | None = None  # its webhooks were first looked at since the start
    troubled: set[str] = field(default_factory=set)  # jobs about which an incident may be open

    def begin(self, job: str, now: datetime) -> None:
        self.busy_with, self.busy_since, self.beat = job, now, now

    def end(self, now: datetime) -> None:
        self.busy_with, self.busy_since, self.beat, self.ended_at = "", None, None, now

    def stuck_for(self, now: datetime) -> timedelta:
        """How long the work at hand has not come to the end of a page."""
        beat = self.beat
        return timedelta() if beat is None else now - beat

    def left_alone(self, now: datetime) -> bool:
        return self.not_before is not None and now < self.not_before

    def failed(self, error: ConnectorError, now: datetime) -> bool:
        """The channel did not do what was asked; True where that is a change, to be told."""
        assert self.port is not None
        self.failures += 1
        asked = error.retry_after if isinstance(error, RateLimited) else None
        self.not_before = now + pace.back_off(self.port.poll, self.failures, asked)
        news = type(error).__name__ != self.failing.partition(":")[0]
        self.failing = f"{type(error).__name__}: {error}"
        return news

    def answered(self) -> bool:
        """The channel did what was asked; True where it had not before."""
        was_failing, self.failing = bool(self.failing), ""
        self.failures, self.not_before = 0, None
        return was_failing

    def pause(self, now: datetime) -> timedelta:
        """Until the channel's orders are to be read again."""
        assert self.port is not None
        if self.not_before is not None and self.not_before > now:
            return self.not_before - now
        return pace.pause(self.port.poll, self.last_sale, now)
