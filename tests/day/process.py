"""The service and the commands as processes of their own would be: each ends in good order, or is killed at a call."""

from __future__ import annotations

import gc
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from connectors.contract import CallEvent, Surroundings
from syncd.app import open_house
from syncd.config import Settings
from syncd.jobs.work import Plan, Work
from syncd.storage import leases
from syncd.storage.leases import Holder
from syncd.storage.session import Database, Tx
from syncd.sync import freshness
from syncd.sync.house import BrokenOff, House
from syncd.web.metrics import Metrics
from tests.day.stage import LaneTimes, Stage

LOOK_EVERY = timedelta(seconds=5)
"""The service looks every second: that would be most of what a simulated day costs."""
FIRST_PID = 2**22 + 1  # no real process has such a number
STOP_WITHIN_S = 90.0


class Crash(BaseException):
    """The process is not there any more."""


class Pids:
    """Which processes of the simulation live: what `kill -0` says in `syncd.storage.leases`."""

    def __init__(self) -> None:
        self.living: set[int] = set()
        self._last = FIRST_PID

    def new(self) -> int:
        self._last += 1
        self.living.add(self._last)
        return self._last

    @contextmanager
    def known(self) -> Iterator[None]:
        before = leases._alive
        leases._alive = self.living.__contains__
        try:
            yield
        finally:
            leases._alive = before


class MortalDatabase:
    """The database as one process sees it: the dead begin no transaction."""

    def __init__(self, db: Database, still_lives: Callable[[], None]) -> None:
        self._db, self._still_lives = db, still_lives

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        self._still_lives()
        with self._db.write() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        self._still_lives()
        with self._db.read() as tx:
            yield tx


@dataclass
class Process:
    """One process: `around` is what its connectors are given. `fuse` calls from now it is killed (0: never)."""

    stage: Stage
    pids: Pids
    chance: random.Random
    dead: bool = False
    stopping: bool = False
    fuse: int = 0
    on_death: Callable[[], None] = lambda: None
    pid: int = 0

    def __post_init__(self) -> None:
        self.pid = self.pids.new()

    def still_lives(self) -> None:
        if self.dead:
            raise Crash

    def sleep(self, seconds: float) -> None:
        self.still_lives()
        self.stage.sleep(seconds)
        self.still_lives()
        if self.stopping:
            raise BrokenOff

    def called(self, event: CallEvent) -> None:
        """A call took its time. It may be the last thing that this process saw of the world."""
        if event is not CallEvent.CALL:
            return
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                self.kill()
        self.still_lives()
        self.stage.sleep(self.chance.uniform(0.05, 0.6))
        self.still_lives()

    def kill(self) -> None:
        """As `kill -9`: what was sent was sent, what was not committed never was."""
        self.dead = True
        self.pids.living.discard(self.pid)
        self.on_death()

    def survives(self, work: Callable[[], None]) -> None:
        """Run something of this process, which may die meanwhile."""
        try:
            work()
        except Crash:
            return

    @contextmanager
    def house(self, settings: Settings, command: str, patience: timedelta = timedelta()) -> Iterator[House]:
        """The house of these settings, opened by the composition root itself."""
        around = Surroundings(self.stage.clock, self.sleep, self.chance)

        def observer(_channel: str) -> Callable[[CallEvent, str], None]:
            return lambda event, _kind: self.called(event)

        with open_house(settings, command=command, patience=patience, surroundings=around, observers=observer) as house:
            mortal: Any = MortalDatabase(house.db, self.still_lives)
            yield replace(house, db=mortal, holder=Holder(pid=self.pid))

    def end(self) -> None:
        self.pids.living.discard(self.pid)


@dataclass
class Lags:
    """What the service's jobs tell, beside its metrics."""

    metrics: Metrics
    lags: array[float] = field(default_factory=lambda: array("d"))
    jobs: Counter[str] = field(default_factory=Counter)

    def job_ended(self, job: str, channel: str, outcome: str, took: timedelta) -> None:
        self.jobs[f"{job}: {outcome}"] += 1
        self.metrics.job_ended(job, channel, outcome, took)

    def sale_pushed(self, channel: str, lag: timedelta) -> None:
        self.lags.append(lag.total_seconds())
        self.metrics.sale_pushed(channel, lag)

    def units(self, channel: str, *, offered: int, shown: int) -> None:
        self.metrics.units(channel, offered=offered, shown=shown)


class Daemon:
    """The service: its jobs on lanes in virtual time."""

    def __init__(self, process: Process, settings: Settings, plan: Plan, meter: Lags) -> None:
        self.process = process
        self._open = ExitStack()
        self.house = self._open.enter_context(process.house(settings, "run"))
        self.times = LaneTimes(process.stage, process.chance, process.survives)
        self.work = Work.of(self.house, plan, meter, lambda: process.stopping)
        self.work.attach(self.times)
        self.times.plan(self.work.jobs())
        self._look()

    def _look(self) -> None:
        if self.times.stopped:
            return
        self.work.look_outside()
        stage = self.process.stage
        stage.at(stage.clock() + LOOK_EVERY, self._look)

    def on_news(self, channel: str) -> None:
        self.work.on_news(channel)

    def freshness(self) -> freshness.Look:
        return freshness.look(self.house)

    def stop(self, then: Callable[[], None]) -> None:
        """Begin no job any more; close the house when those at work are done, then go on."""
        self.process.stopping = True
        self.times.stopped = True
        self._when_idle(then)

    def _when_idle(self, then: Callable[[], None]) -> None:
        if self.times.idle:
            self._open.close()
            self.process.end()
            self._forget()
            then()
            return
        stage = self.process.stage
        stage.at(stage.clock() + timedelta(seconds=0.1), lambda: self._when_idle(then))

    def died(self) -> None:
        """The process is gone: what its threads still do comes to nothing, and the machine takes back what it had."""
        self.times.stopped = True
        self._bury()

    def _bury(self) -> None:
        stage = self.process.stage
        if not self.times.idle:
            stage.at(stage.clock() + timedelta(seconds=1), self._bury)
            return
        self._open.close()
        self._forget()

    @staticmethod
    def _forget() -> None:
        """A real process would be gone with all that it had; what is left here of one must not count for the next."""
        gc.collect()
