"""Alerts: one open row for each family and subject, and a row for each target that is to be told (design.md §5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from syncd.domain.alerts import Event, Family, Rule
from syncd.domain.said import Said
from syncd.storage.among import among
from syncd.storage.schema import LARGEST_ID, alerts, notifications, skus
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `subject` tells it apart within its family: a SKU, a target, an order as ``channel id``, the number of
    an incident or hold. `rule`: the worst since it was raised that has not eased. `seen_at`: a person has read it, and
    it did not get worse since. `put_off_until`: nobody is told again before. `missing`: units promised too many,
    the most that somebody was told of. Instants are aware UTC."""

    id: int
    family: Family
    subject: str
    rule: Rule
    sku_id: int | None
    sku: str | None
    category: str | None
    channel: str
    said: tuple[Said, Said] | None
    missing: int
    opened_at: datetime
    closed_at: datetime | None
    seen_at: datetime | None
    put_off_until: datetime | None

    @property
    def answered(self) -> bool:
        """True where a person has read it, or put it off, be it until now: of that it is told by itself."""
        return self.seen_at is not None or self.put_off_until is not None

    def set_aside(self, now: datetime) -> bool:
        """True where a person has read it, or put it off until later."""
        return self.seen_at is not None or (self.put_off_until is not None and self.put_off_until > now)


_ALL = select(alerts, skus.c.sku, skus.c.category).join(skus, skus.c.id == alerts.c.sku_id, isouter=True)
_OPEN = alerts.c.closed_at.is_(None)


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        row.id,
        Family(row.family),
        row.subject,
        Rule(row.rule),
        row.sku_id,
        row.sku,
        row.category,
        row.channel,
        None if row.said is None else (Said.of_json(row.said[0]), Said.of_json(row.said[1])),
        row.missing,
        row.opened_at,
        row.closed_at,
        row.seen_at,
        row.put_off_until,
    )


def open_alerts(tx: Tx, family: Family | None = None, subjects: Collection[str] | None = None) -> list[Alert]:
    """The open alerts of a family, or of all; of these subjects, or of all; by their numbers."""
    query = _ALL.where(_OPEN).order_by(alerts.c.id)
    if family is not None:
        query = query.where(alerts.c.family == family.value)
    if subjects is not None:
        query = query.where(among(tx, alerts.c.subject, subjects))
    return [_alert(row) for row in tx.execute(query)]


def latest(tx: Tx, most: int) -> list[Alert]:
    """The newest alerts, open and closed, the newest last."""
    rows = tx.execute(_ALL.order_by(alerts.c.id.desc()).limit(most)).all()
    return [_alert(row) for row in reversed(rows)]


def by_ids(tx: Tx, numbers: Iterable[int]) -> dict[int, Alert]:
    """These alerts, open or closed; those that are not there are absent."""
    wanted = [number for number in numbers if 0 < number <= LARGEST_ID]
    return {row.id: _alert(row) for row in tx.execute(_ALL.where(among(tx, alerts.c.id, wanted)))}


def how_many(tx: Tx) -> dict[Rule, int]:
    """How many are open by each rule; every rule is there."""
    rows = tx.execute(select(alerts.c.rule, func.count()).where(_OPEN).group_by(alerts.c.rule))
    return dict.fromkeys(Rule, 0) | {Rule(rule): number for rule, number in rows}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a new alert is about; `said` as in `Alert`."""

    family: Family
    subject: str
    rule: Rule
    sku_id: int | None = None
    channel: str = ""
    said: tuple[Said, Said] | None = None
    missing: int = 0


def raise_all(tx: Tx, new: Sequence[Subject], now: datetime) -> list[int]:
    """Open these alerts; their numbers, in the same order. None of them may be open."""
    if not new:
        return []
    rows = [
        {
            "family": one.family.value,
            "subject": one.subject,
            "rule": one.rule.value,
            "sku_id": one.sku_id,
            "channel": one.channel,
            "said": None if one.said is None else [said.as_json() for said in one.said],
            "missing": one.missing,
            "opened_at": now,
        }
        for one in new
    ]
    made = tx.execute(insert(alerts).returning(alerts.c.id, sort_by_parameter_order=True), rows)
    return list(made.scalars())


def worsen(tx: Tx, rules: Mapping[int, tuple[Rule, int]]) -> None:
    """Write the rule and the missing units of alerts that got worse: as they are now nobody has seen them, or put them
    off."""
    if rules:
        values: dict[str, object] = {"rule": bindparam("rule_now"), "missing": bindparam("missing_now")}
        values |= {"seen_at": None, "put_off_until": None}
        told = [
            {"this": number, "rule_now": rule.value, "missing_now": missing}
            for number, (rule, missing) in rules.items()
        ]
        tx.execute(update(alerts).where(alerts.c.id == bindparam("this")).values(values), told)


def ease(tx: Tx, rules: Mapping[int, Rule]) -> None:
    """Write the rule of alerts that got better; what is missing begins anew."""
    if rules:
        told = [{"this": number, "rule_now": rule.value} for number, rule in rules.items()]
        eased = update(alerts).where(alerts.c.id == bindparam("this"))
        tx.execute(eased.values(rule=bindparam("rule_now"), missing=0), told)


def end(tx: Tx, numbers: Collection[int], now: datetime) -> None:
    """Close these alerts."""
    if numbers:
        tx.execute(update(alerts).where(among(tx, alerts.c.id, numbers)).values(closed_at=now))


def change(tx: Tx, numbers: Collection[int], **values: object) -> None:
    """Write columns of `schema.alerts`."""
    tx.execute(update(alerts).where(among(tx, alerts.c.id, numbers)).values(**values))


def put_off_ended(tx: Tx, now: datetime) -> list[Alert]:
    """Open alerts that were put off until an instant that has come."""
    return [_alert(row) for row in tx.execute(_ALL.where(_OPEN, alerts.c.put_off_until <= now).order_by(alerts.c.id))]


# ---------------------------------------------------------------------- who is told


_UNWRITTEN = notifications.c.told_at.is_(None) & notifications.c.message.is_(None)


@dataclass(frozen=True, slots=True)
class Notification:
    """That a target is to be told of what happened to an alert, not before `due_at`; `category`: of the alert's SKU."""

    id: int
    alert: int
    target: str
    event: Event
    rule: Rule
    made_at: datetime
    due_at: datetime
    category: str | None


