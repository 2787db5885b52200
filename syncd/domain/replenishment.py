"""When to order more, and how much (N48): the reorder point, and the quantity in the supplier's packs."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.domain.calendar import Workdays

LEAST_WEEKS = 4
"""Fewer weeks of sales say nothing: of a SKU that is new nobody knows how it sells."""
MOST_WEEKS = 8
"""Older weeks say little about the coming ones."""


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


@dataclass(frozen=True, slots=True)
class Demand:
    """Net units that customers took in each of the last whole weeks, the newest first: cancelled ones are taken off.

    One week that was unlike the others (a wholesale order, an empty shelf) must not move the average, so that the best
    and the worst week are left out of it.

    Raises:
        ValueError: fewer weeks than `LEAST_WEEKS`.
    """

    weeks: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.weeks) < LEAST_WEEKS:
            raise ValueError(f"demand needs {LEAST_WEEKS} weeks")

    @classmethod
    def of(cls, weeks: Sequence[int]) -> Demand | None:
        """The demand of these weeks; ``None`` where there are too few of them."""
        return cls(tuple(weeks[:MOST_WEEKS])) if len(weeks) >= LEAST_WEEKS else None

    @property
    def per_week(self) -> float:
        """Units in an average week: of all but the best and the worst."""
        return self._sold / self._counted

    @property
    def strong_week(self) -> int:
        """Units in the best week that is left when the best one is left out."""
        return max(0, sorted(self.weeks)[-2])

    @property
    def _sold(self) -> int:
        return max(0, sum(sorted(self.weeks)[1:-1]))

    @property
    def _counted(self) -> int:
        return len(self.weeks) - 2

    def within(self, days: int) -> int:
        """Units that an average time of so many days takes, rounded up."""
        return _divided_up(self._sold * days, self._counted * 7)

    def more_when_strong(self, days: int) -> int:
        """Units that strong weeks take in so many days beyond the average, rounded up."""
        return _divided_up((self.strong_week * self._counted - self._sold) * days, self._counted * 7)


def calendar_days(working_days: int, workdays: Workdays) -> int:
    """How long so many working days last in an average week of the shop, in calendar days, rounded up."""
    return _divided_up(working_days * 7, len(workdays.days))


def reorder_point(set_to: int | None, default: int, demand: Demand | None, lead_time_days: int | None) -> ReorderPoint:
    """The reorder point of a SKU: the owner's word, else what its sales ask for, but never less than the `default`:
    to be told earlier is the safe side.

    `lead_time_days`: calendar days until new units can be there; ``None``: nobody knows.
    """
    if set_to is not None:
        return ReorderPoint(set_to, PointSource.SET)
    if demand is not None and lead_time_days is not None:
        during, safety = demand.within(lead_time_days), max(1, demand.more_when_strong(lead_time_days))
        if during + safety > default:
            return ReorderPoint(during + safety, PointSource.SALES, lead_time_days, during, safety)
    return ReorderPoint(default, PointSource.DEFAULT)


def days_left(available: int, demand: Demand | None) -> float | None:
    """How many days the units last in average weeks; ``None``: they do not sell, or nobody knows yet how fast."""
    if demand is None or not demand.per_week:
        return None
    return max(0, available) / demand.per_week * 7


def units_to_order(
    available: int,
    on_order: int,
    point: ReorderPoint,
    demand: Demand | None,
    order_for_days: int,
    pack_size: int | None = None,
    minimum_order: int | None = None,
    lead_time_days: int | None = None,
) -> int:
    """Units to order now, so that what sells in `order_for_days` lies above the reorder point again; 0 where what is
    available and `on_order` is above that point, and lasts for `lead_time_days`, until units ordered today are there.

    Where nobody knows how it sells it is filled up to twice its reorder point. Whole packs, and at least the minimum
    order; `lead_time_days` are calendar days. ``None`` where there is none.
    """
    there = available + on_order
    until_new = 0 if demand is None or lead_time_days is None else demand.within(lead_time_days)
    low = max(point.units, until_new - 1)
    if there > low:
        return 0
    selling = point.units if demand is None else demand.within(order_for_days)
    units = max(low + max(1, selling) - there, minimum_order or 0)
    pack = max(1, pack_size or 1)
    return _divided_up(units, pack) * pack


def is_of(feed: str, supplier: str) -> bool:
    """Whether a feed of that name is that supplier's: it has the first words of the supplier's name, whatever their
    case, accents and signs. `acme` is that of "ACME", `acme_garden` that of "Acme Garden Ltd.", not of "Acme Toys"."""
    own, named = "".join(_words(feed)), _words(supplier)
    return any("".join(named[:first]) == own for first in range(1, len(named) + 1))


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = (sign for sign in plain if not unicodedata.combining(sign))
    return "".join(sign if sign.isalnum() else " " for sign in letters).split()


def _divided_up(units: int, by: int) -> int:
    return -(-units // by)
