"""Owners' files: stock and map files read and written. No database, no network; a file in, frozen values out."""

from connectors.tables.values import BadRow
from syncd.files.deliveries_file import read_deliveries
from syncd.files.map_file import read_map
from syncd.files.stock_file import read_stock
from syncd.files.values import (
    FileError,
    MapFile,
    MapRow,
    Skipped,
    StockFile,
    StockFileKind,
    StockRow,
)
from syncd.files.writing import FileFormat, write_map, write_stock, write_table

__all__ = [
    "BadRow",
    "FileError",
    "FileFormat",
    "MapFile",
    "MapRow",
    "Skipped",
    "StockFile",
    "StockFileKind",
    "StockRow",
    "read_deliveries",
    "read_map",
    "read_stock",
    "write_map",
    "write_stock",
    "write_table",
]
