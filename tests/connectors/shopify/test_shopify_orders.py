"""What an order of Shopify means for stock, as a table and from whole answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.orders import Buckets, LineFacts, OrderParts, buckets, order_state
from connectors.shopify.reading import Misread

HERE = "gid://shopify/Location/1"
ELSEWHERE = "gid://shopify/Location/2"


def facts(ordered: int, current: int, unfulfilled: int, **rest: int) -> LineFacts:
    return LineFacts(ordered, current, unfulfilled, **rest)


def means(promised: int = 0, undecided: int = 0, fulfilled: int = 0, returned: int = 0, taken: int = 0) -> Buckets:
    return Buckets(promised, undecided, fulfilled, returned, taken)


OPEN_ORDERS = {
    "ordered": (facts(3, 3, 3), means(promised=3, taken=3)),
    "shipped in part": (facts(3, 3, 1, shipped=2), means(promised=1, fulfilled=2, taken=3)),
    "shipped": (facts(3, 3, 0, shipped=3), means(fulfilled=3, taken=3)),
    "handed to a third party that has not shipped": (facts(1, 1, 0, underway=1), means(promised=1, taken=1)),
    "shipped from another location": (facts(1, 1, 0, shipped=1, shipped_elsewhere=1), means(fulfilled=1)),
    "refunded before shipping, restocked": (facts(2, 1, 1, cancelled=1, put_back=1), means(promised=1, taken=1)),
    "refunded before shipping, called a return (recording)": (
        facts(2, 1, 1, came_back=1, put_back=1),
        means(promised=1, taken=1),
    ),
    "refunded before shipping, not restocked": (facts(1, 0, 0, not_restocked=1), means(undecided=1, taken=1)),
    "refunded without restock, Shopify still waits for the shipment": (
        facts(1, 0, 1, not_restocked=1),
        means(undecided=1, taken=1),
    ),
    "shipped, came back": (facts(2, 1, 0, shipped=2, came_back=1, put_back=1), means(fulfilled=2, returned=1, taken=1)),
    "shipped, came back, not restocked": (facts(1, 0, 0, shipped=1, not_restocked=1), means(fulfilled=1, taken=1)),
    "shipped, came back to another location": (
        facts(1, 0, 0, shipped=1, came_back=1),
        means(fulfilled=1, returned=1, taken=1),
    ),
    "one shipped and returned, one still owed": (
        facts(2, 1, 1, shipped=1, came_back=1, put_back=1),
        means(promised=1, fulfilled=1, returned=1, taken=1),
    ),
    "one shipped, the other refunded as a return": (
        facts(2, 1, 0, shipped=1, came_back=1, put_back=1),
        means(fulfilled=1, taken=1),
    ),
    "one shipped and refunded without restock, one still owed": (
        facts(2, 1, 1, shipped=1, not_restocked=1),
        means(promised=1, fulfilled=1, taken=2),
    ),
    "one shipped, the other refunded without restock": (
        facts(2, 1, 0, shipped=1, not_restocked=1),
        means(undecided=1, fulfilled=1, taken=2),
    ),
    "one shipped; a return and a refund without restock: in doubt held": (
        facts(3, 1, 1, shipped=1, came_back=1, put_back=1, not_restocked=1),
        means(promised=1, undecided=1, fulfilled=1, returned=1, taken=2),
    ),
    "one shipped and returned, one handed to a third party, one still owed": (
        facts(3, 2, 1, shipped=1, underway=1, came_back=1, put_back=1),
        means(promised=2, fulfilled=1, returned=1, taken=2),
    ),
    "shipped, and not counted any more without a refund": (facts(1, 0, 0, shipped=1), means(fulfilled=1, taken=1)),
    "removed by an edit": (facts(2, 0, 0), means()),
    "removed by an edit that shows among the refunds": (facts(2, 0, 0, cancelled=2, put_back=2), means()),
    "one removed by an edit, one shipped": (facts(2, 1, 0, shipped=1), means(fulfilled=1, taken=1)),
}

CANCELLED_ORDERS = {
    "restocked": (facts(2, 0, 0, cancelled=2, put_back=2), means()),
    "not restocked": (facts(2, 0, 0, not_restocked=2), means(undecided=2, taken=2)),
    "not restocked and not refunded": (facts(2, 2, 2), means(undecided=2, taken=2)),
    "not restocked, and no trace of the units": (facts(2, 0, 0), means(undecided=2, taken=2)),
    "after one was shipped, the other restocked": (
        facts(2, 1, 0, shipped=1, cancelled=1, put_back=1),
        means(fulfilled=1, taken=1),
    ),
    "after one was shipped, the other not restocked": (
        facts(2, 1, 0, shipped=1, not_restocked=1),
        means(undecided=1, fulfilled=1, taken=2),
    ),
}


@pytest.mark.parametrize("case", OPEN_ORDERS)
def test_a_line_of_an_open_order(case: str) -> None:
    line, expected = OPEN_ORDERS[case]
    assert buckets(line, order_cancelled=False) == expected


@pytest.mark.parametrize("case", CANCELLED_ORDERS)
def test_a_line_of_a_cancelled_order(case: str) -> None:
    line, expected = CANCELLED_ORDERS[case]
    assert buckets(line, order_cancelled=True) == expected


UNITS = st.integers(0, 5)


@given(
    line=st.builds(
        LineFacts,
        ordered=UNITS,
        current=UNITS,
        unfulfilled=UNITS,
        shipped=UNITS,
        underway=UNITS,
        cancelled=UNITS,
        came_back=UNITS,
        not_restocked=UNITS,
    ),
    cancelled=st.booleans(),
)
def test_no_bucket_is_ever_negative_and_no_unit_is_in_two(line: LineFacts, cancelled: bool) -> None:
    found = buckets(line, order_cancelled=cancelled)
    assert min(found.promised, found.undecided, found.fulfilled, found.returned) >= 0
    assert found.promised + found.undecided + found.fulfilled <= max(line.ordered, line.shipped)
    assert found.returned <= found.fulfilled


def line(number: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "name": "Sandal - 39",
        "sku": "SANDAL-39",
        "quantity": 2,
        "currentQuantity": 2,
        "unfulfilledQuantity": 2,
        "variant": {"inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}00"}},
        **changes,
    }


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/5",
        "name": "#1001",
        "createdAt": "2026-11-22T10:00:00+02:00",
        "updatedAt": "2026-11-22T08:00:01Z",
        "cancelledAt": None,
        "displayFulfillmentStatus": "UNFULFILLED",
        "test": False,
        "fulfillments": [],
        **changes,
    }


def shipment(number: int, location: str | None, status: str = "SUCCESS") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "status": status,
        "createdAt": f"2026-11-22T09:00:0{number}Z",
        "location": location and {"id": location},
    }


def shipped(units: int, number: int = 7) -> dict[str, Any]:
    return {"quantity": units, "lineItem": {"id": f"gid://shopify/LineItem/{number}"}}


def refunded(units: int, kind: str, location: str | None, restocked: bool = True) -> dict[str, Any]:
    place = location and {"id": location}
    return {**shipped(units), "restockType": kind, "restocked": restocked, "location": place}


def test_an_order_is_told_in_bare_ids_utc_and_whole_seconds() -> None:
    state = order_state(OrderParts(order(), [line()]), HERE)
    assert (state.id, state.number, state.status, state.test) == ("5", "#1001", "unfulfilled", False)
    assert state.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert state.version == int(datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC).timestamp())
    (told,) = state.lines
    assert (told.line_id, told.listing_id, told.sku, told.promised, told.taken) == ("7", "700", "SANDAL-39", 2, 2)


def test_a_line_whose_variant_was_deleted_keeps_its_sku_and_has_no_listing() -> None:
    (told,) = order_state(OrderParts(order(), [line(variant=None)]), HERE).lines
    assert (told.listing_id, told.sku, told.promised) == (None, "SANDAL-39", 2)


@pytest.mark.parametrize("sku", [None, "", "  "])
def test_a_missing_sku_is_none(sku: str | None) -> None:
    (told,) = order_state(OrderParts(order(), [line(sku=sku)]), HERE).lines
    assert told.sku is None


def test_only_shipments_that_succeeded_have_left_the_house() -> None:
    fulfillments = [
        shipment(1, HERE, "CANCELLED"),
        shipment(2, HERE),
        shipment(3, ELSEWHERE),
        shipment(4, None, "OPEN"),
    ]
    entries = {f"gid://shopify/Fulfillment/{n}": [shipped(1)] for n in (1, 2, 3, 4)}
    four = line(quantity=4, currentQuantity=4, unfulfilledQuantity=1)
    state = order_state(OrderParts(order(fulfillments=fulfillments), [four], entries), HERE)
    (told,) = state.lines
    assert (told.promised, told.fulfilled, told.taken) == (2, 2, 3)
    assert state.fulfilled_at == datetime(2026, 11, 22, 9, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "location", "restocked", "taken"),
    [
        ("RETURN", HERE, True, 1),
        ("RETURN", None, True, 1),
        ("RETURN", ELSEWHERE, True, 2),
        ("RETURN", HERE, False, 2),
        ("LEGACY_RESTOCK", HERE, True, 1),
        ("NO_RESTOCK", None, False, 2),
    ],
)
def test_a_return_lifts_our_number_only_where_it_was_put_back(
    kind: str, location: str | None, restocked: bool, taken: int
) -> None:
    sent = {"gid://shopify/Fulfillment/1": [shipped(2)]}
    parts = OrderParts(
        order(fulfillments=[shipment(1, HERE)]),
        [line(currentQuantity=1, unfulfilledQuantity=0)],
        sent,
        [refunded(1, kind, location, restocked)],
    )
    (told,) = order_state(parts, HERE).lines
    assert (told.fulfilled, told.returned, told.taken) == (2, 0 if kind == "NO_RESTOCK" else 1, taken)


def test_a_line_that_two_pages_repeat_is_one_line() -> None:
    assert [told.promised for told in order_state(OrderParts(order(), [line(), line()]), HERE).lines] == [2]


def test_a_cancelled_order_says_so_and_a_test_order_too() -> None:
    state = order_state(OrderParts(order(cancelledAt="2026-11-22T09:00:00Z", test=True), [line()]), HERE)
    assert (state.status, state.test, state.lines[0].undecided) == ("cancelled", True, 2)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (OrderParts(order(), [line(quantity=1.5)]), "quantity"),
        (OrderParts(order(), [line(quantity=True)]), "quantity"),
        (OrderParts(order(), [line(quantity=2**31)]), "quantity"),
        (OrderParts(order(), [line(currentQuantity=-1)]), "quantity"),
        (OrderParts(order(), [line(id="7")]), "id"),
        (OrderParts(order(updatedAt="yesterday"), [line()]), "updatedAt"),
        (OrderParts(order(createdAt="2026-11-22T10:00:00"), [line()]), "createdAt"),
        (OrderParts(order(), [line()], refunded=[refunded(1, "BURNED", HERE)]), "restockType"),
        (OrderParts(order(), [], refunded=[refunded(1, "RETURN", HERE)]), "lineItem"),
        (OrderParts(None, [line()]), "fulfillments"),
    ],
)
def test_an_order_that_cannot_be_read_names_the_field(broken: OrderParts, field: str) -> None:
    with pytest.raises(Misread) as misread:
        order_state(broken, HERE)
    assert misread.value.field == field
