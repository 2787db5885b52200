"""Serves an ASGI app with uvicorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncd.errors import SyncdError
from syncd.settings_values import Address
from syncd.web.seldom import Seldom

MOST_AT_ONCE = 64
"""Connections that are answered; further ones hear 503 and may come back."""

MOST_CONNECTIONS = 256
"""Connections that are held at all: file descriptors are needed for the shops, too."""

BACKLOG = 128
LARGEST_HEAD_BYTES = 16_384
KEEP_ALIVE_S = 5
REQUEST_TIME_S = 15.0
"""From the first byte that could come to the last of the answer; more than the body's own time limit."""

LAST_ANSWERS_S = 1
"""How long a request under way may still take when the server stops."""

_ELSEWHERE = "Set SYNCD_LISTEN=127.0.0.1:8737, or off."
_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 2.0
_UVICORN = logging.getLogger("uvicorn.error")


class CannotListen(SyncdError):
    """The address to listen at cannot be had."""


class WebServer:
    """Serves `app` at `address` from `start()` to `stop()`; may be started again. No signal is caught."""

    def __init__(self, app: ASGIApp, address: Address, *, request_time_s: float = REQUEST_TIME_S) -> None:
        self._app = app
        self._address = address
        self._request_time_s = request_time_s
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._calm = _Calm()
        self.port = address.port
        """Where it listens; a free port was chosen where 0 was asked for."""

    def start(self) -> None:
        """Begin to serve; returns when the first request would be answered.

        Raises:
            CannotListen: the address is taken, forbidden, or none of this machine.
        """
        listener = _listen(self._address)
        self.port = listener.getsockname()[1]
        self._server = _Server(self._config(), self._calm)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="syncd-web", daemon=True)
        self._thread.start()
        serves = self._server.serving.wait(_START_WITHIN_S)
        if not serves or not self._server.started:
            self.stop()
            raise CannotListen(f"{self._address} cannot be served.", "The log says why.")

    def stop(self) -> None:
        """End within about two seconds, whatever clients keep open. May be called twice."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(_STOP_WITHIN_S)
        if thread.is_alive():
            server.force_exit = True
            thread.join(_STOP_WITHIN_S)

    def _config(self) -> uvicorn.Config:
        request_time_s = self._request_time_s

        class Protocol(_Patient):
            REQUEST_TIME_S = request_time_s

        return uvicorn.Config(
            self._app,
            http=Protocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,  # ours holds
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who calls
            limit_concurrency=MOST_AT_ONCE,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=LAST_ANSWERS_S,
            h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
        )


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it serves and is quiet when it is stopped."""

    def __init__(self, config: uvicorn.Config, calm: _Calm) -> None:
        super().__init__(config)
        self.serving = threading.Event()
        self._calm = calm

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        self._calm.stopping = False
        _UVICORN.addFilter(self._calm)
        try:
            super().run(sockets)
        finally:
            _UVICORN.removeFilter(self._calm)
            self.serving.set()
            for listener in sockets or ():
                listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._calm.stopping = True  # what is broken off now is no trouble, and no lines
        await super().shutdown(sockets)


class _Calm(logging.Filter):
    """Keeps uvicorn from writing a line per bad request: of each kind of line one a minute, none while stopping."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False
        self._seldom = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        return not self.stopping and self._seldom.allows(record.msg)


class _Patient(H11Protocol):
    """uvicorn's HTTP/1.1, whose patience with one request ends.

    uvicorn itself waits for ever for a head that does not come, and for a client that does not read its answer.
    """

    REQUEST_TIME_S = REQUEST_TIME_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._begin()
        super().on_response_complete()

    def _begin(self) -> None:
        self._end()
        self._deadline = self.loop.call_later(self.REQUEST_TIME_S, self.transport.abort)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _listen(address: Address) -> socket.socket:
    """A socket that listens already: with uvicorn's own, a second syncd would find out only in its thread."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise CannotListen(f"The name {address.host} of SYNCD_LISTEN is not known.", _ELSEWHERE) from None
    family, kind, protocol, _name, where = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot(address, error) from None
    return listener


def _cannot(address: Address, error: OSError) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        other = Address(address.host, address.port + 1 if address.port < 65_535 else address.port - 1)
        return CannotListen(
            f"{address} is taken: another program, or another syncd, listens there.",
            f"Set SYNCD_LISTEN={other}, or stop the other one.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return CannotListen(f"This user may not listen at {address}: ports below 1024 are root's.", _ELSEWHERE)
    if error.errno == errno.EADDRNOTAVAIL:
        return CannotListen(f"{address.host} is not an address of this machine.", _ELSEWHERE)
    return CannotListen(f"syncd cannot listen at {address}: {error.strerror}.", _ELSEWHERE)
