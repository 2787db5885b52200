"""The one place where a number for a channel is made (design.md §3.3, §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import MappingProxyType

from syncd.domain.status import StockStatus


class Pool(StrEnum):
    """Where the next unit sold would come from, in the order in which units are served (design.md §4)."""

    OWN = "own"
    EXTERNAL = "external"
    INCOMING = "incoming"
    SUPPLIER = "supplier"
    PRE_ORDER = "pre-order"
    OVERBOOKED = "overbooked"  # units that nobody has: an explicit, capped permission of the owner (N30)


STATUS: Mapping[Pool, StockStatus] = MappingProxyType(
    {
        Pool.OWN: StockStatus.IN_STOCK,
        Pool.EXTERNAL: StockStatus.EXTERNAL_WAREHOUSE,
        Pool.INCOMING: StockStatus.ON_THE_WAY,
        Pool.SUPPLIER: StockStatus.SUPPLIER,
        Pool.PRE_ORDER: StockStatus.PRE_ORDER,
        Pool.OVERBOOKED: StockStatus.SUPPLIER,  # they have to be ordered first
    }
)
"""What the buyer reads while the next unit comes from this pool."""

ON_HAND = frozenset({Pool.OWN, Pool.EXTERNAL})
"""The pools that are sold where the owner says nothing else: units that exist and can be counted."""


BY_YOUR_WORD = "out of stock by your word"


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

    def to_the_last(self, there: int, further: int = 0) -> int:
        """Those of the units `there` that cannot be sold, whatever becomes of the others; `further` units are held back
        beside the buffer.

        A share shrinks with what is left, but of the last unit it is that unit, so that one stays.
        """
        if self.percent >= 100:
            return there
        if self.percent > 0:
            return min(there, -(-100 * (further + 1) // (100 - self.percent)) - 1)
        return min(there, self.held_back(there) + further)


NO_BUFFER = Buffer()


@dataclass(frozen=True, slots=True)
class Rule:
    """How a channel may sell a SKU.

    Of the pools that it `sells`, each less its own buffer (`buffer` of own stock, `buffers` of the others), own stock
    less `last_units` too, then less the `extra` buffers by their names, then cap (never more than) and cut-off (fewer
    than that is nothing).
    Permissions to overbook hold on every channel. `status`: the owner's own word; it never promises more than the
    stock can keep, and out of stock ends the sale. `restore` is the number that a rollback gives back: what the channel
    showed before it went live, less what it sold since; it stands in place of all the rest.
    """

    buffer: Buffer = NO_BUFFER
    cap: int | None = None
    cut_off: int | None = None
    restore: int | None = None
    sells: frozenset[Pool] = ON_HAND
    buffers: Mapping[Pool, Buffer] = field(default_factory=dict)
    last_units: int = 0
    extra: tuple[tuple[str, int], ...] = ()
    status: StockStatus | None = None

    def buffer_of(self, pool: Pool) -> Buffer:
        return self.buffer if pool is Pool.OWN else self.buffers.get(pool, NO_BUFFER)

    def to_the_last(self, pool: Pool, there: int) -> int:
        """Units of a pool with so many that are held back whatever is sold of it: promised when no pool has another."""
        return self.buffer_of(pool).to_the_last(there, self.last_units if pool is Pool.OWN else 0)


@dataclass(frozen=True, slots=True)
class Pools:
    """Units of a SKU by pool, before reservations, and the units reserved.

    `own` and `external` are on hand by the ledger; `incoming` is announced and not overdue; `supplier` is what is
    trusted of feeds that are fresh; `pre_order` and `overbooked` are the owner's permissions.
    """

    own: int
    reserved: int = 0
    external: int = 0
    incoming: int = 0
    supplier: int = 0
    pre_order: int = 0
    overbooked: int = 0

    def units(self, pool: Pool) -> int:
        """Units in a pool; negative where more left a place than was counted there."""
        units: int = _UNITS[pool](self)
        return units

    @property
    def on_hand(self) -> int:
        return self.own + self.external

    @property
    def available(self) -> int:
        """On hand − reserved; may be negative: more is promised than is on hand."""
        return self.on_hand - self.reserved

    def left_for(self, sells: frozenset[Pool]) -> int:
        """Units of these pools that are not promised yet; negative where more is promised than will be there."""
        return sum(self.units(pool) for pool in _sold(sells)) - self.reserved


_UNITS = {pool: attrgetter(pool.name.lower()) for pool in Pool}


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
    exist: held units that were sold elsewhere would be on sale for a moment when the hold ends. `left`: units of the
    pools that the channel sells less all that is reserved; negative where more is promised. `pool`: where the next
    unit would come from, ``None`` where none is offered. `served`: units of that pool that are promised or held back.
    """

    units: int
    told: int
    status: StockStatus
    steps: tuple[tuple[str, int], ...]  # from on hand to offered, some of them of 0 units
    left: int
    pool: Pool | None = None
    served: int = 0

    @property
    def addends(self) -> tuple[Addend, ...]:
        """On hand, reserved, and each further step that changes something; they sum to `units`."""
        return tuple(Addend(name, units) for i, (name, units) in enumerate(self.steps) if units or i < 2)

    @property
    def sold_out_by_buffer(self) -> bool:
        """True where units are left and only a safety buffer, cap or cut-off makes it nothing, not the owner's word."""
        return self.units == 0 and self.left > 0 and not dict(self.steps).get(BY_YOUR_WORD)


