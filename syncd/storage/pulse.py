"""Whether anything happened in the master table: one cheap question, for every second (design.md §5)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from syncd.storage.schema import channels, holds, inbox, incidents, meta, movements
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Pulse:
    """Differs from an earlier one where stock, rules, channels, holds, news or incidents changed in between.

    What the service does all the time, reading orders and numbers, changes nothing of it: a look that was followed by
    work that changes the pulse would be followed by the next.
    """

    movements: int
    changed: int  # a place in the sequence: of the last change that was no movement
    inbox: int
    incidents: tuple[int, int]
    holds: tuple[int, int]
    channels: tuple[tuple[str, str, bool], ...]


def take(tx: Tx) -> Pulse:
    """The pulse as of this transaction; reads a few rows by their keys."""
    row = tx.execute(
        select(
            select(func.max(movements.c.id)).scalar_subquery(),
            select(meta.c.value).where(meta.c.name == "changed").scalar_subquery(),
            select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None)).scalar_subquery(),
            select(func.max(incidents.c.id)).scalar_subquery(),
            select(func.count()).select_from(incidents).where(incidents.c.closed_at.is_(None)).scalar_subquery(),
            select(func.max(holds.c.id)).scalar_subquery(),
            select(func.count()).select_from(holds).where(holds.c.state == "open").scalar_subquery(),
        )
    ).one()
    newest, changed, waiting, latest, still_open, newest_hold, held = (int(value or 0) for value in row)
    found = tx.execute(select(channels.c.name, channels.c.mode, channels.c.paused_at).order_by(channels.c.name))
    return Pulse(
        newest,
        changed,
        waiting,
        (latest, still_open),
        (newest_hold, held),
        tuple((one.name, one.mode, one.paused_at is not None) for one in found),
    )
