"""Our own stock file: what `syncd export` writes and what owners write by hand."""

from __future__ import annotations

from functools import partial

from connectors.tables import cells
from connectors.tables.columns import Columns, Reader, RowError, find_columns
from connectors.tables.table import Table
from connectors.tables.values import BadRow
from syncd.files.buffers import buffer
from syncd.files.columns import STOCK_HEADERS, STOCK_SYNONYMS
from syncd.files.findings import Findings
from syncd.files.values import StockRow


def columns_of(header: tuple[str, ...]) -> Columns:
    """The columns that a stock file of our own names."""
    return find_columns(header, STOCK_HEADERS, STOCK_SYNONYMS)


def recognises(header: tuple[str, ...]) -> bool:
    """True where the header names a SKU and at least one thing about it."""
    columns = columns_of(header)
    return "sku" in columns and len(columns) > 1


def read(table: Table) -> Findings:
    """Every row that says something of a SKU."""
    columns = columns_of(table.header)
    rows: list[StockRow] = []
    bad_rows: list[BadRow] = []
    for line in table.lines:
        try:
            rows.append(_row(Reader(line, columns)))
        except RowError as error:
            bad_rows.append(BadRow(line.number, str(error), line.sample))
    used = {column.place for column in columns.values()}
    unused = [cells.printable(word) for place, word in enumerate(table.header) if word and place not in used]
    warnings = (f"Columns that were not used: {', '.join(unused)}.",) if unused else ()
    return Findings(tuple(rows), tuple(bad_rows), warnings=warnings)


def _row(reader: Reader) -> StockRow:
    sku = reader.read("sku", cells.identifier)
    if sku is None:
        raise RowError("The SKU is missing.")
    at_least_1 = partial(cells.units, least=1)
    return StockRow(
        line_number=reader.line.number,
        sku=sku,
        location=reader.read("location", partial(cells.text, most=255)),
        name=reader.read("name", cells.text),
        category=reader.read("category", cells.text),
        on_hand=reader.read("on_hand", cells.units),
        buffer=reader.read("buffer", buffer),
        cap=reader.read("cap", cells.units),
        cut_off=reader.read("cut_off", cells.units),
        reorder_point=reader.read("reorder_point", cells.units),
        supplier=reader.read("supplier", cells.text),
        lead_time_days=reader.read("lead_time_days", cells.units),
        cost=reader.read("cost", cells.price),
        pack_size=reader.read("pack_size", at_least_1),
        minimum_order=reader.read("minimum_order", cells.units),
        gtin=reader.read("gtin", cells.identifier),
    )
