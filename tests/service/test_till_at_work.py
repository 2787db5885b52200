"""A till under the service, beside two shops, in virtual time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from connectors.contract import Surroundings
from connectors.till.connector import Till
from syncd.sync.house import Port
from tests.engine.world import World
from tests.service.kit import Service, plan


def beside_a_till(world: World, folder: Path, silent_after: timedelta = timedelta(hours=26)) -> Service:
    folder.mkdir()
    till = Till("till", {"FOLDER": str(folder)}, Surroundings(now=world.clock))
    port = Port("till", "till", till, silent_after=silent_after)
    world.house = replace(world.house, ports=(*world.house.ports, port))
    world.go_live()
    return Service(world, plan(folder.parent))


def drop(world: World, folder: Path, units: int) -> None:
    path = folder / f"{world.clock():%H%M}.csv"
    path.write_text(f"receipt,time,sku,units\n1,{world.clock():%Y-%m-%d %H:%M:%S},SHOE-39-BLK,{units}\n")
    instant = world.clock().timestamp()
    os.utime(path, (instant, instant))


def test_a_sale_at_the_till_reaches_the_shops_within_the_poll_interval(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    service = beside_a_till(make_world(), tmp_path / "till")
    world = service.world
    service.run(minutes=2)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (8, 8)
    drop(world, tmp_path / "till", 3)
    service.run(seconds=75)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (5, 5)
    assert service.meter.lags == []  # when the till tells it is the till's affair
    assert service.open_incidents() == []


def test_a_silent_till_is_asked_about_and_stops_no_shop(make_world: Callable[..., World], tmp_path: Path) -> None:
    service = beside_a_till(make_world(), tmp_path / "till", timedelta(minutes=30))
    world = service.world
    service.run(minutes=40)
    assert service.open_incidents() == [("silent", "till")]
    world.count("SHOE-39-BLK", 20)
    service.run(minutes=3)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (18, 18)
    drop(world, tmp_path / "till", 1)
    service.run(minutes=3)
    assert service.open_incidents() == []
    assert world.shown_in("delta0") == 17


def test_a_folder_that_is_gone_stops_no_shop_and_is_read_again_when_it_is_back(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    service = beside_a_till(make_world(), tmp_path / "till")
    world = service.world
    away = (tmp_path / "till").rename(tmp_path / "away")
    service.run(minutes=10)
    world.shops["delta0"].buy(world.listing("delta0"))
    service.run(minutes=3)
    assert world.shown_in("compare1") == 7
    drop(world, away, 2)
    away.rename(tmp_path / "till")
    service.run(minutes=20)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (5, 5)
