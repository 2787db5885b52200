"""Buffers that think: units held back beyond the buffer, because of what is not known or moves fast (N3, N8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """What is held back on top of the buffers; 0 switches a part off.

    `silent_units` for each source of sales that is silent and may have sold the SKU. `fast_percent` of the units that
    customers took in the last hour: as many may be under way again. `last_units`: where no more than `last_at` are
    left, so many of them are not sold (a worker sold the last pair without keying it in, N8).
    """

    silent_units: int = 0
    fast_percent: int = 0
    last_at: int = 0
    last_units: int = 0

    def held_back(self, silent: Iterable[str], sold_last_hour: int) -> tuple[tuple[str, int], ...]:
        """The units to hold back of all that is sold, each with the words that `explain` shows.

        `silent`: names of the sources.
        """
        found = [(f"{name} is silent", self.silent_units) for name in silent if self.silent_units > 0]
        fast = -(-max(0, sold_last_hour) * max(0, self.fast_percent) // 100)
        if fast:
            found.append(("sells fast", fast))
        return tuple(found)

    def of_the_last(self, own: int, reserved: int) -> int:
        """The units to hold back of those on the own shelf, where few are left that are not promised.

        Also where none are left: the last ones stay while other pools are sold, as what the buffer holds back does.
        """
        return self.last_units if self.last_units > 0 and own > 0 and own - reserved <= self.last_at else 0
