"""A file as a table of cells: CSV in any common dress, or a spreadsheet. What the columns mean is decided elsewhere."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
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

_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\r?\n?', re.IGNORECASE)
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


def read_table(path: Path, *, encoding: str | None, known_words: frozenset[str], max_rows: int = MAX_ROWS) -> Table:
    """The file at `path` as a table, as `table_of`. No error names the file; `TableError.about` does.

    Raises:
        TableError: as `table_of`, or it is missing, no file, or too large.
    """
    return table_of(_content(path), encoding=encoding, known_words=known_words, max_rows=max_rows)


def table_of(content: bytes, *, encoding: str | None, known_words: frozenset[str], max_rows: int = MAX_ROWS) -> Table:
    """The content of a file as a table: CSV or .xlsx by what it is.

    `known_words` are folded header words; the delimiter that gives most of them is taken.

    Raises:
        TableError: it is empty, encrypted, or no table.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise TableError("The file is empty.")
    if is_spreadsheet(content):
        sheet = sheet_rows(content, max_rows=max_rows, max_columns=MAX_COLUMNS)
        return _table(sheet.rows, encoding=None, delimiter=None, warnings=sheet.warnings, max_rows=max_rows)
    refuse_other_formats(content)
    decoded = decode(content, encoding)
    _refuse_binary(decoded.text)
    delimiter, skipped_lines, text = _delimiter(decoded.text, known_words)
    rows = _csv_rows(text, delimiter, first_line=1 + skipped_lines)
    doubt = f"Read as {decoded.encoding}; {decoded.rival} would fit as well. Look at the names, or name the encoding."
    warnings = (doubt,) if decoded.rival else ()
    return _table(rows, encoding=decoded.encoding, delimiter=delimiter, warnings=warnings, max_rows=max_rows)


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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = first_line + reader.line_num
        try:
            yield number, [undefused(cell) for cell in next(reader)]
        except csv.Error as error:
            yield BadRow(number, _csv_reason(str(error)))
        except StopIteration:
            return


def _csv_reason(error: str) -> str:
    if "unexpected end" in error:
        return "A quotation mark opens here and never closes, so all lines from here to the end are lost."
    if "field larger" in error:
        return "A cell is longer than 131,072 characters."
    return "A quotation mark stands in the middle of a quoted cell; double it."


def _table(
    rows: Iterable[NumberedRow | BadRow],
    *,
    encoding: str | None,
    delimiter: str | None,
    warnings: tuple[str, ...],
    max_rows: int,
) -> Table:
    """The first row that is not blank is the header. In a spreadsheet rows may lack their empty cells at the end."""
    ragged = delimiter is None
    header: tuple[str, ...] = ()
    lines: list[Line] = []
    bad_rows: list[BadRow] = []
    for row in rows:
        if not isinstance(row, BadRow) and _blank(row[1]):
            continue
        if len(lines) + len(bad_rows) == max_rows:
            raise TableError(f"It has more than {max_rows:,} rows.", hint="Split it.")
        if not header:
            header = _header(row)
        elif isinstance(row, BadRow):
            bad_rows.append(row)
        else:
            number, cells = row
            reason = _misfit(cells, len(header), ragged=ragged)
            if reason:
                bad_rows.append(BadRow(number, reason, sample_of(cells)))
            else:
                padded = [*cells, *[""] * (len(header) - len(cells))]
                lines.append(Line(number, tuple(padded[: len(header)])))
    if not header:
        raise TableError("The file is empty.")
    return Table(encoding, delimiter, header, tuple(lines), tuple(bad_rows), warnings)


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