def offered(pools: Pools, rule: Rule, *, held_by_channel: int = 0) -> Offer:
    """Units that a channel may sell; never negative, never more than what exists in the pools that it sells.

    What is promised eats those pools in their order, whichever channel it came from: first the units that may be sold,
    and what is held back to the last, when no pool has another. So a unit more that is promised lowers `units` by one,
    until they are 0; at most by one where a buffer is a share, which shrinks with what is available, or a cap hides it,
    and to 0 below a cut-off. It never raises them. 10 on hand with a buffer of 2 units offers 8 (N4). More stock never
    offers less, more buffer never offers more. The addends sum to `units`.

    A unit that leaves a place from among those held back lowers nothing; shipping it, which ends what was promised too,
    gives back a unit of the next pool.

    `held_by_channel`: units of this channel's unpaid checkouts that are in `pools.reserved` while the channel itself
    subtracts them unseen.
    """
    left = pools.left_for(rule.sells)
    steps: list[tuple[str, int]] = [("on hand", pools.own), ("reserved", -pools.reserved)]
    if rule.restore is not None:
        units = max(0, rule.restore)
        steps.append(("restored", units - pools.own + pools.reserved))
        status = StockStatus.IN_STOCK if units else StockStatus.OUT_OF_STOCK
        return Offer(units, _told(units, held_by_channel, left), status, tuple(steps), left)

    sold = _sold(rule.sells)
    steps += [("not sold here", -pools.own)] if Pool.OWN not in sold else []
    steps += [(pool.value, there) for pool in sold if pool is not Pool.OWN and (there := pools.units(pool))]
    usable: dict[Pool, int] = {}
    for pool, there in _unpromised(pools, rule, sold).items():
        if not there:
            continue
        held_back = min(there, rule.buffer_of(pool).held_back(there))
        usable[pool] = there - held_back
        steps.append(("buffer" if pool is Pool.OWN else f"buffer of {pool.value}", -held_back))
        if pool is Pool.OWN and rule.last_units:
            last = min(usable[pool], rule.last_units)
            usable[pool] -= last
            steps.append(("last units", -last))
    units = sum(usable.values())
    steps.append(("never below zero", units - sum(step for _, step in steps)))
    for name, wanted in rule.extra:
        usable = _less(usable, wanted)
        less = sum(usable.values())
        steps.append((name, less - units))
        units = less
    capped = units if rule.cap is None else max(0, min(units, rule.cap))
    steps.append(("cap", capped - units))
    units = 0 if rule.cut_off is not None and capped < rule.cut_off else capped
    steps.append(("cut-off", units - capped))
    if rule.status is StockStatus.OUT_OF_STOCK:
        steps.append((BY_YOUR_WORD, -units))
        units = 0
    first = next((pool for pool, there in usable.items() if there > 0), None) if units else None
    status = STATUS[first] if first is not None else StockStatus.OUT_OF_STOCK
    if rule.status is not None and rule.status.promises_less_than(status):
        status = rule.status
    return Offer(
        units=units,
        told=_told(units, held_by_channel, left),
        status=status,
        steps=tuple(steps),
        left=left,
        pool=first,
        served=pools.units(first) - usable[first] if first is not None else 0,
    )


@cache  # asked for each listing, and there are few answers
def _sold(sells: frozenset[Pool]) -> tuple[Pool, ...]:
    return tuple(pool for pool in Pool if pool in sells or pool is Pool.OVERBOOKED)


def _unpromised(pools: Pools, rule: Rule, sold: Sequence[Pool]) -> dict[Pool, int]:
    """Units of each pool that are left after all that is promised was served, in the pools' order: from the units that
    may be sold, and where these are not enough, from those held back."""
    promised = pools.reserved + sum(max(0, -pools.units(pool)) for pool in sold)
    left = {pool: max(0, pools.units(pool)) for pool in sold}
    if promised <= 0:
        return left
    for pool, there in left.items():
        served = min(promised, there - rule.to_the_last(pool, there))
        left[pool] = there - served
        promised -= served
    return left if not promised else _less(left, promised)


def _less(units: Mapping[Pool, int], wanted: int) -> dict[Pool, int]:
    """What is left of the units of each pool after so many were taken, of the first pools first."""
    left = {}
    for pool, there in units.items():
        taken = min(there, max(0, wanted))
        left[pool] = there - taken
        wanted -= taken
    return left


def _told(units: int, held_by_channel: int, left: int) -> int:
    return units + max(0, held_by_channel + min(0, left))
