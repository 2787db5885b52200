"""Serving begins when it is said, fails in a sentence, and ends in time whatever clients hold open."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syncd.settings_values import Address
from syncd.storage.session import Database
from syncd.web.server import CannotListen, WebServer
from tests.web.door import HEAD, Door, served

LOOPBACK = Address("127.0.0.1", 0)


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def breaks(_request: Request) -> Response:
    raise RuntimeError("a defect")


APP = Starlette(routes=[Route("/", hello), Route("/breaks", breaks)])


def server_at(address: Address = LOOPBACK) -> WebServer:
    server = WebServer(APP, address)
    server.start()
    return server


def ask(server: WebServer, path: str = "/") -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=5)


def test_it_serves_when_start_returns_and_names_no_server() -> None:
    server = server_at()
    try:
        answer = ask(server)
        assert answer.text == "hello"
        assert "Server" not in answer.headers
    finally:
        server.stop()
    with pytest.raises(requests.ConnectionError):
        ask(server)


def test_it_may_be_stopped_twice_and_started_again() -> None:
    server = server_at()
    server.stop()
    server.stop()
    server.start()
    assert ask(server).ok
    server.stop()


def test_a_taken_port_is_a_sentence_with_a_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotListen) as caught:
            server_at(Address("127.0.0.1", port))
    assert caught.value.sentence == f"127.0.0.1:{port} is taken: another program, or another syncd, listens there."
    beside = port + 1 if port < 65_535 else port - 1
    assert caught.value.hint == f"Set SYNCD_LISTEN=127.0.0.1:{beside}, or stop the other one."
    assert caught.value.exit_code == 1


def test_two_servers_never_share_a_port() -> None:
    first = server_at()
    try:
        with pytest.raises(CannotListen, match="is taken"):
            server_at(Address("127.0.0.1", first.port))
        assert ask(first).ok
    finally:
        first.stop()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (Address("192.0.2.7", 8737), "192.0.2.7 is not an address of this machine."),
        (Address("no-such-host.invalid", 8737), "The name no-such-host.invalid of SYNCD_LISTEN is not known."),
    ],
)
def test_an_address_that_cannot_be_had_is_a_sentence(address: Address, sentence: str) -> None:
    with pytest.raises(CannotListen) as caught:
        server_at(address)
    assert caught.value.sentence == sentence
    assert caught.value.hint == "Set SYNCD_LISTEN=127.0.0.1:8737, or off."


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_at_an_address_of_the_new_kind() -> None:
    try:
        server = server_at(Address("::1", 0))
    except CannotListen:
        pytest.skip("this machine has no ::1")
    try:
        assert requests.get(f"http://[::1]:{server.port}/", timeout=5).ok
    finally:
        server.stop()


def test_it_ends_in_two_seconds_with_connections_in_every_state(sqlite: Database) -> None:
    with served(Door(sqlite)) as door:
        states = {
            "silent": b"",
            "half a head": b"GET / HT",
            "half a body": HEAD + b"Content-Length: 100\r\n\r\nhalf",
            "kept alive": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        }
        held = [socket.create_connection(("127.0.0.1", door.port), timeout=5) for _ in states]
        for connection, begun in zip(held, states.values(), strict=True):
            connection.sendall(begun)
        assert held[-1].recv(4096)
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    for connection in held:
        connection.close()


def test_signals_stay_with_the_service() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    heard = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: heard.set())
    server = server_at()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.wait(5)
        assert ask(server).ok
    finally:
        server.stop()
        signal.signal(signal.SIGTERM, before[signal.SIGTERM])
    assert signal.getsignal(signal.SIGINT) is before[signal.SIGINT]


def test_requests_leave_no_lines_and_a_defect_leaves_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server = server_at()
    try:
        for _ in range(3):
            ask(server)
            assert ask(server, "/breaks").status_code == 500
            assert ask(server, "/breaks").text == "Internal Server Error"
    finally:
        server.stop()
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    assert [(record.name, record.levelname) for record in ours] == [("uvicorn.error", "ERROR")]


def test_stopping_leaves_no_line_about_what_was_broken_off(sqlite: Database, caplog: pytest.LogCaptureFixture) -> None:
    with served(Door(sqlite)) as door:
        connection = socket.create_connection(("127.0.0.1", door.port), timeout=5)
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
        assert door.get("/").ok
    connection.close()
    assert caplog.records == []
