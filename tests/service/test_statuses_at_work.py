"""What buyers read follows under the service, in virtual time, without a command: both practice shops over HTTP.

It is Wednesday, 2026-11-25, 10:00 in Jerusalem; the shop ships from Sunday to Thursday, until 14:00.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import Surroundings
from syncd import app, config, settings_file
from syncd.domain.status import StockStatus
from syncd.sandbox.server import SandboxServer
from syncd.sandbox.shopify import Bucket, ShopifyApp, ShopifyShop
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.storage.session import Database
from syncd.sync import adoption, deliveries, desk, golive, permits
from syncd.sync.deliveries import Announced
from syncd.sync.house import House
from tests.engine.world import Clock
from tests.service.kit import Service, plan
from tests.storefronts import ALL_POOLS, FEED, MUG, SKUS, TEE, Shown, in_shopify, in_woo, stock_both, write_feed

BEGIN = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
SOLD_OUT = ("Brak w magazynie", "אזל מהמלאי")


@dataclass
class Street:
    """Both shops, live, with nothing on the shelf, and the service at work on them."""

    clock: Clock
    house: House
    woo: WooShop
    shopify: ShopifyShop
    servers: tuple[SandboxServer, SandboxServer]
    feed: Path
    service: Service = None  # type: ignore[assignment]  # made from this

    @property
    def db(self) -> Database:
        return self.house.db

    def assert_shown(
        self, units: int, status: str, texts: tuple[str, str], *, days: int | None = None, day: str | None = None
    ) -> None:
        for sku in SKUS:
            assert in_woo(self.woo, sku) == Shown(units, status, texts[0], days, day)
            assert in_shopify(self.shopify, sku) == Shown(units, status, texts[1], days, day)

    def assert_sold_out(self) -> None:
        self.assert_shown(0, "out_of_stock", SOLD_OUT)

    def state(self, units: int, days: int, *, header: str = "Article;Stock;Days") -> None:
        """The supplier writes its feed now."""
        write_feed(self.feed, dict.fromkeys(SKUS, (units, days)), at=self.clock(), header=header)

    def announce(self, units: int, day: date) -> None:
        for sku in SKUS:
            deliveries.announce(self.house, Announced(sku, units, day))

    def writes(self) -> int:
        """Calls that wrote something, since the last time that this was asked."""
        woo, shopify = self.servers
        made = sum(call.method != "GET" for call in woo.calls) + sum(b"mutation" in call.body for call in shopify.calls)
        for server in self.servers:
            server.calls.clear()
        return made


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    (tmp_path / "acme").mkdir()
    clock = Clock(BEGIN)
    woo, shopify = WooShop(clock), ShopifyShop(clock=clock)
    stock_both(woo, shopify)
    shopify_app = ShopifyApp(shopify, fixed_token="shpat_practice")
    shopify_app.bucket = Bucket(shopify.clock, maximum=20_000, restore_rate=1_000)
    with SandboxServer(woo_app(woo)) as woo_server, SandboxServer(shopify_app) as shopify_server:
        text = f"""
            SYNCD_CHANNELS=woo:woocommerce, shopify:shopify, acme:supplier_feed
            SYNCD_DATABASE_URL=sqlite:///{tmp_path / "syncd.db"}
            SYNCD_TIMEZONE=Asia/Jerusalem
            SYNCD_BUFFER=0
            SYNCD_SELLS={ALL_POOLS}
            SYNCD_WORKING_DAYS=Sun-Thu
            SYNCD_SHIPS_UNTIL=14:00
            SYNCD_POLL=15m
            WOO_URL={woo_server.url}
            WOO_KEY={woo.key.consumer_key}
            WOO_SECRET={woo.key.consumer_secret}
            WOO_ORDER_LAG=0s
            WOO_LANGUAGE=pl
            SHOPIFY_SHOP={shopify.domain}
            SHOPIFY_TOKEN=shpat_practice
            SHOPIFY_BASE_URL={shopify_server.url}
            SHOPIFY_ORDER_LAG=0s
            SHOPIFY_LANGUAGE=he
            ACME_FOLDER={tmp_path / "acme"}
            ACME_COLUMNS={FEED["ACME_COLUMNS"]}
            ACME_TRUST={FEED["ACME_TRUST"]}
            ACME_SILENT_AFTER=1h
        """
        settings = config.from_lines(settings_file.parse(text), {}, source=None, find_kind=registry.find)
        around = Surroundings(now=clock, sleep=clock.sleep, random=random.Random(1))
        with app.open_house(settings, command="test", surroundings=around) as house:
            house.db.lease_time = lambda _tx: None  # type: ignore[method-assign]  # leases go by this clock, too
            adoption.commit(house, house.port("woo"), adoption.look(house, house.port("woo")))
            for name in ("woo", "shopify"):
                assert golive.go_live(house, house.port(name)).live
            for sku in SKUS:
                desk.count(house, sku, 0)
            street = Street(clock, house, woo, shopify, (woo_server, shopify_server), tmp_path / "acme")
            street.service = Service(street, plan(tmp_path))  # type: ignore[arg-type]
            street.service.run(minutes=1)
            street.assert_sold_out()
            street.writes()
            yield street


def test_a_delayed_delivery_changes_text_and_day_with_the_next_push(street: Street) -> None:
    street.announce(24, date(2026, 12, 1))
    street.service.run(seconds=20)
    told = ("W drodze, spodziewana dostawa: 1 grudnia 2026", "בדרך אלינו, צפוי להגיע ב־1 בדצמבר 2026")
    street.assert_shown(24, "on_the_way", told, day="2026-12-01")
    street.writes()
    for number in (1, 2):
        deliveries.delay(street.house, number, date(2026, 12, 17))
    street.service.run(seconds=20)
    told = ("W drodze, spodziewana dostawa: 17 grudnia 2026", "בדרך אלינו, צפוי להגיע ב־17 בדצמבר 2026")
    street.assert_shown(24, "on_the_way", told, day="2026-12-17")
    assert street.writes() == 3, "a call for products, one for variations, one for metafields"
    street.service.run(hours=2)
    assert street.writes() == 0, "what did not change was written again"


def test_a_delivery_that_falls_on_a_day_off_is_promised_for_the_next_working_day(street: Street) -> None:
    street.announce(5, date(2026, 11, 27))  # a Friday
    street.service.run(seconds=20)
    told = ("W drodze, spodziewana dostawa: 29 listopada 2026", "בדרך אלינו, צפוי להגיע ב־29 בנובמבר 2026")
    street.assert_shown(5, "on_the_way", told, day="2026-11-29")


def test_after_the_cut_off_time_what_comes_today_ships_on_the_next_working_day(street: Street) -> None:
    street.announce(5, TODAY)
    street.service.run(seconds=20)
    told = ("W drodze, spodziewana dostawa: 25 listopada 2026", "בדרך אלינו, צפוי להגיע ב־25 בנובמבר 2026")
    street.assert_shown(5, "on_the_way", told, day="2026-11-25")
    street.service.run(hours=3, minutes=55)
    street.assert_shown(5, "on_the_way", told, day="2026-11-25")
    street.service.run(minutes=10)  # it is 14:05
    told = ("W drodze, spodziewana dostawa: 26 listopada 2026", "בדרך אלינו, צפוי להגיע ב־26 בנובמבר 2026")
    street.assert_shown(5, "on_the_way", told, day="2026-11-26")


def test_midnight_makes_a_delivery_overdue_and_ends_its_sale(street: Street) -> None:
    street.announce(5, TODAY)
    street.clock.at = BEGIN + timedelta(hours=13, minutes=50)  # 23:50
    street.service.run(minutes=5)
    assert in_woo(street.woo, MUG).units == 5
    assert street.service.open_incidents() == []
    street.service.run(minutes=10)
    street.assert_sold_out()
    assert [kind for kind, _ in street.service.open_incidents()] == ["overdue", "overdue"]
    for number in (1, 2):
        deliveries.delay(street.house, number, date(2026, 12, 1))
    street.service.run(minutes=2)
    assert in_shopify(street.shopify, TEE).day == "2026-12-01"
    assert street.service.open_incidents() == []


def test_a_feed_that_goes_stale_ends_its_sale_by_itself(street: Street) -> None:
    street.state(30, 5)
    street.service.run(minutes=16)
    told = ("Czas realizacji u dostawcy: 5 dni roboczych", "זמן אספקה מהספק: 5 ימי עסקים")
    street.assert_shown(15, "supplier", told, days=5)
    street.service.run(minutes=40)
    street.assert_shown(15, "supplier", told, days=5)
    street.service.run(minutes=6)
    street.assert_sold_out()
    assert street.service.open_incidents() == [("feed", "acme")]
    street.state(30, 5)  # the same words, written anew
    street.service.run(minutes=16)
    street.assert_shown(15, "supplier", told, days=5)
    assert street.service.open_incidents() == []


def test_a_feed_that_goes_bad_holds_what_it_said_until_that_is_too_old(street: Street) -> None:
    street.state(30, 5)
    street.service.run(minutes=16)
    street.state(30, 5, header="Article;Days;Stock")
    street.service.run(minutes=30)
    assert in_woo(street.woo, TEE) == Shown(15, "supplier", "Czas realizacji u dostawcy: 5 dni roboczych", 5)
    street.service.run(minutes=20)
    street.assert_sold_out()
    street.state(8, 1)
    street.service.run(minutes=16)
    street.assert_shown(
        4, "supplier", ("Czas realizacji u dostawcy: 1 dzień roboczy", "זמן אספקה מהספק: יום עסקים אחד"), days=1
    )
    assert street.service.open_incidents() == []


def test_a_word_of_the_owner_ends_with_its_last_day(street: Street) -> None:
    for sku in SKUS:
        desk.count(street.house, sku, 3)
        permits.say_status(street.house, sku, StockStatus.OUT_OF_STOCK, until=TODAY)
    street.clock.at = BEGIN + timedelta(hours=13, minutes=50)
    street.service.run(minutes=5)
    street.assert_sold_out()
    street.service.run(minutes=25)
    street.assert_shown(3, "in_stock", ("W magazynie, gotowe do wysyłki", "במלאי, מוכן למשלוח"))
