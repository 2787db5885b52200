"""When the owner is told, and how urgent it is (design.md §5, N21, N42, N74).

An alert opens when a rule begins to hold and closes when it has ceased to hold by a margin, so that ±1 does not flap.
Rules of one family are steps of the same trouble: a SKU is low, then out, then oversold, and that is one alert which
gets worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How urgent it is, the least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Family(StrEnum):
    """What an alert is about; each subject has one open alert of a family."""

    STOCK = "stock"
    RUNS_OUT = "runs-out"
    SLOW = "slow"
    INCIDENT = "incident"
    HOLD = "hold"
    DECIDE = "decide"
    TARGET = "target"


class Rule(StrEnum):
    """Why somebody is told; the owner's words, in `SYNCD_ROUTES` and on the screen.

    Within a family the later one is the worse.
    """

    LOW = "low"  # own and external available at or below the reorder point
    OUT = "out"  # nothing available
    OVERSOLD = "oversold"  # more promised than there is in all pools that are sold
    RUNS_OUT = "runs-out"  # gone before the next delivery can arrive, announced or ordered today
    OVERSTOCK = "overstock"  # lasts for longer than anybody wants to keep it
    DEAD = "dead"  # on the shelf, and nobody bought one for long
    LATE = "late"  # a delivery, or a pre-order, whose day has gone by
    FEED = "feed"  # a supplier's feed that is silent, refused or looks wrong
    HOLD = "hold"  # a change too big to make without a yes
    DRIFT = "drift"  # a shop shows a number that no order explains
    UNMAPPED = "unmapped"  # sold, and not in the master table
    DECIDE = "decide"  # an order that ended and holds its units
    LISTING = "listing"  # one listing or order that does not do what it should
    CHANNEL = "channel"  # a channel that stands still, is silent or behind
    QUIET = "quiet"  # a channel without orders for unusually long
    SERVICE = "service"  # a part of the service's own work
    STOPPED = "stopped"  # the service, for good: no shop is kept in step
    TARGET = "target"  # somebody who is to be told cannot be told


FAMILY = MappingProxyType(
    {
        Rule.LOW: Family.STOCK,
        Rule.OUT: Family.STOCK,
        Rule.OVERSOLD: Family.STOCK,
        Rule.RUNS_OUT: Family.RUNS_OUT,
        Rule.OVERSTOCK: Family.SLOW,
        Rule.DEAD: Family.SLOW,
        Rule.HOLD: Family.HOLD,
        Rule.DECIDE: Family.DECIDE,
        Rule.TARGET: Family.TARGET,
    }
)
"""The family of each rule; those that are not named are incidents."""

_CRITICAL = frozenset({Rule.OVERSOLD, Rule.CHANNEL, Rule.STOPPED})
_INFO = frozenset({Rule.OVERSTOCK, Rule.DEAD})


def severity(rule: Rule) -> Severity:
    """Critical is what costs customers while it lasts; info is what waits for the digest."""
    return Severity.CRITICAL if rule in _CRITICAL else Severity.INFO if rule in _INFO else Severity.WARNING


def family(rule: Rule) -> Family:
    """What an alert by this rule is about."""
    return FAMILY.get(rule, Family.INCIDENT)


class Event(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    ESCALATED = "escalated"  # it got worse
    EASED = "eased"  # it got better and goes on
    OVER = "over"
    AGAIN = "again"  # it was put off, and is still so


def change(standing: Rule | None, now: Rule | None) -> Event | None:
    """What it means that the worst rule of a family that holds was `standing` and is `now`."""
    if standing is now:
        return None
    if standing is None:
        return Event.RAISED
    if now is None:
        return Event.OVER
    return Event.ESCALATED if _rank(now) > _rank(standing) else Event.EASED


def ends_well(standing: Rule, now: Rule | None) -> bool:
    """True where something critical is over, though a lesser rule of its family may hold on: that is news."""
    critical = Severity.CRITICAL
    return severity(standing) is critical and (now is None or severity(now) is not critical)


_RANKS = MappingProxyType({rule: place for place, rule in enumerate(Rule)})


def _rank(rule: Rule) -> int:
    return _RANKS[rule]


# ---------------------------------------------------------------------- stock


def margin(point: int) -> int:
    """Units above a limit at which what was raised there is over: a tenth of it, at least 2."""
    return max(2, -(-point // 10))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the rules of stock look at, in units.

    `available`: own and external units that nobody was promised; what is on the way lowers what to order, not the
    alarm. `left`: units of all pools that are sold, less all that is promised. `reorder_point` as it holds for the SKU.
    """

    available: int
    left: int
    reorder_point: int


