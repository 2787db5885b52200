"""The files that WooCommerce and Shopify export."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from syncd.files import FileError, StockFile, StockFileKind, read_stock

REAL_WOOCOMMERCE = Path(__file__).with_name("woocommerce-product-export.csv")

WOO = ("ID", "Type", "SKU", "Name", "Published", "Stock", "Low stock amount", "Categories", "Parent")
WOO_ATTRIBUTES = ("Attribute 1 name", "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)")

SHOPIFY = (
    *("Handle", "Title", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name"),
    *("Option3 Value", "SKU", "HS Code", "COO", "Location", "Bin name", "Incoming (not editable)"),
    *("Unavailable (not editable)", "Committed (not editable)", "Available (not editable)", "On hand (current)"),
    "On hand (new)",
)


def read(tmp_path: Path, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> StockFile:
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    return read_stock(path)


def woo(tmp_path: Path, *rows: Mapping[str, object]) -> StockFile:
    return read(tmp_path, WOO + WOO_ATTRIBUTES, rows)


def shopify(tmp_path: Path, *rows: Mapping[str, object]) -> StockFile:
    return read(tmp_path, SHOPIFY, [{"Handle": "shoe", "Title": "Shoe", **row} for row in rows])


# --------------------------------------------------------------------------- WooCommerce


def test_a_real_woocommerce_export_gives_its_products_and_variations_that_count_stock() -> None:
    file = read_stock(REAL_WOOCOMMERCE)
    assert (file.kind, file.encoding, file.delimiter) == (StockFileKind.WOOCOMMERCE, "utf-8-sig", ",")
    assert file.shows_available
    assert file.bad_rows == ()
    assert {row.sku: row.on_hand for row in file.rows} == {
        "woo-hoodie-with-logo": 0,
        "woo-tshirt": 45,
        "woo-vneck-tee-red": 7,
        "woo-vneck-tee-green": 1,
        "woo-vneck-tee-blue": 20,
        "woo-hoodie-green": 100,
        "Woo-beanie-logo": 3,
        "woo-hoodie-blue-logo": 7,
    }
    red = next(row for row in file.rows if row.sku == "woo-vneck-tee-red")
    assert (red.name, red.category, red.location) == ("V-Neck T-Shirt - Red", "Clothing > Tshirts", None)
    assert [(skipped.line_number, skipped.reason) for skipped in file.skipped] == [
        (2, "A parent product has no stock; its variations have."),
        (3, "A parent product has no stock; its variations have."),
        (6, "The shop does not count its stock (which is not zero)."),
        (12, "A product of the type grouped has no stock of its own."),
        (13, "A product of the type external has no stock of its own."),
    ]


@pytest.mark.parametrize("parent", ["id:12", "TEE"])
@pytest.mark.parametrize("inherited", ["", "parent"])
def test_where_a_parent_counts_for_its_variations_the_parent_is_the_sku(
    tmp_path: Path, parent: str, inherited: str
) -> None:
    file = woo(
        tmp_path,
        {"ID": 12, "Type": "variable", "SKU": "TEE", "Name": "Tee", "Stock": 500},
        {"ID": 13, "Type": "variation", "SKU": "TEE-R", "Name": "Tee - Red", "Stock": inherited, "Parent": parent},
        {"ID": 14, "Type": "variation", "SKU": "TEE-B", "Name": "Tee - Blue", "Stock": 9, "Parent": parent},
    )
    assert {row.sku: row.on_hand for row in file.rows} == {"TEE": 500, "TEE-B": 9}
    assert [(skipped.line_number, skipped.reason) for skipped in file.skipped] == [(3, "Its parent counts the stock.")]


def test_a_parents_number_that_no_variation_uses_is_not_stock(tmp_path: Path) -> None:
    file = woo(
        tmp_path,
        {"ID": 12, "Type": "variable", "SKU": "TEE", "Stock": 500},
        {"ID": 13, "Type": "variation", "SKU": "TEE-R", "Stock": 1, "Parent": "id:12"},
    )
    assert [row.sku for row in file.rows] == ["TEE-R"]
    assert "the parent's number is not in use" in file.skipped[0].reason


def test_a_variation_that_nobody_counts_is_not_zero(tmp_path: Path) -> None:
    file = woo(
        tmp_path,
        {"ID": 12, "Type": "variable", "SKU": "TEE"},
        {"ID": 13, "Type": "variation", "SKU": "TEE-R", "Parent": "TEE"},
    )
    assert file.rows == ()
    assert file.skipped[1].reason == "The shop does not count its stock (which is not zero)."


def test_a_negative_stock_is_what_the_shop_shows_and_not_a_bad_row(tmp_path: Path) -> None:
    file = woo(tmp_path, {"Type": "simple", "SKU": "A", "Stock": -3}, {"Type": "simple", "SKU": "B", "Stock": "'-4"})
    assert [row.on_hand for row in file.rows] == [-3, -4]


def test_a_fractional_or_textual_stock_is_a_bad_row(tmp_path: Path) -> None:
    file = woo(tmp_path, {"Type": "simple", "SKU": "A", "Stock": "2.5"}, {"Type": "simple", "SKU": "B", "Stock": "abc"})
    assert [(bad.line_number, bad.reason) for bad in file.bad_rows] == [
        (2, 'Stock "2.5" is not a whole number.'),
        (3, 'Stock "abc" is not a number.'),
    ]


def test_a_product_with_stock_and_no_sku_is_a_bad_row_and_one_without_stock_is_not(tmp_path: Path) -> None:
    file = woo(tmp_path, {"ID": 1, "Type": "simple", "Stock": 3}, {"ID": 2, "Type": "simple, virtual"})
    assert [(bad.line_number, bad.reason) for bad in file.bad_rows] == [
        (2, "It counts stock but has no SKU; give it one in the shop.")
    ]
    assert [skipped.line_number for skipped in file.skipped] == [3]


def test_low_stock_amount_is_the_reorder_point_and_the_first_category_counts(tmp_path: Path) -> None:
    (row,) = woo(
        tmp_path,
        {
            "Type": "simple",
            "SKU": "A",
            "Stock": 3,
            "Low stock amount": 5,
            "Categories": "Shoes\\, boots > Winter, Sale",
        },
    ).rows
    assert (row.reorder_point, row.category) == (5, "Shoes, boots > Winter")


def test_attribute_values_that_the_name_lacks_are_added_to_a_variations_name(tmp_path: Path) -> None:
    (row,) = woo(
        tmp_path,
        {
            "Type": "variation",
            "SKU": "A",
            "Name": "Shoe - Black",
            "Stock": 3,
            "Attribute 1 name": "Colour",
            "Attribute 1 value(s)": "Black",
            "Attribute 2 name": "Size",
            "Attribute 2 value(s)": "39",
        },
    ).rows
    assert row.name == "Shoe - Black - 39"


def test_an_export_without_a_column_that_is_needed_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column Stock, Parent"):
        read(tmp_path, ("ID", "Type", "SKU", "Published"), [])


def test_an_export_with_a_translated_header_tells_how_to_get_the_english_one(tmp_path: Path) -> None:
    polish = ("ID", "Rodzaj", "SKU", "Nazwa", "Opublikowano", "Wyróżniony", "Widoczność", "Opis", "Stan magazynowy")
    with pytest.raises(FileError, match="another language") as error:
        read(tmp_path, polish, [{"ID": 12, "Rodzaj": "simple, virtual", "SKU": "A", "Stan magazynowy": 7}])
    assert "Language to English" in error.value.hint


# --------------------------------------------------------------------------- Shopify


def test_shopifys_on_hand_is_taken_per_location_and_nothing_else(tmp_path: Path) -> None:
    numbers = {
        "Incoming (not editable)": 90,
        "Unavailable (not editable)": 2,
        "Committed (not editable)": 3,
        "Available (not editable)": 5,
        "On hand (current)": 10,
    }
    size = {"Option1 Name": "Size", "Option1 Value": "39", "Option2 Name": "Colour", "Option2 Value": "black"}
    file = shopify(
        tmp_path,
        {"SKU": "A", "Location": "Herzl 12", **numbers, **size},
        {"SKU": "A", "Location": "Haifa", **numbers, "On hand (current)": 4, **size},
    )
    assert file.kind is StockFileKind.SHOPIFY
    assert not file.shows_available
    assert [(row.sku, row.location, row.on_hand, row.name) for row in file.rows] == [
        ("A", "Herzl 12", 10, "Shoe - 39 / black"),
        ("A", "Haifa", 4, "Shoe - 39 / black"),
    ]


def test_a_product_without_variants_has_its_title_as_name(tmp_path: Path) -> None:
    row = {"SKU": "A", "Location": "L", "On hand (current)": 1, "Option1 Name": "Title"}
    (found,) = shopify(tmp_path, {**row, "Option1 Value": "Default Title"}).rows
    assert found.name == "Shoe"


def test_what_was_typed_as_the_new_on_hand_is_taken(tmp_path: Path) -> None:
    row = {"SKU": "A", "Location": "L", "On hand (current)": 10}
    assert shopify(tmp_path, {**row, "On hand (new)": 7}).rows[0].on_hand == 7
    assert shopify(tmp_path, {**row, "On hand (new)": 0}).rows[0].on_hand == 0


@pytest.mark.parametrize("written", ["not stocked", "Not stocked", ""])
def test_not_stocked_is_not_zero(tmp_path: Path, written: str) -> None:
    file = shopify(tmp_path, {"SKU": "A", "Location": "L", "On hand (current)": written})
    assert file.rows == ()
    assert file.bad_rows == ()
    assert "which is not zero" in file.skipped[0].reason


@pytest.mark.parametrize("column", ["On hand", "On hand (current)", "On hand (not editable)", "ON HAND (new)"])
def test_each_spelling_of_on_hand_is_found_by_the_header(tmp_path: Path, column: str) -> None:
    header = ("Handle", "Title", "SKU", "Location", "Available", column)
    (row,) = read(tmp_path, header, [{"SKU": "A", "Location": "L", "Available": 5, column: 7}]).rows
    assert row.on_hand == 7


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"SKU": "", "On hand (current)": 5}, "It has stock but no SKU; give it one in the shop."),
        ({"SKU": "A", "On hand (current)": -2}, 'On hand (current) "-2" is below 0.'),
        ({"SKU": "A", "On hand (new)": "1.5"}, 'On hand (new) "1.5" is not a whole number.'),
    ],
)
def test_bad_rows_of_shopifys_export_are_told(tmp_path: Path, row: Mapping[str, object], expected: str) -> None:
    (bad,) = shopify(tmp_path, {"Location": "L", **row}).bad_rows
    assert (bad.line_number, bad.reason) == (2, expected)


def test_two_variants_with_one_sku_are_bad_rows(tmp_path: Path) -> None:
    row = {"SKU": "A", "Location": "L", "On hand (current)": 5}
    file = shopify(tmp_path, {**row, "Option1 Value": "39"}, {**row, "Option1 Value": "40"})
    assert file.rows == ()
    assert len(file.bad_rows) == 2


def test_the_old_form_with_a_column_per_location_shows_what_is_available(tmp_path: Path) -> None:
    header = ("Handle", "Title", "Option1 Name", "Option1 Value", "SKU", "HS Code", "COO", "Herzl 12", "Haifa")
    file = read(
        tmp_path,
        header,
        [{"SKU": "A", "Herzl 12": 5, "Haifa": "not stocked"}, {"SKU": "B", "Herzl 12": -1, "Haifa": 2}],
    )
    assert file.shows_available
    assert [(row.sku, row.location, row.on_hand) for row in file.rows] == [
        ("A", "Herzl 12", 5),
        ("B", "Herzl 12", -1),
        ("B", "Haifa", 2),
    ]


@pytest.mark.parametrize(
    "header",
    [
        ("Handle", "Title", "SKU", "Location", "Available (not editable)"),
        ("Handle", "Title", "SKU", "HS Code", "COO"),
        ("Handle", "Title", "SKU", "COO", "Herzl 12"),
    ],
)
def test_a_shopify_export_without_its_numbers_is_refused_with_the_way_to_export(
    tmp_path: Path, header: Sequence[str]
) -> None:
    with pytest.raises(FileError, match="Products > Inventory > Export"):
        read(tmp_path, header, [])
