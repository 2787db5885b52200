"""What a `SalesSource` promises that is not steady: it tells sales when somebody tells them, each for good."""

from __future__ import annotations

from datetime import timedelta

from connectors.contract import OrderLine, OrderPage
from connectors.testing.rig import Capability, Promises, Rig, as_sales, needs

Told = dict[tuple[str, str], OrderLine]


def told(rig: Rig, cursor: str | None = None) -> tuple[Told, list[OrderPage]]:
    """Every line after the cursor, by the ids of its order and its own, and the pages. A line is told in one way."""
    lines: Told = {}
    pages = list(as_sales(rig.connector()).orders(cursor))
    for page in pages:
        for state in page.orders:
            for line in state.lines:
                assert lines.setdefault((state.id, line.line_id), line) == line
    return lines, pages


class TellingPromises(Promises):
    @needs(Capability.TOLD)
    def test_a_sale_that_is_told_is_over_and_names_its_sku(self, rig: Rig) -> None:
        rig.buy(rig.add_listing("A", 10), 3)
        rig.catch_up()
        lines, pages = told(rig)
        (line,) = lines.values()
        assert (line.sku, line.listing_id) == ("A", None)
        assert (line.fulfilled, line.returned, line.promised, line.undecided, line.taken) == (3, 0, 0, 0, 0)
        (state,) = (state for page in pages for state in page.orders)
        assert not state.open
        assert state.fulfilled_at is not None
        assert state.fulfilled_at.utcoffset() == timedelta()

    @needs(Capability.TOLD)
    def test_units_that_come_back_come_back_without_a_sale_of_theirs(self, rig: Rig) -> None:
        rig.buy(rig.add_listing("A", 10), -2)
        rig.catch_up()
        (line,) = told(rig)[0].values()
        assert (line.fulfilled, line.returned, line.promised) == (0, 2, 0)

    @needs(Capability.TOLD)
    def test_equal_sales_are_told_apart(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        orders = {rig.buy(ref), rig.buy(ref)}
        rig.catch_up()
        assert {order for order, _ in told(rig)[0]} == orders

    @needs(Capability.TOLD)
    def test_who_forgets_the_cursor_is_told_the_same_under_the_same_ids(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        for units in (1, 2, -1):
            rig.buy(ref, units)
        rig.catch_up()
        once, _ = told(rig)
        rig.buy(ref, 4)
        rig.catch_up()
        again, _ = told(rig)
        assert once.items() <= again.items()
        assert sum(line.fulfilled - line.returned for line in again.values()) == 6

    @needs(Capability.TOLD)
    def test_a_cursor_goes_on_behind_its_page_and_before_it_what_is_lost_comes_again(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        _, pages = told(rig)
        before = pages[-1].cursor
        rig.buy(ref, 2)
        rig.catch_up()
        new, pages = told(rig, before)
        assert [line.fulfilled for line in new.values()] == [2]
        assert told(rig, before)[0] == new
        assert told(rig, pages[-1].cursor)[0] == {}
        rig.buy(ref, 5)
        rig.catch_up()
        later, _ = told(rig, pages[-1].cursor)
        assert 5 in [line.fulfilled for line in later.values()]
        assert told(rig, before)[0].items() >= {**new, **later}.items()

    @needs(Capability.TOLD)
    def test_it_says_up_to_when_there_is_word_and_never_that_there_will_be(self, rig: Rig) -> None:
        assert [page.heard_until for page in told(rig)[1] if page.heard_until] == []
        ref = rig.add_listing("A", 10)
        for _ in range(2):
            rig.buy(ref)
            rig.catch_up()
        _, pages = told(rig)
        heard = [page.heard_until for page in pages if page.heard_until is not None]
        assert heard
        assert heard == sorted(heard)
        sold = [state.fulfilled_at for page in pages for state in page.orders if state.fulfilled_at is not None]
        assert max(heard) >= max(sold)

    @needs(Capability.TOLD)
    def test_the_last_page_comes_even_when_nothing_was_told(self, rig: Rig) -> None:
        _, pages = told(rig)
        assert [page.orders for page in pages] == [()]
        assert told(rig, pages[-1].cursor)[0] == {}

    @needs(Capability.TOLD)
    def test_orders_that_it_does_not_know_are_missing(self, rig: Rig) -> None:
        assert as_sales(rig.connector()).orders_by_id(["no such order"]).missing == ("no such order",)
