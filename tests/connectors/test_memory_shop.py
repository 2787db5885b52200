"""The shop in RAM tells the truth: about its number, its orders, its order list, and each write it sees."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import (
    Batch,
    Conflict,
    CredentialsRejected,
    CursorExpired,
    InDoubt,
    ListingRef,
    Notice,
    Op,
    Rejected,
    StockKeeping,
    Unavailable,
    Untouched,
    Write,
)
from connectors.memory import Lost, MemoryConnector, MemoryShop, WriteSeen


class Clock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant

    def pass_s(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> MemoryShop:
    return MemoryShop(clock)


@pytest.fixture
def compare(clock: Clock) -> MemoryShop:
    return MemoryShop(clock, style="compare")


def delta(listing_id: str, expected: int, target: int) -> Write:
    return Write(listing_id, None, Op.DELTA, target, expected)


def states(shop: MemoryShop, cursor: str | None = None):
    pages = list(MemoryConnector(shop).orders(cursor))
    return [state for page in pages for state in page.orders], pages[-1].cursor


def buckets(shop: MemoryShop, order_id: str, line: int = 0) -> tuple[int, int, int, int, int]:
    """promised, undecided, fulfilled, returned, taken"""
    state = shop.order(order_id).lines[line]
    return state.promised, state.undecided, state.fulfilled, state.returned, state.taken


# ---------------------------------------------------------------------------------------------------------- orders


def test_a_sale_takes_from_the_number_and_never_more_than_is_shown(shop):
    shoe = shop.add_listing("SHOE", 3)
    order = shop.buy(shoe, 2)
    assert shop.shown(shoe) == 1
    assert buckets(shop, order) == (2, 0, 0, 0, 2)
    assert shop.buy(shoe, 2) is None
    assert shop.buy(shoe, 2, forced=True)
    assert shop.shown(shoe) == -1


@pytest.mark.parametrize(
    ("change", "shown", "expected"),
    [
        (lambda shop, order: shop.cancel(order), 10, (0, 0, 0, 0, 0)),
        (lambda shop, order: shop.cancel(order, restock=False), 6, (0, 4, 0, 0, 4)),
        (lambda shop, order: shop.refund(order, 1), 7, (3, 0, 0, 0, 3)),
        (lambda shop, order: shop.refund(order, 1, restock=False), 6, (3, 1, 0, 0, 4)),
        (lambda shop, order: shop.edit_line(order, 6), 4, (6, 0, 0, 0, 6)),
        (lambda shop, order: shop.edit_line(order, 1), 9, (1, 0, 0, 0, 1)),
        (lambda shop, order: shop.ship(order), 6, (0, 0, 4, 0, 4)),
        (lambda shop, order: shop.ship(order, 1), 6, (3, 0, 1, 0, 4)),
        (lambda shop, order: shop.trash(order), 6, (0, 4, 0, 0, 4)),
        (lambda shop, order: (shop.cancel(order), shop.revive(order)), 6, (4, 0, 0, 0, 4)),
        (lambda shop, order: (shop.cancel(order, restock=False), shop.revive(order)), 6, (4, 0, 0, 0, 4)),
        (lambda shop, order: (shop.ship(order), shop.return_shipped(order, 1)), 7, (0, 0, 4, 1, 3)),
        (lambda shop, order: (shop.ship(order), shop.return_shipped(order, 1, restock=False)), 6, (0, 0, 4, 1, 4)),
        (lambda shop, order: (shop.ship(order, 1), shop.cancel(order)), 10, (0, 0, 1, 1, 0)),
    ],
)
def test_what_happens_to_an_order_moves_the_number_and_the_buckets(shop, change, shown, expected):
    shoe = shop.add_listing("SHOE", 10)
    order = shop.buy(shoe, 4)
    change(shop, order)
    assert (shop.shown(shoe), buckets(shop, order)) == (shown, expected)


def test_an_unpaid_order_holds_units_without_showing_it_until_it_is_paid_or_its_time_is_over(shop, clock):
    shoe = shop.add_listing("SHOE", 3)
    order = shop.buy(shoe, 2, held=True)
    assert shop.shown(shoe) == 3
    assert shop.buy(shoe, 2) is None
    assert (shop.order(order).holds_stock, buckets(shop, order)) == (True, (2, 0, 0, 0, 0))
    shop.pay(order)
    assert (shop.shown(shoe), buckets(shop, order)) == (1, (2, 0, 0, 0, 2))

    other = shop.buy(shoe, 1, held=True)
    clock.pass_s(3601)
    assert shop.buy(shoe, 1)
    shop.cancel(other)
    assert (shop.shown(shoe), buckets(shop, other)) == (0, (0, 0, 0, 0, 0))


def test_a_line_edited_to_nothing_is_not_listed_any_more(shop):
    order = shop.checkout({shop.add_listing("SHOE", 3): 1, shop.add_listing("SOCK", 3): 1})
    shop.edit_line(order, 0, line=1)
    assert [line.sku for line in shop.order(order).lines] == ["SHOE"]


def test_a_removed_product_leaves_its_lines_without_a_listing(shop):
    shoe = shop.add_listing("SHOE", 3)
    order = shop.buy(shoe)
    shop.remove(shoe)
    shop.ship(order)
    assert shop.order(order).lines[0].listing_id is None
    assert MemoryConnector(shop).read([ListingRef(shoe)]) == {}


def test_orders_of_what_is_not_counted_take_nothing(shop):
    card = shop.add_listing("GIFT", None)
    order = shop.buy(card, 5)
    assert buckets(shop, order) == (5, 0, 0, 0, 0)
    assert shop.shown(card) is None


def test_what_a_shopkeeper_does_by_hand_is_seen_on_the_listing(shop):
    shoe = shop.add_listing("SHOE", 3)
    shop.edit(shoe, 7)
    shop.rename(shoe, "BOOT")
    shop.allow_backorders(shoe)
    (listing,) = shop.listings()
    assert (listing.sku, listing.shown, listing.sells_at_zero) == ("BOOT", 7, ("backorders are allowed",))
    shop.stop_counting(shoe)
    (listing,) = shop.listings()
    assert (listing.shown, listing.stock) == (None, StockKeeping.NONE)


# ------------------------------------------------------------------------------------------------------ order list


def test_the_order_list_trails_behind_the_number_while_reading_by_id_does_not(shop, clock):
    shoe = shop.add_listing("SHOE", 3)
    _, cursor = states(shop)
    order = shop.buy(shoe, lag_s=3)
    assert shop.shown(shoe) == 2
    assert states(shop, cursor)[0] == []
    assert [state.id for state in MemoryConnector(shop).orders_by_id([order]).orders] == [order]
    clock.pass_s(3)
    assert [state.id for state in states(shop, cursor)[0]] == [order]


def test_a_version_that_surfaces_late_does_not_hide_a_newer_one(shop, clock):
    shoe = shop.add_listing("SHOE", 3)
    _, cursor = states(shop)
    order = shop.buy(shoe, lag_s=3)
    shop.cancel(order, lag_s=1)
    clock.pass_s(1)
    read, cursor = states(shop, cursor)
    assert [state.status for state in read] == ["cancelled"]
    clock.pass_s(2)
    assert [state.status for state in states(shop, cursor)[0]] == ["cancelled"]


def test_a_scrambled_list_brings_doubles_and_old_versions_but_loses_nothing(shop):
    shoe = shop.add_listing("SHOE", 30)
    _, cursor = states(shop)
    orders = [shop.buy(shoe) for _ in range(7)]
    shop.cancel(orders[0])
    shop.scramble = random.Random(4)
    read, _ = states(shop, cursor)
    assert {state.id for state in read} == set(orders)
    assert len(read) > 8
    assert [state.id for state in read] != sorted(state.id for state in read)
    assert {state.version for state in read if state.id == orders[0]} == {1, 2}


def test_a_deleted_order_is_in_no_list_and_reported_missing(shop):
    shoe = shop.add_listing("SHOE", 3)
    order = shop.buy(shoe)
    shop.delete(order)
    assert states(shop)[0] == []
    assert MemoryConnector(shop).orders_by_id([order]).missing == (order,)
    assert shop.shown(shoe) == 2
    with pytest.raises(ValueError, match="deleted"):
        shop.cancel(order)


def test_an_order_that_cannot_be_read_comes_parked_with_its_listings(shop):
    shoe = shop.add_listing("SHOE", 3)
    order = shop.buy(shoe)
    shop.unreadable.add(order)
    (page,) = MemoryConnector(shop).orders(None)
    assert page.orders == ()
    assert page.parked[0].listing_ids == (shoe,)


@pytest.mark.parametrize("cursor", ["", "1", "9 - 0", "x y z", "1 - many"])
def test_a_cursor_of_another_time_has_expired(shop, cursor):
    with pytest.raises(CursorExpired):
        states(shop, cursor)


# ---------------------------------------------------------------------------------------------------------- writes


def test_a_late_write_takes_effect_when_its_time_has_come(shop, clock):
    shoe = shop.add_listing("SHOE", 5)
    shop.lose_next_answer(Lost.LATE, late_after=timedelta(seconds=30))
    with pytest.raises(InDoubt):
        MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 8),)))
    assert shop.shown(shoe) == 5
    clock.pass_s(30)
    assert shop.shown(shoe) == 8


@pytest.mark.parametrize(("lost", "shown"), [(Lost.AFTER, 8), (Lost.NEVER, 5)])
def test_a_lost_answer_may_hide_an_effect_or_none(shop, lost, shown):
    shoe = shop.add_listing("SHOE", 5)
    shop.lose_next_answer(lost)
    with pytest.raises(InDoubt):
        MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 8),)))
    assert shop.shown(shoe) == shown


def test_where_keys_are_known_a_replay_overtakes_its_late_first_try_and_counts_once(compare, clock):
    shoe = compare.add_listing("SHOE", 5)
    batch = Batch("k", (delta(shoe, 5, 3),))
    compare.lose_next_answer(Lost.LATE)
    with pytest.raises(InDoubt):
        MemoryConnector(compare).send(batch)
    assert [outcome.shown for outcome in MemoryConnector(compare).send(batch)] == [3]
    clock.pass_s(60)
    assert compare.shown(shoe) == 3


def test_a_key_is_not_taken_for_other_writes(compare):
    shoe = compare.add_listing("SHOE", 5)
    connector = MemoryConnector(compare)
    connector.send(Batch("k", (delta(shoe, 5, 3),)))
    (outcome,) = connector.send(Batch("k", (delta(shoe, 3, 1),)))
    assert isinstance(outcome.error, Rejected)
    assert compare.shown(shoe) == 3


def test_one_bad_entry_fails_the_whole_call_only_where_the_shop_is_like_shopify(shop, compare):
    for kind, error, shown in ((shop, None, 3), (compare, Untouched, 5)):
        shoe, sock = kind.add_listing("SHOE", 5), kind.add_listing("SOCK", 5)
        kind.refused.add(sock)
        good, bad = MemoryConnector(kind).send(Batch("k", (delta(shoe, 5, 3), delta(sock, 5, 3))))
        assert isinstance(bad.error, Rejected)
        assert (good.error is None) if error is None else isinstance(good.error, error)
        assert kind.shown(shoe) == shown


def test_a_stale_compare_writes_nothing(compare):
    shoe = compare.add_listing("SHOE", 5)
    (outcome,) = MemoryConnector(compare).send(Batch("k", (Write(shoe, None, Op.SET, 9, 4),)))
    assert isinstance(outcome.error, Conflict)
    assert compare.shown(shoe) == 5


def test_counting_begins_once(shop):
    shoe = shop.add_listing("SHOE", None)
    start = Write(shoe, None, Op.START, 4, 0)
    connector = MemoryConnector(shop)
    assert isinstance(connector.send(Batch("a", (delta(shoe, 0, 4),)))[0].error, Rejected)
    assert connector.send(Batch("b", (start,)))[0].written
    assert isinstance(connector.send(Batch("c", (start,)))[0].error, Conflict)
    assert shop.shown(shoe) == 4


def test_a_number_whose_notice_is_dropped_is_told_as_written_and_a_notice_alone_is_not(shop):
    hat = shop.add_listing("HAT", 9)
    shop.drops_notices = True
    notice = Notice("in_stock", "In stock")
    number, alone = replace(delta(hat, 9, 4), notice=notice), Write(hat, None, Op.SHOW, 0, 0, notice)
    told = MemoryConnector(shop).send(Batch("key", (number, alone)))
    assert [(one.shown, type(one.error), type(one.unshown)) for one in told] == [
        (4, type(None), Rejected),
        (4, Rejected, type(None)),
    ]
    assert (shop.shown(hat), shop.notice(hat)) == (4, None)


def test_a_shop_like_shopify_takes_notices_once_it_is_prepared_which_it_may_forbid(compare):
    hat = compare.add_listing("HAT", 9)
    connector = MemoryConnector(compare)
    show = Write(hat, None, Op.SHOW, 0, 0, Notice("in_stock", "In stock"))
    (outcome,) = connector.send(Batch("unprepared", (show,)))
    assert isinstance(outcome.error, Rejected)
    compare.notices_forbidden = True
    with pytest.raises(CredentialsRejected):
        connector.prepare()
    compare.notices_forbidden = False
    connector.prepare()
    assert connector.send(Batch("prepared", (show,)))[0].written
    (outcome,) = connector.send(Batch("both", (replace(delta(hat, 9, 4), notice=show.notice),)))
    assert isinstance(outcome.error, Rejected)
    assert compare.shown(hat) == 9


def test_a_lost_notice_leaves_no_number_in_doubt(shop, clock):
    seen = []
    shop.booked, shop.on_write = lambda *_: 0, seen.append
    hat = shop.add_listing("HAT", 9)
    shop.lose_next_answer(Lost.NEVER)
    connector = MemoryConnector(shop)
    with pytest.raises(InDoubt):
        connector.send(Batch("lost", (Write(hat, None, Op.SHOW, 0, 0, Notice("in_stock")),)))
    connector.send(Batch("next", (delta(hat, 9, 4),)))
    assert [(one.listing_id, one.in_doubt) for one in seen] == [(hat, False)]


def test_the_call_hook_can_stop_a_call_before_and_after_its_effect(shop):
    shoe = shop.add_listing("SHOE", 5)

    class Crash(Exception): ...

    for moment, shown in (("before", 5), ("after", 4)):

        def crash(call: str, when: str, moment: str = moment) -> None:
            if (call, when) == ("send", moment):
                raise Crash

        shop.on_call = crash
        with pytest.raises(Crash):
            MemoryConnector(shop).send(Batch(moment, (delta(shoe, 5, 4),)))
        assert shop.shown(shoe) == shown


# --------------------------------------------------------------------------------------------------------- witness


class Witness:
    """Sees every write, and knows what an engine has booked."""

    def __init__(self, shop: MemoryShop) -> None:
        self.seen: list[WriteSeen] = []
        self.read: dict[tuple[str, str], int] = {}
        shop.booked = lambda order_id, line_id: self.read.get((order_id, line_id), 0)
        shop.on_write = self.seen.append

    def pull(self, shop: MemoryShop) -> None:
        for state in shop.orders():
            self.read.update({(state.id, line.line_id): line.taken for line in state.lines})


def test_a_delta_from_the_expected_number_spares_an_unread_sale(shop):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    shop.buy(shoe)
    MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 8),)))
    (seen,) = witness.seen
    assert (seen.shown_before, seen.shown_after, seen.unread_units, seen.excess_units) == (4, 7, 1, 0)


@pytest.mark.parametrize(("target", "name"), [(8, "raise"), (2, "lowering")])
def test_a_write_from_a_number_read_after_the_pull_is_seen_to_erase_a_sale(shop, target, name):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    shop.buy(shoe)
    MemoryConnector(shop).send(Batch("k", (delta(shoe, 4, target),)))
    assert witness.seen[0].excess_units == 1


def test_a_delta_sent_twice_is_seen(shop):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    for _ in range(2):
        MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 8),)))
    assert [seen.excess_units for seen in witness.seen] == [0, 3]


def test_a_cancellation_between_decision_and_effect_is_no_excess(shop):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    order = shop.buy(shoe)
    witness.pull(shop)
    shop.on_call = lambda _call, moment: shop.cancel(order) if moment == "before" else None
    MemoryConnector(shop).send(Batch("k", (delta(shoe, 4, 8),)))
    assert (witness.seen[0].shown_after, witness.seen[0].excess_units) == (9, 0)


def test_what_was_booked_after_a_late_write_was_sent_is_no_excess(shop, clock):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    order = shop.buy(shoe)
    witness.pull(shop)
    shop.lose_next_answer(Lost.LATE)
    with pytest.raises(InDoubt):
        MemoryConnector(shop).send(Batch("k", (delta(shoe, 4, 8),)))
    shop.cancel(order)
    witness.pull(shop)
    clock.pass_s(30)
    assert (shop.shown(shoe), witness.seen[0].excess_units) == (9, 0)


def test_a_lowering_in_doubt_is_excused_and_a_raise_in_doubt_is_not(shop, clock):
    witness = Witness(shop)
    connector = MemoryConnector(shop)
    shoe = shop.add_listing("SHOE", 5)
    shop.buy(shoe)
    shop.lose_next_answer(Lost.NEVER)
    with pytest.raises(InDoubt):
        connector.send(Batch("lost", (delta(shoe, 5, 6),)))
    connector.send(Batch("lower", (delta(shoe, 4, 3),)))
    connector.send(Batch("raise", (delta(shoe, 3, 4),)))
    clock.pass_s(120)
    connector.send(Batch("later", (delta(shoe, 4, 3),)))
    assert [(seen.in_doubt, seen.excess_units) for seen in witness.seen] == [(True, 0), (True, 1), (False, 1)]


def test_a_replay_is_judged_by_what_was_known_when_it_was_decided(compare):
    witness = Witness(compare)
    shoe = compare.add_listing("SHOE", 5)
    order = compare.buy(shoe)
    witness.pull(compare)
    batch = Batch("k", (delta(shoe, 4, 2),))
    compare.expect(batch)  # the engine dies between its intent and the sending
    compare.cancel(order)
    witness.pull(compare)
    compare.buy(shoe)
    MemoryConnector(compare).send(batch)
    assert (compare.shown(shoe), witness.seen[0].excess_units) == (2, 0)


def test_an_outage_leaves_no_doubt(shop, clock):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    shop.down_until = clock() + timedelta(seconds=1)
    with pytest.raises(Unavailable):
        MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 4),)))
    clock.pass_s(1)
    MemoryConnector(shop).send(Batch("k", (delta(shoe, 5, 4),)))
    assert not witness.seen[0].in_doubt


def test_units_that_a_human_added_are_not_taken_for_an_erased_sale(shop):
    witness = Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    shop.edit(shoe, 8)
    connector = MemoryConnector(shop)
    connector.send(Batch("a", (delta(shoe, 5, 4),)))
    connector.send(Batch("b", (delta(shoe, 7, 4),)))
    connector.send(Batch("c", (delta(shoe, 3, 4),)))
    assert [(seen.shown_after, seen.unexplained_units, seen.excess_units) for seen in witness.seen] == [
        (7, 3, 0),
        (4, 3, 0),
        (5, 0, 1),
    ]


def test_a_deleted_order_is_nobodys_unread_sale(shop):
    Witness(shop)
    shoe = shop.add_listing("SHOE", 5)
    order = shop.buy(shoe)
    assert shop.unread_units(shoe) == 1
    shop.delete(order)
    assert shop.unread_units(shoe) == 0


# ----------------------------------------------------------------------------------------------------- at any time

CHANGES = {
    "buy": lambda shop, shoe, order, units: shop.buy(shoe, units),
    "hold": lambda shop, shoe, order, units: shop.buy(shoe, units, held=True),
    "force": lambda shop, shoe, order, units: shop.buy(shoe, units, forced=True),
    "pay": lambda shop, shoe, order, units: shop.pay(order),
    "cancel": lambda shop, shoe, order, units: shop.cancel(order),
    "end without restock": lambda shop, shoe, order, units: shop.cancel(order, restock=False),
    "revive": lambda shop, shoe, order, units: shop.revive(order),
    "edit": lambda shop, shoe, order, units: shop.edit_line(order, units - 1),
    "refund": lambda shop, shoe, order, units: shop.refund(order, units),
    "refund without restock": lambda shop, shoe, order, units: shop.refund(order, units, restock=False),
    "ship": lambda shop, shoe, order, units: shop.ship(order, units),
    "return": lambda shop, shoe, order, units: shop.return_shipped(order, units),
    "note a return": lambda shop, shoe, order, units: shop.return_shipped(order, units, restock=False),
    "trash": lambda shop, shoe, order, units: shop.trash(order),
}


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 99), st.integers(1, 4), st.sampled_from([0, 2]))
    ),
    st.integers(0, 2**32),
)
def test_whatever_happens_the_number_is_what_the_orders_left_and_the_list_tells_it_in_the_end(changes, seed):
    clock = Clock()
    shop = MemoryShop(clock, scramble=random.Random(seed))
    shoe = shop.add_listing("SHOE", 10)
    _, cursor = states(shop)
    read = {}
    for what, which, units, seconds in changes:
        clock.pass_s(seconds)
        orders = shop.orders()
        if orders or what in ("buy", "hold", "force"):
            with suppress(ValueError):  # the shop does not do this to such an order
                CHANGES[what](shop, shoe, orders[which % len(orders)].id if orders else None, units)
        assert shop.shown(shoe) + sum(line.taken for order in shop.orders() for line in order.lines) == 10
        found, cursor = states(shop, cursor)
        for state in found:
            read[state.id] = max(state, read.get(state.id, state), key=lambda state: state.version)
    assert read == {order.id: order for order in shop.orders()}
