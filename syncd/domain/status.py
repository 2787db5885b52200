"""What the buyer reads about a SKU (design.md §4, N13)."""

from __future__ import annotations

from enum import StrEnum


class StockStatus(StrEnum):
    """The six stock statuses, in the order of the pools behind them. Their texts are in ``syncd/texts``."""

    IN_STOCK = "in_stock"
    EXTERNAL_WAREHOUSE = "external_warehouse"
    ON_THE_WAY = "on_the_way"
    SUPPLIER = "supplier"
    PRE_ORDER = "pre_order"
    OUT_OF_STOCK = "out_of_stock"
