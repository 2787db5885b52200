"""Numbers, instants and lists as an owner reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.domain.status import StockStatus


def many(number: int, one: str, several: str = "") -> str:
    """A number with its noun: "1 SKU", "57 SKUs", "1,204 rows"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def listed(names: Iterable[str], *, most: int = 5) -> str:
    """The first names and how many more there are: "A, B and 3 more"."""
    chosen = list(names)
    if len(chosen) <= most:
        return ", ".join(chosen)
    return f"{', '.join(chosen[:most])} and {len(chosen) - most:,} more"


def addend(name: str, units: int) -> str:
    """An addend with its sign, such as "- buffer 2"."""
    return f"{'-' if units < 0 else '+'} {name} {abs(units)}"


def status(of: StockStatus) -> str:
    """A stock status as the owner reads it: "on the way", "pre-order"."""
    return "pre-order" if of is StockStatus.PRE_ORDER else of.value.replace("_", " ")


def point(of: ReorderPoint) -> str:
    """A reorder point, and what it is made of where it comes of sales."""
    if of.source is not PointSource.SALES:
        return str(of.units)
    return f"{of.units} (of your sales: {of.during_lead_time} until new ones are there, {of.safety} for a strong week)"


def at(instant: datetime, zone: ZoneInfo) -> str:
    """An instant in the owner's time zone, to the minute."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"


def at_or_today(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """An instant in the owner's time zone; of today only the time of day."""
    local = instant.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"


def ago(instant: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    passed = max(timedelta(), now - instant)
    if passed < timedelta(minutes=2):
        return f"{int(passed.total_seconds())} s ago"
    if passed < timedelta(hours=2):
        return f"{int(passed / timedelta(minutes=1))} min ago"
    if passed < timedelta(days=2):
        return f"{int(passed / timedelta(hours=1))} h ago"
    return f"{passed.days} days ago"
