"""When orders were made: the rhythm of a channel (N3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from syncd.storage.schema import orders
from syncd.storage.session import Tx

_AT_ONCE = 1000


def arrivals(tx: Tx, channel: str, memory: timedelta) -> Iterator[datetime]:
    """When each order of a channel was made, ascending, of so long before its last one; read as they are asked for."""
    of_channel = orders.c.channel == channel
    last: datetime | None = tx.execute(select(func.max(orders.c.created_at)).where(of_channel)).scalar_one()
    if last is None:
        return
    remembered = of_channel & (orders.c.created_at >= last - memory)
    query = select(orders.c.created_at).where(remembered).order_by(orders.c.created_at)
    yield from tx.execute(query.execution_options(yield_per=_AT_ONCE)).scalars()
