"""What buyers read is written when it changes, never more often, and again where nobody knows what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from connectors.memory.shop import Lost
from syncd.domain.status import StockStatus
from syncd.storage.permissions import PermissionKind
from syncd.sync import permits
from syncd.texts.wording import Wording
from tests.engine.world import Crash, World

MakeWorld = Callable[..., World]

IN_STOCK = "In stock, ready to ship"


@pytest.fixture(params=["delta", "compare"])
def world(request: pytest.FixtureRequest, make_world: MakeWorld) -> World:
    """One shop with two SKUs, live and in step; notices ride with numbers in the one style, and not in the other."""
    world = make_world(styles=(request.param,), skus=("MUG", "CUP"))
    speak(world)
    world.go_live()
    world.sync()
    assert texts(world) == [IN_STOCK, IN_STOCK]
    return world


def speak(world: World) -> None:
    """Let every shop of the world tell its buyers something."""
    ports = tuple(replace(port, wording=Wording("en")) for port in world.house.ports)
    world.house = replace(world.house, ports=ports)


def texts(world: World) -> list[str]:
    ((name, shop),) = world.shops.items()
    told = [shop.notice(world.listing(name, sku)) for sku in world.skus]
    return [one.text if one is not None else "" for one in told]


def sends(world: World) -> int:
    (shop,) = world.shops.values()
    return shop.calls["send"]


@pytest.mark.parametrize("lost", list(Lost))
def test_after_a_lost_answer_the_text_that_holds_then_is_written(world: World, lost: Lost) -> None:
    (shop,) = world.shops.values()
    permits.say_status(world.house, "MUG", StockStatus.ON_THE_WAY)
    shop.lose_next_answer(lost)
    world.sync()
    permits.take_back(world.house, "MUG", PermissionKind.STATUS)  # as before: it looks as if nothing were to do
    world.settle()
    assert texts(world) == [IN_STOCK, IN_STOCK]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_crash_the_text_that_holds_then_is_written(world: World, moment: Literal["before", "after"]) -> None:
    (shop,) = world.shops.values()
    permits.say_status(world.house, "MUG", StockStatus.ON_THE_WAY)

    def die(call: str, at: str) -> None:
        if (call, at) == ("send", moment):
            raise Crash

    shop.on_call = die
    with pytest.raises(Crash):
        world.sync()
    shop.on_call = lambda _call, _moment: None
    world.restart()
    speak(world)
    permits.take_back(world.house, "MUG", PermissionKind.STATUS)
    world.clock.at += timedelta(minutes=5)
    world.settle()
    assert texts(world) == [IN_STOCK, IN_STOCK]


def test_what_is_confirmed_is_written_once(world: World) -> None:
    permits.say_status(world.house, "MUG", StockStatus.ON_THE_WAY)
    world.sync()
    assert texts(world) == ["On the way", IN_STOCK]
    before = sends(world)
    world.settle()
    assert sends(world) == before
