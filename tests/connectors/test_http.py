"""The transport, over real sockets: what is retried, what leaves a doubt, and that no secret gets out."""

from __future__ import annotations

import gzip
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from connectors.contract import (
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    RateLimited,
    Surroundings,
    Unavailable,
    Unreadable,
)
from connectors.http import TRIES, Redirected, Transport

SECRET = "cs_very/secret+0123456789"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

Respond = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A loopback server that answers each request by the next script, the last one for ever."""

    def __init__(self) -> None:
        self.scripts: list[Respond] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections: set[Any] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                server.connections.add(self.client_address)
                super().handle_one_request()

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.requests.append((self.command, self.path, dict(self.headers), body))
                script = server.scripts.pop(0) if len(server.scripts) > 1 else server.scripts[0]
                script(self)

            def __getattr__(self, name: str) -> Any:
                if name in ("do_POST", "do_PUT"):
                    return self.do_GET
                raise AttributeError(name)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return self.httpd.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/path"

    def answers(self, *scripts: Respond) -> None:
        self.scripts = list(scripts)

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()


def says(status: int = 200, body: bytes = b"{}", **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"half":')
    handler.close_connection = True


class Waits:
    """Surroundings whose clock stands still and whose sleeps are noted."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []
        self.surroundings = Surroundings(now=lambda: NOW, sleep=self.slept_s.append, random=random.Random(1))


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def transport(waits: Waits) -> Iterator[Transport]:
    transport = Transport(surroundings=waits.surroundings, secrets=(SECRET,))
    yield transport
    transport.close()


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_connection_is_kept_for_the_next_call_also_of_another_thread(server: Server, transport: Transport) -> None:
    server.answers(says())
    transport.request("GET", server.url, safe=True)
    other = threading.Thread(target=transport.request, args=("GET", server.url), kwargs={"safe": True})
    other.start()
    other.join()
    assert len(server.requests) == 2
    assert len(server.connections) == 1


