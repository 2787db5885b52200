"""Any sequence of stock, thresholds, answers, time, crashes and failing targets, against a model of its own.

What must hold: every crossing is told to every target that is to hear of it; none is told twice but within the stated
window (a crash or a lost answer), and then as the same message; ±1 does not flap; in the end nothing waits.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from syncd.alerts import desk, dispatcher, evaluator
from syncd.domain.alerts import Severity
from syncd.domain.routing import Digest, Matter, QuietHours, Route, Routes, Schedule
from syncd.storage import alerts, post
from syncd.storage.schema import alerts as alert_table
from syncd.storage.schema import notifications
from syncd.sync.house import Refusal
from tests.alerts.notified import Crash, Fate, MemoryNotifier, Told, acceptances
from tests.engine.machine import _database as fresh

SKUS = ("MUG", "PEN")
ANNA, SLACK = "anna@shop.example", "slack"
RANK = {"low": 1, "out": 2, "oversold": 3}

skus = st.sampled_from(SKUS)
fates = st.sampled_from(Fate)


@dataclass
class Shelf:
    """What a SKU's alert should be, told apart from the code that is tested."""

    on_hand: int
    promised: int = 0
    point: int = 5
    rule: str | None = None
    missing: int = 0  # promised too many, as far as it was told
    crossings: list[str] = field(default_factory=list)  # what each target is to hear, in its order

    @property
    def available(self) -> int:
        return self.on_hand - self.promised

    def look(self) -> None:
        """Move on to what holds now, and remember what is to be told of it."""
        before, now = self.rule, None
        spare = {limit: max(2, (limit + 9) // 10) for limit in (0, self.point)}
        if self.available < 0 or (before == "oversold" and self.available == 0):
            now = "oversold"
        elif self.available <= 0 or (RANK.get(before or "", 0) >= 2 and self.available <= spare[0]):
            now = "out"
        elif self.available <= self.point or (before is not None and self.available <= self.point + spare[self.point]):
            now = "low"
        if now is not None and (before is None or RANK[now] > RANK[before]):
            self.crossings.append(f"{'escalated' if before else 'raised'} {now}")
            self.missing = max(0, -self.available)
        elif now == "oversold" and -self.available > self.missing:
            self.crossings.append("escalated oversold")
            self.missing = -self.available
        if before == "oversold" and now != "oversold":
            self.crossings.append("over oversold")
        self.rule = now


@dataclass(frozen=True)
class Plan:
    """Who is told, and when."""

    slack_gets: tuple[Matter, ...] | None
    quiet: QuietHours | None
    at_once: tuple[Matter, ...]
    weekly: bool
    daily_line: bool


plans = st.builds(
    Plan,
    slack_gets=st.sampled_from([None, (Matter(severity=Severity.CRITICAL),)]),
    quiet=st.sampled_from([None, QuietHours(time(22), time(7))]),
    at_once=st.sampled_from(
        [
            (),
            (Matter(severity=Severity.CRITICAL),),
            (Matter(severity=Severity.CRITICAL), Matter(severity=Severity.WARNING)),
        ]
    ),
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

    @initialize(plan=plans, units=st.tuples(st.integers(0, 12), st.integers(0, 12)), parts=st.integers(1, 2))
    def open_the_shop(self, plan: Plan, units: tuple[int, int], parts: int) -> None:
        db = self._open.enter_context(fresh())
        self.targets = {
            ANNA: MemoryNotifier(ANNA, 1, lambda: self._fate(ANNA)),
            SLACK: MemoryNotifier(SLACK, parts, lambda: self._fate(SLACK)),
        }
        for target in self.targets.values():
            target.in_doubt = self._doubted
        both = (ANNA, SLACK)
        routes = Routes(both)
        if plan.slack_gets is not None:
            routes = Routes(both, (*(Route(one, both) for one in plan.slack_gets), Route(Matter(), (ANNA,))))
        schedule = Schedule(
            plan.at_once, Digest(time(8), 0 if plan.weekly else None), plan.quiet, daily_line=plan.daily_line
        )
        self.told = Told(db, *self.targets.values(), routes=routes, schedule=schedule)
        self.accepted = acceptances(self.told, *self.targets.values())
        for sku, on_hand in zip(SKUS, units, strict=True):
            self.shelves[sku] = Shelf(on_hand)
            self.told.sku(sku, on_hand)
            self.shelves[sku].look()

    def _doubted(self, message_id: str) -> None:
        self.unsure[message_id] += 1

    def _fate(self, target: str) -> Fate:
        return self.coming[target].pop(0) if self.coming[target] else Fate.TAKEN

    # ------------------------------------------------------------------ what happens

    @rule(sku=skus, units=st.sampled_from([-9, -3, -2, -1, 1, 1, 2, 3, 12]))
    def stock_changes(self, sku: str, units: int) -> None:
        self.told.move(sku, units)
        self.shelves[sku].on_hand += units
        self.shelves[sku].look()

    @rule(sku=skus, units=st.sampled_from([-2, -1, 1, 1, 2, 5]))
    def customers_order(self, sku: str, units: int) -> None:
        units = max(units, -self.shelves[sku].promised)
        if units:
            self.told.promise(sku, units)
            self.shelves[sku].promised += units
            self.shelves[sku].look()

    @rule(sku=skus, point=st.sampled_from([0, 1, 3, 5, 10, 11]))
    def the_threshold_changes(self, sku: str, point: int) -> None:
        self.told.set_point(sku, point)
        self.shelves[sku].point = point
        self.shelves[sku].look()

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

    @rule(sku=skus)
    def a_person_reads(self, sku: str) -> None:
        with contextlib.suppress(Refusal):
            desk.ack(self.told.house, [sku])

    @rule(sku=skus, hours=st.sampled_from([1, 5, 30]))
    def a_person_puts_off(self, sku: str, hours: int) -> None:
        until = self.told.clock() + timedelta(hours=hours)
        with contextlib.suppress(Refusal):
            desk.snooze(self.told.house, [sku], until)

    @rule(seconds=st.sampled_from([1, 20, 60, 600]))
    def time_passes(self, seconds: int) -> None:
        self.told.clock.forward(seconds=seconds)

    @rule(hours=st.sampled_from([3, 9, 25]))
    def long_time_passes(self, hours: int) -> None:
        self.told.clock.forward(hours=hours)

    @rule()
    def the_house_is_looked_at(self) -> None:
        evaluator.sweep(self.told.house)

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
    def every_crossing_is_written_down_for_each_target_once(self) -> None:
        if not self.shelves:
            return
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        query = (
            select(notifications.c.target, alert_table.c.subject, notifications.c.event, notifications.c.rule)
            .join(alert_table, alert_table.c.id == notifications.c.alert)
            .where(alert_table.c.family == "stock", notifications.c.event != "again")
            .order_by(notifications.c.id)
        )
        with self.told.db.read() as tx:
            for target, sku, event, rule_then in tx.execute(query):
                found[target, sku].append(f"{event} {rule_then}")
        for sku, shelf in self.shelves.items():
            assert sorted(found[ANNA, sku]) == sorted(shelf.crossings)
            if not self.told.house.routes.routes:
                assert sorted(found[SLACK, sku]) == sorted(shelf.crossings)
            else:
                oversold = [one for one in shelf.crossings if one.endswith("oversold")]
                assert sorted(found[SLACK, sku]) == sorted(oversold)

    @invariant()
    def nothing_is_told_twice_beyond_the_window(self) -> None:
        if not self.shelves:
            return
        for target in self.targets.values():
            for (message_id, _part), times in target.times_taken().items():
                assert times <= 1 + self.unsure[message_id]
        for ids in self.accepted.values():  # in another message only where one was given up
            given_up = [one for one in ids if self.unsure[one] >= dispatcher.UNSURE_AT_MOST]
            assert len(ids) <= 1 + len(given_up)

    def teardown(self) -> None:
        try:
            if self.shelves:
                self._come_to_rest()
        finally:
            self._open.close()

    def _come_to_rest(self) -> None:
        """The targets are well again: within a week and a bit all is told, and then nothing more."""
        for _ in range(9 * 3):
            self.told.clock.forward(hours=8)
            self.told.deliver()
        self.told.deliver_after(days=1)
        with self.told.db.read() as tx:
            for name in self.targets:
                assert post.outgoing(tx, name) == []
                assert alerts.waiting(tx, name, self.told.clock() + timedelta(days=30)) == []
            numbers = tx.execute(select(notifications.c.target, notifications.c.id)).all()
            assert alerts.open_alerts(tx, None) == [one for one in alerts.open_alerts(tx) if one.family != "target"]
        assert {tuple(one) for one in numbers} == self.accepted.keys()
        if not self.told.house.schedule.daily_line:
            assert dispatcher.due(self.told.office) == []
        self.nothing_is_told_twice_beyond_the_window()
