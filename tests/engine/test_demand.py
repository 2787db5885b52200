"""How SKUs sell, worked out of the books, and the reorder points that follow; on both databases."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from syncd.domain.movements import Kind, Movement
from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.domain.rules import Limits, Scope
from syncd.storage import catalogue, channels, demand, incoming, ledger, schema, supplies
from syncd.storage.session import Database
from syncd.storage.supplies import Stated
from syncd.sync import clockwork, replenishing
from syncd.sync import demand as working_out
from syncd.sync.house import House, Port, Refusal
from tests.databases import NOON
from tests.engine.memory_feed import MemoryFeed, Supplier
from tests.engine.world import Clock
from tests.storage.test_large_tables import counted_statements

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Shelf:
    """A house with one SKU, whose clock stands at noon: what happened before is told with its time."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, Clock(NOON)
        self.supplier = Supplier(self.clock)
        feed = Port("acme", "memory feed", MemoryFeed(self.supplier), silent_after=timedelta(days=2))
        self.house = House(db, (feed,), default=Limits(reorder_point=5), now=self.clock)
        self._numbers = iter(range(1_000_000))
        with db.write() as tx:
            channels.ensure(tx, "woo", "memory", NOON)
            channels.ensure(tx, "acme", "memory feed", NOON)
            supplies.feed(tx, "acme")
        self.mug = self.sku("MUG")

    def sku(self, text: str, **fields: object) -> int:
        with self.db.write() as tx:
            return catalogue.ensure(tx, text, fields)

    def count(self, sku_id: int, units: int, at: datetime = NOON - 9 * WEEK) -> None:
        with self.db.write() as tx:
            ledger.count(
                tx, sku_id=sku_id, location_id=catalogue.location(tx, "shelf"), counted=units, counted_at=at,
                event_id=f"count/{next(self._numbers)}", reason="counted", now=at,
            )  # fmt: skip

    def move(
        self, kind: Kind, units: int, ago: timedelta, sku_id: int | None = None, *, order: str | None = None
    ) -> None:
        """`units` more are reserved; of a fulfilment: they leave."""
        leaves = kind is Kind.FULFILMENT
        with self.db.write() as tx:
            line = Movement(
                event_id=f"test/{next(self._numbers)}",
                sku_id=sku_id or self.mug,
                kind=kind,
                happened_at=NOON - ago,
                reserved=-units if leaves else units,
                on_hand=-units if leaves else 0,
                location_id=catalogue.location(tx, "shelf") if leaves else None,
                channel="woo",
                order_id=order,
            )
            ledger.post(tx, [line], NOON - ago)

    def weeks(self, sku_id: int | None = None) -> list[int] | None:
        working_out.work_out(self.house)
        with self.db.read() as tx:
            found = demand.of_skus(tx).get(sku_id or self.mug)
        return list(found.weeks) if found is not None else None

    def point(self, sku_id: int | None = None) -> ReorderPoint:
        with self.db.read() as tx:
            return replenishing.points(tx, self.house, [sku_id or self.mug])[sku_id or self.mug]

    def need(self, sku_id: int | None = None) -> replenishing.Need:
        with self.db.read() as tx:
            return replenishing.needs(tx, self.house)[sku_id or self.mug]


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


# ---------------------------------------------------------------- demand


def test_weeks_end_now_and_what_customers_took_is_net(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 100)
    shelf.move(Kind.SALE, 3, DAY)
    shelf.move(Kind.SALE, 2, WEEK - DAY)
    shelf.move(Kind.SALE, 9, WEEK + DAY)
    shelf.move(Kind.CANCELLATION, -4, WEEK + DAY / 2)
    shelf.move(Kind.FULFILMENT, 5, WEEK)
    shelf.move(Kind.SALE, 7, 8 * WEEK - DAY)
    shelf.move(Kind.SALE, 70, 8 * WEEK + DAY)
    assert shelf.weeks() == [5, 5, 0, 0, 0, 0, 0, 7]


