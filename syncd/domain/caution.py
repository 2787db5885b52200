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

    def held_back(self, left: int, silent: Iterable[str], sold_last_hour: int) -> tuple[tuple[str, int], ...]:
        """The units to hold back, each with the words that `explain` shows.

        `left`: units on the own shelf that are not promised. `silent`: names of the sources. More units left never hold
        back so many more that less is offered.
        """
        found = [(f"{name} is silent", self.silent_units) for name in silent if self.silent_units > 0]
        fast = -(-max(0, sold_last_hour) * max(0, self.fast_percent) // 100)
        if fast:
            found.append(("sells fast", fast))
        if self.last_units > 0 and 0 < left <= self.last_at:
            found.append(("last units", self.last_units))
        return tuple(found)
