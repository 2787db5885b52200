"""What we write is what we read, spreadsheets cannot run it, and it is there whole or not at all."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.tables.cells import CellError, defused, identifier, undefused
from syncd.domain.availability import Buffer
from syncd.domain.stock import twin_key
from syncd.files import (
    FileError,
    FileFormat,
    MapRow,
    StockRow,
    read_map,
    read_stock,
    write_map,
    write_stock,
    write_table,
)

FORMATS: tuple[FileFormat, ...] = ("csv", "xlsx")

_HOSTILE = st.sampled_from(["=1+1", "'=x", "''=x", "+1", "-1", "@x", "'", '"', "#N/A", "＝x", "1.23", "TRUE", "sep=;"])
_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)
_TEXT = st.one_of(_ANY_TEXT, st.builds("".join, st.tuples(_HOSTILE, _ANY_TEXT))).map(
    lambda text: " ".join(text.split())
)


def _is_identifier(text: str) -> bool:
    try:
        return identifier(text) == text
    except CellError:
        return False


_IDS = _TEXT.filter(_is_identifier)
_UNITS = st.none() | st.integers(0, 1_000_000_000)
_WORDS = st.none() | _TEXT.filter(bool)
_BUFFERS = st.none() | st.builds(Buffer, units=st.integers(0, 99)) | st.builds(Buffer, percent=st.integers(1, 100))
_ROWS = st.lists(
    st.builds(
        StockRow,
        line_number=st.just(0),
        sku=_IDS,
        location=_WORDS,
        name=_WORDS,
        category=_WORDS,
        on_hand=_UNITS,
        buffer=_BUFFERS,
        cap=_UNITS,
        cut_off=_UNITS,
        reorder_point=_UNITS,
        supplier=_WORDS,
        lead_time_days=_UNITS,
        cost=st.none() | st.decimals(0, 99_999, places=3) | st.decimals(0, 99_999, places=2),
        pack_size=st.none() | st.integers(1, 99),
        minimum_order=_UNITS,
        gtin=st.none() | _IDS,
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: twin_key(row.sku),
)
_MAP_ROWS = st.lists(
    st.builds(
        MapRow,
        line_number=st.just(0),
        channel=_TEXT.filter(bool),
        listing_id=_IDS,
        parent_id=st.none() | _IDS,
        sku=st.none() | _IDS,
        primary=st.sampled_from([None, False]),
        accept=st.sampled_from([None, False, True]),
        name=_WORDS,
        options=_WORDS,
        gtin=st.none() | _IDS,
        shown=st.none() | st.integers(-1_000_000_000, 1_000_000_000),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: (row.channel, row.listing_id),
)
_FUNCTION_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("file_format", FORMATS)
@given(rows=_ROWS)
@_FUNCTION_FOLDER
def test_a_stock_file_that_was_written_reads_back_as_the_same_rows(
    tmp_path: Path, file_format: FileFormat, rows: list[StockRow]
) -> None:
    path = tmp_path / "stock"
    write_stock(rows, path, file_format=file_format, overwrite=True)
    file = read_stock(path)
    assert file.bad_rows == ()
    assert list(file.rows) == [dataclasses.replace(row, line_number=n) for n, row in enumerate(rows, start=2)]


@pytest.mark.parametrize("file_format", FORMATS)
@given(rows=_MAP_ROWS)
@_FUNCTION_FOLDER
def test_a_map_file_that_was_written_reads_back_as_the_same_rows(
    tmp_path: Path, file_format: FileFormat, rows: list[MapRow]
) -> None:
    path = tmp_path / "map"
    write_map(rows, path, file_format=file_format, overwrite=True)
    file = read_map(path)
    assert file.bad_rows == ()
    assert list(file.rows) == [dataclasses.replace(row, line_number=n) for n, row in enumerate(rows, start=2)]


@given(st.text() | st.builds("".join, st.tuples(st.sampled_from(["'", "''", "=", "'=", "\t", "\r"]), st.text())))
def test_undefusing_undoes_defusing_exactly(text: str) -> None:
    assert undefused(defused(text)) == text
    assert defused(text)[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "'=1"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(
    tmp_path: Path, file_format: FileFormat, text: str
) -> None:
    path = tmp_path / "table"
    write_table(["Name"], [[text]], path, file_format=file_format)
    if file_format == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            assert list(csv.reader(file)) == [["Name"], ["'" + text]]
    else:
        path.rename(tmp_path / "table.xlsx")
        cell = openpyxl.load_workbook(tmp_path / "table.xlsx").worksheets[0]["A2"]
        assert (cell.data_type, str(cell.value).replace("\r", "\n")) == ("s", "'" + text.replace("\r", "\n"))


def test_csv_has_the_mark_that_makes_excel_read_hebrew(tmp_path: Path) -> None:
    write_table(["שם"], [["נעל"]], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == "\ufeffשם\r\nנעל\r\n".encode()


def test_numbers_are_numbers_in_a_spreadsheet_and_a_sku_of_digits_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    row = ["00123", 7, -3, Decimal("12.5"), True, None, Buffer(percent=10)]
    write_table(list("abcdefg"), [row], path, file_format="xlsx")
    cells = openpyxl.load_workbook(path).worksheets[0][2]
    assert [cell.value for cell in cells] == ["00123", 7, -3, 12.5, "yes", None, "10%"]
    assert [cell.data_type for cell in cells[:4]] == ["s", "n", "n", "n"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_characters_that_no_file_can_hold_become_blanks(tmp_path: Path, file_format: FileFormat) -> None:
    path = tmp_path / "t"
    write_stock([StockRow(1, "A", name="a\x00b\x1bc\ud800d\uffffe")], path, file_format=file_format)
    assert read_stock(path).rows[0].name == "a b c d e"


def test_a_file_that_is_there_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("precious")
    with pytest.raises(FileError, match="is there already"):
        write_table(["a"], [["b"]], path)
    assert path.read_text() == "precious"
    write_table(["a"], [["b"]], path, overwrite=True)
    assert "precious" not in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"

    def rows() -> Iterator[Sequence[str]]:
        yield ["b"]
        path.write_text("precious")

    with pytest.raises(FileError, match="is there already"):
        write_table(["a"], rows(), path)
    assert path.read_text() == "precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_failure_in_the_middle_leaves_the_old_file_and_no_draft(tmp_path: Path, file_format: FileFormat) -> None:
    path = tmp_path / "t"
    path.write_text("old")

    def rows() -> Iterator[Sequence[str]]:
        yield ["b"]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write_table(["a"], rows(), path, file_format=file_format, overwrite=True)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it cannot be written"):
        write_table(["a"], [], tmp_path / "no" / "t.csv")