def test_counts_receipts_and_returns_are_no_demand(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 100)
    shelf.count(shelf.mug, 40, NOON - WEEK - DAY)
    with shelf.db.write() as tx:
        place = catalogue.location(tx, "shelf")
        lines = [
            Movement(f"{kind}", shelf.mug, kind, NOON, on_hand=units, location_id=place)
            for kind, units in ((Kind.RECEIPT, 50), (Kind.RETURN, 5), (Kind.ADJUSTMENT, -3))
        ]
        ledger.post(tx, lines, NOON - DAY)
    assert shelf.weeks() == [0] * 8


def test_only_whole_weeks_since_the_first_movement_count(shelf: Shelf) -> None:
    assert shelf.weeks() is None
    shelf.count(shelf.mug, 100, NOON - 2 * WEEK - 3 * DAY)
    shelf.move(Kind.SALE, 9, 2 * WEEK + DAY)
    shelf.move(Kind.SALE, 1, WEEK + DAY)
    assert shelf.weeks() == [0, 1]


def test_orders_that_were_open_when_a_shop_was_connected_are_no_spike(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 100)
    connected = NOON - 3 * WEEK - DAY
    made = {"before": connected - 20 * DAY, "after": connected + DAY / 2}
    with shelf.db.write() as tx:
        channels.change(tx, "woo", first_contact_at=connected)
        order = {"channel": "woo", "version": 1, "status": "", "read_at": NOON}
        tx.execute(
            insert(schema.orders),
            [order | {"order_id": name, "number": name, "created_at": at} for name, at in made.items()],
        )
    shelf.move(Kind.SALE, 60, 3 * WEEK + DAY, order="before")
    shelf.move(Kind.CANCELLATION, -20, DAY, order="before")
    shelf.move(Kind.SALE, 4, 3 * WEEK, order="after")
    assert shelf.weeks() == [0, 0, 0, 4, 0, 0, 0, 0]


def test_working_it_out_again_changes_nothing_and_goes_on_from_there(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 100)
    shelf.move(Kind.SALE, 3, DAY)
    hat = shelf.sku("HAT")
    shelf.weeks()
    with shelf.db.read() as tx:
        first = demand.of_skus(tx)
    assert shelf.weeks() == [3, 0, 0, 0, 0, 0, 0, 0]
    with shelf.db.read() as tx:
        assert demand.of_skus(tx) == first
    assert first.keys() == {shelf.mug}
    assert (first[shelf.mug].first_seen_at, first[shelf.mug].last_sold_at) == (NOON - 9 * WEEK, NOON - DAY)
    shelf.clock.at = NOON + WEEK
    shelf.count(hat, 5, NOON + WEEK)
    shelf.move(Kind.SALE, 2, -DAY)
    assert shelf.weeks() == [2, 3, 0, 0, 0, 0, 0, 0]
    with shelf.db.read() as tx:
        later = demand.of_skus(tx)
    assert (later[shelf.mug].first_seen_at, later[shelf.mug].last_sold_at) == (NOON - 9 * WEEK, NOON + DAY)
    assert later[hat].weeks == [] and later[hat].last_sold_at is None


def test_it_is_done_once_a_day_by_the_shops_clock(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 100)
    clockwork.tick(shelf.house)
    assert not working_out.keep_up(shelf.house)
    shelf.clock.at = NOON + timedelta(hours=11, minutes=59)
    assert not working_out.keep_up(shelf.house)
    shelf.clock.at = NOON + timedelta(hours=12)
    assert working_out.keep_up(shelf.house)


# ---------------------------------------------------------------- reorder points


def sells_ten_a_week(shelf: Shelf, sku_id: int | None = None) -> None:
    shelf.count(sku_id or shelf.mug, 100)
    for week in range(8):
        shelf.move(Kind.SALE, 10, week * WEEK + DAY, sku_id)
    working_out.work_out(shelf.house)


