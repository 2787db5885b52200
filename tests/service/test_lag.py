"""A sale reaches the other shop by its webhook, in the real service over practice shops: no poll is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors import registry
from syncd import app, config, settings_file
from syncd.daemon import Daemon
from syncd.demo import Demo
from syncd.sandbox.deliveries import Deliveries, post_http
from syncd.sandbox.practice import BUFFER_UNITS, SHOPIFY, WOO, PracticeShops, practice_shops
from syncd.settings_values import Address
from syncd.storage import inbox, listings
from syncd.storage.session import Database
from syncd.systemd.notify import Notifier

SHOE, SHELF = "SHOE-39-BLK", 10
RIGHT_AFTER_ONE = SHELF - 1 - BUFFER_UNITS
WITHIN_S = 60.0
LATE = timedelta(minutes=2)
"""More than any shop of these delays a delivery: all that waits is posted."""


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline, f"{what} takes too long"
        time.sleep(0.02)


@dataclass
class AtWork:
    """The service, live in both shops, and what it was told."""

    shops: PracticeShops
    daemon: Daemon
    db: Database
    answers: list[int] = field(default_factory=list)

    def shown(self, channel: str) -> int | None:
        return self.shops.woo.stock_of(SHOE) if channel == WOO else self.shops.shopify.available(SHOE)

    def counted(self, name: str, **labels: str) -> float:
        return self.daemon.metrics.registry.get_sample_value(name, labels) or 0.0

    def deliver(self, channel: str, how: Callable[[str, Mapping[str, str], bytes], int] | None = None) -> int:
        """Post what a shop has to deliver, whenever it would be due; how many deliveries that were."""
        return self._deliveries(channel).pump(datetime.now(UTC) + LATE, how or self._post)

    def _deliveries(self, channel: str) -> Deliveries:
        return (self.shops.woo if channel == WOO else self.shops.shopify).webhooks.deliveries

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.answers.append(post_http(url, headers, body))
        return self.answers[-1]

    def calls(self) -> int:
        return len(self.shops.woo_server.calls) + len(self.shops.shopify_server.calls)

    def at_rest(self) -> bool:
        """Nothing told is left, nothing waits to be written, nobody is at work."""
        with self.db.read() as tx:
            if inbox.channels_waiting(tx) or listings.channels_changed(tx):
                return False
        shift = self.daemon._shift
        return shift is not None and shift.work.idle()


@contextmanager
def at_work_in(folder: Path, shops: PracticeShops) -> Iterator[AtWork]:
    env_file = folder / ".env"
    more = "SYNCD_POLL=1h\nSYNCD_WEBHOOK_URL=https://sync.example.com\nSYNCD_BACKUPS=0\n"
    env_file.write_text(shops.env(folder) + more, encoding="utf-8")

    def load() -> config.Settings:
        lines = settings_file.parse(settings_file.text_of(env_file))
        read = config.from_lines(lines, {}, source=env_file, find_kind=registry.find)
        return replace(read, listen=Address("127.0.0.1", 0))

    with app.open_house(load(), command="test") as house:
        demo = Demo(house, shops)
        demo.count()
        assert all(one.live for one in demo.go_live())
    listens: list[int | None] = []
    daemon = Daemon(load, Notifier(None), on_ready=listens.append)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(daemon.run()), name="service", daemon=True)
    thread.start()
    db = Database(load().database_url)
    at_work = AtWork(shops, daemon, db)
    try:
        until(lambda: bool(listens), "the start")
        for shop in (shops.woo, shops.shopify):
            shop.webhooks.deliveries.deliver_to = f"http://127.0.0.1:{listens[0]}"
        for job in ("pull", "listings", "push", "reconcile", "compare", "hooks"):
            for channel in (WOO, SHOPIFY):
                until(lambda job=job, channel=channel: _ended(at_work, job, channel), f"{job} {channel}")  # type: ignore[misc]
        for channel in (WOO, SHOPIFY):  # pings of the new webhooks, and what happened before
            at_work.deliver(channel)
        until(at_work.at_rest, "the first round")
        yield at_work
    finally:
        db.close()
        daemon.stop()
        thread.join(WITHIN_S)
    assert ended == [True]


def _ended(at_work: AtWork, job: str, channel: str) -> bool:
    outcomes = ("done", "nothing to do")
    return any(at_work.counted("syncd_jobs_total", channel=channel, job=job, outcome=one) for one in outcomes)


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[AtWork]:
    with practice_shops() as shops, at_work_in(tmp_path, shops) as opened:
        yield opened


@pytest.mark.parametrize(("sold_in", "other"), [(SHOPIFY, WOO), (WOO, SHOPIFY)])
def test_a_webhook_brings_a_sale_to_the_other_shop_without_a_poll(at_work: AtWork, sold_in: str, other: str) -> None:
    pulls = at_work.counted("syncd_jobs_total", channel=sold_in, job="pull", outcome="done")
    at_work.shops.buy(sold_in, SHOE, 1)
    at_work.deliver(sold_in)
    until(lambda: at_work.shown(other) == RIGHT_AFTER_ONE, "the other shop")
    until(at_work.at_rest, "the rest")
    assert at_work.shown(sold_in) == RIGHT_AFTER_ONE
    assert set(at_work.answers) == {200}
    assert at_work.counted("syncd_jobs_total", channel=sold_in, job="pull", outcome="done") == pulls
    until(lambda: at_work.counted("syncd_sale_to_pushed_seconds_count", channel=other) == 1, "the metric")


def test_forged_and_repeated_deliveries_change_nothing(at_work: AtWork) -> None:
    answers: list[tuple[int, ...]] = []

    def thrice(url: str, headers: Mapping[str, str], body: bytes) -> int:
        forged = post_http(url, headers, body.replace(b":1", b":9") + b" ")
        first = post_http(url, headers, body)
        answers.append((forged, first, post_http(url, headers, body)))
        return first

    at_work.shops.buy(SHOPIFY, SHOE, 1)
    made = at_work.deliver(SHOPIFY, thrice)
    assert answers == [(401, 200, 200)] * made
    until(lambda: at_work.shown(WOO) == RIGHT_AFTER_ONE, "the other shop")
    until(at_work.at_rest, "the rest")
    assert (at_work.shown(WOO), at_work.shown(SHOPIFY)) == (RIGHT_AFTER_ONE, RIGHT_AFTER_ONE)
    for outcome in ("forged", "duplicate"):
        assert at_work.counted("syncd_deliveries_total", channel=SHOPIFY, outcome=outcome) == made


def test_our_own_numbers_that_shops_tell_us_cost_no_call(at_work: AtWork) -> None:
    for sold_in, other in ((SHOPIFY, WOO), (WOO, SHOPIFY)):
        at_work.shops.buy(sold_in, SHOE, 1)
        right = (at_work.shown(other) or 0) - 1
        at_work.deliver(sold_in)
        until(lambda other=other, right=right: at_work.shown(other) == right, "the other shop")  # type: ignore[misc]
        until(at_work.at_rest, "the rest")
        calls = at_work.calls()
        assert at_work.deliver(other) > 0
        until(at_work.at_rest, "the echo")
        assert at_work.calls() == calls


def test_a_number_that_a_person_typed_is_found_by_its_webhook(at_work: AtWork) -> None:
    at_work.shops.woo.edit_stock(SHOE, 3)
    at_work.deliver(WOO)

    def is_seen() -> bool:
        with at_work.db.read() as tx:
            return any(row.shown == 3 and row.differs_since for row in listings.of_channel(tx, WOO))

    until(is_seen, "the look at it")
    until(at_work.at_rest, "the rest")
    assert at_work.shown(WOO) == 3
