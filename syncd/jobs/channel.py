"""The jobs of one channel, on its own lane: no other channel waits for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from connectors.contract import ConnectorError
from syncd import logs
from syncd.jobs.lanes import Lane
from syncd.jobs.runner import Runner
from syncd.jobs.timetable import Job
from syncd.storage import inbox
from syncd.sync import hooks, turns
from syncd.sync.cycle import Report
from syncd.sync.house import House, Port

log = logging.getLogger("syncd.jobs")

PULL, NEWS, PUSH, RECONCILE, LISTINGS, COMPARE, HOOKS = (
    "pull",
    "news",
    "push",
    "reconcile",
    "listings",
    "compare",
    "hooks",
)

RECONCILE_EVERY = timedelta(minutes=5)
COMPARE_EVERY = timedelta(hours=1)
LISTINGS_EVERY = timedelta(hours=1)  # looks whether a day has gone by
HOOKS_EVERY = timedelta(hours=1)
REST = turns.RESTS_FOR * 1.25  # pauses are shortened a little
RELIST_EVERY = timedelta(minutes=10)
"""News of products that we do not know lets the listings be read, but not more often: a shop may import thousands."""


def job_id(kind: str, lane: str) -> str:
    """What the timetable calls a job."""
    return f"{kind} {lane}"


@dataclass(slots=True)
class Calls:
    """What a channel's jobs want of others: `ask` that channels be read, `changed` numbers be pushed."""

    at_once: Callable[[str], None]
    ask: Callable[[Collection[str]], None]
    changed: Callable[[], None]


