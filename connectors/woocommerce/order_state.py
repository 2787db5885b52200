"""What an order of the shop means for stock now. Pure: rows in, states out (design.md §3.2, woocommerce-facts §5).

Two things tell the truth: `_reduced_stock` of a line is what the line has taken from the shop's number now, whatever
the order's status; `_restock_refunded_items` is what refunds have put back. The status tells whether units are owed,
and `date_completed_gmt` whether they left the house.

| status                       | units that were not refunded                                            |
|------------------------------|-------------------------------------------------------------------------|
| processing, on-hold          | promised                                                                |
| pending, from a checkout     | promised until the shop's hold ends; the shop subtracts them unseen     |
| pending, made otherwise      | nothing: neither paid nor held                                          |
| completed                    | fulfilled                                                               |
| cancelled                    | nothing, as far as the shop put them back                               |
| failed, refunded, trash      | undecided while still taken; fulfilled where the order was completed    |
| checkout-draft, auto-draft   | undecided while still taken (they never are, but after a hand edit)     |
| a plugin's own               | promised once paid or taken; fulfilled where the order was completed    |

Refunded units: before completion and put back, gone; before completion and not put back, undecided; after completion,
fulfilled, and returned as far as they were put back. Where the instants do not tell, they count as shipped and
returned: those wait in quarantine, while the others would be sold again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import OrderLine, OrderState, Parked
from connectors.woocommerce.client import Row
from connectors.woocommerce.reading import meta_units, utc, whole

ORDER_FIELDS = (
    "id,number,status,created_via,date_created_gmt,date_modified_gmt,date_completed_gmt,date_paid_gmt"
    ",line_items,refunds"
)
REFUND_FIELDS = "id,date_created_gmt,line_items"

OWED = ("processing", "on-hold")
CLOSED = ("completed", "cancelled", "refunded", "failed", "trash", "checkout-draft", "auto-draft")
CHECKOUTS = ("checkout", "store-api")


@dataclass(frozen=True, slots=True)
class Hold:
    """How long the shop holds the units of an unpaid checkout (0: not at all), and whether it said so itself."""

    minutes: int = 60
    sure: bool = False


class _Unreadable(Exception):
    """Something in an order that has no meaning in whole units; the text is the reason, for a person."""


def order_state(order: Row, refunds: Sequence[Row], hold: Hold) -> OrderState | Parked:
    """The order as it stands now; parked where one of its lines or instants cannot be read.

    `refunds` are the order's refunds with their lines, `hold` is what the shop does for unpaid checkouts. The version
    is the instant of the last change in whole seconds since 1970, which is all that the shop tells.
    """
    try:
        return _Order(order, refunds, hold).state()
    except _Unreadable as trouble:
        number = str(order.get("number") or order["id"])[:40]
        return Parked(
            ref=str(order["id"]),
            reason=f"order {number} cannot be read: {trouble}",
            listing_ids=tuple(sorted({listing for line in _rows(order, "line_items") if (listing := _listing(line))})),
        )


class _Order:
    def __init__(self, order: Row, refunds: Sequence[Row], hold: Hold) -> None:
        self.row = order
        self.status = str(order.get("status", ""))
        self.created = self._instant("date_created_gmt")
        self.modified = self._instant("date_modified_gmt")
        self.completed = utc(order.get("date_completed_gmt"))
        self.lines = [_Line(line) for line in _rows(order, "line_items")]
        self.refunds = _refunded(refunds, self.completed, self._shipped)
        self.hold = hold

    def state(self) -> OrderState:
        held = self.status == "pending" and not self._taken and self._from_checkout and self.hold.minutes > 0
        return OrderState(
            id=str(self.row["id"]),
            number=str(self.row.get("number") or self.row["id"]),
            version=int(self.modified.timestamp()),
            created_at=self.created,
            lines=tuple(self._line(line) for line in self.lines),
            status=self.status,
            fulfilled_at=self.completed if self._shipped else None,
            held_until=self.created + timedelta(minutes=self.hold.minutes) if held else None,
            holds_stock=held and self.hold.sure,
        )

    def _line(self, line: _Line) -> OrderLine:
        before, after = self.refunds.get(line.id, (0, 0))
        before, after = min(before, line.units), min(after, line.units - min(before, line.units))
        # What was put back is first taken for what came back after shipping: that waits in quarantine.
        put_back = min(max(line.restocked, 0), before + after)
        returned = min(put_back, after)
        undecided = before - (put_back - returned)
        rest = line.units - before - after
        promised = fulfilled = 0
        if self._shipped:
            fulfilled = rest + after
            if self.status == "cancelled":
                returned, undecided = max(fulfilled - line.still_taken, 0), 0
        elif self._owed:
            promised, fulfilled = rest, after
        elif self.status == "pending":
            undecided = returned = 0
            promised = rest if self._from_checkout and self.hold.minutes > 0 else 0
        else:
            # Nothing is owed, and only what is still taken waits for a decision; so it was with all that was cancelled.
            undecided, returned = min(line.still_taken, line.units), 0
        return OrderLine(
            line_id=str(line.id),
            listing_id=line.listing_id,
            sku=line.sku,
            name=line.name,
            promised=promised,
            undecided=undecided,
            fulfilled=fulfilled,
            returned=returned,
            taken=line.taken,
        )

    @property
    def _taken(self) -> bool:
        return any(line.still_taken for line in self.lines)

    @property
    def _from_checkout(self) -> bool:
        return self.row.get("created_via") in CHECKOUTS

    @property
    def _owed(self) -> bool:
        if self.status in OWED or (self.status == "pending" and self._taken):
            return True
        of_a_plugin = self.status not in (*CLOSED, "pending")
        return of_a_plugin and (self._taken or utc(self.row.get("date_paid_gmt")) is not None)

    @property
    def _shipped(self) -> bool:
        return self.status == "completed" or (self.completed is not None and self.status not in (*OWED, "pending"))

    def _instant(self, field: str) -> datetime:
        instant = utc(self.row.get(field))
        if instant is None:
            raise _Unreadable(f"its {field} is not an instant.")
        return instant


class _Line:
    """One line: `units` bought, `taken` from the shop's number now, `restocked` by refunds."""

    def __init__(self, line: Row) -> None:
        units = whole(line.get("quantity"))
        if type(line.get("id")) is not int:
            raise _Unreadable("a line has no id.")
        self.id: int = line["id"]
        self.name = str(line.get("name") or "")
        if units is None or units < 0:
            raise _Unreadable(f"{self.name or 'a line'} has a quantity that is not a whole number of units.")
        self.units = units
        self.listing_id = _listing(line)
        self.sku = str(line.get("sku") or "").strip() or None
        self.taken = self._meta(line, "_reduced_stock")
        self.still_taken = max(self.taken, 0)
        self.restocked = self._meta(line, "_restock_refunded_items")

    def _meta(self, line: Row, key: str) -> int:
        for entry in _rows(line, "meta_data"):
            if entry.get("key") == key:
                units = meta_units(entry.get("value"))
                if units is None:
                    raise _Unreadable(f"{self.name or 'a line'} has a {key} that is not a whole number.")
                return units
        return 0


