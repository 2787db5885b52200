"""Brings to each target what it is to be told: gathered, in order, at least once (design.md §5).

A message is committed, with its Message-ID and what it tells, before it is sent, and noted as taken after it. It is
sent twice only where a crash or a lost answer falls in between, and then as the same message.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syncd.alerts import items
from syncd.alerts.evaluator import Evaluator
from syncd.alerts.letter import Letter
from syncd.alerts.notifier import Envelope, Notifier, NotTold, Part, TryAgain, TurnedAway, Unfit, Unsure
from syncd.alerts.rendering import render
from syncd.domain import routing
from syncd.domain.alerts import Severity, severity
from syncd.domain.routing import Digest
from syncd.domain.said import Said
from syncd.storage import alerts, leases, post
from syncd.storage.alerts import Notification
from syncd.storage.post import Outgoing, Target
from syncd.storage.session import Tx
from syncd.sync.house import House

log = logging.getLogger("syncd.alerts")

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
PARKED_FOR = timedelta(days=1)
"""A target that turned messages away is tried again so much later: who mends a password need not tell us."""
TROUBLE_AFTER = 5
"""Failures in a row after which the other targets are told that this one cannot be."""
REFUSED_AT_MOST = 3
"""So often a message is kept that is turned away though it, or a part of it, may have been taken; then it is written
anew: what waits behind it must not wait for ever."""
AT_ONCE = 4
"""So many targets are told at the same time: one that does not answer delays no other."""
UNSURE_AT_MOST = 5
"""So often the same message is sent whose answer was lost; then the target counts as one that takes nothing."""


@dataclass(frozen=True, slots=True)
class Office:
    """Where messages leave the house, in which language. `domain` ends the Message-IDs that `new_id` begins; `at_once`
    targets are told at the same time."""

    house: House
    notifiers: tuple[Notifier, ...]
    language: str
    domain: str = "syncd"
    new_id: Callable[[], str] = field(default=lambda: uuid.uuid4().hex)
    at_once: int = AT_ONCE


@dataclass(slots=True)
class Delivered:
    """What one round brought to a target: alerts told in so many messages; why not all, and the way out, where it
    failed."""

    target: str
    messages: int = 0
    alerts: int = 0
    trouble: str = ""
    hint: str = ""
    changed: bool = False  # it could be told before, and cannot now; or the other way round


def due(office: Office, *, gather: bool = True) -> list[Notifier]:
    """The targets for which there is something to do now, those that failed last; reads only."""
    house = office.house
    with house.db.read() as tx:
        known = post.targets_known(tx)
        found = [one for one in office.notifiers if _anything(tx, house, known.get(one.name), one.name, gather=gather)]
    return sorted(found, key=lambda one: known[one.name].failures if one.name in known else 0)


def deliver(office: Office, *, gather: bool = True) -> list[Delivered]:
    """Bring every target what is due. With `gather` a burst is waited for and a target is left in peace between two
    messages; a one-shot run, which has gathered all there is, does not wait.

    Safe to run beside another process: one at a time serves a target. A failure ends up in what is returned, in the
    log, and, where it lasts, in an alert for the other targets.
    """
    rounds = [_Round(office, one, gather) for one in due(office, gather=gather)]
    if len(rounds) <= 1 or office.at_once <= 1:
        return [one.run() for one in rounds]
    with ThreadPoolExecutor(office.at_once, thread_name_prefix="telling") as pool:
        return list(pool.map(_Round.run, rounds))


def try_at_once(office: Office) -> None:
    """Let no target wait for its next try: somebody may have mended what failed; and let everybody hear of what is open
    and was not told them: the settings may name others now."""
    with office.house.db.write() as tx:
        for one in office.notifiers:
            post.change_target(tx, one.name, retry_at=None)
        Evaluator(office.house, tx).catch_up()


def _anything(tx: Tx, house: House, target: Target | None, name: str, *, gather: bool) -> bool:
    now = house.now()
    if target is None:
        return True
    if target.retry_at is not None and now < target.retry_at:
        return False
    return bool(post.outgoing(tx, name)) or _plan(tx, house, target, gather=gather) is not None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes to a target now. `digest_at`: it is the digest of that time."""

    waiting: list[Notification]
    digest_at: datetime | None


