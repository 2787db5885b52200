"""Our own stock file: columns, cells, bad rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.tables import cells
from connectors.tables.table import read_table
from connectors.tables.values import TableError
from syncd.domain.availability import Buffer
from syncd.domain.stock import MOST_UNITS
from syncd.files import FileError, StockFile, StockFileKind, StockRow, read_stock


def read(tmp_path: Path, text: str) -> StockFile:
    path = tmp_path / "stock.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_stock(path)


def reason(tmp_path: Path, text: str) -> str:
    """The reason of the only bad row, which stands in line 2."""
    file = read(tmp_path, text)
    assert file.rows == ()
    (bad,) = file.bad_rows
    assert bad.line_number == 2
    return bad.reason


def test_every_column_of_our_own_file_is_read(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "SKU,Location,Name,Category,On hand,Buffer,Cap,Cut off,Reorder point,Supplier,Lead time days,Cost,"
        "Pack size,Minimum order,GTIN\n"
        "SHOE-39-BLK,shelf,Shoe 39 black,Shoes,10,2,20,3,5,Acme,14,12.50,6,12,4006381333931\n",
    )
    assert file.kind is StockFileKind.SYNCD
    assert not file.shows_available
    assert file.bad_rows == ()
    assert file.rows == (
        StockRow(
            line_number=2,
            sku="SHOE-39-BLK",
            location="shelf",
            name="Shoe 39 black",
            category="Shoes",
            on_hand=10,
            buffer=Buffer(units=2),
            cap=20,
            cut_off=3,
            reorder_point=5,
            supplier="Acme",
            lead_time_days=14,
            cost=Decimal("12.50"),
            pack_size=6,
            minimum_order=12,
            gtin="4006381333931",
        ),
    )


def test_an_empty_cell_and_a_missing_column_say_nothing_and_not_zero(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "SKU,On hand,Cap\nA,,\n").rows
    assert row == StockRow(line_number=2, sku="A")


@pytest.mark.parametrize(
    "header", ["sku,on_hand", "SKU;ON HAND", " Sku \tOn-Hand", "Item code,Quantity", '"SKU","Stock"']
)
def test_header_words_are_known_whatever_their_case_blanks_and_delimiter(tmp_path: Path, header: str) -> None:
    delimiter = next(char for char in ",;\t" if char in header)
    (row,) = read(tmp_path, f"{header}\nA{delimiter}7\n").rows
    assert (row.sku, row.on_hand) == ("A", 7)


@pytest.mark.parametrize(
    "header",
    ['"מק""ט",שם מוצר,מלאי', "kod produktu,nazwa,ilość", "Varenummer,Varenavn,Lagerbeholdning", "货号,名称,库存"],
)
def test_header_words_of_the_other_languages_are_known(tmp_path: Path, header: str) -> None:
    (row,) = read(tmp_path, f"{header}\nA,Shoe,7\n").rows
    assert (row.sku, row.name, row.on_hand) == ("A", "Shoe", 7)


def test_the_delimiter_is_the_one_that_makes_sense_of_the_header(tmp_path: Path) -> None:
    file = read(tmp_path, 'SKU;"Name, as printed";On hand\nA;"Shoe, black";7\n')
    assert file.delimiter == ";"
    assert file.rows[0].on_hand == 7
    assert read(tmp_path, "SKU;On hand;Notes, remarks, questions, doubts\nA;7;\n").delimiter == ";"


def test_excels_line_that_names_the_delimiter_is_obeyed_and_counted(tmp_path: Path) -> None:
    file = read(tmp_path, "sep=;\r\nSKU;On hand\r\nA;7\r\nB;x\r\n")
    assert file.delimiter == ";"
    assert (file.rows[0].line_number, file.bad_rows[0].line_number) == (3, 4)


def test_line_numbers_are_those_of_the_file_also_after_blank_lines_and_line_breaks_in_cells(tmp_path: Path) -> None:
    file = read(tmp_path, '\nSKU,Name,On hand\n\nA,"two\nlines",1\nB,x,many\n,,\nC,y,3\n')
    assert [(row.sku, row.line_number) for row in file.rows] == [("A", 4), ("C", 8)]
    assert [bad.line_number for bad in file.bad_rows] == [6]
    assert file.rows[0].name == "two lines"


@pytest.mark.parametrize(
    ("written", "units"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("+7", 7),
        ("0", 0),
        ("007", 7),
        ("7.0", 7),
        ('"7,00"', 7),
        ("1 234", 1234),
        ("1\u00a0234", 1234),
        ("1'234", 1234),
        ('"1,234.00"', 1234),
        ('"1.234,0"', 1234),
        ('"1,234,567"', 1234567),
        ("1.234.567", 1234567),
        ("0.000", 0),
    ],
)
def test_whole_numbers_are_read_in_every_unmistakable_dress(tmp_path: Path, written: str, units: int) -> None:
    file = read(tmp_path, f"SKU,On hand\nA,{written}\n")
    assert file.bad_rows == ()
    assert file.rows[0].on_hand == units


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-1", 'On hand "-1" is below 0.'),
        ("\u22121", 'On hand "\u22121" is below 0.'),
        ("2.5", 'On hand "2.5" is not a whole number.'),
        ('"1,5"', 'On hand "1,5" is not a whole number.'),
        ('"1,234"', 'On hand "1,234" could have thousands or a fraction; write it without separators.'),
        ("1.234", 'On hand "1.234" could have thousands or a fraction; write it without separators.'),
        ("many", 'On hand "many" is not a number.'),
        ("7 pcs", 'On hand "7 pcs" is not a number.'),
        ("10%", 'On hand "10%" is not a number.'),
        ("1e3", 'On hand "1e3" is not a number.'),
        ("NaN", 'On hand "NaN" is not a number.'),
        ("٧", 'On hand "٧" is not a number.'),
        ("1 23", 'On hand "1 23" is not a number.'),
        ('"1,23,456"', 'On hand "1,23,456" is not a number.'),
        ("4006381333931", 'On hand "4006381333931" is too large to be units; it may be a barcode.'),
        ("9" * 31, f'On hand "{"9" * 31}" is not a number.'),
    ],
)
def test_what_is_not_surely_a_count_is_a_bad_row(tmp_path: Path, written: str, expected: str) -> None:
    assert reason(tmp_path, f"SKU,On hand\nA,{written}\n") == expected


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        ("Buffer", "-2", 'Buffer "-2" is below 0.'),
        ("Buffer", "101%", 'Buffer "101%" is not a percentage from 0% to 100%.'),
        ("Buffer", "%", 'Buffer "%" is not a percentage from 0% to 100%.'),
        ("Pack size", "0", 'Pack size "0" is below 1.'),
        ("Cost", "-1.5", 'Cost "-1.5" is below 0.'),
        ("Cost", "€12", 'Cost "€12" is not a number.'),
        ("Lead time days", "2.5", 'Lead time days "2.5" is not a whole number.'),
        ("GTIN", "4.00638E+12", None),
    ],
)
def test_a_bad_cell_of_any_column_is_named_by_its_column(
    tmp_path: Path, column: str, written: str, expected: str | None
) -> None:
    found = reason(tmp_path, f"SKU,{column}\nA,{written}\n")
    assert found.startswith(f'{column} "{written}"')
    assert expected is None or found == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2", Buffer(units=2)), ("10%", Buffer(percent=10)), ("10 %", Buffer(percent=10)), ("0%", Buffer())],
)
def test_a_buffer_is_units_or_percent(tmp_path: Path, written: str, expected: Buffer) -> None:
    assert read(tmp_path, f"SKU,Buffer\nA,{written}\n").rows[0].buffer == expected


@pytest.mark.parametrize(("written", "expected"), [("12.5", "12.5"), ("12,50", "12.50"), ("1.234,50", "1234.50")])
def test_a_price_may_have_a_decimal_comma(tmp_path: Path, written: str, expected: str) -> None:
    assert read(tmp_path, f"SKU;Cost\nA;{written}\n").rows[0].cost == Decimal(expected)


@pytest.mark.parametrize("sku", ["", "   ", "\u00a0"])
def test_a_row_without_a_sku_is_bad(tmp_path: Path, sku: str) -> None:
    assert reason(tmp_path, f"SKU,On hand\n{sku},7\n") == "The SKU is missing."


@pytest.mark.parametrize("sku", ["1.23E+12", '"1,23E+12"', "1E+05", "4.5e-07"])
def test_a_sku_in_scientific_notation_is_bad(tmp_path: Path, sku: str) -> None:
    assert "its digits are lost" in reason(tmp_path, f"SKU,On hand\n{sku},7\n")


@pytest.mark.parametrize("sku", ["01-Mar", "1-Feb", "Mar-01", "01/03/2026", "1.3.2026", "2026-03-01"])
def test_a_sku_that_became_a_date_is_bad(tmp_path: Path, sku: str) -> None:
    assert "was made a date" in reason(tmp_path, f"SKU,On hand\n{sku},7\n")


@pytest.mark.parametrize("sku", ["1E5", "12E4", "39-MAR", "10-12", "A/B", "a  b", "100%", "Ä-1", "מק-1", "#1"])
def test_a_sku_that_only_resembles_damage_is_kept_as_it_is(tmp_path: Path, sku: str) -> None:
    assert read(tmp_path, f"SKU,On hand\n{sku},7\n").rows[0].sku == sku


@pytest.mark.parametrize("char", ["\u200f", "\u200b", "\ufeff", "\x07", "\u202e"])
def test_an_invisible_character_in_a_sku_is_named_and_not_printed(tmp_path: Path, char: str) -> None:
    found = reason(tmp_path, f"SKU,On hand\nA{char}1,7\n")
    assert f"U+{ord(char):04X}" in found
    assert found.isprintable()


def test_a_sku_or_location_of_more_than_255_characters_is_bad(tmp_path: Path) -> None:
    assert "is longer than 255 characters" in reason(tmp_path, f"SKU,On hand\n{'x' * 256},7\n")
    assert "is longer than 255 characters" in reason(tmp_path, f"SKU,Location\nA,{'x' * 256}\n")
    assert len(read(tmp_path, f"SKU,On hand\n{'x' * 255},7\n").rows) == 1


def test_control_characters_in_a_name_are_blanks(tmp_path: Path) -> None:
    assert read(tmp_path, "SKU,Name\nA,a\x07b\x1b c\n").rows[0].name == "a b c"


def test_digits_only_skus_are_warned_of_unless_their_zeros_are_there(tmp_path: Path) -> None:
    (warning,) = read(tmp_path, "SKU,On hand\n123,7\n45,1\n").warnings
    assert "2 SKUs are digits only" in warning
    assert read(tmp_path, "SKU,On hand\n00123,7\n45,1\n").warnings == ()


def test_a_sku_twice_at_one_location_is_bad_in_both_rows(tmp_path: Path) -> None:
    file = read(tmp_path, "SKU,Location,On hand\nA,Shelf,7\nA,shelf,8\nB,Shelf,1\nA,cellar,2\n")
    assert [(bad.line_number, bad.reason) for bad in file.bad_rows] == [
        (2, 'The SKU "A" stands more than once at Shelf (lines 2, 3).'),
        (3, 'The SKU "A" stands more than once at Shelf (lines 2, 3).'),
    ]
    assert [row.line_number for row in file.rows] == [4, 5]


@pytest.mark.parametrize("twin", ["abc-1", "ABC -1", "Abc-1"])
def test_skus_that_differ_only_by_case_or_blanks_are_bad_wherever_they_lie(tmp_path: Path, twin: str) -> None:
    file = read(tmp_path, f"SKU,Location,On hand\nABC-1,Shelf,7\n{twin},cellar,8\nX,Shelf,1\n")
    assert [bad.line_number for bad in file.bad_rows] == [2, 3]
    assert all("differ only by case or blanks" in bad.reason for bad in file.bad_rows)
    assert [row.sku for row in file.rows] == ["X"]


def test_blanks_around_a_sku_do_not_make_it_another(tmp_path: Path) -> None:
    file = read(tmp_path, "SKU,On hand\nA,7\n A ,8\n")
    assert all("stands more than once" in bad.reason for bad in file.bad_rows)
    assert len(file.bad_rows) == 2


def test_rows_of_one_sku_that_differ_in_what_belongs_to_the_sku_are_bad(tmp_path: Path) -> None:
    file = read(tmp_path, "SKU,Location,On hand,Cost\nA,shelf,7,5\nA,cellar,8,6\nB,shelf,1,5\nB,cellar,1,\n")
    assert {bad.reason for bad in file.bad_rows} == {'The rows of the SKU "A" (lines 2, 3) differ in cost.'}
    assert [row.sku for row in file.rows] == ["B", "B"]


@pytest.mark.parametrize("row", ["A,7", "A,shelf,7,8"])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_bad(tmp_path: Path, row: str) -> None:
    assert "its values may stand in the wrong columns" in reason(tmp_path, f"SKU,Location,On hand\n{row}\n")


def test_empty_cells_beyond_the_header_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, "SKU,On hand,,\nA,7,,\nB,8\n").bad_rows == ()


def test_a_quotation_mark_that_never_closes_is_told_with_the_line_where_it_opens(tmp_path: Path) -> None:
    file = read(tmp_path, 'SKU,Name,On hand\nA,x,1\nB,"5 inch,2\nC,y,3\n')
    assert [row.sku for row in file.rows] == ["A"]
    (bad,) = file.bad_rows
    assert bad.line_number == 3
    assert "never closes" in bad.reason


def test_a_stray_quotation_mark_spoils_its_own_row_only(tmp_path: Path) -> None:
    file = read(tmp_path, 'SKU,Name,On hand\nA,"5" pipe",1\nB,y,2\n')
    assert [bad.line_number for bad in file.bad_rows] == [2]
    assert [row.sku for row in file.rows] == ["B"]


def test_a_huge_cell_is_a_bad_row_and_the_rest_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, f"SKU,Name,On hand\nA,{'x' * 200_000},1\nB,y,2\n")
    assert "longer than 131,072 characters" in file.bad_rows[0].reason
    assert [row.sku for row in file.rows] == ["B"]


def test_a_sample_of_a_bad_row_is_short_and_safe_to_print(tmp_path: Path) -> None:
    file = read(tmp_path, f"SKU,Name,On hand\nA,\x1b[31m{'x' * 500},many\n")
    assert file.bad_rows[0].sample.isprintable()
    assert len(file.bad_rows[0].sample) == 80


def test_columns_that_are_not_used_are_told(tmp_path: Path) -> None:
    assert read(tmp_path, "SKU,On hand,Colour\nA,7,red\n").warnings == ("Columns that were not used: Colour.",)


def test_a_file_with_only_a_header_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, "SKU,On hand\n").rows == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty."),
        ("\ufeff\r\n \n", "The file is empty."),
        ("a|b\nc|d\n", "The columns are not known: a|b."),
        ("SKU\nA\n", "The columns are not known: SKU."),
        ("SKU,On hand,Stock\nA,1,2\n", 'Two columns mean the same: "On hand" and "Stock".'),
        ('"SKU,On hand\nA,1\n', "The row that names the columns cannot be read."),
        ("<html><body>401</body></html>", "This is a web page or XML, not a table."),
        ("%PDF-1.7", "This is a PDF."),
        ("\x01\x02\x03\x04SKU", "This file is not text."),
        ("Handle,Title,Variant SKU,Variant Inventory Qty\n", "This is Shopify's product export"),
    ],
)
def test_what_is_no_stock_file_is_refused_in_a_sentence_that_names_it(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(FileError) as error:
        read(tmp_path, text)
    assert error.value.sentence.startswith(f"stock.csv: {sentence}")


def test_an_unknown_header_is_told_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="Needed: a column SKU and at least one more"):
        read(tmp_path, "Artikel,Menge\nA,1\n")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "no.csv", "There is no such file"), (tmp_path, "It is a folder")):
        with pytest.raises(FileError, match=f"^{path.name}: {told}"):
            read_stock(path)


def test_a_file_of_more_than_100_mb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    with path.open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(FileError, match="larger than 100 MB"):
        read_stock(path)


def test_more_rows_than_allowed_are_refused_and_as_many_are_not(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("SKU,On hand\nB\n\nA,1\nC\n\n", encoding="utf-8")
    words = frozenset({"sku", "onhand"})
    assert len(read_table(path, encoding=None, known_words=words, max_rows=3).lines) == 1
    with pytest.raises(TableError, match="more than 2 rows"):
        read_table(path, encoding=None, known_words=words, max_rows=2)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.builds(
            "".join,
            st.tuples(
                st.sampled_from(
                    ["SKU,On hand\n", "sep=;\nSKU;Stock\n", "ID,Type,SKU,Stock,Parent\n", "Handle,Title,SKU,COO,X\n"]
                ),
                st.text("A1,;\t\n\"'=-. %E+×\x00", max_size=40),
            ),
        ).map(str.encode),
        st.binary(max_size=40).map(lambda tail: b"SKU,On hand\n" + tail),
        st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_file_it_is_read_or_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(content)
    try:
        file = read_stock(path)
    except FileError as error:
        assert error.sentence.isprintable()
    else:
        assert all(row.sku.strip() for row in file.rows)
        assert all(bad.reason.isprintable() and bad.sample.isprintable() for bad in file.bad_rows)


def test_a_file_and_the_desk_take_the_same_most_units() -> None:
    assert cells.MOST_UNITS == MOST_UNITS
