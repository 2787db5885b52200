"""A small world for the engine: a clock of its own, shops in RAM that know the truth, a real database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from connectors.contract import Surroundings
from connectors.memory import MemoryConnector, MemoryShop, WriteSeen
from connectors.till.connector import Till
from syncd.domain.availability import ON_HAND, Buffer, Pool
from syncd.domain.calendar import EVERY_DAY, Workdays
from syncd.domain.caution import Caution
from syncd.domain.drift import OnEdit
from syncd.domain.promise import Days
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, channels, intents, ledger, listings, orders
from syncd.storage.channels import Mode
from syncd.storage.leases import Holder
from syncd.storage.migrate import prepare
from syncd.storage.session import Database
from syncd.sync import mapper, views
from syncd.sync.cycle import Report, leased, sync
from syncd.sync.house import House, Port
from syncd.sync.views import in_step
from syncd.texts.wording import Wording
from tests.databases import hurried
from tests.engine.memory_feed import MemoryFeed, Supplier

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WAREHOUSE = "Warehouse of others"
WAREHOUSE_DAYS = Days(2, 4)
LEAD_TIME_DAYS = 5
FEED_LASTS = timedelta(hours=30)
TILL_LASTS = timedelta(hours=26)
FOUR_ROUNDS = 4
NO_HOLDS = HoldLimits(zeroing_percent=100, jumps_percent=100)


@dataclass
class Clock:
    """An instant that moves only when it is told to; sleeping is such a telling."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Crash(BaseException):
    """The process dies here."""


def fresh_database(folder: Path, template: list[Path]) -> Database:
    """An empty, ready SQLite database; the first one made is copied for the others."""
    path = folder / "syncd.db"
    for leftover in folder.glob("syncd.db*"):
        leftover.unlink()
    if not template:
        made = folder / "template.db"
        db = hurried(f"sqlite:///{made}")
        prepare(db, START)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        template.append(made)
    shutil.copyfile(template[0], path)
    return hurried(f"sqlite:///{path}")


@dataclass(frozen=True)
class Sells:
    """How one shop sells: its pools, with what it holds back of those beyond own stock."""

    pools: frozenset[Pool] = ON_HAND
    buffers: Mapping[Pool, Buffer] = field(default_factory=dict)
    limits: Limits = Limits()


