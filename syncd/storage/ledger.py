"""The ledger: the only door through which levels change (design.md §3.1, house rule 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from syncd.domain.availability import Pools
from syncd.domain.movements import BY_CUSTOMERS, Kind, Movement
from syncd.domain.oversell import Change
from syncd.domain.stock import StockClass
from syncd.storage import sequence, touched
from syncd.storage.among import among
from syncd.storage.schema import levels, listings, locations, movements, orders, skus
from syncd.storage.session import Tx


def post(tx: Tx, lines: Sequence[Movement], now: datetime) -> list[Movement]:
    """Write movements and move the levels with them; those that were new.

    Idempotent on the event id. An on-hand movement that happened before the latest count of its place gets a
    counter-entry at the instant of that count: the count had seen it already. Every SKU concerned dirties its
    listings; one whose available units grew also gets a new place in the sequence (design.md §3.5).
    """
    posted = _insert(tx, lines, now)
    counted_at = _add_to_levels(tx, posted)
    counters = [
        Movement(
            event_id=f"{line.event_id}/counted",
            sku_id=line.sku_id,
            kind=Kind.STOCKTAKE,
            happened_at=seen_at,
            on_hand=-line.on_hand,
            location_id=line.location_id,
            reason="was in the count already",
        )
        for line in posted
        if line.on_hand and (seen_at := counted_at[line.sku_id, line.location_id]) and line.happened_at < seen_at
    ]
    countered = _insert(tx, counters, now)
    _add_to_levels(tx, countered)
    _touch(tx, [*posted, *countered])
    return [*posted, *countered]


def _insert(tx: Tx, lines: Sequence[Movement], now: datetime) -> list[Movement]:
    """Write lines; those whose event id is new, each once."""
    if not lines:
        return []
    by_event: dict[str, Movement] = {}
    for line in lines:
        by_event.setdefault(line.event_id, line)
    rows = [
        {
            "event_id": line.event_id,
            "sku_id": line.sku_id,
            "location_id": line.location_id,
            "kind": line.kind.value,
            "on_hand": line.on_hand,
            "reserved": line.reserved,
            "happened_at": line.happened_at,
            "recorded_at": now,
            "channel": line.channel,
            "order_id": line.order_id,
            "line_id": line.line_id,
            "reason": line.reason,
        }
        for line in by_event.values()
    ]
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    statement = make(movements).on_conflict_do_nothing(index_elements=["event_id"])
    new = set(tx.execute(statement.returning(movements.c.event_id), rows).scalars())
    return [line for event_id, line in by_event.items() if event_id in new]


def _add_to_levels(tx: Tx, lines: Sequence[Movement]) -> dict[tuple[int, int | None], datetime | None]:
    """Move the levels with these lines; when each of their places was counted last."""
    added: dict[tuple[int, int | None], int] = defaultdict(int)
    for line in lines:
        if line.on_hand:
            added[line.sku_id, line.location_id] += line.on_hand
    if not added:
        return {}
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    fresh = make(levels)
    on_hand = levels.c.on_hand + fresh.excluded.on_hand
    tx.execute(
        fresh.on_conflict_do_update(index_elements=["sku_id", "location_id"], set_={"on_hand": on_hand}),
        [{"sku_id": sku, "location_id": place, "on_hand": units} for (sku, place), units in added.items()],
    )
    concerned = among(tx, levels.c.sku_id, {sku for sku, _ in added})
    rows = tx.execute(select(levels.c.sku_id, levels.c.location_id, levels.c.counted_at).where(concerned))
    return {(row.sku_id, row.location_id): row.counted_at for row in rows}


def _touch(tx: Tx, posted: Sequence[Movement]) -> None:
    """Move what hangs on the SKUs of these movements: reserved, sold, the raise sequence, their listings."""
    if not posted:
        return
    sellable = _sellable_locations(tx)
    reserved: dict[int, int] = defaultdict(int)
    sold: dict[int, int] = defaultdict(int)
    more: dict[int, int] = defaultdict(int)
    for line in posted:
        counts = line.location_id in sellable
        reserved[line.sku_id] += line.reserved
        more[line.sku_id] += (line.on_hand if counts else 0) - line.reserved
        if line.kind in BY_CUSTOMERS:
            sold[line.sku_id] += line.reserved - (line.on_hand if counts else 0)
    taken = [
        {"this_id": sku_id, "more_reserved": reserved[sku_id], "more_sold": sold[sku_id]}
        for sku_id in reserved
        if reserved[sku_id] or sold[sku_id]
    ]
    if taken:
        more_of = {
            "reserved": skus.c.reserved + bindparam("more_reserved"),
            "sold": skus.c.sold + bindparam("more_sold"),
        }
        tx.execute(update(skus).where(skus.c.id == bindparam("this_id")).values(more_of), taken)
    raised = [sku_id for sku_id, units in more.items() if units > 0]
    if raised:
        following = sequence.following(tx)
        tx.execute(update(skus).where(among(tx, skus.c.id, raised)).values(raised_seq=following))
    dirty(tx, reserved)


def dirty(tx: Tx, sku_ids: Iterable[int]) -> None:
    """Mark every listing of these SKUs: an input of its offer changed."""
    sku_ids = list(sku_ids)
    touched.skus(tx, sku_ids)
    tx.execute(
        update(listings).where(among(tx, listings.c.sku_id, sku_ids)).values(generation=listings.c.generation + 1)
    )


def raise_again(tx: Tx, sku_ids: Sequence[int] | None = None) -> None:
    """Say that something other than a movement may have made more of these SKUs (or of all) sellable."""
    chosen = among(tx, skus.c.id, sku_ids) if sku_ids is not None else skus.c.id.is_not(None)
    following = sequence.following_change(tx)
    if sku_ids is not None:
        touched.skus(tx, sku_ids)
    else:
        touched.every_sku(tx)
    tx.execute(update(skus).where(chosen).values(raised_seq=following))
    where = among(tx, listings.c.sku_id, sku_ids) if sku_ids is not None else listings.c.sku_id.is_not(None)
    tx.execute(update(listings).where(where).values(generation=listings.c.generation + 1))


def _sellable_locations(tx: Tx) -> frozenset[int]:
    """Ids of the locations whose units can be sold: own ones and external warehouses."""
    classes = (StockClass.OWN.value, StockClass.EXTERNAL.value)
    return frozenset(tx.execute(select(locations.c.id).where(locations.c.stock_class.in_(classes))).scalars())


def levels_at(tx: Tx, instant: datetime, sku_ids: Iterable[int] | None = None) -> dict[tuple[int, int], int]:
    """Units on hand at that instant by (SKU, location), by the movements known now; of these SKUs, or of all."""
    query = (
        select(movements.c.sku_id, movements.c.location_id, func.sum(movements.c.on_hand))
        .where(movements.c.location_id.is_not(None), movements.c.happened_at <= instant)
        .group_by(movements.c.sku_id, movements.c.location_id)
    )
    if sku_ids is not None:
        query = query.where(among(tx, movements.c.sku_id, sku_ids))
    return {(sku_id, location_id): int(units) for sku_id, location_id, units in tx.execute(query)}


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted of a SKU at a location, in units, reserved ones included."""

    sku_id: int
    location_id: int
    counted: int
    event_id: str


