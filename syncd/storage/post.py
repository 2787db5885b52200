"""What is sent to whom: targets as they answer, and messages from before they are sent until they are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.storage.schema import messages, notifications, targets
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is told. `failures`: in a row, `trouble`: why, in words; not tried before `retry_at`. `parked`: it
    turns messages away until somebody mends something. `in_short`: it did not take a message as it was, and gets one
    that only counts the alerts. `digest_at`: its digests up to then are written."""

    name: str
    known_since: datetime
    told_at: datetime | None
    digest_at: datetime | None
    failures: int
    trouble: str | None
    retry_at: datetime | None
    parked: bool
    in_short: bool


def targets_known(tx: Tx) -> dict[str, Target]:
    """Every target that was ever to be told, by its name."""
    return {row.name: Target(*row) for row in tx.execute(select(targets).order_by(targets.c.name))}


def meet(tx: Tx, name: str, now: datetime) -> bool:
    """Know a target; True where it is new."""
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    new = make(targets).values(name=name, known_since=now).on_conflict_do_nothing(index_elements=["name"])
    return tx.execute(new.returning(targets.c.name)).first() is not None


def change_target(tx: Tx, name: str, **values: object) -> None:
    """Write columns of `schema.targets`."""
    tx.execute(update(targets).where(targets.c.name == name).values(**values))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is not taken yet. `sent` of its `parts` were taken; of the next one the answer was lost `unsure`
    times, and it was turned away `refused` times since."""

    id: int
    target: str
    message_id: str
    parts: Sequence[Mapping[str, Any]]
    sent: int
    unsure: int
    refused: int
    made_at: datetime
    digest_at: datetime | None


_OUTGOING = [
    messages.c.id,
    messages.c.target,
    messages.c.message_id,
    messages.c.parts,
    messages.c.sent,
    messages.c.unsure,
    messages.c.refused,
    messages.c.made_at,
    messages.c.digest_at,
]


def outgoing(tx: Tx, target: str) -> list[Outgoing]:
    """Messages that this target has not taken yet, the oldest first."""
    here = (messages.c.target == target) & messages.c.told_at.is_(None)
    return [Outgoing(*row) for row in tx.execute(select(*_OUTGOING).where(here).order_by(messages.c.id))]


def write(
    tx: Tx,
    target: str,
    message_id: str,
    parts: Sequence[Mapping[str, Any]],
    *,
    digest_at: datetime | None,
    now: datetime,
) -> int:
    """Keep a message before it is sent; its number."""
    values = {"target": target, "message_id": message_id, "parts": [dict(part) for part in parts]}
    row = insert(messages).values(**values, digest_at=digest_at, made_at=now).returning(messages.c.id)
    return int(tx.execute(row).scalar_one())


def change_message(tx: Tx, message: int, **values: object) -> None:
    """Write columns of `schema.messages`."""
    tx.execute(update(messages).where(messages.c.id == message).values(**values))


def stands_at(tx: Tx, message: int, sent: int) -> bool:
    """True where exactly so many parts of it were taken, and it was not given up."""
    here = (messages.c.id == message) & (messages.c.sent == sent) & messages.c.told_at.is_(None)
    return tx.execute(select(messages.c.id).where(here)).first() is not None


def part_taken(tx: Tx, message: int, sent: int) -> None:
    """The target has taken the part after `sent` others."""
    here = (messages.c.id == message) & (messages.c.sent == sent)
    tx.execute(update(messages).where(here).values(sent=sent + 1, unsure=0, refused=0))


def taken(tx: Tx, message: int, now: datetime) -> None:
    """The target has taken all of it; what was in it need not be kept."""
    tx.execute(update(messages).where(messages.c.id == message).values(told_at=now, parts=[]))


def discard(tx: Tx, message: int) -> None:
    """It was never taken, and will not be sent."""
    tx.execute(delete(messages).where(messages.c.id == message))


def prune(tx: Tx, before: datetime) -> None:
    """Forget messages of before that whose alerts are forgotten, too, taken or not: a target may be gone for good."""
    kept = select(notifications.c.message).where(notifications.c.message.is_not(None))
    tx.execute(delete(messages).where(messages.c.made_at < before, messages.c.id.not_in(kept)))