def notify(tx: Tx, told: Sequence[tuple[int, str, Event, Rule, datetime]], now: datetime) -> None:
    """Let targets be told: (alert, target, event, rule, due at) each."""
    rows = [
        {
            "alert": alert,
            "target": target,
            "event": event.value,
            "rule": rule.value,
            "made_at": now,
            "due_at": due_at,
        }
        for alert, target, event, rule, due_at in told
    ]
    if rows:
        tx.execute(insert(notifications), rows)


def waiting(tx: Tx, target: str, now: datetime) -> list[Notification]:
    """What a target is to be told by now and is in no message yet, the oldest first; of alerts that are told now also
    what could wait: told later, it would be older than what was told."""
    here = (notifications.c.target == target) & _UNWRITTEN
    due = select(notifications.c.alert).where(here, notifications.c.due_at <= now)
    query = (
        select(notifications, skus.c.category)
        .join(alerts, alerts.c.id == notifications.c.alert)
        .join(skus, skus.c.id == alerts.c.sku_id, isouter=True)
        .where(here, notifications.c.alert.in_(due))
        .order_by(notifications.c.id)
    )
    return [
        Notification(
            row.id, row.alert, row.target, Event(row.event), Rule(row.rule), row.made_at, row.due_at, row.category
        )
        for row in tx.execute(query)
    ]


def due(tx: Tx, numbers: Collection[int]) -> dict[int, datetime]:
    """Of these alerts, when the next of whom it concerns is to be told; those that are told are absent."""
    here = among(tx, notifications.c.alert, numbers) & _UNWRITTEN
    earliest = select(notifications.c.alert, func.min(notifications.c.due_at)).where(here)
    return {number: at for number, at in tx.execute(earliest.group_by(notifications.c.alert))}  # noqa: C416 - rows


def heard_by(tx: Tx, numbers: Collection[int]) -> dict[int, set[str]]:
    """Of these alerts, the targets that were told of each, or are to be."""
    here = among(tx, notifications.c.alert, numbers)
    found: dict[int, set[str]] = {}
    for number, target in tx.execute(select(notifications.c.alert, notifications.c.target).where(here).distinct()):
        found.setdefault(number, set()).add(target)
    return found


def forget_unwritten(tx: Tx, numbers: Collection[int]) -> None:
    """Nobody need be told of these alerts any more, as far as no message has it yet."""
    tx.execute(delete(notifications).where(among(tx, notifications.c.alert, numbers), _UNWRITTEN))


def put_into(tx: Tx, numbers: Collection[int], message: int | None) -> None:
    """These notifications are told in that message; ``None``: in none yet."""
    tx.execute(update(notifications).where(among(tx, notifications.c.id, numbers)).values(message=message))


def told(tx: Tx, message: int, now: datetime) -> int:
    """The target has taken the message: what is in it was told; of how many alerts."""
    here = update(notifications).where(notifications.c.message == message)
    return len(set(tx.execute(here.values(told_at=now).returning(notifications.c.alert)).scalars()))


def take_out(tx: Tx, message: int) -> None:
    """The message was never taken, and will not be sent: what is in it waits for another one."""
    tx.execute(update(notifications).where(notifications.c.message == message).values(message=None))


def last_told(tx: Tx, family: Family) -> datetime | None:
    """When somebody was told last of an alert of that family that is open now."""
    joined = select(func.max(notifications.c.told_at)).join(alerts, alerts.c.id == notifications.c.alert)
    instant: datetime | None = tx.execute(joined.where(_OPEN, alerts.c.family == family.value)).scalar()
    return instant


def prune(tx: Tx, before: datetime) -> None:
    """Forget alerts that ended before that, with what was told of them, and what waits since for a target that is not
    there any more."""
    ended = select(alerts.c.id).where(alerts.c.closed_at < before)
    tx.execute(delete(notifications).where(notifications.c.alert.in_(ended)))
    tx.execute(delete(alerts).where(alerts.c.closed_at < before))
    tx.execute(delete(notifications).where(notifications.c.told_at.is_(None), notifications.c.made_at < before))
