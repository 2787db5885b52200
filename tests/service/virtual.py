"""A timetable in virtual time: jobs run one after the other, in the order of their times, as fast as they can."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.jobs.timetable import JITTER, Job
from tests.engine.world import Clock


@dataclass
class Virtual:
    """Runs jobs as `Scheduled` does, without threads and without waiting. `ran` counts, by job."""

    clock: Clock
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    ran: dict[str, int] = field(default_factory=dict)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _due: list[tuple[datetime, int, str]] = field(default_factory=list)
    _next: dict[str, datetime] = field(default_factory=dict)
    _at_work: str = ""
    _again: bool = False
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def plan(self, jobs: Iterable[Job]) -> None:
        """Let these run from now on."""
        for job in jobs:
            self._jobs[job.id] = job
            self._put(job.id, self.clock())

    def forget(self) -> None:
        """Nothing is planned any more: the process is gone."""
        self._jobs.clear()
        self._due.clear()
        self._next.clear()

    def at_once(self, job_id: str) -> None:
        if job_id == self._at_work:
            self._again = True
        elif job_id in self._jobs:
            self._put(job_id, self.clock())

    def run(self, length: timedelta, meanwhile: Callable[[], None] | None = None) -> None:
        """Let that much time go by; `meanwhile` is called before each job (what the world does between two)."""
        until = self.clock() + length
        while self._due and self._due[0][0] <= until:
            when, _, job_id = heapq.heappop(self._due)
            if self._next.get(job_id) != when:
                continue  # was put to another time since
            self.clock.at = max(self.clock.at, when)
            if meanwhile is not None:
                meanwhile()
            self._run(self._jobs[job_id])
        self.clock.at = max(self.clock.at, until)

    def _run(self, job: Job) -> None:
        self._at_work, self._again = job.id, False
        del self._next[job.id]
        self.ran[job.id] = self.ran.get(job.id, 0) + 1
        try:
            job.run()
        finally:
            self._at_work = ""
        if job.id in self._jobs:
            pause = job.pause() * (1 - JITTER * self.chance.random())
            self._put(job.id, self.clock() if self._again else self.clock() + pause)

    def _put(self, job_id: str, when: datetime) -> None:
        self._next[job_id] = when
        heapq.heappush(self._due, (when, next(self._numbers), job_id))