def test_sales_and_the_lead_time_make_the_point(shelf: Shelf) -> None:
    assert shelf.point() == ReorderPoint(5, PointSource.DEFAULT)
    sells_ten_a_week(shelf)
    assert shelf.point() == ReorderPoint(5, PointSource.DEFAULT), "nobody knows how long it takes"
    shelf.sku("MUG", lead_time_days=5)
    assert shelf.point() == ReorderPoint(11, PointSource.SALES, 7, 10, 1)


def test_the_longest_lead_time_that_was_told_counts(shelf: Shelf) -> None:
    sells_ten_a_week(shelf)
    with shelf.db.write() as tx:
        supplies.put(tx, [Stated("acme", shelf.mug, 3, lead_time_days=10)])
    assert shelf.point().lead_time_days == 14
    shelf.sku("MUG", lead_time_days=5)
    assert shelf.point().lead_time_days == 14
    shelf.sku("MUG", lead_time_days=15)
    assert shelf.point().lead_time_days == 21


def test_a_feed_that_is_not_read_any_more_says_nothing(shelf: Shelf) -> None:
    sells_ten_a_week(shelf)
    with shelf.db.write() as tx:
        supplies.put(tx, [Stated("acme", shelf.mug, 3, lead_time_days=10, pack_size=6)])
    shelf.house = House(shelf.db, (), default=Limits(reorder_point=5), now=shelf.clock)
    assert shelf.point().source is PointSource.DEFAULT
    assert shelf.need().pack_size is None


@pytest.mark.parametrize(("scope", "value"), [(Scope.SKU, "MUG"), (Scope.CATEGORY, "Cups"), (Scope.SUPPLIER, "Acme")])
def test_what_the_owner_set_holds(shelf: Shelf, scope: Scope, value: str) -> None:
    shelf.sku("MUG", lead_time_days=5, category="Cups", supplier="Acme")
    sells_ten_a_week(shelf)
    with shelf.db.write() as tx:
        catalogue.set_limits(tx, scope, value, None, {"reorder_point": 2})
    assert shelf.point() == ReorderPoint(2, PointSource.SET)


def test_points_of_ten_thousand_skus_take_few_statements_and_little_time(shelf: Shelf) -> None:
    with shelf.db.write() as tx:
        rows = [{"sku": f"SKU-{number}", "lead_time_days": 5} for number in range(10_000)]
        tx.execute(insert(schema.skus), rows)
        ids = list(catalogue.ids(tx).values())
        demand.put(tx, [demand.Selling(one, [one % 9] * 8, NOON, NOON, NOON) for one in ids])
    with shelf.db.read() as tx, counted_statements(shelf.db) as statements:
        replenishing.points(tx, shelf.house, ids[:9])
        begun = time.process_time()
        found = replenishing.points(tx, shelf.house, ids)
        took = time.process_time() - begun
    assert len(found) == 10_001
    assert len(statements) <= 2 * 4
    assert took < 2, "0.2 s on an idle machine"


# ---------------------------------------------------------------- what to order


def test_what_is_on_the_way_lowers_what_to_order_unless_its_day_has_gone_by(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 2)
    assert (shelf.need().units, shelf.need().low) == (8, True)
    today = shelf.house.today()
    with shelf.db.write() as tx:
        for units, day in ((1, today + DAY), (2, None), (4, today - DAY)):
            incoming.add(
                tx, sku_id=shelf.mug, units=units, expected_on=day, supplier=None, reference=None, now=NOON
            )  # fmt: skip
    need = shelf.need()
    assert (need.on_order, need.units, need.low) == (3, 5, True)
    assert sum(one.due for one in need.deliveries) == 7


