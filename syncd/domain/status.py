"""What the buyer reads about a SKU (design.md §4, N13)."""

from __future__ import annotations

from enum import StrEnum


class StockStatus(StrEnum):
    """The six stock statuses, from the best promise to none: the order in which a later one promises less."""

    IN_STOCK = "in_stock"
    EXTERNAL_WAREHOUSE = "external_warehouse"
    ON_THE_WAY = "on_the_way"
    SUPPLIER = "supplier"
    PRE_ORDER = "pre_order"
    OUT_OF_STOCK = "out_of_stock"

    def promises_less_than(self, other: StockStatus) -> bool:
        """True where a buyer can rely on less than with `other`."""
        order = list(StockStatus)
        return order.index(self) > order.index(other)
