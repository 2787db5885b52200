"""The facts of a letter about SKUs, as they are when it is written: for many SKUs in few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from syncd.alerts.letter import Coming, ConcernedOrder, Link, Oversold, StockFacts, ToOrder
from syncd.domain.availability import Pool
from syncd.domain.oversell import NOT_KNOWN, Ended, Surroundings, cause
from syncd.domain.replenishment import calendar_days, days_left
from syncd.domain.said import Said
from syncd.storage import catalogue, incidents, incoming, ledger, listings, orders
from syncd.storage.catalogue import Sku
from syncd.storage.incidents import IncidentKind
from syncd.storage.orders import Reservation
from syncd.storage.session import Tx
from syncd.sync import replenishing, stock
from syncd.sync.house import House
from syncd.sync.replenishing import Need
from syncd.sync.stock import Stock

LOOKED_BACK = timedelta(days=30)
"""What took the units longer ago than this is not looked for: the books of a busy SKU are long."""


def stock_facts(tx: Tx, house: House, sku_ids: Sequence[int]) -> dict[int, StockFacts]:
    """How these SKUs stand, and what to order of them."""
    return {sku_id: _stock_facts(house, need) for sku_id, need in replenishing.needs(tx, house, sku_ids).items()}


def _stock_facts(house: House, need: Need) -> StockFacts:
    known, lead_time = need.demand, need.lead_time_days
    days = None if lead_time is None else timedelta(days=calendar_days(lead_time, house.workdays))
    return StockFacts(
        own=need.pools.own,
        external=need.pools.external,
        reserved=need.pools.reserved,
        available=need.pools.available,
        left=need.pools.left_for(house.sells),
        point=need.point,
        to_order=ToOrder(
            units=need.units,
            supplier=need.supplier,
            pack_size=need.pack_size,
            minimum_order=need.minimum_order,
            lead_time_days=lead_time,
            expected_on=house.today() + days if days is not None else None,
            cost=need.cost,
            supplier_units=need.supplier_units,
        ),
        coming=tuple(Coming(one.id, one.due, one.expected_on) for one in need.deliveries if one.due),
        per_week=known.per_week if known is not None else None,
        days_left=days_left(need.pools.available, known),
        unsold_since=need.selling.last_sold_at if need.selling is not None else None,
    )


def links(tx: Tx, sku_ids: Sequence[int]) -> dict[int, tuple[Link, ...]]:
    """Where these SKUs are edited in each shop, by channel; those that no shop has an address for are absent."""
    found: dict[int, dict[Link, None]] = defaultdict(dict)  # variations of one product share a page
    for row in listings.still_there(tx, sku_ids):
        if row.sku_id is not None and row.admin_url:
            found[row.sku_id][Link(row.channel, row.admin_url)] = None
    return {sku_id: tuple(known) for sku_id, known in found.items()}


def oversold(tx: Tx, house: House, sku_ids: Sequence[int], language: str) -> dict[int, Oversold]:
    """What is known of each oversell. `language`: of buyers in channels that have none of their own."""
    skus = {sku.id: sku for sku in catalogue.by_ids(tx, sku_ids)}
    stocks = stock.load(tx, house, sku_ids)
    left = {sku_id: one.pools.left_for(house.sells) for sku_id, one in stocks.items()}
    short = [sku_id for sku_id, units in left.items() if units < 0]
    reserved = orders.reservations(tx, short)
    causes = _causes(tx, house, {sku_id: skus[sku_id] for sku_id in short}, stocks, left)
    points, rules = replenishing.points(tx, house, sku_ids), house.rules(tx)
    sinks = [port.name for port in house.ports if port.sink is not None]
    found = {}
    for sku_id, sku in skus.items():
        missing = max(0, -left[sku_id])
        # Without the SKU's own rule: who has followed the advice is not told to hold back the same units once more.
        held_back, usual = (
            max((rules.rule(facts, name).buffer.held_back(max(1, points[sku_id].units)) for name in sinks), default=0)
            for facts in (sku.facts, replace(sku.facts, sku=""))
        )
        found[sku_id] = Oversold(
            missing,
            _concerned(house, reserved.get(sku_id, ()), missing, language),
            causes.get(sku_id, NOT_KNOWN),
            usual + missing if usual + missing > held_back else 0,
        )
    return found


def _concerned(
    house: House, reserved: Sequence[Reservation], missing: int, language: str
) -> tuple[ConcernedOrder, ...]:
    """The latest orders, until the missing units are covered: those before them came while there was enough."""
    languages = {port.name: port.wording.language for port in house.ports if port.wording is not None}
    concerned = []
    for one in sorted(reserved, key=lambda one: one.ordered_at, reverse=True):
        if missing <= 0:
            break
        units = min(one.units, missing)
        told_in = languages.get(one.channel, language)
        concerned.append(ConcernedOrder(one.channel, one.number, one.ordered_at, units, told_in))
        missing -= units
    return tuple(concerned)


def _causes(
    tx: Tx, house: House, skus: dict[int, Sku], stocks: dict[int, Stock], left: dict[int, int]
) -> dict[int, Said]:
    if not skus:
        return {}
    since = house.now() - LOOKED_BACK
    changes = ledger.changes(tx, since, skus)
    ended = _ended(tx, house, skus, stocks)
    waited = incidents.closed_since(tx, IncidentKind.UNMAPPED, since)
    tills = {port.name for port in house.ports if not port.steady}
    at_zero: dict[int, set[str]] = defaultdict(set)
    for row in listings.still_there(tx, skus):
        if row.sku_id is not None and row.sells_at_zero:
            at_zero[row.sku_id].add(row.channel)
    return {
        sku_id: cause(
            sku.sku,
            left[sku_id],
            changes.get(sku_id, ()),
            Surroundings(ended.get(sku_id, ()), waited, tills, at_zero.get(sku_id, ())),
        )
        for sku_id, sku in skus.items()
    }


def _ended(tx: Tx, house: House, skus: dict[int, Sku], stocks: dict[int, Stock]) -> dict[int, list[Ended]]:
    """What was sold beyond the shelf and does not come, or not in time."""
    found: dict[int, list[Ended]] = defaultdict(list)
    if Pool.INCOMING in house.sells:
        today = house.today()
        for one in incoming.open_deliveries(tx, skus):
            if one.overdue(today):
                why = Said("Delivery {number} did not come on its day, and was sold already", number=str(one.id))
                found[one.sku_id].append(Ended(stocks[one.sku_id].late_incoming, why))
        for one in incoming.called_off(tx, house.now() - LOOKED_BACK, skus):
            why = Said("Delivery {number} will not come in full, and was sold already", number=str(one.id))
            found[one.sku_id].append(Ended(one.units - one.received, why, one.closed_at))
    for sku_id in skus:
        known = stocks[sku_id]
        if Pool.SUPPLIER in house.sells and known.late_supplier:
            why = Said("What the supplier stated is too old to be relied on, and was sold already")
            found[sku_id].append(Ended(known.late_supplier, why))
        if Pool.PRE_ORDER in house.sells and known.ended_pre_order:
            why = Said("The pre-order is over, and more was ordered than came")
            found[sku_id].append(Ended(known.ended_pre_order, why))
        if known.ended_overbooked:
            why = Said("The permission to overbook is over, and more was ordered than came")
            found[sku_id].append(Ended(known.ended_overbooked, why))
    return found
