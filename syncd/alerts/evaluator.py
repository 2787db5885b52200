"""Finds what is to be told, within the transaction that changed it (design.md §5): one open alert for each family and
subject, and a notification for each crossing and target."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from syncd.domain import alerts as rules
from syncd.domain.alerts import Event, Family, Idleness, Pace, Rule, Shelf
from syncd.domain.replenishment import days_left
from syncd.domain.said import Said
from syncd.storage import alerts, catalogue, demand, holds, incidents, meta, orders, touched
from syncd.storage.alerts import Alert, Subject
from syncd.storage.catalogue import Sku
from syncd.storage.demand import Selling
from syncd.storage.incidents import Incident, IncidentKind
from syncd.storage.session import Tx
from syncd.storage.touched import Touched
from syncd.sync import replenishing, stock
from syncd.sync.house import House

log = logging.getLogger("syncd.alerts")

LOOKED_ON = "alerts looked on"
"""The name under which the day of the last look at everything is kept, as an ordinal; 0: look again."""

RULE_OF: Mapping[IncidentKind, Rule] = MappingProxyType(
    {
        IncidentKind.EDIT: Rule.DRIFT,
        IncidentKind.UNMAPPED: Rule.UNMAPPED,
        IncidentKind.UNREADABLE: Rule.LISTING,
        IncidentKind.REJECTED: Rule.LISTING,
        IncidentKind.LEFT_ALONE: Rule.LISTING,
        IncidentKind.VANISHED: Rule.LISTING,
        IncidentKind.NOT_SHOWN: Rule.LISTING,
        IncidentKind.SILENT: Rule.CHANNEL,
        IncidentKind.PARKED: Rule.CHANNEL,
        IncidentKind.GAP: Rule.CHANNEL,
        IncidentKind.BEHIND: Rule.CHANNEL,
        IncidentKind.RESTORED: Rule.CHANNEL,
        IncidentKind.QUIET: Rule.QUIET,
        IncidentKind.OUT_OF_SIGHT: Rule.DECIDE,
        IncidentKind.FEED: Rule.FEED,
        IncidentKind.OVERDUE: Rule.LATE,
        IncidentKind.FAILED: Rule.SERVICE,
        IncidentKind.LATE: Rule.SERVICE,
        IncidentKind.HOOKS: Rule.SERVICE,
        IncidentKind.BACKUP: Rule.SERVICE,
        IncidentKind.REFUSED: Rule.SERVICE,
    }
)
"""By which rule an incident is told, unless it is that the service has stopped. An oversold SKU is told by its stock,
with all that is known of it."""


def rule_of(incident: Incident) -> Rule:
    """By which rule an incident of one of the kinds in `RULE_OF` is told."""
    stopped = (incident.kind, incident.subject) == (IncidentKind.FAILED, incidents.THE_SERVICE)
    return Rule.STOPPED if stopped else RULE_OF[incident.kind]


def attach(house: House) -> None:
    """From now on each transaction of this house writes the alerts of what it changes."""
    house.db.before_commit = partial(_look, house)


def _look(house: House, tx: Tx) -> None:
    """Never in the way: a defect here must not take with it the sale that is being booked. What it missed is found at
    the next `sweep`."""
    try:
        with tx.begin_nested():
            Evaluator(house, tx).look(touched.of(tx))
    except Exception:
        log.exception("alerts_not_looked_at")
        meta.put(tx, LOOKED_ON, 0)


def sweep(house: House) -> None:
    """Find what no transaction could: what time has changed, alerts that were put off, and once a day everything.

    Cheap but for the first time of a day; safe to repeat and to leave out for long.
    """
    today = house.today().toordinal()
    with house.db.read() as tx:
        looked_on = meta.get(tx, LOOKED_ON)
    with house.db.write() as tx:
        look = Evaluator(house, tx)
        look.at_incidents(None)
        look.at_holds()
        look.at_put_off()
        look.at_targets_gone()
        if looked_on != today:
            look.at_orders(None)
            look.at_stock(None)
            look.catch_up()
            meta.put(tx, LOOKED_ON, today)


@dataclass(frozen=True, slots=True)
class _Case:
    """A subject, its open alert (``None``: none), and the worst rule of its family that holds now."""

    subject: str
    standing: Alert | None
    rule: Rule | None
    sku: Sku | None = None
    channel: str = ""
    said: tuple[Said, Said] | None = None
    missing: int = 0  # units promised too many


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Looks at parts of the house within one transaction, and writes what is to be told of them."""

    house: House
    tx: Tx

    def look(self, changed: Touched) -> None:
        """Look at what a transaction has touched."""
        if changed.every_sku:
            self.at_stock(None)
        elif changed.sku_ids:
            self.at_stock(sorted(changed.sku_ids))
        if changed.incidents:
            self.at_incidents(changed.incidents)
        if changed.holds:
            self.at_holds()
        if changed.orders:
            self.at_orders(changed.orders)

    # ------------------------------------------------------------------ what it looks at

    def at_stock(self, sku_ids: Sequence[int] | None) -> None:
        """The shelf of these SKUs, or of all. What is not counted is not sold, and nobody is told of it."""
        tx, house = self.tx, self.house
        found = catalogue.all_skus(tx) if sku_ids is None else catalogue.by_ids(tx, sku_ids)
        if not found:
            return
        there, points = stock.load(tx, house, sku_ids), replenishing.points(tx, house, sku_ids)
        selling, lead_times = demand.of_skus(tx, sku_ids), replenishing.lead_times(tx, house, found)
        sells, today, now = house.sells, house.today(), house.now()
        standing = self._standing(Family.STOCK, sku_ids, found)
        running_out = self._standing(Family.RUNS_OUT, sku_ids, found)
        cases: dict[Family, list[_Case]] = {Family.STOCK: [], Family.RUNS_OUT: [], Family.SLOW: []}
        for sku in found:
            at, counted = there[sku.id], sku.counted_at is not None
            available = at.pools.available
            lasts = _days_left(available, selling.get(sku.id))
            next_on = at.deliveries[0].expected_on if at.deliveries else None
            next_in = (next_on - today).days if next_on is not None else lead_times.get(sku.id)
            shelf = Shelf(available, at.pools.left_for(sells), points[sku.id].units)
            low, late = standing.get(sku.sku), running_out.get(sku.sku)
            rule = rules.stock_rule(shelf, low.rule if low else None) if counted else None
            cases[Family.STOCK].append(_Case(sku.sku, low, rule, sku, missing=max(0, -shelf.left)))
            rule = rules.runs_out_rule(Pace(available, lasts, next_in), late.rule if late else None)
            cases[Family.RUNS_OUT].append(_Case(sku.sku, late, rule if counted else None, sku))
        if sku_ids is None:
            lying = self._standing(Family.SLOW, None, found)
            for sku in found:
                one, slow = selling.get(sku.id), lying.get(sku.sku)
                rule = None
                if one is not None and sku.counted_at is not None:
                    available = there[sku.id].pools.available
                    since = one.last_sold_at or one.first_seen_at
                    idle = Idleness(available, now - one.first_seen_at, now - since, _days_left(available, one))
                    rule = rules.slow_rule(idle, house.dead_after, house.overstock_after, slow.rule if slow else None)
                cases[Family.SLOW].append(_Case(sku.sku, slow, rule, sku))
        for family, some in cases.items():
            self._settle(family, some)

    def at_incidents(self, numbers: Collection[int] | None) -> None:
        """Incidents with these numbers that were opened or closed; with ``None`` all."""
        subjects = None if numbers is None else [str(number) for number in numbers]
        standing = {one.subject: one for one in alerts.open_alerts(self.tx, Family.INCIDENT, subjects)}
        still: dict[str, Incident] = {
            str(one.id): one
            for one in incidents.open_incidents(self.tx)
            if one.kind in RULE_OF and (numbers is None or one.id in numbers)
        }
        self._settle(
            Family.INCIDENT,
            [
                _Case(
                    subject,
                    standing.get(subject),
                    rule_of(still[subject]) if subject in still else None,
                    channel=still[subject].channel if subject in still else standing[subject].channel,
                )
                for subject in {**standing, **still}
            ],
        )

    def at_holds(self) -> None:
        """Changes that wait for a yes. A feed that is held is an incident, too, and told as that."""
        standing = {one.subject: one for one in alerts.open_alerts(self.tx, Family.HOLD)}
        still = {str(one.id): one.channel for one in holds.every_open(self.tx) if one.feed is None}
        self._settle(Family.HOLD, _there_or_not(standing, still, Rule.HOLD))

    def at_orders(self, which: Collection[tuple[str, str]] | None) -> None:
        """Orders that ended and hold their units; these, as (channel, order id), or all."""
        names = None if which is None else [_order(channel, order_id) for channel, order_id in which]
        standing = {one.subject: one for one in alerts.open_alerts(self.tx, Family.DECIDE, names)}
        waiting = orders.to_decide(self.tx, None if which is None else {order_id for _, order_id in which})
        still = {_order(one.channel, one.order_id): one.channel for one in waiting}
        if names is not None:
            still = {name: channel for name, channel in still.items() if name in names}
        self._settle(Family.DECIDE, _there_or_not(standing, still, Rule.DECIDE))

    def at_target(self, name: str, trouble: tuple[Said, Said] | None) -> None:
        """A target that cannot be told, and why; or that can again."""
        standing = next(iter(alerts.open_alerts(self.tx, Family.TARGET, [name])), None)
        if standing is not None and trouble is not None:
            alerts.change(self.tx, [standing.id], said=[said.as_json() for said in trouble])
        self._settle(Family.TARGET, [_Case(name, standing, Rule.TARGET if trouble else None, said=trouble)])

    def at_targets_gone(self) -> None:
        """That a target cannot be told is over when the settings name it no longer."""
        named = self.house.routes.everybody()
        standing = [one for one in alerts.open_alerts(self.tx, Family.TARGET) if one.subject not in named]
        self._settle(Family.TARGET, [_Case(one.subject, one, None) for one in standing])

    def at_put_off(self) -> None:
        """Tell once more of what was put off until now and is still so."""
        due = alerts.put_off_ended(self.tx, self.house.now())
        if due:
            alerts.change(self.tx, [one.id for one in due], put_off_until=None)
            self._notify([(one.id, Event.AGAIN, one.rule, one.category, one.subject) for one in due])

    # ------------------------------------------------------------------ what becomes of it

    def _standing(self, family: Family, sku_ids: Sequence[int] | None, found: Iterable[Sku]) -> dict[str, Alert]:
        subjects = None if sku_ids is None else [sku.sku for sku in found]
        return {one.subject: one for one in alerts.open_alerts(self.tx, family, subjects)}

    def _settle(self, family: Family, cases: Iterable[_Case]) -> None:
        """Bring the alerts of one family in step with what holds now."""
        raised: list[_Case] = []
        worse: dict[int, tuple[Rule, int]] = {}
        eased: dict[int, Rule] = {}
        better: list[Alert] = []
        over: list[int] = []
        told: list[tuple[int, Event, Rule, str | None, str]] = []
        well: list[tuple[int, Event, Rule, str | None, str]] = []
        for case in cases:
            before, rule = case.standing, case.rule
            event = rules.change(before.rule if before else None, rule)
            if before is None:
                if rule is not None:
                    raised.append(case)
                continue
            if event is None and rule is Rule.OVERSOLD and case.missing > before.missing:
                event = Event.ESCALATED  # each unit is another promise that cannot be kept
            if event is Event.ESCALATED and rule is not None:
                worse[before.id] = rule, case.missing
                told.append((before.id, event, rule, before.category, case.subject))
            elif event is Event.EASED and rule is not None:
                eased[before.id] = rule
                if not before.answered:
                    better.append(replace(before, rule=rule))
            elif event is Event.OVER:
                over.append(before.id)
            if event in (Event.EASED, Event.OVER) and rules.ends_well(before.rule, rule):
                well.append((before.id, Event.OVER, before.rule, before.category, case.subject))
        now = self.house.now()
        alerts.worsen(self.tx, worse)
        alerts.ease(self.tx, eased)
        alerts.end(self.tx, over, now)
        subjects = [_subject(family, case) for case in raised]
        for number, case in zip(alerts.raise_all(self.tx, subjects, now), raised, strict=True):
            assert case.rule is not None
            told.append((number, Event.RAISED, case.rule, case.sku.category if case.sku else None, case.subject))
        if well:
            heard = alerts.heard_by(self.tx, [number for number, *_ in well])
            told += [one for one in well if one[0] in heard]
        self._notify(told)
        self._tell_who_has_not_heard(better)

    def catch_up(self, only: str | None = None) -> None:
        """Let those who have heard nothing of an open alert be told of it: a new target (`only` that one), or one of
        whom the settings say something else now. Not of what a person has read or put off."""
        still = [one for one in alerts.open_alerts(self.tx) if not one.answered]
        self._tell_who_has_not_heard(still, only)

    def _tell_who_has_not_heard(self, some: Sequence[Alert], only: str | None = None) -> None:
        """Of the rule that holds now may be told who was not told of a worse one."""
        if not some:
            return
        heard = alerts.heard_by(self.tx, [one.id for one in some])
        unheard = {
            one.id: set(self._targets(one.rule, one.category, one.subject)) - heard.get(one.id, set()) for one in some
        }
        if only is not None:
            unheard = {number: names & {only} for number, names in unheard.items()}
        self._notify([(one.id, Event.RAISED, one.rule, one.category, one.subject) for one in some], unheard)

    def _targets(self, rule: Rule, category: str | None, subject: str) -> tuple[str, ...]:
        targets = self.house.routes.of(rule, category)
        if rule is Rule.TARGET:
            return tuple(name for name in targets if name != subject)  # it cannot be told of itself
        return targets

    def _notify(
        self,
        told: Iterable[tuple[int, Event, Rule, str | None, str]],
        to: Mapping[int, Collection[str]] | None = None,
    ) -> None:
        """Write a row for each target: (alert, event, rule, category, subject) each; `to`: by alert, those to be told,
        where not everybody is whom the routes name."""
        now, schedule, zone = self.house.now(), self.house.schedule, self.house.timezone
        rows = []
        for number, event, rule, category, subject in told:
            targets = self._targets(rule, category, subject) if to is None else to[number]
            if targets:
                due = schedule.due(rule, category, now, zone)
                rows += [(number, name, event, rule, due) for name in targets]
        alerts.notify(self.tx, rows, now)


def _days_left(available: int, selling: Selling | None) -> float | None:
    return days_left(available, selling.demand) if selling is not None else None


def _subject(family: Family, case: _Case) -> Subject:
    assert case.rule is not None
    sku_id = case.sku.id if case.sku is not None else None
    return Subject(family, case.subject, case.rule, sku_id, case.channel, case.said, case.missing)


def _order(channel: str, order_id: str) -> str:
    return f"{channel} {order_id}"


def _there_or_not(standing: Mapping[str, Alert], still: Mapping[str, str], rule: Rule) -> list[_Case]:
    """A case for each subject that has an alert or is still there; `still` names its channel."""
    return [
        _Case(
            subject,
            standing.get(subject),
            rule if subject in still else None,
            channel=still.get(subject, "") or standing[subject].channel,
        )
        for subject in {**standing, **still}
    ]
