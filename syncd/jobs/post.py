"""The job that tells people, on a lane of its own: a mail server may take its time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from syncd import logs
from syncd.alerts import dispatcher
from syncd.alerts.dispatcher import Office
from syncd.jobs.lanes import POST, Lane
from syncd.jobs.runner import Runner
from syncd.jobs.timetable import Job
from syncd.sync.house import House

log = logging.getLogger("syncd.jobs")

TELL, TELL_EVERY = "tell", timedelta(seconds=15)


@dataclass(slots=True)
class PostJobs:
    """What is done for those who are to be told."""

    runner: Runner
    lane: Lane
    office: Office
    _begun: bool = False

    def jobs(self) -> list[Job]:
        """Every job of the lane with its pause."""
        return [Job(f"{TELL} {POST}", POST, lambda: TELL_EVERY, self.tell)]

    def tell(self) -> None:
        """Send what is due. With the first round every target is tried, also one that could not be told before: the
        settings may be others now."""

        def due() -> bool:
            return not self._begun or bool(dispatcher.due(self.office))

        def work(house: House) -> None:
            if not self._begun:
                dispatcher.try_at_once(self.office)
                self._begun = True
            for done in dispatcher.deliver(replace(self.office, house=house)):
                if done.messages:
                    logs.event(
                        log, logging.INFO, "told", target=done.target, messages=done.messages, alerts=done.alerts
                    )
                if done.changed and done.trouble:
                    logs.event(log, logging.WARNING, "not_told", target=done.target, why=done.trouble, hint=done.hint)
                elif done.changed:
                    logs.event(log, logging.INFO, "told_again", target=done.target)

        self.runner.run(self.lane, TELL, work, due)
