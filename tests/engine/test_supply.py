"""What suppliers have: read, judged, applied, and out of every number once it is too old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Parked, Unavailable
from syncd.domain.safety import HoldLimits
from syncd.storage import holds
from syncd.storage.incidents import IncidentKind
from syncd.sync import approval, supply
from tests.engine.supplier import Supplier, open_incidents, with_supplier
from tests.engine.world import NO_HOLDS, World

MakeWorld = Callable[..., World]

SKUS = tuple(f"SKU-{n}" for n in range(12))


def live(make_world: MakeWorld, *, on_hand: int = 0, skus: tuple[str, ...] = ("MUG",)) -> World:
    world = make_world(skus=skus, on_hand=on_hand, shown=on_hand, buffer=2)
    world.go_live()
    return world


def status(world: World, sku: str | None = None) -> list[str]:
    """What buyers read in each shop."""
    found = []
    for name, shop in world.shops.items():
        told = shop.notice(world.listing(name, sku))
        found.append(told.text if told is not None else "")
    return found


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return live(make_world)


@pytest.fixture
def acme(world: World) -> Supplier:
    return with_supplier(world)


def test_what_a_supplier_has_is_sold_with_its_lead_time(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    report = world.sync()
    assert report.supplied["acme"].known == 1
    assert [world.shown_in(name) for name in world.shops] == [7, 7]
    assert status(world) == ["Supplier lead time 5 working days"] * 2


def test_only_the_trusted_part_is_sold(make_world: MakeWorld) -> None:
    world = live(make_world)
    with_supplier(world, trust_percent=80).units = {"MUG": 7}
    world.sync()
    assert world.shown_in("delta0") == 5, "80 % of 7 is 5.6"


def test_the_shelf_is_sold_first_and_says_so(make_world: MakeWorld) -> None:
    world = live(make_world, on_hand=3)
    with_supplier(world).units = {"MUG": 7}
    world.sync()
    assert world.shown_in("delta0") == 1 + 7, "the buffer of 2 is held back of the shelf alone"
    assert status(world)[0] == "In stock, ready to ship"
    world.shops["delta0"].buy(world.listing("delta0"), 1)
    world.sync()
    assert world.shown_in("compare1") == 7
    assert status(world) == ["Supplier lead time 5 working days"] * 2


def test_absent_is_not_zero_but_is_sold_no_more(make_world: MakeWorld) -> None:
    world = live(make_world, skus=("MUG", "CUP"))
    acme = with_supplier(world)
    acme.units = {"MUG": 7, "CUP": 3}
    world.sync()
    acme.units = {"CUP": 3}
    world.sync()
    assert (world.shown_in("delta0", "MUG"), world.shown_in("delta0", "CUP")) == (0, 3)


def test_a_feed_expires_to_a_status_and_comes_back(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 70}
    world.sync()
    world.clock.sleep(timedelta(hours=37).total_seconds())
    report = world.sync()
    assert not report.held, "what grows too old is no change that asks for a yes"
    assert world.shown_in("delta0") == 0
    assert status(world) == ["Out of stock"] * 2
    assert [one.subject for one in open_incidents(world) if one.kind is IncidentKind.FEED] == ["expired"]
    acme.written_at = world.clock()
    world.sync()
    world.sync()
    assert world.shown_in("delta0") == 70
    assert open_incidents(world) == []


def test_a_new_feed_ends_the_word_of_the_old_one(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    world.sync()
    world.clock.sleep(timedelta(hours=37).total_seconds())
    world.sync()
    acme.written_at, acme.units = world.clock(), {"MUG": 6}
    world.sync()
    world.sync()
    assert world.shown_in("delta0") == 6
    assert open_incidents(world) == []


def test_reading_the_same_old_feed_again_does_not_make_it_fresh(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    for _ in range(5):
        world.sync()
        world.clock.sleep(timedelta(hours=9).total_seconds())
    world.sync()
    assert world.shown_in("delta0") == 0


def test_a_supplier_who_does_not_answer_changes_nothing_until_the_feed_is_too_old(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    world.sync()
    acme.down = True
    report = world.sync()
    assert isinstance(report.failed["acme"], Unavailable)
    assert world.shown_in("delta0") == 7


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda acme: acme.units.clear(), "it tells of no SKU of yours any more"),
        (lambda acme: [acme.units.pop(sku) for sku in SKUS[:6]], "6 of 12 SKUs are missing"),
        (lambda acme: acme.units.update(dict.fromkeys(SKUS, 0)), "everything is 0 now"),
        (lambda acme: acme.units.update(dict.fromkeys(SKUS[:8], 5000)), "8 of 12 SKUs change more than tenfold"),
        (lambda acme: setattr(acme, "columns", ("Stock", "Article")), "its columns stand in another order"),
        (lambda acme: setattr(acme, "columns", ("Article", "Price")), "its columns changed: Stock is gone"),
    ],
)
def test_what_looks_wrong_waits_and_the_last_good_one_stays(
    make_world: MakeWorld, change: Callable[[Supplier], object], why: str
) -> None:
    world = live(make_world, skus=SKUS)
    acme = with_supplier(world)
    acme.units = dict.fromkeys(SKUS, 40)
    world.sync()
    world.house = replace(world.house, hold_limits=HoldLimits())
    change(acme)
    report = world.sync()
    assert why in report.supplied["acme"].held
    assert report.held
    assert {world.shown_in("delta0", sku) for sku in SKUS} == {40}
    (told,) = [one for one in open_incidents(world) if one.kind is IncidentKind.FEED]
    assert why in told.text and "syncd approve 1" in told.hint


def test_a_yes_uses_the_held_feed_and_a_no_leaves_it(make_world: MakeWorld) -> None:
    world = live(make_world, skus=SKUS)
    acme = with_supplier(world)
    acme.units = dict.fromkeys(SKUS, 40)
    world.sync()
    world.house = replace(world.house, hold_limits=HoldLimits())
    acme.units = dict.fromkeys(SKUS, 30) | dict.fromkeys(SKUS[:6], 0)
    hold = _held(world)
    approval.answer(world.house, hold, yes=False)
    assert world.sync().supplied["acme"].held == "you said no to it"
    assert world.shown_in("delta0", SKUS[0]) == 40
    acme.units |= {SKUS[0]: 1}
    assert world.sync().supplied["acme"].answered, "a no holds for what looks wrong in the same way"
    assert not world.sync().held
    approval.answer(world.house, hold, yes=True)
    world.house = replace(world.house, hold_limits=NO_HOLDS)
    assert not world.sync().supplied["acme"].held
    assert (world.shown_in("delta0", SKUS[0]), world.shown_in("delta0", SKUS[1])) == (1, 0)
    assert [one for one in open_incidents(world) if one.kind is IncidentKind.FEED] == []


def _held(world: World) -> int:
    assert world.sync().supplied["acme"].held
    with world.db.read() as tx:
        (hold,) = [one for one in holds.every_open(tx) if one.feed is not None]
    return hold.id


def test_a_first_feed_without_any_sku_of_ours_waits(world: World, acme: Supplier) -> None:
    acme.units = {"OTHER": 7}
    assert supply.take(world.house, world.house.port("acme")).held == "it tells of no SKU of yours"


def test_rows_that_cannot_be_read_are_told_once_for_all(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    acme.parked = (Parked("7", "line 7: a fraction of a unit"), Parked("9", "line 9: no stock"))
    world.sync()
    (told,) = [one for one in open_incidents(world) if one.kind is IncidentKind.FEED]
    assert "2 rows or more cannot be read, such as: line 7" in told.text
    acme.parked, acme.units = (), {"MUG": 8}
    world.sync()
    assert open_incidents(world) == []
    assert world.shown_in("delta0") == 8


def test_a_sku_that_becomes_known_later_is_found_in_the_same_feed(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7, "CUP": 5}
    world.sync()
    world.count("CUP", 0)
    assert world.sync().supplied["acme"].changed == 1
    assert world.sync().supplied["acme"].unchanged


def test_an_older_reading_never_replaces_a_newer_one(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 2}
    world.sync()
    acme.units, acme.written_at = {"MUG": 9}, acme.written_at - timedelta(hours=20)
    world.sync()
    assert world.shown_in("delta0") == 2


def test_a_yes_holds_for_the_next_version_that_looks_wrong_in_the_same_way(make_world: MakeWorld) -> None:
    world = live(make_world, skus=SKUS)
    acme = with_supplier(world)
    acme.units = dict.fromkeys(SKUS, 40)
    world.sync()
    acme.columns, acme.units[SKUS[0]] = ("Article", "On hand"), 41
    approval.answer(world.house, _held(world), yes=True)
    acme.units[SKUS[0]] = 42
    assert not world.sync().supplied["acme"].held
    assert world.shown_in("delta0", SKUS[0]) == 42


def test_a_yes_to_a_few_missing_is_no_yes_to_nearly_all(make_world: MakeWorld) -> None:
    world = live(make_world, skus=SKUS)
    acme = with_supplier(world)
    acme.units = dict.fromkeys(SKUS, 40)
    world.sync()
    world.house = replace(world.house, hold_limits=HoldLimits())
    for sku in SKUS[:5]:
        del acme.units[sku]
    approval.answer(world.house, _held(world), yes=True)
    for sku in SKUS[5:11]:
        del acme.units[sku]
    assert world.sync().supplied["acme"].held


def test_what_was_promised_of_a_feed_that_falls_is_oversold(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    world.sync()
    world.shops["delta0"].buy(world.listing("delta0"), 5)
    world.sync()
    acme.units = {"MUG": 1}
    world.sync()
    (told,) = [one.text for one in open_incidents(world) if one.kind is IncidentKind.OVERSOLD]
    assert told.startswith("MUG: 4 more")


def test_a_feed_that_is_no_longer_configured_is_sold_no_more(world: World, acme: Supplier) -> None:
    acme.units = {"MUG": 7}
    world.sync()
    world.house = replace(world.house, ports=tuple(port for port in world.house.ports if port.name != "acme"))
    world.sync()
    assert world.shown_in("delta0") == 0