def test_no_more_connections_are_open_at_once_than_allowed(server: Server, waits: Waits) -> None:
    everybody_asks = threading.Barrier(6 + 2)

    def waits_for_everybody(handler: BaseHTTPRequestHandler) -> None:
        if len(server.requests) <= 2:
            everybody_asks.wait(10)
        says()(handler)

    server.answers(waits_for_everybody)
    transport = Transport(surroundings=waits.surroundings, parallel=2)

    def ask(first: bool) -> None:
        if not first:
            everybody_asks.wait(10)
        transport.request("GET", server.url, safe=True)

    threads = [threading.Thread(target=ask, args=(n < 2,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(server.requests), len(server.connections)) == (8, 2)


@pytest.mark.parametrize("trouble", [says(500), says(502, b"<html>"), says(429), hangs_up, breaks_off])
def test_what_is_safe_is_sent_again_after_a_jittered_and_growing_pause(
    server: Server, transport: Transport, waits: Waits, trouble: Respond
) -> None:
    server.answers(trouble, trouble, says(200, b'{"right": 1}'))
    assert transport.request("GET", server.url, safe=True).json() == {"right": 1}
    first, second = waits.slept_s
    assert 0.5 <= first <= 1.5
    assert 1.0 <= second <= 3.0


@pytest.mark.parametrize("trouble", [says(500), says(502, b"<html>"), says(503, Retry_After="5"), hangs_up, breaks_off])
def test_a_write_whose_answer_is_lost_is_in_doubt_and_never_sent_again(
    server: Server, transport: Transport, waits: Waits, trouble: Respond
) -> None:
    server.answers(trouble)
    with pytest.raises(InDoubt):
        transport.request("POST", server.url, body=b"{}", safe=False)
    assert len(server.requests) == 1
    assert waits.slept_s == []


def test_a_read_that_never_succeeds_ends_as_unavailable_with_the_words_of_the_shop(
    server: Server, transport: Transport
) -> None:
    server.answers(says(503, b"<style>p{}</style><h1>Briefly   unavailable</h1> &amp; back soon"))
    with pytest.raises(Unavailable) as caught:
        transport.request("GET", server.url, safe=True)
    assert len(server.requests) == TRIES
    assert caught.value.hint == "It said: Briefly unavailable & back soon"


def test_of_an_error_in_json_its_message_is_told(server: Server, transport: Transport) -> None:
    server.answers(says(503, b'{"code": "wp_die", "message": "<p>Check back in a minute.</p>"}'))
    with pytest.raises(Unavailable) as caught:
        transport.request("GET", server.url, safe=True)
    assert caught.value.hint == "It said: Check back in a minute."


def test_a_write_to_a_closed_door_was_never_sent(transport: Transport) -> None:
    with pytest.raises(Unavailable, match="refuses connections"):
        transport.request("POST", f"http://127.0.0.1:{closed_port()}/", safe=False)


def test_a_name_that_is_not_known_is_named(transport: Transport) -> None:
    with pytest.raises(Unavailable, match=r"no-such-shop\.invalid is not known"):
        transport.request("POST", "https://no-such-shop.invalid/", safe=False)


@pytest.mark.parametrize("address", ["shop.example", "http://", "http://[broken", "ftp://127.0.0.1/"])
def test_what_is_no_address_ends_in_a_sentence(transport: Transport, waits: Waits, address: str) -> None:
    with pytest.raises(Unavailable):
        transport.request("GET", address, safe=True)
    assert waits.slept_s == []


def test_a_read_that_takes_too_long_is_tried_again_and_a_write_is_in_doubt(server: Server, waits: Waits) -> None:
    released = threading.Event()

    def dawdles(handler: BaseHTTPRequestHandler) -> None:
        released.wait(10)
        hangs_up(handler)

    server.answers(dawdles)
    transport = Transport(surroundings=waits.surroundings, read_timeout_s=0.05, parallel=8)
    with pytest.raises(Unavailable, match=r"did not answer within 0\.05 s"):
        transport.request("GET", server.url, safe=True)
    assert len(waits.slept_s) == TRIES - 1
    with pytest.raises(InDoubt):
        transport.request("POST", server.url, safe=False)
    released.set()


def test_a_body_that_trickles_in_ends_when_its_time_is_up(server: Server) -> None:
    clock = [NOW]

    def passing() -> datetime:
        clock[0] += timedelta(seconds=40)
        return clock[0]

    server.answers(says(200, b"[1]"))
    transport = Transport(surroundings=Surroundings(now=passing, sleep=lambda _: None), read_timeout_s=20)
    with pytest.raises(Unavailable, match="too slowly"):
        transport.request("GET", server.url, safe=True)


def test_a_stated_wait_is_obeyed(server: Server, transport: Transport, waits: Waits) -> None:
    server.answers(says(429, Retry_After="7"), says(503, Retry_After="Mon, 23 Nov 2026 03:00:09 GMT"), says())
    transport.request("GET", server.url, safe=True)
    assert [int(pause_s) for pause_s in waits.slept_s] == [7, 9]


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_is_handed_to_the_engine(server: Server, transport: Transport, waits: Waits, status: int) -> None:
    server.answers(says(status, Retry_After="600"))
    with pytest.raises(RateLimited) as caught:
        transport.request("GET", server.url, safe=True)
    assert caught.value.retry_after == timedelta(seconds=600)
    assert waits.slept_s == []


@pytest.mark.parametrize("nonsense", ["-5", "soon", "1e9", "٣", "9" * 400, "Mon, 99 Nov 2026 03:00:09 GMT"])
def test_a_nonsensical_wait_is_no_wait(server: Server, transport: Transport, waits: Waits, nonsense: str) -> None:
    server.answers(
        lambda handler: (
            handler.wfile.write(f"HTTP/1.1 429 Slow\r\nRetry-After: {nonsense}\r\nContent-Length: 0\r\n\r\n".encode()),
            None,
        )[1],
        says(),
    )
    transport.request("GET", server.url, safe=True)
    assert waits.slept_s[0] <= 1.5


def test_an_endless_wait_is_cut_to_a_day(server: Server, transport: Transport) -> None:
    server.answers(says(429, Retry_After="999999999"))
    with pytest.raises(RateLimited) as caught:
        transport.request("POST", server.url, safe=False)
    assert caught.value.retry_after == timedelta(days=1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_says_where_it_points(server: Server, transport: Transport, status: int) -> None:
    server.answers(says(status, Location=f"https://www.shop.example/?consumer_secret={quote(SECRET)}"))
    with pytest.raises(Redirected) as caught:
        transport.request("PUT", server.url, body=b'{"stock_quantity": 20}', safe=False)
    assert caught.value.location == "https://www.shop.example/?consumer_secret=***"
    assert len(server.requests) == 1


def test_the_body_of_a_redirect_is_not_read_and_a_bad_target_harms_nobody(server: Server, transport: Transport) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://[")
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        handler.wfile.write(b"x")

    server.answers(endless)
    with pytest.raises(Redirected) as caught:
        transport.request("GET", server.url, safe=False)
    assert caught.value.target == "http://["


def test_an_answer_that_nothing_changed_is_no_redirect(server: Server, transport: Transport) -> None:
    server.answers(says(304))
    assert transport.request("GET", server.url, headers={"If-None-Match": '"1"'}, safe=True).status == 304


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 413])
def test_other_statuses_are_left_to_the_caller(server: Server, transport: Transport, status: int) -> None:
    server.answers(says(status, b'{"code": "x"}', X_WP_Total="3"))
    answer = transport.request("POST", server.url, safe=False)
    assert (answer.status, answer.headers["x-wp-total"], answer.json()) == (status, "3", {"code": "x"})


def test_a_keyed_write_is_sent_again_and_its_second_answer_counts(server: Server, transport: Transport) -> None:
    server.answers(hangs_up, says(200, b'{"done": true}'))
    assert transport.request("POST", server.url, safe=True, writes=True).json() == {"done": True}


@pytest.mark.parametrize("then", [hangs_up, says(429, Retry_After="600"), says(401), says(302, Location="/login")])
def test_a_keyed_write_that_was_lost_once_stays_in_doubt_until_it_is_confirmed(
    server: Server, transport: Transport, then: Respond
) -> None:
    server.answers(hangs_up, then)
    with pytest.raises(InDoubt):
        transport.request("POST", server.url, safe=True, writes=True)


@pytest.mark.parametrize("body", [b"", b"<html><b>Login</b>", b"<br />\n<b>Warning</b>: x\n{}", b'{"a": NaN}', b"\xff"])
@pytest.mark.parametrize(("writes", "expected"), [(False, Unreadable), (True, InDoubt)])
def test_what_is_not_json_is_unreadable_and_after_a_write_a_doubt(
    server: Server, transport: Transport, body: bytes, writes: bool, expected: type[ConnectorError]
) -> None:
    server.answers(says(200, body, Content_Type="text/html"))
    answer = transport.request("POST", server.url, safe=True, writes=writes)
    with pytest.raises(expected, match=r"not JSON|web page"):
        answer.json()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<br />\n<b>Warning</b>: Undefined x in /a.php\n{}", "is not JSON: Warning : Undefined x in /a.php {}"),
        (b"<html><h1>Just a moment</h1>", "a web page instead of JSON (a firewall or a login page?): Just a moment"),
        (b"word " * 100, "is not JSON: word word"),
        (b"", "is not JSON, with nothing."),
    ],
)
def test_the_first_words_of_what_is_not_json_are_told(
    server: Server, transport: Transport, body: bytes, told: str
) -> None:
    server.answers(says(200, body))
    with pytest.raises(Unreadable) as caught:
        transport.request("GET", server.url, safe=True).json()
    assert told in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_refused_write_with_a_web_page_was_not_made(server: Server, transport: Transport) -> None:
    server.answers(says(403, b"<h1>Blocked</h1>"))
    with pytest.raises(Unreadable):
        transport.request("POST", server.url, safe=False).json()


