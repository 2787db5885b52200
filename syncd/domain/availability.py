"""The one place where a number for a channel is made (design.md §3.3, §4)."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.domain.status import StockStatus


@dataclass(frozen=True, slots=True)
class Buffer:
    """Units held back from sale on a channel: a number of units, or a share of what is available (N4, N5)."""

    units: int = 0
    percent: int = 0

    def held_back(self, available: int) -> int:
        """Units to hold back of `available`; a share is rounded up, so that in doubt less is shown."""
        if self.percent:
            return max(0, -(-max(0, available) * self.percent // 100))
        return max(0, self.units)


@dataclass(frozen=True, slots=True)
class Rule:
    """How a channel may sell a SKU: buffer, then cap (never more than), then cut-off (fewer than that is nothing).

    `restore` is the number that a rollback gives back: what the channel showed before it went live, less what it
    sold since; it stands in place of all the rest.
    """

    buffer: Buffer = Buffer()
    cap: int | None = None
    cut_off: int | None = None
    restore: int | None = None


@dataclass(frozen=True, slots=True)
class Pools:
    """Units of a SKU by stock class, before reservations, and the units reserved. Further pools join here."""

    own: int
    reserved: int = 0

    @property
    def available(self) -> int:
        """On hand − reserved; may be negative: an oversell is a fact."""
        return self.own - self.reserved


@dataclass(frozen=True, slots=True)
class Addend:
    """One step from what is on hand to what is offered, with its sign."""

    name: str
    units: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a channel may sell of a SKU, and how it came about.

    `units` is what the buyer may buy, never negative. `told` is what the channel is told: `units` and the units that
    the channel itself holds back for unpaid checkouts, which it subtracts on its own (design.md §3.4), as far as they
    exist: held units that were sold elsewhere would be on sale for a moment when the hold ends.
    """

    units: int
    told: int
    status: StockStatus
    steps: tuple[tuple[str, int], ...]  # every step from on hand to offered, those of 0 units too

    @property
    def addends(self) -> tuple[Addend, ...]:
        """On hand, reserved, and each further step that changes something; they sum to `units`."""
        return tuple(Addend(name, units) for i, (name, units) in enumerate(self.steps) if units or i < 2)

    @property
    def sold_out_by_buffer(self) -> bool:
        """True where units are available and only the safety buffer, cap or cut-off makes it nothing."""
        return self.units == 0 and self.steps[0][1] + self.steps[1][1] > 0


def offered(pools: Pools, rule: Rule, *, held_by_channel: int = 0) -> Offer:
    """Units that a channel may sell; never negative, never more than what exists.

    Available units less the buffer, then cap and cut-off. 10 on hand with a buffer of 2 units offers 8 (N4). More
    stock never offers less, more buffer never offers more. The addends sum to `units`.

    `held_by_channel`: units of this channel's unpaid checkouts that are in `pools.reserved` while the channel itself
    subtracts them unseen.
    """
    available = pools.available
    steps: tuple[tuple[str, int], ...]
    if rule.restore is not None:
        units = max(0, rule.restore)
        steps = (("on hand", pools.own), ("reserved", -pools.reserved), ("restored", units - available))
    else:
        buffer = rule.buffer.held_back(available)
        after_buffer = available - buffer
        floored = max(0, after_buffer)
        capped = floored if rule.cap is None else max(0, min(floored, rule.cap))
        units = 0 if rule.cut_off is not None and capped < rule.cut_off else capped
        steps = (
            ("on hand", pools.own),
            ("reserved", -pools.reserved),
            ("buffer", -buffer),
            ("never below zero", floored - after_buffer),
            ("cap", capped - floored),
            ("cut-off", units - capped),
        )
    return Offer(
        units=units,
        told=units + max(0, held_by_channel + min(0, available)),
        status=StockStatus.IN_STOCK if units else StockStatus.OUT_OF_STOCK,
        steps=steps,
    )
