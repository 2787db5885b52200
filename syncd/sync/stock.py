"""What there is of a SKU, pool by pool, as of one transaction: the input of every number (design.md §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from syncd.domain.availability import Pools
from syncd.domain.status import StockStatus
from syncd.storage import catalogue, incoming, ledger, permissions, supplies
from syncd.storage.incoming import Delivery
from syncd.storage.permissions import Permission, PermissionKind
from syncd.storage.session import Tx
from syncd.storage.supplies import Feed, Stated
from syncd.sync.house import House


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of a SKU by pool, and what is known of the time that each takes.

    `deliveries`: those that count, the earliest first. `late_…` and `ended_…`: units of deliveries, feeds and
    permissions whose time is over: they are in no pool. `said`: the owner's own word for the status. Lead times are
    working days.
    """

    pools: Pools
    external_places: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    supplier_days: int | None = None
    lead_time_days: int | None = None
    pre_order_from: date | None = None
    said: StockStatus | None = None
    late_incoming: int = 0
    late_supplier: int = 0
    ended_pre_order: int = 0
    ended_overbooked: int = 0

    @property
    def in_time(self) -> Pools:
        """The pools had nothing run late: what lateness takes away goes at once, and asks nobody for a yes."""
        if not (self.late_incoming or self.late_supplier or self.ended_pre_order or self.ended_overbooked):
            return self.pools
        return replace(
            self.pools,
            incoming=self.pools.incoming + self.late_incoming,
            supplier=self.pools.supplier + self.late_supplier,
            pre_order=self.pools.pre_order + self.ended_pre_order,
            overbooked=self.pools.overbooked + self.ended_overbooked,
        )


def load(tx: Tx, house: House, sku_ids: Sequence[int] | None = None) -> dict[int, Stock]:
    """The stock of these SKUs, or of all."""
    today = house.today()
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    for one in incoming.open_deliveries(tx, sku_ids):
        deliveries[one.sku_id].append(one)
    given: dict[int, list[Permission]] = defaultdict(list)
    for permission in permissions.every(tx, sku_ids):
        given[permission.sku_id].append(permission)
    stated = supplies.of_skus(tx, sku_ids)
    sources = _sources(tx, house) if stated else {}
    places = ledger.external_places(tx, sku_ids)
    leads = catalogue.lead_times(tx, sku_ids)
    found = {}
    for sku_id, pools in ledger.pools(tx, sku_ids).items():
        stock = Stock(pools, places.get(sku_id, ()), lead_time_days=leads.get(sku_id))
        stock = _with_deliveries(stock, deliveries.get(sku_id, ()), today)
        stock = _with_supplies(stock, stated.get(sku_id, ()), sources)
        found[sku_id] = _with_permissions(stock, given.get(sku_id, ()), today)
    return found


def pools(tx: Tx, house: House, sku_ids: Sequence[int] | None = None) -> dict[int, Pools]:
    """As `load`, the units alone."""
    return {sku_id: one.pools for sku_id, one in load(tx, house, sku_ids).items()}


def expired(house: House, feed: Feed) -> bool:
    """True where what a supplier stated is too old to be sold (`<CHANNEL>_SILENT_AFTER`), or nobody reads it now."""
    port = next((port for port in house.ports if port.name == feed.feed and port.feed is not None), None)
    return port is None or feed.stated_at is None or house.now() - feed.stated_at > port.silent_after


def trusted(house: House, stated: Stated) -> int:
    """Units of what a supplier stated that are believed (`<CHANNEL>_TRUST`), rounded down."""
    percent = next((port.trust_percent for port in house.ports if port.name == stated.feed), 0)
    return _believed(stated, percent)


def _believed(stated: Stated, percent: int) -> int:
    return max(0, stated.units or 0) * percent // 100


def _with_deliveries(stock: Stock, deliveries: Iterable[Delivery], today: date) -> Stock:
    """A delivery counts until its day is over; one without a day cannot be promised to anybody."""
    dated = [one for one in deliveries if one.due and one.expected_on is not None]
    if not dated:
        return stock
    coming = tuple(one for one in dated if not one.overdue(today))
    return replace(
        stock,
        pools=replace(stock.pools, incoming=sum(one.due for one in coming)),
        deliveries=coming,
        late_incoming=sum(one.due for one in dated if one.overdue(today)),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """A feed: how much of what it states is believed, and whether its time is over."""

    trust_percent: int
    expired: bool


def _sources(tx: Tx, house: House) -> dict[str, _Source]:
    trust = {port.name: port.trust_percent for port in house.ports}
    feeds = supplies.every_feed(tx)
    return {name: _Source(trust.get(name, 0), expired(house, feed)) for name, feed in feeds.items()}


def _with_supplies(stock: Stock, stated: Iterable[Stated], sources: Mapping[str, _Source]) -> Stock:
    units, late, days = 0, 0, []
    for one in stated:
        source = sources[one.feed]
        believed = _believed(one, source.trust_percent)
        if source.expired:
            late += believed
        elif believed:
            units += believed
            days.append(one.lead_time_days if one.lead_time_days is not None else stock.lead_time_days)
    if not units and not late:
        return stock
    # Which supplier will be asked is not known yet: the slowest of those that have it is promised.
    known = [one for one in days if one is not None]
    return replace(
        stock,
        pools=replace(stock.pools, supplier=units),
        supplier_days=max(known) if len(known) == len(days) and known else None,
        late_supplier=late,
    )


def _with_permissions(stock: Stock, given: Iterable[Permission], today: date) -> Stock:
    """A permission counts until its last day is over; a pre-order until the day from which it was to ship: then units
    must be there, or another day be told."""
    for one in given:
        holds = one.holds(today) and not one.late(today)
        match one.kind:
            case PermissionKind.OVERBOOK if holds:
                stock = replace(stock, pools=replace(stock.pools, overbooked=one.units))
            case PermissionKind.OVERBOOK:
                stock = replace(stock, ended_overbooked=one.units)
            case PermissionKind.PRE_ORDER if holds:
                units = replace(stock.pools, pre_order=one.units)
                stock = replace(stock, pools=units, pre_order_from=one.starts_on)
            case PermissionKind.PRE_ORDER:
                stock = replace(stock, ended_pre_order=one.units)
            case PermissionKind.STATUS if holds:
                stock = replace(stock, said=one.status)
    return stock
