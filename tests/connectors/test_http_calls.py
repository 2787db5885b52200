"""Every call of a channel can be counted, with what became of it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from connectors.contract import CallEvent, ConnectorError, Surroundings
from connectors.http import Transport
from tests.connectors.test_http import NOW, Respond, Server, hangs_up, says

Seen = list[tuple[CallEvent, str]]

CALL = (CallEvent.CALL, "")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def seen_of(server: Server, *answers: Respond, safe: bool = True) -> Seen:
    """What was told of one request that is answered so."""
    server.answers(*answers)
    seen: Seen = []
    surroundings = Surroundings(
        now=lambda: NOW,
        sleep=lambda _seconds: None,
        random=random.Random(1),
        observe=lambda event, kind: seen.append((event, kind)),
    )
    transport = Transport(surroundings=surroundings)
    try:
        transport.request("GET" if safe else "POST", server.url, safe=safe)
    except ConnectorError:
        pass
    finally:
        transport.close()
    return seen


def test_a_call_is_told_once(server: Server) -> None:
    assert seen_of(server, says()) == [CALL]


def test_each_try_is_a_call_and_each_failure_names_its_kind(server: Server) -> None:
    assert seen_of(server, says(500), hangs_up, says()) == [
        CALL,
        (CallEvent.ERROR, "unavailable"),
        CALL,
        (CallEvent.ERROR, "unavailable"),
        CALL,
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says(401), (CallEvent.ERROR, "credentials")),
        (says(403), (CallEvent.ERROR, "credentials")),
        (says(302, Location="https://elsewhere.example/"), (CallEvent.ERROR, "redirected")),
        (says(429, Retry_After="90"), (CallEvent.THROTTLED, "")),
        (says(503, Retry_After="90"), (CallEvent.THROTTLED, "")),
    ],
)
def test_what_a_call_met_is_told(server: Server, answer: Respond, told: tuple[CallEvent, str]) -> None:
    assert seen_of(server, answer) == [CALL, told]


def test_an_answer_that_is_the_callers_is_no_error(server: Server) -> None:
    assert seen_of(server, says(404)) == [CALL]


def test_a_write_is_a_call_like_any_other(server: Server) -> None:
    assert seen_of(server, hangs_up, safe=False) == [CALL, (CallEvent.ERROR, "unavailable")]