@dataclass(slots=True)
class ChannelJobs:
    """What is done for one channel. `address`: where its webhooks are to be delivered, if anywhere."""

    runner: Runner
    lane: Lane
    port: Port
    calls: Calls
    address: str | None = None

    def jobs(self) -> list[Job]:
        """Every job of the channel with its pause, in the order of the first round."""

        def job(kind: str, pause: timedelta | Callable[[], timedelta], run: Callable[[], None]) -> Job:
            fixed = pause if callable(pause) else lambda: pause
            return Job(job_id(kind, self.port.name), self.lane.name, fixed, run)

        made = []
        if self.port.sales is not None:
            made += [job(PULL, self._until_next_pull, self.pull), job(NEWS, self._until_next_news, self.news)]
        if self.port.shelf is not None:
            made.append(job(LISTINGS, LISTINGS_EVERY, self.listings))
        if self.port.sink is not None:
            made += [
                job(PUSH, self.port.poll, self.push),
                job(RECONCILE, RECONCILE_EVERY, self.reconcile),
                job(COMPARE, COMPARE_EVERY, self.compare),
            ]
        if self.port.teller is not None and self.address is not None:
            made.append(job(HOOKS, HOOKS_EVERY, self.hooks))
        return made

    # ------------------------------------------------------------------ the jobs

    def pull(self) -> None:
        """Read what the channel sold."""

        def work(house: House) -> None:
            asked, self.lane.wanted = self.lane.wanted, False
            report = turns.read_sales(house, self.port, self.calls.ask)
            if self._answered(report):
                self._note_sales(report)
                self.calls.changed()
            else:
                self.lane.wanted |= asked

        self.runner.run(self.lane, PULL, work, self._may_be_asked)

    def news(self) -> None:
        """Ask the channel about what its webhooks told."""

        def due() -> bool:
            with self.runner.house.db.read() as tx:
                return self._may_be_asked() and self.port.name in inbox.channels_waiting(tx)

        def work(house: House) -> None:
            heard = turns.read_news(house, self.port, self.calls.ask)
            self.lane.resting = heard.resting
            if not heard.deliveries and not heard.report.failed:
                return  # nothing was asked
            if self._answered(heard.report):
                self._note_sales(heard.report)
                self._note_written(heard.report)
                self.calls.changed()
            if heard.relist:
                self.lane.relist = True
                self.calls.at_once(job_id(LISTINGS, self.port.name))

        self.runner.run(self.lane, NEWS, work, due)

    def push(self) -> None:
        """Bring the channel in step where something changed."""

        def due() -> bool:
            return self._may_be_asked() and turns.something_to_write(self.runner.house, self.port)

        def work(house: House) -> None:
            report = turns.write_changes(house, self.port, self.calls.ask)
            if report is not None and self._answered(report):
                self._note_written(report)

        self.runner.run(self.lane, PUSH, work, due)

    def reconcile(self) -> None:
        """Read a page of what the channel really shows."""

        def work(house: House) -> None:
            report = turns.reconcile(house, self.port, self.calls.ask)
            if report is not None and self._answered(report):
                self._note_sales(report)
                self._note_written(report)

        self.runner.run(self.lane, RECONCILE, work, self._may_be_asked)

    def listings(self) -> None:
        """Read what is on sale, once a day, and when something new was told of."""

        def work(house: House) -> None:
            now = house.now()
            rested = self.lane.relisted_at is None or now - self.lane.relisted_at >= RELIST_EVERY
            asked = self.lane.relist and rested
            report = turns.refresh_listings(house, self.port, self.calls.ask, now=asked)
            if report is not None and self._answered(report):
                self.lane.relist, self.lane.relisted_at = False, now
                self.calls.changed()

        self.runner.run(self.lane, LISTINGS, work, self._may_be_asked)

    def compare(self) -> None:
        """Compute every number anew; what differs is pushed."""

        def work(house: House) -> None:
            compared = turns.compare_all(house, self.port)
            self.runner.meter.units(self.port.name, offered=compared.offered, shown=compared.shown)
            if compared.dirtied:
                logs.event(log, logging.WARNING, "found_unmarked", channel=self.port.name, listings=compared.dirtied)
                self.calls.changed()

        self.runner.run(self.lane, COMPARE, work)

    def hooks(self) -> None:
        """See to it that the channel delivers its webhooks."""

        def work(house: House) -> None:
            assert self.address is not None
            since = self.lane.hooked_at
            try:
                found = hooks.keep(house, self.port, self.address, since=since, last_sale=self.lane.last_sale)
            except ConnectorError as error:
                self._note_failure(error)
                return
            self.lane.hooked_at = since or house.now()
            if found.made or found.revived:
                put_back = {"made": ",".join(found.made), "revived": ",".join(found.revived)}
                logs.event(log, logging.INFO, "webhooks_registered", channel=self.port.name, **put_back)

        self.runner.run(self.lane, HOOKS, work, self._may_be_asked)

    # ------------------------------------------------------------------ what follows from a report

    def _until_next_pull(self) -> timedelta:
        return self.lane.pause(self.runner.house.now())

    def _until_next_news(self) -> timedelta:
        return REST if self.lane.resting else self.port.poll

    def _may_be_asked(self) -> bool:
        return not self.lane.left_alone(self.runner.house.now())

    def _answered(self, report: Report) -> bool:
        """True where the channel did what was asked; a change is told once."""
        pushed = report.pushed.get(self.port.name)
        error = (
            report.failed.get(self.port.name)
            or report.unlisted.get(self.port.name)
            or (pushed.error if pushed is not None else None)
        )
        if error is not None:
            self._note_failure(error)
            return False
        if self.lane.answered():
            logs.event(log, logging.INFO, "channel_answers_again", channel=self.port.name)
        return True

    def _note_failure(self, error: ConnectorError) -> None:
        if self.lane.failed(error, self.runner.house.now()):
            logs.event(log, logging.WARNING, "channel_fails", channel=self.port.name, why=error, hint=error.hint)

    def _note_sales(self, report: Report) -> None:
        pulled = report.pulled.get(self.port.name)
        if pulled is not None and pulled.orders:
            self.lane.last_sale = self.runner.house.now()
            logs.event(
                log, logging.INFO, "orders_read", channel=self.port.name, orders=pulled.orders, units=pulled.units
            )

    def _note_written(self, report: Report) -> None:
        pushed = report.pushed.get(self.port.name)
        if pushed is None:
            return
        for lag in pushed.lags:
            self.runner.meter.sale_pushed(self.port.name, lag)
        told = (pushed.written, pushed.rejected, pushed.in_doubt)
        if any(told):
            written, rejected, in_doubt = map(len, told)
            logs.event(
                log,
                logging.INFO,
                "numbers_written",
                channel=self.port.name,
                written=written,
                rejected=rejected,
                in_doubt=in_doubt,
                waiting=len(pushed.waiting),
            )
