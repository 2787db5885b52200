"""Virtual time for several jobs at once: whoever sleeps lets the others act, and exactly one acts at any moment.

The clock lives in memory that the process of the shops shares, so that both tell the same time. What runs at which
instant depends on the seed alone, not on the machine: threads hand a baton around.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnContext
from typing import Any

from syncd.jobs.timetable import JITTER, Job

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SharedClock:
    """An instant that two processes share, and that moves only when it is told to."""

    def __init__(self, start: datetime, context: SpawnContext) -> None:
        self._micros: Any = context.Value("q", (start - EPOCH) // MICROSECOND, lock=False)

    def __call__(self) -> datetime:
        return EPOCH + self._micros.value * MICROSECOND

    def move_to(self, when: datetime) -> None:
        """Never backwards."""
        self._micros.value = max(self._micros.value, (when - EPOCH) // MICROSECOND)

    def sleep(self, seconds: float) -> None:
        self._micros.value += timedelta(seconds=seconds) // MICROSECOND


class Stage:
    """Lets actors and events take turns in the order of their times. `run` is the conductor."""

    def __init__(self, clock: SharedClock) -> None:
        self.clock = clock
        self.failures: list[BaseException] = []
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._baton = threading.Semaphore(0)
        self._idle: list[_Actor] = []

    def at(self, when: datetime, event: Callable[[], None]) -> None:
        """Let `event` happen then, in the conductor's thread. From any thread."""
        with self._lock:
            heapq.heappush(self._due, (when, next(self._numbers), event))

    def run(self, until: datetime) -> None:
        """Let time go by. Raises what an actor raised."""
        while self._due and self._due[0][0] <= until:
            with self._lock:
                when, _, event = heapq.heappop(self._due)
            self.clock.move_to(when)
            event()
            if self.failures:
                raise self.failures[0]
        self.clock.move_to(until)

    def act(self, work: Callable[[], None]) -> None:
        """Begin `work` in a thread of its own, now; called by the conductor, and returns when it first sleeps."""
        actor = self._idle.pop() if self._idle else _Actor(self)
        self._hand_over(lambda: actor.works.put(work))

    def wait_for(self, work: Callable[[], None]) -> None:
        """Let `work` act to its end, and all else meanwhile."""
        ended: list[bool] = []

        def to_its_end() -> None:
            work()
            ended.append(True)

        self.act(to_its_end)
        while not ended:
            if self.failures:
                raise self.failures[0]
            self.run(self._due[0][0])

    def sleep(self, seconds: float) -> None:
        """An actor lets the others act for so long."""
        mine = threading.Semaphore(0)
        self.at(self.clock() + timedelta(seconds=seconds), lambda: self._hand_over(mine.release))
        self._baton.release()
        mine.acquire()

    def _hand_over(self, resume: Callable[[], object]) -> None:
        resume()
        self._baton.acquire()

    def rest(self, actor: _Actor) -> None:
        """An actor has come to its end."""
        self._idle.append(actor)
        self._baton.release()


class _Actor:
    def __init__(self, stage: Stage) -> None:
        self.works: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stage = stage
        threading.Thread(target=self._run, daemon=True, name="actor").start()

    def _run(self) -> None:
        while True:
            work = self.works.get()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the conductor raises it
                self._stage.failures.append(error)
            del work
            self._stage.rest(self)


@dataclass
class LaneTimes:
    """The timetable of one process: a worker for each lane, as `syncd.jobs.timetable.Scheduled` has."""

    stage: Stage
    chance: random.Random
    survives: Callable[[Callable[[], None]], None]
    """Runs a job of a process that may die in it."""
    ran: dict[str, int] = field(default_factory=dict)
    stopped: bool = False
    _jobs: dict[str, Job] = field(default_factory=dict)
    _next: dict[str, datetime] = field(default_factory=dict)
    _busy: dict[str, str] = field(default_factory=dict)  # by lane: the job at work
    _again: set[str] = field(default_factory=set)

    def plan(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._jobs[job.id] = job
            self._put(job, self.stage.clock())

    def at_once(self, job_id: str) -> None:
        job = self._jobs.get(job_id)
        if job is None or self.stopped:
            return
        if self._busy.get(job.lane) == job_id:
            self._again.add(job_id)
        else:
            self._put(job, self.stage.clock())

    @property
    def idle(self) -> bool:
        return not self._busy

    def _put(self, job: Job, when: datetime) -> None:
        self._next[job.id] = when
        self.stage.at(when, lambda: self._tick(job.lane))

    def _tick(self, lane: str) -> None:
        now = self.stage.clock()
        due = [(when, id_) for id_, when in self._next.items() if when <= now and self._jobs[id_].lane == lane]
        if self.stopped or lane in self._busy or not due:
            return
        job = self._jobs[min(due, key=lambda one: one[0])[1]]  # the first planned, where several are due
        del self._next[job.id]
        self._busy[lane] = job.id
        self.stage.act(lambda: self._run(job))

    def _run(self, job: Job) -> None:
        self.ran[job.id] = self.ran.get(job.id, 0) + 1
        try:
            self.survives(job.run)
        finally:
            del self._busy[job.lane]
        if self.stopped:
            return
        again = job.id in self._again
        self._again.discard(job.id)
        pause = timedelta() if again else job.pause() * (1 - JITTER * self.chance.random())
        self._put(job, self.stage.clock() + pause)
        self.stage.at(self.stage.clock(), lambda: self._tick(job.lane))
