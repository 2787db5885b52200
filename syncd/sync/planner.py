"""Decides about one listing: leave it, lower it, raise it, wait (design.md §3.4–3.5). Pure; `decide` is the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from connectors.contract import Op, Write
from syncd.domain import safety
from syncd.domain.availability import offered
from syncd.domain.drift import Reading, reading
from syncd.sync.views import View


class Verdict(StrEnum):
    RIGHT = "right"
    LOWER = "lower"
    RAISE = "raise"
    START = "start"
    WAIT = "wait"
    ANCHOR = "anchor"  # what the channel shows has to be read, and then its orders, before anything can be decided


@dataclass(frozen=True, slots=True)
class Decision:
    """`target` is what the channel should show; `write` what to send for it now; `why` it waits, in words."""

    verdict: Verdict
    target: int
    write: Write | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A channel that lists a SKU, as the raise rule sees it (design.md §3.5).

    `confirmed`: units of the SKU that it last showed; set aside as if sold when the channel is silent.
    """

    name: str
    pulled_seq: int
    silent: bool
    confirmed: int
    unreadable: bool  # an order item of this SKU could not be read


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether a raise may go: `stale` channels must be read first; `aside` units are taken for sold by silent ones."""

    stale: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    aside: int = 0


def clearance(sources: Iterable[Source], after_seq: int) -> Clearance:
    """May a change at `after_seq` raise? Every source must have been read completely, beginning after it."""
    stale, unreadable, aside = [], [], 0
    for source in sources:
        if source.unreadable:
            unreadable.append(source.name)
        if source.pulled_seq > after_seq:
            continue
        if source.silent:
            aside += max(0, source.confirmed)
        else:
            stale.append(source.name)
    return Clearance(tuple(stale), tuple(unreadable), aside)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision depends on beside the listing itself.

    `fresh`: the number shown was read in this run. `pending_raise`: units by which a lost write may still lift it.
    `can_raise`: this channel's own orders were read to the end in this run.
    """

    now: datetime
    raises_by: Op
    clearance: Clearance = Clearance()
    fresh: bool = False
    pending_raise: int = 0
    can_raise: bool = True


def decide(view: View, at: Situation) -> Decision:
    """What to do about one listing now."""
    row, target = view.row, view.offer.told

    if row.retry_at is not None and row.retry_at > at.now:
        return Decision(Verdict.WAIT, target, why="was refused by the shop; tried again later")
    if row.in_doubt_until is not None:
        return _in_doubt(view, at)
    if row.stock == "none":
        if why := _unclear(at):
            return Decision(Verdict.WAIT, target, why=why)
        return Decision(Verdict.START, target, _write(view, Op.START, target, 0))
    if row.expected is None:
        return Decision(Verdict.ANCHOR, target, why="its number in the shop has to be read first")

    base = row.expected
    if target == base or (target == 0 and base <= 0):
        # Lifting −2 to 0 would let a restock sell again (design.md §3.3).
        return Decision(Verdict.RIGHT, target)
    if (target := followed(view)) != view.offer.told and target >= base:
        return Decision(Verdict.WAIT, view.offer.told, why="a person said no to this number")
    state = reading(base, row.shown if at.fresh else base, row.differs_since, at.now)
    if target < base:
        if state is Reading.DRIFT and row.shown is not None and row.shown <= target:
            return Decision(Verdict.WAIT, target, why="the shop shows less already, and no order explains it")
        return Decision(Verdict.LOWER, target, _write(view, Op.DELTA, target, base))
    if state is not Reading.AS_EXPECTED or row.differs_since is not None:
        return Decision(Verdict.WAIT, target, why="the shop shows another number than expected")
    return _raise(view, at, base)


def _in_doubt(view: View, at: Situation) -> Decision:
    """After a lost answer only lowerings go out, from the number shown.

    The lost write may still land: what it would lift is taken off beforehand. At worst the shop shows too little.
    """
    target, shown = followed(view), view.row.shown
    if at.fresh and shown is not None:
        safe = max(0, target - at.pending_raise)
        if safe < shown:
            return Decision(Verdict.LOWER, safe, _write(view, Op.DELTA, safe, shown))
    return Decision(Verdict.WAIT, target, why="the shop did not answer the last write; it is looked at again")


def _raise(view: View, at: Situation, base: int) -> Decision:
    target = view.offer.told
    if not at.can_raise:
        return Decision(Verdict.WAIT, target, why="the shop's orders could not be read")
    if at.clearance.unreadable:
        names = " and ".join(at.clearance.unreadable)
        return Decision(Verdict.WAIT, target, why=f"an order in {names} could not be read")
    if at.clearance.stale:
        return Decision(
            Verdict.WAIT, target, why=f"the orders of {' and '.join(at.clearance.stale)} must be read first"
        )
    if at.clearance.aside:
        assumed_sold = replace(view.pools, reserved=view.pools.reserved + at.clearance.aside)
        target = min(target, offered(assumed_sold, view.rule, held_by_channel=view.held).told)
        if target <= base:
            return Decision(Verdict.WAIT, target, why="a silent channel may have sold the rest")
    return Decision(Verdict.RAISE, target, _write(view, at.raises_by, target, base))


def _unclear(at: Situation) -> str:
    """Why nothing may be put on sale yet, in words; empty when every sale is known."""
    if not at.can_raise:
        return "the shop's orders could not be read"
    if at.clearance.unreadable:
        return f"an order in {' and '.join(at.clearance.unreadable)} could not be read"
    if at.clearance.stale:
        return f"the orders of {' and '.join(at.clearance.stale)} must be read first"
    return ""


def _write(view: View, op: Op, target: int, expected: int) -> Write:
    return Write(view.row.listing_id, view.row.parent_id, op, target, expected)


def followed(view: View) -> int:
    """The number to aim for: what is offered; after a no, what customers alone lead to.

    Orders are never held (design.md §3.6): a no ends where more is promised than is there.
    """
    row = view.row
    if row.rejected_target is None or view.offer.left < 0:
        return view.offer.told
    refused = safety.explained(row.rejected_target, view.sku.sold - row.rejected_sold)
    if view.calm != refused:
        return view.offer.told
    return max(0, before_change(view) - caution(view))


def caution(view: View) -> int:
    """Units that are held back only because something runs late or sells fast: no change that asks for a yes."""
    return view.calm - view.offer.told


def before_change(view: View) -> int:
    """What the listing would be told by now had only customers acted since the last number that a person knows of,
    before all caution."""
    if view.row.baseline_told is None:
        return view.row.expected or 0
    return safety.explained(view.row.baseline_told, view.sku.sold - view.row.baseline_sold)
