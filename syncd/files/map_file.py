"""Read the map file that `syncd map export` wrote and an owner filled in: which listing is which SKU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from connectors.tables import cells
from connectors.tables.cells import fold, printable
from connectors.tables.columns import Reader, RowError, find_columns, unknown_header
from connectors.tables.table import read_table
from connectors.tables.values import BadRow
from syncd.files.columns import MAP_HEADERS
from syncd.files.findings import lost_zeros
from syncd.files.values import MapFile, MapRow, telling_of

_NEEDED = ("channel", "listing_id", "sku")
_WORDS = frozenset(fold(word) for word in MAP_HEADERS.values())


def read_map(path: Path, *, encoding: str | None = None) -> MapFile:
    """What the map file at `path` says of listings; CSV or .xlsx. An empty SKU leaves the listing unmatched.

    Raises:
        FileError: nothing of the file can be read; it names the file and the way out.
    """
    with telling_of(path):
        table = read_table(path, encoding=encoding, known_words=_WORDS)
        columns = find_columns(table.header, MAP_HEADERS)
        if any(key not in columns for key in _NEEDED):
            raise unknown_header(table, f"Needed: {', '.join(MAP_HEADERS[key] for key in _NEEDED)}.")
    rows: list[MapRow] = []
    bad_rows: list[BadRow] = list(table.bad_rows)
    for line in table.lines:
        try:
            rows.append(_row(Reader(line, columns)))
        except RowError as error:
            bad_rows.append(BadRow(line.number, str(error), line.sample))
    quarrels = _quarrels(rows)
    bad_lines = {bad.line_number for bad in quarrels}
    kept = tuple(row for row in rows if row.line_number not in bad_lines)
    return MapFile(
        encoding=table.encoding,
        delimiter=table.delimiter,
        rows=kept,
        bad_rows=tuple(sorted((*bad_rows, *quarrels), key=lambda bad: bad.line_number)),
        warnings=(*table.warnings, *lost_zeros(row.sku for row in kept if row.sku)),
    )


def _row(reader: Reader) -> MapRow:
    channel = reader.read("channel", cells.text)
    listing_id = reader.read("listing_id", cells.identifier)
    if channel is None:
        raise RowError("The channel is missing.")
    if listing_id is None:
        raise RowError("The listing id is missing.")
    return MapRow(
        line_number=reader.line.number,
        channel=channel,
        listing_id=listing_id,
        parent_id=reader.read("parent_id", cells.identifier),
        sku=reader.read("sku", cells.identifier),
        primary=reader.read("primary", cells.yes_or_no),
        accept=reader.read("accept", cells.yes_or_no),
        name=reader.read("name", cells.text),
        options=reader.read("options", cells.text),
        gtin=reader.read("gtin", cells.identifier),
        shown=reader.read("shown", partial(cells.units, least=None)),
    )


def _quarrels(rows: Sequence[MapRow]) -> list[BadRow]:
    """Rows that cannot all be true: a listing twice, or two primary listings of one SKU in a channel."""
    listings: dict[tuple[str, str], list[MapRow]] = defaultdict(list)
    primaries: dict[tuple[str, str], list[MapRow]] = defaultdict(list)
    for row in rows:
        listings[row.channel, row.listing_id].append(row)
        if row.primary and row.sku:
            primaries[row.channel, row.sku].append(row)
    found: dict[int, str] = {}
    for (channel, listing_id), same in listings.items():
        if len(same) > 1:
            reason = f'The listing "{printable(listing_id)}" of {printable(channel)} stands more than once.'
            found.update((row.line_number, reason) for row in same)
    for (channel, sku), same in primaries.items():
        if len(same) > 1:
            reason = f'The SKU "{printable(sku)}" has more than one primary listing in {printable(channel)}.'
            for row in same:
                found.setdefault(row.line_number, reason)
    return [BadRow(line_number, reason) for line_number, reason in found.items()]
