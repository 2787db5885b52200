"""Channels as the database knows them: their mode, their cursor, how fresh they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select, update

from syncd.storage.schema import channels
from syncd.storage.session import Tx


class Mode(StrEnum):
    """What may be written to a channel."""

    SHADOW = "shadow"  # nothing: what would be written is shown only (design.md §3.10)
    LIVE = "live"
    RESTORING = "restoring"  # a rollback is under way; the channel goes to shadow when it is done


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    kind: str
    mode: Mode
    shop: str
    created_at: datetime
    cursor: str | None
    first_contact_at: datetime | None
    pulled_seq: int
    pulled_at: datetime | None
    reread_at: datetime | None
    listed_at: datetime | None
    parked_reason: str | None
    pushed_at: datetime | None
    heard_at: datetime | None
    paused_at: datetime | None
    hooked_to: str | None
    silent: bool

    def silent_since(self) -> datetime:
        """The instant up to which everything that this channel sold is known to us."""
        return self.pulled_at or self.created_at


def get(tx: Tx, name: str) -> Channel | None:
    row = tx.execute(select(channels).where(channels.c.name == name)).mappings().first()
    return Channel(**{**row, "mode": Mode(row["mode"])}) if row else None


def every(tx: Tx) -> list[Channel]:
    """All channels ever configured, by name; those no longer in `.env` included."""
    rows = tx.execute(select(channels).order_by(channels.c.name)).mappings()
    return [Channel(**{**row, "mode": Mode(row["mode"])}) for row in rows]


def ensure(tx: Tx, name: str, kind: str, now: datetime) -> Channel:
    """The channel, made in shadow when it is new."""
    known = get(tx, name)
    if known is None:
        tx.execute(insert(channels).values(name=name, kind=kind, mode=Mode.SHADOW.value, created_at=now))
        known = get(tx, name)
    elif known.kind != kind:
        tx.execute(update(channels).where(channels.c.name == name).values(kind=kind))
        known = get(tx, name)
    assert known is not None
    return known


def paused(tx: Tx, name: str) -> bool:
    """True where a person paused the channel: nothing may be written to it."""
    here = (channels.c.name == name) & channels.c.paused_at.is_not(None)
    return tx.execute(select(channels.c.name).where(here)).first() is not None


def change(tx: Tx, name: str, **values: object) -> None:
    """Write columns of `schema.channels`."""
    if isinstance(mode := values.get("mode"), Mode):
        values["mode"] = mode.value
    tx.execute(update(channels).where(channels.c.name == name).values(**values))
