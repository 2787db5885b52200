"""What a cell says of a safety buffer."""

from __future__ import annotations

from connectors.tables.cells import Cell, CellError, plain_text, seen, units
from syncd.domain.availability import Buffer


def buffer(cell: Cell) -> Buffer | None:
    """A safety buffer, "2" or "10%"; ``None`` where the cell is empty.

    Raises:
        CellError: neither units nor a whole percentage up to 100.
    """
    written = plain_text(cell).strip()
    if not written.endswith("%"):
        held_back = units(cell)
        return None if held_back is None else Buffer(units=held_back)
    percent = units(written.removesuffix("%").rstrip())
    if percent is None or percent > 100:
        raise CellError(f'"{seen(cell)}" is not a percentage from 0% to 100%')
    return Buffer(percent=percent)
