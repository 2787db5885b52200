"""Read an owner's file of deliveries: which SKU, how many units, when they are expected."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from connectors.tables import cells
from connectors.tables.cells import fold
from connectors.tables.columns import Reader, RowError, find_columns, unknown_header
from connectors.tables.days import day
from connectors.tables.table import read_table
from connectors.tables.values import BadRow
from syncd.files.columns import DELIVERY_HEADERS, DELIVERY_SYNONYMS
from syncd.files.values import DeliveriesFile, DeliveryRow, telling_of

_NEEDED = ("sku", "units")
_WORDS = frozenset(fold(word) for words in (DELIVERY_HEADERS.values(), *DELIVERY_SYNONYMS.values()) for word in words)


def read_deliveries(path: Path, *, encoding: str | None = None) -> DeliveriesFile:
    """What the file at `path` says of deliveries; CSV or .xlsx.

    Raises:
        FileError: nothing of the file can be read; it names the file and the way out.
    """
    with telling_of(path):
        table = read_table(path, encoding=encoding, known_words=_WORDS)
        columns = find_columns(table.header, DELIVERY_HEADERS, DELIVERY_SYNONYMS)
        if any(key not in columns for key in _NEEDED):
            raise unknown_header(table, "Needed: SKU and Units; of use: Expected, Supplier, Reference.")
    rows: list[DeliveryRow] = []
    bad_rows: list[BadRow] = list(table.bad_rows)
    for line in table.lines:
        try:
            rows.append(_row(Reader(line, columns)))
        except RowError as error:
            bad_rows.append(BadRow(line.number, str(error), line.sample))
    return DeliveriesFile(tuple(rows), tuple(sorted(bad_rows, key=lambda bad: bad.line_number)), table.warnings)


def _row(reader: Reader) -> DeliveryRow:
    sku = reader.read("sku", cells.identifier)
    units = reader.read("units", partial(cells.units, least=1))
    if sku is None:
        raise RowError("The SKU is missing.")
    if units is None:
        raise RowError("The number of units is missing.")
    return DeliveryRow(
        line_number=reader.line.number,
        sku=sku,
        units=units,
        expected_on=reader.read("expected_on", day),
        supplier=reader.read("supplier", cells.text),
        reference=reader.read("reference", partial(cells.text, most=255)),
    )
