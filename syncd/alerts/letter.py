"""What a message is about, before it is put into words: facts only, as they are when it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from syncd.domain.alerts import Event, Rule, Severity, severity
from syncd.domain.replenishment import ReorderPoint
from syncd.domain.said import Said


@dataclass(frozen=True, slots=True)
class Link:
    """Where a product is edited: the channel's name and the address in its admin."""

    channel: str
    url: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Units on the way; `expected_on`: a day in the shop's time zone, ``None``: nobody knows."""

    number: int  # of the delivery, for `syncd incoming`
    units: int
    expected_on: date | None


@dataclass(frozen=True, slots=True)
class ToOrder:
    """What to order of a SKU now. `units` is 0 where what is available or on the way is enough. `cost`: of one unit, in
    the owner's currency; `lead_time_days`: working days, and `expected_on`: the day on which it could be there;
    `supplier_units`: what the supplier's feed states that it has."""

    units: int
    supplier: str | None = None
    pack_size: int | None = None
    minimum_order: int | None = None
    lead_time_days: int | None = None
    expected_on: date | None = None
    cost: Decimal | None = None
    supplier_units: int | None = None


@dataclass(frozen=True, slots=True)
class StockFacts:
    """The units of a SKU as they are now, and why its alert came.

    `available` = own + external − reserved, `left` as in `domain.alerts.Shelf`. `per_week`: units sold in an average
    week, `days_left`: how long what is available lasts at that; ``None``: not known. `unsold_since`: when a customer
    took the last one, ``None``: never since the SKU is known.
    """

    own: int
    external: int
    reserved: int
    available: int
    left: int
    point: ReorderPoint
    to_order: ToOrder
    coming: tuple[Coming, ...] = ()
    per_week: float | None = None
    days_left: float | None = None
    unsold_since: datetime | None = None

    def if_ordered(self, today: date) -> date | None:
        """The day on which units can be there that are ordered today; ``None`` where a delivery has a day, or where
        nobody knows how long one takes."""
        announced = any(one.expected_on is not None and one.expected_on >= today for one in self.coming)
        return None if announced else self.to_order.expected_on


@dataclass(frozen=True, slots=True)
class ConcernedOrder:
    """An order whose units are not there, the latest first: it came after the shelf was promised to others.

    `language`: in which the buyers of its channel read, for the draft of a message to the customer.
    """

    channel: str
    number: str
    ordered_at: datetime
    units: int
    language: str


@dataclass(frozen=True, slots=True)
class Oversold:
    """What is known of an oversell (N31, N32). `missing`: units promised beyond what there is, 0: it is over.
    `cause`: what took the units last, as far as it can be told. `buffer`: units to hold back from now on; 0: as
    many are held back already."""

    missing: int
    orders: tuple[ConcernedOrder, ...]
    cause: Said
    buffer: int


@dataclass(frozen=True, slots=True)
class Item:
    """One alert as it is told.

    `number` is what `syncd ack` takes, 0 where the table does not know it. `rule` is the one that its numbers show (by
    `domain.alerts.shown_rule`), of what is over the one that ended; `was`: the worse one that held when it was to be
    told, where it got better meanwhile. `since` is when it was raised, `over_at` when it ended, where it did. A SKU's
    alert has `stock`, an oversold one `oversold` too; others have `what` and `hint`, the sentences of their incident.
    Instants are aware UTC.
    """

    number: int
    rule: Rule
    event: Event
    since: datetime
    over_at: datetime | None = None
    was: Rule | None = None
    sku: str | None = None
    name: str | None = None
    channel: str = ""
    stock: StockFacts | None = None
    oversold: Oversold | None = None
    links: tuple[Link, ...] = ()
    what: Said | None = None
    hint: Said | None = None

    @property
    def severity(self) -> Severity:
        return severity(self.rule)


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands, for the daily line. `stale`: live channels that are not read in time, by name."""

    channels: int
    stale: tuple[str, ...]
    skus: int
    low: int
    out: int
    oversold: int
    holds: int
    to_decide: int
    incidents: int


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one target. `items`: the most urgent first; with `standing` it is the digest of the day.

    `at`: when it is written, aware UTC. `trial`: `syncd alerts test` asks whether it arrives. `in_short`: the items are
    only counted, since a message with all that is known of them was not taken.
    """

    at: datetime
    items: tuple[Item, ...] = ()
    standing: Standing | None = None
    trial: bool = False
    in_short: bool = False

    @property
    def thread(self) -> str | None:
        """What messages that belong together share: those about one SKU."""
        about = {item.sku for item in self.items}
        return about.pop() if len(about) == 1 and self.standing is None else None
