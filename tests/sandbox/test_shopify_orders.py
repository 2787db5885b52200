"""How orders move numbers in the practice Shopify shop (shopify-facts §2.4, §4)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from shopify_documents import CANCEL
from shopify_kit import Client, practice

from syncd.sandbox.shopify import ShopRefuses
from syncd.sandbox.shopify.model import Order

READ = """
query Q($id: ID!) { order(id: $id) {
  cancelledAt closed displayFulfillmentStatus displayFinancialStatus test
  lineItems(first: 9) { nodes { sku quantity currentQuantity unfulfilledQuantity } }
  fulfillments { status totalQuantity location { name } fulfillmentLineItems(first: 9) { nodes { quantity } } }
  refunds { refundLineItems(first: 9) { nodes { quantity restockType restocked location { name } } } }
} }"""


@pytest.fixture
def client() -> Iterator[Client]:
    with practice() as one:
        one.shop.add_product("Shoe", [{"sku": "A", "units": 10}])
        yield one


def numbers(client: Client) -> tuple[int, int, int]:
    """Available, committed, on hand of A."""
    level = client.shop.level(client.shop.variant("A").inventory_item, client.shop.main_location)
    return level.states["available"], level.states["committed"], level.quantity("on_hand")


def line(client: Client, order: Order) -> tuple[int, int, int]:
    """Ordered, current and unfulfilled units of the order's first line, as a client reads them."""
    one = client.data(READ, {"id": order.id})["order"]["lineItems"]["nodes"][0]
    return one["quantity"], one["currentQuantity"], one["unfulfilledQuantity"]


def refunds(client: Client, order: Order) -> list[tuple[int, str, bool]]:
    return [
        (one["quantity"], one["restockType"], one["restocked"])
        for refund in client.data(READ, {"id": order.id})["order"]["refunds"]
        for one in refund["refundLineItems"]["nodes"]
    ]


def test_an_order_commits_units_and_shipping_takes_them_away(client: Client) -> None:
    order = client.shop.buy("A", 3)
    assert (numbers(client), line(client, order)) == ((7, 3, 10), (3, 3, 3))
    client.shop.fulfil(order, order.lines[0], 1)
    assert (numbers(client), line(client, order)) == ((7, 2, 9), (3, 3, 2))
    client.shop.fulfil(order)
    assert (numbers(client), line(client, order)) == ((7, 0, 7), (3, 3, 0))
    shown = client.data(READ, {"id": order.id})["order"]
    assert (shown["displayFulfillmentStatus"], shown["closed"]) == ("FULFILLED", True)
    assert [one["totalQuantity"] for one in shown["fulfillments"]] == [1, 2]


def test_a_cancelled_shipment_waits_again(client: Client) -> None:
    order = client.shop.buy("A", 3)
    client.shop.cancel_fulfillment(order, client.shop.fulfil(order))
    assert (numbers(client), line(client, order)) == ((7, 3, 10), (3, 3, 3))
    shown = client.data(READ, {"id": order.id})["order"]
    assert (shown["displayFulfillmentStatus"], shown["fulfillments"][0]["status"]) == ("UNFULFILLED", "CANCELLED")


@pytest.mark.parametrize(
    ("restock", "after", "kind"), [(True, (10, 0, 10), "CANCEL"), (False, (7, 0, 7), "NO_RESTOCK")]
)
def test_a_cancellation_gives_back_only_with_restock(
    client: Client, restock: bool, after: tuple[int, int, int], kind: str
) -> None:
    order = client.shop.buy("A", 3)
    told = client.data(CANCEL, {"orderId": order.id, "restock": restock, "reason": "CUSTOMER"})
    assert told["orderCancel"]["orderCancelUserErrors"] == []
    assert (numbers(client), line(client, order)) == (after, (3, 0, 0))
    assert refunds(client, order) == [(3, kind, restock)]
    (error,) = client.data(CANCEL, {"orderId": order.id, "restock": True, "reason": "CUSTOMER"})["orderCancel"][
        "orderCancelUserErrors"
    ]
    assert error["code"] == "INVALID"
    assert numbers(client) == after


def test_a_cancellation_leaves_what_was_shipped(client: Client) -> None:
    order = client.shop.buy("A", 3)
    client.shop.fulfil(order, order.lines[0], 1)
    client.shop.cancel(order)
    assert (numbers(client), line(client, order)) == ((9, 0, 9), (3, 1, 0))


