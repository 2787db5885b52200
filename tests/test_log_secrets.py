"""Secrets are planted wherever the service and its libraries could log them, and found in no line of any style."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import requests
from apscheduler.events import EVENT_JOB_ERROR
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import create_engine, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syncd import logs
from syncd.settings_values import Address
from syncd.storage.session import Database, DatabaseProblem
from syncd.web.server import WebServer
from tests.log_kit import STYLES, logged

TOLD = (
    "pl@nted/secret+1",
    'it\'s"pla\\nted" twice',
    "plänted-κλειδί",
    "planted-webhook-secret",
)
"""Values of settings, as `hide` is told of them."""

UNTOLD = (
    "consumer_key=ck_0123456789planted",
    "X-Shopify-Access-Token: shpat_0123planted",
    "Authorization: Bearer abcd0123planted",
    "https://someone:0planted@shop.example/",
    "postgresql://syncd:0planted@db/syncd",
    "https://hooks.slack.com/services/T0/B0/planted",
    '{"client_secret": "0123planted"}',
    "hmac=0123planted&signature=0123planted",
)
"""What gives itself away by its form."""

log = logging.getLogger("syncd.test")


def by_events(secret: str) -> None:
    logs.event(
        log, logging.INFO, "seen", value=secret, token=secret, path=f"/a/{secret}", listed=[secret, secret.encode()]
    )
    log.info("seen %s %r %r", secret, {"Header": secret}, secret.encode())
    log.info(f"seen {secret}")


def by_exceptions(secret: str) -> None:
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            error.add_note(f"with {secret}")
            raise RuntimeError({"headers": {"X": secret}, "body": secret.encode()}) from error
    except RuntimeError:
        log.exception("failed with %s", secret)


def by_a_scheduler(secret: str) -> None:
    def fail(_told: str) -> None:
        raise RuntimeError(f"failed with {secret}")

    failed = threading.Event()
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_listener(lambda _event: failed.set(), EVENT_JOB_ERROR)
    scheduler.add_job(fail, "interval", hours=1, args=[secret], name=f"job {secret}", next_run_time=datetime.now(UTC))
    scheduler.start()
    assert failed.wait(5)
    scheduler.shutdown(wait=True)


def by_a_database(secret: str) -> None:
    engine = create_engine("sqlite://", echo=False)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE a = :a"), {"a": secret})
    except Exception:
        log.exception("no such table")
    try:
        db = Database("postgresql://syncd:planted-webhook-secret@127.0.0.1:1/syncd")
        with db.read():
            pass
    except DatabaseProblem:
        log.exception("no such database")


def by_a_call(secret: str) -> None:
    try:
        requests.get("http://127.0.0.1:1/", params={"consumer_key": secret}, headers={"X": "y"}, timeout=1)
    except requests.RequestException:
        log.exception("not reached")


def by_a_web_server(secret: str) -> None:
    async def fail(request: Request) -> Response:
        raise RuntimeError(f"failed with {secret} at {request.url} with {await request.body()!r}")

    server = WebServer(Starlette(routes=[Route("/hooks/woo", fail, methods=["POST"])]), Address("127.0.0.1", 0))
    server.start()
    try:
        with suppress(requests.RequestException):
            url = f"http://127.0.0.1:{server.port}/hooks/woo"
            requests.post(url, params={"token": secret}, data=secret.encode(), timeout=5)
    finally:
        server.stop()


PLANTS = (by_events, by_exceptions, by_a_scheduler, by_a_database, by_a_call, by_a_web_server)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_secret_is_in_no_line(style: str, plant: Callable[[str], None]) -> None:
    logs.hide(TOLD)
    with logged(style) as lines:
        for secret in (*TOLD, *UNTOLD):
            plant(secret)
    written = lines.getvalue()
    assert "***" in written
    found = [line for line in written.splitlines() for trace in ("nted", "κλειδ", "\\xce\\xba") if trace in line]
    assert found == []
