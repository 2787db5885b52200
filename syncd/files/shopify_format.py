"""Shopify's inventory export (Products > Inventory > Export).

One row per variant and location. The quantity columns carry what may be done with them in brackets, and that changed
over the years: `On hand`, `On hand (current)`, `On hand (new)`, `Available (not editable)`. `not stocked` stands where
a location does not stock the variant. An older form, also made by the choice "only available quantities", has a column
per location with the *available* units (help.shopify.com/en/manual/products/inventory/inventory-csv).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from connectors.tables import cells
from connectors.tables.cells import fold
from connectors.tables.columns import Column, Columns, Reader, RowError, find_columns
from connectors.tables.table import Table
from connectors.tables.values import BadRow
from syncd.files.findings import Findings
from syncd.files.values import FileError, Skipped, StockRow

HEADERS = {
    "title": "Title",
    "sku": "SKU",
    "barcode": "Barcode",
    "hs_code": "HS Code",
    "coo": "COO",
    "location": "Location",
    "option1": "Option1 Value",
    "option2": "Option2 Value",
    "option3": "Option3 Value",
    "current": "On hand",
    "new": "On hand (new)",
}
_CURRENT = {"current": ("On hand (current)", "On hand (not editable)")}
_NOT_STOCKED = "not stocked"
_OF_THE_PRODUCT = re.compile(r"Handle|Title|Option[123] (?:Name|Value)|SKU|Barcode|HS Code|COO", re.IGNORECASE)


def recognises(header: tuple[str, ...]) -> bool:
    """True for the header of Shopify's inventory export, of today or of old."""
    folded = {fold(word) for word in header}
    return {"handle", "title", "sku"} <= folded and bool(folded & {"location", "hscode", "coo"})


def is_product_export(header: tuple[str, ...]) -> bool:
    """True for the header of Shopify's *product* export, which holds no stock per location."""
    return {"handle", "title", "variantsku"} <= {fold(word) for word in header}


def shows_available(header: tuple[str, ...]) -> bool:
    """True for the old form with one column per location: its numbers are the available units."""
    return "location" not in {fold(word) for word in header}


def read(table: Table) -> Findings:
    """Every variant at every location that stocks it.

    Raises:
        FileError: the file has no column with the units on hand, nor one per location.
    """
    columns = find_columns(table.header, HEADERS, _CURRENT)
    places = _places(table.header, columns)
    least = None if shows_available(table.header) else 0
    rows: list[StockRow] = []
    bad_rows: list[BadRow] = []
    skipped: list[Skipped] = []
    for line in table.lines:
        for location, of_place in places:
            try:
                found = _row(Reader(line, {**columns, **of_place}), location, least)
            except RowError as error:
                bad_rows.append(BadRow(line.number, str(error), line.sample))
                continue
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                rows.append(found)
    return Findings(tuple(rows), tuple(bad_rows), tuple(skipped))


def _places(header: Sequence[str], columns: Columns) -> list[tuple[str | None, Columns]]:
    """Per location the columns that hold its number; one entry without a name where rows name the location."""
    if "location" in columns:
        if not columns.keys() & {"current", "new"}:
            raise FileError(
                "This Shopify export has no column On hand.",
                hint="In Shopify: Products > Inventory > Export, all quantities.",
            )
        return [(None, {})]
    others = [Column(word, place) for place, word in enumerate(header) if word and not _OF_THE_PRODUCT.fullmatch(word)]
    if not others or not {"hs_code", "coo"} <= columns.keys():
        raise FileError(
            "This Shopify export has no column Location.", hint="In Shopify: Products > Inventory > Export."
        )
    return [(column.header, {"current": column}) for column in others]


def _row(reader: Reader, location: str | None, least: int | None) -> StockRow | Skipped:
    line_number = reader.line.number
    location = location or reader.read("location", cells.text)
    place = f" at {cells.printable(location)}" if location else ""
    # Who typed into "On hand (new)" has counted since the export.
    key = "new" if reader.read("new", cells.text) else "current"
    if (reader.read(key, cells.text) or "").casefold() == _NOT_STOCKED:
        return Skipped(line_number, f"Not stocked{place} (which is not zero).")
    on_hand = reader.read(key, partial(cells.units, least=least))
    if on_hand is None:
        return Skipped(line_number, f"Shopify gives no number{place} (which is not zero).")
    sku = reader.read("sku", cells.identifier)
    if sku is None:
        raise RowError("It has stock but no SKU; give it one in the shop.")
    return StockRow(
        line_number=line_number,
        sku=sku,
        location=location,
        name=_name(reader),
        on_hand=on_hand,
        gtin=reader.read("barcode", cells.identifier),
    )


def _name(reader: Reader) -> str | None:
    """The title and the option values; Shopify's `Default Title` of products without variants is left out."""
    title = reader.read("title", cells.text)
    values = [reader.read(key, cells.text) for key in ("option1", "option2", "option3")]
    options = " / ".join(value for value in values if value and value != "Default Title")
    return f"{title} - {options}" if title and options else title
