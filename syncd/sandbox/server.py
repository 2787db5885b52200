"""A loopback HTTP server around a practice shop: counts what was asked, and misbehaves as its `Faults` say.

A shop is a plain callable `Request` → `Response`. The shops know nothing of sockets, and the server nothing of shops.
Standard library only: the demo runs it on an owner's machine.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from syncd.sandbox.faults import (
    Answer,
    FatalAt,
    Faults,
    LateEffect,
    NoticeBeforeJson,
    Redirect,
    ResetAfter,
    ResetBefore,
    Slow,
)

SECRET_NAMES = ("consumer_key", "consumer_secret", "client_secret", "access_token", "oauth_")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked. `headers` have lower-case names; `path` is decoded, `url` is not and has no query.

    `fatal_at` and `late` come from faults: die at that entry of a batch; was let in long ago and takes effect now.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    url: str
    secure: bool
    fatal_at: int | None = None
    late: bool = False

    def first(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)


@dataclass(frozen=True, slots=True)
class Response:
    """What the shop answers. The server adds Content-Length."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a test counts it: without headers, and without credentials in query or body."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes


App = Callable[[Request], Response]


@dataclass(slots=True)
class SandboxServer:
    """Serves `app` on 127.0.0.1 from `start()` to `stop()`, each connection in a thread, with keep-alive.

    `port` 0 takes a free one and keeps it, so that a stopped shop comes back under its address. `certificate` is
    (certificate file, key file) and makes it https. `calls` grows by one entry per request, in the order of arrival;
    a test may clear it. `stop()` also cuts the connections that clients keep open.

    Raises:
        RuntimeError: by `stop()`, when the app itself crashed: a defect of the sandbox must not pass for an outage.
    """

    app: App
    port: int = 0
    certificate: tuple[str, str] | None = None
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    _http: _Http | None = None

    @property
    def url(self) -> str:
        """The address without a slash at the end."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._http = _Http(self)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="sandbox", daemon=True).start()
        return self

    def stop(self) -> None:
        http, self._http = self._http, None
        if http is None:
            return
        http.shutdown()
        http.server_close()
        http.cut()
        if http.crashes:
            raise RuntimeError(f"the sandbox shop crashed {len(http.crashes)} times") from http.crashes[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def answered(request: Request, app: App, faults: Faults) -> Response | None:
    """The app's answer, or what the next fault makes of it; ``None`` where the connection breaks instead."""
    match faults.take(f"{request.method} {request.path}", request.body.decode(errors="replace")):
        case None:
            return app(request)
        case Slow(seconds):
            response = app(request)
            faults.wait(seconds)
            return response
        case Answer(status, headers, body, effect):
            if effect:
                app(request)
            return Response(status, headers, body)
        case Redirect(status, location):
            return Response(status, {"Location": location}, b"")
        case ResetBefore():
            return None
        case ResetAfter():
            app(request)
            return None
        case LateEffect():
            faults.hold(lambda: app(replace(request, late=True)))
            return None
        case NoticeBeforeJson(notice):
            response = app(request)
            return replace(response, body=notice + response.body)
        case FatalAt(n):
            return app(replace(request, fatal_at=n))


class _Http(ThreadingHTTPServer):
    """The listening socket. TLS begins in the connection's own thread, so that one bad client blocks nobody."""

    def __init__(self, sandbox: SandboxServer) -> None:
        super().__init__(("127.0.0.1", sandbox.port), _Handler)
        self.sandbox = sandbox
        self.crashes: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        if sandbox.certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*sandbox.certificate)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]  # TCP only: never a pair
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Cut what clients keep open: a stopped shop answers nobody."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up, time out or refuse the certificate are everyday; the app's errors are in `crashes`."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: _Http

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the request line may carry a key."""

    def answer(self) -> None:
        sandbox = self.server.sandbox
        request = self._request()
        sandbox.calls.append(_without_credentials(request))
        try:
            response = answered(request, sandbox.app, sandbox.faults)
        except Exception as crash:
            self.server.crashes.append(crash)
            raise
        if response is None:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815  # stdlib's names

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        secure = self.server.sandbox.certificate is not None
        host = headers.get("host", f"127.0.0.1:{self.server.server_port}")
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=self.rfile.read(int(headers.get("content-length") or 0)),
            url=f"{'https' if secure else 'http'}://{host}{parts.path}",
            secure=secure,
        )


def _without_credentials(request: Request) -> Call:
    query = tuple(pair for pair in request.query if not pair[0].startswith(SECRET_NAMES))
    secret = any(name.encode() in request.body for name in SECRET_NAMES)
    return Call(request.method, request.path, query, b"(credentials)" if secret else request.body)