def stock_rule(shelf: Shelf, standing: Rule | None) -> Rule | None:
    """The worst rule of the stock family that holds; `standing` is the one that held at the last look.

    An oversell is over with the first unit that is left: of what is sold one by one there are never two.
    """
    held = _rank(standing) if standing is not None else -1
    if shelf.left < 0 or (standing is Rule.OVERSOLD and shelf.left == 0):
        return Rule.OVERSOLD
    for rule, limit in ((Rule.OUT, 0), (Rule.LOW, shelf.reorder_point)):
        if shelf.available <= (limit + margin(limit) if held >= _rank(rule) else limit):
            return rule
    return None


def shown_rule(standing: Rule, shelf: Shelf) -> Rule:
    """The rule that a stock alert is shown by while it goes on: that of its numbers, where the margin is all that keeps
    it at a worse one; `standing` says who is told. Where only the margin keeps it at all, it is low."""
    return min(standing, stock_rule(shelf, None) or Rule.LOW, key=_rank)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a SKU goes. `days_left`: how long what is available lasts as it sells now; ``None``: it does not sell,
    or nobody knows yet how fast. `next_delivery_in`: days until the next units come, and where none are announced until
    those could that are ordered today; ``None``: nobody knows."""

    available: int
    days_left: float | None
    next_delivery_in: int | None


DAYS_OF_MARGIN = 2
UNITS_OF_MARGIN = 2
"""One unit of what sells slowly lasts for weeks: a margin in days alone would let it flap at ±1."""


def runs_out_rule(pace: Pace, standing: Rule | None) -> Rule | None:
    """Whether the shelf is empty before the next delivery can fill it. An empty one is told of by `stock_rule`; what
    was raised before it was empty goes on, so that a last unit that goes and comes back is told once."""
    if pace.next_delivery_in is None:
        return None
    if pace.available <= 0:
        return standing
    if pace.days_left is None:
        return None
    if standing is None:
        return Rule.RUNS_OUT if pace.days_left < pace.next_delivery_in else None
    surely = _lasts(pace.available, pace.days_left, -UNITS_OF_MARGIN)
    return Rule.RUNS_OUT if surely < pace.next_delivery_in + DAYS_OF_MARGIN else None


def _lasts(available: int, days_left: float, more: int) -> float:
    """Days for which so many units more, or fewer, would last at the same pace."""
    return days_left * max(0, available + more) / available


@dataclass(frozen=True, slots=True)
class Idleness:
    """How long a SKU lies. `known_for`: since it was first on hand; `unsold_for`: since a customer took the last one,
    or since it was first on hand."""

    available: int
    known_for: timedelta
    unsold_for: timedelta
    days_left: float | None


def slow_rule(idle: Idleness, dead_after: timedelta, overstock_after: timedelta, standing: Rule | None) -> Rule | None:
    """Whether a SKU lies for too long: nobody bought one for `dead_after`, or it lasts for `overstock_after`."""
    if idle.available <= 0:
        return None
    if min(idle.known_for, idle.unsold_for) >= dead_after:
        return Rule.DEAD
    if idle.days_left is None:
        return None
    if standing is None:
        return Rule.OVERSTOCK if idle.days_left > overstock_after.days else None
    perhaps = _lasts(idle.available, idle.days_left, UNITS_OF_MARGIN)
    return Rule.OVERSTOCK if perhaps > overstock_after.days * 9 / 10 else None
