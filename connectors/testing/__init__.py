"""The promises of `connectors.contract`, as tests for any connector. Needs pytest.

A connector's own tests give the suite a *rig*: a shop (real, practice, or in RAM) that the suite can drive as customers
and shopkeepers would, and what of it can be done there:

    from connectors.testing import Capability, ContractSuite

    class TestAcme(ContractSuite):
        capabilities = frozenset({Capability.SALES, Capability.LISTINGS, Capability.STOCK, Capability.SHIP})

        @pytest.fixture
        def rig(self):
            with AcmeShop() as shop:
                yield AcmeRig(shop)

The suite asks for capabilities, never for a vendor. Tests of what is not claimed are not collected.
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in ("conduct", "listings", "news", "notices", "rig", "sales", "supply", "telling", "writes")
    )
)

from connectors.testing.conduct import ConductPromises  # noqa: E402 - pytest must be told before it is imported
from connectors.testing.listings import ListingPromises  # noqa: E402
from connectors.testing.news import NewsPromises  # noqa: E402
from connectors.testing.notices import NoticePromises  # noqa: E402
from connectors.testing.rig import OF_A_SHOP, Capability, Rig  # noqa: E402
from connectors.testing.sales import SalesPromises  # noqa: E402
from connectors.testing.supply import SupplyPromises  # noqa: E402
from connectors.testing.telling import TellingPromises  # noqa: E402
from connectors.testing.writes import WritePromises  # noqa: E402

__all__ = ["OF_A_SHOP", "Capability", "ContractSuite", "Rig"]


class ContractSuite(
    ConductPromises,
    ListingPromises,
    NewsPromises,
    NoticePromises,
    SalesPromises,
    SupplyPromises,
    TellingPromises,
    WritePromises,
):
    """Every promise of the contract. A subclass sets `capabilities` and gives the fixture `rig`, new for each test."""
