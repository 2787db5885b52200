"""Connects to a host within a given time, however many addresses it has."""

from __future__ import annotations

import socket
import time


def connected(host: str, port: int, *, patience_s: float, until: float) -> socket.socket:
    """A connection to the first of the host's addresses that answers. `patience_s`: for each address, and for each wait
    on the connection afterwards; `until`, by `time.monotonic`: for all addresses together.

    Raises:
        OSError: of the last address that was tried.
    """
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        left_s = until - time.monotonic()
        if left_s <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(min(patience_s, left_s))
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            connection.settimeout(patience_s)
            return connection
    raise failure
