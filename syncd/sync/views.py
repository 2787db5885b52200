"""What each listing of a channel may show now, and all that a decision about it needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from syncd.domain.availability import Offer, Pools, Rule, offered
from syncd.storage import catalogue, channels, ledger, listings, orders
from syncd.storage.catalogue import Sku
from syncd.storage.channels import Mode
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync.house import House, Port


@dataclass(frozen=True, slots=True)
class View:
    """One listing that syncd keeps, with its SKU's stock, rule and offer as of one transaction."""

    row: ListingRow
    sku: Sku
    pools: Pools
    rule: Rule
    held: int
    offer: Offer


def load(tx: Tx, house: House, port: Port, row_ids: Collection[int] | None = None) -> list[View]:
    """The kept listings of a channel whose SKU is counted; of these rows, or of all.

    The listings, and with them their generations, are read before the quantities: a change in between leaves the
    listing dirty (design.md §3.8).
    """
    if row_ids is None:
        rows = listings.of_channel(tx, port.name)
        skus = {sku.id: sku for sku in catalogue.all_skus(tx)}
        stock = ledger.pools(tx)
        claims = orders.claims(tx, port.name)
    else:
        rows = list(listings.by_ids(tx, row_ids).values())
        ids = sorted({row.sku_id for row in rows if row.sku_id is not None})
        skus = {sku.id: sku for sku in catalogue.by_ids(tx, ids)}
        stock = ledger.pools(tx, ids)
        claims = orders.claims(tx, port.name, [row.id for row in rows])
    channel = channels.get(tx, port.name)
    restoring = channel is not None and channel.mode is Mode.RESTORING
    rules = house.rules(tx)
    views = []
    for row in rows:
        if row.sku_id is None or not writable(row, port) or skus[row.sku_id].counted_at is None:
            continue
        sku, pools, claim = skus[row.sku_id], stock[row.sku_id], claims.get(row.id)
        rule = rules.rule(sku.facts, port.name)
        held = claim.held if claim else 0
        if restoring:
            if row.snapshot_shown is None or row.snapshot_taken is None:
                continue
            taken_since = (claim.taken if claim else 0) - row.snapshot_taken
            rule, held = Rule(restore=row.snapshot_shown - taken_since), 0
        views.append(View(row, sku, pools, rule, held, offered(pools, rule, held_by_channel=held)))
    return views


def writable(row: ListingRow, port: Port) -> bool:
    """True where syncd may write the listing: matched, counted by the channel (or to be), stopped by a pushed 0."""
    if row.kept:
        return True
    to_start = port.start_counting and row.stock == "none" and row.sku_id is not None
    return to_start and not row.excluded and row.vanished_at is None and (row.accepted or not row.sells_at_zero)


def why_left_alone(row: ListingRow) -> str:
    """Why syncd does not write a listing that has a SKU of ours, in words."""
    if row.vanished_at is not None:
        return "the shop does not show it any more"
    if row.stock == "parent":
        return "its parent counts the stock"
    if row.stock == "none":
        return "the shop does not count its stock"
    if row.excluded:
        return "another listing has the same SKU"
    if row.sells_at_zero and not row.accepted:
        return f"a 0 would not stop it: {', '.join(row.sells_at_zero)}"
    return "its SKU is not counted yet"