def count(
    tx: Tx,
    *,
    sku_id: int,
    location_id: int,
    counted: int,
    counted_at: datetime,
    event_id: str,
    reason: str,
    now: datetime,
) -> int:
    """Book one count as `count_all` does; the adjustment in units."""
    one = Count(sku_id, location_id, counted, event_id)
    return count_all(tx, [one], counted_at=counted_at, reason=reason, now=now)[0]


def count_all(tx: Tx, counts: Sequence[Count], *, counted_at: datetime, reason: str, now: datetime) -> list[int]:
    """Book that these units were on hand at `counted_at`, reserved ones included; the adjustments, in units.

    adjustment = counted − level at that instant, so that what happened since stays. The same count twice changes
    nothing the second time. One place of a SKU stands in `counts` once.
    """
    ids = {one.sku_id for one in counts}
    then = levels_at(tx, counted_at, ids)
    uncounted = among(tx, skus.c.id, ids) & skus.c.counted_at.is_(None)
    first = list(tx.execute(select(skus.c.id).where(uncounted)).scalars())
    _note_counted(tx, counts, counted_at)
    lines = [
        Movement(
            event_id=one.event_id,
            sku_id=one.sku_id,
            kind=Kind.STOCKTAKE,
            happened_at=counted_at,
            on_hand=one.counted - then.get((one.sku_id, one.location_id), 0),
            location_id=one.location_id,
            reason=reason,
        )
        for one in counts
    ]
    post(tx, lines, now)
    if first:
        raise_again(tx, first)
    return [line.on_hand for line in lines]


