"""An import of a shop's export, whole, on both databases: it writes many rows with few statements of their dialects."""

from __future__ import annotations

from decimal import Decimal

from syncd.domain.availability import Buffer
from syncd.domain.rules import Limits
from syncd.files import StockFile, StockFileKind, StockRow
from syncd.storage import catalogue, ledger
from syncd.storage.session import Database
from syncd.sync import stocktake
from tests.engine.world import World


def test_an_import_with_open_orders_fields_and_rules_is_the_same_on_both_databases(database: Database) -> None:
    world = World(database, skus=("SHOE", "HAT"))
    shop = world.shops["delta0"]
    shop.buy(world.listing("delta0", "SHOE"), 3)
    world.clock.sleep(60)
    rows = (
        StockRow(2, "SHOE", name="Shoe", on_hand=7, buffer=Buffer(percent=10), cost=Decimal("12.50")),
        StockRow(3, "HAT", on_hand=10, cap=5, cut_off=2),
        StockRow(4, "NEW", location="Attic", on_hand=4, reorder_point=0, pack_size=6),
    )
    file = StockFile(StockFileKind.WOOCOMMERCE, "utf-8", ",", rows, (), (), shows_available=True)
    for _ in range(2):
        found = stocktake.look(world.house, file, counted_at=world.clock(), channel="delta0")
        stocktake.commit(world.house, found)
        stocktake.commit(world.house, found)
    assert (found.moved, found.fields, found.rules) == ((), (), ())
    with database.read() as tx:
        names = {sku.id: sku.sku for sku in catalogue.all_skus(tx)}
        assert {names[sku_id]: (pool.own, pool.reserved) for sku_id, pool in ledger.pools(tx).items()} == {
            "SHOE": (10, 3), "HAT": (10, 0), "NEW": (4, 0)
        }  # fmt: skip
        assert {rule.value: rule.limits for rule in catalogue.scoped_limits(tx)} == {
            "SHOE": Limits(buffer=Buffer(percent=10)),
            "HAT": Limits(cap=5, cut_off=2),
            "NEW": Limits(reorder_point=0),
        }
        assert ledger.audit(tx) == []
