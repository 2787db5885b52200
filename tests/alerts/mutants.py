"""The mistakes that alerts are known for, planted one at a time: the state machine must find each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from syncd.alerts import dispatcher
from syncd.alerts.dispatcher import _Round
from syncd.alerts.evaluator import Evaluator
from syncd.alerts.notifier import NotTold, TryAgain
from syncd.domain import alerts as rules
from syncd.domain.alerts import Event
from syncd.storage import alerts, post
from syncd.storage.post import Outgoing
from syncd.storage.session import Tx


@contextmanager
def no_margin() -> Iterator[None]:
    """What is one above the limit is over, so that ±1 flaps."""
    with patch.object(rules, "margin", lambda _point: 0):
        yield


@contextmanager
def getting_worse_is_no_news() -> Iterator[None]:
    """Who was told that it is low hears nothing when it is sold out."""
    change = rules.change

    def changed(standing: Any, now: Any) -> Event | None:
        event = change(standing, now)
        return Event.EASED if event is Event.ESCALATED else event

    with patch.object(rules, "change", changed):
        yield


@contextmanager
def noted_before_it_is_sent() -> Iterator[None]:
    """A message counts as told before it was taken: a crash loses it."""
    send = _Round._send

    def sends(self: _Round, message: Outgoing) -> bool:
        with self.house.db.write() as tx:
            alerts.told(tx, message.id, self.house.now())
            post.taken(tx, message.id, self.house.now())
        with patch.object(post, "stands_at", lambda *_: True):
            return send(self, message)

    with patch.object(_Round, "_send", sends):
        yield


@contextmanager
def written_anew_after_a_crash() -> Iterator[None]:
    """What an earlier round left is thrown away and written anew, with another Message-ID."""
    run = _Round.run

    def runs(self: _Round) -> Any:
        with self.house.db.write() as tx:
            for message in post.outgoing(tx, self.notifier.name):
                alerts.take_out(tx, message.id)
                post.discard(tx, message.id)
        return run(self)

    with patch.object(_Round, "run", runs):
        yield


@contextmanager
def a_lost_answer_counts_as_a_refusal() -> Iterator[None]:
    """Where the answer was lost it is told again in another message."""
    failed = _Round._failed

    def fails(self: _Round, message: Outgoing, sent: int, error: NotTold) -> None:
        failed(self, replace(message, unsure=0), sent, TryAgain(error.sentence))

    with patch.object(_Round, "_failed", fails):
        yield


@contextmanager
def a_parked_target_is_forgotten() -> Iterator[None]:
    """A target that turned a message away is never tried again."""
    with patch.object(dispatcher, "PARKED_FOR", timedelta(days=900)):
        yield


@contextmanager
def what_was_read_is_told_no_more() -> Iterator[None]:
    """An alert that a person has read stays silent, also when it gets worse."""
    notify = Evaluator._notify

    def notified(self: Evaluator, told: Any, to: Any = None) -> None:
        told = list(told)
        known = alerts.by_ids(self.tx, [number for number, *_ in told])
        notify(self, [one for one in told if one[1] is Event.RAISED or not read.get(known[one[0]].id)], to)

    read: dict[int, bool] = {}
    change = alerts.change

    def changes(tx: Tx, numbers: Collection[int], **values: object) -> None:
        read.update(dict.fromkeys(numbers, True) if values.get("seen_at") else {})
        change(tx, numbers, **values)

    with patch.object(Evaluator, "_notify", notified), patch.object(alerts, "change", changes):
        yield


@contextmanager
def reading_stops_nothing() -> Iterator[None]:
    """Who has read an alert is told of it all the same."""
    with patch.object(alerts, "forget_unwritten", lambda _tx, _numbers: None):
        yield


@contextmanager
def a_step_that_was_jumped_over_is_told_to_nobody() -> Iterator[None]:
    """Who is told of a lesser step only hears nothing when the worse one ends there."""
    with patch.object(Evaluator, "_tell_who_has_not_heard", lambda *_: None):
        yield


@contextmanager
def what_is_over_need_not_be_told() -> Iterator[None]:
    """What was over before it could be told is left out."""
    write = _Round._write

    def writes(self: _Round) -> Sequence[Outgoing]:
        with self.house.db.write() as tx:
            now = self.house.now()
            for one in alerts.waiting(tx, self.notifier.name, now):
                if alerts.by_ids(tx, [one.alert])[one.alert].closed_at is not None:
                    message = post.write(tx, self.notifier.name, f"none {one.id}", [], digest_at=None, now=now)
                    alerts.put_into(tx, [one.id], message)
                    alerts.told(tx, message, now)
                    post.taken(tx, message, now)
        return write(self)

    with patch.object(_Round, "_write", writes):
        yield


@contextmanager
def looked_at_after_the_commit() -> Iterator[None]:
    """Alerts are found by whoever looks next, not in the transaction that moved the stock."""
    with patch.object(Evaluator, "look", lambda _self, _changed: None):
        yield


@contextmanager
def the_digest_loses_what_it_could_not_bring() -> Iterator[None]:
    """A digest that fails counts as written: what was in it waits for nothing."""
    take_out = alerts.take_out

    def lost(tx: Tx, message: int) -> None:
        alerts.told(tx, message, datetime(2026, 1, 1, tzinfo=UTC))
        take_out(tx, message)

    with patch.object(alerts, "take_out", lost):
        yield
