"""The promises of the contract, for this connector. Where the package is installed: `pytest contract_of_acme.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme_shop.shop import AcmeShop

from connectors import registry
from connectors.contract import Connector, ListingRef, Surroundings
from connectors.testing import Capability, ContractSuite


class AcmeRig:
    secrets = ()
    batch_limit = 3

    def __init__(self, folder: Path) -> None:
        self.file, self.hidden = folder / "shop.json", folder / "shop.away"
        self.shop = AcmeShop(self.file)
        self.shop.found()
        self.cancel, self.ship, self.lose_next_answer = self.shop.cancel, self.shop.ship, self.shop.lose_next_answer

    def connector(self) -> Connector:
        return registry.find("acme_memory")("acme", {"SHOP": str(self.file)}, Surroundings())

    def add_listing(self, sku: str | None, shown: int) -> ListingRef:
        return ListingRef(self.shop.add(sku, shown))

    def remove_listing(self, ref: ListingRef) -> None:
        self.shop.remove(ref.id)

    def shown(self, ref: ListingRef) -> int:
        self.come_back()
        return self.shop.shown(ref.id)

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        self.shop.type_in(ref.id, shown)

    def buy(self, ref: ListingRef, units: int = 1) -> str:
        return self.shop.buy(ref.id, units)

    def catch_up(self) -> None:
        """Nothing trails behind."""

    def go_down(self) -> None:
        self.file.rename(self.hidden)

    def come_back(self) -> None:
        if self.hidden.exists():
            self.hidden.rename(self.file)


class TestAcme(ContractSuite):
    capabilities = frozenset({Capability.SALES, Capability.LISTINGS, Capability.STOCK, Capability.SHIP})

    @pytest.fixture
    def rig(self, tmp_path: Path) -> AcmeRig:
        return AcmeRig(tmp_path)
