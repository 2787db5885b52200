"""Runs one job: a run record around it, and every failure told once, not at each retry (N75)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from syncd import logs
from syncd.domain.said import Said, Value
from syncd.jobs.lanes import Lane
from syncd.jobs.timetable import Mishap
from syncd.storage import incidents, leases, runs
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import DatabaseProblem
from syncd.sync.house import BrokenOff, House, LeaseHeld, Progress, Refusal

log = logging.getLogger("syncd.jobs")

LATE_AFTER = timedelta(minutes=15)
"""No page takes so long: a call ends after a minute and is tried four times, with pauses of half a minute at most."""


class Meter(Protocol):
    """Counts what jobs do (N45)."""

    def job_ended(self, job: str, channel: str, outcome: str, took: timedelta) -> None: ...

    def sale_pushed(self, channel: str, lag: timedelta) -> None:
        """From a sale in another channel to its number in this one, confirmed."""
        ...

    def units(self, channel: str, *, offered: int, shown: int) -> None:
        """What a channel should show and what it showed when last read."""
        ...


@dataclass(slots=True)
class Runner:
    """Runs jobs in `house`. `stopping` is asked between two pages: where it is true, work ends there.

    `details_in` is the folder that takes the traceback of what nobody expected.
    """

    house: House
    meter: Meter
    stopping: Callable[[], bool]
    details_in: Path
    database_trouble: str = ""
    """Why the master table cannot be used at present, in words; empty while it can."""
    _refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By lane: the job that told why its services refuse to work, and the sentence."""
    _troubles_told: set[str] = field(default_factory=set)
    _telling: threading.Lock = field(default_factory=threading.Lock)  # the heart tells of lanes, too

    def run(self, lane: Lane, kind: str, work: Callable[[House], None], due: Callable[[], bool] | None = None) -> None:
        """Do `work` as the job `kind` of a lane, where it is `due`; whatever it raises ends here."""
        began = time.perf_counter()
        lane.begin(kind, self.house.now())  # before the question, so that who stops the service sees it or is seen
        try:
            if self.stopping():
                raise BrokenOff
            outcome = "nothing to do" if due is not None and not due() else self._recorded(lane, kind, work)
            self._is_over(IncidentKind.LATE, lane, kind)
        except BrokenOff:
            outcome = "broken off"
        except LeaseHeld:
            outcome = "elsewhere"
        except DatabaseProblem as problem:
            outcome = "database"
            self._database_fails(problem)
        except Refusal as refusal:
            outcome = "refused"
            self._told_once(lane, kind, refusal)
        except Exception as error:  # noqa: BLE001 - one broken job must not end the others; it is told and tried again
            outcome = "unexpected"
            self._unexpected(lane, kind, error)
        finally:
            lane.end(self.house.now())
        self.meter.job_ended(kind, _channel(lane), outcome, timedelta(seconds=time.perf_counter() - began))

    def _recorded(self, lane: Lane, kind: str, work: Callable[[House], None]) -> str:
        run = runs.begin(self.house.db, f"{kind} {lane.name}", self.house.now())
        outcome = "stopped"
        try:
            work(replace(self.house, progress=self._page_of(lane)))
            outcome = "done"
        finally:
            runs.end(self.house.db, run, outcome, self.house.now())
        self._database_works()  # it took a run record: that it can be read says nothing of a full disk
        if self._refused.get(lane.name, ("", ""))[0] == kind:
            del self._refused[lane.name]
        self._is_over(IncidentKind.FAILED, lane, kind)
        return outcome

    def _page_of(self, lane: Lane) -> Progress:
        """Told after each page: the lane is alive, and gives way to who waits for it."""

        def page(what: str, done: int, total: int | None) -> None:  # noqa: ARG001  # as progress is told
            now = self.house.now()
            lane.beat = now
            if self.stopping():
                raise BrokenOff
            if lane.port is None:
                return
            with self.house.db.read() as tx:
                if leases.wished(tx, lane.name, self.house.holder, self.house.lease_time(tx)):
                    raise BrokenOff

        return page

    # ------------------------------------------------------------------ what went wrong, once

    def mishap(self, lane: Lane, kind: str, what: Mishap) -> None:
        """A job did not begin in time, is still at work when it is due again, or raised past `run`."""
        now = self.house.now()
        if what is Mishap.STILL_RUNNING and lane.stuck_for(now) < LATE_AFTER:
            return  # a long reading, page by page
        if what is Mishap.ERROR:
            self._open(
                IncidentKind.FAILED,
                lane,
                kind,
                Said("{channel}: {job} broke off at something unexpected; the log has it", channel=lane.name, job=kind),
                Said("It is tried again at its next time. If it stays, report it with journalctl -u syncd."),
            )
            return
        text = Said("{channel}: {job} could not begin in time", channel=lane.name, job=kind)
        if lane.busy_since is not None:
            text = Said(
                "{channel}: {job} could not begin in time; it is at {other} since {since}",
                channel=lane.name,
                job=kind,
                other=lane.busy_with,
                since=lane.busy_since,
            )
        self._open(
            IncidentKind.LATE,
            lane,
            kind,
            text,
            Said("A slow shop or a slow disk; the others go on. Look at it: syncd check"),
        )

    def _is_over(self, incident: IncidentKind, lane: Lane, kind: str) -> None:
        """Close what is open about this job, once: it may be from an earlier process."""
        if (incident, kind) in lane.over:
            return
        with self._telling:
            with self.house.db.write() as tx:
                incidents.close_incident(tx, incident, channel=_channel(lane), subject=kind, now=self.house.now())
            lane.over.add((incident, kind))

    def _unexpected(self, lane: Lane, kind: str, error: Exception) -> None:
        log.error("job_failed channel=%s job=%s", lane.name, kind, exc_info=error)
        try:
            details: Value = str(logs.write_details(error, self.details_in, now=self.house.now()))
        except OSError:  # no room: the journal has the traceback
            details = Said("the log")
        self._open(
            IncidentKind.FAILED,
            lane,
            kind,
            Said(
                "{channel}: {job} stopped at something unexpected ({error}); details are in {details}",
                channel=lane.name,
                job=kind,
                error=type(error).__name__,
                details=details,
            ),
            Said("It is tried again at its next time. If it stays, report it with that file: secrets are taken out."),
        )

    def _told_once(self, lane: Lane, kind: str, refusal: Refusal) -> None:
        if self._refused.get(lane.name, ("", ""))[1] == refusal.sentence:
            return  # wrong settings are met by each job of the channel
        self._refused[lane.name] = (kind, refusal.sentence)
        text = Said("{channel}: {reason}", channel=lane.name, reason=refusal.sentence)
        hint = Said.verbatim(refusal.hint) if refusal.hint else None
        self._open(IncidentKind.FAILED, lane, kind, text, hint)

    def _open(self, incident: IncidentKind, lane: Lane, kind: str, text: Said, hint: Said | None) -> None:
        try:
            with self._telling:
                lane.over.discard((incident, kind))
                with self.house.db.write() as tx:
                    incidents.open_incident(
                        tx, incident, channel=_channel(lane), subject=kind, text=text, hint=hint, now=self.house.now()
                    )
        except DatabaseProblem as problem:
            self._database_fails(problem)

    def _database_fails(self, problem: DatabaseProblem) -> None:
        if problem.sentence not in self._troubles_told:  # a full disk has two or three of them, by what met it
            self._troubles_told.add(problem.sentence)
            logs.event(log, logging.ERROR, "database_unusable", why=problem.sentence, hint=problem.hint)
        self.database_trouble = problem.sentence

    def _database_works(self) -> None:
        if self.database_trouble:
            logs.event(log, logging.INFO, "database_usable_again")
            self._troubles_told.clear()
        self.database_trouble = ""


def _channel(lane: Lane) -> str:
    return "" if lane.port is None else lane.name
