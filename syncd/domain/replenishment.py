"""When to order more, and how much (N48): the reorder point, and the quantity in the supplier's packs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PointSource(StrEnum):
    """Where a reorder point comes from."""

    SET = "set"  # the owner told it for the SKU, its category or its supplier
    SALES = "sales"  # worked out of the SKU's own sales and its lead time
    DEFAULT = "default"  # SYNCD_REORDER_POINT, since neither is known


@dataclass(frozen=True, slots=True)
class ReorderPoint:
    """At or below `units` available more should be ordered.

    Where it comes of sales: `during_lead_time` units are expected to be sold in `lead_time_days` (calendar days) until
    new ones can be there, and `safety` more in a strong week.
    """

    units: int
    source: PointSource
    lead_time_days: int | None = None
    during_lead_time: int = 0
    safety: int = 0
