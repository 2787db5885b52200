"""Stock files as .xlsx, with what Excel does to them."""

from __future__ import annotations

import datetime
import io
import shutil
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from syncd.domain.availability import Buffer
from syncd.files import FileError, StockFile, read_stock

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def save(tmp_path: Path, *rows: Sequence[object], formats: dict[str, str] | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    for place, number_format in (formats or {}).items():
        book.worksheets[0][place].number_format = number_format
    path = tmp_path / "stock.csv"  # the name says nothing
    book.save(tmp_path / "stock.xlsx")
    shutil.move(tmp_path / "stock.xlsx", path)
    return path


def read(tmp_path: Path, *rows: Sequence[object], formats: dict[str, str] | None = None) -> StockFile:
    return read_stock(save(tmp_path, *rows, formats=formats))


def test_a_spreadsheet_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    file = read(tmp_path, ["SKU", "On hand", "Cost"], ["A", 7, 12.5], [None, None, None], ["B", 8.0, None])
    assert (file.encoding, file.delimiter) == (None, None)
    assert [(row.line_number, row.sku, row.on_hand, row.cost) for row in file.rows] == [
        (2, "A", 7, Decimal("12.5")),
        (4, "B", 8, None),
    ]


def test_a_price_in_a_number_cell_is_not_taken_for_thousands(tmp_path: Path) -> None:
    assert read(tmp_path, ["SKU", "Cost"], ["A", 1.234]).rows[0].cost == Decimal("1.234")


def test_a_percentage_cell_is_a_percentage(tmp_path: Path) -> None:
    file = read(tmp_path, ["SKU", "Buffer"], ["A", 0.1], ["B", 2], formats={"B2": "0%"})
    assert [row.buffer for row in file.rows] == [Buffer(percent=10), Buffer(units=2)]


def test_a_number_that_is_shown_with_zeros_in_front_is_a_sku_with_them(tmp_path: Path) -> None:
    file = read(tmp_path, ["SKU", "On hand"], [123, 7], formats={"A2": "00000"})
    assert file.rows[0].sku == "00123"


def test_a_numeric_sku_is_its_digits_and_is_warned_of(tmp_path: Path) -> None:
    file = read(tmp_path, ["SKU", "On hand"], [4006381333931, 7])
    assert file.rows[0].sku == "4006381333931"
    assert "digits only" in file.warnings[0]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["A", 7.5], 'On hand "7.5" is not a whole number.'),
        (["A", "=1+1"], "On hand is a formula that was never calculated; open the file in a spreadsheet"),
        (["A", "#N/A"], "On hand is the error #N/A."),
        (["A", datetime.date(2026, 3, 1)], "On hand was made a date by a spreadsheet"),
        ([datetime.date(2026, 3, 1), 7], "SKU was made a date by a spreadsheet"),
        ([12345678901234567890, 7], "SKU is a number of more than 15 digits"),
        (["1.23E+12", 7], 'SKU "1.23E+12" was damaged by a spreadsheet'),
        (["A", True], 'On hand "yes" is not a number.'),
        (["A", -1], 'On hand "-1" is below 0.'),
        ([None, 7], "The SKU is missing."),
        (["A", 7, "far right"], "The row has 3 cells, the header has 2"),
    ],
)
def test_what_excel_did_to_a_cell_is_a_bad_row(tmp_path: Path, row: Sequence[object], expected: str) -> None:
    file = read(tmp_path, ["SKU", "On hand"], ["fine", 1], row)
    (bad,) = file.bad_rows
    assert bad.line_number == 3
    assert bad.reason.startswith(expected)
    assert [row.sku for row in file.rows] == ["fine"]


def test_a_formula_gives_its_last_result(tmp_path: Path) -> None:
    path = save(tmp_path, ["SKU", "On hand"], ["A", 3], ["B", "=B2+4"], ["C", "=B2"])
    calculated = tmp_path / "calculated.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(calculated, "w") as new:
        for member in old.namelist():
            new.writestr(member, old.read(member).replace(b"<f>B2+4</f><v />", b"<f>B2+4</f><v>7</v>"))
    file = read_stock(calculated)
    assert [(row.sku, row.on_hand) for row in file.rows] == [("A", 3), ("B", 7)]
    assert [bad.line_number for bad in file.bad_rows] == [4]


def test_the_first_visible_sheet_is_read_and_that_is_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].sheet_state = "hidden"
    for title, sku in (("March", "A"), ("April", "B")):
        sheet = book.create_sheet(title)
        sheet.append(["SKU", "On hand"])
        sheet.append([sku, 1])
    book.save(tmp_path / "stock.xlsx")
    file = read_stock(tmp_path / "stock.xlsx")
    assert [row.sku for row in file.rows] == ["A"]
    assert file.warnings == ('Only the first sheet, "March", was read.',)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (OLE + b"\x00" * 600, "This is an old .xls spreadsheet."),
        (OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "This spreadsheet is protected by a password."),
        (b"PK\x03\x04 and then nothing", "This spreadsheet is broken."),
    ],
)
def test_spreadsheets_that_cannot_be_read_are_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "stock.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileError) as error:
        read_stock(path)
    assert error.value.sentence == f"stock.xlsx: {sentence}"
    assert error.value.hint


def test_a_zip_file_that_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stock.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office/>")
    with pytest.raises(FileError, match=r"This is no \.xlsx spreadsheet"):
        read_stock(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = save(tmp_path, ["SKU", "On hand"], ["A", 7])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/bomb.xml", "w") as bomb:
        for _ in range(201):
            bomb.write(b"0" * 1_000_000)
    with pytest.raises(FileError, match="unpacks to more than 200 MB"):
        read_stock(path)


@pytest.mark.parametrize(
    "sheet",
    [
        b"<worksheet><sheetData><row><c",
        b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData>&c;</sheetData></worksheet>',
        b"not xml",
        b"",
    ],
)
def test_a_spreadsheet_with_a_forged_inside_is_one_sentence(tmp_path: Path, sheet: bytes) -> None:
    path = save(tmp_path, ["SKU", "On hand"], ["A", 7])
    forged = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(forged, "w") as new:
        for member in old.namelist():
            new.writestr(member, sheet if member == "xl/worksheets/sheet1.xml" else old.read(member))
    path.write_bytes(forged.getvalue())
    with pytest.raises(FileError) as error:
        read_stock(path)
    assert error.value.sentence in ("stock.csv: This spreadsheet is broken.", "stock.csv: The file is empty.")


def test_a_row_far_to_the_right_is_refused_at_once(tmp_path: Path) -> None:
    path = save(tmp_path, ["SKU", "On hand"], ["A", 7])
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    book.worksheets[0]["XFD3"] = "x"
    book.save(tmp_path / "wide.xlsx")
    with pytest.raises(FileError, match="Row 3 has more than 1,000 columns"):
        read_stock(tmp_path / "wide.xlsx")


def test_a_cell_far_below_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, ["SKU", "On hand"], ["A", 7])
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    book.worksheets[0]["A1048576"] = "x"
    book.save(tmp_path / "long.xlsx")
    with pytest.raises(FileError, match="more than 500,000 rows"):
        read_stock(tmp_path / "long.xlsx")
