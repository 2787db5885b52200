"""The rows of an .xlsx file, with Excel's traps named; and what looks like a table but is another format."""

from __future__ import annotations

import io
import re
import warnings as python_warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
from openpyxl.workbook.workbook import Workbook

from connectors.tables import guard
from connectors.tables.cells import Cell, Damaged, printable, undefused
from connectors.tables.values import TableError

MAX_UNPACKED_BYTES = 200_000_000

python_warnings.filterwarnings("ignore", module="openpyxl")  # it tells of styles that it does not know

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EXACT_NUMBERS = 10**15  # Excel keeps 15 digits of a number


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet with their numbers, read as they are taken, and what to tell about the file."""

    rows: Iterator[tuple[int, list[Cell]]]
    warnings: tuple[str, ...]


def is_spreadsheet(content: bytes) -> bool:
    """True for the content of an .xlsx file.

    Raises:
        TableError: it is a zip file of another kind, broken, or unpacks to more than `MAX_UNPACKED_BYTES`.
    """
    if not content.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise TableError("This spreadsheet is broken.", hint="Open it, save it anew as .xlsx and try again.") from None
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise TableError("This is no .xlsx spreadsheet.", hint="Save it as .xlsx or as CSV UTF-8 and try again.")
    # A member is never unpacked beyond the size that it states.
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise TableError(
            f"This spreadsheet unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.",
            hint="Save it as CSV UTF-8, or split it.",
        )
    return True


def refuse_other_formats(content: bytes) -> None:
    """Raises a `TableError` that names the format of a file that people take for a table."""
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise TableError("This spreadsheet is protected by a password.", hint="Save it without one and try again.")
        raise TableError("This is an old .xls spreadsheet.", hint="Save it as .xlsx or as CSV UTF-8 and try again.")
    if content.startswith(b"%PDF"):
        raise TableError("This is a PDF.", hint="Export the table as .xlsx or CSV and try again.")
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table)", content, re.IGNORECASE):
        raise TableError("This is a web page or XML, not a table.", hint="Save it as .xlsx or CSV and try again.")


def sheet_rows(content: bytes, *, max_rows: int, max_columns: int) -> Sheet:
    """The first visible sheet of an .xlsx file.

    Numbers come as `Decimal`, texts as ``str``; dates, errors, numbers that Excel has cut to 15 digits and formulas
    that were never calculated come as `Damaged`.

    Raises:
        TableError: here or while rows are taken: it cannot be read, costs too much memory, or has more than `max_rows`
            rows or `max_columns` columns.
    """
    with _one_sentence():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            guard.refuse_bombs(archive)
        book = _open(content, calculated=False)
        visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not visible:
            raise TableError("This spreadsheet has no visible sheet.")
        told = (f'Only the first sheet, "{printable(visible[0])}", was read.',) if len(visible) > 1 else ()
        return Sheet(_rows(content, book, visible[0], max_rows, max_columns), told)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except TableError:
        raise
    except Exception:  # noqa: BLE001 - whatever openpyxl meets in a forged file, the owner reads one sentence
        raise TableError("This spreadsheet is broken.", hint="Open it, save it anew as .xlsx and try again.") from None


def _open(content: bytes, *, calculated: bool) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=calculated, keep_links=False)


def _cells(book: Workbook, title: str) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet = book[title]
    sheet.reset_dimensions()  # the size that a file states of itself may be a lie
    return enumerate(sheet.iter_rows(), start=1)


def _rows(
    content: bytes, book: Workbook, title: str, max_rows: int, max_columns: int
) -> Iterator[tuple[int, list[Cell]]]:
    with _one_sentence():
        calculated: Iterator[tuple[int, Sequence[Any]]] | None = None
        for number, cells in _cells(book, title):
            if number > max_rows + 1:
                raise TableError(
                    f"It has more than {max_rows:,} rows.",
                    hint="Delete empty rows at the end of the sheet, or split it.",
                )
            if len(cells) > max_columns:
                raise TableError(
                    f"Row {number} has more than {max_columns:,} columns.", hint="Delete what stands far right."
                )
            results: Sequence[Any] = cells
            if any(cell.data_type == "f" for cell in cells):
                # A formula's last result is in a second reading of the same file, made only where there is one.
                calculated = calculated or _cells(_open(content, calculated=True), title)
                results = next(row for at, row in calculated if at == number)
            row = [
                Damaged("is a formula that was never calculated; open the file in a spreadsheet program and save it")
                if cell.data_type == "f" and result.value is None
                else _cell(result)
                for cell, result in zip(cells, results, strict=True)
            ]
            while row and row[-1] == "":
                row.pop()
            yield number, row


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return Damaged(f"is the error {printable(value)}") if cell.data_type == "e" else undefused(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _number(value, str(cell.number_format))
    if isinstance(value, (date, time, timedelta)):
        reason = f'was made a date by a spreadsheet ("{value}"); format the column as text and enter it again'
        return Damaged(reason, None if isinstance(value, timedelta) else value)
    return Damaged("is of a kind that cannot be read; write it as text")


def _number(value: int | float, number_format: str) -> Cell:
    if abs(value) >= _EXACT_NUMBERS:
        return Damaged("is a number of more than 15 digits, and the last are lost; format the column as text")
    number = Decimal(int(value)) if value == int(value) else Decimal(repr(value))
    if number_format.endswith("%"):
        return format((number * 100).normalize(), "f") + "%"
    if value >= 0 and re.fullmatch("0{2,}", number_format):
        return format(number, "f").zfill(len(number_format))  # shown with zeros in front: they are part of the SKU
    return number
