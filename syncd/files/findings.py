"""What a format's reader found, and what rows say against one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connectors.tables.cells import printable
from connectors.tables.values import BadRow
from syncd.domain.stock import twin_key
from syncd.files.values import Skipped, StockRow

_SAID_OF_THE_SKU = (
    *("name", "category", "buffer", "cap", "cut_off", "reorder_point", "supplier", "lead_time_days", "cost"),
    *("pack_size", "minimum_order", "gtin"),
)
"""Fields that belong to the SKU, whatever the location."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The rows of a file in one of its formats, each looked at alone."""

    rows: tuple[StockRow, ...]
    bad_rows: tuple[BadRow, ...]
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()


def quarrels(rows: Sequence[StockRow]) -> list[BadRow]:
    """Rows that cannot all be true, every one of them: nobody but the owner knows which is right.

    SKUs that differ only by case or blanks, a SKU twice at one location, rows of one SKU that say different things of
    it.
    """
    found: dict[int, str] = {}
    for twins in _groups(rows, lambda row: twin_key(row.sku)):
        spellings = sorted({row.sku for row in twins})
        if len(spellings) > 1:
            names = " and ".join(f'"{printable(sku)}"' for sku in spellings)
            reason = f"The SKUs {names} (lines {_lines(twins)}) differ only by case or blanks."
            found.update((row.line_number, reason) for row in twins)
            continue
        for same_place in _groups(twins, lambda row: (row.location or "").casefold()):
            if len(same_place) > 1:
                place = f" at {same_place[0].location}" if same_place[0].location else ""
                reason = (
                    f'The SKU "{printable(spellings[0])}" stands more than once{place} (lines {_lines(same_place)}).'
                )
                found.update((row.line_number, reason) for row in same_place)
        for field in _SAID_OF_THE_SKU:
            said = [row for row in twins if getattr(row, field) is not None]
            if any(getattr(row, field) != getattr(said[0], field) for row in said):
                word = field.replace("_", " ")
                reason = f'The rows of the SKU "{printable(spellings[0])}" (lines {_lines(said)}) differ in {word}.'
                for row in said:
                    found.setdefault(row.line_number, reason)
    return [BadRow(line_number, reason) for line_number, reason in found.items()]


def lost_zeros(skus: Iterable[str]) -> tuple[str, ...]:
    """A warning where zeros at the beginning of SKUs may have been lost in a spreadsheet; they cannot be seen to be."""
    digits = [sku for sku in skus if sku.isascii() and sku.isdigit()]
    if not digits or any(sku.startswith("0") for sku in digits):
        return ()
    return (
        f'{len(digits)} SKUs are digits only (such as "{printable(digits[0])}") and none begins with 0. '
        "If some of yours do, a spreadsheet has dropped the zeros: format the column as text.",
    )


def _groups(rows: Iterable[StockRow], key: Callable[[StockRow], str]) -> Iterable[list[StockRow]]:
    groups: dict[str, list[StockRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def _lines(rows: Sequence[StockRow]) -> str:
    numbers = [str(row.line_number) for row in rows]
    return ", ".join(numbers[:5]) + (", …" if len(numbers) > 5 else "")