def _note_counted(tx: Tx, counts: Sequence[Count], counted_at: datetime) -> None:
    """Write the instant of a count on its levels and SKUs; a later one stays."""
    make = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    fresh = make(levels)
    later = case(
        (levels.c.counted_at > fresh.excluded.counted_at, levels.c.counted_at), else_=fresh.excluded.counted_at
    )
    tx.execute(
        fresh.on_conflict_do_update(index_elements=["sku_id", "location_id"], set_={"counted_at": later}),
        [{"sku_id": one.sku_id, "location_id": one.location_id, "counted_at": counted_at} for one in counts],
    )
    latest = select(func.max(levels.c.counted_at)).where(levels.c.sku_id == skus.c.id).scalar_subquery()
    counted = among(tx, skus.c.id, {one.sku_id for one in counts})
    tx.execute(update(skus).where(counted).values(counted_at=latest))


def pools(tx: Tx, sku_ids: Sequence[int] | None = None) -> dict[int, Pools]:
    """Units of each SKU that are on hand by stock class, and those reserved; of these SKUs, or of all.

    What else may be sold is added by `sync.stock`.
    """

    def of_class(stock_class: StockClass) -> ColumnElement[int]:
        return func.sum(case((locations.c.stock_class == stock_class.value, levels.c.on_hand), else_=0))

    on_hand = (
        select(
            levels.c.sku_id,
            of_class(StockClass.OWN).label("own"),
            of_class(StockClass.EXTERNAL).label("external"),
        )
        .join(locations, locations.c.id == levels.c.location_id)
        .group_by(levels.c.sku_id)
        .subquery()
    )
    query = select(skus.c.id, skus.c.reserved, on_hand.c.own, on_hand.c.external)
    query = query.join(on_hand, on_hand.c.sku_id == skus.c.id, isouter=True)
    if sku_ids is not None:
        query = query.where(among(tx, skus.c.id, sku_ids))
    return {
        sku_id: Pools(own=int(own or 0), reserved=reserved, external=int(external or 0))
        for sku_id, reserved, own, external in tx.execute(query)
    }


def external_places(tx: Tx, sku_ids: Sequence[int] | None = None) -> dict[int, tuple[str, ...]]:
    """The external warehouses in which units of a SKU are, by SKU."""
    query = (
        select(levels.c.sku_id, locations.c.name)
        .join(locations, locations.c.id == levels.c.location_id)
        .where(locations.c.stock_class == StockClass.EXTERNAL.value, levels.c.on_hand > 0)
        .order_by(levels.c.sku_id, locations.c.name)
    )
    if sku_ids is not None:
        query = query.where(among(tx, levels.c.sku_id, sku_ids))
    found: dict[int, tuple[str, ...]] = {}
    for sku_id, name in tx.execute(query):
        found[sku_id] = (*found.get(sku_id, ()), name)
    return found