def test_a_deep_answer_does_not_break_the_reader(server: Server, transport: Transport) -> None:
    server.answers(says(200, b"[" * 200_000))
    with pytest.raises(Unreadable):
        transport.request("GET", server.url, safe=True).json()


def test_a_byte_order_mark_before_the_json_does_no_harm(server: Server, transport: Transport) -> None:
    server.answers(says(200, b"\xef\xbb\xbf[1]"))
    assert transport.request("GET", server.url, safe=True).json() == [1]


def test_a_zipped_bomb_is_refused_before_it_fills_the_memory(server: Server, waits: Waits) -> None:
    server.answers(says(200, gzip.compress(b" " * 3 * 2**20), Content_Encoding="gzip"))
    transport = Transport(surroundings=waits.surroundings, largest_body_bytes=2**20)
    with pytest.raises(Unreadable, match="more than 1 MB"):
        transport.request("GET", server.url, safe=True)
    assert waits.slept_s == []
    with pytest.raises(InDoubt):
        transport.request("POST", server.url, safe=False)


def test_a_zipped_answer_is_read_whole(server: Server, transport: Transport) -> None:
    server.answers(says(200, gzip.compress(b'["' + b"x" * 200_000 + b'"]'), Content_Encoding="gzip"))
    assert transport.request("GET", server.url, safe=True).json() == ["x" * 200_000]


