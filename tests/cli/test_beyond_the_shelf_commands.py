"""The commands about what is not on the shelf, as an owner types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command_kit import Shops

IN_A_WEEK = (datetime.now(UTC) + timedelta(days=9)).date()


@pytest.fixture
def selling(shops: Shops) -> Shops:
    """Both shops are live with 10 mugs, and sell what is on the way and on pre-order."""
    shops.set(SYNCD_SELLS="own, external, incoming, pre-order")
    shops.live({"MUG": 10})
    return shops


def test_a_delivery_is_sold_from_its_announcement_and_received(selling: Shops) -> None:
    told = selling.done("incoming", "add", "MUG", "24", "--expected", str(IN_A_WEEK), "--supplier", "Acme")
    assert f"Delivery 1: 24 × MUG on the way, expected on {IN_A_WEEK}." in told.out
    selling.done("sync")
    assert selling.shown("MUG") == (8 + 24, 9 + 24)
    listed = selling.done("incoming", "list").out
    assert "MUG" in listed and "Acme" in listed
    assert "10 received" in selling.done("incoming", "receive", "1", "10").out
    assert "no day known" in selling.done("incoming", "delay", "1", "unknown").out
    selling.done("sync")
    assert selling.shown("MUG") == (18, 19)
    assert "no more will come" in selling.done("incoming", "cancel", "1").out
    assert "Nothing is on the way" in selling.done("incoming", "list").out
    assert "over" in selling.done("incoming", "list", "--all").out
    assert "Acme" in selling.done("suppliers").out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("incoming", "add", "MUGG", "1"), "Did you mean MUG"),
        (("incoming", "add", "MUG", "0"), "not a number of units"),
        (("incoming", "add", "MUG", "1", "--expected", "soon"), "is not a day"),
        (("incoming", "add", "MUG", "1", "--expected", "2020-01-01"), "is over"),
        (("incoming", "receive", "9"), "no open delivery 9"),
        (("incoming", "delay", str(10**30), "unknown"), "no open delivery"),
        (("pre-order", "MUG", "5"), "--from"),
        (("overbook", "MUG", "5", "--reason", "why"), "lead time"),
        (("overbook", "MUG", "--end"), "no overbook to take back"),
        (("status-override", "MUG"), "Say a status"),
        (("status-override", "MUG", "sold"), "sold"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(selling: Shops, words: tuple[str, ...], why: str) -> None:
    ended = selling.syncd(*words)
    assert ended.code != 0
    assert why in " ".join(ended.err.split())


def test_a_file_of_deliveries_is_read_once_and_refused_where_it_is_not_clear(selling: Shops, tmp_path: Path) -> None:
    file = tmp_path / "order.csv"
    file.write_text(f"SKU;Quantity;ETA\nMUG;24;{IN_A_WEEK}\n", encoding="utf-8")
    assert "without a reference" in selling.syncd("incoming", "import", str(file)).err
    for ends in ("1 delivery announced, 0 changed, 0 as before", "0 deliveries announced, 0 changed, 1 as before"):
        assert ends in selling.done("incoming", "import", str(file), "--reference", "4711").out
    file.write_text("SKU;Quantity;ETA\nMUG;half;01/02/2027\n", encoding="utf-8")
    ended = selling.syncd("incoming", "import", str(file), "--reference", "4712")
    assert ended.code != 0 and "line 2" in ended.err and "nothing was announced" in ended.err


def test_a_spreadsheet_of_deliveries_may_have_real_days(selling: Shops, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["SKU", "Units", "Expected", "Reference"])
    book.active.append(["MUG", 6, datetime.combine(IN_A_WEEK, datetime.min.time()), "A-1"])
    book.save(tmp_path / "order.xlsx")
    assert "1 delivery announced" in selling.done("incoming", "import", str(tmp_path / "order.xlsx")).out
    assert str(IN_A_WEEK) in selling.done("incoming", "list").out


def test_permissions_are_given_shown_and_taken_back(selling: Shops) -> None:
    selling.done("pre-order", "MUG", "5", "--from", str(IN_A_WEEK))
    selling.done("status-override", "MUG", "out_of_stock", "--until", str(IN_A_WEEK))
    selling.done("sync")
    assert selling.shown("MUG") == (0, 0)
    shown = selling.done("permissions").out
    assert "pre-order" in shown and "out_of_stock" in shown and str(IN_A_WEEK) in shown
    selling.done("status-override", "MUG", "--end")
    selling.done("sync")
    assert selling.shown("MUG") == (13, 14)
    selling.done("pre-order", "MUG", "--end")
    assert "No SKU has one" in selling.done("permissions").out
    assert selling.done("permissions", "--all").out.count("taken back") == 2


def test_backorders_are_switched_off_from_here(shops: Shops) -> None:
    shops.sell_in_both({"MUG": 10})
    product = next(one for one in shops.woo.products.values() if one.sku == "MUG")
    product.backorders = "yes"
    shops.done("map")
    shops.done("adopt", "shopify_il", "--yes")
    assert "syncd map stop woo" in shops.done("map", "woo").out
    assert "1 listing stopped at 0" in shops.done("map", "stop", "woo", "MUG", "--yes").out
    assert product.backorders == "no"
    assert "going on selling" not in shops.done("map", "woo").out
    assert "none of them can be stopped" in shops.done("map", "stop", "woo", "MUG", "--yes").out


def test_a_promise_that_the_stock_cannot_keep_is_named(selling: Shops) -> None:
    selling.set(WOO_PROMISE_DAYS="3")
    selling.done("count", "MUG", "0")
    selling.done("incoming", "add", "MUG", "24", "--expected", str(IN_A_WEEK))
    told = selling.syncd("check").out
    assert "its site promises delivery in 3 working days; longer take: MUG" in told


def test_a_warehouse_whose_name_left_the_settings_stays_one_while_it_has_units(selling: Shops) -> None:
    selling.set(SYNCD_EXTERNAL="Depot:2", WOO_PROMISE_DAYS="3")
    selling.done("count", "MUG", "0")
    selling.done("count", "MUG", "5", "--location", "Depot")
    told = selling.done("check").out
    assert "SYNCD_EXTERNAL" not in told and "its site promises" not in told
    selling.set(SYNCD_EXTERNAL="Depott:2")
    told = " ".join(selling.done("check").out.split())
    assert "Depot has units of 1 SKU and is not in SYNCD_EXTERNAL" in told
    assert "syncd count SKU 0 --location Depot" in told
    assert "promises delivery in 3 working days; nobody knows how long it takes for: MUG" in told
    (woo, _) = selling.done("explain", "MUG", "--json").json["channels"]
    assert (woo["status"], woo["text"]) == ("external_warehouse", "In stock at our external warehouse")
    selling.done("count", "MUG", "0", "--location", "Depot")
    selling.done("count", "MUG", "4", "--location", "Depott")
    assert "not in SYNCD_EXTERNAL" not in selling.done("check").out
    (woo, _) = selling.done("explain", "MUG", "--json").json["channels"]
    assert woo["text"] == "In stock at our external warehouse, ships in 2 working days"
    selling.done("count", "MUG", "6", "--location", "Depot")
    (woo, _) = selling.done("explain", "MUG", "--json").json["channels"]
    assert woo["status"] == "in_stock", "an empty place without a name in the settings is one of your own again"
