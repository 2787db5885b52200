"""The walks over a shop's orders, against a practice shop over real HTTP."""

from __future__ import annotations

import json
import random
from datetime import timedelta, timezone

import pytest

from connectors.contract import CursorExpired, OrderPage, OrderState, Unavailable, Unreadable
from connectors.woocommerce.connector import WooCommerce
from connectors.woocommerce.order_state import ORDER_FIELDS
from syncd.sandbox.faults import Answer
from tests.connectors.woocommerce.conftest import Site, open_site


def all_of(pages: list[OrderPage]) -> dict[str, OrderState]:
    return {state.id: state for page in pages for state in page.orders}


def walked(connector: WooCommerce, cursor: str | None = None) -> tuple[dict[str, OrderState], str]:
    pages = list(connector.orders(cursor))
    return all_of(pages), pages[-1].cursor


def bought(site: Site, count: int, status: str = "processing") -> list[str]:
    return [str(site.shop.buy("A", status=status)) for _ in range(count)]


@pytest.fixture(autouse=True)
def _stocked(site: Site) -> None:
    site.shop.add_simple("A", stock=10_000)


def test_first_contact_asks_for_what_may_be_open_whatever_its_age(site: Site) -> None:
    old = bought(site, 1)
    site.clock.forward(days=2000)
    for status in ("completed", "cancelled", "failed", "refunded"):
        site.shop.set_order_status(int(bought(site, 1)[0]), status)
    new = bought(site, 1, "on-hold")
    found, _ = walked(site.connector())
    assert sorted(found) == sorted(old + new)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_first_contact_finds_the_open_orders_also_where_the_shop_does_not_name_its_statuses(
    site: Site, status: int
) -> None:
    orders = bought(site, 3)
    site.shop.set_order_status(int(orders[1]), "completed")
    body = json.dumps({"code": "rest_forbidden", "message": "No.", "data": {"status": status}}).encode()
    site.server.faults.add(Answer(status, {"Content-Type": "application/json"}, body), match="reports")
    found, _ = walked(site.connector())
    assert sorted(found) == [orders[0], orders[2]]


def test_orders_in_a_plugins_own_status_are_open_at_first_contact(site: Site) -> None:
    totals = [{"slug": slug, "total": 1} for slug in ("pending", "packed", "completed", "checkout-draft", "a,b", 7)]
    site.server.faults.add(Answer(200, {}, json.dumps(totals).encode()), match="reports")
    site.server.calls.clear()
    with pytest.raises(Unreadable, match="refuses a call"):  # the practice shop does not know the status
        walked(site.connector())
    assert dict(site.server.calls[-1].query)["status"] == "pending,processing,on-hold,packed"


def test_a_quiet_shop_costs_one_call_for_the_orders_and_one_for_the_trash(site: Site) -> None:
    bought(site, 3)
    connector = site.connector()
    _, cursor = walked(connector)
    site.server.calls.clear()
    _, cursor = walked(connector, cursor)
    assert site.calls() == ["GET orders", "GET orders"]


def test_a_long_list_is_walked_whole_and_each_page_resumes(site: Site) -> None:
    orders = bought(site, 250)
    connector = site.connector()
    pages = list(connector.orders(None))
    assert [len(page.orders) for page in pages] == [100, 99, 51]
    assert sorted(all_of(pages)) == sorted(orders)
    resumed, _ = walked(site.connector(), pages[0].cursor)
    assert sorted(resumed) == sorted(orders[100:])


@pytest.mark.parametrize("ended", [1, 100, 150])
def test_orders_that_leave_the_list_while_it_is_walked_pull_no_other_out_of_sight(site: Site, ended: int) -> None:
    orders = bought(site, 250)
    pages = []
    for page in site.connector().orders(None):
        pages.append(page)
        if len(pages) == 1:
            for order in orders[:ended]:
                site.shop.set_order_status(int(order), "completed")
    assert set(orders[max(100, ended) :]) <= set(all_of(pages))


def test_a_cursor_in_the_middle_resumes_after_orders_have_left_the_list(site: Site) -> None:
    orders = bought(site, 250)
    first = next(iter(site.connector().orders(None)))
    for order in orders[:90]:
        site.shop.set_order_status(int(order), "completed")
    resumed, _ = walked(site.connector(), first.cursor)
    assert set(orders[100:]) <= set(resumed)


