"""Deliveries that were announced: how many units of a SKU come, when, and what came of them (design.md §1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update

from syncd.storage.among import among
from syncd.storage.schema import LARGEST_ID, incoming, skus
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units of one SKU that a supplier owes. Days are days of the shop's time zone.

    `promised_on` is the day that was told first, `expected_on` the day as it is told now; ``None``: nobody knows.
    """

    id: int
    sku_id: int
    sku: str
    units: int
    received: int
    expected_on: date | None
    promised_on: date | None
    supplier: str | None
    reference: str | None
    announced_at: datetime
    received_at: datetime | None
    closed_at: datetime | None

    @property
    def due(self) -> int:
        """Units that have not come yet."""
        return max(0, self.units - self.received) if self.closed_at is None else 0

    def overdue(self, today: date) -> bool:
        """True where its day has gone by without its units: nobody knows any more when they come."""
        return self.due > 0 and self.expected_on is not None and self.expected_on < today


_COLUMNS: list[ColumnElement[Any]] = [
    incoming.c.id,
    incoming.c.sku_id,
    skus.c.sku,
    incoming.c.units,
    incoming.c.received,
    incoming.c.expected_on,
    incoming.c.promised_on,
    incoming.c.supplier,
    incoming.c.reference,
    incoming.c.announced_at,
    incoming.c.received_at,
    incoming.c.closed_at,
]
_ALL: Select[Any] = select(*_COLUMNS).join(skus, skus.c.id == incoming.c.sku_id)


def add(
    tx: Tx,
    *,
    sku_id: int,
    units: int,
    expected_on: date | None,
    supplier: str | None,
    reference: str | None,
    now: datetime,
) -> int:
    """Announce a delivery; its number."""
    values = {
        "sku_id": sku_id,
        "units": units,
        "expected_on": expected_on,
        "promised_on": expected_on,
        "supplier": supplier,
        "reference": reference,
        "announced_at": now,
    }
    return int(tx.execute(insert(incoming).values(values).returning(incoming.c.id)).scalar_one())


def change(tx: Tx, delivery_id: int, **values: object) -> None:
    """Write columns of `schema.incoming`."""
    tx.execute(update(incoming).where(incoming.c.id == delivery_id).values(**values))


def get(tx: Tx, delivery_id: int) -> Delivery | None:
    """The delivery of that number, however large; ``None`` where there is none."""
    if delivery_id > LARGEST_ID:
        return None
    row = tx.execute(_ALL.where(incoming.c.id == delivery_id)).first()
    return Delivery(*row) if row else None


def open_deliveries(tx: Tx, sku_ids: Iterable[int] | None = None) -> list[Delivery]:
    """Deliveries of which units are still to come, the earliest day first and those without a day last."""
    query = _ALL.where(incoming.c.closed_at.is_(None))
    if sku_ids is not None:
        query = query.where(among(tx, incoming.c.sku_id, sku_ids))
    query = query.order_by(incoming.c.expected_on.is_(None), incoming.c.expected_on, incoming.c.id)
    return [Delivery(*row) for row in tx.execute(query)]


def called_off(tx: Tx, since: datetime, sku_ids: Iterable[int]) -> list[Delivery]:
    """Deliveries of these SKUs of which no more will come, told since that instant, by their numbers."""
    short = (incoming.c.closed_at >= since) & (incoming.c.received < incoming.c.units)
    query = _ALL.where(among(tx, incoming.c.sku_id, sku_ids), short).order_by(incoming.c.id)
    return [Delivery(*row) for row in tx.execute(query)]


def every(tx: Tx) -> list[Delivery]:
    """All deliveries ever announced, by their numbers."""
    return [Delivery(*row) for row in tx.execute(_ALL.order_by(incoming.c.id))]


def by_reference(tx: Tx, sku_id: int, reference: str) -> Delivery | None:
    """The delivery that a file told of before."""
    here = (incoming.c.sku_id == sku_id) & (incoming.c.reference == reference)
    row = tx.execute(_ALL.where(here).order_by(incoming.c.id.desc())).first()
    return Delivery(*row) if row else None
