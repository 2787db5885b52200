"""When jobs run: APScheduler 3.x, one worker for each lane, so that one slow or dead channel delays no other.

Every job runs again a pause after its end, or at once when it is nudged. A nudge is never lost: one that comes while
the job runs, or waits for its lane, lets it run once more (design.md §3.8: work is level-triggered).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

MISFIRE_GRACE_S = 600
"""A job that could not begin for ten minutes is told of and left to its next time. APScheduler's default of 1 s would
drop every job that a busy lane delays."""

JITTER = 0.1
"""Pauses are up to a tenth shorter than said, so that shops are not all asked in the same second; never longer."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work on one lane; its id is ``kind lane``, or the kind alone for the house.

    `pause`: how long after its end it runs again, as things stand when it ends.
    """

    id: str
    lane: str
    pause: Callable[[], timedelta]
    run: Callable[[], None]


class Mishap(StrEnum):
    """What can happen to a job that it cannot tell itself."""

    ERROR = "error"  # it raised what it should have caught
    MISSED = "missed"  # its lane was busy for too long
    STILL_RUNNING = "still running"  # it was due again before it ended


OnMishap = Callable[[str, Mishap], None]
"""Told the job's id, from any thread."""


class Timetable(Protocol):
    """Where jobs are run at their times."""

    def at_once(self, job_id: str) -> None:
        """Let a job run now, or again when it is just at work. Never blocks; an unknown job is passed over."""
        ...


class Pauses(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """Fires at once, then after each pause."""

    def __init__(self, pause: Callable[[], timedelta], chance: random.Random) -> None:
        self._pause, self._chance = pause, chance

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next time after `previous` (``None``: the first)."""
        return now if previous is None else max(previous, now) + self.pause()

    def pause(self) -> timedelta:
        """The pause as things stand, a little shortened."""
        return self._pause() * (1 - JITTER * self._chance.random())


class Scheduled:
    """A timetable that runs in threads of its own, from `start` to `stop`."""

    def __init__(self, jobs: Iterable[Job], on_mishap: OnMishap, chance: random.Random) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._on_mishap = on_mishap
        self._nudged: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = False
        lanes = {job.lane for job in self._jobs.values()}
        self._scheduler = BackgroundScheduler(
            executors={lane: ThreadPoolExecutor(1) for lane in lanes},
            # A lane that was busy runs what it missed once, not once for each time.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_S},
            timezone="UTC",
        )
        self._triggers = {job.id: Pauses(job.pause, chance) for job in self._jobs.values()}
        self._scheduler.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        self._scheduler.add_listener(self._not_begun, EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Run every job once now, and then at its times."""
        for job in self._jobs.values():
            self._scheduler.add_job(
                self._run, self._triggers[job.id], args=(job,), id=job.id, name=job.id, executor=job.lane
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no job any more, also none that waits for its lane; those at work go on. Returns at once."""
        self._stopped = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def running(self) -> bool:
        """True from `start` to `stop`."""
        return bool(self._scheduler.running)

    def at_once(self, job_id: str) -> None:
        if job_id not in self._jobs:
            return
        with self._lock:
            self._nudged.add(job_id)
        self._run_next(job_id, datetime.now(self._scheduler.timezone))

    def _run_next(self, job_id: str, when: datetime) -> None:
        try:
            self._scheduler.modify_job(job_id, next_run_time=when)
        except JobLookupError:
            return  # the timetable has ended meanwhile

    def _run(self, job: Job) -> None:
        if self._stopped:
            return
        with self._lock:
            self._nudged.discard(job.id)
        job.run()

    def _ended(self, event: JobEvent) -> None:
        """The job's worker is free again: only now it can be run once more.

        The pause is set first and nudges are looked for after it: one that comes in between sets its own time later.
        """
        now = datetime.now(self._scheduler.timezone)
        self._run_next(event.job_id, now + self._triggers[event.job_id].pause())
        with self._lock:
            nudged = event.job_id in self._nudged
        if nudged:
            self._run_next(event.job_id, now)
        if event.code == EVENT_JOB_ERROR:
            self._on_mishap(event.job_id, Mishap.ERROR)
        elif event.code == EVENT_JOB_MISSED:
            self._on_mishap(event.job_id, Mishap.MISSED)

    def _not_begun(self, event: JobEvent) -> None:
        self._on_mishap(event.job_id, Mishap.STILL_RUNNING)
