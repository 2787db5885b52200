"""What is read from an owner's file: frozen values. ``None`` means that the file says nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from connectors.tables.cells import printable
from connectors.tables.values import BadRow, TableError
from syncd.domain.availability import Buffer
from syncd.errors import CONFIGURATION, SyncdError


class FileError(SyncdError):
    """A file cannot be read or written as a whole; single bad rows are not errors but `BadRow`s."""

    exit_code = CONFIGURATION

    def about(self, path: Path) -> FileError:
        """The same error with the name of the file in front."""
        return FileError(f"{printable(path.name or str(path), 80)}: {self.sentence}", hint=self.hint)


@contextmanager
def telling_of(path: Path) -> Iterator[None]:
    """Whatever cannot be read in here becomes a `FileError` that names the file."""
    try:
        yield
    except TableError as error:
        raise FileError(str(error), hint=error.hint).about(path) from None
    except FileError as error:
        raise error.about(path) from None


class StockFileKind(StrEnum):
    """Who wrote the file, recognised by its header."""

    SYNCD = "syncd"
    WOOCOMMERCE = "woocommerce"
    SHOPIFY = "shopify"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is in order but no unit of stock (a parent product, a place where the SKU is not stocked)."""

    line_number: int
    reason: str


@dataclass(frozen=True, slots=True)
class StockRow:
    """What one row says of a SKU at a location; the stock file's columns, in their order.

    `on_hand` is what the file shows; negative only where `StockFile.shows_available`.
    """

    line_number: int
    sku: str
    location: str | None = None
    name: str | None = None
    category: str | None = None
    on_hand: int | None = None
    buffer: Buffer | None = None
    cap: int | None = None
    cut_off: int | None = None
    reorder_point: int | None = None
    supplier: str | None = None
    lead_time_days: int | None = None
    cost: Decimal | None = None
    pack_size: int | None = None
    minimum_order: int | None = None
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class StockFile:
    """A stock file as read.

    `encoding` and `delimiter` are what was taken, ``None`` for a spreadsheet. `shows_available`: the numbers are what
    the shop shows to buyers; units of its open orders come on top before it is a count (design.md §3.10).
    `warnings` are sentences about the whole file.
    """

    kind: StockFileKind
    encoding: str | None
    delimiter: str | None
    rows: tuple[StockRow, ...]
    bad_rows: tuple[BadRow, ...]
    skipped: tuple[Skipped, ...]
    shows_available: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What one row says of a delivery. `expected_on` is a day in the shop's time zone."""

    line_number: int
    sku: str
    units: int
    expected_on: date | None = None
    supplier: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveriesFile:
    """A file of deliveries as read."""

    rows: tuple[DeliveryRow, ...]
    bad_rows: tuple[BadRow, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MapRow:
    """What one row of a map file says of a listing. Columns after `accept` are for the reader's eye."""

    line_number: int
    channel: str
    listing_id: str
    parent_id: str | None = None
    sku: str | None = None
    primary: bool | None = None
    accept: bool | None = None
    name: str | None = None
    options: str | None = None
    gtin: str | None = None
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class MapFile:
    """A map file as read; the fields as in `StockFile`."""

    encoding: str | None
    delimiter: str | None
    rows: tuple[MapRow, ...]
    bad_rows: tuple[BadRow, ...]
    warnings: tuple[str, ...] = ()