def test_what_changes_behind_a_long_walk_comes_with_the_next_one(site: Site) -> None:
    site.clock.forward(days=-1)  # PHP's clock; the host's Date header, a day ahead, is no help
    orders = bought(site, 250)
    connector = site.connector()
    _, cursor = walked(connector)
    site.clock.forward(minutes=10)
    for order in orders:
        site.shop.set_order_status(int(order), "on-hold")
    pages = []
    for page in connector.orders(cursor):
        pages.append(page)
        if len(pages) == 1:  # two hours pass; the first order changes behind the walk, the last one before it
            site.clock.forward(hours=1)
            site.shop.set_order_status(int(orders[0]), "completed")
            site.clock.forward(hours=1)
            site.shop.set_order_status(int(orders[-1]), "completed")
    assert all_of(pages)[orders[-1]].status == "completed"
    found, _ = walked(connector, pages[-1].cursor)
    assert found[orders[0]].status == "completed"


def test_orders_of_the_cursors_own_second_come_again(site: Site) -> None:
    connector = site.connector()
    bought(site, 1)
    _, cursor = walked(connector)
    same_second = bought(site, 3)
    found, _ = walked(connector, cursor)
    assert set(same_second) <= set(found)


def test_an_order_committed_late_under_an_earlier_second_is_not_missed(site: Site) -> None:
    (early,) = bought(site, 1)
    site.clock.forward(seconds=50)
    bought(site, 1)
    slow = site.shop.orders.pop(int(early))
    connector = site.connector()
    _, cursor = walked(connector)
    site.shop.orders[int(early)] = slow
    assert early in walked(connector, cursor)[0]


