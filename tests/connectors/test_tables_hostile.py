"""What a table may cost is bounded, whoever wrote it."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import openpyxl
import pytest

from connectors.tables.table import rows_of, table_of
from connectors.tables.values import TableError

WORDS = frozenset({"sku", "stock"})
SHEET = "xl/worksheets/sheet1.xml"
FIFTY = b"<x " + b" ".join(b'a%d=""' % n for n in range(50)) + b"/>"


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["SKU", "Stock"])
    book.worksheets[0].append(["A", 7])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def with_part(name: str, part: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The workbook with one of its parts replaced."""
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(forged, "w", method) as new:
        for member in old.namelist():
            new.writestr(member, part if member == name else old.read(member))
    return forged.getvalue()


def refusal(content: bytes) -> str:
    """The sentence with which `content` is refused; refusing it has cost less than 60 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(TableError) as error:
            table_of(content, encoding=None, known_words=WORDS)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60_000_000
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "before", "part", "times", "after"),
    [
        (SHEET, b"<worksheet><sheetData><row>", b"<c/>", 1_000_000, b"</row></sheetData></worksheet>"),
        ("xl/styles.xml", b"<styleSheet>", FIFTY, 41_000, b"</styleSheet>"),
        (SHEET, b"<worksheet>", b"<e>" + b"x" * 9_990 + b"</e>", 5_100, b"</worksheet>"),
    ],
    ids=["a row without end", "styles without end", "text without end"],
)  # fmt: skip
def test_a_small_spreadsheet_that_grows_in_memory_is_refused(
    name: str, before: bytes, part: bytes, times: int, after: bytes
) -> None:
    content = with_part(name, before + part * times + after)
    assert len(content) < 1_000_000
    assert "far more than a table needs" in refusal(content)


def test_a_spreadsheet_with_a_document_type_is_not_handed_on() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    assert refusal(with_part("xl/worksheets/sheet1.xml", bomb)) == "This spreadsheet is broken."


def test_a_packing_that_unpacks_without_bound_is_refused() -> None:
    assert "packed in a strange way" in refusal(with_part("xl/theme/theme1.xml", b"<a/>", zipfile.ZIP_BZIP2))


@pytest.mark.parametrize("content", [b"SKU,Stock\n" + b"," * 6_000_000, b"SKU,Stock\n" + b'"\n",' * 1_500_000])
def test_a_row_without_end_is_refused(content: bytes) -> None:
    with pytest.raises(TableError, match="row of more than 5,000,000 characters"):
        table_of(content, encoding=None, known_words=WORDS)


def test_what_a_whole_table_may_hold_is_bounded_and_rows_alone_are_not() -> None:
    wide = b",".join(b"%d" % n for n in range(900)) + b"\n"
    content = wide + (b"," * 899 + b"x\n") * 12
    assert len(table_of(content, encoding=None, known_words=WORDS).lines) == 12
    with pytest.raises(TableError, match="more than 10,000 cells"):
        table_of(content, encoding=None, known_words=WORDS, max_cells=10_000)
    assert sum(1 for _ in rows_of(content, encoding=None, known_words=WORDS).rows) == 12
