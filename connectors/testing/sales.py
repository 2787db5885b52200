"""What a `SalesSource` promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from connectors.contract import CursorExpired, ListingRef, OrderLine, OrderState
from connectors.testing.rig import Capability, Promises, Rig, as_sales, needs, only_line, walk


def state_of(rig: Rig, order_id: str) -> OrderState:
    """The order as it stands now, read by its id."""
    (state,) = as_sales(rig.connector()).orders_by_id([order_id]).orders
    return state


def buckets(line: OrderLine) -> dict[str, int]:
    """The buckets that hold units."""
    names = ("promised", "undecided", "fulfilled", "returned", "taken")
    return {name: getattr(line, name) for name in names if getattr(line, name)}


class SalesPromises(Promises):
    @needs(Capability.SALES)
    def test_the_source_states_its_lag_and_how_long_orders_stay_visible(self, rig: Rig) -> None:
        source = as_sales(rig.connector())
        assert source.order_lag >= timedelta()
        assert source.visible_for is None or source.visible_for > timedelta()

    @needs(Capability.SALES)
    def test_first_contact_brings_every_open_order(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 50)
        orders = {rig.buy(ref, units) for units in range(1, 8)}
        rig.catch_up()
        found, _ = walk(as_sales(rig.connector()))
        assert set(found) == orders
        assert all(state.open for state in found.values())
        assert sum(only_line(state).promised for state in found.values()) == sum(range(1, 8))

    @needs(Capability.SALES)
    def test_a_shop_without_orders_gives_a_page_and_a_cursor(self, rig: Rig) -> None:
        found, cursor = walk(as_sales(rig.connector()))
        assert found == {}
        assert walk(as_sales(rig.connector()), cursor)[0] == {}

    @needs(Capability.SALES)
    def test_a_line_is_tied_to_its_listing(self, rig: Rig) -> None:
        ref, nameless = rig.add_listing("A", 5), rig.add_listing(None, 5)
        orders = rig.buy(ref, 2), rig.buy(nameless)
        rig.catch_up()
        found, _ = walk(as_sales(rig.connector()))
        lines = [only_line(found[order]) for order in orders]
        assert [(line.listing_id, line.sku) for line in lines] == [(ref.id, "A"), (nameless.id, None)]

    @needs(Capability.SALES, Capability.VARIATIONS)
    def test_a_line_of_a_variation_is_tied_to_the_variation(self, rig: Rig) -> None:
        ref = rig.add_listing("SHOE-39", 5, variation=True)
        assert only_line(state_of(rig, rig.buy(ref))).listing_id == ref.id

    @needs(Capability.SALES)
    def test_a_cursor_resumes_after_its_page_also_in_another_process(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 50)
        for _ in range(7):
            rig.buy(ref)
        rig.catch_up()
        pages = list(as_sales(rig.connector()).orders(None))
        for n, page in enumerate(pages):
            later = {state.id for following in pages[n + 1 :] for state in following.orders}
            for _ in ("once", "and again from the same cursor"):
                resumed, _ = walk(as_sales(rig.connector()), page.cursor)
                assert later <= set(resumed)

    @needs(Capability.SALES)
    def test_what_changes_between_two_pages_is_not_missed(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 50)
        orders = [rig.buy(ref) for _ in range(7)]
        rig.catch_up()
        newest: dict[str, OrderState] = {}
        for n, page in enumerate(as_sales(rig.connector()).orders(None)):
            newest |= {state.id: state for state in page.orders}
            cursor = page.cursor
            if n == 0:
                rig.cancel(orders[0])
                rig.cancel(orders[-1])
                orders.append(rig.buy(ref))
                rig.catch_up()
        newest |= walk(as_sales(rig.connector()), cursor)[0]
        assert set(orders[1:-2]) | {orders[-1]} <= set(newest)
        assert not any(newest[order].open for order in (orders[0], orders[-2]) if order in newest)

    @needs(Capability.SALES)
    def test_what_happens_after_a_cursor_comes_after_it(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 50)
        older = rig.buy(ref)
        rig.catch_up()
        _, cursor = walk(as_sales(rig.connector()))
        newer = rig.buy(ref)
        rig.cancel(older)
        rig.catch_up()
        found, _ = walk(as_sales(rig.connector()), cursor)
        assert {newer, older} <= set(found)
        assert (found[newer].open, found[older].open) == (True, False)

    @needs(Capability.SALES)
    def test_the_same_version_is_the_same_state_and_a_change_has_a_later_one(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 50)
        order = rig.buy(ref, 2)
        rig.catch_up()
        first, _ = walk(as_sales(rig.connector()))
        again, _ = walk(as_sales(rig.connector()))
        assert first == again == {order: state_of(rig, order)}
        rig.cancel(order)
        rig.catch_up()
        assert state_of(rig, order).version > first[order].version

    @needs(Capability.SALES)
    def test_a_cursor_that_is_not_known_has_expired(self, rig: Rig) -> None:
        with pytest.raises(CursorExpired):
            list(as_sales(rig.connector()).orders("not a cursor of this channel"))

    @needs(Capability.SALES)
    def test_units_bought_are_promised_and_taken_off_the_number(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        state = state_of(rig, order)
        assert buckets(only_line(state)) == {"promised": 4, "taken": 4}
        assert (state.open, state.held_until, state.test, rig.shown(ref)) == (True, None, False, 6)

    @needs(Capability.SALES)
    def test_units_of_a_cancelled_order_are_back_on_the_number_and_nowhere_else(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.cancel(order)
        state = state_of(rig, order)
        assert [buckets(line) for line in state.lines if buckets(line)] == []
        assert (state.open, rig.shown(ref)) == (False, 10)

    @needs(Capability.SALES, Capability.KEEP)
    def test_units_of_an_order_that_ended_without_putting_them_back_wait_for_a_decision(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.cancel(order, restock=False)
        state = state_of(rig, order)
        assert buckets(only_line(state)) == {"undecided": 4, "taken": 4}
        assert (state.open, rig.shown(ref)) == (True, 6)

    @needs(Capability.SALES, Capability.SHIP)
    def test_shipped_units_have_left_the_house_and_stay_off_the_number(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.ship(order)
        state = state_of(rig, order)
        assert buckets(only_line(state)) == {"fulfilled": 4, "taken": 4}
        assert (state.open, rig.shown(ref)) == (False, 6)
        assert state.fulfilled_at is None or state.fulfilled_at >= state.created_at

    @needs(Capability.SALES, Capability.SHIP)
    def test_first_contact_does_not_need_what_is_closed_but_reading_by_id_brings_it(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        closed, opened = rig.buy(ref), rig.buy(ref)
        rig.ship(closed)
        rig.catch_up()
        assert opened in walk(as_sales(rig.connector()))[0]
        assert state_of(rig, closed).id == closed

    @needs(Capability.SALES, Capability.REFUND)
    def test_refunded_units_that_were_put_back_are_nowhere(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.refund(order, 1)
        assert buckets(only_line(state_of(rig, order))) == {"promised": 3, "taken": 3}
        assert rig.shown(ref) == 7

    @needs(Capability.SALES, Capability.REFUND, Capability.KEEP)
    def test_refunded_units_that_were_not_put_back_wait_for_a_decision(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.refund(order, 1, restock=False)
        assert buckets(only_line(state_of(rig, order))) == {"promised": 3, "undecided": 1, "taken": 4}
        assert rig.shown(ref) == 6

    @needs(Capability.SALES, Capability.SHIP, Capability.RETURN)
    def test_units_that_came_back_stay_counted_as_fulfilled(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.ship(order)
        rig.catch_up()
        rig.return_shipped(order, 1)
        assert buckets(only_line(state_of(rig, order))) == {"fulfilled": 4, "returned": 1, "taken": 3}
        assert rig.shown(ref) == 7

    @needs(Capability.SALES, Capability.EDIT)
    @pytest.mark.parametrize("units", [1, 6])
    def test_an_edited_line_stands_as_edited(self, rig: Rig, units: int) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.edit_line(order, units)
        assert buckets(only_line(state_of(rig, order))) == {"promised": units, "taken": units}
        assert rig.shown(ref) == 10 - units

    @needs(Capability.SALES, Capability.EDIT)
    def test_a_line_edited_away_is_empty_or_not_listed(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy(ref, 4)
        rig.edit_line(order, 0)
        assert [buckets(line) for line in state_of(rig, order).lines if buckets(line)] == []
        assert rig.shown(ref) == 10

    @needs(Capability.SALES, Capability.UNPAID)
    def test_an_unpaid_checkout_is_held_by_the_channel_until_it_is_paid(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        order = rig.buy_unpaid(ref, 4)
        rig.catch_up()
        state = walk(as_sales(rig.connector()))[0][order]
        assert buckets(only_line(state)) == {"promised": 4}
        assert state.held_until is not None
        assert state.held_until > state.created_at
        rig.pay(order)
        paid = state_of(rig, order)
        assert (buckets(only_line(paid)), paid.held_until) == ({"promised": 4, "taken": 4}, None)

    @needs(Capability.SALES, Capability.DELETE)
    def test_an_order_that_vanished_is_reported_missing(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        here, gone = rig.buy(ref), rig.buy(ref)
        rig.delete(gone)
        answer = as_sales(rig.connector()).orders_by_id([here, gone])
        assert [state.id for state in answer.orders] == [here]
        assert answer.missing == (gone,)

    @needs(Capability.SALES)
    def test_instants_are_aware_utc(self, rig: Rig) -> None:
        state = state_of(rig, rig.buy(rig.add_listing("A", 10)))
        assert state.created_at.utcoffset() == timedelta()

    @needs(Capability.SALES)
    @pytest.mark.parametrize("seed", range(5))
    def test_whatever_happens_no_unit_is_lost_and_the_list_agrees_with_reading_by_id(self, rig: Rig, seed: int) -> None:
        ref = rig.add_listing("A", 40)
        source = as_sales(rig.connector())
        newest, cursor = walk(source)
        random = Random(seed)  # noqa: S311 - which deed comes next is no secret
        orders: list[str] = []
        for _ in range(12):
            self.something_happens(rig, ref, orders, random)
            rig.catch_up()
            found, cursor = walk(source, cursor)
            newest |= found
            exact = {state.id: state for state in source.orders_by_id(orders).orders}
            assert {order: newest[order] for order in orders} == exact
            lines = [line for state in exact.values() for line in state.lines]
            shown = rig.shown(ref)
            assert shown is not None
            assert shown + sum(line.taken for line in lines) == 40
            held = sum(line.promised + line.undecided + line.fulfilled - line.returned for line in lines)
            assert shown + held == 40

    def something_happens(self, rig: Rig, ref: ListingRef, orders: list[str], random: Random) -> None:
        """A customer or the shopkeeper does something that this channel knows."""
        state = state_of(rig, random.choice(orders)) if orders and random.random() < 0.7 else None
        promised = sum(line.promised for line in state.lines) if state else 0
        out = sum(line.fulfilled - line.returned for line in state.lines) if state else 0
        deeds: dict[Capability, Callable[[str], None]] = {}
        if promised and not out:
            deeds |= {
                Capability.SALES: rig.cancel,
                Capability.KEEP: lambda order: rig.cancel(order, restock=False),
                Capability.SHIP: lambda order: rig.ship(order),  # noqa: PLW0108 - not every rig has it
                Capability.EDIT: lambda order: rig.edit_line(order, promised + 1),
            }
        if promised > 1 and not out:
            deeds[Capability.REFUND] = lambda order: rig.refund(order, 1)
        if out:
            deeds[Capability.RETURN] = lambda order: rig.return_shipped(order, 1)
        possible = [deed for capability, deed in deeds.items() if capability in self.capabilities]
        if state is None or not possible:
            orders.append(rig.buy(ref, random.randint(1, 3)))
        else:
            random.choice(possible)(state.id)
