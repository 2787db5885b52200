"""When to order more of which SKU, how much and from whom (N48): the one place that says which reorder point holds."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncd.domain.availability import Pools
from syncd.domain.replenishment import Demand, ReorderPoint, calendar_days, is_of, units_to_order
from syncd.domain.rules import Rules
from syncd.storage import catalogue, demand, incoming, supplies
from syncd.storage.catalogue import Sku
from syncd.storage.demand import Selling
from syncd.storage.incoming import Delivery
from syncd.storage.session import Tx
from syncd.storage.supplies import Stated
from syncd.sync import stock
from syncd.sync.house import House, Refusal


@dataclass(frozen=True, slots=True)
class Need:
    """Whether more of a SKU is needed, by how it stands and sells.

    `deliveries` are all that are open. Of them `on_order` units count: also those without a day, since they were
    ordered; not those whose day has gone by, since nobody knows whether they come. `units`: to order now. The owner's
    word on `supplier` and `pack_size` goes before what a feed says; what the feed of another supplier says is not told
    beside the owner's. `supplier_units`: what the supplier's feed states that it has, where that is fresh.
    `lead_time_days`: working days, the longest that was told of this supplier. `cost`: of one unit.
    """

    sku: Sku
    pools: Pools
    point: ReorderPoint
    selling: Selling | None
    deliveries: tuple[Delivery, ...]
    on_order: int
    units: int
    supplier: str | None
    pack_size: int | None
    minimum_order: int | None
    lead_time_days: int | None
    cost: Decimal | None
    supplier_units: int | None

    @property
    def demand(self) -> Demand | None:
        return self.selling.demand if self.selling is not None else None

    @property
    def low(self) -> bool:
        """True where the owner should know: at or below the reorder point, and counted."""
        return self.sku.counted_at is not None and self.pools.available <= self.point.units

    @property
    def due(self) -> bool:
        """True where it belongs into a draft: it is low, or would be gone before units ordered today could be there."""
        return self.low or (self.sku.counted_at is not None and self.units > 0)

    @property
    def sum(self) -> Decimal | None:
        """What the units to order cost; ``None`` where nobody told the cost."""
        return self.cost * self.units if self.cost is not None else None


def points(tx: Tx, house: House, sku_ids: Sequence[int] | None = None) -> dict[int, ReorderPoint]:
    """The reorder point that holds for each of these SKUs, or for all."""
    skus = catalogue.all_skus(tx) if sku_ids is None else catalogue.by_ids(tx, sku_ids)
    return _points(house, house.rules(tx), skus, demand.weeks(tx, sku_ids), _stated(tx, house, sku_ids))


def lead_times(tx: Tx, house: House, skus: Sequence[Sku]) -> dict[int, int]:
    """Calendar days until units of these SKUs can be there if they are ordered today; those of which nobody told how
    long it takes are absent."""
    stated = _stated(tx, house, [sku.id for sku in skus])
    found = {sku.id: _lead_time(sku, _theirs(sku, stated.get(sku.id, ()))) for sku in skus}
    return {sku_id: calendar_days(days, house.workdays) for sku_id, days in found.items() if days is not None}


def needs(tx: Tx, house: House, sku_ids: Sequence[int] | None = None) -> dict[int, Need]:
    """What is needed of these SKUs, or of all, by their text."""
    skus = catalogue.all_skus(tx) if sku_ids is None else catalogue.by_ids(tx, sku_ids)
    selling, stated = demand.of_skus(tx, sku_ids), _stated(tx, house, sku_ids)
    weeks = {sku_id: one.weeks for sku_id, one in selling.items()}
    found_points = _points(house, house.rules(tx), skus, weeks, stated)
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    for one in incoming.open_deliveries(tx, sku_ids):
        deliveries[one.sku_id].append(one)
    fresh = {name for name, feed in supplies.every_feed(tx).items() if not stock.expired(house, feed)}
    pools = stock.pools(tx, house, sku_ids)
    return {
        sku.id: _need(
            house,
            sku,
            pools[sku.id],
            found_points[sku.id],
            selling.get(sku.id),
            tuple(deliveries.get(sku.id, ())),
            stated.get(sku.id, ()),
            fresh,
        )
        for sku in skus
    }


@dataclass(frozen=True, slots=True)
class Draft:
    """What is low or runs out too soon of one supplier; ``None``: nobody knows of whom. Nothing is sent by itself.

    `needs` are also those of which enough is on the way: their `units` are 0.
    """

    supplier: str | None
    needs: tuple[Need, ...]

    @property
    def to_order(self) -> tuple[Need, ...]:
        return tuple(one for one in self.needs if one.units)

    @property
    def units(self) -> int:
        return sum(one.units for one in self.needs)

    @property
    def cost(self) -> Decimal:
        """What is to be ordered costs, as far as it is known."""
        return sum((one.sum for one in self.to_order if one.sum is not None), Decimal())

    @property
    def without_cost(self) -> int:
        """SKUs to order of which nobody told the cost."""
        return sum(one.cost is None for one in self.to_order)


def drafts(house: House, supplier: str | None = None) -> list[Draft]:
    """What is to be ordered now, or is low, by supplier, those without one last; of one `supplier`, or of all.

    Raises:
        Refusal: no SKU has that supplier.
    """
    with house.db.read() as tx:
        every = needs(tx, house).values()
    known = sorted({one.supplier for one in every if one.supplier is not None})
    if supplier is not None and supplier not in known:
        near = difflib.get_close_matches(supplier, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else "They come with an import file: syncd import FILE"
        raise Refusal(f"No SKU has the supplier {supplier}", hint)
    found = [
        Draft(name, tuple(one for one in every if one.due and one.supplier == name))
        for name in ([supplier] if supplier is not None else [*known, None])
    ]
    return [draft for draft in found if draft.needs]


def _need(
    house: House,
    sku: Sku,
    pools: Pools,
    point: ReorderPoint,
    selling: Selling | None,
    deliveries: tuple[Delivery, ...],
    stated: Sequence[Stated],
    fresh: set[str],
) -> Need:
    theirs = _theirs(sku, stated)
    feed = max(theirs, key=lambda one: (one.feed in fresh, one.units or 0), default=None)
    pack_size = _number(sku, "pack_size") or (feed.pack_size if feed is not None else None)
    minimum_order, lead_time = _number(sku, "minimum_order"), _lead_time(sku, theirs)
    on_order = sum(one.due for one in deliveries if not one.overdue(house.today()))
    cost = sku.details["cost"]
    known = selling.demand if selling is not None else None
    return Need(
        sku=sku,
        pools=pools,
        point=point,
        selling=selling,
        deliveries=deliveries,
        on_order=on_order,
        units=units_to_order(
            pools.available,
            on_order,
            point,
            known,
            house.order_for.days,
            pack_size,
            minimum_order,
            calendar_days(lead_time, house.workdays) if lead_time is not None else None,
        ),
        supplier=sku.supplier or (feed.feed if feed is not None else None),
        pack_size=pack_size,
        minimum_order=minimum_order,
        lead_time_days=lead_time,
        cost=Decimal(cost) if isinstance(cost, str) else None,
        supplier_units=feed.units if feed is not None and feed.feed in fresh else None,
    )


def _points(
    house: House,
    rules: Rules,
    skus: Iterable[Sku],
    weeks: Mapping[int, Sequence[int]],
    stated: Mapping[int, Sequence[Stated]],
) -> dict[int, ReorderPoint]:
    found = {}
    for sku in skus:
        # Of whom it will be ordered is not settled with the alarm: with the slowest it comes soon enough.
        working_days = _lead_time(sku, stated.get(sku.id, ()))
        known, days = None, None
        if working_days is not None:  # else its sales say nothing about when to order
            known, days = Demand.of(weeks.get(sku.id, ())), calendar_days(working_days, house.workdays)
        found[sku.id] = rules.reorder_point(sku.facts, known, days)
    return found


def _stated(tx: Tx, house: House, sku_ids: Sequence[int] | None) -> dict[int, list[Stated]]:
    """What the feeds that are still read said."""
    read = {port.name for port in house.ports if port.feed is not None}
    if not read:
        return {}
    return {sku_id: [one for one in said if one.feed in read] for sku_id, said in supplies.of_skus(tx, sku_ids).items()}


def _theirs(sku: Sku, stated: Sequence[Stated]) -> Sequence[Stated]:
    """What the feeds of the supplier said whom the owner named; of all where none is named."""
    return [one for one in stated if is_of(one.feed, sku.supplier)] if sku.supplier else stated


def _lead_time(sku: Sku, stated: Iterable[Stated]) -> int | None:
    """In working days, the longest that the owner or these feeds told."""
    told = [one.lead_time_days for one in stated if one.lead_time_days is not None]
    own = _number(sku, "lead_time_days")
    return max([*told, own] if own is not None else told, default=None)


def _number(sku: Sku, field: str) -> int | None:
    value = sku.details[field]
    return value if isinstance(value, int) else None