@pytest.mark.parametrize(
    ("shipped", "kind", "keeps", "after", "shows"),
    [
        (0, "CANCEL", False, (8, 2, 10), (3, 2, 2)),
        (0, "NO_RESTOCK", False, (7, 2, 9), (3, 2, 2)),
        (0, "NO_RESTOCK", True, (7, 3, 10), (3, 2, 3)),
        (0, "RETURN", False, (8, 2, 10), (3, 2, 2)),
        (0, "LEGACY_RESTOCK", False, (8, 2, 10), (3, 2, 2)),
        (3, "RETURN", False, (8, 0, 8), (3, 2, 0)),
        (3, "NO_RESTOCK", False, (7, 0, 7), (3, 2, 0)),
        (3, "LEGACY_RESTOCK", False, (8, 0, 8), (3, 2, 0)),
        (1, "RETURN", False, (8, 2, 10), (3, 2, 2)),
        (1, "CANCEL", False, (8, 1, 9), (3, 2, 1)),
    ],
)
def test_a_refund_of_one_of_three(
    client: Client,
    shipped: int,
    kind: str,
    keeps: bool,
    after: tuple[int, int, int],
    shows: tuple[int, int, int],
) -> None:
    order = client.shop.buy("A", 3)
    if shipped:
        client.shop.fulfil(order, order.lines[0], shipped)
    client.shop.refund(order, order.lines[0], 1, kind, still_to_ship=keeps)
    assert (numbers(client), line(client, order)) == (after, shows)
    assert refunds(client, order) == [(1, kind, kind != "NO_RESTOCK")]


def test_a_return_to_another_location_is_put_back_there(client: Client) -> None:
    haifa = client.shop.add_location("Haifa")
    order = client.shop.buy("A", 3)
    client.shop.fulfil(order)
    client.shop.refund(order, order.lines[0], 2, "RETURN", location=haifa)
    assert numbers(client) == (7, 0, 7)
    assert client.shop.available("A", haifa) == 2


def test_more_than_there_is_cannot_be_refunded_or_shipped(client: Client) -> None:
    order = client.shop.buy("A", 2)
    client.shop.fulfil(order, order.lines[0], 1)
    steps: list[Callable[[], object]] = [
        lambda: client.shop.refund(order, order.lines[0], 3, "NO_RESTOCK"),
        lambda: client.shop.refund(order, order.lines[0], 2, "CANCEL"),
        lambda: client.shop.fulfil(order, order.lines[0], 2),
    ]
    for step in steps:
        with pytest.raises(ShopRefuses):
            step()
    assert (numbers(client), line(client, order)) == ((8, 1, 9), (2, 2, 1))


def test_an_edit_removes_units_and_may_or_may_not_show_among_the_refunds(client: Client) -> None:
    silent, told = client.shop.buy("A", 2), client.shop.buy("A", 2)
    client.shop.edit_order(silent, silent.lines[0], 1)
    client.shop.edit_order(told, told.lines[0], 1, leaves_refund=True)
    assert numbers(client) == (8, 2, 10)
    assert (line(client, silent), refunds(client, silent)) == ((2, 1, 1), [])
    assert (line(client, told), refunds(client, told)) == ((2, 1, 1), [(1, "CANCEL", True)])


