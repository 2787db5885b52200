"""Who is told of an alert, and when (N50, N52, N74): routes, digests, quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syncd.domain.alerts import Rule, Severity, severity

EVERYTHING = "all"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Matter:
    """Which alerts are meant: by rule, by severity, or of a category of SKUs, in whichever case it is typed. All that
    is given must fit."""

    rule: Rule | None = None
    severity: Severity | None = None
    category: str | None = None

    def fits(self, rule: Rule, category: str | None) -> bool:
        return (
            (self.rule is None or self.rule is rule)
            and (self.severity is None or self.severity is severity(rule))
            and (self.category is None or (category is not None and self.category.casefold() == category.casefold()))
        )


@dataclass(frozen=True, slots=True)
class Route:
    """`targets` are told of `matter`; by their names (an address, "slack", "apprise tgram 3f2a"), none: nobody."""

    matter: Matter
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routes:
    """The owner's routes, of which the first that fits decides; where none does, all `targets` are told."""

    targets: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    def of(self, rule: Rule, category: str | None) -> tuple[str, ...]:
        """The targets of an alert. Of a target that cannot be told, all are told: a route must not hide it."""
        if rule is Rule.TARGET:
            return self.targets
        return next((one.targets for one in self.routes if one.matter.fits(rule, category)), self.targets)

    def everybody(self) -> tuple[str, ...]:
        """Every target that may be told of something, each once."""
        return tuple(dict.fromkeys((*self.targets, *(name for one in self.routes for name in one.targets))))


@dataclass(frozen=True, slots=True)
class Digest:
    """When what can wait is told: at `at` by the shop's clock, each day or (Monday is 0) on one day of the week."""

    at: time = time(8, 0)
    weekday: int | None = None

    def following(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The next digest after that instant; both are aware UTC."""
        day = instant.astimezone(zone).date()
        while True:
            if self.weekday is None or day.weekday() == self.weekday:
                at = _instant(day, self.at, zone)
                if at > instant:
                    return at
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` until `end` by the shop's clock nothing but the exceptions is told; over midnight where `end` is
    not later."""

    begin: time
    end: time

    def end_of(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet in which that instant lies ends, always later; ``None`` where it lies in none. Both are aware
        UTC."""
        today = instant.astimezone(zone).date()
        for day in (today - timedelta(days=1), today):
            last = day + timedelta(days=1) if self.end <= self.begin else day
            end = _instant(last, self.end, zone)
            if _instant(day, self.begin, zone) <= instant < end:
                return end
        return None


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When the shop's clock shows that, aware UTC. A time that it skips in spring is an hour later; one that comes
    twice in autumn is the first."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each kind of alert is told. `at_once`: what does not wait for the digest, which comes at its own time, also
    in quiet hours. `quiet_except`: what is told at once in quiet hours, too. `daily_line`: with each digest a line
    tells how things stand, also where nothing happened, so that silence is never ambiguous.
    """

    at_once: Sequence[Matter] = (Matter(severity=Severity.CRITICAL), Matter(severity=Severity.WARNING))
    digest: Digest = Digest()
    quiet: QuietHours | None = None
    quiet_except: Sequence[Matter] = (Matter(severity=Severity.CRITICAL),)
    daily_line: bool = True

    def due(self, rule: Rule, category: str | None, since: datetime, zone: ZoneInfo) -> datetime:
        """The earliest instant at which an alert may be told that changed at `since`."""
        if not any(one.fits(rule, category) for one in self.at_once):
            return self.digest.following(since, zone)
        return self.quiet_until(rule, category, since, zone) or since

    def quiet_until(self, rule: Rule, category: str | None, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours in which that instant lies end; ``None`` where nothing holds this alert back then."""
        if self.quiet is None or any(one.fits(rule, category) for one in self.quiet_except):
            return None
        return self.quiet.end_of(instant, zone)


@dataclass(frozen=True, slots=True)
class Gathering:
    """How long alerts are gathered before they are told together, and how long a target is left in peace between two
    messages: a burst becomes one message."""

    window: timedelta
    peace: timedelta

    def ready(self, now: datetime, due_since: datetime, told_at: datetime | None) -> bool:
        """True where what was due first at `due_since` is to be told now; the last message was taken at `told_at`."""
        return now >= due_since + self.window and (told_at is None or now >= told_at + self.peace)


GATHERING = Gathering(timedelta(seconds=30), timedelta(minutes=5))
URGENT = Gathering(timedelta(seconds=5), timedelta(minutes=1))
"""Where something critical is among them."""

SINGLY = 3
"""So many alerts at once are told in a message each, which can be filed by itself; more become a digest."""
