"""How SKUs sell, as it was worked out last, and what it is worked out of (N42, N48)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, exists, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.domain.movements import BY_CUSTOMERS, Kind
from syncd.domain.replenishment import Demand
from syncd.storage.among import among
from syncd.storage.schema import channels, demand, movements, orders
from syncd.storage.session import Tx

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Selling:
    """How a SKU sells. `weeks`: net units that customers took in each of the last whole weeks since `first_seen_at`,
    the newest first. `last_sold_at`: when a customer took one last; ``None``: never."""

    sku_id: int
    weeks: Sequence[int]
    first_seen_at: datetime
    last_sold_at: datetime | None
    worked_out_at: datetime

    @property
    def demand(self) -> Demand | None:
        return Demand.of(self.weeks)


def of_skus(tx: Tx, sku_ids: Iterable[int] | None = None) -> dict[int, Selling]:
    """How these SKUs sell, or all; those that never moved are absent."""
    query = select(demand)
    if sku_ids is not None:
        query = query.where(among(tx, demand.c.sku_id, sku_ids))
    return {row.sku_id: Selling(*row) for row in tx.execute(query)}


def weeks(tx: Tx, sku_ids: Iterable[int] | None = None) -> dict[int, Sequence[int]]:
    """As `of_skus`, the weeks alone: read for every SKU within a commit."""
    query = select(demand.c.sku_id, demand.c.weeks)
    if sku_ids is not None:
        query = query.where(among(tx, demand.c.sku_id, sku_ids))
    return {sku_id: sold for sku_id, sold in tx.execute(query)}  # noqa: C416 - rows, not tuples


def put(tx: Tx, found: Collection[Selling]) -> None:
    """Write how these SKUs sell, over what was known."""
    if not found:
        return
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    fresh = make(demand)
    names = ("weeks", "first_seen_at", "last_sold_at", "worked_out_at")
    written = {name: fresh.excluded[name] for name in names}
    rows = [{"sku_id": one.sku_id} | {name: getattr(one, name) for name in names} for one in found]
    tx.execute(fresh.on_conflict_do_update(index_elements=["sku_id"], set_=written), rows)


def sold_by_week(tx: Tx, now: datetime, weeks: int) -> dict[int, dict[int, int]]:
    """Net units that customers took by SKU in each of so many weeks that end now; 0 is the newest, weeks without sales
    are absent.

    By when it was recorded, as a sale that is told late was not known before. Orders that are older than the first
    contact with their channel do not count: they came in weeks of which nothing else is known.
    """
    ends = case(*((movements.c.recorded_at > now - WEEK * (number + 1), number) for number in range(weeks)))
    opening = exists(
        select(orders.c.order_id)
        .join(channels, channels.c.name == orders.c.channel)
        .where(
            orders.c.channel == movements.c.channel,
            orders.c.order_id == movements.c.order_id,
            orders.c.created_at < channels.c.first_contact_at,
        )
    )
    rows = tx.execute(
        select(movements.c.sku_id, ends.label("week"), func.sum(movements.c.reserved - movements.c.on_hand))
        .where(
            movements.c.recorded_at > now - WEEK * weeks,
            movements.c.kind.in_([kind.value for kind in BY_CUSTOMERS]),
            ~opening,
        )
        .group_by(movements.c.sku_id, "week")
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for sku_id, week, units in rows:
        found[sku_id][week] = int(units)
    return found


_SOLD_AT = func.max(case((movements.c.kind == Kind.SALE.value, movements.c.recorded_at)))


def sold_at_since(tx: Tx, since: datetime) -> dict[int, datetime]:
    """When a customer took one last, by SKU; of sales that were recorded since that instant."""
    rows = tx.execute(
        select(movements.c.sku_id, func.max(movements.c.recorded_at))
        .where(movements.c.recorded_at >= since, movements.c.kind == Kind.SALE.value)
        .group_by(movements.c.sku_id)
    )
    return {sku_id: instant for sku_id, instant in rows}  # noqa: C416 - rows, not tuples


def never_worked_out(tx: Tx) -> dict[int, tuple[datetime, datetime | None]]:
    """Of SKUs of which nothing was worked out yet: when the first movement was recorded, and the last sale."""
    known = exists(select(demand.c.sku_id).where(demand.c.sku_id == movements.c.sku_id))
    rows = tx.execute(
        select(movements.c.sku_id, func.min(movements.c.recorded_at), _SOLD_AT)
        .where(~known)
        .group_by(movements.c.sku_id)
    )
    return {sku_id: (first, sold) for sku_id, first, sold in rows}