def test_money_alone_moves_no_unit(client: Client) -> None:
    order = client.shop.buy("A", 2)
    client.shop.refund_lines(order, [], order.lines[0].price)
    assert (numbers(client), line(client, order)) == ((8, 2, 10), (2, 2, 2))
    assert client.data(READ, {"id": order.id})["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"


def test_every_change_of_an_order_moves_its_time(client: Client) -> None:
    order = client.shop.buy("A", 5)
    steps: list[Callable[[], object]] = [
        lambda: client.shop.fulfil(order, order.lines[0], 1),
        lambda: client.shop.refund(order, order.lines[0], 1, "RETURN"),
        lambda: client.shop.refund_lines(order, [], order.lines[0].price),
        lambda: client.shop.edit_order(order, order.lines[0], 1),
        lambda: client.shop.cancel(order),
    ]
    for step in steps:
        client.clock.forward(seconds=1)
        step()
        assert order.updated_at == client.shop.now()


def test_stock_is_what_came_in_less_what_left_whatever_happens(client: Client) -> None:
    """On hand never creates or loses a unit, and committed is what waits to be shipped."""
    rng = random.Random(7)
    orders: list[Order] = []
    for _ in range(300):
        order = rng.choice(orders) if orders else None
        steps: list[Callable[[Order], Any]] = [
            lambda one: client.shop.fulfil(one, one.lines[0], rng.randint(1, 2)),
            lambda one: client.shop.refund(one, one.lines[0], 1, rng.choice(["CANCEL", "RETURN", "NO_RESTOCK"])),
            lambda one: client.shop.edit_order(one, one.lines[0], 1, restock=rng.random() < 0.5),
            lambda one: client.shop.cancel(one, restock=rng.random() < 0.5),
            lambda one: (
                client.shop.cancel_fulfillment(one, one.fulfillments[-1])
                if one.fulfillments and one.fulfillments[-1].status == "SUCCESS" and not one.refunds
                else None
            ),
        ]
        try:
            if order is None or rng.random() < 0.3:
                orders.append(client.shop.buy("A", rng.randint(1, 3)))
            else:
                rng.choice(steps)(order)
        except ShopRefuses:
            continue
        available, committed, on_hand = numbers(client)
        assert committed == sum(one.unfulfilled_quantity for each in orders for one in each.lines)
        assert on_hand == available + committed
        assert available >= 0
    assert len(orders) > 10


# ---------------------------------------------------------------------- customers


def test_customers_buy_through_the_practice_door(client: Client) -> None:
    def buy(**wish: object) -> requests.Response:
        return requests.post(f"{client.server.url}/sandbox/buy", json=wish, timeout=10)

    order = client.shop.orders[int(buy(sku="A", units=2).json()["order"].rsplit("/", 1)[1])]
    assert [(one.sku, one.quantity) for one in order.lines] == [("A", 2)]
    refused = [
        buy(sku="A", units=9),
        buy(sku="A", units=0),
        buy(sku="B", units=1),
        buy(sku="A"),
        buy(sku="A", units="x"),
    ]
    assert [one.status_code for one in refused] == [422, 422, 404, 400, 400]
    assert numbers(client) == (8, 2, 10)


def test_the_last_units_are_sold_once_however_many_ask(client: Client) -> None:
    def buy(_: int) -> bool:
        try:
            return bool(client.shop.buy("A"))
        except ShopRefuses:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(buy, range(40))) == 10
    assert numbers(client) == (0, 10, 10)


def test_a_variant_that_continues_oversells_and_shows_it(client: Client) -> None:
    client.shop.variant("A").inventory_policy = "CONTINUE"
    client.shop.buy("A", 12)
    assert numbers(client) == (-2, 12, 10)


def test_the_location_that_has_the_units_ships_them(client: Client) -> None:
    haifa = client.shop.add_location("Haifa")
    client.shop.add_location("Back office", online=False)
    client.shop.edit_stock("A", 0)
    client.shop.edit_stock("A", 4, haifa)
    order = client.shop.buy("A", 3)
    client.shop.fulfil(order)
    assert client.data(READ, {"id": order.id})["order"]["fulfillments"][0]["location"] == {"name": "Haifa"}
    assert (client.shop.available("A"), client.shop.available("A", haifa)) == (0, 1)


def test_stock_where_nothing_is_sold_online_does_not_sell(client: Client) -> None:
    office = client.shop.add_location("Back office", online=False)
    client.shop.edit_stock("A", 0)
    client.shop.edit_stock("A", 4, office)
    with pytest.raises(ShopRefuses):
        client.shop.buy("A")


# ---------------------------------------------------------------------- orders by API

CREATE = """
mutation Create($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) {
    order { name test lineItems(first: 5) { nodes { sku quantity } } }
    userErrors { code field message }
  }
}"""


@pytest.mark.parametrize(
    ("options", "available"),
    [({}, 10), ({"inventoryBehaviour": "DECREMENT_OBEYING_POLICY"}, 8), ({"inventoryBehaviour": "BYPASS"}, 10)],
)
def test_an_order_by_api_takes_stock_only_when_told(client: Client, options: dict[str, str], available: int) -> None:
    wish = {"lineItems": [{"variantId": client.shop.variant("A").id, "quantity": 2}], "test": True}
    told = client.data(CREATE, {"order": wish, "options": options})["orderCreate"]
    assert told["userErrors"] == []
    assert told["order"] == {"name": "#1001", "test": True, "lineItems": {"nodes": [{"sku": "A", "quantity": 2}]}}
    assert client.shop.available("A") == available


@pytest.mark.parametrize(("behaviour", "codes"), [("OBEYING", ["INVENTORY_CLAIM_FAILED"]), ("IGNORING", [])])
def test_an_order_by_api_may_be_told_to_oversell(client: Client, behaviour: str, codes: list[str]) -> None:
    wish = {"lineItems": [{"variantId": client.shop.variant("A").id, "quantity": 11}]}
    options = {"inventoryBehaviour": f"DECREMENT_{behaviour}_POLICY"}
    told = client.data(CREATE, {"order": wish, "options": options})["orderCreate"]
    assert [one["code"] for one in told["userErrors"]] == codes
    assert client.shop.available("A") == (10 if codes else -1)
