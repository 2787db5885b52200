"""Write tables for owners: CSV that Excel opens as it should, or .xlsx; whole or not at all."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Literal

import openpyxl
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from connectors.tables.cells import defused, printable
from syncd.domain.availability import Buffer
from syncd.files.columns import MAP_HEADERS, STOCK_HEADERS
from syncd.files.values import FileError, MapRow, StockRow

FileFormat = Literal["csv", "xlsx"]
Value = str | int | Decimal | bool | Buffer | None

# What neither a spreadsheet nor UTF-8 can hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_stock(
    rows: Iterable[StockRow], target: Path, *, file_format: FileFormat = "csv", overwrite: bool = False
) -> None:
    """Write rows as a stock file of our own, which `read_stock` reads back as the same rows. Line numbers are not kept.

    Raises:
        FileError: as `write_table`.
    """
    lines = ([getattr(row, field) for field in STOCK_HEADERS] for row in rows)
    write_table(tuple(STOCK_HEADERS.values()), lines, target, file_format=file_format, overwrite=overwrite)


def write_map(
    rows: Iterable[MapRow], target: Path, *, file_format: FileFormat = "csv", overwrite: bool = False
) -> None:
    """Write rows as a map file, which `read_map` reads back as the same rows. Line numbers are not kept.

    Raises:
        FileError: as `write_table`.
    """
    lines = ([getattr(row, field) for field in MAP_HEADERS] for row in rows)
    write_table(tuple(MAP_HEADERS.values()), lines, target, file_format=file_format, overwrite=overwrite)


def write_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Value]],
    target: Path,
    *,
    file_format: FileFormat = "csv",
    overwrite: bool = False,
) -> None:
    """Write a table to `target`, complete or not at all; CSV is UTF-8 with a byte order mark, for Excel.

    Texts that a spreadsheet would run as a formula get an apostrophe in front, which reading takes off again.

    Raises:
        FileError: `target` is there and `overwrite` is not given, or the folder cannot be written.
    """
    if target.exists() and not overwrite:
        raise _already_there(target)
    # Beside the target, so that it can be put in place in one step.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            write = _write_xlsx if file_format == "xlsx" else _write_csv
            with draft.open("xb") as file:
                write(headers, rows, file)
                file.flush()
                os.fsync(file.fileno())
            _put_in_place(draft, target, overwrite=overwrite)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{printable(str(target), 200)}: it cannot be written ({error.strerror}).") from None


def _put_in_place(draft: Path, target: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            target.touch(exist_ok=False)  # taken, unless somebody was faster; a rename alone would not notice
        except FileExistsError:
            raise _already_there(target) from None
    draft.replace(target)


def _already_there(target: Path) -> FileError:
    name = printable(str(target), 200)
    return FileError(f"{name} is there already.", hint="Name another file, or write over it with --force.")


def _write_csv(headers: Sequence[str], rows: Iterable[Sequence[Value]], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    for row in itertools.chain([headers], rows):
        writer.writerow([_as_text(value) for value in row])
    text.detach()  # the file stays open for whoever opened it


def _write_xlsx(headers: Sequence[str], rows: Iterable[Sequence[Value]], file: BinaryIO) -> None:
    lines = list(rows)  # before openpyxl begins: it complains on stderr when rows break off in the middle
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("syncd")
    sheet.freeze_panes = "A2"
    for row in itertools.chain([headers], lines):
        sheet.append([_xlsx_cell(sheet, value) for value in row])
    book.save(file)


def _xlsx_cell(sheet: WriteOnlyWorksheet, value: Value) -> SheetCell | int | Decimal | None:
    # Numbers stay numbers, so that an owner can add them up; SKUs are texts and keep their zeros.
    if value is None or (isinstance(value, (int, Decimal)) and not isinstance(value, bool)):
        return value
    cell = WriteOnlyCell(sheet, _as_text(value))
    cell.data_type = "s"  # openpyxl would take "#N/A" for an error
    return cell


def _as_text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case Decimal():
            written = format(value, "f")
            # "1.234" could be read as a thousand; "1.2340" cannot.
            return written + "0" if re.fullmatch(r"-?[0-9]+\.[0-9]{3}", written) else written
        case Buffer():
            return f"{value.percent}%" if value.percent else str(value.units)
        case str():
            return defused(_UNWRITABLE.sub(" ", value))
