"""What a test is told about the writes that reach the shop in RAM, and how it may lose their answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectors.contract import Op


class Lost(StrEnum):
    """What became of a write whose answer was lost."""

    AFTER = "after"  # it took effect, then the answer was lost
    NEVER = "never"  # it did not arrive
    LATE = "late"  # it takes effect some time after the client gave up


@dataclass(frozen=True, slots=True)
class WriteSeen:
    """One number that changed by a write, against the truth at that instant.

    `unread_units`: net units that this shop's orders took and that the engine had not booked when it first sent the
    write. `unexplained_units`: units that came onto the number without an order to tell (a human's edit).
    `in_doubt`: an earlier write to the listing may still be under way.
    """

    listing_id: str
    op: Op
    target: int
    expected: int
    shown_before: int | None
    shown_after: int
    unread_units: int
    unexplained_units: int
    in_doubt: bool

    @property
    def raised(self) -> bool:
        return self.shown_before is None or self.shown_after > self.shown_before

    @property
    def excess_units(self) -> int:
        """Units that this write wrongly leaves on sale: what is shown beyond the target less unread sales.

        Of a lowering at most the unread sales count: one that is sent again under its key finds a later number, and
        need not meet its target. 0 for a lowering sent in doubt, which goes from the number shown (design.md §3.4).
        """
        excess = max(0, self.shown_after - (self.target - self.unread_units) - self.unexplained_units)
        if self.raised:
            return excess
        return 0 if self.in_doubt else min(excess, max(0, self.unread_units))
