"""The six statuses, each caused by what happens in a shop's life, and what the shops' own data say afterwards.

The commands are those that an owner types; the feed is a file; the shops answer over HTTP. Each test looks at a product
and at a variation, in WooCommerce (in Polish) and in Shopify (in Hebrew).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.texts.catalogues import say_date
from tests.cli.command_kit import Shops
from tests.storefronts import ALL_POOLS, FEED, MUG, SKUS, Shown, in_shopify, in_woo, stock_both, write_feed

JERUSALEM = ZoneInfo("Asia/Jerusalem")
IN_STOCK = ("W magazynie, gotowe do wysyłki", "במלאי, מוכן למשלוח")
SOLD_OUT = ("Brak w magazynie", "אזל מהמלאי")


def days_ahead(days: int) -> date:
    return datetime.now(JERUSALEM).date() + timedelta(days=days)


@pytest.fixture
def shops(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shops]:
    """Both shops live with 10 of each SKU, every pool on sale, no buffers."""
    monkeypatch.chdir(tmp_path)
    shops = Shops(tmp_path, capsys)
    shops.set(
        SYNCD_BUFFER="0",
        SHOPIFY_IL_BUFFER="0",
        SYNCD_SELLS=ALL_POOLS,
        SYNCD_WORKING_DAYS="Mon-Sun",
        SYNCD_EXTERNAL="Depot:2-4",
        WOO_LANGUAGE="pl",
        SHOPIFY_IL_LANGUAGE="he",
    )
    stock_both(shops.woo, shops.shopify)
    go_live(shops)
    yield shops
    shops.close()


def go_live(shops: Shops) -> None:
    shops.done("map")
    shops.done("adopt", "woo", "--yes")
    shops.done("go-live", "woo", "shopify_il", "--yes")


def assert_shown(
    shops: Shops,
    units: int,
    status: str,
    texts: tuple[str, str],
    *,
    days: int | None = None,
    day: date | None = None,
    skus: tuple[str, ...] = SKUS,
) -> None:
    """Both platforms say this of the product and of the variation, each in its language."""
    on = day.isoformat() if day else None
    for sku in skus:
        assert in_woo(shops.woo, sku) == Shown(units, status, texts[0], days, on)
        assert in_shopify(shops.shopify, sku) == Shown(units, status, texts[1], days, on)


def sell_out(shops: Shops) -> None:
    for sku in SKUS:
        shops.done("count", sku, "0")


def on_the_way(day: date) -> tuple[str, str]:
    return (
        f"W drodze, spodziewana dostawa: {say_date('pl', day)}",
        f"בדרך אלינו, צפוי להגיע ב־{say_date('he', day)}",
    )


def test_in_stock_from_the_first_number_on(shops: Shops) -> None:
    assert_shown(shops, 10, "in_stock", IN_STOCK)


def test_a_delivery_announced_delayed_and_received(shops: Shops) -> None:
    sell_out(shops)
    shops.done("sync")
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)

    first, second = days_ahead(10), days_ahead(24)
    for sku in SKUS:
        shops.done("incoming", "add", sku, "24", "--expected", first.isoformat())
    shops.done("sync")
    assert_shown(shops, 24, "on_the_way", on_the_way(first), day=first)

    for number in ("1", "2"):
        shops.done("incoming", "delay", number, second.isoformat())
    shops.done("sync")
    assert_shown(shops, 24, "on_the_way", on_the_way(second), day=second)

    for number in ("1", "2"):
        shops.done("incoming", "delay", number, "unknown")
    shops.done("sync")
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)

    for number in ("1", "2"):
        shops.done("incoming", "receive", number, "20")
    shops.done("sync")
    assert_shown(shops, 20, "in_stock", IN_STOCK)


def test_what_customers_bought_moves_the_promise_to_the_next_delivery(shops: Shops) -> None:
    sell_out(shops)
    soon, later = days_ahead(5), days_ahead(30)
    for sku in SKUS:
        shops.done("incoming", "add", sku, "3", "--expected", soon.isoformat())
        shops.done("incoming", "add", sku, "7", "--expected", later.isoformat())
    shops.done("sync")
    assert_shown(shops, 10, "on_the_way", on_the_way(soon), day=soon)
    for sku in SKUS:
        shops.buy_in_woo(sku, 2)
        shops.buy_in_shopify(sku, 1)
    shops.done("sync")
    assert_shown(shops, 7, "on_the_way", on_the_way(later), day=later)


def test_units_counted_in_an_external_warehouse(shops: Shops) -> None:
    sell_out(shops)
    for sku in SKUS:
        shops.done("count", sku, "5", "--location", "Depot")
    shops.done("sync")
    texts = (
        "W magazynie zewnętrznym, czas wysyłki: 2–4 dni robocze",
        "במלאי במחסן החיצוני שלנו, יישלח תוך 2 עד 4 ימי עסקים",
    )
    assert_shown(shops, 5, "external_warehouse", texts, days=4)
    shops.set(SYNCD_EXTERNAL="Depot:7")
    shops.done("sync")
    texts = (
        "W magazynie zewnętrznym, czas wysyłki: 7 dni roboczych",
        "במלאי במחסן החיצוני שלנו, יישלח תוך 7 ימי עסקים",
    )
    assert_shown(shops, 5, "external_warehouse", texts, days=7)


def test_own_units_are_sold_before_those_of_the_warehouse(shops: Shops) -> None:
    for sku in SKUS:
        shops.done("count", sku, "1")
        shops.done("count", sku, "5", "--location", "Depot")
    shops.done("sync")
    assert_shown(shops, 6, "in_stock", IN_STOCK)
    for sku in SKUS:
        shops.buy_in_shopify(sku)
    shops.done("sync")
    texts = (
        "W magazynie zewnętrznym, czas wysyłki: 2–4 dni robocze",
        "במלאי במחסן החיצוני שלנו, יישלח תוך 2 עד 4 ימי עסקים",
    )
    assert_shown(shops, 5, "external_warehouse", texts, days=4)


def test_a_pre_order(shops: Shops) -> None:
    sell_out(shops)
    first, later = days_ahead(40), days_ahead(47)
    for sku in SKUS:
        shops.done("pre-order", sku, "100", "--from", first.isoformat())
    shops.done("sync")
    texts = (
        f"Dostępne w przedsprzedaży, wysyłka od {say_date('pl', first)}",
        f"זמין להזמנה מוקדמת, יישלח החל מ־{say_date('he', first)}",
    )
    assert_shown(shops, 100, "pre_order", texts, day=first)
    shops.done("pre-order", MUG, "100", "--from", later.isoformat())
    shops.done("sync")
    assert in_woo(shops.woo, MUG).day == later.isoformat()
    for sku in SKUS:
        shops.done("pre-order", sku, "--end")
    shops.done("sync")
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)


def test_out_of_stock_by_the_owners_word_and_back(shops: Shops) -> None:
    for sku in SKUS:
        shops.done("status-override", sku, "out_of_stock")
    shops.done("sync")
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)
    for sku in SKUS:
        shops.done("status-override", sku, "--end")
    shops.done("sync")
    assert_shown(shops, 10, "in_stock", IN_STOCK)


def test_the_last_unit_bought_in_one_shop_is_out_of_stock_in_both(shops: Shops) -> None:
    for sku in SKUS:
        shops.buy_in_woo(sku, 10)
    shops.done("sync")
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)


def test_an_override_changes_the_text_and_leaves_the_number(shops: Shops) -> None:
    for sku in SKUS:
        shops.done("status-override", sku, "on_the_way")
    shops.done("sync")
    assert_shown(shops, 10, "on_the_way", ("W drodze", "בדרך אלינו"))


# ---- a supplier's feed


def supplier(polish: str, hebrew: str) -> tuple[str, str]:
    return (f"Czas realizacji u dostawcy: {polish}", f"זמן אספקה מהספק: {hebrew}")


def test_a_feed_read_updated_gone_bad_and_gone_stale(shops: Shops, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    sell_out(shops)
    channels = "woo:woocommerce, shopify_il:shopify, acme:supplier_feed"
    shops.set(**FEED, SYNCD_CHANNELS=channels, ACME_FOLDER=str(folder))
    write_feed(folder, dict.fromkeys(SKUS, (30, 5)))
    shops.done("sync")
    assert_shown(shops, 15, "supplier", supplier("5 dni roboczych", "5 ימי עסקים"), days=5)

    write_feed(folder, dict.fromkeys(SKUS, (30, 2)))
    shops.done("sync")
    assert_shown(shops, 15, "supplier", supplier("2 dni robocze", "2 ימי עסקים"), days=2)

    # Its columns moved: it waits for a yes, and what it said before goes on ...
    write_feed(folder, dict.fromkeys(SKUS, (30, 9)), header="Article;Days;Stock")
    assert shops.syncd("sync").code == 3
    assert_shown(shops, 15, "supplier", supplier("2 dni robocze", "2 ימי עסקים"), days=2)
    assert "acme was read and not used: its columns stand in another order" in shops.done("holds").out

    # ... until that is too old.
    shops.set(ACME_SILENT_AFTER="20s")
    assert shops.syncd("sync").code == 3
    assert_shown(shops, 0, "out_of_stock", SOLD_OUT)

    shops.set(ACME_SILENT_AFTER="2h")
    write_feed(folder, dict.fromkeys(SKUS, (8, 1)))
    shops.done("sync")
    assert_shown(shops, 4, "supplier", supplier("1 dzień roboczy", "יום עסקים אחד"), days=1)


# ---- a till


def test_a_till_that_sells_the_last_unit_moves_the_promise_in_both_shops(shops: Shops, tmp_path: Path) -> None:
    folder = tmp_path / "till"
    folder.mkdir()
    shops.set(SYNCD_CHANNELS="woo:woocommerce, shopify_il:shopify, till:till", TILL_FOLDER=str(folder))
    soon = days_ahead(6)
    for sku in SKUS:
        shops.done("incoming", "add", sku, "4", "--expected", soon.isoformat())
    # A till tells whole seconds: in the second of the count it would have been sold before that.
    sold_at = datetime.now(UTC) + timedelta(seconds=2)
    sold = [f"17,{sold_at:%Y-%m-%dT%H:%M:%SZ},{sku},10" for sku in SKUS]
    file = folder / "monday.csv"
    file.write_text("\n".join(["receipt,time,sku,units", *sold]) + "\n", encoding="utf-8")
    written = (datetime.now(UTC) - timedelta(minutes=1)).timestamp()
    os.utime(file, (written, written))
    told = shops.done("sync").out
    assert "woo: buyers read something new about 2 listings." in told
    assert_shown(shops, 4, "on_the_way", on_the_way(soon), day=soon)
