"""A supplier with a feed in RAM, and a house that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.contract import Finding, Parked, Supplies, Supply, Unavailable
from syncd.domain.availability import ON_HAND, Pool
from syncd.storage import incidents
from syncd.storage.incidents import Incident
from syncd.sync.cycle import remember_channels
from syncd.sync.house import Port
from syncd.texts.wording import Wording
from tests.engine.world import World

EVERYTHING = ON_HAND | {Pool.INCOMING, Pool.SUPPLIER, Pool.PRE_ORDER}


@dataclass
class Supplier:
    """What the supplier writes; reading it again without a change brings nothing."""

    written_at: datetime
    units: dict[str, int | None] = field(default_factory=dict)
    columns: tuple[str, ...] = ("Article", "Stock")
    lead_time_days: int | None = 5
    parked: tuple[Parked, ...] = ()
    down: bool = False
    kind = "supplier_feed"
    SETTINGS = ()

    def check(self) -> Sequence[Finding]:
        return ()

    def close(self) -> None:
        """Nothing is open."""

    def supplies(self, known: str | None) -> Supplies | None:
        if self.down:
            raise Unavailable("The supplier does not answer.")
        version = repr((sorted(self.units.items()), self.columns, self.lead_time_days))
        found = tuple(Supply(sku, units, self.lead_time_days) for sku, units in self.units.items())
        return Supplies(version, self.written_at, found, self.columns, self.parked, len(found))


def with_supplier(world: World, *, trust_percent: int = 100, silent_after: timedelta = timedelta(hours=36)) -> Supplier:
    """A supplier whose stock every shop of the world sells, and buyers read what a number means."""
    supplier = Supplier(world.clock())
    acme = Port("acme", "supplier_feed", supplier, silent_after=silent_after, trust_percent=trust_percent)
    ports = tuple(replace(port, sells=EVERYTHING, wording=Wording("en")) for port in world.house.ports)
    world.house = replace(world.house, ports=(*ports, acme))
    remember_channels(world.house)
    return supplier


def open_incidents(world: World) -> list[Incident]:
    with world.db.read() as tx:
        return incidents.open_incidents(tx)
