"""How far each supplier can be relied on, by what was announced and what came (N20)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from syncd.storage import incoming
from syncd.storage.incoming import Delivery
from syncd.sync.house import House

NOBODY = "(no supplier named)"


@dataclass(frozen=True, slots=True)
class SupplierRecord:
    """One supplier's deliveries that are over, and those that should have come.

    `announced` and `received` are units of deliveries that are over. `in_time`: of the `dated` ones, those whose last
    units came on the day that was promised first, or before. `days_late`: the average of all dated ones, in days, early
    ones as 0; ``None`` where none was dated.
    """

    supplier: str
    deliveries: int
    announced: int
    received: int
    dated: int
    in_time: int
    days_late: float | None
    overdue: int

    @property
    def fill_percent(self) -> int | None:
        """Units received of those announced, rounded down; ``None`` where nothing is over yet."""
        return self.received * 100 // self.announced if self.announced else None


def records(house: House) -> list[SupplierRecord]:
    """Every supplier of whom a delivery was ever announced, by name."""
    with house.db.read() as tx:
        every = incoming.every(tx)
    by_supplier: dict[str, list[Delivery]] = defaultdict(list)
    for one in every:
        by_supplier[one.supplier or NOBODY].append(one)
    return [record(name, found, house) for name, found in sorted(by_supplier.items())]


def record(supplier: str, deliveries: Iterable[Delivery], house: House) -> SupplierRecord:
    """What these deliveries say of their supplier."""
    found = list(deliveries)
    over = [one for one in found if one.closed_at is not None]
    late = [
        max(0, (_day(house, one) - one.promised_on).days)
        for one in over
        if one.promised_on is not None and one.received_at is not None
    ]
    return SupplierRecord(
        supplier=supplier,
        deliveries=len(over),
        announced=sum(one.units for one in over),
        received=sum(one.received for one in over),
        dated=len(late),
        in_time=sum(days == 0 for days in late),
        days_late=sum(late) / len(late) if late else None,
        overdue=sum(one.overdue(house.today()) for one in found),
    )


def _day(house: House, one: Delivery) -> date:
    assert one.received_at is not None
    return one.received_at.astimezone(house.timezone).date()
