"""Whoever means harm costs little, and nobody else is kept waiting for long."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator

import pytest

from syncd.storage import channels
from syncd.storage.session import Database
from syncd.web.hooks import LARGEST_BODY_BYTES
from syncd.web.server import LARGEST_HEAD_BYTES, MOST_AT_ONCE, MOST_CONNECTIONS
from tests.databases import NOON
from tests.web.door import HEAD, Door, at_once, order, served, signature


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def hasty(sqlite: Database) -> Iterator[Door]:
    """A door that waits a quarter of a second for a body, half of one for a request."""
    with sqlite.write() as tx:
        channels.ensure(tx, "woo", "test", NOON)
    with served(Door(sqlite), read_within_s=0.25, request_time_s=0.5) as opened:
        yield opened


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(door: Door) -> None:
    answer = door.raw(HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY_BYTES + 1))
    assert status(answer) == 413
    assert b"connection: close" in answer.lower()


def test_nobody_is_asked_to_send_what_is_too_large(door: Door) -> None:
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: 999999999999999\r\n\r\n"
    assert status(door.raw(head)) == 413


def test_a_body_in_chunks_is_cut_off_at_the_limit(door: Door) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    whole_chunks = LARGEST_BODY_BYTES // 65_536
    answer = door.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * whole_chunks, b"1\r\nx\r\n")
    assert status(answer) == 413
    assert door.counted("too_large") == 1


def test_a_large_body_within_the_limit_is_looked_at(door: Door) -> None:
    body = b"x" * LARGEST_BODY_BYTES
    assert status(door.raw(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)) == 401


def test_a_body_that_does_not_come_ends_in_time(hasty: Door) -> None:
    began = time.monotonic()
    assert status(hasty.raw(HEAD + b"Content-Length: 100\r\n\r\n", b"half")) == 408
    assert time.monotonic() - began < 2
    assert hasty.counted("too_slow") == 1


def test_a_body_that_is_broken_off_is_nothing(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port)) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    door.deliver(1)  # by then the other one is over
    deadline = time.monotonic() + 5
    while not door.counted("broken_off") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert door.counted("broken_off") == 1
    assert door.inbox() == ["d1"]


def test_a_body_longer_than_it_says_is_another_request_and_a_bad_one(door: Door) -> None:
    body = order(1)
    head = HEAD + b"X-Delivery-Id: d1\r\nX-Signature: %s\r\n" % signature(body).encode()
    answer = door.raw(
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body + b" garbage that was not announced\r\n\r\n"
    )
    assert [part[:4] for part in answer.split(b"HTTP/1.1")[1:]] == [b" 200", b" 400"]
    assert door.inbox() == ["d1"]


@pytest.mark.parametrize(
    "lie",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x10\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Broken\r\n",
        b"A\x00B: c\r\n",
    ],
)
def test_a_head_that_lies_is_a_bad_request(door: Door, lie: bytes) -> None:
    assert status(door.raw(HEAD + lie + b"\r\nhello")) in (400, 501)
    assert door.asked_database == 0


@pytest.mark.parametrize(
    "bomb",
    [
        b"X: " + b"a" * LARGEST_HEAD_BYTES,
        b"".join(b"X-%d: a\r\n" % number for number in range(5000)),
        b"X-" + b"a" * 2**20,
    ],
)
def test_a_head_that_does_not_end_is_refused(door: Door, bomb: bytes) -> None:
    answer = door.raw(HEAD, bomb)
    assert not answer or 400 <= status(answer) < 500
    assert door.deliver(1).status_code == 200


def test_garbage_after_garbage_is_one_line_in_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    for garbage in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\r\n" * 9 + b"?\r\n\r\n",
    ) * 5:
        answer = door.raw(garbage + b"\r\n\r\n")
        assert not answer or status(answer) == 400
    assert [record.getMessage() for record in caplog.records] == ["Invalid HTTP request received."]


@pytest.mark.parametrize(
    "path",
    ["/hooks/", "/hooks", "/hooks/woo/", "/hooks//woo", "//hooks/woo", "/hooks/woo/x", "/hooks/..", "/hooks/../woo",
     "/hooks/woo%2f", "/hooks/woo%00", "/hooks/%2e%2e/woo", "/hooks/woo;x", "/%68ooks/woo%20", "/healthz/", "/.env"],
)  # fmt: skip
def test_a_path_that_is_nearly_one_leads_nowhere(door: Door, path: str) -> None:
    body = order(1)
    answer = door.raw(
        b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Delivery-Id: d1\r\nX-Signature: %s\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (path.encode(), signature(body).encode(), len(body), body)
    )
    assert status(answer) == 404
    assert door.inbox() == []


def test_ten_thousand_forged_calls_leave_the_database_alone_and_cost_little(door: Door) -> None:
    body = order(1)
    call = HEAD + b"X-Delivery-Id: d\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n%s" % (b"0" * 64, len(body), body)
    before = time.process_time()
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        answered = b""
        for _ in range(200):
            connection.sendall(call * 50)
            wanted = answered.count(b"HTTP/1.1 401") + 50
            while answered.count(b"HTTP/1.1 401") < wanted:
                answered += connection.recv(2**20)
            answered = b""
    assert door.counted("forged") == 10_000
    assert door.asked_database == 0
    assert time.process_time() - before < 30  # 3 ms each, far above what it takes


def test_connections_that_say_nothing_end_and_others_are_served_again(hasty: Door) -> None:
    silent = [socket.create_connection(("127.0.0.1", hasty.port)) for _ in range(MOST_AT_ONCE + 1)]
    try:
        deadline = time.monotonic() + 5
        while (answer := hasty.deliver(1).status_code) == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer == 200
    finally:
        for connection in silent:
            connection.close()


def test_more_connections_than_can_be_held_are_dropped(door: Door) -> None:
    held = []
    try:
        for _ in range(MOST_CONNECTIONS + 5):
            held.append(socket.create_connection(("127.0.0.1", door.port), timeout=5))
        assert held[-1].recv(1) == b""
    finally:
        for connection in held:
            connection.close()


def test_a_database_that_is_locked_is_answered_within_a_second_and_loses_nothing(door: Door) -> None:
    assert door.db.path is not None
    lock = sqlite3.connect(door.db.path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    answers = at_once(8, lambda number: door.deliver(number).status_code)
    assert answers == [503] * 8
    assert time.monotonic() - began < 2
    assert door.news == []
    lock.execute("ROLLBACK")
    lock.close()
    deadline = time.monotonic() + 10
    while len(door.inbox()) < 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(door.inbox()) == [f"d{number}" for number in range(8)]
    while not door.news and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(door.news) == {"woo"}
    assert door.deliver(3).status_code == 200  # the shop delivers again
    assert door.counted("duplicate") == 1


def test_a_database_in_trouble_is_one_line_and_the_shop_is_to_try_again(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with door.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
    assert [door.deliver(number).status_code for number in range(5)] == [503] * 5
    with door.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbox")
    assert door.deliver(5).status_code == 200
    assert door.inbox() == ["d5"]
    assert [record.getMessage().split(" why=")[0] for record in caplog.records] == ["delivery_not_kept channel=woo"]


def test_what_on_news_meets_does_not_end_the_taking_in(door: Door) -> None:
    class Broken(list[str]):
        def append(self, channel: str) -> None:
            raise RuntimeError("a defect of the service")

    good, door.news = door.news, Broken()
    assert door.deliver(1).status_code == 200
    door.news = good
    assert door.deliver(2).status_code == 200
    assert door.inbox() == ["d1", "d2"]
