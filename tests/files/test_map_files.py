"""The map file that an owner filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.files import FileError, MapFile, MapRow, read_map

HEADER = "Channel,Listing id,Parent id,SKU,Primary,Accept,Name,Options,GTIN,Shown\n"


def read(tmp_path: Path, text: str) -> MapFile:
    path = tmp_path / "todo.csv"
    path.write_text(text, encoding="utf-8")
    return read_map(path)


def test_every_column_of_a_map_file_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "woo,26,12,SHOE-39,yes,no,Shoe,39 / black,4006381333931,-2\n")
    assert file.rows == (
        MapRow(2, "woo", "26", "12", "SHOE-39", True, False, "Shoe", "39 / black", "4006381333931", -2),
    )
    assert (file.encoding, file.delimiter, file.bad_rows) == ("utf-8", ",", ())


def test_an_empty_sku_leaves_the_listing_unmatched_and_an_empty_answer_is_none(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "channel;listing_id;sku;primary;accept\nwoo;26;;;\n").rows
    assert (row.sku, row.primary, row.accept) == (None, None, None)


@pytest.mark.parametrize(("word", "meaning"), [("YES", True), ("כן", True), ("nie", False), ("1", True), ("否", False)])
def test_yes_and_no_are_understood_in_the_languages_of_the_house(tmp_path: Path, word: str, meaning: bool) -> None:
    assert read(tmp_path, f"Channel,Listing id,SKU,Accept\nwoo,26,A,{word}\n").rows[0].accept is meaning


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("woo,26,,A,maybe,,,,,", 'Primary "maybe" is neither yes nor no.'),
        (",26,,A,,,,,,", "The channel is missing."),
        ("woo,,,A,,,,,,", "The listing id is missing."),
        ("woo,4.45567E+13,,A,,,,,,", 'Listing id "4.45567E+13" was damaged by a spreadsheet'),
        ("woo,26,,01-Mar,,,,,,", 'SKU "01-Mar" was made a date'),
        ("woo,26,A", "The row has 3 cells, the header has 10"),
    ],
)
def test_a_bad_row_of_a_map_file_is_told_by_line_and_reason(tmp_path: Path, row: str, expected: str) -> None:
    file = read(tmp_path, HEADER + "woo,1,,X,,,,,,\n" + row + "\n")
    (bad,) = file.bad_rows
    assert bad.line_number == 3
    assert bad.reason.startswith(expected)
    assert len(file.rows) == 1


def test_a_listing_twice_is_bad_and_the_same_id_in_two_channels_is_not(tmp_path: Path) -> None:
    file = read(tmp_path, "Channel,Listing id,SKU\nwoo,26,A\nwoo,26,B\nshopify_il,26,A\n")
    assert [bad.reason for bad in file.bad_rows] == ['The listing "26" of woo stands more than once.'] * 2
    assert [row.channel for row in file.rows] == ["shopify_il"]


def test_two_primary_listings_of_one_sku_in_a_channel_are_bad(tmp_path: Path) -> None:
    file = read(tmp_path, "Channel,Listing id,SKU,Primary\nwoo,1,A,yes\nwoo,2,A,yes\nwoo,3,A,no\nother,4,A,yes\n")
    assert [bad.line_number for bad in file.bad_rows] == [2, 3]
    assert [row.listing_id for row in file.rows] == ["3", "4"]


def test_a_file_that_is_no_map_tells_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="Needed: Channel, Listing id, SKU"):
        read(tmp_path, "SKU,On hand\nA,1\n")