@dataclass
class World:
    """A house with shops in RAM; every SKU is listed once in each of them.

    Beside them, where a test wants it, a supplier with a feed and a till with a folder.
    """

    db: Database
    styles: tuple[Literal["delta", "compare"], ...] = ("delta", "compare")
    skus: tuple[str, ...] = ("SHOE-39-BLK",)
    on_hand: int = 10
    shown: int = 10
    buffer: int = 2
    on_edit: OnEdit = OnEdit.ASK
    hold_limits: HoldLimits = NO_HOLDS
    clock: Clock = field(default_factory=Clock)
    shops: dict[str, MemoryShop] = field(default_factory=dict)
    listing_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    writes: list[tuple[str, WriteSeen]] = field(default_factory=list)
    on_raise: Callable[[str, WriteSeen], None] = lambda _name, _seen: None
    on_sync: Callable[[Report], None] = lambda _report: None
    sells: Mapping[str, Sells] = field(default_factory=dict)
    caution: Caution = Caution()
    wording: Wording | None = None
    lead_time_days: int | None = None
    supplier: Supplier | None = None
    trust_percent: int = 100
    till: Path | None = None  # the folder of its files
    connect: Callable[[str, MemoryShop], MemoryConnector] = lambda _name, shop: MemoryConnector(shop)

    def __post_init__(self) -> None:
        self.db.lease_time = lambda _tx: None  # leases, too, go by the clock of this world
        for number, style in enumerate(self.styles):
            name = f"{style}{number}"
            shop = MemoryShop(self.clock, style=style)
            for sku in self.skus:
                self.listing_ids[name, sku] = shop.add_listing(sku, self.shown)
            shop.booked = self._booked(name)
            shop.on_write = self._witness(name)
            self.shops[name] = shop
        self.house = self._house()
        with leased(self.house):
            pass
        with self.db.write() as tx:
            for sku in self.skus:
                catalogue.ensure(tx, sku, {"lead_time_days": self.lead_time_days})
            catalogue.location(tx, WAREHOUSE, StockClass.EXTERNAL)
        for sku in self.skus:
            self.count(sku, self.on_hand)
        for port in self.house.ports:
            if port.shelf is not None:
                mapper.refresh(self.house, port)

    def _house(self) -> House:
        return House(
            self.db,
            tuple(self._ports()),
            default=Limits(buffer=Buffer(units=self.buffer)),
            hold_limits=self.hold_limits,
            caution=self.caution,
            workdays=Workdays(EVERY_DAY),
            external={WAREHOUSE: WAREHOUSE_DAYS},
            now=self.clock,
            sleep=self.clock.sleep,
        )

    def _ports(self) -> Iterator[Port]:
        for name, shop in self.shops.items():
            sells = self.sells.get(name, Sells())
            yield Port(
                name,
                "memory",
                self.connect(name, shop),
                limits=sells.limits,
                on_edit=self.on_edit,
                sells=sells.pools,
                buffers=sells.buffers,
                wording=self.wording,
            )
        if self.supplier is not None:
            feed = MemoryFeed(self.supplier)
            yield Port("feed", "memory feed", feed, silent_after=FEED_LASTS, trust_percent=self.trust_percent)
        if self.till is not None:
            till = Till("till", {"FOLDER": str(self.till)}, Surroundings(now=self.clock))
            yield Port("till", "till", till, silent_after=TILL_LASTS)

    def _unread(self, name: str) -> list[str]:
        """Lines that are booked otherwise than they are, for the words of a failure."""
        shop, booked = self.shops[name], self._booked(name)
        return [
            f"{state.id} {state.status}, line {line.line_id}: {line.taken} for {booked(state.id, line.line_id)}"
            for state in shop.orders()
            for line in state.lines
            if line.taken != booked(state.id, line.line_id)
        ]

    def _booked(self, name: str) -> Callable[[str, str], int]:
        def booked(order_id: str, line_id: str) -> int:
            with self.db.read() as tx:
                line = orders.lines(tx, name, order_id).get(line_id)
            return line.booked.taken if line is not None and line.sku_id is not None else 0

        return booked

    def _witness(self, name: str) -> Callable[[WriteSeen], None]:
        def witness(seen: WriteSeen) -> None:
            self.writes.append((name, seen))
            assert seen.excess_units == 0, (
                f"{name}: a write put {seen.excess_units} units on sale that are gone: {seen}; {self._unread(name)}"
            )
            if seen.raised:
                self.on_raise(name, seen)

        return witness

    # -------------------------------------------------------------- what people do

    def go_live(self, *names: str) -> None:
        with self.db.write() as tx:
            for name in names or tuple(self.shops):
                channels.change(tx, name, mode=Mode.LIVE)

    def count(self, sku: str, units: int, place: str = catalogue.OWN_SHELF) -> None:
        with self.db.write() as tx:
            ledger.count(
                tx,
                sku_id=catalogue.ensure(tx, sku),
                location_id=catalogue.location(tx, place),
                counted=units,
                counted_at=self.clock(),
                event_id=f"test/count/{sku}/{place}/{self.clock().isoformat()}/{len(self.writes)}",
                reason="count",
                now=self.clock(),
            )

    def restart(self) -> None:
        """Another process takes over: nothing is left but the database and the shops."""
        self.house = replace(self._house(), holder=Holder())

    def sync(self, **how: object) -> Report:
        report = sync(self.house, **how)  # type: ignore[arg-type]
        self.on_sync(report)
        return report

    def listing(self, name: str, sku: str | None = None) -> str:
        return self.listing_ids[name, sku or self.skus[0]]

    def shown_in(self, name: str, sku: str | None = None) -> int | None:
        return self.shops[name].shown(self.listing(name, sku))

    # -------------------------------------------------------------- what must hold

    def targets(self, name: str) -> dict[str, int]:
        """What each SKU should show in a shop, by the books."""
        with self.db.read() as tx:
            return {view.sku.sku: view.offer.told for view in views.load(tx, self.house, self.house.port(name))}

    def settle(self, rounds: int = 12) -> None:
        """Let everything come to rest: no more faults, time goes by, syncs run."""
        for _ in range(rounds):
            self.clock.sleep(65)
            self.sync()

    def come_to_rest(self, at_most: int) -> None:
        """As `settle`, until nothing is to come any more.

        Not sooner than late writes have taken effect and doubts are over: `FOUR_ROUNDS` are 260 s.
        """
        for done in range(1, at_most + 1):
            written = len(self.writes)
            self.settle(1)
            if done >= FOUR_ROUNDS and len(self.writes) == written and self._nothing_waits():
                return

    def _nothing_waits(self) -> bool:
        with self.db.read() as tx:
            loaded = [(port, views.load(tx, self.house, port)) for port in self.house.ports if port.sink is not None]
            if any(intents.open_calls(tx, port.name) for port, _ in loaded):
                return False
            return all(
                in_step(view)
                and not view.notice_due(self.clock())
                and not (view.row.dirty or view.row.differs_since or view.row.retry_at or view.row.notice_retry_at)
                for _, found in loaded
                for view in found
            )

    def assert_books_are_right(self) -> None:
        with self.db.read() as tx:
            assert ledger.audit(tx) == []
            ids = catalogue.ids(tx)
            for name in self.shops:
                rows = {row.listing_id: row for row in listings.of_channel(tx, name)}
                for (shop, sku), listing_id in self.listing_ids.items():
                    if shop == name and listing_id in rows:
                        assert rows[listing_id].sku_id in (ids[sku], None)

    def assert_at_rest(self) -> None:
        """Each shop shows its target, each order is booked once and as it is, and the books are right."""
        self.assert_books_are_right()
        for name, shop in self.shops.items():
            for sku, target in self.targets(name).items():
                shown = self.shown_in(name, sku)
                assert shown is not None
                assert shown == target or (target == 0 and shown <= 0), f"{name} shows {shown} of {sku}, not {target}"
            for state in shop.orders():
                with self.db.read() as tx:
                    lines = orders.lines(tx, name, state.id)
                for line in state.lines:
                    assert lines[line.line_id].booked.taken == line.taken, f"{name}: order {state.id} is booked wrongly"
