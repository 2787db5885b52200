"""What rows of a feed say: stock in words and numbers, packs, lead times, doubles, bad rows."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Level, Supplies, Unreadable
from connectors.supplier_feed.connector import SupplierFeed
from connectors.supplier_feed.reading import lead_time
from connectors.supplier_feed.reading import stock as units_of
from connectors.supplier_feed.settings import MEANINGS, settings
from connectors.tables.cells import CellError
from tests.connectors.supplier_feed.conftest import COLUMNS, Clock, folder_feed, put, units

Read = Callable[..., Supplies]
FULL = (
    *COLUMNS,
    ("lead_time_days", "Days"),
    ("pack_size", "Pack"),
    ("category", "Group"),
)
WORDS = (("Y", "10"), ("N", "0"), (">10", "12"), ("in stock", "3"), ("na stanie", "3"), ("ja", "3"), ("999", "5"))


def stock(read: Read, cell: str, **settings) -> int | str | None:
    """What one row says of stock, or why it was parked."""
    found = read(f"Article;Stock;\nA;{cell};\n", **settings)
    return found.supplies[0].units if found.supplies else found.parked[0].reason


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("7", 7),
        ("0", 0),
        ("-3", 0),
        ("3,0", 3),
        ("3.00", 3),
        ("1 200", 1200),
        ("1.234.567", 1234567),
        ("", None),
        ("Y", 10),
        ("y ", 10),
        ("N", 0),
        (">10", 12),
        (">20", 20),
        ("> 20", 20),
        ("20+", 20),
        ("In  Stock", 3),
        ("NA STANIE", 3),
        ("Ja", 3),
        ("999", 5),
        ("998", 998),
    ],
)
def test_numbers_stay_numbers_and_words_have_the_units_of_the_settings(
    read: Read, cell: str, expected: int | None
) -> None:
    assert stock(read, cell, VALUES=WORDS) == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("3,5", 'Line 2 (A): Stock "3,5" is not a whole number.'),
        (
            "1.234",
            'Line 2 (A): Stock "1.234" could have thousands or a fraction; say which sign stands before a fraction: '
            "ACME_DECIMAL=comma or ACME_DECIMAL=point.",
        ),
        ("5701234567890", 'Line 2 (A): Stock "5701234567890" is too large to be units; it may be a barcode.'),
        ("<5", 'Line 2 (A): Stock "<5" has no units; add to ACME_VALUES: <5:<units>.'),
        ("På lager", 'Line 2 (A): Stock "På lager" has no units; add to ACME_VALUES: på lager:<units>.'),
        ("a, b", 'Line 2 (A): Stock "a, b" has no units; add to ACME_VALUES: "a, b":<units>.'),
        ("NaN", 'Line 2 (A): Stock "NaN" has no units; add to ACME_VALUES: nan:<units>.'),
    ],
)
def test_what_is_not_sure_is_parked_and_named_with_the_way_out(read: Read, cell: str, reason: str) -> None:
    assert stock(read, cell, VALUES=WORDS) == reason


@pytest.mark.parametrize(
    ("cell", "with_comma", "with_point"),
    [
        ("12.000", 12000, 12),
        ("12,000", 12, 12000),
        ("1.234.567", 1234567, None),
        ("1.234,00", 1234, None),
        ("1,234.00", None, 1234),
        ("1 234,0", 1234, None),
        ("1'234", 1234, 1234),
        ("-1.500", 0, None),
        ("12.5", None, None),
        ("0,000", 0, 0),
        ("1234.567", None, None),
        ("7", 7, 7),
    ],
)
def test_where_the_sign_before_a_fraction_is_told_the_other_is_for_thousands(
    read: Read, cell: str, with_comma: int | None, with_point: int | None
) -> None:
    for sign, expected in (("comma", with_comma), ("point", with_point)):
        found = stock(read, cell, DECIMAL=sign)
        assert found == expected if expected is not None else "is not a" in str(found), sign


def test_the_sign_before_a_fraction_is_that_of_packs_and_days_too(read: Read) -> None:
    rows = "Article;Stock;Days;Pack;Group\nA;2,000;5,000;1.000;\n"
    (found,) = read(rows, COLUMNS=FULL, STOCK_IN="packs", DECIMAL="comma").supplies
    assert (found.units, found.lead_time_days, found.pack_size) == (2000, 5, 1000)
    (parked,) = read(rows.replace("2,000", "2"), COLUMNS=FULL).parked
    assert "ACME_DECIMAL" in parked.reason


def test_another_sign_before_a_fraction_makes_another_feed_of_the_same_text(read: Read) -> None:
    versions = {read("Article;Stock;\nA;12;\n", DECIMAL=sign).version for sign in (None, "comma", "point")}
    assert len(versions) == 3


def test_lead_time_of_the_row_beats_that_of_the_category_and_that_of_the_feed(read: Read) -> None:
    rows = "Article,Stock,Days,Group\nA,1,2,Shoes\nB,1,,shoes \nC,1,,Hats\nD,1,3-5 days,\n"
    found = read(rows, COLUMNS=FULL, LEAD_TIMES=(("Shoes", "7"),), LEAD_TIME_DAYS=14)
    assert [(one.sku, one.lead_time_days) for one in found.supplies] == [("A", 2), ("B", 7), ("C", 14), ("D", 5)]
    assert read("Article,Stock\nA,1").supplies[0].lead_time_days is None


@pytest.mark.parametrize(
    ("cell", "days"), [("", None), ("0", 0), ("3", 3), ("2–4 dni", 4), ("5 DAYS", 5), ("1 dzień", 1), ("3 ימים", 3)]
)
def test_lead_times_are_days_and_of_two_the_longer(cell: str, days: int | None) -> None:
    assert lead_time(cell, settings("acme", {})) == days


@pytest.mark.parametrize("cell", ["24h", "soon", "3,5", "9999", "-1", "2 weeks"])
def test_what_is_no_number_of_days_is_not_taken_for_one(cell: str) -> None:
    with pytest.raises(CellError):
        lead_time(cell, settings("acme", {}))


def test_packs_are_multiplied_and_a_pack_of_unknown_size_is_parked(read: Read) -> None:
    rows = "Article,Stock,Pack\nA,3,12\nB,3,\nC,0,\nD,3,0\nE,,6\n"
    found = read(rows, COLUMNS=FULL, STOCK_IN="packs")
    assert units(found) == {"A": 36, "C": 0, "E": None}
    assert [parked.ref for parked in found.parked] == ["B", "D"]
    assert "no pack size" in found.parked[0].reason
    assert units(read(rows, COLUMNS=FULL))["A"] == 3


def test_a_sku_that_stands_twice_is_in_neither_row(read: Read) -> None:
    found = read("Article,Stock\nA,1\nB,2\nA,1\n A ,5\n")
    assert units(found) == {"B": 2}
    assert [parked.reason[:10] for parked in found.parked] == ["Line 2 (A)", "Line 4 (A)", "Line 5 (A)"]
    assert found.rows == 4


def test_an_empty_sku_is_no_sku(read: Read) -> None:
    found = read("Article,Stock\nA,1\n  ,5000\n")
    assert units(found) == {"A": 1}
    assert found.parked[0].reason == "Line 3: It has no SKU."


def test_only_the_first_parked_rows_are_named_and_all_are_counted(read: Read) -> None:
    found = read("Article,Stock\n" + "".join(f"A{n},?\n" for n in range(70)) + "B,1\n")
    assert len(found.parked) == 50
    assert found.rows == 71
    assert found.warnings == ("70 of 71 rows could not be read; the first 50 are named.",)


def test_the_columns_of_a_table_are_told_as_they_stand(read: Read) -> None:
    assert read("Article,Name,Stock\nA,Shoe,1").columns == ("Article", "Name", "Stock")


def test_one_column_may_mean_two_things(read: Read) -> None:
    found = read("EAN,Stock\n5701,2", COLUMNS=(("sku", "ean"), ("on_hand", "Stock"), ("pack_size", "STOCK")))
    assert (found.supplies[0].units, found.supplies[0].pack_size) == (2, 2)


@pytest.mark.parametrize(
    ("header", "sentence", "hint"),
    [
        ("Article,Stock qty", 'The feed has no column "Stock"', 'Did you mean "Stock qty"?'),
        ("Code,Stock", 'The feed has no column "Article"', "There is: Code, Stock."),
        ("Article,STOCK,stock", '"Stock" could be "STOCK" and "stock"', "as it stands in the feed"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_what_it_may_be(
    read: Read, header: str, sentence: str, hint: str
) -> None:
    with pytest.raises(Unreadable) as error:
        read(header + "\nA,1")
    assert sentence in str(error.value)
    assert str(error.value).startswith("stock.csv: ")
    assert hint in error.value.hint


def test_the_exact_spelling_of_a_column_wins(read: Read) -> None:
    assert units(read("Article,STOCK,Stock\nA,1,2")) == {"A": 2}


def test_a_column_that_may_be_missing_is_a_warning(read: Read) -> None:
    found = read("Article,Stock,Days left\nA,1,2", COLUMNS=FULL[:3])
    assert found.supplies[0].lead_time_days is None
    assert found.warnings == ('The feed has no column "Days" (lead_time_days). Did you mean "Days left"?',)


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_a_spreadsheet_is_read_by_its_cells_and_its_traps_are_parked(read: Read) -> None:
    content = workbook(
        ["Article", "Stock", "Days"], [10023, 7, 3], ["B", "=1+1", 3], ["C", 2.5, 3], ["D", True, None], ["E", 3.0, 2]
    )
    found = read(content, "stock.xlsx", COLUMNS=FULL[:3], VALUES=(("yes", "4"),))
    assert units(found) == {"10023": 7, "D": 4, "E": 3}
    assert [parked.reason for parked in found.parked] == [
        "Row 3 (B): Stock is a formula that was never calculated; open the file in a spreadsheet program and save it.",
        'Row 4 (C): Stock "2.5" is not a whole number.',
    ]


def test_an_encoding_is_found_out_or_told(read: Read) -> None:
    text = "Artykuł;Stan\nżółty-1;na stanie\n"
    settings = {"COLUMNS": (("sku", "Artykuł"), ("on_hand", "Stan")), "VALUES": WORDS}
    for encoding in ("utf-8", "utf-16", "windows-1250"):
        assert units(read(text.encode(encoding), **settings)) == {"żółty-1": 3}
    assert units(read(text.encode("cp852"), ENCODING="cp852", **settings)) == {"żółty-1": 3}


def test_other_settings_make_another_version_of_the_same_content(read: Read) -> None:
    rows = "Article,Stock\nA,Y\n"
    first = read(rows)
    second = read(rows, VALUES=(("Y", "10"),))
    assert first.version != second.version
    assert (units(first), units(second)) == ({}, {"A": 10})


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_cell_is_taken_for_more_units_than_it_says(text: str) -> None:
    try:
        found = units_of(text, settings("acme", {"COLUMNS": COLUMNS}), Counter())
    except CellError as error:
        assert str(error).isprintable()
        return
    digits = "".join(char for char in text if char.isdigit())
    assert found is None or 0 <= found <= int(digits or 0)


# ---- check


def told(feed: SupplierFeed) -> list[tuple[Level, str, str]]:
    return [(finding.level, finding.message, finding.hint) for finding in feed.check()]


def test_check_tells_rows_age_words_and_columns(tmp_path: Path, clock: Clock) -> None:
    put(tmp_path, "Article,Stock,Tage\nA,1,2\nB,ja,3\nC,ja,3\nD,viele,\nE,1.234,1\n", age_s=3 * 3600)
    feed = folder_feed(tmp_path, clock, COLUMNS=FULL[:3])
    assert told(feed) == [
        (Level.OK, "5 rows, 3 h old", ""),
        (
            Level.WARN,
            'The feed has no column "Days" (lead_time_days). There is: Article, Stock, Tage.',
            "Correct it in ACME_COLUMNS, or take it out there.",
        ),
        (
            Level.WARN,
            'words for stock without units: "ja", "viele" (3 rows)',
            "Say how many each stands for: ACME_VALUES=ja:<units>, viele:<units>",
        ),
        (
            Level.WARN,
            "1 rows cannot be read",
            'Line 6: Stock "1.234" could have thousands or a fraction; say which sign stands before a fraction: '
            "ACME_DECIMAL=comma or ACME_DECIMAL=point.",
        ),
    ]
    put(tmp_path, "Article,Stock\nA,1\n", age_s=26 * 3600)
    assert told(folder_feed(tmp_path, clock)) == [(Level.OK, "1 rows, 26 h old", "")]
    put(tmp_path, "Article,Stock\n", age_s=90)
    assert told(folder_feed(tmp_path, clock))[0][:2] == (Level.WARN, "no rows, 1 min old")
    put(tmp_path, "%PDF-1.4")
    assert told(folder_feed(tmp_path, clock))[0][:2] == (Level.FAIL, "stock.csv: This is a PDF.")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"FOLDER": None}, "Neither is set: ACME_URL and ACME_FOLDER."),
        ({"URL": "https://acme.example/x"}, "Both are set: ACME_URL and ACME_FOLDER."),
        ({"FOLDER": None, "URL": "acme.example/stock.csv"}, "ACME_URL is no address."),
        ({"FOLDER": None, "URL": "file:///etc/passwd"}, "ACME_URL is no address."),
        ({"FILES": "../*.csv"}, "ACME_FILES holds a slash."),
        ({"COLUMNS": (("sku", "A"),)}, "ACME_COLUMNS does not say what on_hand is called."),
        ({"COLUMNS": (*COLUMNS, ("pack", "D"))}, 'ACME_COLUMNS: "pack" is not known. Did you mean pack_size?'),
        ({"COLUMNS": (*COLUMNS, ("sku", "B"))}, "ACME_COLUMNS: sku stands there twice."),
        ({"COLUMNS": (*COLUMNS, ("category", ""))}, "ACME_COLUMNS: nothing stands behind category."),
        ({"VALUES": (("Y", "ten"),)}, 'ACME_VALUES: "Y:ten" has no whole number behind the colon.'),
        ({"VALUES": (("Y", "1"), ("y", "2"))}, 'ACME_VALUES: "y" stands there with two numbers.'),
        ({"LEAD_TIMES": (("Shoes", "-1"),)}, 'ACME_LEAD_TIMES: "Shoes:-1" has no whole number behind the colon.'),
    ],
)  # fmt: skip
def test_a_mistake_in_the_settings_is_told_by_check_and_stops_the_feed(
    tmp_path: Path, clock: Clock, settings: dict, sentence: str
) -> None:
    put(tmp_path, "Article,Stock\nA,1\n")
    feed = folder_feed(tmp_path, clock, **settings)
    assert (Level.FAIL, sentence) in [(level, message) for level, message, _ in told(feed)]
    assert all(hint for _, _, hint in told(feed))
    with pytest.raises(Unreadable):
        feed.supplies(None)


def test_the_settings_name_every_meaning_of_a_column() -> None:
    (columns,) = [setting for setting in SupplierFeed.SETTINGS if setting.name == "COLUMNS"]
    assert all(meaning in columns.help for meaning in MEANINGS)