def _refunded(refunds: Sequence[Row], completed: datetime | None, shipped: bool) -> dict[int, tuple[int, int]]:
    """Units refunded per line, before and after completion. In the same second, or at no known instant: after."""
    units: dict[int, tuple[int, int]] = {}
    for refund in refunds:
        at = utc(refund.get("date_created_gmt"))
        early = not shipped if completed is None else at is not None and at < completed
        for line in _rows(refund, "line_items"):
            quantity = whole(line.get("quantity"))
            if quantity is None:
                raise _Unreadable("a refund has a quantity that is not a whole number of units.")
            for entry in _rows(line, "meta_data"):
                line_id = meta_units(entry.get("value")) if entry.get("key") == "_refunded_item_id" else None
                if line_id is not None:
                    before, after = units.get(line_id, (0, 0))
                    gone = abs(quantity)
                    units[line_id] = (before + gone, after) if early else (before, after + gone)
    return units


def _listing(line: Row) -> str | None:
    """The variation or product of a line; ``None`` where it was deleted for good (both ids are 0 then)."""
    return next((str(id_) for key in ("variation_id", "product_id") if (id_ := whole(line.get(key)))), None)


def _rows(row: Row, field: str) -> list[Row]:
    rows = row.get(field)
    return [entry for entry in rows if isinstance(entry, dict)] if isinstance(rows, list) else []
