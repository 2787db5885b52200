"""One set of settings at work: its house, its jobs and their timetable, until it is stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from connectors.contract import CallEvent, Surroundings
from syncd import app as composition
from syncd import heartbeat, logs
from syncd.app import open_house
from syncd.config import Settings
from syncd.domain.freshness import fresh
from syncd.jobs.lanes import HOUSE
from syncd.jobs.runner import Meter
from syncd.jobs.timetable import Scheduled
from syncd.jobs.work import Plan, Work
from syncd.storage.session import DatabaseProblem
from syncd.sync import freshness
from syncd.sync.house import BrokenOff, House

log = logging.getLogger("syncd.daemon")

PULSE_WITHIN = timedelta(minutes=3)
"""The house's own lane ends a job every few seconds; longer silence means that nothing runs any more."""

GATHER_EVERY_S = 0.05

Observers = Callable[[str], Callable[[CallEvent, str], None]]


@dataclass(slots=True)
class Shift:
    """Jobs at work with one set of settings, from `start` to `end`; another shift may work beside it: leases keep them
    apart."""

    settings: Settings
    house: House
    work: Work
    _timetable: Scheduled
    _stop: threading.Event
    _closing: ExitStack
    _begun_at: datetime

    @classmethod
    def ready(cls, settings: Settings, meter: Meter, observers: Observers, surroundings: Surroundings) -> Shift:
        """The house of these settings, open, with its jobs; none of them runs yet.

        Raises:
            DatabaseProblem: the database cannot be used.
        """
        stop = threading.Event()

        def sleep(seconds: float) -> None:
            if stop.wait(seconds):
                raise BrokenOff

        with ExitStack() as opening:
            around = replace(surroundings, sleep=sleep)
            house = opening.enter_context(open_house(settings, command="run", surroundings=around, observers=observers))
            work = Work.of(house, _plan(settings, house), meter, stop.is_set)
            timetable = Scheduled(work.jobs(), work.mishap, surroundings.random)
            work.attach(timetable)
            return cls(settings, house, work, timetable, stop, opening.pop_all(), house.now())

    def start(self) -> None:
        """Let the jobs run: the first round at once."""
        self._timetable.start()

    def look_outside(self) -> None:
        """Notice what other processes did, every second; what cannot be read now is noticed later."""
        try:
            self.work.look_outside()
        except DatabaseProblem:
            return  # the jobs meet it too, and tell of it

    def at_work(self) -> bool:
        """True while work really goes on: no lane hangs, and jobs come to their end (design.md: WATCHDOG)."""
        now = self.house.now()
        home = self.work.lanes[HOUSE]  # a copy of a large table is one long job of it, and no page of it hangs
        beats = home.busy_since is not None or now - (home.ended_at or self._begun_at) < PULSE_WITHIN
        return self._timetable.running and not self.work.stuck(now) and beats

    def look(self) -> freshness.Look:
        """How every channel stands.

        Raises:
            DatabaseProblem: the database cannot be read, or could not be written by the latest job that tried.
        """
        if trouble := self.work.runner.database_trouble:
            raise DatabaseProblem(trouble)
        return freshness.look(self.house)

    def words(self) -> str:
        """How it stands, in one line for `systemctl status`."""
        try:
            found = self.look()
        except DatabaseProblem as problem:
            return problem.sentence
        return _in_words(found, self.house.now())

    def end(self, within: timedelta) -> bool:
        """Begin no job any more, let those at work finish the page in hand, and close the house.

        False where a call still hangs after `within`: it is left alone with its lease, and its writes stay in doubt.
        """
        self._stop.set()
        self._timetable.stop()
        until = time.monotonic() + within.total_seconds()
        while not self.work.idle():
            if time.monotonic() > until:
                left = ",".join(lane.name for lane in self.work.lanes.values() if lane.busy_with)
                logs.event(log, logging.WARNING, "left_at_work", lanes=left)
                return False
            time.sleep(GATHER_EVERY_S)
        try:
            self._closing.close()
        except DatabaseProblem as problem:  # a full disk: the run record has no end, and nothing else is lost
            logs.event(log, logging.WARNING, "end_not_noted", why=problem.sentence)
        return True


def _plan(settings: Settings, house: House) -> Plan:
    beat = heartbeat.sender(settings.heartbeat_url) if settings.heartbeat_url else None
    folder = house.db.path.parent if house.db.path is not None else Path("/var/lib/syncd")
    office = composition.office(house, settings)
    return Plan(settings.timezone, folder, settings.webhook_url, settings.backups, beat, office)


def _in_words(found: freshness.Look, now: datetime) -> str:
    live = [one for one in found.channels if one.live]
    parts = [f"{len(live)} of {len(found.channels)} channels live"]
    read = [one.read_at for one in live if one.read_at is not None]
    if read:
        parts.append(f"the oldest reading {(now - min(read)) // timedelta(seconds=1)} s old")
    waiting = sum(one.waiting for one in live)
    parts.append(f"{waiting} numbers wait" if waiting else "nothing waits")
    parts += [f"{one.channel} is not fresh" for one in live if not fresh(one, now)]
    if incidents := sum(found.incidents.values()):
        parts.append(f"{incidents} incidents: syncd incidents")
    return ", ".join(parts)
