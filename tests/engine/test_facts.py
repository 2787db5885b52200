"""The facts of a letter: how a SKU stands, whom an oversell concerns and why it came; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.memory import MemoryConnector, MemoryShop
from syncd.alerts import facts
from syncd.alerts.letter import Coming, ConcernedOrder, Link, ToOrder
from syncd.domain.availability import Buffer, Pool
from syncd.domain.movements import Kind, LineBooked, Movement
from syncd.domain.oversell import NOT_KNOWN
from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.domain.rules import Limits, Scope
from syncd.domain.said import Said
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, channels, demand, incoming, ledger, listings, permissions
from syncd.storage.incidents import IncidentKind, close_incident, open_incident
from syncd.storage.orders import put as put_order
from syncd.storage.orders import put_line
from syncd.storage.permissions import Permission, PermissionKind
from syncd.storage.session import Database
from syncd.sync import rules_desk
from syncd.sync.house import House, Port
from syncd.sync.rules_desk import Changes
from syncd.texts.wording import Wording
from tests.databases import NOON
from tests.engine.world import Clock
from tests.storage.test_large_tables import counted_statements

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Shops:
    """Two shops that sell one mug, of which 3 were counted an hour ago; nothing is read, all is told."""

    def __init__(self, db: Database, sells: frozenset[Pool] = frozenset({Pool.OWN, Pool.EXTERNAL})) -> None:
        self.db, self.clock = db, Clock(NOON)
        shop = MemoryShop(self.clock)
        self.house = House(
            db,
            (
                Port("woo", "memory", MemoryConnector(shop), wording=Wording("pl"), sells=sells),
                Port("shopify", "memory", MemoryConnector(shop), limits=Limits(buffer=Buffer(units=4)), sells=sells),
            ),
            default=Limits(buffer=Buffer(units=2), reorder_point=5),
            now=self.clock,
        )
        self._numbers = iter(range(1_000_000))
        with db.write() as tx:
            for name in ("woo", "shopify"):
                channels.ensure(tx, name, "memory", NOON)
            self.mug = catalogue.ensure(tx, "MUG", {"supplier": "Acme", "pack_size": 6})
            self.shelf = catalogue.location(tx, "shelf")
        self.count(3, 60)

    def count(self, units: int, minutes_ago: float) -> None:
        at = NOON - MINUTE * minutes_ago
        with self.db.write() as tx:
            ledger.count(
                tx, sku_id=self.mug, location_id=self.shelf, counted=units, counted_at=at,
                event_id=f"count/{next(self._numbers)}", reason="counted", now=at,
            )  # fmt: skip

    def move(self, kind: Kind, minutes_ago: float, **how: object) -> None:
        at = NOON - MINUTE * minutes_ago
        with self.db.write() as tx:
            line = Movement(f"test/{next(self._numbers)}", self.mug, kind, at, **how)  # type: ignore[arg-type]
            ledger.post(tx, [line], at)

    def order(self, channel: str, units: int, minutes_ago: float, known_after: float = 1) -> str:
        """An open order, read `known_after` minutes after it was made; its number."""
        order_id = str(next(self._numbers))
        at = NOON - MINUTE * (minutes_ago + known_after)
        values = {"number": f"#{order_id}", "version": 1, "status": "", "created_at": at, "read_at": at, "open": True}
        booked = LineBooked(promised=units, taken=units)
        with self.db.write() as tx:
            put_order(tx, channel, order_id, values, new=True)
            put_line(
                tx, channel, order_id, "1", booked=booked, values={"sku_id": self.mug, "name": "Mug"}, new=True
            )  # fmt: skip
        self.move(Kind.SALE, minutes_ago, reserved=units, channel=channel, order_id=order_id, line_id="1")
        return f"#{order_id}"

    def list_it(self, channel: str, listing_id: str, **values: object) -> None:
        known = {"name": "Mug", "stock": "own", "published": True, "sells_at_zero": [], "sku_id": self.mug}
        with self.db.write() as tx:
            listings.add(tx, channel, listing_id, known | values)

    def oversold(self) -> facts.Oversold:
        with self.db.read() as tx:
            return facts.oversold(tx, self.house, [self.mug], "da")[self.mug]

    def stands(self) -> facts.StockFacts:
        with self.db.read() as tx:
            return facts.stock_facts(tx, self.house, [self.mug])[self.mug]


@pytest.fixture
def shops(database: Database) -> Shops:
    return Shops(database)


# ---------------------------------------------------------------- stock


def test_how_a_sku_stands_and_what_to_order(shops: Shops) -> None:
    shops.order("woo", 1, 5)
    today = shops.house.today()
    with shops.db.write() as tx:
        depot = catalogue.location(tx, "Depot", StockClass.EXTERNAL)
        ledger.count(
            tx, sku_id=shops.mug, location_id=depot, counted=2, counted_at=NOON, event_id="depot", reason="", now=NOON
        )  # fmt: skip
        for units, day in ((4, today + DAY), (9, today - DAY)):
            incoming.add(tx, sku_id=shops.mug, units=units, expected_on=day, supplier=None, reference=None, now=NOON)
        demand.put(tx, [demand.Selling(shops.mug, [7] * 8, NOON, NOON - DAY, NOON)])
    found = shops.stands()
    assert (found.own, found.external, found.reserved, found.available, found.left) == (3, 2, 1, 4, 4)
    assert found.point == ReorderPoint(5, PointSource.DEFAULT)
    assert (found.per_week, found.days_left, found.unsold_since) == (7, 4, NOON - DAY)
    assert found.coming == (Coming(2, 9, today - DAY), Coming(1, 4, today + DAY))
    assert found.to_order == ToOrder(units=0, supplier="Acme", pack_size=6)


def test_of_a_sku_that_never_sold_nothing_is_made_up(shops: Shops) -> None:
    found = shops.stands()
    assert (found.per_week, found.days_left, found.unsold_since) == (None, None, None)
    assert found.to_order.units == 12, "twice the point of 5, less the 3 that are there, in packs of 6"


def test_a_link_leads_to_each_page_once(shops: Shops) -> None:
    shops.list_it("woo", "1", admin_url="https://woo.example/1")
    shops.list_it("woo", "2", admin_url="https://woo.example/1")
    shops.list_it("shopify", "3", admin_url="https://shopify.example/3")
    shops.list_it("shopify", "4", admin_url="https://shopify.example/4", vanished_at=NOON)
    shops.list_it("shopify", "5")
    with shops.db.read() as tx:
        found = facts.links(tx, [shops.mug, 4711])
    assert found == {
        shops.mug: (Link("shopify", "https://shopify.example/3"), Link("woo", "https://woo.example/1")),
    }


# ---------------------------------------------------------------- oversold


def test_the_latest_orders_are_concerned_until_the_missing_units_are_covered(shops: Shops) -> None:
    shops.order("woo", 2, 50)
    second = shops.order("shopify", 3, 40)
    third = shops.order("woo", 1, 30)
    found = shops.oversold()
    assert found.missing == 3
    assert found.orders == (
        ConcernedOrder("woo", third, NOON - 31 * MINUTE, 1, "pl"),
        ConcernedOrder("shopify", second, NOON - 41 * MINUTE, 2, "da"),
    )
    assert found.buffer == 4 + 3
    assert str(found.cause) == "shopify and woo sold the last ones at the same time"


def test_who_has_followed_the_advice_is_not_told_to_hold_back_the_same_units_once_more(shops: Shops) -> None:
    shops.order("woo", 6, 50)
    advice = shops.oversold().buffer
    rules_desk.set_rule(shops.house, Scope.SKU, "MUG", None, Changes({}, sets_buffer=True, buffer=Buffer(units=advice)))
    assert shops.oversold().buffer == 0
    shops.order("woo", 1, 40)
    assert shops.oversold().buffer == advice + 1


def test_what_is_over_is_missing_nothing(shops: Shops) -> None:
    shops.order("woo", 3, 50)
    found = shops.oversold()
    assert (found.missing, found.orders, found.cause, found.buffer) == (0, (), NOT_KNOWN, 0)


def test_a_count_that_found_fewer(shops: Shops) -> None:
    shops.order("woo", 2, 50)
    shops.count(1, 10)
    assert str(shops.oversold().cause) == "A count found fewer than the books said (difference: 2)"


def test_a_line_that_waited_for_its_sku(shops: Shops) -> None:
    number = shops.order("woo", 4, 5, known_after=300)
    assert "was not read for a while" in str(shops.oversold().cause)
    subject = f"{number.removeprefix('#')}/1"
    with shops.db.write() as tx:
        open_incident(tx, IncidentKind.UNMAPPED, channel="woo", subject=subject, text=Said("Sold"), now=NOON - DAY)
        close_incident(tx, IncidentKind.UNMAPPED, channel="woo", subject=subject, now=NOON - 5 * MINUTE)
    assert str(shops.oversold().cause) == f"Order {number} in woo waited for its SKU to be known"


def test_a_listing_that_goes_on_selling_at_zero(shops: Shops) -> None:
    shops.order("woo", 4, 5)
    assert shops.oversold().cause == NOT_KNOWN
    shops.list_it("woo", "1", sells_at_zero=["backorders are allowed"])
    assert str(shops.oversold().cause) == "woo goes on selling at 0"


def test_a_delivery_that_was_sold_and_does_not_come(database: Database) -> None:
    shops = Shops(database, sells=frozenset(Pool) - {Pool.OVERBOOKED})
    today = shops.house.today()
    with shops.db.write() as tx:
        number = incoming.add(
            tx, sku_id=shops.mug, units=5, expected_on=today + DAY, supplier=None, reference=None, now=NOON
        )  # fmt: skip
    shops.order("woo", 6, 30)
    assert shops.oversold().missing == 0
    shops.clock.at = NOON + 2 * DAY
    found = shops.oversold()
    assert found.missing == 3
    assert str(found.cause) == f"Delivery {number} did not come on its day, and was sold already"
    with shops.db.write() as tx:
        incoming.change(tx, number, closed_at=NOON + 2 * DAY)
    assert str(shops.oversold().cause) == f"Delivery {number} will not come in full, and was sold already"


def test_a_permission_that_is_over_while_orders_are_open(shops: Shops) -> None:
    last_day = shops.house.today()
    with shops.db.write() as tx:
        permissions.put(
            tx, Permission(shops.mug, "MUG", PermissionKind.OVERBOOK, 5, None, None, last_day, "Mondays", NOON, None)
        )  # fmt: skip
    shops.order("woo", 6, 30)
    assert shops.oversold().missing == 0
    shops.clock.at = NOON + DAY
    assert "permission to overbook is over" in str(shops.oversold().cause)


def test_many_skus_take_no_more_statements_than_one(shops: Shops) -> None:
    shops.order("woo", 4, 5)
    with shops.db.write() as tx:
        more = [catalogue.ensure(tx, f"SKU-{number}") for number in range(50)]
        lines = [Movement(f"more/{one}", one, Kind.SALE, NOON, reserved=1) for one in more]
        ledger.post(tx, lines, NOON)
    counts = []
    for ids in ([shops.mug], [shops.mug, *more]):
        with shops.db.read() as tx, counted_statements(shops.db) as statements:
            assert len(facts.stock_facts(tx, shops.house, ids)) == len(ids)
            assert len(facts.oversold(tx, shops.house, ids, "en")) == len(ids)
            facts.links(tx, ids)
        counts.append(len(statements))
    assert counts[0] == counts[1]
