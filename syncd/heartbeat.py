"""Calls an address while all is well: its silence tells of a dead, a wedged and a failing service alike."""

from __future__ import annotations

from collections.abc import Callable

import requests

TIMEOUT_S = 10


class NotSent(OSError):
    """Nobody answered with success; the words hold nothing of the address, which is a secret."""


def sender(url: str) -> Callable[[], None]:
    """A function that calls `url` once. It raises `NotSent` where nobody answered with success."""

    def beat() -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False  # as the connectors: the same way out for service and command line
                answer = session.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True)
        except requests.RequestException as error:
            raise NotSent(type(error).__name__) from None
        if not answer.ok:
            raise NotSent(f"status {answer.status_code}")

    return beat
