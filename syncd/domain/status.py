"""What the buyer reads about a SKU (design.md §4, N13)."""

from __future__ import annotations

from enum import StrEnum


class StockStatus(StrEnum):
    """The stock statuses that have a pool behind them so far; the texts belong to the storefronts."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
