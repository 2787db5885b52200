"""Which column of a file means what: header words in the languages of this house, matched whatever their case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from syncd.files.cells import Cell, CellError, fold, printable
from syncd.files.table import Line, Table
from syncd.files.values import FileError

T = TypeVar("T")

STOCK_HEADERS: dict[str, str] = {
    "sku": "SKU",
    "location": "Location",
    "name": "Name",
    "category": "Category",
    "on_hand": "On hand",
    "buffer": "Buffer",
    "cap": "Cap",
    "cut_off": "Cut off",
    "reorder_point": "Reorder point",
    "supplier": "Supplier",
    "lead_time_days": "Lead time days",
    "cost": "Cost",
    "pack_size": "Pack size",
    "minimum_order": "Minimum order",
    "gtin": "GTIN",
}
"""The columns of our own stock file, in their order: field of `StockRow` → the word in the header."""

STOCK_SYNONYMS: dict[str, tuple[str, ...]] = {
    "sku": ("item code", "product code", 'מק"ט', "kod produktu", "varenummer", "货号", "商品编码"),
    "location": ("warehouse", "מחסן", "magazyn", "仓库"),
    "name": ("product", "product name", "title", "שם", "שם מוצר", "nazwa", "navn", "varenavn", "名称", "商品名称"),
    "category": ("קטגוריה", "kategoria", "kategori", "类别"),
    "on_hand": (
        *("stock", "quantity", "qty", "count", "counted", "מלאי", "כמות", "ilość", "stan magazynowy"),
        *("antal", "beholdning", "lagerbeholdning", "库存", "数量"),
    ),
    "buffer": ("safety buffer", "safety stock"),
    "cap": ("maximum",),
    "reorder_point": ("low stock", "low stock amount", "minimum stock"),
    "supplier": ("vendor", "ספק", "dostawca", "leverandør", "供应商"),
    "lead_time_days": ("lead time",),
    "cost": ("unit cost", "cost price", "purchase price", "cost of goods"),
    "pack_size": ("case size",),
    "minimum_order": ("moq", "minimum order quantity"),
    "gtin": ("ean", "upc", "barcode", "isbn", "GTIN, UPC, EAN, or ISBN"),
}

MAP_HEADERS: dict[str, str] = {
    "channel": "Channel",
    "listing_id": "Listing id",
    "parent_id": "Parent id",
    "sku": "SKU",
    "primary": "Primary",
    "accept": "Accept",
    "name": "Name",
    "options": "Options",
    "gtin": "GTIN",
    "shown": "Shown",
}
"""The columns of a map file, in their order: field of `MapRow` → the word in the header."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the word that stands above it, safe to print, and its place from 0."""

    header: str
    place: int


Columns = Mapping[str, Column]


class RowError(ValueError):
    """A row cannot be taken; the message is the whole sentence."""


def find_columns(
    header: Sequence[str], words: Mapping[str, str], synonyms: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, Column]:
    """The columns that a header names, by key.

    Raises:
        FileError: two columns mean the same.
    """
    meaning = {fold(word): key for key, word in words.items()}
    for key, others in (synonyms or {}).items():
        meaning.update((fold(word), key) for word in others)
    found: dict[str, Column] = {}
    for place, word in enumerate(header):
        meant = meaning.get(fold(word))
        if meant is None:
            continue
        if meant in found:
            raise FileError(
                f'Two columns mean the same: "{found[meant].header}" and "{printable(word)}".',
                hint="Delete or rename one of them.",
            )
        found[meant] = Column(printable(word), place)
    return found


@dataclass(frozen=True, slots=True)
class Reader:
    """One line of a file, read by column key."""

    line: Line
    columns: Columns

    def read(self, key: str, parse: Callable[[Cell], T]) -> T:
        """What `parse` makes of the cell under this key; of an empty cell where the file has no such column.

        Raises:
            RowError: the cell cannot be taken; the sentence begins with the file's own word for the column.
        """
        column = self.columns.get(key)
        if column is None:
            return parse("")
        try:
            return parse(self.line.cells[column.place])
        except CellError as error:
            raise RowError(f"{column.header} {error}.") from None


def unknown_header(table: Table, needed: str) -> FileError:
    """The error of a file whose header is none that is known."""
    found = printable(", ".join(word for word in table.header if word), 300)
    return FileError(f"The columns are not known: {found}.", hint=needed)
