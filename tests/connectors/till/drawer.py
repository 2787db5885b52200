"""A till's folder, a clock that moves when it is told to, and what the connector tells of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.contract import OrderPage, SettingValue, Surroundings
from connectors.till.connector import Till

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HEADER = "receipt,time,sku,units\n"
SHOE, BAG = "SHOE-39", "BAG-1"


def line(receipt: str = "1", time: str = "2026-11-25 10:00:00", sku: str = SHOE, units: object = 1) -> str:
    return f"{receipt},{time},{sku},{units}\n"


@dataclass
class Drawer:
    """The folder, and a connector to it; `told` are the units of each line ever told, by its identity."""

    folder: Path
    now: datetime = NOON
    settings: dict[str, SettingValue] = field(default_factory=dict)
    cursor: str | None = None
    told: dict[tuple[str, str], int] = field(default_factory=dict)

    def till(self) -> Till:
        around = Surroundings(now=lambda: self.now, zone=ZoneInfo("Asia/Jerusalem"))
        return Till("till", {"FOLDER": str(self.folder), **self.settings}, around)

    def put(self, name: str, content: str | bytes, *, ago: timedelta = timedelta(minutes=5)) -> Path:
        """Write a file that changed so long ago."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.age(path, ago)
        return path

    def age(self, path: Path, ago: timedelta) -> None:
        instant = (self.now - ago).timestamp()
        os.utime(path, (instant, instant))

    def pages(self) -> list[OrderPage]:
        """One poll; the cursor is kept, as the engine does."""
        pages = []
        for page in self.till().orders(self.cursor):
            self.cursor = page.cursor
            pages.append(page)
            for order in page.orders:
                for one in order.lines:
                    self.told[order.id, one.line_id] = one.fulfilled - one.returned
        return pages

    def poll(self) -> dict[str, int]:
        """One poll; units sold so far by SKU, each line once."""
        self.pages()
        sums: dict[str, int] = {}
        for (_, line_id), units in self.told.items():
            sku = line_id.rsplit("/", 2)[0]
            sums[sku] = sums.get(sku, 0) + units
        return sums

    def parked(self) -> list[str]:
        """What a poll says cannot be read."""
        return [item.reason for page in self.pages() for item in page.parked]

    @property
    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
