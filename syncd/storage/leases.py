"""Leases: one process at a time works on a channel (design.md §3.4, §6)."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from syncd.storage.schema import leases
from syncd.storage.session import Tx

TTL = timedelta(seconds=180)
"""Longer than a lost write can still take effect (120 s) and than any single call (60 s)."""

WISH_TTL = timedelta(seconds=15)
"""How long a wish holds that is not renewed: several looks of who waits, and short enough where it is gone."""


@dataclass(frozen=True, slots=True)
class Holder:
    """This process, as leases know it."""

    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)


def take(tx: Tx, channel: str, holder: Holder, now: datetime) -> bool:
    """Take or renew the lease; False while somebody else holds it, or waits for it longer than we do.

    A holder of this machine whose process is gone is not waited for: what it may have sent stands in its intents,
    which keep their own time of doubt.
    """
    row = tx.execute(select(leases).where(leases.c.channel == channel)).first()
    values = {"holder": holder.name, "host": holder.host, "pid": holder.pid, "until": now + TTL}
    if row is None:
        tx.execute(insert(leases).values(channel=channel, **values))
        return True
    held = row.until > now
    if row.holder != holder.name and held:
        gone = row.host == holder.host and row.pid != holder.pid and not _alive(row.pid)
        if not gone:
            return False
    if not (row.holder == holder.name and held) and _wished_by_another(row, holder, now):
        return False
    if row.wanted_by == holder.name:
        values |= {"wanted_by": None, "wanted_until": None}
    tx.execute(update(leases).where(leases.c.channel == channel).values(**values))
    return True


def wish(tx: Tx, channel: str, holder: Holder, now: datetime) -> None:
    """Ask whoever holds the lease for it; to be said again until it is there. Who asked first comes first."""
    row = tx.execute(select(leases).where(leases.c.channel == channel)).first()
    if row is not None and not _wished_by_another(row, holder, now):
        asking = {"wanted_by": holder.name, "wanted_until": now + WISH_TTL}
        tx.execute(update(leases).where(leases.c.channel == channel).values(**asking))


def wished(tx: Tx, channel: str, holder: Holder, now: datetime) -> bool:
    """True where another process waits for this channel."""
    row = tx.execute(select(leases).where(leases.c.channel == channel)).first()
    return row is not None and _wished_by_another(row, holder, now)


def _wished_by_another(row: Row[Any], holder: Holder, now: datetime) -> bool:
    return row.wanted_by not in (None, holder.name) and row.wanted_until > now


def keep(tx: Tx, channel: str, holder: Holder, now: datetime) -> bool:
    """Renew every lease of this holder during long work; False where another one has taken this channel over."""
    tx.execute(update(leases).where(leases.c.holder == holder.name).values(until=now + TTL))
    other = (leases.c.channel == channel) & (leases.c.holder != holder.name)
    return tx.execute(select(leases.c.channel).where(other)).first() is None


def release(tx: Tx, holder: Holder, channels: Collection[str], now: datetime) -> None:
    """Give back these leases of this holder, and take back its wishes; the wishes of others stay."""
    named = leases.c.channel.in_(channels)
    tx.execute(update(leases).where(named, leases.c.wanted_by == holder.name).values(wanted_by=None, wanted_until=None))
    mine = named & (leases.c.holder == holder.name)
    tx.execute(delete(leases).where(mine, leases.c.wanted_by.is_(None)))
    tx.execute(update(leases).where(mine).values(until=now))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
