"""A served web part with a channel that signs, and the ways to knock at it over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import requests

from connectors.contract import News, NotGenuine, Subscriptions
from syncd.domain.freshness import Freshness
from syncd.settings_values import Address
from syncd.storage import channels, inbox
from syncd.storage.session import Database
from syncd.sync.freshness import Look
from syncd.sync.house import Port
from syncd.web.app import web_app
from syncd.web.metrics import Metrics
from syncd.web.server import WebServer
from tests.databases import NOON

SECRET = "hook-secret-of-woo"
HEAD = b"POST /hooks/woo HTTP/1.1\r\nHost: x\r\n"


class SigningShop:
    """Signs as WooCommerce does; an unsigned form is its ping."""

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        if body == b"webhook_id=1":
            return None
        if not hmac.compare_digest(headers.get("x-signature", ""), signature(body)):
            raise NotGenuine("It is not signed by this shop.")
        said = json.loads(body)
        return News(headers["x-delivery-id"], "order.updated", order_id=said["id"])

    def subscribe(self, address: str) -> Subscriptions:
        raise AssertionError(f"nobody subscribes {address} here")

    def unsubscribe(self, address: str) -> int:
        raise AssertionError(f"nobody unsubscribes {address} here")


def signature(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def order(number: int) -> bytes:
    return json.dumps({"id": str(number)}).encode()


@dataclass
class Door:
    """What is served, what it was given, and what it told."""

    db: Database
    news: list[str] = field(default_factory=list)
    ports: list[Port] = field(
        default_factory=lambda: [Port("woo", "test", SigningShop()), Port("till", "test", object())]
    )
    metrics: Metrics = field(default_factory=Metrics)
    now: datetime = NOON
    alive: bool = True
    channels: list[Freshness] = field(default_factory=list)
    look: Callable[[], Look] | None = None
    port: int = 0
    asked_database: int = 0

    def database(self) -> Database:
        self.asked_database += 1
        return self.db

    def seen(self) -> Look:
        return self.look() if self.look else Look(tuple(self.channels), {"edit": 2, "silent": 0})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def deliver(
        self, number: int, *, channel: str = "woo", delivery_id: str = "", signed: bool = True
    ) -> requests.Response:
        body = order(number)
        headers = {"X-Delivery-Id": delivery_id or f"d{number}", "X-Signature": signature(body) if signed else "x" * 64}
        return requests.post(f"{self.url}/hooks/{channel}", data=body, headers=headers, timeout=10)

    def raw(self, *pieces: bytes, read: bool = True) -> bytes:
        """The answer to bytes as they are, read to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            answer = b""
            try:
                for piece in pieces:
                    connection.sendall(piece)
                while read and (part := connection.recv(65_536)):
                    answer += part
            except ConnectionError:
                pass  # it was closed while we still sent
            return answer

    def inbox(self) -> list[str]:
        with self.db.read() as tx:
            return [one.delivery_id for one in inbox.waiting(tx, "woo")]

    def counted(self, outcome: str, channel: str = "woo") -> float:
        name, labels = "syncd_deliveries_total", {"channel": channel, "outcome": outcome}
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@contextmanager
def served(door: Door, **limits: float) -> Iterator[Door]:
    """The door, open until the end."""
    app = web_app(
        ports=lambda: door.ports,
        database=door.database,
        on_news=door.news.append,
        alive=lambda: door.alive,
        look=door.seen,
        metrics=door.metrics,
        now=lambda: door.now,
        **{name: limits.pop(name) for name in ("read_within_s", "answer_within_s") if name in limits},
    )
    server = WebServer(app, Address("127.0.0.1", 0), **limits)
    server.start()
    door.port = server.port
    try:
        yield door
    finally:
        server.stop()


@pytest.fixture
def door(sqlite: Database) -> Iterator[Door]:
    """Served over SQLite, with the limits of the service."""
    with sqlite.write() as tx:
        channels.ensure(tx, "woo", "test", NOON)
    with served(Door(sqlite)) as opened:
        yield opened


def fresh_channel(name: str = "woo", **changes: object) -> Freshness:
    """A live channel that was read half a minute before noon."""
    values: dict[str, object] = {
        "channel": name,
        "mode": "live",
        "paused": False,
        "read_at": NOON - timedelta(seconds=30),
        "pushed_at": NOON - timedelta(minutes=9),
        "listed_at": None,
        "waiting": 0,
        "oldest_waiting": None,
        "parked_reason": None,
        "poll": timedelta(seconds=60),
        "silent_after": timedelta(hours=2),
    }
    return Freshness(**(values | changes))  # type: ignore[arg-type]


def at_once(how_many: int, act: Callable[[int], object]) -> list[object]:
    """What each of so many threads came to, all begun together."""
    found: list[object] = [None] * how_many
    barrier = threading.Barrier(how_many)

    def run(number: int) -> None:
        barrier.wait()
        found[number] = act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
