"""When a change is too big to make without a yes (design.md §3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.domain.said import Said, joined


@dataclass(frozen=True, slots=True)
class Change:
    """One number that is about to change: from what the channel would show had only customers acted, to the target."""

    listing: int
    before: int
    after: int

    @property
    def zeroes(self) -> bool:
        return self.before > 0 and self.after == 0

    @property
    def jumps(self) -> bool:
        """True where the number more than doubles or more than halves, by ten units at least."""
        return abs(self.after - self.before) >= 10 and (
            self.after > 2 * max(self.before, 0) or 2 * self.after < self.before
        )


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """Shares (percent) of a channel's listings, or of what a feed told of, that may become zero, or jump, in one go;
    and of a feed's SKUs that may be missing. Fewer than `count` may."""

    zeroing_percent: int = 20
    jumps_percent: int = 50
    count: int = 5
    missing_percent: int = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits, with the sentence that says why."""

    reason: Said
    changes: tuple[Change, ...]


def too_big(changes: Sequence[Change], listings: int, limits: HoldLimits) -> Held | None:
    """The changes that have to wait for a yes, or ``None`` where all may go.

    `changes`: those not explained by orders. `listings`: how many the channel has that are kept in step.
    """
    zeroed = tuple(change for change in changes if change.zeroes)
    jumping = tuple(change for change in changes if change.jumps)
    reasons = []
    if len(zeroed) >= limits.count and len(zeroed) * 100 > listings * limits.zeroing_percent:
        reasons.append(
            Said("{zeroed} of {listings} listings would become sold out", zeroed=len(zeroed), listings=listings)
        )
    if len(jumping) >= limits.count and len(jumping) * 100 > listings * limits.jumps_percent:
        reasons.append(
            Said(
                "{jumping} of {listings} listings would more than double or more than halve",
                jumping=len(jumping),
                listings=listings,
            )
        )
    if not reasons:
        return None
    worst = sorted({*zeroed, *jumping}, key=lambda change: (not change.zeroes, -abs(change.after - change.before)))
    return Held(joined(reasons), tuple(worst))


def explained(baseline_told: int, sold_since: int) -> int:
    """What a channel would show by now had only customers acted since `baseline_told` was confirmed or approved."""
    return max(0, baseline_told - sold_since)
