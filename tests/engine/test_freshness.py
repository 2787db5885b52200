"""What health and metrics ask of the database, in a house with shops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from syncd.domain.freshness import fresh
from syncd.domain.said import Said
from syncd.storage import channels, incidents, orders
from syncd.storage.channels import Mode
from syncd.storage.incidents import IncidentKind
from syncd.sync import freshness
from syncd.sync.cycle import sync
from tests.engine.world import World

pytestmark = pytest.mark.parametrize("kind_of_database", ["sqlite", "postgres"], indirect=True)


def test_channels_are_told_in_the_order_of_the_settings_with_what_was_read_and_waits(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    world.go_live()
    before = freshness.of_channels(world.house)
    assert [at.channel for at in before] == ["delta0", "compare1"]
    assert all(at.read_at is None and at.live and not fresh(at, world.clock()) for at in before)
    assert [at.waiting for at in before] == [1, 1]

    sync(world.house)
    after = freshness.of_channels(world.house)
    assert all(fresh(at, world.clock()) for at in after)
    assert [at.waiting for at in after] == [0, 0]


def test_a_look_counts_incidents_beside_the_channels(make_world: Callable[..., World]) -> None:
    world = make_world()
    with world.db.write() as tx:
        incidents.open_incident(
            tx, IncidentKind.SILENT, channel="delta0", subject="x", text=Said(""), now=world.clock()
        )
        channels.change(tx, "delta0", parked_reason="its key is refused", paused_at=world.clock())
    look = freshness.look(world.house)
    assert look.incidents["silent"] == 1
    assert look.incidents["edit"] == 0
    first = look.channels[0]
    assert (first.parked_reason, first.paused, first.mode) == ("its key is refused", True, "shadow")


def test_a_live_channel_without_its_daily_orders_is_quiet(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.go_live("delta0")
    with world.db.write() as tx:
        for name in world.shops:
            for number in range(60):
                made = world.clock() - timedelta(days=3, hours=10 * number)
                values = {"number": str(number), "version": 1, "status": "", "created_at": made, "read_at": made}
                orders.put(tx, name, str(number), values, new=True)
    assert freshness.quiet_channels(world.house) == {"delta0": timedelta(days=3)}
    with world.db.write() as tx:
        channels.change(tx, "delta0", mode=Mode.SHADOW)
    assert freshness.quiet_channels(world.house) == {}
