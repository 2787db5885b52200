"""The jobs that are about no channel: telling, watching, tidying."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from syncd import logs, memory
from syncd.alerts import evaluator
from syncd.domain import freshness
from syncd.heartbeat import NotSent
from syncd.jobs.lanes import HOUSE, Lane
from syncd.jobs.runner import Runner
from syncd.jobs.timetable import Job
from syncd.storage import incidents
from syncd.sync import clockwork, housekeeping, watch
from syncd.sync.house import House

log = logging.getLogger("syncd.jobs")

TELL_EVERY = timedelta(seconds=15)
WATCH_EVERY = timedelta(seconds=60)
QUIET_EVERY = timedelta(hours=1)
HOUSEKEEPING_EVERY = timedelta(minutes=30)


@dataclass(slots=True)
class HouseJobs:
    """What is done for the house. `beat` tells somebody outside that every live channel is fresh; may raise OSError.

    `zone` and `backups` as the owner set them.
    """

    runner: Runner
    lane: Lane
    zone: ZoneInfo
    backups: int
    beat: Callable[[], None] | None = None
    _beat_fails: bool = False

    def jobs(self) -> list[Job]:
        """Every job of the house with its pause."""
        return [
            Job("deliver", HOUSE, lambda: TELL_EVERY, self.deliver),
            Job("watch", HOUSE, lambda: WATCH_EVERY, self.watch),
            Job("quiet", HOUSE, lambda: QUIET_EVERY, self.quiet),
            Job("housekeeping", HOUSE, lambda: HOUSEKEEPING_EVERY, self.housekeeping),
        ]

    def deliver(self) -> None:
        """Tell which incidents changed their state: a line of the log each, whoever opened or closed them.

        Once, also where two services share the database; after a crash between line and commit twice, never not at all.
        """

        def due() -> bool:
            with self.runner.house.db.read() as tx:
                return bool(incidents.untold_incidents(tx))

        def work(house: House) -> None:
            with house.db.write() as tx:
                news = incidents.untold_incidents(tx)
                for one in news:
                    level = logging.WARNING if one.closed_at is None else logging.INFO
                    fields = {"id": one.id, "kind": one.kind.value, "channel": one.channel, "why": one.text}
                    logs.event(log, level, f"incident_{one.state}", **fields)
                incidents.told(tx, news)

        self.runner.run(self.lane, "deliver", work, due)

    def watch(self) -> None:
        """Mark what time has changed, look for numbers that wait for too long; tell somebody outside that all is well,
        where it is."""

        def work(house: House) -> None:
            clockwork.tick(house)
            evaluator.sweep(house)
            found = watch.look_for_backlog(house)
            live = any(one.live for one in found)
            if self.beat is not None and live and freshness.ready(found, house.now()):
                self._send_beat(self.beat)

        self.runner.run(self.lane, "watch", work)

    def _send_beat(self, beat: Callable[[], None]) -> None:
        try:
            beat()
        except OSError as error:
            if not self._beat_fails:
                why = error if isinstance(error, NotSent) else type(error).__name__
                logs.event(log, logging.WARNING, "heartbeat_not_sent", why=why)
            self._beat_fails = True
        else:
            self._beat_fails = False

    def quiet(self) -> None:
        """Look for channels without orders for unusually long."""
        self.runner.run(self.lane, "quiet", watch.look_for_quiet)

    def housekeeping(self) -> None:
        """Forget what nobody asks for any more; copy the master table once a night; give memory back."""

        def work(house: House) -> None:
            housekeeping.prune(house)
            made = housekeeping.back_up_nightly(house, keep=self.backups, zone=self.zone)
            if made is not None:
                logs.event(log, logging.INFO, "backed_up", file=made)
            memory.give_back()

        self.runner.run(self.lane, "housekeeping", work)
