"""Walking Shopify's orders: cursors, overlap, orders larger than a page, orders that cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import CursorExpired, OrderPage, Unreadable
from connectors.shopify.admin import Admin, Reply
from connectors.shopify.documents import DEEPEST
from connectors.shopify.order_pages import OrderPages, Place
from syncd.sandbox.server import Response
from tests.connectors.shopify.conftest import Asked, Make, Scripted, answered, refused

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def page(nodes: list[Any], after: str | None = None) -> dict[str, Any]:
    return {"nodes": nodes, "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


def line(number: int, units: int = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "name": f"Sandal {number}",
        "sku": f"SKU-{number}",
        "quantity": units,
        "currentQuantity": units,
        "unfulfilledQuantity": units,
        "variant": {"inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}"}},
    }


def order(number: int, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    at = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": at,
        "updatedAt": at,
        "cancelledAt": None,
        "displayFulfillmentStatus": "UNFULFILLED",
        "test": False,
        "lineItems": page([line(number)]),
        "fulfillments": [],
        "refunds": [],
        **changes,
    }


def orders(nodes: list[Any], after: str | None = None) -> Response:
    return answered({"orders": page(nodes, after)})


def newest(minutes: float) -> Response:
    return answered({"orders": {"nodes": [order(1, minutes)]}})


def numbers(one: OrderPage) -> list[str]:
    return [state.number for state in one.orders]


def test_first_contact_reads_what_is_open_and_then_what_changed_by_the_shops_own_clock(
    make: Make, scripted: Scripted
) -> None:
    scripted.answers(newest(60), orders([order(1), order(2)], "A"), orders([order(3)]), orders([order(4, 61)]))
    pages = list(make(scripted.server.url).orders(None))
    assert [numbers(one) for one in pages] == [["#1", "#2"], ["#3"], ["#4"]]
    asked = [
        (one.variables.get("query"), one.variables.get("after"), one.variables.get("sortKey")) for one in scripted.asked
    ]
    assert asked[1:] == [
        ("status:open OR fulfillment_status:unfulfilled", None, "ID"),
        ("status:open OR fulfillment_status:unfulfilled", "A", "ID"),
        ("updated_at:>='2026-11-22T08:58:00Z'", None, "UPDATED_AT"),
    ]


def test_a_shop_without_orders_gives_a_page_whose_cursor_misses_nothing(make: Make, scripted: Scripted) -> None:
    scripted.answers(answered({"orders": {"nodes": []}}), orders([]), orders([]))
    *_, last = make(scripted.server.url).orders(None)
    scripted.answers(orders([order(1)]))
    assert [numbers(one) for one in make(scripted.server.url).orders(last.cursor)] == [["#1"]]
    assert scripted.asked[-1].variables["query"] == "updated_at:>='1970-01-01T00:00:00Z'"


def test_a_cursor_resumes_exactly_after_its_page(make: Make, scripted: Scripted) -> None:
    begun = Place("changed", START.isoformat(), START.isoformat()).cursor()
    scripted.answers(orders([order(1, 1)], "A"), orders([order(2, 2)], "B"), orders([order(3, 9)]))
    first, second, third = make(scripted.server.url).orders(begun)
    before = [(asked.variables["query"], asked.variables["after"]) for asked in scripted.asked]
    scripted.asked.clear()
    scripted.answers(orders([order(2, 2)], "B"), orders([order(3, 9)]))
    assert [numbers(one) for one in make(scripted.server.url).orders(first.cursor)] == [["#2"], ["#3"]]
    scripted.answers(orders([order(3, 9)]))
    again = list(make(scripted.server.url).orders(second.cursor))
    assert again == [third]
    after = [(asked.variables["query"], asked.variables["after"]) for asked in scripted.asked]
    assert after == [before[1], before[2], before[2]]


def test_the_next_walk_begins_before_the_newest_change_that_was_seen(make: Make, scripted: Scripted) -> None:
    begun = Place("changed", START.isoformat(), START.isoformat()).cursor()
    scripted.answers(orders([order(2, 30)], "A"), orders([]))
    connector = make(scripted.server.url, ORDER_LAG=timedelta(minutes=5))
    *_, last = connector.orders(begun)
    scripted.answers(orders([]))
    (quiet,) = connector.orders(last.cursor)
    assert scripted.asked[-1].variables["query"] == "updated_at:>='2026-11-22T08:20:00Z'"
    assert Place.parse(quiet.cursor).since == Place.parse(last.cursor).since, "a quiet shop moves nothing"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "not a cursor",
        "7",
        "[]",
        '{"walk":"changed"}',
        '{"walk":"sideways","since":"2026-11-22T08:00:00+00:00","newest":"2026-11-22T08:00:00+00:00"}',
        '{"walk":"open","since":"2026-11-22T08:00:00","newest":"2026-11-22T08:00:00+00:00"}',
        '{"walk":"open","since":7,"newest":"2026-11-22T08:00:00+00:00"}',
        '{"walk":"open","since":"2026-11-22T08:00:00+00:00","newest":"2026-11-22T08:00:00+00:00","after":7}',
    ],
)
def test_a_cursor_that_is_none_has_expired(make: Make, scripted: Scripted, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        list(make(scripted.server.url).orders(cursor))


def test_a_place_that_shopify_does_not_find_again_has_expired(make: Make, scripted: Scripted) -> None:
    cursor = Place("changed", START.isoformat(), START.isoformat(), after="A").cursor()
    scripted.answers(refused("BAD_REQUEST", "Invalid cursor for current pagination sort."))
    with pytest.raises(CursorExpired):
        list(make(scripted.server.url).orders(cursor))


def test_an_order_with_more_than_a_page_of_lines_shipments_and_refunds_is_read_whole(
    make: Make, scripted: Scripted
) -> None:
    shipped = {"quantity": 1, "lineItem": {"id": "gid://shopify/LineItem/3"}}
    sent_back = {**shipped, "restockType": "RETURN", "restocked": True, "location": None}
    fulfilment = {
        "id": "gid://shopify/Fulfillment/8",
        "status": "SUCCESS",
        "createdAt": "2026-11-22T09:00:00Z",
        "location": None,
        "fulfillmentLineItems": page([], "F"),
    }
    refund = {"id": "gid://shopify/Refund/9", "refundLineItems": page([], "R")}
    large = order(1, lineItems=page([line(1)], "L1"), fulfillments=[fulfilment], refunds=[refund])

    def more(asked: Asked) -> Response:
        rest = {
            ("gid://shopify/Order/1", "L1"): {"lineItems": page([line(2)], "L2")},
            ("gid://shopify/Order/1", "L2"): {"lineItems": page([line(3, units=2)])},
            ("gid://shopify/Fulfillment/8", "F"): {"fulfillmentLineItems": page([shipped])},
            ("gid://shopify/Refund/9", "R"): {"refundLineItems": page([sent_back])},
        }
        return answered({"node": rest[asked.variables["id"], asked.variables["after"]]})

    scripted.answers(lambda _: answered({"nodes": [large]}), more)
    (state,) = make(scripted.server.url).orders_by_id(["1"]).orders
    assert [told.line_id for told in state.lines] == ["1", "2", "3"]
    last = state.lines[-1]
    assert (last.promised, last.fulfilled, last.returned, last.taken) == (1, 1, 1, 1)


def test_an_order_that_cannot_be_read_is_parked_with_its_listings_and_the_others_go_on(
    make: Make, scripted: Scripted
) -> None:
    odd = order(2, lineItems=page([line(21), {**line(22), "quantity": 1.5}]))
    begun = Place("changed", START.isoformat(), START.isoformat()).cursor()
    scripted.answers(orders([order(1), odd, None, order(3)]))
    (one,) = make(scripted.server.url).orders(begun)
    assert numbers(one) == ["#1", "#3"]
    assert [(parked.ref, parked.listing_ids) for parked in one.parked] == [("2", ("21", "22")), ("", ())]
    assert one.parked[0].reason == "order #2 cannot be read: its field quantity is not as it should be"


def test_a_page_without_its_shape_stops_the_channel(make: Make, scripted: Scripted) -> None:
    begun = Place("changed", START.isoformat(), START.isoformat()).cursor()
    scripted.answers(answered({"orders": {"nodes": []}}))
    with pytest.raises(Unreadable, match="pageInfo"):
        list(make(scripted.server.url).orders(begun))


def test_a_page_that_leads_back_to_itself_is_not_followed(make: Make, scripted: Scripted) -> None:
    begun = Place("changed", START.isoformat(), START.isoformat()).cursor()
    scripted.answers(orders([order(1)], "A"))
    walk = make(scripted.server.url).orders(begun)
    next(walk)
    with pytest.raises(Unreadable, match="endCursor"):
        next(walk)


def test_an_order_whose_lines_never_end_is_parked(make: Make, scripted: Scripted) -> None:
    scripted.answers(
        answered({"nodes": [order(1, lineItems=page([line(1)], "L"))]}),
        answered({"node": {"lineItems": page([line(1)], "L")}}),
    )
    told = make(scripted.server.url).orders_by_id(["1"])
    assert [parked.ref for parked in told.parked] == ["1"]


def test_orders_by_id_are_read_50_a_call_and_what_is_gone_is_missing(make: Make, scripted: Scripted) -> None:
    def even_ones(asked: Asked) -> Response:
        found = [int(one.rpartition("/")[2]) for one in asked.variables["ids"]]
        return answered({"nodes": [None if number % 2 else order(number) for number in found]})

    scripted.answers(even_ones)
    told = make(scripted.server.url).orders_by_id([str(number) for number in range(101)])
    assert [len(asked.variables["ids"]) for asked in scripted.asked] == [50, 50, 1]
    assert [state.id for state in told.orders] == [str(number) for number in range(0, 101, 2)]
    assert told.missing == tuple(str(number) for number in range(1, 101, 2))


def test_no_orders_are_asked_for_by_nobody(make: Make, scripted: Scripted) -> None:
    assert make(scripted.server.url).orders_by_id([]).orders == ()
    assert scripted.asked == []


class Endless(Admin):
    """An admin whose list of changed orders never ends; remembers where each page was asked for.

    The last order of each page has changed again since the search gave it its place.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[object, object]] = []

    def reply(self, document: str, variables: Any = None) -> Reply:
        self.asked.append((variables["query"], variables["after"]))
        number = len(self.asked)
        return Reply(
            json.loads(
                json.dumps({"orders": page([order(number, number)] * 49 + [order(0, 10**6)], f"after {number}")})
            ),
            None,
        )


def test_a_walk_deeper_than_shopify_pages_begins_again_where_it_stands() -> None:
    admin = Endless()
    walk = OrderPages(admin, timedelta()).since(
        Place("changed", START.isoformat(), START.isoformat()).cursor(), "gid://shopify/Location/1"
    )
    pages_deep = DEEPEST // 50
    for _ in range(pages_deep):
        next(walk)
    begun = f"updated_at:>='{START:%Y-%m-%dT%H:%M:%SZ}'"
    assert admin.asked[pages_deep - 2] == (begun, f"after {pages_deep - 2}")
    again = START + timedelta(minutes=pages_deep - 1)
    assert admin.asked[pages_deep - 1] == (f"updated_at:>='{again:%Y-%m-%dT%H:%M:%SZ}'", None)
