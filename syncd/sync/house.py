"""What every service needs: the database, the configured channels with their connectors, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from connectors.contract import Display, ListingSource, NewsSource, SalesSource, StockSink, SupplyFeed
from syncd.domain.availability import ON_HAND, Buffer, Pool
from syncd.domain.calendar import Workdays
from syncd.domain.caution import Caution
from syncd.domain.drift import OnEdit
from syncd.domain.promise import Days
from syncd.domain.routing import Routes, Schedule
from syncd.domain.rules import Limits, Rules
from syncd.domain.safety import HoldLimits
from syncd.errors import CONFIGURATION, Busy, SyncdError
from syncd.storage import catalogue, leases
from syncd.storage.leases import Holder
from syncd.storage.session import Database, Tx
from syncd.texts.wording import Wording


class Progress(Protocol):
    """Told after each page how far long work is; `total` is ``None`` where it is not known.

    It may raise `BrokenOff`: the work ends there, between two pages, and nothing is lost.
    """

    def __call__(self, what: str, done: int, total: int | None) -> None: ...


def no_progress(what: str, done: int, total: int | None) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Port:
    """One configured channel: its connector and what the owner set for it.

    `shop` says which shop it is, by its address. `silent_after`: a source that could not be read for longer stops
    blocking raises elsewhere (design.md §3.5), and a till that told nothing for longer is asked about. `ships_from`:
    own locations from which its orders are fulfilled, in order. `start_counting`: listings whose stock the channel does
    not count yet may be switched on (`<CHANNEL>_MANAGE_STOCK=on`). `poll`: the service reads its orders at least this
    often.
    `sells`: the pools that it sells, `buffers` what it holds back of those beyond own stock. `trust_percent`: how much
    of what a supplier's feed states is believed (N20). `wording`: what buyers read beside the number; ``None``: nothing
    is written there. `promise_days`: the delivery that its site promises, in working days (N26).
    """

    name: str
    kind: str
    connector: object
    shop: str = ""
    limits: Limits = Limits()
    on_edit: OnEdit = OnEdit.ASK
    silent_after: timedelta = timedelta(hours=2)
    ships_from: tuple[str, ...] = (catalogue.OWN_SHELF,)
    start_counting: bool = False
    poll: timedelta = timedelta(seconds=60)
    sells: frozenset[Pool] = ON_HAND
    buffers: Mapping[Pool, Buffer] = field(default_factory=dict)
    trust_percent: int = 100
    wording: Wording | None = None
    promise_days: int | None = None

    @property
    def sales(self) -> SalesSource | None:
        return self.connector if isinstance(self.connector, SalesSource) else None

    @property
    def by_sku(self) -> bool:
        """True where what was sold is told by SKU, because nothing is listed there (a till)."""
        return self.sales is not None and self.shelf is None

    @property
    def steady(self) -> bool:
        """False where sales are told only when somebody tells them (`SalesSource.steady`)."""
        return self.sales is None or self.sales.steady

    @property
    def shelf(self) -> ListingSource | None:
        return self.connector if isinstance(self.connector, ListingSource) else None

    @property
    def sink(self) -> StockSink | None:
        return self.connector if isinstance(self.connector, StockSink) else None

    @property
    def display(self) -> Display | None:
        return self.connector if isinstance(self.connector, Display) else None

    @property
    def feed(self) -> SupplyFeed | None:
        return self.connector if isinstance(self.connector, SupplyFeed) else None

    @property
    def teller(self) -> NewsSource | None:
        return self.connector if isinstance(self.connector, NewsSource) else None


@dataclass(frozen=True, slots=True)
class House:
    """The shop's whole set-up. `now` is aware UTC; `sleep` takes seconds; days begin and end in `timezone`.

    `patience`: how long it waits for a channel on which another syncd is at work. `caution`: what is held back on top
    of the buffers. `external`: the external warehouses by their names, with the working days to bring units from there.
    `order_for`: what is ordered should last so long beyond the lead time.
    `routes` and `schedule`: who is told of alerts, and when. `dead_after`: nobody bought one for so long;
    `overstock_after`: what is there lasts for longer.
    """

    db: Database
    ports: tuple[Port, ...]
    default: Limits = Limits()
    hold_limits: HoldLimits = HoldLimits()
    caution: Caution = Caution()
    timezone: ZoneInfo = ZoneInfo("UTC")
    workdays: Workdays = Workdays()
    external: Mapping[str, Days] = field(default_factory=dict)
    returns_to: str = catalogue.QUARANTINE
    order_for: timedelta = timedelta(days=30)
    routes: Routes = Routes()
    schedule: Schedule = Schedule()
    dead_after: timedelta = timedelta(days=180)
    overstock_after: timedelta = timedelta(days=365)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    progress: Progress = no_progress
    patience: timedelta = timedelta()
    holder: Holder = field(default_factory=Holder)

    @property
    def sells(self) -> frozenset[Pool]:
        """The pools that at least one channel sells: what is promised beyond them is oversold."""
        return frozenset().union(*(port.sells for port in self.ports if port.sink is not None)) or ON_HAND

    def today(self) -> date:
        """The day in the shop's time zone."""
        return self.now().astimezone(self.timezone).date()

    def port(self, name: str) -> Port:
        """The channel of that name. Raises `UnknownChannel`."""
        for port in self.ports:
            if port.name == name:
                return port
        raise UnknownChannel(name, [port.name for port in self.ports])

    def keep_lease(self, tx: Tx, channel: str) -> None:
        """Go on holding what this process holds, page by page of long work.

        Raises:
            LeaseHeld: another process has taken this channel over.
        """
        if not leases.keep(tx, channel, self.holder, self.lease_time(tx)):
            raise LeaseHeld(channel)

    def lease_time(self, tx: Tx) -> datetime:
        """The instant that leases go by: one clock for all who share the database (design.md §6)."""
        return self.db.lease_time(tx) or self.now()

    def rules(self, tx: Tx) -> Rules:
        """Every rule as it stands in this transaction."""
        return Rules(catalogue.scoped_limits(tx), {port.name: port.limits for port in self.ports}, self.default)


class BrokenOff(Exception):  # no error: whoever is asked to stop does
    """Work ends between two pages: the service is to stop, or somebody waits for the channel."""


class Refusal(SyncdError):
    """A service will not do what was asked: what was asked is wrong, or is not possible as things stand."""


class UnknownChannel(Refusal):
    """No channel of that name is configured."""

    exit_code = CONFIGURATION

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no channel {name}", f"Configured in SYNCD_CHANNELS: {', '.join(known) or 'none'}")


class UnknownSku(Refusal):
    """No SKU with that text is in the master table."""

    exit_code = CONFIGURATION

    def __init__(self, sku: str, near: list[str]) -> None:
        hint = f"Did you mean {' or '.join(near)}?" if near else "All SKUs: syncd stock"
        super().__init__(f"There is no SKU {sku}", hint)


class LeaseHeld(Busy):
    """Another syncd works on a channel."""

    def __init__(self, channel: str) -> None:
        super().__init__(
            f"Another syncd works on {channel} right now", "Try again when it is done; nothing was changed."
        )
