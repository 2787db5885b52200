"""The server around the practice shops: what a client sees of it, and of its faults."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from syncd.sandbox.faults import (
    Answer,
    LateEffect,
    NoticeBeforeJson,
    Redirect,
    ResetAfter,
    ResetBefore,
    Slow,
)
from syncd.sandbox.server import Request, Response, SandboxServer


class Shelf:
    """The smallest shop: each POST takes one unit."""

    def __init__(self) -> None:
        self.units = 10

    def __call__(self, request: Request) -> Response:
        if request.path == "/broken":
            raise ZeroDivisionError
        if request.method == "POST":
            self.units -= 1
        return Response(200, {"Content-Type": "application/json"}, json.dumps({"units": self.units}).encode())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def server(shelf: Shelf) -> Iterator[SandboxServer]:
    with SandboxServer(shelf) as running:
        yield running


def test_a_request_reaches_the_shop_and_is_counted_without_credentials(shelf: Shelf) -> None:
    seen: list[Request] = []

    def app(request: Request) -> Response:
        seen.append(request)
        return shelf(request)

    with SandboxServer(app) as server:
        requests.post(
            f"{server.url}/a%20b?x=1&x=2&consumer_secret=cs_1&oauth_signature=s",
            data=b"body",
            headers={"Authorization": "Basic abc"},
            timeout=5,
        )
        requests.post(f"{server.url}/token", json={"client_secret": "s3cret"}, timeout=5)
    assert seen[0].path == "/a b"
    assert seen[0].url == f"{server.url}/a%20b"
    assert seen[0].first("consumer_secret") == "cs_1"
    assert seen[0].headers["authorization"] == "Basic abc"
    first, second = server.calls
    assert (first.method, first.path, first.query, first.body) == ("POST", "/a b", (("x", "1"), ("x", "2")), b"body")
    assert "s3cret" not in repr(second) and "cs_1" not in repr(first)


def test_a_client_may_keep_its_connection(server: SandboxServer) -> None:
    with requests.Session() as session:
        ports = set()
        for _ in range(3):
            with session.get(server.url, stream=True, timeout=5) as response:
                ports.add(response.raw.connection.sock.getsockname()[1])
                assert response.json() == {"units": 10}
    assert len(ports) == 1


def test_it_speaks_https_with_a_certificate(shelf: Shelf, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key, ca = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    with SandboxServer(shelf, certificate=(str(certificate), str(key))) as server:
        assert server.url.startswith("https://")
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(server.url, timeout=5)
        assert requests.get(server.url, verify=str(ca), timeout=5).json() == {"units": 10}


def test_a_stopped_shop_answers_nobody_and_comes_back_under_its_address(server: SandboxServer) -> None:
    with requests.Session() as session:
        session.get(server.url, timeout=5)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(server.url, timeout=5)
        url = server.url
        server.start()
        assert server.url == url
        assert session.get(server.url, timeout=5).status_code == 200


def test_a_crash_of_the_shop_itself_is_told_when_the_server_stops(shelf: Shelf) -> None:
    server = SandboxServer(shelf).start()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/broken", timeout=5)
    with pytest.raises(RuntimeError, match="crashed 1 time"):
        server.stop()


def test_a_client_that_hangs_up_disturbs_nobody(server: SandboxServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"GET / HT")
    assert requests.get(server.url, timeout=5).status_code == 200


def test_an_answer_in_the_shops_place_has_no_effect(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(Answer(429, {"Retry-After": "7"}, b"<h1>slow down</h1>"), match="POST /")
    assert requests.get(server.url, timeout=5).status_code == 200
    response = requests.post(server.url, timeout=5)
    assert (response.status_code, response.headers["Retry-After"], shelf.units) == (429, "7", 10)
    assert requests.post(server.url, timeout=5).json() == {"units": 9}


def test_an_answer_may_hide_an_effect(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(Answer(502, {"Content-Type": "text/html"}, b"<h1>502</h1>", effect=True))
    assert requests.post(server.url, timeout=5).status_code == 502
    assert shelf.units == 9


def test_a_redirect_turns_a_post_into_a_get(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(Redirect(301, "/elsewhere"))
    assert requests.post(server.url, timeout=5).json() == {"units": 10}
    assert [call.method for call in server.calls] == ["POST", "GET"]


def test_a_connection_can_break_before_the_effect(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(ResetBefore())
    with pytest.raises(requests.ConnectionError):
        requests.post(server.url, timeout=5)
    assert shelf.units == 10


def test_a_connection_can_break_after_the_effect(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(ResetAfter())
    with pytest.raises(requests.ConnectionError):
        requests.post(server.url, timeout=5)
    assert shelf.units == 9


def test_an_effect_can_come_long_after_the_client_gave_up(server: SandboxServer, shelf: Shelf) -> None:
    server.faults.add(LateEffect(), body="first")
    with pytest.raises(requests.ConnectionError):
        requests.post(server.url, data="first", timeout=5)
    assert requests.post(server.url, data="second", timeout=5).json() == {"units": 9}
    assert server.faults.release_late() == 1
    assert shelf.units == 8
    assert server.faults.release_late() == 0


def test_a_slow_answer_comes_after_its_effect(shelf: Shelf) -> None:
    waited: list[tuple[float, int]] = []
    with SandboxServer(shelf) as server:
        server.faults.wait = lambda seconds: waited.append((seconds, shelf.units))
        server.faults.add(Slow(7))
        requests.post(server.url, timeout=5)
    assert waited == [(7, 9)]


def test_a_notice_spoils_the_json(server: SandboxServer) -> None:
    server.faults.add(NoticeBeforeJson(), times=None)
    for _ in range(2):
        with pytest.raises(requests.JSONDecodeError):
            requests.get(server.url, timeout=5).json()
    server.faults.clear()
    assert requests.get(server.url, timeout=5).json() == {"units": 10}