@pytest.mark.parametrize("off_by", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_a_proxy_with_another_clock_than_the_shop_hides_nothing(site: Site, off_by: timedelta) -> None:
    site.clock.added = off_by  # the Date header tells this machine's time, PHP another
    connector = site.connector()
    bought(site, 1)
    _, cursor = walked(connector)
    for _ in range(3):
        site.clock.forward(minutes=2)
        (new,) = bought(site, 1)
        found, cursor = walked(connector, cursor)
        assert new in found


@pytest.mark.parametrize("hours", [-8, 0, 9])
def test_a_shop_in_another_time_zone_hides_nothing_and_does_not_tell_old_orders_again(hours: int) -> None:
    site = open_site(zone=timezone(timedelta(hours=hours)))
    site.clock.forward(days=-1)
    site.shop.add_simple("A", stock=9)
    connector = site.connector()
    (old,) = bought(site, 1)
    site.clock.forward(minutes=30)
    bought(site, 1)
    _, cursor = walked(connector)
    site.clock.forward(minutes=5)
    (new,) = bought(site, 1)
    found, _ = walked(connector, cursor)
    assert (new in found, old in found) == (True, False)
    site.close()


def test_an_order_dated_in_the_future_does_not_hide_the_others(site: Site) -> None:
    (odd,) = bought(site, 1)
    site.shop.orders[int(odd)].modified += timedelta(days=400)
    connector = site.connector()
    _, cursor = walked(connector)
    site.clock.forward(minutes=5)
    (new,) = bought(site, 1)
    assert new in walked(connector, cursor)[0]


def test_a_trashed_order_is_told_though_no_list_shows_it(site: Site) -> None:
    (order,) = bought(site, 1)
    connector = site.connector()
    _, cursor = walked(connector)
    site.clock.forward(minutes=5)
    site.shop.trash_order(int(order))
    found, cursor = walked(connector, cursor)
    assert (found[order].status, found[order].lines[0].undecided) == ("trash", 1)


def test_a_list_that_trails_behind_and_comes_in_disorder_is_read_whole_in_the_end(site: Site) -> None:
    site.shop.order_list_lag = timedelta(minutes=5)
    site.shop.order_list_disorder = random.Random(3)
    connector = site.connector()
    orders = bought(site, 5)
    found, cursor = walked(connector)
    assert found == {}
    site.clock.forward(minutes=6)
    found, _ = walked(connector, cursor)
    assert sorted(found) == sorted(orders)


def test_refunds_are_asked_for_only_where_there_are_some(site: Site) -> None:
    orders = bought(site, 3)
    site.shop.refund(int(orders[1]))
    site.server.calls.clear()
    found, _ = walked(site.connector())
    assert site.calls("GET orders/") == []  # fully refunded: not open any more
    site.server.calls.clear()
    found = all_of([OrderPage(site.connector().orders_by_id(orders).orders, "")])
    assert site.calls("GET orders/") == [f"GET orders/{orders[1]}/refunds"]
    assert found[orders[1]].lines[0].taken == 0


def test_an_order_deleted_while_its_refunds_are_read_is_left_to_be_found_missing(site: Site) -> None:
    orders = [str(site.shop.buy("A", 2)) for _ in range(2)]
    (line,) = site.shop.order(int(orders[0])).lines
    site.shop.refund(int(orders[0]), {line.id: 1})
    gone = json.dumps({"code": "woocommerce_rest_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
    site.server.faults.add(Answer(404, {}, gone.encode()), match="refunds")
    assert sorted(walked(site.connector())[0]) == [orders[1]]


def test_by_id_also_the_trashed_and_the_old_are_seen_and_only_the_deleted_are_missing(site: Site) -> None:
    trashed, done, deleted, opened = bought(site, 4)
    site.shop.trash_order(int(trashed))
    site.shop.set_order_status(int(done), "completed")
    site.shop.delete_order(int(deleted))
    answer = site.connector().orders_by_id([deleted, opened, done, trashed, "no id"])
    assert {state.id: state.status for state in answer.orders} == {
        trashed: "trash", done: "completed", opened: "processing"
    }  # fmt: skip
    assert answer.missing == (deleted, "no id")


def test_an_order_that_no_list_shows_is_asked_for_by_itself_before_it_is_called_missing(site: Site) -> None:
    (order,) = bought(site, 1)
    site.shop.order_list_lag = timedelta(minutes=5)
    answer = site.connector().orders_by_id([order])
    assert ([state.id for state in answer.orders], answer.missing) == ([order], ())


def test_an_outage_does_not_make_orders_missing(site: Site) -> None:
    (order,) = bought(site, 1)
    site.shop.trash_order(int(order))
    site.server.faults.add(Answer(200, {}, b"[]"), match="GET .*/orders$", times=2)
    site.server.faults.add(Answer(403, {}, b"<h1>Blocked</h1>"), match="GET .*/orders/")
    with pytest.raises(Unavailable, match="firewall"):
        site.connector().orders_by_id([order])


def test_many_ids_cost_a_call_per_hundred(site: Site) -> None:
    orders = bought(site, 201)
    connector = site.connector()
    site.server.calls.clear()
    assert len(connector.orders_by_id(orders).orders) == 201
    assert site.calls() == ["GET orders"] * 3


def test_no_ids_cost_no_call(site: Site) -> None:
    site.server.calls.clear()
    assert site.connector().orders_by_id([]).orders == ()
    assert site.calls() == []


@pytest.mark.parametrize(("setting", "minutes", "sure"), [("25", 25, True), ("nonsense", 60, False)])
def test_the_hold_is_asked_once_per_pull(site: Site, setting: str, minutes: int, sure: bool) -> None:
    site.shop.options["woocommerce_hold_stock_minutes"] = "25"
    orders = [site.shop.checkout_pending("A") for _ in range(3)]
    site.shop.options["woocommerce_hold_stock_minutes"] = setting
    site.server.calls.clear()
    found, _ = walked(site.connector())
    assert site.calls("GET settings") == ["GET settings/products/woocommerce_hold_stock_minutes"]
    state = found[str(orders[0])]
    assert (state.held_until, state.holds_stock) == (state.created_at + timedelta(minutes=minutes), sure)


def test_a_shop_that_holds_nothing_promises_nothing_for_the_unpaid(site: Site) -> None:
    site.shop.options["woocommerce_hold_stock_minutes"] = ""
    order = site.shop.checkout_pending("A")
    state = walked(site.connector())[0][str(order)]
    assert (state.held_until, state.open) == (None, False)


def test_a_fractional_line_parks_its_order_and_not_the_page(site: Site) -> None:
    broken, whole = bought(site, 2)
    connector = site.connector()
    rows = json.loads(connector._client.get("orders", _fields=ORDER_FIELDS).body)
    next(row for row in rows if row["id"] == int(broken))["line_items"][0]["quantity"] = 1.5
    site.server.faults.add(Answer(200, {}, json.dumps(rows).encode()), match="GET .*/orders$", times=2)
    (page,) = connector.orders(None)
    assert [state.id for state in page.orders] == [whole]
    assert [(parked.ref, parked.listing_ids) for parked in page.parked] == [(broken, (str(site.shop.product("A").id),))]


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'[{"number": "1"}]', b'[{"id": "1"}]', b"null"])
def test_a_list_of_another_shape_stops_the_channel(site: Site, body: bytes) -> None:
    site.server.faults.add(Answer(200, {}, body))
    with pytest.raises(Unreadable):
        walked(site.connector(), '{"since":"2026-11-22T08:00:00"}')


@pytest.mark.parametrize(
    "cursor", ["", "[]", "{}x", '{"since": 7}', '{"since": "x"}', '{"place": 1}', '{"after": "1"}']
)
def test_a_cursor_that_is_none_has_expired(site: Site, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        walked(site.connector(), cursor)


def test_a_shop_that_shows_the_same_page_for_ever_is_not_walked_for_ever(site: Site) -> None:
    rows = [{"id": n, "status": "x"} for n in range(1, 101)]
    page = Answer(200, {"X-WP-Total": "5000"}, json.dumps(rows).encode())
    site.server.faults.add(page, match="GET .*/orders$", times=None)
    with pytest.raises(Unreadable, match="again and again"):
        walked(site.connector())
