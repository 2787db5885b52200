"""The books of one channel with one shoe, and orders to be booked in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from connectors.contract import OrderLine, OrderState
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, channels, incidents, ledger, listings, orders, schema
from syncd.storage.listings import ListingRow
from syncd.storage.session import Database, Tx
from syncd.sync.bookkeeper import Booked, Bookkeeper
from syncd.sync.house import House, Port
from tests.databases import NOON

SHOE = "SHOE-39"
HOUR = timedelta(hours=1)


@dataclass
class Books:
    """One channel `woo` with one shoe, 10 on hand and listed as 11, shown and expected as 8."""

    db: Database
    returns_to: str = catalogue.QUARANTINE
    ships_from: tuple[str, ...] = (catalogue.OWN_SHELF,)
    counts: dict[str, int] = field(default_factory=lambda: {catalogue.OWN_SHELF: 10})
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.port = Port("woo", "memory", object(), ships_from=self.ships_from)
        self.house = House(self.db, (self.port,), returns_to=self.returns_to, now=lambda: self.now)
        with self.db.write() as tx:
            channels.ensure(tx, "woo", "memory", NOON)
            channels.change(tx, "woo", first_contact_at=NOON)
            catalogue.location(tx, catalogue.OWN_SHELF)
            catalogue.location(tx, catalogue.QUARANTINE, StockClass.QUARANTINE)
            self.sku_id = catalogue.ensure(tx, SHOE)
            for place, units in self.counts.items():
                ledger.count(
                    tx,
                    sku_id=self.sku_id,
                    location_id=catalogue.location(tx, place),
                    counted=units,
                    counted_at=NOON - HOUR,
                    event_id=f"count/{place}",
                    reason="counted",
                    now=NOON,
                )
        self.row_id = self.add_listing("11", self.sku_id, expected=8)

    def add_listing(self, listing_id: str, sku_id: int | None, **values: object) -> int:
        known = {"name": "Shoe", "stock": "own", "published": True, "sells_at_zero": [], "sku_id": sku_id}
        with self.db.write() as tx:
            return listings.add(tx, "woo", listing_id, {**known, **values})

    def book(self, *states: OrderState) -> Booked:
        """Read one page with these states."""
        with self.db.write() as tx:
            return self.keeper(tx).book(states)

    def vanish(self, *order_ids: str) -> None:
        with self.db.write() as tx:
            self.keeper(tx).vanish(order_ids)

    def end_lapsed_holds(self) -> int:
        with self.db.write() as tx:
            return self.keeper(tx).end_lapsed_holds()

    def keeper(self, tx: Tx) -> Bookkeeper:
        channel = channels.get(tx, "woo")
        assert channel is not None
        return Bookkeeper(tx, self.house, self.port, channel, self.now)

    @property
    def stands(self) -> tuple[int, int, int]:
        """on hand (own), reserved, in quarantine; the sums of the ledger are proven on the way."""
        with self.db.read() as tx:
            assert ledger.audit(tx) == []
            pools = ledger.pools(tx, [self.sku_id])[self.sku_id]
            return pools.own, pools.reserved, self.at(catalogue.QUARANTINE)

    def at(self, place: str) -> int:
        with self.db.read() as tx:
            there = catalogue.levels_by_sku(tx, [self.sku_id])[self.sku_id]
        return sum(level.on_hand for level in there if level.location == place)

    @property
    def row(self) -> ListingRow:
        with self.db.read() as tx:
            return listings.by_ids(tx, [self.row_id])[self.row_id]

    @property
    def movements(self) -> int:
        with self.db.read() as tx:
            return int(tx.execute(select(func.count()).select_from(schema.movements)).scalar_one())

    @property
    def incidents(self) -> list[str]:
        with self.db.read() as tx:
            return [one.text for one in incidents.open_incidents(tx)]

    @property
    def to_decide(self) -> list[tuple[str, int]]:
        with self.db.read() as tx:
            return [(one.number, one.units) for one in orders.to_decide(tx)]


def order(
    version: int = 1,
    promised: int = 0,
    *,
    order_id: str = "1",
    listing_id: str | None = "11",
    undecided: int = 0,
    fulfilled: int = 0,
    returned: int = 0,
    taken: int | None = None,
    lines: tuple[OrderLine, ...] | None = None,
    **how: object,
) -> OrderState:
    """An order of one line; the channel took what it did not get back, unless it is said otherwise."""
    took = promised + undecided + fulfilled if taken is None else taken
    line = OrderLine("1", listing_id, SHOE, "Shoe", promised, undecided, fulfilled, returned, took)
    known = {"id": order_id, "number": f"#{order_id}", "version": version, "created_at": NOON}
    return OrderState(lines=(line,) if lines is None else lines, **{**known, **how})  # type: ignore[arg-type]