def _plan(tx: Tx, house: House, target: Target, *, gather: bool) -> _Plan | None:
    now, line = house.now(), _daily_line(house, target)
    waiting = alerts.waiting(tx, target.name, now)
    digest_at = _digest_due(house, target)
    if digest_at is not None and (line or any(one.due_at <= digest_at for one in waiting)):
        return _Plan(waiting, digest_at)
    # Quiet hours may have begun since it was due: it was gathered, or could not be told.
    quiet, zone = house.schedule.quiet_until, house.timezone
    due_now = [one for one in waiting if one.due_at <= now and quiet(one.rule, one.category, now, zone) is None]
    if not due_now:
        return None
    told = {one.alert for one in due_now}
    waiting = [one for one in waiting if one.alert in told]
    urgent = [one for one in due_now if severity(one.rule) is Severity.CRITICAL]
    gathering = routing.URGENT if urgent else routing.GATHERING
    since = min(max(one.due_at, one.made_at) for one in urgent or due_now)
    return _Plan(waiting, None) if not gather or gathering.ready(now, since, target.told_at) else None


def _daily_line(house: House, target: Target) -> bool:
    """How everything stands is for those who are told of everything, not for somebody who is told of one matter."""
    return house.schedule.daily_line and target.name in house.routes.targets


def _digest_due(house: House, target: Target) -> datetime | None:
    """The time of the latest digest that this target has not got yet. The line of the day comes daily, whatever else
    waits for the day of the week."""
    schedule = house.schedule
    digest = Digest(schedule.digest.at) if _daily_line(house, target) else schedule.digest
    at, latest = digest.following(target.digest_at or target.known_since, house.timezone), None
    while at <= house.now():
        latest, at = at, digest.following(at, house.timezone)
    return latest


class _OvertakenError(Exception):
    """A call took so long that another process serves the target now, and what is left to be sent."""


