"""Suppliers for the tests: a web server on loopback that puts feeds up, and a folder into which files come."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import SettingValue, Supplies, Surroundings
from connectors.public_addresses import PublicOnly
from connectors.supplier_feed.connector import SupplierFeed

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
COLUMNS = (("sku", "Article"), ("on_hand", "Stock"))

Respond = Callable[[BaseHTTPRequestHandler], None]


class Clock:
    """A clock that stands still until somebody waits or moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(now=lambda: self.now, sleep=self.pass_by)


class Supplier:
    """A web server on loopback: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Respond] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.down = False
        supplier = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                supplier.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                if supplier.down:
                    self.close_connection = True
                    return
                supplier.answers.get(self.path.partition("?")[0], answer(404))(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.httpd.handle_error = lambda request, client_address: None  # who hangs up is no trouble
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.httpd.server_address[1])

    def url(self, path: str = "/stock", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()


def answer(status: int, body: bytes = b"", **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if status not in (204, 304):
            handler.wfile.write(body)

    return respond


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def supplier() -> Iterator[Supplier]:
    supplier = Supplier()
    yield supplier
    supplier.close()


Make = Callable[..., SupplierFeed]


@pytest.fixture
def at(supplier: Supplier, clock: Clock) -> Iterator[Make]:
    """Makes a feed that is read from the loopback server."""
    made: list[SupplierFeed] = []

    def make(path: str = "/stock", *, only: PublicOnly | None = None, **settings: SettingValue) -> SupplierFeed:
        given: dict[str, SettingValue] = {"URL": supplier.url(path), "COLUMNS": COLUMNS, "PRIVATE_ADDRESSES": True}
        feed = SupplierFeed("acme", given | settings, clock.surroundings, only)
        made.append(feed)
        return feed

    yield make
    for feed in made:
        feed.close()


@pytest.fixture
def read(tmp_path: Path, clock: Clock) -> Callable[..., Supplies]:
    """Reads a content that lies in a folder as the supplier's file."""

    def read_(content: bytes | str, name: str = "stock.csv", **settings: SettingValue) -> Supplies:
        put(tmp_path, content, name)
        found = folder_feed(tmp_path, clock, **settings).supplies(None)
        assert found is not None
        return found

    return read_


def folder_feed(folder: Path, clock: Clock, **settings: SettingValue) -> SupplierFeed:
    given: Mapping[str, SettingValue] = {"FOLDER": str(folder), "COLUMNS": COLUMNS}
    return SupplierFeed("acme", dict(given) | settings, clock.surroundings)


def put(folder: Path, content: bytes | str, name: str = "stock.csv", age_s: float = 3600) -> Path:
    """A file as if it were written `age_s` before `NOW`."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    instant = NOW.timestamp() - age_s
    os.utime(path, (instant, instant))
    return path


def units(supplies: Supplies) -> dict[str, Any]:
    return {supply.sku: supply.units for supply in supplies.supplies}
