"""Orders of the shop in RAM: what customers and the shopkeeper do to them, and what that means for the number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from connectors.contract import OrderLine, OrderState

Take = Callable[["Line", int], None]
"""Takes units off the shop's number for a line and notes them in `taken`; negative units go back."""


@dataclass
class Line:
    """One line; buckets as in `OrderLine`. `units` is what the customer gets in all, less what was refunded unsent."""

    line_id: str
    listing_id: str | None
    sku: str | None
    name: str
    units: int
    promised: int = 0
    undecided: int = 0
    fulfilled: int = 0
    returned: int = 0
    taken: int = 0

    def state(self) -> OrderLine:
        return OrderLine(
            self.line_id,
            self.listing_id,
            self.sku,
            self.name,
            promised=self.promised,
            undecided=self.undecided,
            fulfilled=self.fulfilled,
            returned=self.returned,
            taken=self.taken,
        )


@dataclass
class Order:
    """An order as it truly is. Each change asks `take` for what it does to the shop's number."""

    id: str
    created_at: datetime
    lines: list[Line]
    take: Take = field(repr=False)
    status: str = "processing"
    version: int = 0
    held_until: datetime | None = None
    fulfilled_at: datetime | None = None
    deleted: bool = False

    @property
    def held(self) -> bool:
        """True for an unpaid checkout, also after its hold has ended: it may still be paid."""
        return self.status == "pending"

    def state(self) -> OrderState:
        """The order as the list tells it. A line that was edited away is not listed any more."""
        return OrderState(
            id=self.id,
            number=f"#{self.id}",
            version=self.version,
            created_at=self.created_at,
            lines=tuple(line.state() for line in self.lines if line.units or line.undecided or line.fulfilled),
            status=self.status,
            fulfilled_at=self.fulfilled_at,
            held_until=self.held_until,
            holds_stock=self.held_until is not None,
        )

    def place(self, held_until: datetime | None) -> None:
        for line in self.lines:
            line.promised = line.units
            if held_until is None:
                self.take(line, line.units)
        self.held_until = held_until
        self.status = "processing" if held_until is None else "pending"

    def pay(self) -> None:
        self._require(self.held, "is not waiting for payment")
        self.place(None)

    def cancel(self, restock: bool) -> None:
        """End the order. With `restock` all that it took goes back on the number, also what was shipped."""
        self._require(self.status not in ("cancelled", "trash"), "has ended already")
        for line in self.lines:
            if restock or self.held:
                line.undecided = 0
                line.returned = line.fulfilled
                self.take(line, -line.taken)
            else:
                line.undecided += line.promised
            line.promised = 0
        self.held_until = None
        self.status = "cancelled"

    def revive(self) -> None:
        """Cancelled → processing: promised again in full, and taken as far as it was not any more."""
        self._require(self.status == "cancelled", "is not cancelled")
        self._require(not any(line.fulfilled for line in self.lines), "was shipped")
        for line in self.lines:
            line.promised = line.units
            line.undecided = max(0, line.taken - line.units)
            self.take(line, max(0, line.units - line.taken))
        self.status = "processing"

    def edit_line(self, units: int, line: Line) -> None:
        self._require(self.status == "processing" and units >= line.fulfilled, f"cannot be edited to {units}")
        self.take(line, units - line.units)
        line.promised += units - line.units
        line.units = units

    def refund(self, units: int, restock: bool, line: Line) -> None:
        """Refund units that were not shipped; without `restock` they wait for a decision."""
        self._require(self.status == "processing" and units <= line.promised, f"has no {units} to refund")
        line.units -= units
        line.promised -= units
        if restock:
            self.take(line, -units)
        else:
            line.undecided += units

    def ship(self, at: datetime, units: int | None) -> None:
        """Ship this many of each line, or all."""
        self._require(self.status == "processing", "is not open")
        for line in self.lines:
            shipped = line.promised if units is None else min(units, line.promised)
            line.promised -= shipped
            line.fulfilled += shipped
        self.fulfilled_at = at
        if not any(line.promised for line in self.lines):
            self.status = "completed"

    def return_shipped(self, units: int, restock: bool, line: Line) -> None:
        """Shipped units come back: onto the number with `restock`, else only noted."""
        self._require(units <= line.fulfilled - line.returned, f"has no {units} that could come back")
        line.returned += units
        if restock:
            self.take(line, -units)

    def trash(self) -> None:
        """Move to the trash: nothing goes back on the number."""
        for line in self.lines:
            line.undecided += 0 if self.held else line.promised
            line.promised = 0
        self.held_until = None
        self.status = "trash"

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ValueError(f"order {self.id} ({self.status}) {otherwise}")


class OrderList:
    """The shop's list of orders, which shows each version of an order from an instant of its own."""

    def __init__(self) -> None:
        self.feed: list[OrderState] = []  # versions in the order in which the list began to show them
        self._waiting: list[tuple[datetime, OrderState]] = []
        self._newest: dict[str, OrderState] = {}

    def add(self, state: OrderState, shown_from: datetime) -> None:
        self._waiting.append((shown_from, state))

    def forget(self, order_id: str) -> None:
        self._waiting = [told for told in self._waiting if told[1].id != order_id]
        self._newest.pop(order_id, None)

    def catch_up(self, now: datetime) -> None:
        due = sorted((told for told in self._waiting if told[0] <= now), key=lambda told: told[0])
        self._waiting = [told for told in self._waiting if told[0] > now]
        for _, state in due:
            self.feed.append(state)
            newest = self._newest.get(state.id)
            if newest is None or newest.version < state.version:
                self._newest[state.id] = state

    def newest(self, order_id: str) -> OrderState | None:
        """The newest version that is shown; ``None`` where the order is not shown (any more)."""
        return self._newest.get(order_id)

    def open(self, now: datetime) -> list[OrderState]:
        """The orders shown as open, by id. An unpaid one is open while it is held."""
        states = sorted(self._newest.values(), key=lambda state: int(state.id))
        return [state for state in states if state.open and (state.held_until is None or state.held_until > now)]
