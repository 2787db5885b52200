"""What each listing of a channel may show now, and all that a decision about it needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.contract import NOTHING, Notice
from syncd.domain.availability import Offer, Pools, Rule, offered
from syncd.domain.promise import NOTHING_TOLD, Promise
from syncd.storage import catalogue, channels, ledger, listings, orders
from syncd.storage.catalogue import Sku
from syncd.storage.channels import Mode
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import notices, stock
from syncd.sync.house import House, Port
from syncd.sync.puller import silent

FAST = timedelta(hours=1)
"""The sales of the last hour tell how fast a SKU sells."""


@dataclass(frozen=True, slots=True)
class View:
    """One listing that syncd keeps, with its SKU's stock, rule and offer as of one transaction.

    `calm` is the number that would be told had nothing run late and no caution been called for: a change is judged by
    it, so that neither asks anybody for a yes (design.md §3.6). `notice` is what the buyer should read, ``None`` where
    nothing is written beside numbers; `promise` is the time that it tells. `farewell`: the listing is not kept in step
    any more, and only what buyers read there by us is taken back.
    """

    row: ListingRow
    sku: Sku
    pools: Pools
    rule: Rule
    held: int
    offer: Offer
    calm: int
    notice: Notice | None = None
    promise: Promise = NOTHING_TOLD
    farewell: bool = False

    @property
    def noticed(self) -> bool:
        """True where the channel tells buyers what it should, or is not to tell them anything by us."""
        written = None if self.row.notice is None else list(self.row.notice)
        return self.notice is None or notices.as_written(self.notice) == written

    def notice_due(self, now: datetime) -> bool:
        """True where the channel does not tell buyers yet what it should, and did not refuse to lately."""
        return not self.noticed and (self.row.notice_retry_at is None or self.row.notice_retry_at <= now)

    @property
    def notice_unsure(self) -> bool:
        """True while a notice that was sent may still take effect: the listing rests only once it was sent again."""
        return notices.unsure(self.row)


def load(tx: Tx, house: House, port: Port, row_ids: Collection[int] | None = None) -> list[View]:
    """The kept listings of a channel whose SKU is counted; of these rows, or of all.

    The listings, and with them their generations, are read before the quantities: a change in between leaves the
    listing dirty (design.md §3.8).
    """
    if row_ids is None:
        rows = listings.of_channel(tx, port.name)
        ids = None
        skus = {sku.id: sku for sku in catalogue.all_skus(tx)}
        claims = orders.claims(tx, port.name)
    else:
        rows = list(listings.by_ids(tx, row_ids).values())
        ids = sorted({row.sku_id for row in rows if row.sku_id is not None})
        skus = {sku.id: sku for sku in catalogue.by_ids(tx, ids)}
        claims = orders.claims(tx, port.name, [row.id for row in rows])
    stocks = stock.load(tx, house, ids)
    sold = ledger.sold_since(tx, house.now() - FAST, ids) if house.caution.fast_percent else {}
    quiet = _silent_sources(tx, house, port, ids)
    channel = channels.get(tx, port.name)
    restoring = channel is not None and channel.mode is Mode.RESTORING
    rules = house.rules(tx)
    shows, now_local = port.display is not None, house.now().astimezone(house.timezone)
    views = []
    for row in rows:
        if row.sku_id is None or not writable(row, port) or skus[row.sku_id].counted_at is None:
            continue
        sku, there, claim = skus[row.sku_id], stocks[row.sku_id], claims.get(row.id)
        held = claim.held if claim else 0
        if restoring:
            if row.snapshot_shown is None or row.snapshot_taken is None:
                continue
            taken_since = (claim.taken if claim else 0) - row.snapshot_taken
            rule = Rule(restore=row.snapshot_shown - taken_since, sells=port.sells)
            offer = offered(there.pools, rule)
            taken_back = NOTHING if port.display is not None else None
            views.append(View(row, sku, there.pools, rule, 0, offer, offer.told, taken_back))
            continue
        calm_rule = replace(rules.rule(sku.facts, port.name), sells=port.sells, buffers=port.buffers, status=there.said)
        silent_here = [name for name, of in quiet.items() if of is None or row.sku_id in of]
        extra = house.caution.held_back(silent_here, sold.get(row.sku_id, 0))
        last = house.caution.of_the_last(there.pools.own, there.pools.reserved)
        rule = replace(calm_rule, extra=extra, last_units=last) if extra or last else calm_rule
        offer = offered(there.pools, rule, held_by_channel=held)
        as_calm = rule is calm_rule and there.in_time is there.pools
        calm = offer.told if as_calm else offered(there.in_time, calm_rule, held_by_channel=held).told
        told = notices.promised(house, there, offer, now_local)
        notice = notices.notice(port.wording, row, offer.status, told) if shows else None
        views.append(View(row, sku, there.pools, rule, held, offer, calm, notice, told))
    return views


def in_step(view: View) -> bool:
    """True where the channel shows what it should, as far as is known."""
    expected, told = view.row.expected, view.offer.told
    return expected == told or (told == 0 and expected is not None and expected <= 0)


def farewells(tx: Tx, port: Port, kept: Collection[int], row_ids: Collection[int] | None = None) -> list[View]:
    """Listings (of these rows, or of all) beside those that are `kept` at which buyers still read something by us:
    nobody keeps it true any more."""
    if port.display is None:
        return []
    rows = listings.of_channel(tx, port.name) if row_ids is None else listings.by_ids(tx, row_ids).values()
    told = [row for row in rows if row.notice is not None and row.id not in kept and row.vanished_at is None]
    skus = {sku.id: sku for sku in catalogue.by_ids(tx, {row.sku_id for row in told if row.sku_id is not None})}
    nothing = offered(Pools(0), Rule())
    return [
        View(row, skus[row.sku_id], Pools(0), Rule(), 0, nothing, 0, NOTHING, farewell=True)
        for row in told
        if row.sku_id is not None
    ]


def _silent_sources(tx: Tx, house: House, port: Port, sku_ids: Sequence[int] | None) -> dict[str, set[int] | None]:
    """Other channels that take orders and were silent for too long, with the SKUs that they may have sold; ``None``:
    any, as a till may (N3)."""
    if not house.caution.silent_units:
        return {}
    found: dict[str, set[int] | None] = {}
    for other in house.ports:
        channel = channels.get(tx, other.name) if other.sales is not None and other.name != port.name else None
        if channel is None or not silent(channel, other, house):
            continue
        found[other.name] = None if other.shelf is None else listings.skus_of(tx, other.name, sku_ids)
    return found


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
