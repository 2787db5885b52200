"""A server on loopback that does with a connection whatever a script says: stalls, breaks off, talks nonsense."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

Script = Callable[[socket.socket, threading.Event], None]
"""Talks on a connection. The event is set when the server closes: a script that stalls waits for it."""


class WireServer:
    """Runs `script` for each connection, in a thread of its own; the connection is closed after it."""

    def __init__(self, script: Script) -> None:
        self._script, self._closing = script, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._script(connection, self._closing)


def refusing_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def stalls(_connection: socket.socket, closing: threading.Event) -> None:
    """Take the connection and say nothing."""
    closing.wait(30)


def drips(line: bytes, every_s: float) -> Script:
    """Begin with `line`, then one character after the other, and never end."""

    def script(connection: socket.socket, closing: threading.Event) -> None:
        connection.sendall(line)
        while not closing.wait(every_s):
            connection.sendall(b"x")

    return script


def says(text: bytes) -> Script:
    """Say this, whatever was asked, and hang up."""

    def script(connection: socket.socket, _closing: threading.Event) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    return script


def smtp_until_data(then: Script) -> Script:
    """A mail server without encryption that says yes to all, and goes on as `then` says once the text comes."""

    def script(connection: socket.socket, closing: threading.Event) -> None:
        connection.sendall(b"220 mail.example ESMTP\r\n")
        reader = connection.makefile("rb")
        for line in reader:
            if line.upper().startswith(b"DATA"):
                connection.sendall(b"354 go on\r\n")
                then(connection, closing)
                return
            connection.sendall(b"250 yes\r\n")

    return script
