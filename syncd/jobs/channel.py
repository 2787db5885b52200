"""The jobs of one channel, on its own lane: no other channel waits for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from connectors.contract import ConnectorError, CredentialsRejected, Unreadable
from syncd import logs
from syncd.jobs import lanes
from syncd.jobs.lanes import Lane
from syncd.jobs.runner import Runner
from syncd.jobs.timetable import Job
from syncd.storage import inbox
from syncd.sync import hooks, turns
from syncd.sync.cycle import Report
from syncd.sync.house import House, Port
from syncd.sync.puller import Pulled

log = logging.getLogger("syncd.jobs")

PULL, NEWS, SUPPLY, PUSH, RECONCILE, LISTINGS, COMPARE, HOOKS = (
    "pull",
    "news",
    "supply",
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
        if self.port.feed is not None:
            made.append(job(SUPPLY, self.port.poll, self.supply))
        if self.port.shelf is not None:
            made.append(job(LISTINGS, self._until_next_listings, self.listings))
        if self.port.sink is not None:
            made += [
                job(PUSH, self.port.poll, self.push),
                job(RECONCILE, RECONCILE_EVERY, self.reconcile),
                job(COMPARE, COMPARE_EVERY, self.compare),
            ]
        if self.port.teller is not None:
            made.append(job(HOOKS, HOOKS_EVERY, self.hooks))
        return made

    # ------------------------------------------------------------------ the jobs

    def pull(self) -> None:
        """Read what the channel sold."""

        def work(house: House) -> None:
            asked = self.lane.asked
            report = turns.read_sales(house, self.port, self.calls.ask)
            self._heed(report)
            pulled = report.pulled.get(self.port.name)
            self._note_sales(pulled)
            if pulled is not None and (pulled.orders or asked > self.lane.heeded):
                self.calls.changed()
            if pulled is not None:
                self.lane.heeded = asked

        self.runner.run(self.lane, PULL, work, self._may_be_asked)

    def news(self) -> None:
        """Ask the channel about what its webhooks told."""

        def due() -> bool:
            with self.runner.house.db.read() as tx:
                return self._may_be_asked() and self.port.name in inbox.channels_waiting(tx)

        def work(house: House) -> None:
            heard = turns.read_news(house, self.port, self.calls.ask, look=self._may_be_asked(lanes.NUMBERS))
            self.lane.resting = heard.resting
            self._heed(heard.report)
            pulled = heard.booked or heard.report.pulled.get(self.port.name)
            self._note_sales(pulled)
            self._note_written(heard.report)
            if pulled is not None and pulled.orders:
                self.calls.changed()
            if heard.relist:
                self.lane.relist = True
                self.calls.at_once(job_id(LISTINGS, self.port.name))

        self.runner.run(self.lane, NEWS, work, due)

    def supply(self) -> None:
        """Read what the supplier has."""

        def work(house: House) -> None:
            report = turns.take_supplies(house, self.port)
            failed, taken = report.failed.get(self.port.name), report.supplied.get(self.port.name)
            if failed is not None:
                self._fails(lanes.SUPPLY, failed)
                return
            self._works(lanes.SUPPLY)
            for warning in taken.warnings if taken is not None else ():
                logs.event(log, logging.WARNING, "feed_warning", channel=self.port.name, warning=warning)
            if taken is None or taken.unchanged or taken.held:
                return
            fields = {"rows": taken.rows, "known": taken.known, "unknown": taken.unknown, "changed": taken.changed}
            logs.event(log, logging.INFO, "feed_read", channel=self.port.name, **fields)
            self.calls.changed()

        self.runner.run(self.lane, SUPPLY, work, lambda: self._may_be_asked(lanes.SUPPLY))

    def push(self) -> None:
        """Bring the channel in step where something changed."""

        def due() -> bool:
            return self._may_be_asked(lanes.NUMBERS) and turns.something_to_write(self.runner.house, self.port)

        def work(house: House) -> None:
            report = turns.write_changes(house, self.port, self.calls.ask)
            if report is not None:
                self._heed(report, whole=True)
                self._note_sales(report.pulled.get(self.port.name))
                self._note_written(report)

        self.runner.run(self.lane, PUSH, work, due)

    def reconcile(self) -> None:
        """Read a page of what the channel really shows."""

        def work(house: House) -> None:
            report = turns.reconcile(house, self.port, self.calls.ask)
            if report is not None:
                self._heed(report)
                self._note_sales(report.pulled.get(self.port.name))
                self._note_written(report)

        self.runner.run(self.lane, RECONCILE, work, lambda: self._may_be_asked(lanes.NUMBERS))

    def listings(self) -> None:
        """Read what is on sale, once a day, and when something new was told of."""

        def work(house: House) -> None:
            now, asked = house.now(), self.lane.relist and not self._until_rested()
            if asked:
                self.lane.relist = False  # what is told of from here on may come too late for this reading
            report = turns.refresh_listings(house, self.port, self.calls.ask, now=asked)
            if report is None:
                return
            self._heed(report)
            self.lane.relisted_at = now
            if self.port.name in report.unlisted:
                self.lane.relist |= asked
                return
            self._works(lanes.LISTINGS)
            self.calls.changed()

        self.runner.run(self.lane, LISTINGS, work, lambda: self._may_be_asked(lanes.LISTINGS))

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
            if self.address is None:
                self._leave_hooks(house)
                return
            since = self.lane.hooked_at
            try:
                found = hooks.keep(house, self.port, self.address, since=since, last_sale=self.lane.last_sale)
            except CredentialsRejected:
                return  # that it does not let us register is an incident
            except ConnectorError as error:
                self._fails(lanes.WEBHOOKS, error)
                return
            self._works(lanes.WEBHOOKS)
            self.lane.hooked_at = since or house.now()
            if found.made or found.revived:
                put_back = {"made": ",".join(found.made), "revived": ",".join(found.revived)}
                logs.event(log, logging.INFO, "webhooks_registered", channel=self.port.name, **put_back)

        def due() -> bool:
            wanted = self.address is not None or hooks.registered(self.runner.house, self.port)
            return wanted and self._may_be_asked(lanes.WEBHOOKS)

        self.runner.run(self.lane, HOOKS, work, due)

    def _leave_hooks(self, house: House) -> None:
        try:
            gone = hooks.leave(house, self.port)
        except CredentialsRejected:
            return  # a key that may not register may not take away either; the shop gives up by itself
        except ConnectorError as error:
            self._fails(lanes.WEBHOOKS, error)
            return
        self._works(lanes.WEBHOOKS)
        logs.event(log, logging.INFO, "webhooks_removed", channel=self.port.name, webhooks=gone)

    # ------------------------------------------------------------------ what follows from a report

    def _until_next_pull(self) -> timedelta:
        return self.lane.pause(self.runner.house.now())

    def _until_next_news(self) -> timedelta:
        return REST if self.lane.resting else self.port.poll

    def _until_next_listings(self) -> timedelta:
        return (self._until_rested() if self.lane.relist else timedelta()) or LISTINGS_EVERY

    def _until_rested(self) -> timedelta:
        """How long the listings must not be read again only because something new is on sale."""
        read_at = self.lane.relisted_at
        return timedelta() if read_at is None else max(timedelta(), read_at + RELIST_EVERY - self.runner.house.now())

    def _may_be_asked(self, *about: str) -> bool:
        return not self.lane.left_alone(self.runner.house.now(), *about)

    def _heed(self, report: Report, *, whole: bool = False) -> None:
        """Note what of the channel failed and what worked; each change is told once. `whole`: all was to be written."""
        name = self.port.name
        failed, unlisted, pushed = report.failed.get(name), report.unlisted.get(name), report.pushed.get(name)
        if unlisted is not None:
            self._fails(lanes.LISTINGS, unlisted)
        if failed is not None and failed is not unlisted:
            self._fails(lanes.ORDERS, failed)
        elif name in report.pulled:
            self._works(lanes.ORDERS)
        if pushed is None:
            return
        if pushed.error is not None:
            self._fails(lanes.NUMBERS, pushed.error)
        elif pushed.written or (not pushed.waiting and (whole or not self._is_turned_away())):
            self._works(lanes.NUMBERS)

    def _is_turned_away(self) -> bool:
        """True where the channel refused numbers for a reason that only a person mends: that it can be read is no sign
        that it takes them again."""
        trouble = self.lane.troubles.get(lanes.NUMBERS)
        return trouble is not None and isinstance(trouble.error, CredentialsRejected | Unreadable)

    def _works(self, about: str) -> None:
        if self.lane.works(about):
            logs.event(log, logging.INFO, "channel_answers_again", channel=self.port.name, about=about)

    def _fails(self, about: str, error: ConnectorError) -> None:
        if self.lane.failed(about, error, self.runner.house.now()):
            told = {"channel": self.port.name, "about": about, "why": error, "hint": error.hint}
            logs.event(log, logging.WARNING, "channel_fails", **told)

    def _note_sales(self, pulled: Pulled | None) -> None:
        if pulled is not None and pulled.orders:
            self.lane.last_sale = self.runner.house.now()
            logs.event(
                log, logging.INFO, "orders_read", channel=self.port.name, orders=pulled.orders, units=pulled.units
            )

    def _note_written(self, report: Report) -> None:
        pushed = report.pushed.get(self.port.name)
        if pushed is None:
            return
        held = pushed.hold.id if pushed.hold is not None else None
        if pushed.hold is not None and held != self.lane.held:
            fields = {"hold": held, "why": pushed.hold.reason, "hint": "syncd holds"}
            logs.event(log, logging.WARNING, "held_for_your_yes", channel=self.port.name, **fields)
        self.lane.held = held
        for lag in pushed.lags:
            self.runner.meter.sale_pushed(self.port.name, lag)
        if pushed.shown:
            logs.event(log, logging.INFO, "statuses_written", channel=self.port.name, listings=pushed.shown)
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