@dataclass(slots=True)
class _Round:
    """One target's turn."""

    office: Office
    notifier: Notifier
    gather: bool
    done: Delivered = field(init=False)

    def __post_init__(self) -> None:
        self.done = Delivered(self.notifier.name)

    @property
    def house(self) -> House:
        return self.office.house

    def run(self) -> Delivered:
        if not self._begin():
            return self.done
        try:
            with self.house.db.read() as tx:
                left = post.outgoing(tx, self.notifier.name)
            # Of what an earlier round left, nobody knows how far it came.
            if all(self._send(replace(message, unsure=max(1, message.unsure))) for message in left):
                self._send_all(self._write())
        except _OvertakenError:
            log.info("overtaken target=%s", self.notifier.name)
        finally:
            with self.house.db.write() as tx:
                leases.release(tx, self.house.holder, [self._lease], self.house.lease_time(tx))
        return self.done

    @property
    def _lease(self) -> str:
        return f"target {self.notifier.name}"  # a channel's name has no blank in it

    def _begin(self) -> bool:
        """Take the lease. A target that is new has heard of nothing: it is told of all that is open already, but for
        what a person has read or put off."""
        house, name = self.house, self.notifier.name
        with house.db.write() as tx:
            if not leases.take(tx, self._lease, house.holder, house.lease_time(tx)):
                return False
            target = post.targets_known(tx).get(name)
            if target is not None and target.retry_at is not None and house.now() < target.retry_at:
                leases.release(tx, house.holder, [self._lease], house.lease_time(tx))
                return False  # another process has tried since this one looked
            if post.meet(tx, name, house.now()):
                Evaluator(house, tx).catch_up(name)
        return True

    # ------------------------------------------------------------------ writing

    def _write(self) -> list[Outgoing]:
        """Put what is due into messages, and keep them before one of them is sent."""
        house, name = self.house, self.notifier.name
        with house.db.read() as tx:
            target = post.targets_known(tx)[name]
            plan = _plan(tx, house, target, gather=self.gather)
            if plan is None:
                return []
            letters = self._letters(tx, plan, target)
        try:
            written = [(self._words(letter), letter) for letter in letters]
        except Unfit as error:
            with house.db.write() as tx:
                self._note(tx, error, parked=target.in_short)
            return []
        numbers: dict[int, list[int]] = {}
        for one in plan.waiting:
            numbers.setdefault(one.alert, []).append(one.id)
        with house.db.write() as tx:
            for (envelope, parts), letter in written:
                digest_at = plan.digest_at if letter is letters[0] else None
                message = post.write(tx, name, envelope.message_id, parts, digest_at=digest_at, now=house.now())
                told = [number for item in letter.items for number in numbers[item.number]]
                alerts.put_into(tx, told, message)
            return post.outgoing(tx, name)

    def _letters(self, tx: Tx, plan: _Plan, target: Target) -> list[Letter]:
        house, now = self.house, self.house.now()
        found = items.items(tx, house, self.office.language, items.news(plan.waiting))
        if plan.digest_at is not None:
            line = items.standing(tx, house) if _daily_line(house, target) else None
            return [Letter(now, tuple(found), line, in_short=target.in_short)]
        if target.in_short:
            return [Letter(now, tuple(found), in_short=True)]
        together = items.by_urgency(found)
        if len(together) <= routing.SINGLY:
            return [Letter(now, tuple(some)) for some in together]
        return [Letter(now, tuple(found))]

    def _words(self, letter: Letter) -> tuple[Envelope, Sequence[Part]]:
        house = self.house
        try:
            message = render(letter, language=self.office.language, zone=house.timezone, today=house.today())
            envelope = Envelope(f"<{self.office.new_id()}@{self.office.domain}>", letter.thread)
            return envelope, self.notifier.parts(message, envelope)
        except NotTold:
            raise
        except Exception as error:  # a defect met by one alert must not keep the others from being told
            log.exception("writing_failed target=%s", self.notifier.name)
            raise Unfit(f"a message could not be written ({type(error).__name__})", "The log has it.") from None

    # ------------------------------------------------------------------ sending

    def _send_all(self, written: list[Outgoing]) -> None:
        """Send these; where one fails, those behind it were surely not sent, and are written anew."""
        for place, message in enumerate(written):
            if not self._send(message):
                with self.house.db.write() as tx:
                    for other in written[place + 1 :]:
                        alerts.take_out(tx, other.id)
                        post.discard(tx, other.id)
                return

    def _send(self, message: Outgoing) -> bool:
        """Send what is left of a message; True where the target has taken all of it."""
        house = self.house
        house.progress(f"telling {self.notifier.name}", self.done.messages, None)
        for place in range(message.sent, len(message.parts)):
            with house.db.write() as tx:
                mine = leases.take(tx, self._lease, house.holder, house.lease_time(tx))
                if not mine or not post.stands_at(tx, message.id, place):
                    raise _OvertakenError
            try:
                _hand_over(self.notifier, message.parts[place])
            except NotTold as error:
                self._failed(message, place, error)
                return False
            with house.db.write() as tx:
                post.part_taken(tx, message.id, place)
        self._taken(message)
        return True

    def _taken(self, message: Outgoing) -> None:
        house, name, now = self.house, self.notifier.name, self.house.now()
        with house.db.write() as tx:
            before = post.targets_known(tx)[name]
            self.done.alerts += alerts.told(tx, message.id, now)
            post.taken(tx, message.id, now)
            well = {"told_at": now, "failures": 0, "trouble": None, "retry_at": None, "parked": False}
            well |= {"in_short": False}
            post.change_target(tx, name, **well, digest_at=message.digest_at or before.digest_at)
            Evaluator(house, tx).at_target(name, None)
        self.done.messages += 1
        self.done.changed |= before.failures > 0

    def _failed(self, message: Outgoing, sent: int, error: NotTold) -> None:
        """Note why, and when to try again. What was surely not taken is written anew then, with what came meanwhile. A
        message that may have been taken, all or a part of it, stays the same, but not for ever: something in it may be
        what ends the connection, or is turned away."""
        first = sent == message.sent
        unsure = (message.unsure if first else 0) + isinstance(error, Unsure)
        refused = (message.refused if first else 0) + isinstance(error, TurnedAway)
        unfit = isinstance(error, Unfit)
        given_up = unfit or unsure >= UNSURE_AT_MOST or refused >= REFUSED_AT_MOST
        with self.house.db.write() as tx:
            before = post.targets_known(tx)[self.notifier.name]
            if given_up or (sent == 0 and unsure == 0):
                alerts.take_out(tx, message.id)
                post.discard(tx, message.id)
            else:
                post.change_message(tx, message.id, unsure=unsure, refused=refused)
            # It does not even take the alerts' number, or does not answer: that is no fault of a message.
            parked = isinstance(error, TurnedAway) or unsure >= UNSURE_AT_MOST or (unfit and before.in_short)
            self._note(tx, error, parked=parked)

    def _note(self, tx: Tx, error: NotTold, *, parked: bool) -> None:
        """Keep why the target was not told, and when it is tried again; where that lasts, the others are told."""
        house, name, now = self.house, self.notifier.name, self.house.now()
        before = post.targets_known(tx)[name]
        failures = before.failures + 1
        wait = PARKED_FOR if parked else _back_off(failures)
        if isinstance(error, TryAgain) and error.retry_after is not None:
            wait = max(min(error.retry_after, PARKED_FOR), timedelta(seconds=1))
        values = {"failures": failures, "trouble": error.sentence, "retry_at": now + wait, "parked": parked}
        post.change_target(tx, name, **values, in_short=before.in_short or isinstance(error, Unfit))
        if parked or failures >= TROUBLE_AFTER:
            Evaluator(house, tx).at_target(name, trouble(name, error))
        self.done.trouble, self.done.hint = error.sentence, error.hint
        self.done.changed = not before.failures or (parked and not before.parked)