def sold_since(tx: Tx, since: datetime, sku_ids: Sequence[int] | None = None) -> dict[int, int]:
    """Net units that customers took since that instant, by SKU; those of which none were taken are absent."""
    taken = func.sum(movements.c.reserved - movements.c.on_hand)
    query = (
        select(movements.c.sku_id, taken)
        .where(movements.c.recorded_at >= since, movements.c.kind.in_([kind.value for kind in BY_CUSTOMERS]))
        .group_by(movements.c.sku_id)
    )
    if sku_ids is not None:
        query = query.where(among(tx, movements.c.sku_id, sku_ids))
    return {sku_id: int(units) for sku_id, units in tx.execute(query) if units > 0}


def changes(tx: Tx, since: datetime, sku_ids: Iterable[int]) -> dict[int, list[Change]]:
    """What changed the available units of these SKUs since that instant, the newest first."""
    counts = locations.c.stock_class.in_((StockClass.OWN.value, StockClass.EXTERNAL.value))
    same_order = (orders.c.channel == movements.c.channel) & (orders.c.order_id == movements.c.order_id)
    rows = tx.execute(
        select(
            movements.c.sku_id,
            movements.c.kind,
            (case((counts, movements.c.on_hand), else_=0) - movements.c.reserved).label("units"),
            movements.c.recorded_at,
            movements.c.reason,
            movements.c.channel,
            movements.c.order_id,
            movements.c.line_id,
            orders.c.number,
            orders.c.created_at,
        )
        .join(locations, locations.c.id == movements.c.location_id, isouter=True)
        .join(orders, same_order, isouter=True)
        .where(among(tx, movements.c.sku_id, sku_ids), movements.c.recorded_at >= since)
        .order_by(movements.c.id.desc())
    )
    found: dict[int, list[Change]] = {}
    for sku_id, kind, units, *rest in rows:
        found.setdefault(sku_id, []).append(Change(Kind(kind), int(units), *rest))
    return found


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A level that is not the sum of its movements: a defect, never normal."""

    sku: str
    what: str
    by_level: int
    by_movements: int


def audit(tx: Tx) -> list[Mismatch]:
    """Every level that is not the sum of its movements; empty when the books are right (`syncd check`)."""
    none = literal(0)
    both = union_all(
        select(levels.c.sku_id, levels.c.location_id, levels.c.on_hand.label("level"), none.label("moved")),
        select(movements.c.sku_id, movements.c.location_id, none, movements.c.on_hand).where(
            movements.c.location_id.is_not(None)
        ),
    ).subquery()
    level, moved = func.sum(both.c.level), func.sum(both.c.moved)
    on_hand = (
        select(skus.c.sku, locations.c.name, level, moved)
        .select_from(both)
        .join(skus, skus.c.id == both.c.sku_id)
        .join(locations, locations.c.id == both.c.location_id)
        .group_by(skus.c.id, skus.c.sku, locations.c.id, locations.c.name)
        .having(level != moved)
        .order_by(skus.c.sku, locations.c.id)
    )
    by_sku = (
        select(movements.c.sku_id, func.sum(movements.c.reserved).label("units"))
        .group_by(movements.c.sku_id)
        .subquery()
    )
    held = func.coalesce(by_sku.c.units, 0)
    reserved = (
        select(skus.c.sku, skus.c.reserved, held)
        .join(by_sku, by_sku.c.sku_id == skus.c.id, isouter=True)
        .where(skus.c.reserved != held)
    )
    return [
        *(
            Mismatch(sku, f"on hand at {place}", int(units), int(total))
            for sku, place, units, total in tx.execute(on_hand)
        ),
        *(Mismatch(sku, "reserved", int(units), int(total)) for sku, units, total in tx.execute(reserved)),
    ]
