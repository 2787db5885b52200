"""Writes that were decided and are, or may be, under way: committed before sending (design.md §3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from syncd.storage.among import among
from syncd.storage.schema import intents
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Intent:
    """One write of one call (`key`), as it was or may have been sent."""

    key: str
    channel: str
    listing: int
    op: str
    expected: int
    target: int
    generation: int
    sent_at: datetime
    in_doubt_base: bool


def record(tx: Tx, batch: Sequence[Intent]) -> None:
    """Store the writes of one call, in the order in which they are sent."""
    if not batch:
        return
    tx.execute(
        insert(intents),
        [
            {
                "key": one.key,
                "channel": one.channel,
                "listing": one.listing,
                "op": one.op,
                "expected": one.expected,
                "target": one.target,
                "generation": one.generation,
                "sent_at": one.sent_at,
                "in_doubt_base": one.in_doubt_base,
            }
            for one in batch
        ],
    )


def open_calls(tx: Tx, channel: str) -> dict[str, list[Intent]]:
    """Calls without a known end, the oldest first, each with its writes in the order sent."""
    calls: dict[str, list[Intent]] = {}
    for row in tx.execute(select(intents).where(intents.c.channel == channel).order_by(intents.c.id)):
        calls.setdefault(row.key, []).append(
            Intent(
                row.key,
                row.channel,
                row.listing,
                row.op,
                row.expected,
                row.target,
                row.generation,
                row.sent_at,
                row.in_doubt_base,
            )
        )
    return calls


def close(tx: Tx, key: str, rows: Sequence[int] | None = None) -> None:
    """Forget a call, or some of its listings: its end is known, or can no longer matter."""
    here = intents.c.key == key
    tx.execute(delete(intents).where(here if rows is None else here & among(tx, intents.c.listing, rows)))


def pending_raises(tx: Tx, channel: str) -> dict[int, int]:
    """Units by which lost writes may still lift each listing, by row."""
    lift = func.sum(intents.c.target - intents.c.expected)
    rows = tx.execute(
        select(intents.c.listing, lift)
        .where(intents.c.channel == channel, intents.c.target > intents.c.expected)
        .group_by(intents.c.listing)
    )
    return {listing: int(units) for listing, units in rows}