def test_nothing_is_taken_from_the_environment(
    server: Server, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password stolen")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    server.answers(says())
    transport.request("GET", server.url, safe=True)
    assert "Authorization" not in server.requests[0][2]


def test_cookies_of_the_shop_are_not_sent_back(server: Server, transport: Transport) -> None:
    server.answers(says(200, Set_Cookie="session=1; Path=/"))
    transport.request("GET", server.url, safe=True)
    transport.request("GET", server.url, safe=True)
    assert "Cookie" not in server.requests[1][2]


def test_no_secret_is_in_an_error_nor_in_what_hangs_on_it(server: Server, transport: Transport) -> None:
    server.answers(says(500, f"echo {SECRET}".encode()))
    url = f"{server.url}?consumer_secret={quote(SECRET, safe='')}"
    with pytest.raises(Unavailable) as caught:
        transport.request("GET", url, headers={"X-Shopify-Access-Token": SECRET}, auth=("key", SECRET), safe=True)
    error: BaseException | None = caught.value
    assert error is not None
    assert error.__context__ is None
    assert error.__cause__ is None
    assert SECRET not in f"{error} {error.args} {caught.value.hint} {transport!r} {transport.redactor!r}"


def test_no_library_writes_an_address_with_its_secret_into_a_log(
    server: Server, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    server.answers(says(500), says(200, b"{}", Broken="\x00\x00"))
    transport.request("GET", server.url, params={"consumer_secret": SECRET}, safe=True)
    assert quote(SECRET, safe="") not in caplog.text


def test_an_answer_shows_neither_headers_nor_body_nor_secrets(server: Server, transport: Transport) -> None:
    server.answers(says(200, SECRET.encode(), X_Echo=SECRET))
    answer = transport.request("GET", server.url, params={"consumer_secret": SECRET}, safe=True)
    assert "very" not in repr(answer)


@pytest.fixture
def secure(server: Server) -> Iterator[tuple[Server, trustme.CA]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.httpd.socket = context.wrap_socket(server.httpd.socket, server_side=True)
    server.answers(says())
    yield server, authority


def test_a_ca_file_makes_the_shops_own_certificate_good(
    secure: tuple[Server, trustme.CA], tmp_path: Path, waits: Waits
) -> None:
    server, authority = secure
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    transport = Transport(surroundings=waits.surroundings, verify=str(tmp_path / "ca.pem"))
    assert transport.request("GET", f"https://localhost:{server.port}/", safe=True).status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_trusted_stops_before_anything_is_sent(
    secure: tuple[Server, trustme.CA], tmp_path: Path, waits: Waits, host: str
) -> None:
    server, authority = secure
    trusted = trustme.CA() if host == "localhost" else authority
    trusted.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    transport = Transport(surroundings=waits.surroundings, verify=str(tmp_path / "ca.pem"))
    with pytest.raises(Unavailable, match=f"No secure connection to {host}"):
        transport.request("POST", f"https://{host}:{server.port}/", body=SECRET, safe=False)
    assert server.requests == []


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_ca_file_that_is_none_is_named(tmp_path: Path, waits: Waits, server: Server, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    transport = Transport(surroundings=waits.surroundings, verify=str(path))
    with pytest.raises(Unavailable, match="certificates cannot be read"):
        transport.request("POST", f"https://127.0.0.1:{server.port}/", safe=False)


@pytest.mark.parametrize("key", ["with\nline end", "ключ", "naïve€"])
def test_a_key_that_cannot_be_sent_is_told_without_showing_it(server: Server, transport: Transport, key: str) -> None:
    server.answers(says())
    with pytest.raises(CredentialsRejected) as caught:
        transport.request("GET", server.url, headers={"X-Shopify-Access-Token": key}, safe=True)
    assert key not in str(caught.value)
    assert server.requests == []


def test_closing_twice_is_closing_once(transport: Transport) -> None:
    transport.close()
    transport.close()
