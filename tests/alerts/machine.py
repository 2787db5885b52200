"""Any sequence of stock, thresholds, answers, time, crashes and failing targets, against a model of its own.

What must hold: every crossing is told to every target that is to hear of it, unless a person has read it first; none is
told twice but within the stated window (a crash or a lost answer), and then as the same message; ±1 does not flap; in
the end nothing waits.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from syncd.alerts import desk, dispatcher, evaluator
from syncd.domain.alerts import Rule, Severity
from syncd.domain.routing import Digest, Matter, QuietHours, Route, Routes, Schedule
from syncd.storage import alerts, post
from syncd.storage.schema import alerts as alert_table
from syncd.storage.schema import notifications
from syncd.sync.house import Refusal
from tests.alerts.notified import ZONE, Crash, Fate, MemoryNotifier, Told, acceptances
from tests.engine.machine import _database as fresh

SKUS = ("MUG", "PEN")
ANNA, SLACK = "anna@shop.example", "slack"
BOTH = (ANNA, SLACK)
RANK = {"low": 1, "out": 2, "oversold": 3}

skus = st.sampled_from(SKUS)
fates = st.sampled_from(Fate)

ROUTES = {
    "everybody": Routes(BOTH),
    "slack when critical": Routes(BOTH, (Route(Matter(severity=Severity.CRITICAL), BOTH), Route(Matter(), (ANNA,)))),
    "by step": Routes(BOTH, (Route(Matter(rule=Rule.OVERSOLD), (SLACK,)), Route(Matter(), (ANNA,)))),
    "slack never": Routes((ANNA,)),
}


def hear(routes: str, step: str) -> set[str]:
    """Who is to hear of a step; told apart from the code that is tested."""
    if routes == "everybody" or (routes == "slack when critical" and step == "oversold"):
        return {ANNA, SLACK}
    return {SLACK} if routes == "by step" and step == "oversold" else {ANNA}


@dataclass
class Shelf:
    """What a SKU's alert should be, and what each target is to hear of it."""

    on_hand: int
    promised: int = 0
    point: int = 5
    rule: str | None = None
    missing: int = 0  # promised too many, as far as it was told
    crossings: dict[str, list[str]] = field(default_factory=lambda: {ANNA: [], SLACK: []})

    @property
    def available(self) -> int:
        return self.on_hand - self.promised

    def look(self, routes: str, heard: set[str], *, aside: bool) -> None:
        """Move on to what holds now, and remember who is to hear of it; `heard`: those who have heard of this alert;
        `aside`: a person has read it, or put it off."""
        before, now = self.rule, None
        spare = {limit: max(2, (limit + 9) // 10) for limit in (0, self.point)}
        if self.available < 0 or (before == "oversold" and self.available == 0):
            now = "oversold"
        elif self.available <= 0 or (RANK.get(before or "", 0) >= 2 and self.available <= spare[0]):
            now = "out"
        elif self.available <= self.point or (before is not None and self.available <= self.point + spare[self.point]):
            now = "low"
        worse = now is not None and (before is None or RANK[now] > RANK[before])
        deeper = now == before == "oversold" and -self.available > self.missing
        if now is not None and (worse or deeper):
            self._tell(f"{'escalated' if before else 'raised'} {now}", hear(routes, now))
            self.missing = max(0, -self.available)
        if before == "oversold" and now != "oversold" and heard:
            self._tell("over oversold", hear(routes, "oversold"))
            heard = heard | hear(routes, "oversold")
        if before is not None and now is not None and RANK[now] < RANK[before] and not aside:
            self._tell(f"raised {now}", hear(routes, now) - heard)
        self.rule = now

    def catch_up(self, routes: str, heard: set[str], *, aside: bool) -> None:
        """Who has not heard of it is told now."""
        if self.rule is not None and not aside:
            self._tell(f"raised {self.rule}", hear(routes, self.rule) - heard)

    def _tell(self, what: str, targets: set[str]) -> None:
        for target in targets:
            self.crossings[target].append(what)


@dataclass(frozen=True)
class Plan:
    """Who is told, and when."""

    routes: str
    quiet: QuietHours | None
    at_once: tuple[Matter, ...]
    weekly: bool
    daily_line: bool


critical, warning = Matter(severity=Severity.CRITICAL), Matter(severity=Severity.WARNING)
plans = st.builds(
    Plan,
    routes=st.sampled_from(list(ROUTES)),
    quiet=st.sampled_from([None, QuietHours(time(22), time(7))]),
    at_once=st.sampled_from([(), (critical,), (critical, warning)]),
    weekly=st.booleans(),
    daily_line=st.booleans(),
)


class Telling(RuleBasedStateMachine):
    """Two SKUs, two targets, and all that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self._open = contextlib.ExitStack()
        self.shelves: dict[str, Shelf] = {}
        self.coming: dict[str, list[Fate]] = {ANNA: [], SLACK: []}
        self.unsure: Counter[str] = Counter()  # by Message-ID: how often its answer was lost, or its sender died
        self.given_up: set[str] = set()  # messages that were turned away for good, though perhaps taken in part
        self.met: set[str] = set()
        self.looked_on: date | None = None

    @initialize(plan=plans, units=st.tuples(st.integers(0, 12), st.integers(0, 12)), parts=st.integers(1, 2))
    def open_the_shop(self, plan: Plan, units: tuple[int, int], parts: int) -> None:
        db = self._open.enter_context(fresh())
        self.targets = {
            ANNA: MemoryNotifier(ANNA, 1, lambda: self._fate(ANNA)),
            SLACK: MemoryNotifier(SLACK, parts, lambda: self._fate(SLACK)),
        }
        for target in self.targets.values():
            target.in_doubt = self._doubted
            target.on_refusal = self.given_up.add
        schedule = Schedule(
            plan.at_once, Digest(time(8), 0 if plan.weekly else None), plan.quiet, daily_line=plan.daily_line
        )
        self.routes = plan.routes
        self.told = Told(db, *self.targets.values(), routes=ROUTES[self.routes], schedule=schedule)
        self.accepted = acceptances(self.told, *self.targets.values())
        for sku, on_hand in zip(SKUS, units, strict=True):
            self.told.sku(sku, on_hand)
            self.shelves[sku] = Shelf(on_hand)
            self.shelves[sku].look(self.routes, set(), aside=False)

    def _doubted(self, message_id: str) -> None:
        self.unsure[message_id] += 1

    def _fate(self, target: str) -> Fate:
        return self.coming[target].pop(0) if self.coming[target] else Fate.TAKEN

    def _standing(self, sku: str) -> tuple[set[str], bool]:
        """Who has heard of the open alert of a SKU, and whether a person has answered it."""
        with self.told.db.read() as tx:
            found = [one for one in alerts.open_alerts(tx) if one.sku == sku and one.family.value == "stock"]
            heard = alerts.heard_by(tx, [one.id for one in found])
        aside = bool(found) and (found[0].seen_at is not None or found[0].put_off_until is not None)
        return (heard.get(found[0].id, set()) if found else set()), aside

    # ------------------------------------------------------------------ what happens

    @rule(sku=skus, units=st.sampled_from([-9, -3, -2, -1, 1, 1, 2, 3, 12]))
    def stock_changes(self, sku: str, units: int) -> None:
        heard, aside = self._standing(sku)
        self.told.move(sku, units)
        self.shelves[sku].on_hand += units
        self.shelves[sku].look(self.routes, heard, aside=aside)

    @rule(sku=skus, units=st.sampled_from([-2, -1, 1, 1, 2, 5]))
    def customers_order(self, sku: str, units: int) -> None:
        units = max(units, -self.shelves[sku].promised)
        if units:
            heard, aside = self._standing(sku)
            self.told.promise(sku, units)
            self.shelves[sku].promised += units
            self.shelves[sku].look(self.routes, heard, aside=aside)

    @rule(sku=skus, point=st.sampled_from([0, 1, 3, 5, 10, 11]))
    def the_threshold_changes(self, sku: str, point: int) -> None:
        heard, aside = self._standing(sku)
        self.told.set_point(sku, point)
        self.shelves[sku].point = point
        self.shelves[sku].look(self.routes, heard, aside=aside)

    @rule(sku=skus, units=st.sampled_from([-9, -1]))
    def dies_before_the_commit(self, sku: str, units: int) -> None:
        before_commit = self.told.db.before_commit

        def dies(tx: object) -> None:
            before_commit(tx)  # type: ignore[arg-type]
            raise Crash

        self.told.db.before_commit = dies
        with contextlib.suppress(Crash):
            self.told.move(sku, units)
        self.told.db.before_commit = before_commit

    @rule(sku=skus, hours=st.sampled_from([None, None, 1, 5, 30]))
    def a_person_reads_or_puts_off(self, sku: str, hours: int | None) -> None:
        """Of what is in no message yet nobody need be told."""
        waiting = self._unwritten(sku)
        with contextlib.suppress(Refusal):
            if hours is None:
                desk.ack(self.told.house, [sku])
            else:
                desk.snooze(self.told.house, [sku], self.told.clock() + timedelta(hours=hours))
            for target, what in waiting:
                self.shelves[sku].crossings[target].remove(what)
        assert self._unwritten(sku) == []

    def _unwritten(self, sku: str) -> list[tuple[str, str]]:
        here = (alert_table.c.subject == sku) & alert_table.c.closed_at.is_(None)
        query = (
            select(notifications.c.target, notifications.c.event, notifications.c.rule)
            .join(alert_table, alert_table.c.id == notifications.c.alert)
            .where(here, notifications.c.message.is_(None), notifications.c.event != "again")
        )
        with self.told.db.read() as tx:
            return [(target, f"{event} {rule_then}") for target, event, rule_then in tx.execute(query)]

    @rule(seconds=st.sampled_from([1, 20, 60, 600]))
    def time_passes(self, seconds: int) -> None:
        self.told.clock.forward(seconds=seconds)

    @rule(hours=st.sampled_from([3, 9, 25]))
    def long_time_passes(self, hours: int) -> None:
        self.told.clock.forward(hours=hours)

    @rule()
    def the_house_is_looked_at(self) -> None:
        before = {sku: self._standing(sku) for sku in SKUS}
        with self.told.db.read() as tx:  # they are told once more, and have heard of it then
            ended = {one.sku for one in alerts.put_off_ended(tx, self.told.clock())}
        evaluator.sweep(self.told.house)
        today = self.told.clock().astimezone(ZONE).date()
        if today != self.looked_on:
            self.looked_on = today
            for sku, (heard, aside) in before.items():
                if sku not in ended:
                    self.shelves[sku].catch_up(self.routes, heard, aside=aside)
                else:  # all who are to hear of it have just been told once more
                    assert self._standing(sku)[0] >= hear(self.routes, self.shelves[sku].rule or "")

    @rule(routes=st.sampled_from(list(ROUTES)))
    def a_service_begins_with_other_routes(self, routes: str) -> None:
        self.routes = routes
        before = {sku: self._standing(sku) for sku in SKUS}
        self.told.reroute(ROUTES[routes])
        dispatcher.try_at_once(self.told.office)
        for sku, (heard, aside) in before.items():
            self.shelves[sku].catch_up(routes, heard, aside=aside)

    @rule(
        anna=st.lists(fates, max_size=3),
        slack=st.lists(fates, max_size=3),
        gather=st.booleans(),
        after_hours=st.sampled_from([0, 0, 1, 25]),
    )
    def the_post_goes_out(self, anna: list[Fate], slack: list[Fate], gather: bool, after_hours: int) -> None:
        self.told.clock.forward(hours=after_hours)
        self.coming = {ANNA: anna, SLACK: slack}
        try:
            self.told.deliver(gather=gather)
        except Crash:
            self.told.restart()
        self.coming = {ANNA: [], SLACK: []}

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def alerts_are_as_the_shelf_is(self) -> None:
        if self.shelves:
            expected = {sku: shelf.rule for sku, shelf in self.shelves.items() if shelf.rule is not None}
            assert self.told.open_rules() == expected

    @invariant()
    def every_crossing_is_written_down_for_whom_it_concerns_once(self) -> None:
        if not self.shelves:
            return
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        query = (
            select(notifications.c.target, alert_table.c.subject, notifications.c.event, notifications.c.rule)
            .join(alert_table, alert_table.c.id == notifications.c.alert)
            .where(alert_table.c.family == "stock", notifications.c.event != "again")
        )
        with self.told.db.read() as tx:
            for target, sku, event, rule_then in tx.execute(query):
                found[target, sku].append(f"{event} {rule_then}")
        for sku, shelf in self.shelves.items():
            for target in BOTH:
                assert sorted(found[target, sku]) == sorted(shelf.crossings[target])

    @invariant()
    def nothing_is_told_twice_beyond_the_window(self) -> None:
        if not self.shelves:
            return
        for target in self.targets.values():
            for (message_id, _part), times in target.times_taken().items():
                assert times <= 1 + self.unsure[message_id]
        for ids in self.accepted.values():  # in another message only where one was given up
            given_up = [one for one in ids if self.unsure[one] >= dispatcher.UNSURE_AT_MOST or one in self.given_up]
            assert len(ids) <= 1 + len(given_up)

    def teardown(self) -> None:
        try:
            if self.shelves:
                self._come_to_rest()
        finally:
            self._open.close()

    def _come_to_rest(self) -> None:
        """The targets are well again: within a week and a bit all is told, and then nothing more."""
        self.told.reroute(ROUTES["everybody"])  # also to whom nothing is routed any more
        for _ in range(9 * 3):
            self.told.clock.forward(hours=8)
            self.told.deliver()
        self.told.deliver_after(days=1)
        with self.told.db.read() as tx:
            for name in self.targets:
                assert post.outgoing(tx, name) == []
                assert alerts.waiting(tx, name, self.told.clock() + timedelta(days=30)) == []
            numbers = tx.execute(select(notifications.c.target, notifications.c.id)).all()
            assert [one.subject for one in alerts.open_alerts(tx) if one.family.value == "target"] == []
        assert {tuple(one) for one in numbers} == self.accepted.keys()
        if not self.told.house.schedule.daily_line:
            assert dispatcher.due(self.told.office) == []
        self.nothing_is_told_twice_beyond_the_window()
