"""Takes an owner's stock file as a stocktake: what it would change, then the change in one transaction.

Numbers of a file are units on hand at `counted_at`, reserved ones included (design.md §3.1). Where a file has what a
shop *shows* (WooCommerce's product export), units that open orders took from that number lie on the shelf as well, so
they are added back (design.md §3.10): of the orders placed by `counted_at`, what was not shipped by then. An order
that was placed later took nothing from the file's number and is not added; nor is one that is not known: in doubt less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.contract import ConnectorError
from syncd.domain.availability import Buffer
from syncd.domain.rules import Limits, Scope
from syncd.files import StockFile, StockRow
from syncd.storage import catalogue, channels, ledger, listings, orders
from syncd.storage.catalogue import OWN_SHELF
from syncd.storage.session import Tx
from syncd.sync import mapper
from syncd.sync.bookkeeper import note_oversold_among
from syncd.sync.cycle import Cycle, leased
from syncd.sync.house import House, Port, Refusal
from syncd.sync.stock_changes import RULES, FieldChange, Import, ShopNumbers, compare, load, sku_rules

QUICKEST_SHIPPING = timedelta(minutes=15)
"""Sooner than that after it was placed, an order is hardly shipped."""


def look(
    house: House,
    stock_file: StockFile,
    *,
    counted_at: datetime | None,
    channel: str | None = None,
    no_orders: bool = False,
    location: str | None = None,
    skip_bad_rows: bool = False,
) -> Import:
    """What a stock file changes; the master table is not changed by asking.

    Where the file has what a shop shows, that shop's orders are read first. `channel` is that shop, by default the
    only one of its kind; `no_orders` says that none of its orders is open. `location` is where rows count that name
    none: by default where that shop ships from, or the own shelf.

    Raises:
        Refusal: the file has counts and `counted_at` is missing or has not come yet; or the orders that are to be
            added back cannot be known.
        LeaseHeld: another syncd works on a channel.
    """
    counts = any(row.on_hand is not None for row in stock_file.rows)
    if counts and counted_at is None:
        raise Refusal(
            "The file has counts, and it is not said when they were made",
            'Say it: --counted-at "2026-11-22 10:14", or --counted-at now',
        )
    if counted_at is not None and counted_at > house.now():
        raise Refusal("The time of the count has not come yet", "When was it counted? --counted-at")
    shop = _shop(house, stock_file, channel, no_orders=no_orders) if counts else None
    if shop is not None and not no_orders:
        _read_orders(house, shop)
    with house.db.read() as tx:
        numbers, warnings = None, []
        if shop is not None:
            assert counted_at is not None
            numbers = _numbers_of(tx, shop, counted_at, add_back=not no_orders)
            warnings = [] if no_orders else _unseen(tx, shop, counted_at)
        return compare(
            load(tx, counted_at),
            stock_file,
            counted_at=counted_at,
            location=location or (shop.ships_from[0] if shop is not None else OWN_SHELF),
            shop=numbers,
            hold_limits=house.hold_limits,
            skip_bad_rows=skip_bad_rows,
            warnings=warnings,
        )


def commit(house: House, import_: Import) -> None:
    """Make the import, in one transaction; orders that waited for its SKUs are booked with it.

    The same import again changes nothing. What is added to the count of a shop's number holds for the instant of the
    count, so orders that come in between `look` and this change nothing about it.

    Raises:
        Refusal: it has bad rows that were not to be passed over.
    """
    if import_.refused:
        raise Refusal(
            f"Nothing is imported: {len(import_.bad_rows):,} of its rows cannot be taken",
            "Mend them, or: --skip-bad-rows",
        )
    with house.db.write() as tx:
        house.progress("writing SKUs", 0, None)
        ids = _write_skus(tx, import_)
        house.progress("writing counts", 0, None)
        _write_counts(tx, import_, ids, house.now())
        for port in house.ports:
            mapper.settle_matches(tx, house, port)
        note_oversold_among(tx, house, {ids[one.sku] for one in import_.counts})


def export(house: House) -> list[StockRow]:
    """The master table as rows of a stock file, one per SKU and location where it was counted or lies."""
    with house.db.read() as tx:
        levels, rules = catalogue.levels_by_sku(tx), sku_rules(tx)
        rows = []
        for sku in catalogue.all_skus(tx):
            limits = rules.get(sku.sku, Limits())
            cost = sku.details["cost"]
            said: dict[str, Any] = {
                **sku.details,
                "cost": Decimal(str(cost)) if cost is not None else None,
                **{rule: getattr(limits, rule) for rule in RULES},
            }
            places = [level for level in levels.get(sku.id, ()) if level.counted_at is not None or level.on_hand]
            for level in places:
                rows.append(StockRow(0, sku.sku, location=level.location, on_hand=level.on_hand, **said))
            if not places:
                rows.append(StockRow(0, sku.sku, **said))
        return rows


def _shop(house: House, stock_file: StockFile, channel: str | None, *, no_orders: bool) -> Port | None:
    """The shop whose numbers the file has; ``None`` where they are units on hand, or where no shop has to be known."""
    if not stock_file.shows_available:
        if channel is not None:
            raise Refusal("The numbers in this file are units on hand; no shop's orders are added", "Omit --channel")
        return None
    kind = stock_file.kind.value
    shops = [house.port(channel)] if channel is not None else [port for port in house.ports if port.kind == kind]
    if len(shops) == 1 and (no_orders or shops[0].sales is not None):
        return shops[0]
    what = "The file has what the shop shows; units of its open orders come on top"
    if len(shops) > 1:
        names = " or ".join(port.name for port in shops)
        raise Refusal(f"{what}, and there are several such shops", f"Say which one it comes from: --channel {names}")
    if no_orders:
        return None
    raise Refusal(
        f"{what}, and no {kind} channel is configured whose orders can be read",
        "Add the shop (syncd init) and import again. If it has no open orders, say so: --no-orders",
    )


def _read_orders(house: House, shop: Port) -> None:
    """Read a shop's listings, then its orders."""
    try:
        with leased(house, [shop]):
            if shop.shelf is not None:
                mapper.refresh(house, shop)
            cycle = Cycle(house)
            cycle.pull([shop.name])
        if shop.name in cycle.report.failed:
            raise cycle.report.failed[shop.name]
    except ConnectorError as error:
        raise Refusal(
            f"The open orders of {shop.name} come on top of the numbers in the file, and cannot be read: {error}",
            f"{error.hint} If it has no open orders, say so: --no-orders".strip(),
        ) from error