def _hand_over(notifier: Notifier, part: Part) -> None:
    try:
        notifier.send(part)
    except NotTold:
        raise
    except Exception as error:
        log.exception("telling_failed target=%s", notifier.name)
        raise Unsure(f"something unexpected ({type(error).__name__})", "The log has it.") from None


def trouble(name: str, error: NotTold) -> tuple[Said, Said]:
    """What the other targets are told."""
    return (
        Said("{target} cannot be told: {why}", target=name, why=error.sentence),
        Said("{hint} When it is mended: syncd alerts test", hint=error.hint),
    )


def _back_off(failures: int) -> timedelta:
    doublings: int = 2 ** min(failures - 1, 10)
    return min(LONGEST_WAIT, FIRST_WAIT * doublings)


def resting(office: Office) -> list[Target]:
    """Targets that are left alone for a while, since they could not be told."""
    house = office.house
    with house.db.read() as tx:
        known = post.targets_known(tx)
    found = [known[one.name] for one in office.notifiers if one.name in known]
    return [one for one in found if one.retry_at is not None and house.now() < one.retry_at]


@dataclass(frozen=True, slots=True)
class Tried:
    """How a trial message to one target went; `trouble` and `hint` are empty where it was taken."""

    target: str
    trouble: str = ""
    hint: str = ""


def try_all(office: Office) -> list[Tried]:
    """Send a trial message to every target, now; one that takes it is told again from now on (`syncd alerts test`)."""
    house = office.house
    letter = Letter(house.now(), trial=True)
    message = render(letter, language=office.language, zone=house.timezone, today=house.today())
    found = []
    for notifier in office.notifiers:
        envelope = Envelope(f"<{office.new_id()}@{office.domain}>")
        try:
            for part in notifier.parts(message, envelope):
                _hand_over(notifier, part)
        except Unsure as error:
            found.append(Tried(notifier.name, error.sentence, "It may have arrived all the same."))
            continue
        except NotTold as error:
            found.append(Tried(notifier.name, error.sentence, error.hint))
            continue
        with house.db.write() as tx:
            post.change_target(tx, notifier.name, failures=0, trouble=None, retry_at=None, parked=False)
            Evaluator(house, tx).at_target(notifier.name, None)
        found.append(Tried(notifier.name))
    return found
