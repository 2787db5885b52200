"""A webhook is believed when it is signed, written down before it is answered, and told of once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from syncd.storage import channels
from syncd.storage.session import Database
from syncd.sync.house import Port
from tests.databases import NOON
from tests.web.door import Door, SigningShop, at_once, order, served, signature


@pytest.fixture
def either(database: Database) -> Iterator[Door]:
    """The door over SQLite, then over PostgreSQL."""
    with database.write() as tx:
        channels.ensure(tx, "woo", "test", NOON)
    with served(Door(database), answer_within_s=5.0) as opened:
        yield opened


def test_what_is_signed_is_in_the_inbox_before_it_is_answered_and_told_of(either: Door) -> None:
    answer = either.deliver(498)
    assert (answer.status_code, answer.content) == (200, b"")
    assert either.inbox() == ["d498"]
    assert either.news == ["woo"]
    assert either.counted("kept") == 1


def test_the_same_delivery_again_is_fine_and_no_news(either: Door) -> None:
    assert [either.deliver(498).status_code for _ in range(3)] == [200, 200, 200]
    assert either.inbox() == ["d498"]
    assert either.news == ["woo"]
    assert (either.counted("kept"), either.counted("duplicate")) == (1, 2)


def test_duplicates_at_the_same_moment_are_one(either: Door) -> None:
    answers = at_once(12, lambda _number: either.deliver(7).status_code)
    assert answers == [200] * 12
    assert either.inbox() == ["d7"]
    assert either.news == ["woo"]


def test_a_rush_of_orders_is_kept_whole(either: Door) -> None:
    answers = at_once(40, lambda number: either.deliver(number).status_code)
    assert answers == [200] * 40
    assert sorted(either.inbox()) == sorted(f"d{number}" for number in range(40))
    assert either.news  # one nudge may stand for several that were committed together


def test_what_is_forged_is_refused_without_touching_the_database(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(20):
        answer = door.deliver(number, signed=False)
        assert (answer.status_code, answer.content) == (401, b"")
    assert door.asked_database == 0
    assert door.news == []
    assert door.counted("forged") == 20
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ['delivery_refused channel=woo why="It is not signed by this shop."']


def test_a_ping_is_welcome_and_touches_nothing(door: Door) -> None:
    assert requests.post(f"{door.url}/hooks/woo", data=b"webhook_id=1", timeout=5).status_code == 200
    assert door.asked_database == 0
    assert door.news == []


@pytest.mark.parametrize("channel", ["till", "nobody", "woo%2F..", "WOO", "%00", "w" * 3000])
def test_a_channel_that_delivers_nothing_is_not_found(door: Door, channel: str) -> None:
    assert door.deliver(1, channel=channel).status_code == 404
    assert door.asked_database == 0
    assert channel not in door.metrics.exposition(None, up=True, now=NOON).decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_only_a_post_delivers(door: Door, method: str) -> None:
    answer = requests.request(method, f"{door.url}/hooks/woo", timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_channel_is_heard_of_once_a_minute(door: Door) -> None:
    def heard() -> object:
        with door.db.read() as tx:
            channel = channels.get(tx, "woo")
        assert channel is not None
        return channel.heard_at

    door.deliver(1, signed=False)
    assert heard() is None
    door.deliver(1)
    assert heard() == NOON
    door.now = NOON + timedelta(seconds=59)
    door.deliver(2)
    assert heard() == NOON
    door.now = NOON + timedelta(seconds=60)
    door.deliver(2)
    assert heard() == door.now


def test_channels_and_database_may_be_others_after_a_reload(door: Door, tmp_path: object) -> None:
    door.ports = [Port("shopify", "test", SigningShop())]
    assert door.deliver(1).status_code == 404
    assert door.deliver(1, channel="shopify").status_code == 200
    door.db.close()
    assert door.deliver(2, channel="shopify").status_code == 200  # a closed engine opens again when asked


def test_a_connector_that_breaks_is_no_success_and_one_line(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    body = b"no json"
    for _ in range(3):
        headers = {"X-Signature": signature(body), "X-Delivery-Id": "d1"}
        assert requests.post(f"{door.url}/hooks/woo", data=body, headers=headers, timeout=5).status_code == 500
    assert door.counted("failed") == 3
    assert len(caplog.records) == 1


def test_neither_body_nor_signature_is_in_any_log_line(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    door.deliver(4711, delivery_id="delivery-4711")
    door.deliver(4711, signed=False)
    requests.post(f"{door.url}/hooks/woo", data=b"private", headers={"X-Signature": signature(b"private")}, timeout=5)
    ours = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert "4711" not in ours
    assert "private" not in ours
    assert signature(order(4711)) not in ours