def test_the_owners_word_on_pack_and_supplier_goes_before_the_feed(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 2)
    with shelf.db.write() as tx:
        supplies.put(tx, [Stated("acme", shelf.mug, 30, lead_time_days=10, pack_size=6)])
        supplies.change_feed(tx, "acme", stated_at=NOON - DAY)
    need = shelf.need()
    assert (need.supplier, need.pack_size, need.units, need.supplier_units) == ("acme", 6, 12, 30)
    assert (need.cost, need.sum, need.lead_time_days) == (None, None, 10)
    shelf.sku("MUG", supplier="Acme Ltd", pack_size=4, minimum_order=21, cost="2.50")
    need = shelf.need()
    assert (need.supplier, need.pack_size, need.units, need.sum) == ("Acme Ltd", 4, 24, Decimal("60.00"))
    shelf.clock.at = NOON + 3 * DAY
    assert shelf.need().supplier_units is None, "too old to be told"


def test_what_another_suppliers_feed_says_is_not_told_beside_the_owners(shelf: Shelf) -> None:
    shelf.sku("MUG", supplier="Beta", lead_time_days=2)
    sells_ten_a_week(shelf)
    shelf.count(shelf.mug, 3, NOON)
    with shelf.db.write() as tx:
        supplies.put(tx, [Stated("acme", shelf.mug, 500, lead_time_days=30, pack_size=24)])
        supplies.change_feed(tx, "acme", stated_at=NOON - DAY)
    need = shelf.need()
    assert (need.supplier, need.supplier_units, need.pack_size, need.lead_time_days) == ("Beta", None, None, 2)
    assert need.point.lead_time_days == 42, "the alarm reckons with the slowest, whoever will be asked"
    with shelf.db.read() as tx:
        assert replenishing.lead_times(tx, shelf.house, [need.sku]) == {shelf.mug: 3}
    shelf.sku("MUG", supplier="Acme & Sons")
    need = shelf.need()
    assert (need.supplier_units, need.pack_size, need.lead_time_days) == (500, 24, 30)


def test_what_runs_out_before_new_ones_can_be_there_is_in_the_draft(shelf: Shelf) -> None:
    shelf.sku("MUG", lead_time_days=15)
    with shelf.db.write() as tx:
        catalogue.set_limits(tx, Scope.SKU, "MUG", None, {"reorder_point": 5})
    sells_ten_a_week(shelf)
    shelf.count(shelf.mug, 80 + 30, NOON)
    assert replenishing.drafts(shelf.house) == [], "30 last for the 21 days"
    shelf.count(shelf.mug, 80 + 29, NOON)
    ((need,),) = (draft.needs for draft in replenishing.drafts(shelf.house))
    assert (need.low, need.units) == (False, 29 + 43 - 29)


def test_drafts_are_by_supplier_and_hold_what_is_low_and_counted(shelf: Shelf) -> None:
    shelf.count(shelf.mug, 2)
    for text, fields, units in (
        ("CAP", {"supplier": "Zeta", "cost": "3"}, 1),
        ("HAT", {"supplier": "Acme", "cost": "1.10"}, 1),
        ("BAG", {"supplier": "Acme"}, 0),
        ("TIE", {"supplier": "Acme"}, 6),
    ):
        shelf.count(shelf.sku(text, **fields), units)
    shelf.sku("NEW", supplier="Acme")
    found = replenishing.drafts(shelf.house)
    assert [(one.supplier, [need.sku.sku for need in one.needs]) for one in found] == [
        ("Acme", ["BAG", "HAT"]),
        ("Zeta", ["CAP"]),
        (None, ["MUG"]),
    ]
    assert (found[0].units, found[0].cost, found[0].without_cost) == (19, Decimal("9.90"), 1)
    assert [one.supplier for one in replenishing.drafts(shelf.house, "Zeta")] == ["Zeta"]
    with pytest.raises(Refusal, match="No SKU has the supplier Acne"):
        replenishing.drafts(shelf.house, "Acne")
