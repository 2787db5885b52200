"""`syncd pause`, `resume`, `incidents`, `close`: keeping the service from writing, and what it found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.domain.said import Said
from syncd.storage import incidents
from syncd.storage.incidents import IncidentKind
from tests.cli.command_kit import Shops


@pytest.fixture
def open_one(shops: Shops) -> int:
    shops.live({"MUG-1": 10})
    db = shops.database()
    with db.write() as tx:
        incidents.open_incident(
            tx, IncidentKind.GAP, channel="woo", subject="x", text=Said("Orders are missing."), now=datetime.now(UTC)
        )
        (one,) = incidents.open_incidents(tx)
    db.close()
    return one.id


def test_a_paused_shop_is_read_and_not_written_until_it_is_resumed(shops: Shops) -> None:
    shops.live({"MUG-1": 10})
    before = shops.shown("MUG-1")
    assert "woo: paused, nothing is written. Go on: syncd resume woo" in shops.done("pause", "woo").out
    assert "woo: paused already" in shops.done("pause", "woo").out
    shops.buy_in_shopify("MUG-1", 3)
    assert "paused" in shops.done("sync").out
    assert shops.shown("MUG-1") == (before[0], before[1] - 3)
    assert "paused" in shops.done("status").out
    assert "woo: is brought in step again" in shops.done("resume", "woo").out
    shops.done("sync")
    assert shops.shown("MUG-1")[0] == (before[0] or 0) - 3
    assert "was not paused" in shops.done("resume", "woo").out


def test_a_paused_shop_neither_goes_live_nor_back(shops: Shops) -> None:
    shops.live({"MUG-1": 10})
    shops.done("pause", "woo")
    back = shops.syncd("rollback", "woo")
    assert back.code != 0
    assert "woo is paused" in back.err
    assert "syncd resume woo" in back.err


def test_pausing_without_a_name_pauses_every_shop_that_is_written(shops: Shops) -> None:
    shops.live({"MUG-1": 10})
    out = shops.done("pause").out
    assert "woo: paused" in out
    assert "shopify_il: paused" in out


def test_incidents_are_shown_while_open_and_all_with_their_ends(shops: Shops, open_one: int) -> None:
    assert f"incident {open_one}, gap, open" in shops.done("incidents").out
    assert shops.done("close", str(open_one)).out == "Closed: Orders are missing.\n"
    assert "None is open" in shops.done("incidents").out
    assert "by a person: Orders are missing." in shops.done("incidents", "--all").out
    assert [one["state"] for one in shops.done("incidents", "--all", "--json").json["incidents"]][-1] == "closed"


def test_closing_what_is_not_open_is_refused_in_words(shops: Shops, open_one: int) -> None:
    shops.done("close", str(open_one))
    for number in (open_one, 999):
        again = shops.syncd("close", str(number))
        assert again.code != 0
        assert str(number) in again.err
