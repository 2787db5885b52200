"""Leases: one process at a time works on a channel (design.md §3.4, §6)."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from syncd.storage.schema import leases
from syncd.storage.session import Tx

TTL = timedelta(seconds=180)
"""Longer than a lost write can still take effect (120 s) and than any single call (60 s)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """This process, as leases know it."""

    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)


def take(tx: Tx, channel: str, holder: Holder, now: datetime) -> bool:
    """Take or renew the lease; False while somebody else holds it.

    A holder of this machine whose process is gone is not waited for: what it may have sent stands in its intents,
    which keep their own time of doubt.
    """
    row = tx.execute(select(leases).where(leases.c.channel == channel)).first()
    values = {"holder": holder.name, "host": holder.host, "pid": holder.pid, "until": now + TTL}
    if row is None:
        tx.execute(insert(leases).values(channel=channel, **values))
        return True
    gone = row.host == holder.host and row.pid != holder.pid and not _alive(row.pid)
    if row.holder != holder.name and row.until > now and not gone:
        return False
    tx.execute(update(leases).where(leases.c.channel == channel).values(**values))
    return True


def keep(tx: Tx, channel: str, holder: Holder, now: datetime) -> bool:
    """Renew every lease of this holder during long work; False where another one has taken this channel over."""
    tx.execute(update(leases).where(leases.c.holder == holder.name).values(until=now + TTL))
    other = (leases.c.channel == channel) & (leases.c.holder != holder.name)
    return tx.execute(select(leases.c.channel).where(other)).first() is None


def release(tx: Tx, holder: Holder) -> None:
    """Give back every lease of this holder."""
    tx.execute(delete(leases).where(leases.c.holder == holder.name))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
