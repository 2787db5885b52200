"""The words of this house, and the values that carry them.

SKU             the unit of stock: a simple product or ONE variation (size 39, black). A parent product has no stock
location        where units physically are: own shelf, own warehouse, third-party warehouse (3PL), a supplier
stock class     of a location: `own` (safe stock), `external` (3PL), `supplier` (risky stock), `quarantine` (returns,
                damage)
on hand         units at a location, by the ledger
reserved        units promised to open orders (platforms say *committed*)
available       on hand − reserved. Derived, never stored. May be negative: an oversell is a fact and is recorded
incoming        units ordered from a supplier, with an expected date
safety buffer   units held back from sale on a channel (10 on hand → 8 offered)
offered         what a channel is told it may sell; never negative. The only number that leaves the house
stock status    what the buyer reads: in stock · on the way · external warehouse · supplier lead time X working days ·
                pre-order · out of stock
channel         one configured shop, till or feed, named by the owner (`woo`, `shopify_il`)
connector       the code for a kind of channel (`woocommerce`, `shopify`, `supplier_feed`, `till`)
listing         the link SKU ↔ a channel's own ids, with what was last pushed and last seen there
movement        one line of the append-only ledger: sale, cancellation, fulfilment, return, receipt, adjustment,
                stocktake, transfer
cursor          how far a stream of a channel has been read
reorder point   at or below this, order more
drift           the channel shows something else than what we pushed less what it sold since
reconciliation  reading the channel's real numbers and explaining each drift
hold            a change too big to make without a yes (`syncd approve`)

Quantities are `int` units. Instants are aware UTC. Durations are `timedelta`, or carry the unit in the name.
"""

from __future__ import annotations

from enum import StrEnum

MOST_UNITS = 1_000_000_000
"""Above this a number is taken for something else than units, such as a barcode."""


class StockClass(StrEnum):
    """How far the units at a location can be relied on (N14)."""

    OWN = "own"
    EXTERNAL = "external"
    SUPPLIER = "supplier"
    QUARANTINE = "quarantine"


def normal_sku(text: object) -> str | None:
    """The SKU as it is compared: without blanks around it; ``None`` where nothing is left.

    Case is kept: `woo-tshirt` and `Woo-Tshirt` are two SKUs. An empty SKU is no SKU (field notes 31: it would match
    the first product without one).
    """
    if text is None:
        return None
    return str(text).strip() or None


def twin_key(sku: str) -> str:
    """What SKUs have in common that differ only by case or blanks: such twins are reported, never guessed."""
    return "".join(sku.split()).casefold()
