"""A supplier in RAM: what its feed says as the test lets it, and the connector that reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from connectors.contract import Finding, Setting, Supplies, Supply, Unavailable

COLUMNS = ("Article", "Stock")
STRANGER = "NOT-OURS-1"
"""A SKU that the master table lacks stands in every feed."""


@dataclass
class Supplier:
    """`says`: units by SKU, ``None`` where the feed does not say. `on_told` hears each reading before the engine."""

    now: Callable[[], datetime]
    says: dict[str, int | None] = field(default_factory=dict)
    lead_time_days: int | None = None
    columns: tuple[str, ...] = COLUMNS
    down: bool = False
    on_told: Callable[[str | None, Supplies | None], None] = lambda _known, _read: None

    def __post_init__(self) -> None:
        self.stated_at = self.now()

    def write(self, says: Mapping[str, int | None], columns: tuple[str, ...] = COLUMNS) -> None:
        """Write the feed anew, as of now."""
        self.says, self.columns, self.stated_at = dict(says), columns, self.now()

    @property
    def feed(self) -> Supplies:
        rows = [*self.says.items(), (STRANGER, 99)]
        return Supplies(
            version=f"{self.columns} {sorted(self.says.items())}",
            stated_at=self.stated_at,
            supplies=tuple(Supply(sku, units, self.lead_time_days) for sku, units in rows),
            columns=self.columns,
            rows=len(rows),
        )


class MemoryFeed:
    """The connector to a supplier in RAM. What it told last is forgotten with the process, as with a real one."""

    kind: ClassVar[str] = "memory feed"
    SETTINGS: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, supplier: Supplier) -> None:
        self._supplier = supplier
        self._told: datetime | None = None

    def check(self) -> Sequence[Finding]:
        return ()

    def close(self) -> None:
        """Nothing to let go of."""

    def supplies(self, known: str | None) -> Supplies | None:
        if self._supplier.down:
            raise Unavailable("The supplier does not answer.")
        read = self._supplier.feed
        fresh = read if read.version != known or read.stated_at != self._told else None
        self._told = read.stated_at
        self._supplier.on_told(known, fresh)
        return fresh
