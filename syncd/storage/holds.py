"""Holds: changes that wait for a yes (design.md §3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, null, select, update

from syncd.domain.safety import Change, Held
from syncd.domain.said import Said
from syncd.storage import touched
from syncd.storage.schema import LARGEST_ID, holds
from syncd.storage.session import Tx


class HoldState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    PASSED = "passed"  # the change no longer looks too big, or is another one now


@dataclass(frozen=True, slots=True)
class Hold:
    """`reason` is English; `said` is the same, to be said in another language."""

    id: int
    channel: str
    state: HoldState
    reason: str
    said: Said
    changes: tuple[Change, ...]
    created_at: datetime
    feed: tuple[str, ...] | None = None  # why a feed is held as a whole; ``None``: numbers are held


def _hold(row: object) -> Hold:
    changes = tuple(Change(*change) for change in row.changes)  # type: ignore[attr-defined] # a result row
    feed = None if row.feed is None else tuple(row.feed)  # type: ignore[attr-defined]
    said = Said.verbatim(row.reason) if row.said is None else Said.of_json(row.said)  # type: ignore[attr-defined]
    return Hold(row.id, row.channel, HoldState(row.state), row.reason, said, changes, row.created_at, feed)  # type: ignore[attr-defined]


def open_hold(tx: Tx, channel: str, held: Held, now: datetime, *, feed: Sequence[str] | None = None) -> Hold:
    """The open hold of a channel, brought up to date; a new one when there is none. `feed`: why a feed is
    held, in English."""
    touched.holds(tx)
    changes = [[one.listing, one.before, one.after] for one in held.changes]
    values = {
        "reason": str(held.reason),
        "said": held.reason.as_json(),
        "changes": changes,
        "feed": null() if feed is None else list(feed),
    }
    row = tx.execute(select(holds).where(holds.c.channel == channel, holds.c.state == HoldState.OPEN.value)).first()
    if row is None:
        fresh = {"channel": channel, "state": HoldState.OPEN.value, "created_at": now}
        row = tx.execute(insert(holds).values(**fresh, **values).returning(holds)).one()
    else:
        row = tx.execute(update(holds).where(holds.c.id == row.id).values(**values).returning(holds)).one()
    return _hold(row)


def pass_over(tx: Tx, channel: str, now: datetime) -> None:
    """What was held is no longer asked for."""
    touched.holds(tx)
    here = (holds.c.channel == channel) & (holds.c.state == HoldState.OPEN.value)
    tx.execute(update(holds).where(here).values(state=HoldState.PASSED.value, decided_at=now))


def every_open(tx: Tx) -> list[Hold]:
    rows = tx.execute(select(holds).where(holds.c.state == HoldState.OPEN.value).order_by(holds.c.id))
    return [_hold(row) for row in rows]


def every_rejected(tx: Tx) -> list[Hold]:
    """Holds to which a person said no, the latest last."""
    rows = tx.execute(select(holds).where(holds.c.state == HoldState.REJECTED.value).order_by(holds.c.id))
    return [_hold(row) for row in rows]


def get(tx: Tx, hold_id: int) -> Hold | None:
    """The hold of that number, however large; ``None`` where there is none."""
    if hold_id > LARGEST_ID:
        return None
    row = tx.execute(select(holds).where(holds.c.id == hold_id)).first()
    return _hold(row) if row else None


def decide(tx: Tx, hold_id: int, state: HoldState, now: datetime) -> None:
    touched.holds(tx)
    tx.execute(update(holds).where(holds.c.id == hold_id).values(state=state.value, decided_at=now))
