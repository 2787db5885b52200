"""What the owner sets for a SKU, a category or a supplier: buffer, cap, cut-off, reorder point (`syncd set`, N5)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from syncd.domain.availability import Buffer
from syncd.domain.rules import Scope
from syncd.storage import catalogue, ledger
from syncd.storage.catalogue import Sku
from syncd.storage.session import Tx
from syncd.sync.desk import known_sku
from syncd.sync.house import House, Refusal

REORDER_POINT = "reorder_point"


@dataclass(frozen=True, slots=True)
class Changes:
    """What to set. A field of ``None`` in `numbers` (cap, cut_off, reorder_point) is taken back; so is `buffer`."""

    numbers: Mapping[str, int | None]
    sets_buffer: bool = False
    buffer: Buffer | None = None

    def columns(self) -> dict[str, int | None]:
        """The columns of `storage.schema.rules` to write."""
        columns = dict(self.numbers)
        if self.sets_buffer:
            percent = self.buffer.percent if self.buffer is not None else 0
            columns["buffer_percent"] = percent or None
            columns["buffer_units"] = None if self.buffer is None or percent else self.buffer.units
        return columns


def set_rule(house: House, scope: Scope, value: str, channel: str | None, changes: Changes) -> list[str]:
    """Write a rule; the SKUs that it is about. The next sync tells the shops, lowerings first.

    Raises:
        Refusal: there is no such SKU, category, supplier or channel, or a reorder point is set for one channel.
    """
    if channel is not None:
        house.port(channel)
        if REORDER_POINT in changes.numbers:
            raise Refusal("A reorder point holds for all channels: it is about the shelf", "Set it without --channel.")
    with house.db.write() as tx:
        concerned = _concerned(tx, scope, value)
        catalogue.set_limits(tx, scope, value, channel, changes.columns())
        ledger.raise_again(tx, [sku.id for sku in concerned])
    return [sku.sku for sku in concerned]


def _concerned(tx: Tx, scope: Scope, value: str) -> list[Sku]:
    if scope is Scope.SKU:
        return [known_sku(tx, value)]
    every = catalogue.all_skus(tx)
    of = {sku.id: sku.category if scope is Scope.CATEGORY else sku.supplier for sku in every}
    found = [sku for sku in every if of[sku.id] == value]
    if not found:
        near = difflib.get_close_matches(value, sorted({name for name in of.values() if name}), n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else "They come with an import file: syncd import FILE"
        raise Refusal(f"No SKU has the {scope.value} {value}", hint)
    return found
