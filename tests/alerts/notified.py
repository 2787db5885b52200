"""Targets in memory that may fail in every way there is, and a house whose alerts are told to them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from connectors.contract import Finding, Level
from syncd.alerts import dispatcher, evaluator
from syncd.alerts.dispatcher import Delivered, Office
from syncd.alerts.notifier import Envelope, Message, Part, TryAgain, TurnedAway, Unfit, Unsure
from syncd.domain.movements import Kind, Movement
from syncd.domain.routing import Routes, Schedule
from syncd.domain.rules import Limits, Scope
from syncd.storage import alerts, catalogue, ledger
from syncd.storage.leases import Holder
from syncd.storage.schema import messages, notifications
from syncd.storage.session import Database
from syncd.sync import rules_desk
from syncd.sync.house import House
from syncd.sync.rules_desk import Changes

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Jerusalem")


class Crash(BaseException):
    """The process dies here."""


class Fate(Enum):
    """What becomes of a part that is sent."""

    TAKEN = "taken"
    LATER = "not now"
    REFUSED = "never"
    UNFIT = "not this one"
    LOST_ANSWER = "taken, and the answer is lost"
    LOST = "lost on the way, nobody knows"
    DIES_BEFORE = "the process dies before it is sent"
    DIES_AFTER = "the process dies when it was taken"


CERTAIN = (Fate.TAKEN, Fate.LATER, Fate.REFUSED, Fate.UNFIT)


@dataclass
class Clock:
    """An instant that moves only when it is told to."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **how_long: float) -> None:
        self.at += timedelta(**how_long)


@dataclass
class MemoryNotifier:
    """A target that remembers what it took: (Message-ID, message, number of the part) each. `fate` is asked at each
    part; `before_taking` is told of a message of which it is about to take a part, `in_doubt` of one of which nobody
    will know whether it did, `on_refusal` of one that it turns away."""

    name: str
    parts_of_each: int = 1
    fate: Callable[[], Fate] = lambda: Fate.TAKEN
    taken: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)
    before_taking: Callable[[str], None] = lambda _message_id: None
    in_doubt: Callable[[str], None] = lambda _message_id: None
    on_refusal: Callable[[str], object] = lambda _message_id: None

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        told = {"subject": message.subject, "text": message.text, "thread": envelope.thread}
        return [{"id": envelope.message_id, "told": told, "part": number} for number in range(self.parts_of_each)]

    def send(self, part: Part) -> None:
        fate = self.fate()
        if fate not in CERTAIN:
            self.in_doubt(part["id"])
        if fate is Fate.DIES_BEFORE:
            raise Crash
        if fate is Fate.LATER:
            raise TryAgain("it is busy")
        if fate in (Fate.REFUSED, Fate.UNFIT):
            self.on_refusal(part["id"])
        if fate is Fate.REFUSED:
            raise TurnedAway("it wants nothing", "Ask it.")
        if fate is Fate.UNFIT:
            raise Unfit("it does not want this")
        if fate is not Fate.LOST:
            self.before_taking(part["id"])
            self.taken.append((part["id"], part["told"], part["part"]))
        if fate is Fate.DIES_AFTER:
            raise Crash
        if fate in (Fate.LOST, Fate.LOST_ANSWER):
            raise Unsure("no answer")

    def check(self) -> Finding:
        return Finding(Level.OK, "in memory")

    @property
    def subjects(self) -> list[str]:
        return [told["subject"] for _, told, _ in self.taken]

    @property
    def texts(self) -> list[str]:
        return [told["text"] for _, told, _ in self.taken]

    def times_taken(self) -> Counter[tuple[str, int]]:
        return Counter((message_id, part) for message_id, _, part in self.taken)


class Told:
    """A house with SKUs and no shops, and the targets that are told of them."""

    def __init__(
        self,
        db: Database,
        *notifiers: MemoryNotifier,
        routes: Routes | None = None,
        schedule: Schedule | None = None,
        default_point: int = 5,
    ) -> None:
        self.clock = Clock()
        self._numbers = itertools.count()
        self.notifiers = notifiers
        self.house = House(
            db=db,
            ports=(),
            default=Limits(reorder_point=default_point),
            timezone=ZONE,
            routes=routes or Routes(tuple(one.name for one in notifiers)),
            schedule=schedule or Schedule(daily_line=False),
            now=self.clock,
        )
        evaluator.attach(self.house)

    @property
    def db(self) -> Database:
        return self.house.db

    @property
    def office(self) -> Office:
        return Office(self.house, self.notifiers, "en", "shop.example", lambda: f"m{next(self._numbers)}", at_once=1)

    def restart(self) -> None:
        """Another process, after the one before died."""
        self.house = replace(self.house, holder=Holder(pid=999_999_999))
        evaluator.attach(self.house)

    def reroute(self, routes: Routes) -> None:
        """Another process, with other routes in its settings."""
        self.house = replace(self.house, routes=routes, holder=Holder(pid=999_999_999))
        evaluator.attach(self.house)

    def sku(self, sku: str, units: int, **fields: object) -> int:
        """A SKU of which so many units were counted."""
        with self.db.write() as tx:
            sku_id = catalogue.ensure(tx, sku, fields)
            ledger.count(
                tx,
                sku_id=sku_id,
                location_id=catalogue.location(tx, catalogue.OWN_SHELF),
                counted=units,
                counted_at=self.clock(),
                event_id=f"count {next(self._numbers)}",
                reason="",
                now=self.clock(),
            )
        return sku_id

    def move(self, sku: str, units: int) -> None:
        """Put units on the shelf, or take them off."""
        with self.db.write() as tx:
            shelf = catalogue.location(tx, catalogue.OWN_SHELF)
            self.post(tx, sku, Kind.ADJUSTMENT, on_hand=units, location_id=shelf)

    def promise(self, sku: str, units: int) -> None:
        """A customer orders; a negative number: orders are cancelled."""
        with self.db.write() as tx:
            self.post(tx, sku, Kind.SALE if units > 0 else Kind.CANCELLATION, reserved=units)

    def post(self, tx: Any, sku: str, kind: Kind, **what: Any) -> None:
        sku_id = catalogue.ensure(tx, sku)
        event = f"event {next(self._numbers)}"
        now = self.clock()
        ledger.post(tx, [Movement(event_id=event, sku_id=sku_id, kind=kind, happened_at=now, **what)], now)

    def set_point(self, sku: str, point: int | None) -> None:
        rules_desk.set_rule(self.house, Scope.SKU, sku, None, Changes({"reorder_point": point}))

    def open_rules(self) -> dict[str, str]:
        """The rule of the open stock alert of each SKU that has one."""
        with self.db.read() as tx:
            return {one.subject: one.rule.value for one in alerts.open_alerts(tx) if one.family.value == "stock"}

    def deliver(self, *, gather: bool = True) -> list[Delivered]:
        return dispatcher.deliver(self.office, gather=gather)

    def deliver_after(self, **how_long: float) -> list[Delivered]:
        self.clock.forward(**how_long)
        return self.deliver()


def acceptances(told: Told, *notifiers: MemoryNotifier) -> dict[tuple[str, int], set[str]]:
    """From now on, by target and notification: the Message-IDs in which it was taken."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)

    def taken_by(name: str) -> Callable[[str], None]:
        def note(message_id: str) -> None:
            within = select(notifications.c.id).join(messages, messages.c.id == notifications.c.message)
            with told.db.read() as tx:
                for number in tx.execute(within.where(messages.c.message_id == message_id)).scalars():
                    found[name, number].add(message_id)

        return note

    for one in notifiers:
        one.before_taking = taken_by(one.name)
    return found
