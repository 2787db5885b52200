"""Rows of orders become states, one case per row of woocommerce-facts §5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import OrderLine, OrderState, Parked
from connectors.woocommerce.order_state import Hold, order_state

CREATED = "2026-11-22T08:00:00"
COMPLETED = "2026-11-22T10:00:00"
BEFORE, AFTER = "2026-11-22T09:59:59", "2026-11-22T10:00:01"
HOLD = Hold(60, sure=True)


def line(
    units: Any = 5, reduced: Any = None, restocked: Any = None, *, id_: int = 7, product: int = 81, variation: int = 0
) -> dict[str, Any]:
    notes = [("_reduced_stock", reduced), ("_restock_refunded_items", restocked)]
    return {
        "id": id_,
        "name": "Shoe",
        "product_id": product,
        "variation_id": variation,
        "quantity": units,
        "sku": "SHOE-39",
        "meta_data": [{"id": 1, "key": key, "value": value} for key, value in notes if value is not None],
    }


def order(status: str, *lines: dict[str, Any], completed: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": 459,
        "number": "459",
        "status": status,
        "created_via": "checkout",
        "date_created_gmt": CREATED,
        "date_modified_gmt": "2026-11-22T11:00:00",
        "date_completed_gmt": completed,
        "date_paid_gmt": None,
        "line_items": list(lines),
        "refunds": [],
    } | fields


def refund(units: int, at: Any = BEFORE, *, of: int = 7) -> dict[str, Any]:
    meta = [{"id": 2, "key": "_refunded_item_id", "value": str(of)}]
    return {"id": 471, "date_created_gmt": at, "line_items": [{"id": 9, "quantity": -units, "meta_data": meta}]}


def read(row: dict[str, Any], *refunds: dict[str, Any], hold: Hold = HOLD) -> OrderState:
    state = order_state(row, refunds, hold)
    assert isinstance(state, OrderState), state
    return state


def buckets(row: dict[str, Any], *refunds: dict[str, Any], hold: Hold = HOLD) -> dict[str, int]:
    (only,) = read(row, *refunds, hold=hold).lines
    names = ("promised", "undecided", "fulfilled", "returned", "taken")
    return {name: getattr(only, name) for name in names if getattr(only, name)}


@pytest.mark.parametrize(
    ("status", "reduced", "expected"),
    [
        ("on-hold", "5", {"promised": 5, "taken": 5}),
        ("processing", "5", {"promised": 5, "taken": 5}),
        ("processing", None, {"promised": 5}),  # the shop does not count the product: it is owed all the same
        ("cancelled", None, {}),
        ("cancelled", "5", {"undecided": 5, "taken": 5}),  # a plugin keeps the shop from putting it back
        ("failed", None, {}),  # the payment failed, nothing was ever taken
        ("failed", "5", {"undecided": 5, "taken": 5}),
        ("refunded", "5", {"undecided": 5, "taken": 5}),  # by status only, or by amount
        ("refunded", "0", {}),
        ("trash", "5", {"undecided": 5, "taken": 5}),
        ("trash", None, {}),  # cancelled first
        ("checkout-draft", None, {}),
        ("checkout-draft", "5", {"undecided": 5, "taken": 5}),
        ("auto-draft", None, {}),
        ("packed", "5", {"promised": 5, "taken": 5}),  # a plugin's own status, after processing
        ("quote-request", None, {}),  # a plugin's own status, before anything was sold
    ],
)
def test_units_that_never_left_the_house(status: str, reduced: str | None, expected: dict[str, int]) -> None:
    assert buckets(order(status, line(5, reduced))) == expected


def test_a_paid_order_in_a_plugins_own_status_is_owed_though_the_shop_does_not_count_it() -> None:
    assert buckets(order("packed", line(5), date_paid_gmt=CREATED)) == {"promised": 5}


@pytest.mark.parametrize(
    ("status", "reduced", "expected"),
    [
        ("completed", "5", {"fulfilled": 5, "taken": 5}),
        ("completed", None, {"fulfilled": 5}),
        ("refunded", "5", {"fulfilled": 5, "taken": 5}),  # money back, the customer keeps the goods
        ("failed", "5", {"fulfilled": 5, "taken": 5}),
        ("trash", "5", {"fulfilled": 5, "taken": 5}),  # tidied away
        ("delivered", "5", {"fulfilled": 5, "taken": 5}),
        # The shop put them back on its number; what was shipped waits in quarantine all the same.
        ("cancelled", None, {"fulfilled": 5, "returned": 5}),
        ("processing", "5", {"promised": 5, "taken": 5}),  # opened again
    ],
)
def test_units_that_left_the_house(status: str, reduced: str | None, expected: dict[str, int]) -> None:
    assert buckets(order(status, line(5, reduced), completed=COMPLETED)) == expected


@pytest.mark.parametrize(
    ("status", "completed", "line_", "refunds", "expected"),
    [
        # put back before it was shipped: gone
        ("processing", None, line(5, "3", "2"), [refund(2)], {"promised": 3, "taken": 3}),
        ("completed", COMPLETED, line(5, "3", "2"), [refund(2, BEFORE)], {"fulfilled": 3, "taken": 3}),
        ("refunded", None, line(5, "0", "5"), [refund(5)], {}),
        ("cancelled", None, line(5, None, "2"), [refund(2)], {}),
        # not put back, not shipped: a person decides
        ("processing", None, line(5, "5"), [refund(2)], {"promised": 3, "undecided": 2, "taken": 5}),
        ("completed", COMPLETED, line(5, "5"), [refund(2, BEFORE)], {"fulfilled": 3, "undecided": 2, "taken": 5}),
        ("processing", None, line(5), [refund(2)], {"promised": 3, "undecided": 2}),
        # put back after it was shipped: returned
        ("completed", COMPLETED, line(5, "3", "2"), [refund(2, AFTER)], {"fulfilled": 5, "returned": 2, "taken": 3}),
        ("refunded", COMPLETED, line(5, "0", "5"), [refund(5, AFTER)], {"fulfilled": 5, "returned": 5}),
        # not put back after it was shipped: the customer keeps it, or it came back broken
        ("completed", COMPLETED, line(5, "5"), [refund(2, AFTER)], {"fulfilled": 5, "taken": 5}),
        # the instants do not tell: shipped and returned
        ("completed", COMPLETED, line(5, "3", "2"), [refund(2, COMPLETED)],
         {"fulfilled": 5, "returned": 2, "taken": 3}),
        ("completed", COMPLETED, line(5, "3", "2"), [refund(2, None)], {"fulfilled": 5, "returned": 2, "taken": 3}),
        ("completed", None, line(5, "3", "2"), [refund(2)], {"fulfilled": 5, "returned": 2, "taken": 3}),
        # one before and one after, one of them put back: it counts as the one that waits in quarantine
        ("completed", COMPLETED, line(5, "4", "1"), [refund(1, BEFORE), refund(1, AFTER)],
         {"fulfilled": 4, "returned": 1, "undecided": 1, "taken": 4}),
        ("completed", COMPLETED, line(5, "3", "2"), [refund(1, BEFORE), refund(1, AFTER)],
         {"fulfilled": 4, "returned": 1, "taken": 3}),
        # refunded in two steps, then cancelled: the shop puts back the rest only
        ("cancelled", None, line(5, None, "3"), [refund(1), refund(2)], {}),
        # the refund was deleted: owed again, the shop's number stays where it is
        ("processing", None, line(5, "3", "2"), [], {"promised": 5, "taken": 3}),
        # more refunded than bought is accepted by the shop, and lifts its number
        ("processing", None, line(5, "-45", "50"), [refund(50)], {"taken": -45}),
        # a refund of another line, and one of money only
        ("processing", None, line(5, "5"), [refund(2, of=8)], {"promised": 5, "taken": 5}),
        ("processing", None, line(5, "5"), [{"id": 1, "date_created_gmt": BEFORE, "line_items": []}],
         {"promised": 5, "taken": 5}),
        # opened again after a return
        ("processing", COMPLETED, line(5, "3", "2"), [refund(2, AFTER)],
         {"promised": 3, "fulfilled": 2, "returned": 2, "taken": 3}),
    ],
)  # fmt: skip
def test_refunded_units(
    status: str, completed: str | None, line_: Any, refunds: list[Any], expected: dict[str, int]
) -> None:
    assert buckets(order(status, line_, completed=completed), *refunds) == expected


@pytest.mark.parametrize("created_via", ["checkout", "store-api"])
def test_an_unpaid_checkout_is_promised_until_its_hold_ends(created_via: str) -> None:
    state = read(order("pending", line(5), created_via=created_via))
    assert (state.lines[0].promised, state.lines[0].taken) == (5, 0)
    assert state.held_until == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert state.holds_stock


def test_a_hold_of_which_the_shop_says_nothing_is_assumed_but_not_sure() -> None:
    state = read(order("pending", line(5)), hold=Hold())
    assert (state.held_until, state.holds_stock) == (state.created_at + timedelta(minutes=60), False)


@pytest.mark.parametrize(
    ("created_via", "hold"), [("rest-api", HOLD), ("admin", HOLD), (None, HOLD), ("checkout", Hold(0, sure=True))]
)
def test_a_pending_order_that_nobody_holds_promises_nothing(created_via: str | None, hold: Hold) -> None:
    state = read(order("pending", line(5), created_via=created_via), hold=hold)
    assert (state.lines[0].promised, state.held_until, state.holds_stock) == (0, None, False)


def test_a_pending_order_that_took_stock_is_owed_and_not_hidden() -> None:
    state = read(order("pending", line(5, "5"), created_via="admin"))
    assert (state.lines[0].promised, state.lines[0].taken, state.held_until) == (5, 5, None)


def test_a_line_names_its_variation_or_its_product_or_nothing_when_that_is_gone() -> None:
    state = read(
        order(
            "processing",
            line(id_=1, product=248, variation=250),
            line(id_=2, product=81),
            line(id_=3, product=0, variation=0) | {"sku": None},
        )
    )
    assert [(one.line_id, one.listing_id, one.sku, one.promised) for one in state.lines] == [
        ("1", "250", "SHOE-39", 5),
        ("2", "81", "SHOE-39", 5),
        ("3", None, None, 5),
    ]


def test_the_version_is_the_second_of_the_last_change_and_instants_are_utc() -> None:
    state = read(order("completed", line(5, "5"), completed=COMPLETED))
    assert state.version == int(datetime(2026, 11, 22, 11, 0, tzinfo=UTC).timestamp())
    assert state.created_at == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert state.fulfilled_at == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert (state.id, state.number, state.status) == ("459", "459", "completed")


@pytest.mark.parametrize(
    "broken",
    [
        line(1.5),
        line("2"),
        line("two"),
        line(None),
        line(-1),
        line(True),
        line(10**20),
        line(5, "2.5"),
        line(5, "abc"),
        line(5, "5", "x"),
        line(5) | {"id": "7"},
    ],
)
def test_a_line_that_is_not_in_whole_units_parks_its_order_and_names_the_listings(broken: Any) -> None:
    parked = order_state(order("processing", broken, line(id_=8, product=99)), [], HOLD)
    assert isinstance(parked, Parked)
    assert (parked.ref, parked.listing_ids) == ("459", ("81", "99"))
    assert "459" in parked.reason


@pytest.mark.parametrize("field", ["date_created_gmt", "date_modified_gmt"])
@pytest.mark.parametrize("broken", [None, "", "yesterday", 7, "0000-00-00T00:00:00"])
def test_an_order_without_its_instants_is_parked(field: str, broken: Any) -> None:
    assert isinstance(order_state(order("processing", line(5), **{field: broken}), [], HOLD), Parked)


def test_a_whole_number_written_as_a_fraction_is_whole() -> None:
    assert buckets(order("processing", line(5.0, 5))) == {"promised": 5, "taken": 5}


@given(
    status=st.sampled_from(["processing", "on-hold", "pending", "completed", "cancelled", "failed", "refunded",
                            "trash", "checkout-draft", "odd"]),
    units=st.integers(0, 6),
    reduced=st.none() | st.integers(-8, 8),
    restocked=st.none() | st.integers(-2, 8),
    refunds=st.lists(st.tuples(st.integers(0, 7), st.sampled_from([BEFORE, COMPLETED, AFTER, None]))),
    completed=st.sampled_from([None, COMPLETED]),
)  # fmt: skip
def test_no_unit_is_counted_twice_and_none_comes_back_that_was_not_shipped(
    status: str,
    units: int,
    reduced: int | None,
    restocked: int | None,
    refunds: list[tuple[int, str | None]],
    completed: str | None,
) -> None:
    row = order(status, line(units, reduced, restocked), completed=completed)
    (only,) = read(row, *(refund(refunded, at) for refunded, at in refunds)).lines
    assert isinstance(only, OrderLine)
    assert only.promised + only.undecided + only.fulfilled <= units
    assert only.returned <= only.fulfilled
    assert only.taken == (reduced or 0)
