"""What suppliers have, as their feeds said last, and how each feed stands (N14, N19)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.storage.among import among
from syncd.storage.schema import feeds, supplies
from syncd.storage.session import Tx


@dataclass(frozen=True, slots=True)
class Stated:
    """What a supplier's feed said of a SKU, in single units; ``None``: it did not say. Lead time in working days."""

    feed: str
    sku_id: int
    units: int | None
    lead_time_days: int | None = None
    pack_size: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A supplier's feed: columns are explained in `schema.feeds`."""

    feed: str
    version: str | None
    stated_at: datetime | None
    read_at: datetime | None
    rows: int
    columns: Sequence[str] | None
    newest_sku: int
    expired: bool
    held_for: Sequence[str] | None
    approved_for: Sequence[str] | None
    rejected_for: Sequence[str] | None


def feed(tx: Tx, name: str) -> Feed:
    """The feed of that name, remembered from now on."""
    row = tx.execute(select(feeds).where(feeds.c.feed == name)).first()
    if row is None:
        tx.execute(insert(feeds).values(feed=name))
        row = tx.execute(select(feeds).where(feeds.c.feed == name)).one()
    return Feed(*row)


def every_feed(tx: Tx) -> dict[str, Feed]:
    return {row.feed: Feed(*row) for row in tx.execute(select(feeds))}


def change_feed(tx: Tx, name: str, **values: object) -> None:
    """Write columns of `schema.feeds`."""
    written = {
        column: null() if value is None else value for column, value in values.items()
    }  # JSON's null is something
    tx.execute(update(feeds).where(feeds.c.feed == name).values(**written))


def of_skus(tx: Tx, sku_ids: Iterable[int] | None = None) -> dict[int, list[Stated]]:
    """What every feed said of these SKUs, or of all."""
    query = select(supplies).order_by(supplies.c.feed)
    if sku_ids is not None:
        query = query.where(among(tx, supplies.c.sku_id, sku_ids))
    found: dict[int, list[Stated]] = {}
    for row in tx.execute(query):
        found.setdefault(row.sku_id, []).append(Stated(*row))
    return found


def of_feed(tx: Tx, name: str) -> dict[int, Stated]:
    """What one feed said last, by SKU."""
    rows = tx.execute(select(supplies).where(supplies.c.feed == name))
    return {row.sku_id: Stated(*row) for row in rows}


def count(tx: Tx, name: str) -> int:
    """How many SKUs of ours a feed speaks of."""
    return int(tx.execute(select(func.count()).where(supplies.c.feed == name)).scalar_one())


def put(tx: Tx, stated: Collection[Stated]) -> None:
    """Write what a feed says now of these SKUs."""
    if not stated:
        return
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    fresh = make(supplies)
    written: Mapping[str, object] = {name: fresh.excluded[name] for name in ("units", "lead_time_days", "pack_size")}
    rows = [
        {
            "feed": one.feed,
            "sku_id": one.sku_id,
            "units": one.units,
            "lead_time_days": one.lead_time_days,
            "pack_size": one.pack_size,
        }
        for one in stated
    ]
    tx.execute(fresh.on_conflict_do_update(index_elements=["feed", "sku_id"], set_=written), rows)


def forget(tx: Tx, name: str, sku_ids: Iterable[int]) -> None:
    """A feed does not speak of these SKUs any more."""
    tx.execute(delete(supplies).where(supplies.c.feed == name, among(tx, supplies.c.sku_id, sku_ids)))
