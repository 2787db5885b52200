"""WooCommerce's own product export (Products > Export).

What is relied on was read in a real export and in the exporter's source (`class-wc-product-csv-exporter.php`): Stock is
empty where the product does not count its stock, `parent` (in some versions empty) where a variation's parent does;
Parent is the parent's SKU, or `id:12` where it has none; Type may carry `, virtual, downloadable`; commas inside a
listed value are written as `\\,`; a value that a spreadsheet would run gets an apostrophe in front.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from connectors.tables import cells
from connectors.tables.cells import fold
from connectors.tables.columns import Reader, RowError, find_columns
from connectors.tables.table import Table
from connectors.tables.values import BadRow
from syncd.files.columns import STOCK_SYNONYMS
from syncd.files.findings import Findings
from syncd.files.values import FileError, Skipped, StockRow

HEADERS = {
    "id": "ID",
    "type": "Type",
    "sku": "SKU",
    "gtin": "GTIN, UPC, EAN, or ISBN",
    "name": "Name",
    "stock": "Stock",
    "low_stock": "Low stock amount",
    "categories": "Categories",
    "parent": "Parent",
    "cost": "Cost of goods",
}
_NEEDED = ("type", "sku", "stock", "parent")
_TYPES = frozenset(("simple", "variable", "variation", "grouped", "external"))
_VARIATIONS = frozenset(("variation", "subscription_variation"))
_PARENTS = frozenset(("variable", "variable-subscription"))
_NEVER_STOCKED = frozenset(("grouped", "external"))
_ATTRIBUTE_VALUES = re.compile(r"Attribute [0-9]+ value\(s\)")
_LIST_COMMA = re.compile(r"(?<!\\),")


def recognises(header: tuple[str, ...]) -> bool:
    """True for the header of WooCommerce's product export in English, also where columns are left out."""
    folded = {fold(word) for word in header}
    return {"type", "sku"} <= folded and bool(folded & {"published", "instock", "backordersallowed", "parent"})


def looks_translated(table: Table) -> bool:
    """True for a product export with its header in another language: the types in its rows are English in all."""
    first = [line.cells for line in table.lines[:5] if len(line.cells) > 8]
    return bool(first) and all(
        isinstance(row[1], str) and row[1].split(",")[0] in _TYPES and str(row[0]).isdigit() for row in first
    )


def read(table: Table) -> Findings:
    """Every product and variation that counts its stock.

    Where a parent counts for its variations, the parent is the SKU (design.md §3.10). Stock is what the shop shows:
    units that open orders have taken are already subtracted.

    Raises:
        FileError: a column that is needed was left out of the export.
    """
    columns = find_columns(table.header, HEADERS, {"gtin": STOCK_SYNONYMS["gtin"]})
    missing = [HEADERS[key] for key in _NEEDED if key not in columns]
    if missing:
        raise FileError(
            f"This WooCommerce export has no column {', '.join(missing)}.", hint="Export all columns and try again."
        )
    attributes = [place for place, word in enumerate(table.header) if _ATTRIBUTE_VALUES.fullmatch(word)]
    products: list[_Product] = []
    bad_rows: list[BadRow] = []
    for line in table.lines:
        try:
            products.append(_product(Reader(line, columns), attributes))
        except RowError as error:
            bad_rows.append(BadRow(line.number, str(error), line.sample))
    by_reference = {reference: product for product in products for reference in product.references}
    variations: dict[str, list[_Product]] = defaultdict(list)
    for product in products:
        if product.parent is not None:
            variations[product.parent].append(product)

    rows: list[StockRow] = []
    skipped: list[Skipped] = []
    for product in products:
        line = product.reader.line
        parent = by_reference.get(product.parent or "")
        children = [child for reference in product.references for child in variations.get(reference, ())]
        reason = _why_no_unit(product, parent, children)
        if reason:
            skipped.append(Skipped(line.number, reason))
            continue
        try:
            rows.append(_row(product, parent))
        except RowError as error:
            bad_rows.append(BadRow(line.number, str(error), line.sample))
    return Findings(tuple(rows), tuple(bad_rows), tuple(skipped))


@dataclass(frozen=True, slots=True)
class _Product:
    reader: Reader
    type: str
    references: tuple[str, ...]  # how a variation may name it: `id:12`, its SKU
    parent: str | None
    stock: str | None  # as written; None or "parent" where it has no number of its own
    attribute_values: tuple[str, ...]

    @property
    def counts(self) -> bool:
        return self.stock not in (None, "parent")


def _product(reader: Reader, attributes: Sequence[int]) -> _Product:
    product_id = reader.read("id", cells.identifier)
    sku = reader.read("sku", cells.identifier)
    references = ([f"id:{product_id}"] if product_id else []) + ([sku] if sku else [])
    values = (reader.line.cells[place] for place in attributes)
    return _Product(
        reader=reader,
        type=(reader.read("type", cells.text) or "").split(",")[0].strip().casefold(),
        references=tuple(references),
        parent=reader.read("parent", cells.identifier),
        stock=reader.read("stock", cells.text),
        attribute_values=tuple(value.strip() for value in values if isinstance(value, str) and value.strip()),
    )


def _why_no_unit(product: _Product, parent: _Product | None, variations: Sequence[_Product]) -> str | None:
    """Why this row is no unit of stock; ``None`` where it is one."""
    if product.type in _NEVER_STOCKED:
        return f"A product of the type {product.type} has no stock of its own."
    if product.type in _PARENTS:
        if not product.counts:
            return "A parent product has no stock; its variations have."
        if variations and all(variation.counts for variation in variations):
            return "Each variation of this parent counts its own stock; the parent's number is not in use."
        return None
    if product.counts:
        return None
    if product.stock == "parent" or (product.type in _VARIATIONS and parent is not None and parent.counts):
        return "Its parent counts the stock."
    return "The shop does not count its stock (which is not zero)."


def _row(product: _Product, parent: _Product | None) -> StockRow:
    reader = product.reader
    sku = reader.read("sku", cells.identifier)
    if sku is None:
        raise RowError("It counts stock but has no SKU; give it one in the shop.")
    return StockRow(
        line_number=reader.line.number,
        sku=sku,
        name=_name(product),
        category=_category(product) or (_category(parent) if parent else None),
        on_hand=reader.read("stock", partial(cells.units, least=None)),
        reorder_point=reader.read("low_stock", cells.units),
        cost=reader.read("cost", cells.price),
        gtin=reader.read("gtin", cells.identifier),
    )


def _name(product: _Product) -> str | None:
    """The name; a variation's attribute values follow where WooCommerce left them out of it."""
    name = product.reader.read("name", cells.text)
    if name is None or product.type not in _VARIATIONS:
        return name
    missing = [value for value in product.attribute_values if value.casefold() not in name.casefold()]
    return f"{name} - {', '.join(missing)}" if missing else name


def _category(product: _Product) -> str | None:
    """The first category of a product, with the path that leads to it."""
    categories = product.reader.read("categories", cells.text) or ""
    return _LIST_COMMA.split(categories)[0].replace("\\,", ",").strip() or None
