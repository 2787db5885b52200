from __future__ import annotations

import pytest
from sqlalchemy import select, update

from syncd.domain.availability import Buffer, Pools
from syncd.domain.movements import Kind, Movement
from syncd.domain.rules import Limits, Scope
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, ledger
from syncd.storage.ledger import Count
from syncd.storage.schema import levels, movements, skus
from syncd.storage.session import Database
from syncd.sync import rules_desk
from syncd.sync.house import House
from syncd.sync.rules_desk import Changes
from tests.databases import NOON
from tests.storage.stock import at, count, generation, listing, move, on_hand, shelf, ship, sku


def pools_of(db: Database, sku_id: int) -> Pools:
    with db.read() as tx:
        return ledger.pools(tx, [sku_id])[sku_id]


def raised_seq(db: Database, sku_id: int) -> int:
    with db.read() as tx:
        return int(tx.execute(select(skus.c.raised_seq).where(skus.c.id == sku_id)).scalar_one())


def assert_books_are_right(db: Database) -> None:
    with db.read() as tx:
        assert ledger.audit(tx) == []


# ---------------------------------------------------------------- posting


def test_a_movement_posted_twice_counts_once(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        line = move(shoe, on_hand=5, location_id=shelf(tx), event_id="receipt/1")
        assert ledger.post(tx, [line, line], NOON) == [line]
    with database.write() as tx:
        assert ledger.post(tx, [line], at(1)) == []
    assert on_hand(database, shoe) == 5
    assert_books_are_right(database)


def test_a_known_event_id_is_not_posted_again_with_other_units(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        ledger.post(tx, [move(shoe, on_hand=5, location_id=shelf(tx), event_id="receipt/1")], NOON)
    with database.write() as tx:
        assert ledger.post(tx, [move(shoe, on_hand=9, location_id=shelf(tx), event_id="receipt/1")], NOON) == []
    assert on_hand(database, shoe) == 5


def test_a_movement_posted_twice_dirties_its_listings_once(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    for _ in range(3):
        with database.write() as tx:
            ledger.post(tx, [move(shoe, on_hand=5, location_id=shelf(tx), event_id="receipt/1")], NOON)
    assert generation(database, row) == 1


def test_a_transaction_that_breaks_leaves_nothing_behind(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        ledger.post(tx, [move(shoe, on_hand=5, location_id=shelf(tx))], NOON)
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        ledger.post(tx, [move(shoe, on_hand=7, location_id=shelf(tx))], NOON)
        _ = 1 / 0
    assert on_hand(database, shoe) == 5
    assert_books_are_right(database)


def test_units_on_hand_need_a_location() -> None:
    with pytest.raises(ValueError, match="names no location"):
        Movement("x", 1, Kind.RECEIPT, NOON, on_hand=1)


def test_a_movement_needs_an_instant_with_a_time_zone() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        Movement("x", 1, Kind.RECEIPT, NOON.replace(tzinfo=None))


def test_available_may_be_negative_and_returned_units_do_not_count(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        far = catalogue.location(tx, "quarantine", StockClass.QUARANTINE)
        lines = [
            move(shoe, on_hand=2, location_id=shelf(tx)),
            move(shoe, on_hand=50, location_id=far),
            move(shoe, Kind.SALE, reserved=3),
        ]
        ledger.post(tx, lines, NOON)
    assert pools_of(database, shoe) == Pools(own=2, reserved=3)
    assert pools_of(database, shoe).available == -1


def test_units_in_an_external_warehouse_are_on_hand_and_told_apart(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        far = catalogue.location(tx, "3PL", StockClass.EXTERNAL)
        ledger.post(tx, [move(shoe, on_hand=2, location_id=shelf(tx)), move(shoe, on_hand=50, location_id=far)], NOON)
    assert pools_of(database, shoe) == Pools(own=2, external=50)
    assert pools_of(database, shoe).available == 52


# ---------------------------------------------------------------- sums


def test_the_audit_finds_a_level_that_is_not_the_sum_of_its_movements(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    assert_books_are_right(database)
    with database.write() as tx:
        tx.execute(update(levels).values(on_hand=11))
    with database.read() as tx:
        (found,) = ledger.audit(tx)
    assert (found.sku, found.what, found.by_level, found.by_movements) == ("SHOE-39-BLK", "on hand at shelf", 11, 10)


def test_the_audit_finds_a_level_without_any_movement(database: Database) -> None:
    shoe = sku(database)
    with database.write() as tx:
        tx.execute(levels.insert().values(sku_id=shoe, location_id=shelf(tx), on_hand=3))
    with database.read() as tx:
        (found,) = ledger.audit(tx)
    assert (found.by_level, found.by_movements) == (3, 0)


def test_the_audit_finds_movements_without_a_level(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    with database.write() as tx:
        tx.execute(levels.delete())
    with database.read() as tx:
        (found,) = ledger.audit(tx)
    assert (found.sku, found.by_level, found.by_movements) == ("SHOE-39-BLK", 0, 10)


def test_the_audit_finds_reserved_units_that_no_movement_reserved(database: Database) -> None:
    sku(database)
    with database.write() as tx:
        tx.execute(update(skus).values(reserved=4))
    with database.read() as tx:
        (found,) = ledger.audit(tx)
    assert (found.what, found.by_level, found.by_movements) == ("reserved", 4, 0)


# ---------------------------------------------------------------- counts


def test_a_count_books_what_differs_from_the_level_at_its_instant(database: Database) -> None:
    shoe = sku(database)
    assert count(database, shoe, 10, hours=0) == 10
    ship(database, shoe, 2, hours=1)
    assert count(database, shoe, 7, hours=2) == -1
    assert on_hand(database, shoe) == 7
    assert_books_are_right(database)


def test_what_was_shipped_after_a_count_stays_shipped_when_the_count_is_told_later(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, hours=0)
    ship(database, shoe, 2, hours=3)
    assert count(database, shoe, 9, hours=1) == -1
    assert on_hand(database, shoe) == 7


def test_the_same_count_twice_changes_nothing(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, event_id="file/1")
    assert count(database, shoe, 10, event_id="file/1") == 0
    assert count(database, shoe, 10, event_id="file/2") == 0
    assert on_hand(database, shoe) == 10


def test_what_happened_before_a_count_and_is_told_after_it_was_in_the_count_already(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, hours=2)
    ship(database, shoe, 3, hours=1)
    assert on_hand(database, shoe) == 10
    assert pools_of(database, shoe) == Pools(own=10, reserved=0)
    with database.read() as tx:
        counter = tx.execute(select(movements).where(movements.c.event_id.like("%/counted"))).one()
    assert (counter.on_hand, counter.kind, counter.happened_at) == (3, "stocktake", at(2))
    assert_books_are_right(database)


def test_a_late_movement_that_is_told_twice_has_one_counter_entry(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, hours=2)
    for _ in range(2):
        with database.write() as tx:
            line = move(shoe, Kind.FULFILMENT, on_hand=-3, location_id=shelf(tx), happened_at=at(1), event_id="late")
            ledger.post(tx, [line], at(3))
    assert on_hand(database, shoe) == 10


def test_an_earlier_count_that_is_imported_later_leaves_the_level(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, hours=2)
    count(database, shoe, 25, hours=1)
    assert on_hand(database, shoe) == 10
    with database.read() as tx:
        (level,) = catalogue.levels_by_sku(tx, [shoe])[shoe]
        assert level.counted_at == at(2)
        found = catalogue.find(tx, "SHOE-39-BLK")
        assert found is not None and found.counted_at == at(2)
        assert ledger.levels_at(tx, at(1.5), [shoe])[shoe, shelf(tx)] == 25
    assert_books_are_right(database)


def test_a_count_at_one_place_leaves_the_other_places(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10, hours=0)
    with database.write() as tx:
        cellar = catalogue.location(tx, "cellar")
        ledger.post(tx, [move(shoe, on_hand=4, location_id=cellar, happened_at=at(1))], at(1))
    count(database, shoe, 8, hours=2)
    with database.write() as tx:
        # The cellar was never counted: what happened there before the count of the shelf is not in that count.
        ledger.post(tx, [move(shoe, on_hand=-1, location_id=cellar, happened_at=at(1.5))], at(3))
    assert pools_of(database, shoe).own == 8 + 3


def test_counted_units_include_reserved_ones(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    with database.write() as tx:
        ledger.post(tx, [move(shoe, Kind.SALE, reserved=4)], at(1))
    count(database, shoe, 10, hours=2)
    assert pools_of(database, shoe) == Pools(own=10, reserved=4)
    assert pools_of(database, shoe).available == 6


def test_many_counts_are_booked_as_each_alone_would_be(database: Database) -> None:
    texts = [f"SKU-{number:04}" for number in range(1201)]  # more than go into one statement
    with database.write() as tx:
        ids = [catalogue.ensure(tx, text) for text in texts]
        place = shelf(tx)
        counts = [Count(one, place, number, f"file/{number}") for number, one in enumerate(ids)]
        adjustments = ledger.count_all(tx, counts[::-1], counted_at=NOON, reason="file", now=NOON)
    assert adjustments == list(range(1201))[::-1]
    with database.read() as tx:
        stock = ledger.pools(tx)
        assert [stock[one].own for one in ids] == list(range(1201))
        assert all(found.counted_at == NOON for found in catalogue.all_skus(tx))
    assert_books_are_right(database)


# ---------------------------------------------------------------- raises


def test_the_place_in_the_sequence_moves_only_when_more_is_available(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    with database.write() as tx:
        far = catalogue.location(tx, catalogue.QUARANTINE, StockClass.QUARANTINE)
        here = shelf(tx)
    before = raised_seq(database, shoe)
    for line in (
        move(shoe, Kind.SALE, reserved=2),
        move(shoe, Kind.FULFILMENT, on_hand=-1, reserved=-1, location_id=here),
        move(shoe, Kind.ADJUSTMENT, on_hand=-1, location_id=here),
        move(shoe, Kind.RETURN, on_hand=5, location_id=far),
    ):
        with database.write() as tx:
            ledger.post(tx, [line], NOON)
        assert raised_seq(database, shoe) == before, line.kind
    for line in (
        move(shoe, Kind.CANCELLATION, reserved=-1),
        move(shoe, Kind.RECEIPT, on_hand=1, location_id=here),
    ):
        with database.write() as tx:
            ledger.post(tx, [line], NOON)
        assert raised_seq(database, shoe) > before, line.kind
        before = raised_seq(database, shoe)


def test_a_first_count_of_nothing_is_news_too(database: Database) -> None:
    """From now on the SKU may be written: the channels that sell it must have been read after that."""
    shoe = sku(database)
    count(database, shoe, 0)
    assert raised_seq(database, shoe) > 0


# ---------------------------------------------------------------- what dirties a listing


def test_every_movement_dirties_every_listing_of_its_sku_and_no_other(database: Database) -> None:
    shoe, sock = sku(database), sku(database, "SOCK")
    rows = [listing(database, shoe), listing(database, shoe, name="shopify")]
    other = listing(database, sock, listing_id="12")
    with database.write() as tx:
        ledger.post(tx, [move(shoe, Kind.SALE, reserved=1)], NOON)
    assert [generation(database, row) for row in rows] == [1, 1]
    assert generation(database, other) == 0


def test_a_count_dirties_listings_even_when_it_finds_nothing_new(database: Database) -> None:
    shoe = sku(database)
    row = listing(database, shoe)
    count(database, shoe, 10)
    first = generation(database, row)
    assert first > 0
    count(database, shoe, 10, hours=1)
    assert generation(database, row) > first


@pytest.mark.parametrize(
    ("scope", "value"), [(Scope.SKU, "SHOE-39-BLK"), (Scope.CATEGORY, "shoes"), (Scope.SUPPLIER, "acme")]
)
def test_a_rule_dirties_the_listings_that_it_may_change(database: Database, scope: Scope, value: str) -> None:
    with database.write() as tx:
        shoe = catalogue.ensure(tx, "SHOE-39-BLK", {"category": "shoes", "supplier": "acme"})
    with database.write() as tx:
        sock = catalogue.ensure(tx, "SOCK", {"category": "socks", "supplier": "other"})
    row, other = listing(database, shoe), listing(database, sock, listing_id="12")
    before = raised_seq(database, shoe)
    rules_desk.set_rule(House(database, ()), scope, value, None, Changes({}, sets_buffer=True, buffer=Buffer(units=5)))
    assert generation(database, row) == 1
    assert generation(database, other) == 0
    assert raised_seq(database, shoe) > before
    with database.read() as tx:
        assert [(one.scope, one.value, one.limits) for one in catalogue.scoped_limits(tx)] == [
            (scope, value, Limits(Buffer(units=5)))
        ]
