"""`syncd reorder`, and the reorder points that `explain` and `check` tell of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from syncd.storage import catalogue, demand
from tests.cli.command_kit import Shops

DAYS_OFF = (datetime.now(UTC) + timedelta(days=9)).date()


@pytest.fixture
def stocked(shops: Shops, tmp_path: Path) -> Shops:
    """Three SKUs that are low, of two suppliers and of nobody, and one that is not."""
    goods = tmp_path / "goods.csv"
    goods.write_text(
        "SKU,Name,On hand,Supplier,Cost,Pack size,Minimum order,Lead time days\n"
        "MUG,Mug 350 ml,8,Acme,2.50,6,12,10\n"
        "HAT,=HAT(),1,Acme,,,,\n"
        "CAP,Cap,2,Zeta,3.00,,,\n"
        "TIE,Tie,0,,,,,\n"
        "BAG,Bag,50,Acme,,,,\n",
        encoding="utf-8",
    )
    shops.set(SYNCD_WORKING_DAYS="Mon-Fri")
    shops.done("import", str(goods), "--counted-at", "now", "--yes")
    shops.done("incoming", "add", "CAP", "6", "--expected", str(DAYS_OFF))
    now = datetime.now(UTC)
    db = shops.database()
    with db.write() as tx:
        ids = catalogue.ids(tx)
        demand.put(tx, [demand.Selling(ids["MUG"], [4, 5, 3, 40, 4, 6, 0, 5], now - timedelta(days=70), now, now)])
    db.close()
    return shops


def test_what_to_order_now_is_told_by_supplier(stocked: Shops) -> None:
    told = [" ".join(line.split()) for line in stocked.done("reorder").out.splitlines()]
    assert told == [
        "Acme: 33 units of 2 SKUs, 60.00 and 1 SKU without a cost",
        "SKU name order available on the way alert at pack at least lead time per unit cost",
        "HAT =HAT() 9 1 5",
        "MUG Mug 350 ml 24 8 12 6 12 10 d 2.50 60.00",
        "Zeta: nothing to order",
        "SKU name order available on the way alert at pack at least lead time per unit cost",
        "CAP Cap enough on the way 2 6 5 3.00",
        "no supplier known: 10 units of 1 SKU",
        "SKU name order available on the way alert at pack at least lead time per unit cost",
        "TIE Tie 10 0 5",
        "A draft: nothing was sent. Ordered it? syncd incoming add SKU UNITS --expected DAY",
    ]
    assert "Acme" not in stocked.done("reorder", "--supplier", "Zeta").out


def test_a_letter_to_each_supplier_is_ready_to_be_pasted(stocked: Shops) -> None:
    told = stocked.done("reorder", "--format", "email", "--supplier", "Acme").out
    head, subject, *_ = told.splitlines()
    assert head == "--- Acme"
    assert subject.startswith("Order of ")
    assert told.endswith(
        "\n\nHello,\n\nWe would like to order:\n\n- 9 × HAT, =HAT()\n- 24 × MUG, Mug 350 ml (4 × a pack of 6)\n\n"
        "Please confirm the quantities, your prices and the day of delivery.\n\nThank you!\n"
    )
    assert "2.50" not in told, "what the owner reckons with is not the supplier's business"
    every = stocked.done("reorder", "--format", "email").out
    assert [line for line in every.splitlines() if line.startswith("---")] == ["--- Acme", "--- no supplier known"]
    stocked.set(SYNCD_LANGUAGE="pl")
    assert "Chcielibyśmy zamówić:" in stocked.done("reorder", "--format", "email").out
    assert "ברצוננו להזמין:" in stocked.done("reorder", "--format", "email", "--language", "he").out
    nothing = stocked.done("reorder", "--format", "email", "--supplier", "Zeta").out
    assert nothing == "Nothing is to be ordered.\n"


def test_a_file_holds_what_to_order_and_no_formula(stocked: Shops, tmp_path: Path) -> None:
    target = tmp_path / "order.csv"
    assert stocked.done("reorder", "--format", "csv", "--output", str(target)).out == f"{target}: 3 SKUs to order.\n"
    assert target.read_text(encoding="utf-8-sig").splitlines() == [
        "Supplier,SKU,Name,Order,Pack size,Minimum order,Lead time days,Available,On the way,Alert at,Sold per week,"
        "Cost per unit,Cost",
        "Acme,HAT,'=HAT(),9,,,,1,0,5,,,",
        "Acme,MUG,Mug 350 ml,24,6,12,10,8,0,12,4.50,2.50,60.00",
        ",TIE,Tie,10,,,,0,0,5,,,",
    ]
    refused = stocked.syncd("reorder", "--format", "csv", "--output", str(target))
    assert refused.code != 0
    assert "is there already. Name another file, or write over it with --force." in refused.err
    stocked.done("reorder", "--format", "csv", "--output", str(target), "--force", "--supplier", "Acme")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    sheet = tmp_path / "order.xlsx"
    stocked.done("reorder", "--format", "xlsx", "--output", str(sheet))
    rows = list(openpyxl.load_workbook(sheet).active.iter_rows(values_only=True))
    assert rows[2] == ("Acme", "MUG", "Mug 350 ml", 24, 6, 12, 10, 8, 0, 12, 4.5, 2.5, 60)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--format", "csv"), "Where shall the csv go? Say it with --output order.csv\n"),
        (("--output", "x.csv"), "--format table writes no file. Choose csv or xlsx, or leave out --output.\n"),
        (("--language", "xx"), "There are no texts in the language xx. There are: en, da, he, pl, zh\n"),
        (("--json", "--format", "email"), "--json stands alone: it goes to stdout and has a form of its own. Leave"),
    ],
)
def test_options_that_do_not_go_together(shops: Shops, options: tuple[str, ...], told: str) -> None:
    ended = shops.syncd("reorder", *options)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(told)


def test_a_supplier_that_is_mistyped_is_named(stocked: Shops) -> None:
    ended = stocked.syncd("reorder", "--supplier", "Acne")
    assert (ended.code, ended.err) == (1, "No SKU has the supplier Acne. Did you mean Acme?\n")


def test_nothing_to_order_is_said(shops: Shops) -> None:
    shops.done("count", "HAT", "9")
    assert shops.done("reorder").out == "Nothing is to be ordered: no SKU is low or runs out too soon.\n"


def test_explain_tells_what_a_point_is_made_of(stocked: Shops) -> None:
    told = stocked.done("explain", "MUG").out
    assert "; alert at 12 (of your sales: 9 until new ones are there, 3 for a strong week)\n" in told
    stocked.done("set", "MUG", "--reorder-point", "4")
    assert stocked.done("explain", "MUG").out.splitlines()[0].endswith("; alert at 4")
    stocked.done("set", "MUG", "--reorder-point", "none")
    found = stocked.done("explain", "MUG", "--json").json
    assert (found["reorder_point"], found["reorder_point_from"]) == (12, "sales")
    low = {one["sku"]: (one["reorder_point"], one["low"]) for one in stocked.done("stock", "--json").json["skus"]}
    assert low == {"MUG": (12, True), "HAT": (5, True), "CAP": (5, True), "TIE": (5, True), "BAG": (5, False)}
    assert stocked.done("status", "--json").json["low"] == ["CAP", "HAT", "MUG", "TIE"]


def test_check_names_the_skus_without_a_point_of_their_own(stocked: Shops) -> None:
    told = stocked.done("check").out
    line = "5 SKUs have no reorder point of their own (BAG, CAP, HAT and 2 more): 5 holds for 4, 1 is worked out of"
    assert f"  ok    rules       {line} their sales\n" in told
    for sku in ("BAG", "CAP", "HAT", "MUG"):
        stocked.done("set", sku, "--reorder-point", "9")
    one = "1 SKU has no reorder point of its own (TIE): 5 holds for it"
    assert f"  ok    rules       {one}\n" in stocked.done("check").out
    stocked.done("set", "TIE", "--reorder-point", "9")
    assert "of its own" not in stocked.done("check").out


def test_check_warns_by_the_point_that_holds(stocked: Shops) -> None:
    stocked.set(SYNCD_BUFFER="9")
    told = stocked.done("check").out
    assert "sold out by the buffer before the alert comes: BAG in woo, CAP in woo, HAT in woo and 1 more." in told
