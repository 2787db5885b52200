"""A stock file against the master table: what it would change, and that it changes just that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.domain.availability import Buffer
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.domain.stock import StockClass
from syncd.files import BadRow, StockFile, StockFileKind, StockRow, read_stock, write_stock
from syncd.storage import catalogue, incidents, ledger, listings
from syncd.sync import stocktake
from syncd.sync.house import Refusal
from syncd.sync.stock_changes import FieldChange, Import
from tests.engine.world import World

MakeWorld = Callable[..., World]

SHOE, HAT = "SHOE-39-BLK", "HAT"


def a_file(*rows: StockRow, shown: bool = False, bad: tuple[BadRow, ...] = ()) -> StockFile:
    kind = StockFileKind.WOOCOMMERCE if shown else StockFileKind.SYNCD
    return StockFile(kind, "utf-8", ",", rows, bad, (), shows_available=shown)


def row(sku: str = SHOE, on_hand: int | None = None, *, line: int = 2, **said: object) -> StockRow:
    return StockRow(line, sku, on_hand=on_hand, **said)  # type: ignore[arg-type]


def bring_in(world: World, file: StockFile, *, counted_at: datetime | None = None, **how: object) -> Import:
    found = stocktake.look(world.house, file, counted_at=counted_at or world.clock(), **how)  # type: ignore[arg-type]
    stocktake.commit(world.house, found)
    return found


def on_hand(world: World, sku: str = SHOE, location: str = catalogue.OWN_SHELF) -> int:
    with world.db.read() as tx:
        sku_id = catalogue.ids(tx)[sku]
        return {level.location: level.on_hand for level in catalogue.levels_by_sku(tx, [sku_id])[sku_id]}[location]


def available(world: World, sku: str = SHOE) -> int:
    with world.db.read() as tx:
        return ledger.pools(tx)[catalogue.ids(tx)[sku]].available


def everything(world: World) -> tuple[object, ...]:
    """All that an owner can see of the master table."""
    with world.db.read() as tx:
        levels = {
            sku_id: [(level.location, level.stock_class, level.on_hand) for level in found]
            for sku_id, found in catalogue.levels_by_sku(tx).items()
        }
        skus = [(sku.sku, dict(sku.details), sku.reserved) for sku in catalogue.all_skus(tx)]
        return skus, levels, sorted(map(repr, catalogue.scoped_limits(tx))), ledger.audit(tx)


# -------------------------------------------------------------- counts


def test_a_count_is_what_was_on_the_shelf_at_its_instant_and_sales_since_stay(make_world: MakeWorld) -> None:
    world = make_world()
    world.sync()
    counted_at = world.clock()
    world.clock.sleep(60)
    order = world.shops["delta0"].buy(world.listing("delta0"), 3)
    assert order is not None
    world.shops["delta0"].ship(order)
    world.sync()
    found = bring_in(world, a_file(row(on_hand=20)), counted_at=counted_at)
    (count,) = found.counts
    assert (count.before, count.units, count.after) == (7, 20, 17)
    assert on_hand(world) == 17
    world.assert_books_are_right()


def test_looking_changes_nothing(make_world: MakeWorld) -> None:
    world = make_world()
    before = everything(world)
    stocktake.look(
        world.house, a_file(row(on_hand=3, buffer=Buffer(4), location="Attic"), row("NEW", 5)), counted_at=world.clock()
    )
    assert everything(world) == before


def test_the_same_import_twice_is_one_import(make_world: MakeWorld) -> None:
    world = make_world()
    counted_at = world.clock()
    file = a_file(row(on_hand=3, name="Shoe"), row("NEW", 5))
    found = bring_in(world, file, counted_at=counted_at)
    once = everything(world)
    stocktake.commit(world.house, found)
    assert everything(world) == once
    again = bring_in(world, file, counted_at=counted_at)
    assert everything(world) == once
    assert (again.moved, again.fields, again.new_skus, again.unchanged_rows) == ((), (), (), 2)


def test_a_mistake_in_a_file_is_mended_by_the_same_file_with_the_right_number(make_world: MakeWorld) -> None:
    world = make_world()
    counted_at = world.clock()
    for units in (3, 30, 3):
        bring_in(world, a_file(row(on_hand=units)), counted_at=counted_at)
        assert on_hand(world) == units


def test_a_later_count_stands(make_world: MakeWorld) -> None:
    world = make_world()
    world.clock.sleep(60)
    world.count(SHOE, 8)
    found = bring_in(world, a_file(row(on_hand=50)), counted_at=world.clock() - timedelta(seconds=30))
    assert (found.stands, found.counts) == ((SHOE,), ())
    assert on_hand(world) == 8


def test_a_sku_that_the_file_lacks_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world(skus=(SHOE, HAT))
    found = bring_in(world, a_file(row(HAT, 4)))
    assert found.left_alone == 1
    assert (on_hand(world, SHOE), on_hand(world, HAT)) == (10, 4)


def test_an_empty_number_is_no_zero(make_world: MakeWorld) -> None:
    world = make_world()
    found = bring_in(world, a_file(row(on_hand=None, name="Shoe")))
    assert found.counted_at is None
    assert on_hand(world) == 10


def test_a_count_without_an_instant_or_of_the_future_is_refused(make_world: MakeWorld) -> None:
    world = make_world()
    with pytest.raises(Refusal, match="not said when"):
        stocktake.look(world.house, a_file(row(on_hand=1)), counted_at=None)
    with pytest.raises(Refusal, match="not come yet"):
        stocktake.look(world.house, a_file(row(on_hand=1)), counted_at=world.clock() + timedelta(seconds=1))
    assert stocktake.look(world.house, a_file(row(name="Shoe")), counted_at=None).counts == ()


def test_a_new_location_is_own_stock_and_an_old_one_is_known_whatever_its_capitals(make_world: MakeWorld) -> None:
    world = make_world()
    file = a_file(row(on_hand=5, location="SHELF"), row(on_hand=2, location="Attic"), row("NEW", 1, location="attic"))
    assert bring_in(world, file).new_locations == ("Attic",)
    with world.db.read() as tx:
        assert catalogue.location_names(tx)["Attic"] is StockClass.OWN
    assert (on_hand(world), on_hand(world, location="Attic"), available(world)) == (5, 2, 7)


def test_rows_without_a_location_count_where_the_owner_says(make_world: MakeWorld) -> None:
    world = make_world()
    bring_in(world, a_file(row(on_hand=5)), location="Attic")
    assert (on_hand(world), on_hand(world, location="Attic")) == (10, 5)


# -------------------------------------------------------------- fields and rules


def test_fields_and_rules_that_the_file_says_otherwise_are_told_and_written(make_world: MakeWorld) -> None:
    world = make_world()
    first = row(
        name="Shoe", category="Shoes", supplier="Acme", lead_time_days=14, cost=Decimal("12.50"), pack_size=6,
        minimum_order=12, gtin="4006381333931", buffer=Buffer(units=3), cap=9, cut_off=2, reorder_point=4,
    )  # fmt: skip
    bring_in(world, a_file(first))
    found = bring_in(world, a_file(replace(first, name="Shoe 39", buffer=Buffer(percent=10), cap=None)))
    assert found.fields == (FieldChange(SHOE, "name", "Shoe", "Shoe 39"),)
    assert found.rules == (FieldChange(SHOE, "buffer", Buffer(units=3), Buffer(percent=10)),)
    with world.db.read() as tx:
        sku = catalogue.find(tx, SHOE)
        (rule,) = catalogue.scoped_limits(tx)
    assert sku is not None
    assert dict(sku.details) == {
        "name": "Shoe 39", "category": "Shoes", "supplier": "Acme", "lead_time_days": 14, "cost": "12.50",
        "pack_size": 6, "minimum_order": 12, "gtin": "4006381333931",
    }  # fmt: skip
    assert rule.limits == Limits(Buffer(percent=10), 9, 2, 4)


def test_a_buffer_from_a_file_reaches_the_shops_with_the_next_sync(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    for buffer, shown in ((Buffer(units=5), 5), (Buffer(units=0), 10)):
        bring_in(world, a_file(row(buffer=buffer)))
        world.sync()
        assert [world.shown_in(name) for name in world.shops] == [shown, shown]


# -------------------------------------------------------------- bad rows


def test_nothing_is_imported_when_a_row_is_bad_unless_it_may_be_skipped(make_world: MakeWorld) -> None:
    world = make_world()
    before = everything(world)
    file = a_file(row(on_hand=3), bad=(BadRow(3, "On hand is missing."),))
    found = stocktake.look(world.house, file, counted_at=world.clock())
    with pytest.raises(Refusal, match="1 of its rows"):
        stocktake.commit(world.house, found)
    assert everything(world) == before
    bring_in(world, file, skip_bad_rows=True)
    assert on_hand(world) == 3


def test_a_sku_that_is_nearly_a_known_one_is_a_bad_row(make_world: MakeWorld) -> None:
    world = make_world()
    file = a_file(row("shoe-39-blk", 3, line=7))
    (bad,) = stocktake.look(world.house, file, counted_at=world.clock()).bad_rows
    assert bad.line_number == 7
    assert bad.reason == 'The SKU "shoe-39-blk" differs from "SHOE-39-BLK" of the master table only by case or blanks.'


# -------------------------------------------------------------- too big (N40)


def test_a_file_that_zeroes_or_halves_a_large_share_asks_for_a_yes(make_world: MakeWorld) -> None:
    skus = tuple(f"SKU-{number}" for number in range(10))
    world = make_world(skus=skus, on_hand=40, hold_limits=HoldLimits())

    def asks(*units: int) -> str:
        rows = (row(sku, number, line=line) for line, (sku, number) in enumerate(zip(skus, units, strict=False), 2))
        return stocktake.look(world.house, a_file(*rows), counted_at=world.clock()).asks_why

    assert asks(*[0] * 5, *[40] * 5) == (
        "Of 10 SKUs that were counted before, 5 would be 0, and 0 more would more than double or more than halve"
    )
    assert "0 would be 0, and 10 more" in asks(*[10] * 10)
    assert "5 SKUs" in asks(*[0] * 5)  # of those that the file counts, not of all
    assert asks(*[0] * 4, *[40] * 6) == ""
    assert asks(*[35] * 10) == ""


def test_a_first_count_and_a_move_to_another_location_ask_nobody(make_world: MakeWorld) -> None:
    skus = tuple(f"SKU-{number}" for number in range(10))
    world = make_world(skus=skus, on_hand=40, hold_limits=HoldLimits())
    moved = [one for sku in skus for one in (row(sku, 0, location="shelf"), row(sku, 40, location="Attic"))]
    assert stocktake.look(world.house, a_file(*moved), counted_at=world.clock()).asks_why == ""
    new = [row(f"NEW-{number}", 500) for number in range(10)]
    assert stocktake.look(world.house, a_file(*new), counted_at=world.clock()).asks_why == ""


# -------------------------------------------------------------- the number of a shop


def test_units_of_open_orders_are_added_to_what_the_shop_shows(make_world: MakeWorld) -> None:
    world = make_world()
    world.shops["delta0"].buy(world.listing("delta0"), 3)
    world.clock.sleep(60)
    found = bring_in(world, a_file(row(on_hand=7), shown=True), channel="delta0")
    assert found.counts[0].added_back == 3
    assert (on_hand(world), available(world)) == (10, 7)


def test_an_order_that_came_after_the_export_is_not_added(make_world: MakeWorld) -> None:
    world = make_world()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    shop.buy(listing, 3)
    world.clock.sleep(60)
    exported_at, shown = world.clock(), shop.shown(listing)
    world.clock.sleep(60)
    shop.buy(listing, 2)
    world.clock.sleep(60)
    bring_in(world, a_file(row(on_hand=shown), shown=True), counted_at=exported_at, channel="delta0")
    assert (on_hand(world), available(world)) == (10, 5)
    assert shop.shown(listing) == 5


def test_an_order_that_was_shipped_after_the_export_was_on_the_shelf_then(make_world: MakeWorld) -> None:
    world = make_world()
    world.sync()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    order = shop.buy(listing, 3)
    assert order is not None
    world.clock.sleep(60)
    exported_at, shown = world.clock(), shop.shown(listing)
    world.clock.sleep(60)
    shop.ship(order, 2)
    world.sync()
    found = bring_in(world, a_file(row(on_hand=shown), shown=True), counted_at=exported_at, channel="delta0")
    assert found.counts[0].units == 10
    assert (on_hand(world), available(world)) == (8, 7)


def test_an_order_that_was_shipped_or_cancelled_before_the_export_is_not_added(make_world: MakeWorld) -> None:
    world = make_world()
    world.sync()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    shipped, cancelled = shop.buy(listing, 3), shop.buy(listing, 2)
    assert shipped is not None and cancelled is not None
    shop.ship(shipped)
    shop.cancel(cancelled)
    world.clock.sleep(60)
    bring_in(world, a_file(row(on_hand=shop.shown(listing)), shown=True), channel="delta0")
    assert (on_hand(world), available(world)) == (7, 7)


def test_units_of_an_unpaid_checkout_that_the_shop_does_not_subtract_are_not_added(make_world: MakeWorld) -> None:
    world = make_world()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    shop.buy(listing, 2, held=True)
    world.clock.sleep(60)
    bring_in(world, a_file(row(on_hand=shop.shown(listing)), shown=True), channel="delta0")
    assert (on_hand(world), available(world)) == (10, 8)


def test_a_shop_that_shows_less_than_nothing_has_nothing_on_the_shelf(make_world: MakeWorld) -> None:
    world = make_world()
    found = bring_in(world, a_file(row(on_hand=-4), shown=True), channel="delta0")
    assert found.counts[0].units == 0


def test_a_sku_that_the_shop_calls_otherwise_is_counted_under_our_name(make_world: MakeWorld) -> None:
    world = make_world()
    world.shops["delta0"].rename(world.listing("delta0"), "OLD-NAME")
    world.shops["delta0"].buy(world.listing("delta0"), 1)
    world.clock.sleep(60)
    found = bring_in(world, a_file(row("OLD-NAME", 9), shown=True), channel="delta0")
    assert found.new_skus == ()
    assert on_hand(world) == 10


def test_open_orders_of_new_skus_are_added_and_booked_with_the_import(make_world: MakeWorld) -> None:
    world = make_world()
    shop = world.shops["delta0"]
    hat = shop.add_listing(HAT, 10)
    shop.buy(hat, 4)
    world.sync()
    with world.db.read() as tx:
        assert [incident.kind for incident in incidents.open_incidents(tx)] == [incidents.IncidentKind.UNMAPPED]
    world.clock.sleep(60)
    found = bring_in(world, a_file(row(HAT, 6), shown=True), channel="delta0")
    assert found.new_skus == (HAT,)
    assert (on_hand(world, HAT), available(world, HAT)) == (10, 6)
    with world.db.read() as tx:
        assert incidents.open_incidents(tx) == []
        (listing,) = listings.by_listing_id(tx, "delta0", [hat]).values()
    assert listing.sku_id is not None


def test_a_shop_that_cannot_be_read_is_told_with_the_way_out(make_world: MakeWorld) -> None:
    world = make_world()
    world.shops["delta0"].down_until = world.clock() + timedelta(hours=1)
    file = a_file(row(on_hand=7), shown=True)
    with pytest.raises(Refusal) as refused:
        bring_in(world, file, channel="delta0")
    assert "The open orders of delta0" in refused.value.sentence
    assert "--no-orders" in refused.value.hint
    assert on_hand(world) == 10
    bring_in(world, file, channel="delta0", no_orders=True)
    assert on_hand(world) == 7


def test_a_shops_number_without_a_shop_is_refused_unless_it_has_no_orders(make_world: MakeWorld) -> None:
    world = make_world()
    file = a_file(row(on_hand=7), shown=True)
    with pytest.raises(Refusal, match="no woocommerce channel is configured"):
        bring_in(world, file)
    bring_in(world, file, no_orders=True)
    assert on_hand(world) == 7
    world.house = replace(world.house, ports=tuple(replace(port, kind="woocommerce") for port in world.house.ports))
    with pytest.raises(Refusal) as refused:
        bring_in(world, file)
    assert "--channel delta0 or compare1" in refused.value.hint
    world.house = replace(world.house, ports=world.house.ports[:1])
    assert bring_in(world, file).channel == "delta0"


def test_a_file_of_units_on_hand_takes_no_channel(make_world: MakeWorld) -> None:
    world = make_world()
    with pytest.raises(Refusal, match="units on hand"):
        bring_in(world, a_file(row(on_hand=7)), channel="delta0")


def test_an_export_from_before_the_shop_was_first_read_carries_a_warning(make_world: MakeWorld) -> None:
    world = make_world()
    exported_at = world.clock()
    world.clock.sleep(3600)
    found = bring_in(world, a_file(row(on_hand=7), shown=True), counted_at=exported_at, channel="delta0")
    assert "for the first time after" in found.warnings[0]
    assert bring_in(world, a_file(row(on_hand=7), shown=True), channel="delta0").warnings == ()


def test_more_promised_than_counted_is_told(make_world: MakeWorld) -> None:
    world = make_world()
    world.shops["delta0"].buy(world.listing("delta0"), 5)
    world.sync()
    bring_in(world, a_file(row(on_hand=3)))
    with world.db.read() as tx:
        assert [(one.kind, one.subject) for one in incidents.open_incidents(tx)] == [
            (incidents.IncidentKind.OVERSOLD, SHOE)
        ]
    bring_in(world, a_file(row(on_hand=5)), counted_at=world.clock())
    with world.db.read() as tx:
        assert incidents.open_incidents(tx) == []


# -------------------------------------------------------------- export


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_is_exported_and_imported_again_changes_nothing(
    make_world: MakeWorld, tmp_path: Path, file_format: str
) -> None:
    world = make_world(skus=(SHOE, HAT))
    shelf = row(
        on_hand=5, location="shelf", name="=SUM(A1)", category="Shoes", supplier='Acme, "the" one',
        cost=Decimal("1.234"), gtin="0400638133393", buffer=Buffer(percent=10), reorder_point=0,
    )  # fmt: skip
    attic = row(on_hand=2, location="עליית גג")
    bring_in(world, a_file(shelf, attic, row("007", 0, buffer=Buffer(units=0)), row("NOT-COUNTED", name="two  blanks")))
    with world.db.write() as tx:
        catalogue.ensure(tx, HAT, {"name": "Hat  with   blanks"})
    world.sync()
    order = world.shops["delta0"].buy(world.listing("delta0", HAT), 3)
    assert order is not None
    world.shops["delta0"].ship(order)
    world.sync()
    before = everything(world)

    path = tmp_path / f"stock.{file_format}"
    write_stock(stocktake.export(world.house), path, file_format=file_format)  # type: ignore[arg-type]
    read_back = read_stock(path)
    assert (read_back.kind, read_back.bad_rows) == (StockFileKind.SYNCD, ())
    assert [(one.sku, one.location, one.on_hand) for one in read_back.rows] == [
        ("007", "shelf", 0),
        (HAT, "shelf", 7),
        ("NOT-COUNTED", None, None),
        (SHOE, "shelf", 5),
        (SHOE, "עליית גג", 2),
    ]
    found = bring_in(world, read_back)
    assert (found.moved, found.fields, found.rules, found.new_skus, found.new_locations) == ((), (), (), (), ())
    assert everything(world) == before
