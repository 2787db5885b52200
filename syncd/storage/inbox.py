"""The inbox: what webhooks said, kept until the channel was asked about it (N2; design.md §5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.storage.among import among
from syncd.storage.schema import inbox
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery that waits; columns are explained in `schema.inbox`."""

    delivery_id: str
    topic: str
    order_id: str | None
    listing_id: str | None
    shown: int | None
    received_at: datetime


def put(tx: Tx, channel: str, delivery: Delivery) -> bool:
    """Keep a delivery; False where it was kept before (a retry, a duplicate)."""
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    statement = make(inbox).values(
        channel=channel,
        delivery_id=delivery.delivery_id,
        topic=delivery.topic,
        order_id=delivery.order_id,
        listing_id=delivery.listing_id,
        shown=delivery.shown,
        received_at=delivery.received_at,
    )
    kept = statement.on_conflict_do_nothing().returning(inbox.c.delivery_id)  # psycopg does not count such rows
    return tx.execute(kept).first() is not None


def waiting(tx: Tx, channel: str) -> list[Delivery]:
    """What a channel delivered and nobody has looked at yet, the oldest first."""
    rows = tx.execute(
        select(inbox)
        .where(inbox.c.channel == channel, inbox.c.handled_at.is_(None))
        .order_by(inbox.c.received_at, inbox.c.delivery_id)
    )
    return [
        Delivery(row.delivery_id, row.topic, row.order_id, row.listing_id, row.shown, row.received_at) for row in rows
    ]


def channels_waiting(tx: Tx) -> dict[str, int]:
    """How many deliveries wait, by channel."""
    waits = inbox.c.handled_at.is_(None)
    rows = tx.execute(select(inbox.c.channel, func.count()).where(waits).group_by(inbox.c.channel))
    return {row[0]: row[1] for row in rows}


def handled(tx: Tx, channel: str, delivery_ids: Iterable[str], now: datetime) -> None:
    """The channel was asked about these."""
    chosen = (inbox.c.channel == channel) & among(tx, inbox.c.delivery_id, delivery_ids)
    tx.execute(update(inbox).where(chosen, inbox.c.handled_at.is_(None)).values(handled_at=now))


def prune(tx: Tx, received_before: datetime) -> None:
    """Forget deliveries older than any retry of theirs, also of a channel that could not be asked: what they told of is
    found by the next complete reading."""
    tx.execute(delete(inbox).where(inbox.c.received_at < received_before))
