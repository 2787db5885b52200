"""Lines of the ledger, and what an order's change means for it (design.md §3.1, §3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    SALE = "sale"
    CANCELLATION = "cancellation"
    FULFILMENT = "fulfilment"
    RETURN = "return"
    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    STOCKTAKE = "stocktake"
    TRANSFER = "transfer"


BY_CUSTOMERS = frozenset({Kind.SALE, Kind.CANCELLATION, Kind.FULFILMENT})
"""Movements that customers caused: what they change is never held back (design.md §3.6)."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the append-only ledger. `on_hand` and `reserved` are signed changes in units.

    `event_id` makes it idempotent: a movement with a known id is not posted again. `happened_at` is when it was so
    in the world, aware UTC; the ledger adds when it was recorded.
    """

    event_id: str
    sku_id: int
    kind: Kind
    happened_at: datetime
    on_hand: int = 0
    reserved: int = 0
    location_id: int | None = None
    channel: str | None = None
    order_id: str | None = None
    line_id: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.on_hand and self.location_id is None:
            raise ValueError(f"movement {self.event_id} moves units on hand but names no location")
        if self.happened_at.tzinfo is None:
            raise ValueError(f"movement {self.event_id} has an instant without a time zone")


@dataclass(frozen=True, slots=True)
class LineBooked:
    """What is booked for one order line, in the buckets of `connectors.contract.OrderLine`.

    `decided`: of the undecided units, those that a person has dealt with: they are no longer reserved. `gone`: units
    that have left the house as far as a person knows; the platform may say so later, and they leave once only.
    """

    promised: int = 0
    undecided: int = 0
    fulfilled: int = 0
    returned: int = 0
    taken: int = 0
    decided: int = 0
    gone: int = 0

    @property
    def left(self) -> int:
        """Units that have left the house."""
        return max(self.fulfilled, self.gone)

    @property
    def reserved(self) -> int:
        return max(0, self.promised + self.undecided - self.decided - self._gone_unsaid)

    @property
    def _gone_unsaid(self) -> int:
        """Units that a person knows to be gone while the platform does not say so yet."""
        return max(0, self.gone - self.fulfilled)

    @property
    def open(self) -> bool:
        return self.reserved > 0

    def seen_as(self, promised: int, undecided: int, fulfilled: int, returned: int, taken: int) -> LineBooked:
        """The line as the platform has it now. Decisions hold only for units that are still undecided."""
        return LineBooked(promised, undecided, fulfilled, returned, taken, min(self.decided, undecided), self.gone)

    def vanished(self) -> LineBooked:
        """The line of an order that can no longer be seen: its unshipped units wait for a decision."""
        return replace(self, promised=0, undecided=self.promised + self.undecided)

    def removed(self) -> LineBooked:
        """The line after it was taken out of its order: the platform put its unshipped units back."""
        return replace(self, promised=0, undecided=0, taken=0, decided=0)


@dataclass(frozen=True, slots=True)
class Step:
    """One ledger line that leads from a booked state to the next; `quarantine` tells where on-hand units go."""

    kind: Kind
    on_hand: int = 0
    reserved: int = 0
    quarantine: bool = False


def steps(before: LineBooked, after: LineBooked) -> Iterator[Step]:
    """The ledger lines that lead from `before` to `after`; none where nothing changed for stock.

    Shipping moves units from reserved out of the house; what is left of the change of reservations is a sale or a
    cancellation. Shipped units that come back go to quarantine, whatever the platform did to its own number (N34).
    """
    shipped = after.left - before.left
    rest = after.reserved - before.reserved + shipped
    if rest:
        yield Step(Kind.SALE if rest > 0 else Kind.CANCELLATION, reserved=rest)
    if shipped:
        yield Step(Kind.FULFILMENT, on_hand=-shipped, reserved=-shipped)
    if after.returned != before.returned:
        yield Step(Kind.RETURN, on_hand=after.returned - before.returned, quarantine=True)
