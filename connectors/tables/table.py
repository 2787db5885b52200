"""A file as a table of cells: CSV in any common dress, or a spreadsheet. What the columns mean is decided elsewhere."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.tables.cells import Cell, Damaged, fold, printable, undefused
from connectors.tables.decoding import decode
from connectors.tables.sheets import is_spreadsheet, refuse_other_formats, sheet_rows
from connectors.tables.values import BadRow, TableError

NumberedRow = tuple[int, list[Cell]]

MAX_FILE_BYTES = 100_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 1_000
MAX_CELLS = 10_000_000  # of a table that is kept as a whole
MAX_ROW_CHARACTERS = 5_000_000

_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\r?\n?', re.IGNORECASE)
_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SAMPLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One row with as many cells as the header. `number` is where it begins in the file, from 1."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def sample(self) -> str:
        """The beginning of the row, for a report."""
        return sample_of(self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header and rows. Rows that fit the header are `lines`, the others `bad_rows`; blank ones are left out.

    `encoding` and `delimiter` are ``None`` for a spreadsheet.
    """

    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    bad_rows: tuple[BadRow, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows are read as they are taken, once. `encoding` and `delimiter` as in `Table`."""

    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    rows: Iterator[Line | BadRow]
    warnings: tuple[str, ...]


def read_table(path: Path, *, encoding: str | None, known_words: frozenset[str], max_rows: int = MAX_ROWS) -> Table:
    """The file at `path` as a table, as `table_of`. No error names the file; `TableError.about` does.

    Raises:
        TableError: as `table_of`, or it is missing, no file, or too large.
    """
    return table_of(_content(path), encoding=encoding, known_words=known_words, max_rows=max_rows)


def table_of(
    content: bytes,
    *,
    encoding: str | None,
    known_words: frozenset[str],
    max_rows: int = MAX_ROWS,
    max_cells: int = MAX_CELLS,
) -> Table:
    """The content of a file as a table that is kept as a whole.

    Raises:
        TableError: as `rows_of`, or it has more than `max_cells` cells.
    """
    found = rows_of(content, encoding=encoding, known_words=known_words, max_rows=max_rows)
    lines: list[Line] = []
    bad_rows: list[BadRow] = []
    for row in found.rows:
        if isinstance(row, BadRow):
            bad_rows.append(row)
            continue
        if (len(lines) + 1) * len(found.header) > max_cells:
            raise TableError(f"It has more than {max_cells:,} cells.", hint="Delete columns, or split it.")
        lines.append(row)
    return Table(found.encoding, found.delimiter, found.header, tuple(lines), tuple(bad_rows), found.warnings)


def rows_of(content: bytes, *, encoding: str | None, known_words: frozenset[str], max_rows: int = MAX_ROWS) -> Rows:
    """The content of a file as rows, one after the other: CSV or .xlsx by what it is.

    `known_words` are folded header words; the delimiter that gives most of them is taken.

    Raises:
        TableError: here or while rows are taken: it is empty, encrypted, has too many rows, or is no table.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise TableError("The file is empty.")
    if is_spreadsheet(content):
        sheet = sheet_rows(content, max_rows=max_rows, max_columns=MAX_COLUMNS)
        header, rows = _under_header(sheet.rows, ragged=True, max_rows=max_rows)
        return Rows(None, None, header, rows, sheet.warnings)
    refuse_other_formats(content)
    decoded = decode(content, encoding)
    _refuse_binary(decoded.text)
    delimiter, skipped_lines, text = _delimiter(decoded.text, known_words)
    csv_rows = _csv_rows(text, delimiter, first_line=1 + skipped_lines)
    doubt = f"Read as {decoded.encoding}; {decoded.rival} would fit as well. Look at the names, or name the encoding."
    warnings = (doubt,) if decoded.rival else ()
    header, rows = _under_header(csv_rows, ragged=False, max_rows=max_rows)
    return Rows(decoded.encoding, delimiter, header, rows, warnings)


def sample_of(cells: Sequence[Cell]) -> str:
    """The beginning of a row on one printable line."""
    shown = ("?" if isinstance(cell, Damaged) else format(cell) for cell in cells)
    return printable(" | ".join(shown), most=_SAMPLE_CHARACTERS)


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise TableError("It is a folder.", hint="Name a file in it.")
        if not path.is_file():
            raise TableError("There is no such file.")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise TableError(f"It cannot be read ({error.strerror}).") from None
    if len(content) > MAX_FILE_BYTES:
        raise TableError(f"It is larger than {MAX_FILE_BYTES // 1_000_000} MB.", hint="Split it.")
    return content


def _refuse_binary(text: str) -> None:
    head = text[:10_000]
    control = sum(1 for char in head if char < " " and char not in "\t\r\n")
    if control > 2 and control * 20 > len(head):
        raise TableError("This file is not text.", hint="Save it as CSV or .xlsx and try again.")


def _delimiter(text: str, known_words: frozenset[str]) -> tuple[str, int, str]:
    """The delimiter, the number of lines to pass over, and the text after them."""
    # Excel writes and obeys a first line `sep=;`.
    told = _SEPARATOR_LINE.match(text)
    if told:
        return told[1], 1, text[told.end() :]

    def fit(delimiter: str) -> tuple[int, int]:
        rows = _csv_rows(text, delimiter, first_line=1)
        first = next((row for row in rows if isinstance(row, BadRow) or not _blank(row[1])), None)
        words = [] if first is None or isinstance(first, BadRow) else [format(cell) for cell in first[1]]
        return len(known_words.intersection(map(fold, words))), len(words)

    return max(",;\t", key=fit), 0, text


def _csv_rows(text: str, delimiter: str, first_line: int) -> Iterator[NumberedRow | BadRow]:
    """Rows with the number of the line on which each begins."""
    lines = _PhysicalLines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = first_line + reader.line_num
        lines.characters_of_row = 0
        try:
            yield number, [undefused(cell) for cell in next(reader)]
        except csv.Error as error:
            yield BadRow(number, _csv_reason(str(error)))
        except StopIteration:
            return


class _PhysicalLines:
    """The lines of a text with their ends, one after the other. No row is let grow without end."""

    def __init__(self, text: str) -> None:
        self._found = _PHYSICAL_LINE.finditer(text)
        self.characters_of_row = 0

    def __iter__(self) -> _PhysicalLines:
        return self

    def __next__(self) -> str:
        line = next(self._found)
        self.characters_of_row += line.end() - line.start()
        if self.characters_of_row > MAX_ROW_CHARACTERS:
            raise TableError(f"It has a row of more than {MAX_ROW_CHARACTERS:,} characters; this is no table.")
        return line[0]


def _csv_reason(error: str) -> str:
    if "unexpected end" in error:
        return "A quotation mark opens here and never closes, so all lines from here to the end are lost."
    if "field larger" in error:
        return "A cell is longer than 131,072 characters."
    return "A quotation mark stands in the middle of a quoted cell; double it."


def _under_header(
    rows: Iterator[NumberedRow | BadRow] | Iterator[NumberedRow], *, ragged: bool, max_rows: int
) -> tuple[tuple[str, ...], Iterator[Line | BadRow]]:
    """The first row that is not blank is the header. Where rows are `ragged` they may lack empty cells at their end."""
    filled = (row for row in rows if isinstance(row, BadRow) or not _blank(row[1]))
    first = next(filled, None)
    if first is None:
        raise TableError("The file is empty.")
    header = _header(first)
    return header, _lines(filled, len(header), ragged=ragged, max_rows=max_rows)


def _lines(
    filled: Iterator[NumberedRow | BadRow], columns: int, *, ragged: bool, max_rows: int
) -> Iterator[Line | BadRow]:
    for count, row in enumerate(filled, start=1):
        if count > max_rows:
            raise TableError(f"It has more than {max_rows:,} rows.", hint="Split it.")
        if isinstance(row, BadRow):
            yield row
            continue
        number, cells = row
        reason = _misfit(cells, columns, ragged=ragged)
        if reason:
            yield BadRow(number, reason, sample_of(cells))
        else:
            padded = [*cells, *[""] * (columns - len(cells))]
            yield Line(number, tuple(padded[:columns]))


def _blank(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in cells)


def _header(row: NumberedRow | BadRow) -> tuple[str, ...]:
    if isinstance(row, BadRow):
        raise TableError("The row that names the columns cannot be read.", hint=row.reason)
    header = ["" if isinstance(cell, Damaged) else format(cell).strip() for cell in row[1]]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise TableError(f"It has more than {MAX_COLUMNS:,} columns.")
    return tuple(header)


def _misfit(cells: Sequence[Cell], columns: int, *, ragged: bool) -> str | None:
    """Why the row does not stand under its header, if it does not."""
    too_few = len(cells) < columns and not ragged
    if too_few or any(cell != "" for cell in cells[columns:]):
        return f"The row has {len(cells)} cells, the header has {columns}; its values may stand in the wrong columns."
    return None
