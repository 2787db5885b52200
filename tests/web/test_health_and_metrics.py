"""What a monitor is told: over HTTP, of a service that works, lags, hangs, or has no database."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import CallEvent
from syncd.storage.session import Database, DatabaseProblem
from syncd.sync.freshness import Look
from syncd.web.metrics import Metrics
from syncd.web.seldom import Recent
from tests.databases import NOON
from tests.web.door import Door, at_once, fresh_channel

SERVICE_PAGE = Path(__file__).parents[2] / "docs" / "service.md"


def test_the_first_page_says_what_this_is(door: Door) -> None:
    answer = door.get("/")
    assert answer.status_code == 200
    assert answer.text.count("\n") == 2
    assert "syncd" in answer.text


def test_it_is_healthy_while_its_heart_beats(door: Door) -> None:
    assert (door.get("/healthz").status_code, door.get("/healthz").text) == (200, "ok\n")
    door.alive = False
    assert door.get("/healthz").status_code == 503


def test_it_is_ready_when_every_live_channel_is_fresh(door: Door) -> None:
    door.channels = [fresh_channel(), fresh_channel("shopify", mode="shadow", read_at=None)]
    answer = door.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "channels": {
            "woo": {
                "fresh": True,
                "mode": "live",
                "paused": False,
                "read_at": "2026-11-23T11:59:30+00:00",
                "pushed_at": "2026-11-23T11:51:00+00:00",
                "waiting": 0,
                "oldest_waiting_s": None,
                "why": "",
            },
            "shopify": {
                "fresh": False,
                "mode": "shadow",
                "paused": False,
                "read_at": None,
                "pushed_at": "2026-11-23T11:51:00+00:00",
                "waiting": 0,
                "oldest_waiting_s": None,
                "why": "was never read completely; in shadow, nothing is written to it",
            },
        },
    }


def test_one_live_channel_that_is_not_fresh_makes_it_unready(door: Door) -> None:
    waits = NOON - timedelta(minutes=58)
    late = fresh_channel("shopify", read_at=NOON - timedelta(minutes=12), waiting=3, oldest_waiting=waits)
    door.channels = [fresh_channel(), late]
    answer = door.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    told = answer.json()["channels"]["shopify"]
    assert (told["fresh"], told["waiting"], told["oldest_waiting_s"]) == (False, 3, 58 * 60)
    assert told["why"] == "was not read for 12 min; 3 numbers wait since 11:02 UTC"


def test_without_a_database_nothing_is_ready_and_what_was_counted_is_told_all_the_same(door: Door) -> None:
    def broken() -> Look:
        raise DatabaseProblem("The database /private/place/syncd.db cannot be used: disk I/O error")

    door.look = broken
    door.deliver(1, signed=False)
    answer = door.get("/readyz")
    assert (answer.status_code, answer.json()["why"]) == (503, "the database cannot be used")
    assert "private" not in answer.text
    scrape = door.get("/metrics").text
    assert "\nsyncd_up 0.0\n" in scrape
    assert 'syncd_deliveries_total{channel="woo",outcome="forged"} 1.0' in scrape
    assert "syncd_backlog" not in scrape


def test_however_many_ask_the_database_is_asked_once_a_second(door: Door) -> None:
    asked = []
    go_on = threading.Event()

    def slowly() -> Look:
        asked.append(1)
        go_on.wait(5)
        return Look((), {})

    door.look = slowly
    threading.Timer(0.3, go_on.set).start()
    answers = at_once(20, lambda number: door.get("/metrics" if number % 2 else "/readyz").status_code)
    assert answers == [200] * 20
    assert len(asked) == 1


def test_a_database_that_hangs_holds_nobody_for_long_and_costs_one_thread() -> None:
    go_on = threading.Event()
    asked = []

    def hang() -> Look:
        asked.append(1)
        go_on.wait(30)
        return Look((), {"edit": 1})

    recent = Recent(hang, within_s=0.05)

    async def ask() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await recent.get()
        go_on.set()
        assert (await Recent(lambda: 1).get()) == 1
        while True:
            with suppress(TimeoutError):
                assert (await recent.get()).incidents == {"edit": 1}
                break

    asyncio.run(ask())
    assert len(asked) == 1


def test_everything_that_was_counted_is_scraped(door: Door) -> None:
    metrics = door.metrics
    metrics.sale_pushed("woo", timedelta(seconds=3))
    metrics.sale_pushed("woo", timedelta(seconds=-1))  # clocks differ
    observe = metrics.observer("woo")
    for event, kind in ((CallEvent.CALL, ""), (CallEvent.CALL, ""), (CallEvent.ERROR, "unavailable")):
        observe(event, kind)
    observe(CallEvent.THROTTLED, "")
    metrics.job_ended("pull", "woo", "done", timedelta(seconds=0.2))
    metrics.units("woo", offered=8, shown=7)
    door.channels = [fresh_channel(waiting=2, oldest_waiting=NOON - timedelta(seconds=90)), fresh_channel("till")]
    door.deliver(1)
    door.deliver(2, channel="nobody")
    answer = door.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in (
        'syncd_sale_to_pushed_seconds_bucket{channel="woo",le="2.0"} 1.0',
        'syncd_sale_to_pushed_seconds_bucket{channel="woo",le="5.0"} 2.0',
        'syncd_sale_to_pushed_seconds_bucket{channel="woo",le="900.0"} 2.0',
        'syncd_sale_to_pushed_seconds_bucket{channel="woo",le="+Inf"} 2.0',
        'syncd_calls_total{channel="woo"} 2.0',
        'syncd_call_errors_total{channel="woo",kind="unavailable"} 1.0',
        'syncd_throttled_total{channel="woo"} 1.0',
        'syncd_jobs_total{channel="woo",job="pull",outcome="done"} 1.0',
        'syncd_job_seconds_count{job="pull"} 1.0',
        'syncd_deliveries_total{channel="woo",outcome="kept"} 1.0',
        'syncd_deliveries_total{channel="",outcome="unknown"} 1.0',
        'syncd_incidents_open{kind="edit"} 2.0',
        'syncd_incidents_open{kind="silent"} 0.0',
        'syncd_backlog{channel="woo"} 2.0',
        'syncd_oldest_waiting_seconds{channel="woo"} 90.0',
        'syncd_oldest_waiting_seconds{channel="till"} 0.0',
        'syncd_read_age_seconds{channel="woo"} 30.0',
        'syncd_offered_units{channel="woo"} 8.0',
        'syncd_shown_units{channel="woo"} 7.0',
        "syncd_up 1.0",
        'syncd_build_info{version="0.1.0"} 1.0',
    ):
        assert line in lines
    assert "_created" not in answer.text


def test_it_is_not_up_while_its_heart_stands_still(door: Door) -> None:
    door.alive = False
    assert "\nsyncd_up 0.0\n" in door.get("/metrics").text


def test_two_services_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.delivered("woo", "kept")
    assert b"syncd_deliveries_total{" not in other.exposition(None, up=True, now=NOON)


def test_the_page_of_the_service_explains_every_metric_and_no_other(door: Door) -> None:
    door.channels = [fresh_channel()]
    families = set(re.findall(r"^# TYPE (\S+)", door.get("/metrics").text, re.MULTILINE))
    named = set(re.findall(r"^\| `(syncd_\w+)", SERVICE_PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == families


def test_the_door_needs_no_database_to_say_how_it_is(door: Door, sqlite: Database) -> None:
    for path in ("/", "/healthz", "/readyz", "/metrics"):
        door.get(path)
    assert door.asked_database == 0
