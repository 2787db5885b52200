"""SKUs, locations and rules: what is sold, where it is, how it may be sold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.domain.availability import Buffer
from syncd.domain.rules import Limits, Scope, ScopedLimits, SkuFacts
from syncd.domain.stock import StockClass
from syncd.storage.among import among
from syncd.storage.schema import levels, locations, rules, skus
from syncd.storage.session import Tx

OWN_SHELF = "shelf"
QUARANTINE = "quarantine"

FIELDS = ("name", "category", "supplier", "lead_time_days", "cost", "pack_size", "minimum_order", "gtin")
"""What the owner may tell about a SKU, beside its stock and rules."""


@dataclass(frozen=True, slots=True)
class Sku:
    id: int
    sku: str
    name: str | None
    category: str | None
    supplier: str | None
    reserved: int
    sold: int
    raised_seq: int
    counted_at: datetime | None
    details: Mapping[str, object]

    @property
    def facts(self) -> SkuFacts:
        return SkuFacts(self.sku, self.category, self.supplier)


def _sku(row: RowMapping) -> Sku:
    return Sku(
        id=row["id"],
        sku=row["sku"],
        name=row["name"],
        category=row["category"],
        supplier=row["supplier"],
        reserved=row["reserved"],
        sold=row["sold"],
        raised_seq=row["raised_seq"],
        counted_at=row["counted_at"],
        details={field: row[field] for field in FIELDS},
    )


def find(tx: Tx, sku: str) -> Sku | None:
    """The SKU with exactly this text, or ``None``."""
    row = tx.execute(select(skus).where(skus.c.sku == sku)).mappings().first()
    return _sku(row) if row else None


def all_skus(tx: Tx) -> list[Sku]:
    """Every SKU, by its text."""
    return [_sku(row) for row in tx.execute(select(skus).order_by(skus.c.sku)).mappings()]


def by_ids(tx: Tx, sku_ids: Iterable[int]) -> list[Sku]:
    """These SKUs, by their text."""
    rows = tx.execute(select(skus).where(among(tx, skus.c.id, sku_ids)).order_by(skus.c.sku)).mappings()
    return [_sku(row) for row in rows]


def ids(tx: Tx) -> dict[str, int]:
    """The id of every SKU, by its text."""
    return {sku: sku_id for sku, sku_id in tx.execute(select(skus.c.sku, skus.c.id))}  # noqa: C416 - rows, not tuples


def newest(tx: Tx) -> int:
    """The highest id of a SKU; 0 where there is none."""
    return int(tx.execute(select(func.max(skus.c.id))).scalar_one() or 0)


def ensure(tx: Tx, sku: str, fields: Mapping[str, object] | None = None) -> int:
    """The id of this SKU, made when it is new; `fields` that are not ``None`` are written over what was known."""
    known = {name: value for name, value in (fields or {}).items() if value is not None}
    row = tx.execute(select(skus.c.id).where(skus.c.sku == sku)).first()
    if row is None:
        return int(tx.execute(insert(skus).values(sku=sku, **known).returning(skus.c.id)).scalar_one())
    if known:
        tx.execute(update(skus).where(skus.c.id == row.id).values(known))
    return int(row.id)


def ensure_all(tx: Tx, fields: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
    """As `ensure` for many SKUs, by their text; the ids of all SKUs."""
    known = ids(tx)
    if new := [dict.fromkeys(FIELDS) | dict(said) | {"sku": sku} for sku, said in fields.items() if sku not in known]:
        tx.execute(insert(skus), new)
    by_columns: dict[frozenset[str], list[dict[str, object]]] = {}
    for sku, said in fields.items():
        if sku in known and said:
            by_columns.setdefault(frozenset(said), []).append({"this_sku": sku, **said})
    for columns, changed in by_columns.items():
        this = update(skus).where(skus.c.sku == bindparam("this_sku"))
        tx.execute(this.values({column: bindparam(column) for column in columns}), changed)
    return ids(tx) if new else known


def lead_times(tx: Tx, sku_ids: Iterable[int] | None = None) -> dict[int, int]:
    """The lead time that the owner told, in working days, by SKU; those without one are absent."""
    query = select(skus.c.id, skus.c.lead_time_days).where(skus.c.lead_time_days.is_not(None))
    if sku_ids is not None:
        query = query.where(among(tx, skus.c.id, sku_ids))
    return {sku_id: int(days) for sku_id, days in tx.execute(query)}


def location(tx: Tx, name: str, stock_class: StockClass = StockClass.OWN) -> int:
    """The id of the location with this name, made as `stock_class` when it is new."""
    row = tx.execute(select(locations.c.id).where(locations.c.name == name)).first()
    if row is not None:
        return int(row.id)
    made = insert(locations).values(name=name, stock_class=stock_class.value).returning(locations.c.id)
    return int(tx.execute(made).scalar_one())


def name_external(tx: Tx, names: Collection[str]) -> None:
    """These locations are external warehouses, made where they are new. No others are, but for one that still has
    units: a name that was mistyped in the settings must not make them own stock, ready to ship."""
    known = location_names(tx)
    for name in names:
        location(tx, name, StockClass.EXTERNAL)
    own, external = StockClass.OWN, StockClass.EXTERNAL
    moved = [(name, external) for name in names if known.get(name) is own]
    if gone := [name for name, kind in known.items() if kind is external and name not in names]:
        stocked = stocked_external(tx)
        moved += [(name, own) for name in gone if name not in stocked]
    for name, kind in moved:
        tx.execute(update(locations).where(locations.c.name == name).values(stock_class=kind.value))


def stocked_external(tx: Tx) -> dict[str, int]:
    """The external warehouses that have units on hand, or less than none, and of how many SKUs."""
    query = (
        select(locations.c.name, func.count())
        .join(levels, levels.c.location_id == locations.c.id)
        .where(locations.c.stock_class == StockClass.EXTERNAL.value, levels.c.on_hand != 0)
        .group_by(locations.c.name)
        .order_by(locations.c.name)
    )
    return {name: int(skus) for name, skus in tx.execute(query)}


def location_names(tx: Tx) -> dict[str, StockClass]:
    """Every location and its stock class."""
    return {name: StockClass(kind) for name, kind in tx.execute(select(locations.c.name, locations.c.stock_class))}


@dataclass(frozen=True, slots=True)
class Level:
    location: str
    stock_class: StockClass
    on_hand: int
    counted_at: datetime | None


def levels_by_sku(tx: Tx, sku_ids: Iterable[int] | None = None) -> dict[int, list[Level]]:
    """Units on hand by SKU and location, own stock first."""
    query = (
        select(levels.c.sku_id, locations.c.name, locations.c.stock_class, levels.c.on_hand, levels.c.counted_at)
        .join(locations, locations.c.id == levels.c.location_id)
        .order_by(levels.c.sku_id, locations.c.stock_class != StockClass.OWN.value, locations.c.id)
    )
    if sku_ids is not None:
        query = query.where(among(tx, levels.c.sku_id, sku_ids))
    found: dict[int, list[Level]] = {}
    for sku_id, name, kind, on_hand, counted_at in tx.execute(query):
        found.setdefault(sku_id, []).append(Level(name, StockClass(kind), on_hand, counted_at))
    return found


def scoped_limits(tx: Tx) -> list[ScopedLimits]:
    """Every rule that the owner has set for a SKU, a category or a supplier."""
    found = []
    for row in tx.execute(select(rules)):
        buffer = None
        if row.buffer_units is not None or row.buffer_percent is not None:
            buffer = Buffer(units=row.buffer_units or 0, percent=row.buffer_percent or 0)
        limits = Limits(buffer, row.cap, row.cut_off, row.reorder_point)
        found.append(ScopedLimits(Scope(row.scope), row.value, row.channel or None, limits))
    return found


def set_limits(tx: Tx, scope: Scope, value: str, channel: str | None, changes: Mapping[str, int | None]) -> None:
    """Write fields of one rule (columns of `schema.rules`); ``None`` takes a field back; an empty rule goes."""
    set_limits_of_all(tx, scope, channel, {value: changes})


def set_limits_of_all(
    tx: Tx, scope: Scope, channel: str | None, changes: Mapping[str, Mapping[str, int | None]]
) -> None:
    """As `set_limits` for many values of a scope."""
    by_columns: dict[frozenset[str], list[dict[str, object]]] = {}
    for value, said in changes.items():
        row: dict[str, object] = {"scope": scope.value, "value": value, "channel": channel or "", **said}
        by_columns.setdefault(frozenset(said), []).append(row)
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    for columns, rows in by_columns.items():
        fresh = make(rules)
        written = {column: fresh.excluded[column] for column in columns}
        tx.execute(fresh.on_conflict_do_update(index_elements=["scope", "value", "channel"], set_=written), rows)
    fields = (rules.c.buffer_units, rules.c.buffer_percent, rules.c.cap, rules.c.cut_off, rules.c.reorder_point)
    empty = func.coalesce(*fields).is_(None)
    tx.execute(delete(rules).where((rules.c.scope == scope.value) & empty))
