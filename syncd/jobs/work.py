"""All the jobs of one house together: who nudges whom, and what the service can tell of its work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syncd.alerts.dispatcher import Office
from syncd.jobs.channel import NEWS, PULL, PUSH, Calls, ChannelJobs, job_id
from syncd.jobs.house import HouseJobs
from syncd.jobs.lanes import HOUSE, POST, Lane
from syncd.jobs.post import TELL, PostJobs
from syncd.jobs.runner import LATE_AFTER, Meter, Runner
from syncd.jobs.timetable import Job, Mishap, Timetable
from syncd.storage import inbox, listings, pulse
from syncd.storage.pulse import Pulse
from syncd.sync.hooks import address_of
from syncd.sync.house import House


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say about the service's own work. `details_in` takes the traceback of what nobody expected;
    `office`: where people are told, if anybody is to be."""

    zone: ZoneInfo
    details_in: Path
    webhook_url: str | None = None
    backups: int = 0
    beat: Callable[[], None] | None = None
    office: Office | None = None


@dataclass(slots=True)
class Work:
    """Every job of a house. `attach` it to a timetable before one of them runs."""

    house: House
    runner: Runner
    lanes: dict[str, Lane]
    _channels: list[ChannelJobs]
    _home: HouseJobs
    _post: PostJobs | None = None
    _timetable: Timetable | None = None
    _pulse: Pulse | None = None
    _mishaps: deque[tuple[str, Mishap]] = field(default_factory=deque)

    @classmethod
    def of(cls, house: House, plan: Plan, meter: Meter, stopping: Callable[[], bool]) -> Work:
        """The jobs of this house; `stopping` is asked between two pages."""
        runner = Runner(house, meter, stopping, plan.details_in)
        lanes = {port.name: Lane(port.name, port) for port in house.ports}
        lanes |= {name: Lane(name, None) for name in (HOUSE, POST)}
        home = HouseJobs(runner, lanes[HOUSE], plan.zone, plan.backups, plan.beat)
        post = PostJobs(runner, lanes[POST], plan.office) if plan.office is not None else None
        made = cls(house, runner, lanes, [], home, post)
        calls = Calls(made.at_once, made.ask, made.changed)
        for port in house.ports:
            address = address_of(plan.webhook_url, port.name) if plan.webhook_url else None
            made._channels.append(ChannelJobs(runner, lanes[port.name], port, calls, address))
        return made

    def attach(self, timetable: Timetable) -> None:
        """From now on nudges reach this timetable."""
        self._timetable = timetable

    def jobs(self) -> list[Job]:
        """Every job; the first round runs in this order on each lane."""
        post = self._post.jobs() if self._post is not None else []
        return [*(job for one in self._channels for job in one.jobs()), *self._home.jobs(), *post]

    # ------------------------------------------------------------------ who nudges whom

    def at_once(self, job: str) -> None:
        """Let a job run now, or once more. From any thread, never blocks."""
        if self._timetable is not None:
            self._timetable.at_once(job)

    def once_more(self) -> None:
        """Let every job run again now."""
        for job in self.jobs():
            self.at_once(job.id)

    def on_news(self, channel: str) -> None:
        """A webhook of this channel was put into the inbox."""
        self.at_once(job_id(NEWS, channel))

    def ask(self, names: Collection[str]) -> None:
        """Numbers wait until the orders of these channels were read."""
        for name in names:
            if name in self.lanes:
                self.lanes[name].asked += 1
                self.at_once(job_id(PULL, name))

    def changed(self) -> None:
        """Stock may have changed: let every channel that may differ be pushed."""
        with self.house.db.read() as tx:
            differing = listings.channels_changed(tx)
        for name in differing:
            self.at_once(job_id(PUSH, name))

    def look_outside(self) -> None:
        """Notice what other processes did in the master table since the last look: commands, another service.

        Cheap enough for every second. Raises `DatabaseProblem`.
        """
        self._tell_mishaps()
        with self.house.db.read() as tx:
            now = pulse.take(tx)
            waiting = inbox.channels_waiting(tx) if now != self._pulse else {}
        if now == self._pulse:
            return
        self._pulse = now
        self.changed()
        for name in waiting:
            self.on_news(name)
        self.at_once("deliver")
        self.at_once(job_id(TELL, POST))

    def mishap(self, job: str, what: Mishap) -> None:
        """Told by the timetable of a job that it could not begin, or that raised past its runner. Never blocks: it is
        told on at the next look outside."""
        self._mishaps.append((job, what))

    def _tell_mishaps(self) -> None:
        while self._mishaps:
            job, what = self._mishaps.popleft()
            kind, _, lane = job.partition(" ")
            self.runner.mishap(self.lanes.get(lane or HOUSE, self.lanes[HOUSE]), kind, what)

    # ------------------------------------------------------------------ how it goes

    def stuck(self, now: datetime) -> list[Lane]:
        """Lanes whose work has not come to the end of a page for so long that it never will."""
        return [lane for lane in self.lanes.values() if lane.stuck_for(now) > LATE_AFTER]

    def idle(self) -> bool:
        """True while no job is at work."""
        return not any(lane.busy_with for lane in self.lanes.values())