def _numbers_of(tx: Tx, shop: Port, counted_at: datetime, *, add_back: bool) -> ShopNumbers:
    """What the shop calls our SKUs, and what its orders took of each that lay on the shelf at that instant."""
    names = {sku_id: sku for sku, sku_id in catalogue.ids(tx).items()}
    rows = {row.listing_id: row for row in listings.of_channel(tx, shop.name)}
    ours = {
        row.channel_sku: names[row.sku_id]
        for row in rows.values()
        if row.sku_id is not None and row.channel_sku and not row.excluded and row.vanished_at is None
    }
    added: dict[str, int] = defaultdict(int)
    for listing_id, units in orders.on_shelf_at(tx, shop.name, counted_at).items() if add_back else ():
        row = rows.get(listing_id)
        if row is not None and row.stock == "parent" and row.parent_id is not None:
            row = rows.get(row.parent_id, row)
        sku = None if row is None else names[row.sku_id] if row.sku_id is not None else row.channel_sku
        if sku is not None:
            added[sku] += units
    return ShopNumbers(shop.name, ours, added)


def _unseen(tx: Tx, shop: Port, counted_at: datetime) -> list[str]:
    """A warning where orders may have come and gone between the export and the first reading of the shop."""
    channel = channels.get(tx, shop.name)
    first = channel.first_contact_at if channel is not None else None
    if first is None or first - counted_at <= QUICKEST_SHIPPING:
        return []
    return [
        f"syncd read {shop.name} for the first time after this was counted: orders that were placed and shipped in "
        "between are not known. If there were any, export again and import that."
    ]


def _write_skus(tx: Tx, import_: Import) -> Mapping[str, int]:
    """Make new SKUs, write fields and rules; the ids of all SKUs."""
    fields: dict[str, dict[str, object]] = {sku: {} for sku in import_.new_skus}
    for change in import_.fields:
        after = format(change.after, "f") if isinstance(change.after, Decimal) else change.after
        fields.setdefault(change.sku, {})[change.field] = after
    ids = catalogue.ensure_all(tx, fields)
    rules: dict[str, dict[str, int | None]] = defaultdict(dict)
    for change in import_.rules:
        rules[change.sku].update(_columns(change))
    catalogue.set_limits_of_all(tx, Scope.SKU, None, rules)
    # Rules may hang on the category and the supplier of a SKU; reorder points and promised days on its lead time.
    looked_at = {change.sku for change in import_.fields if change.field in ("category", "supplier", "lead_time_days")}
    ledger.raise_again(tx, sorted(ids[sku] for sku in looked_at | rules.keys()))
    return ids


def _columns(change: FieldChange) -> dict[str, int | None]:
    """The columns of `storage.schema.rules` that a change of a rule writes."""
    if isinstance(change.after, Buffer):
        percent = change.after.percent
        return {"buffer_percent": percent or None, "buffer_units": None if percent else change.after.units}
    assert isinstance(change.after, int)
    return {change.field: change.after}


def _write_counts(tx: Tx, import_: Import, ids: Mapping[str, int], now: datetime) -> None:
    if import_.counted_at is None:
        return
    places = {name: catalogue.location(tx, name) for name in {one.location for one in import_.counts}}
    counts = [
        ledger.Count(ids[one.sku], places[one.location], one.units, f"import/{import_.id}/{number}")
        for number, one in enumerate(import_.counts)
    ]
    reason = f"imported from the export of {import_.channel}" if import_.channel else "imported from a file"
    ledger.count_all(tx, counts, counted_at=import_.counted_at, reason=reason, now=now)
