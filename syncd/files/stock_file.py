"""Read an owner's stock file: recognise who wrote it, take its rows, name every row that cannot be taken."""

from __future__ import annotations

from pathlib import Path

from connectors.tables.cells import fold
from connectors.tables.columns import unknown_header
from connectors.tables.table import Table, read_table
from syncd.files import own_format, shopify_format, woocommerce_format
from syncd.files.columns import STOCK_HEADERS, STOCK_SYNONYMS
from syncd.files.findings import Findings, lost_zeros, quarrels
from syncd.files.values import FileError, StockFile, StockFileKind, telling_of

_NEEDED = (
    "Needed: a column SKU and at least one more, such as On hand, Location, Name or Buffer; or WooCommerce's product "
    "export; or Shopify's inventory export."
)
_WORDS = frozenset(
    fold(word)
    for words in (
        STOCK_HEADERS.values(),
        *STOCK_SYNONYMS.values(),
        woocommerce_format.HEADERS.values(),
        shopify_format.HEADERS.values(),
    )
    for word in words
)


def read_stock(path: Path, *, encoding: str | None = None) -> StockFile:
    """What the file at `path` says of stock: CSV or .xlsx, ours, WooCommerce's or Shopify's.

    `encoding` is taken as given; without it the encoding is found out (see `decoding.decode`). Nothing is written.

    Raises:
        FileError: nothing of the file can be read; it names the file and the way out.
    """
    with telling_of(path):
        table = read_table(path, encoding=encoding, known_words=_WORDS)
        kind, findings, shows_available = _read(table)
    against_one_another = quarrels(findings.rows)
    bad_lines = {bad.line_number for bad in against_one_another}
    rows = tuple(row for row in findings.rows if row.line_number not in bad_lines)
    bad_rows = sorted((*table.bad_rows, *findings.bad_rows, *against_one_another), key=lambda bad: bad.line_number)
    return StockFile(
        kind=kind,
        encoding=table.encoding,
        delimiter=table.delimiter,
        rows=rows,
        bad_rows=tuple(bad_rows),
        skipped=findings.skipped,
        shows_available=shows_available,
        warnings=(*table.warnings, *findings.warnings, *lost_zeros(row.sku for row in rows)),
    )


def _read(table: Table) -> tuple[StockFileKind, Findings, bool]:
    header = table.header
    if shopify_format.recognises(header):
        findings = shopify_format.read(table)
        return StockFileKind.SHOPIFY, findings, shopify_format.shows_available(header)
    if shopify_format.is_product_export(header):
        raise FileError(
            "This is Shopify's product export, which does not tell the stock of each location.",
            hint="In Shopify: Products > Inventory > Export.",
        )
    if woocommerce_format.recognises(header):
        return StockFileKind.WOOCOMMERCE, woocommerce_format.read(table), True
    if woocommerce_format.looks_translated(table):
        raise FileError(
            "This looks like WooCommerce's product export with its header in another language than English.",
            hint="In WordPress set Users > Profile > Language to English, export again, and set it back.",
        )
    if own_format.recognises(header):
        return StockFileKind.SYNCD, own_format.read(table), False
    raise unknown_header(table, _NEEDED)
