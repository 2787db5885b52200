"""Deliveries wait for their time, go out without a lock held, and meet the misfortune that a test orders."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from woo_kit import Clock

from syncd.sandbox.deliveries import Courier, Deliveries, Delivery, Message, Misfortune, post_http
from syncd.sandbox.server import Request, Response, SandboxServer

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


class Receiver:
    """Takes posts in the order in which they come; answers with `status`, or breaks off where it is ``None``."""

    def __init__(self, status: int | None = 200) -> None:
        self.status = status
        self.bodies: list[bytes] = []
        self.urls: list[str] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.urls.append(url)
        self.bodies.append(body)
        if self.status is None:
            raise ConnectionResetError
        return self.status


def delivery(name: str, heard: list[int | None] | None = None, key: str | None = None) -> Delivery:
    message = Message("https://sync.example/hooks/woo?a=1", {"X-Name": name}, name.encode())
    return Delivery(lambda: message, (heard if heard is not None else []).append, key)


def put(deliveries: Deliveries, *names: str, due_at: datetime = NOW) -> None:
    for name in names:
        deliveries.put(delivery(name), due_at)


def test_nothing_goes_out_before_its_time_and_then_in_the_order_of_time():
    deliveries, receiver = Deliveries(), Receiver()
    put(deliveries, "late", due_at=LATER)
    put(deliveries, "first", "second")
    assert deliveries.next_due == NOW
    assert deliveries.pump(NOW, receiver) == 2
    assert (receiver.bodies, deliveries.next_due) == ([b"first", b"second"], LATER)
    assert deliveries.pump(LATER, receiver) == 1
    assert (receiver.bodies[2], deliveries.next_due, len(deliveries)) == (b"late", None, 0)


@pytest.mark.parametrize(("status", "failed"), [(200, 0), (404, 1), (None, 1)])
def test_the_shop_hears_what_the_receiver_answered(status: int | None, failed: int):
    deliveries, heard = Deliveries(), []
    deliveries.put(delivery("a", heard), NOW)
    deliveries.pump(NOW, Receiver(status))
    assert heard == [status]
    assert (deliveries.counts["posted"], deliveries.counts["failed"]) == (1, failed)


def test_an_error_of_the_receiver_s_own_is_not_taken_for_the_network_s():
    deliveries = Deliveries()
    put(deliveries, "a", "b")

    def broken(url: str, headers: Mapping[str, str], body: bytes) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deliveries.pump(NOW, broken)
    assert deliveries.pump(NOW, Receiver()) == 1


def test_equal_deliveries_are_merged_only_while_one_waits():
    deliveries, receiver = Deliveries(), Receiver()
    for _ in range(3):
        deliveries.put(delivery("a", key="order 7"), NOW)
    assert deliveries.pump(NOW, receiver) == 1
    assert deliveries.counts["merged"] == 2
    deliveries.put(delivery("a", key="order 7"), NOW)
    assert deliveries.pump(NOW, receiver) == 1


def test_a_delivery_whose_webhook_is_gone_is_dropped():
    deliveries, heard = Deliveries(), []
    deliveries.put(Delivery(lambda: None, heard.append), NOW)
    assert deliveries.pump(NOW, Receiver()) == 0
    assert (heard, deliveries.counts["dropped"]) == ([], 1)


def test_an_address_is_delivered_to_the_owner_s_proxy_instead():
    deliveries, receiver = Deliveries(deliver_to="http://127.0.0.1:8737/"), Receiver()
    put(deliveries, "a")
    deliveries.pump(NOW, receiver)
    assert receiver.urls == ["http://127.0.0.1:8737/hooks/woo?a=1"]


# --------------------------------------------------------------------------- misfortune

NAMES = [f"{n}" for n in range(200)]


def delivered(until: datetime = NOW, **odds: float) -> tuple[list[str], Deliveries]:
    deliveries, receiver = Deliveries(misfortune=Misfortune(Random(7), **odds)), Receiver()
    put(deliveries, *NAMES)
    deliveries.pump(NOW, receiver)
    deliveries.pump(until, receiver)
    return [body.decode() for body in receiver.bodies], deliveries


def test_some_are_lost_and_the_shop_does_not_notice():
    got, deliveries = delivered(lose=0.3)
    assert len(got) == len(NAMES) - deliveries.counts["lost"]
    assert 30 < deliveries.counts["lost"] < 90
    heard: list[int | None] = []
    deliveries.misfortune = Misfortune(Random(7), lose=1.0)
    deliveries.put(delivery("a", heard), NOW)
    deliveries.pump(NOW, Receiver())
    assert heard == []


def test_some_come_twice_and_the_shop_counts_them_once():
    got, deliveries = delivered(duplicate=0.3)
    assert len(got) == len(NAMES) + deliveries.counts["duplicated"]
    assert set(got) == set(NAMES)
    heard: list[int | None] = []
    deliveries.misfortune = Misfortune(Random(7), duplicate=1.0)
    deliveries.put(delivery("a", heard), NOW)
    assert deliveries.pump(NOW, Receiver()) == 2
    assert heard == [200]


def test_some_overtake_others():
    got, deliveries = delivered(reorder=0.3)
    assert sorted(got, key=int) == NAMES != got
    assert deliveries.counts["reordered"] > 0


def test_some_come_later_and_each_is_delayed_once():
    soon, deliveries = delivered(delay=0.3)
    assert len(soon) == len(NAMES) - deliveries.counts["delayed"]
    in_the_end, deliveries = delivered(until=NOW + timedelta(minutes=10), delay=1.0)
    assert sorted(in_the_end, key=int) == NAMES
    assert deliveries.counts["delayed"] == len(NAMES)


def test_the_same_randomness_brings_the_same_misfortune():
    odds = {"lose": 0.1, "duplicate": 0.1, "reorder": 0.1, "delay": 0.1}
    assert delivered(LATER, **odds)[0] == delivered(LATER, **odds)[0]


# --------------------------------------------------------------------------- real time, real HTTP


def test_a_courier_delivers_over_http_what_is_due_by_the_clock():
    got: list[Request] = []
    arrived = threading.Event()

    def take(request: Request) -> Response:
        got.append(request)
        arrived.set()
        return Response(200, {}, b"")

    clock = Clock(NOW)
    with SandboxServer(take) as server:
        deliveries = Deliveries(deliver_to=server.url)
        heard: list[int | None] = []
        with Courier(deliveries, clock):
            put(deliveries, "later", due_at=LATER)
            deliveries.put(delivery("now", heard), NOW)
            assert arrived.wait(5)
    (request,) = got
    assert (request.method, request.path, request.body) == ("POST", "/hooks/woo", b"now")
    assert request.headers["x-name"] == "now"
    assert (heard, len(deliveries)) == ([200], 1)


def test_nobody_there_is_a_failure_and_no_crash():
    with SandboxServer(lambda _: Response(200, {}, b"")) as server:
        address = server.url
    deliveries, heard = Deliveries(deliver_to=address), []
    deliveries.put(delivery("a", heard), NOW)
    deliveries.pump(NOW, post_http)
    assert heard == [None]


def test_a_crash_of_the_sandbox_is_told_when_the_courier_stops():
    deliveries = Deliveries()
    fallen = threading.Event()

    def crash(url: str, headers: Mapping[str, str], body: bytes) -> int:
        fallen.set()
        raise ZeroDivisionError

    courier = Courier(deliveries, Clock(NOW), post=crash).start()
    put(deliveries, "a")
    assert fallen.wait(5)
    with pytest.raises(RuntimeError, match="could not deliver"):
        courier.stop()
    courier.stop()


def test_the_receiver_may_call_the_shop_while_the_shop_waits_for_its_answer():
    deliveries = Deliveries()
    got: list[bytes] = []

    def calls_back(url: str, headers: Mapping[str, str], body: bytes) -> int:
        got.append(body)
        if body == b"first":
            other = threading.Thread(target=put, args=(deliveries, "second"))
            other.start()
            other.join(5)
            assert not other.is_alive()
        return 200

    put(deliveries, "first")
    assert deliveries.pump(NOW, calls_back) == 2
    assert got == [b"first", b"second"]
