"""A house whose only channel is a till: its folder, the books, and what people do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.contract import SettingValue, Surroundings
from connectors.till.connector import Till
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, channels, incidents, ledger
from syncd.storage.leases import Holder
from syncd.storage.session import Database
from syncd.sync.cycle import Report, leased, sync
from syncd.sync.house import House, Port
from tests.engine.world import Clock

HEADER = "receipt;time;sku;units\n"
SHELF, QUARANTINE = catalogue.OWN_SHELF, catalogue.QUARANTINE


@dataclass
class Counter:
    """A till beside an empty street. Times in its files are those of Copenhagen, an hour ahead of UTC in November."""

    db: Database
    folder: Path
    returns_to: str = QUARANTINE
    clock: Clock = field(default_factory=Clock)
    settings: dict[str, SettingValue] = field(default_factory=dict)
    kind: type[Till] = Till

    def __post_init__(self) -> None:
        self.db.lease_time = lambda _tx: None  # leases, too, go by the clock of this world
        self.folder.mkdir(exist_ok=True)
        around = Surroundings(now=self.clock, zone=ZoneInfo("Europe/Copenhagen"))
        till = self.kind("till", {"FOLDER": str(self.folder), **self.settings}, around)
        port = Port("till", "till", till, silent_after=timedelta(hours=26))
        self.house = House(self.db, (port,), returns_to=self.returns_to, now=self.clock, sleep=self.clock.sleep)
        with leased(self.house):
            pass
        with self.db.write() as tx:
            catalogue.location(tx, SHELF)
            catalogue.location(tx, QUARANTINE, StockClass.QUARANTINE)

    @property
    def port(self) -> Port:
        return self.house.ports[0]

    def restart(self) -> None:
        """Another process takes over."""
        self.house = replace(self.house, holder=Holder())

    def local(self, instant: datetime) -> str:
        return f"{instant.astimezone(ZoneInfo('Europe/Copenhagen')):%Y-%m-%d %H:%M:%S}"

    def drop(self, name: str, *sold: tuple[str, datetime, str, int], ago: timedelta = timedelta(minutes=1)) -> Path:
        """The till writes a file of these lines: receipt, time, SKU, units."""
        path = self.folder / name
        lines = (f"{receipt};{self.local(at)};{sku};{units}\n" for receipt, at, sku, units in sold)
        path.write_text(HEADER + "".join(lines), encoding="utf-8")
        self.age(path, ago)
        return path

    def age(self, path: Path, ago: timedelta) -> None:
        instant = (self.clock() - ago).timestamp()
        os.utime(path, (instant, instant))

    def sync(self) -> Report:
        return sync(self.house)

    def know(self, sku: str) -> int:
        with self.db.write() as tx:
            return catalogue.ensure(tx, sku)

    def count(self, sku: str, units: int, at: datetime | None = None) -> None:
        counted_at = at or self.clock()
        with self.db.write() as tx:
            ledger.count(
                tx,
                sku_id=catalogue.ensure(tx, sku),
                location_id=catalogue.location(tx, SHELF),
                counted=units,
                counted_at=counted_at,
                event_id=f"test/count/{sku}/{counted_at.isoformat()}",
                reason="count",
                now=self.clock(),
            )

    def at(self, sku: str, place: str = SHELF) -> int:
        """Units there; the sums of the ledger are proven on the way."""
        with self.db.read() as tx:
            assert ledger.audit(tx) == []
            sku_id = catalogue.ids(tx)[sku]
            assert ledger.pools(tx, [sku_id])[sku_id].reserved == 0
            levels = catalogue.levels_by_sku(tx, [sku_id]).get(sku_id, [])
        return sum(level.on_hand for level in levels if level.location == place)

    @property
    def channel(self) -> channels.Channel:
        with self.db.read() as tx:
            found = channels.get(tx, "till")
        assert found is not None
        return found

    @property
    def incidents(self) -> list[incidents.Incident]:
        with self.db.read() as tx:
            return incidents.open_incidents(tx)
