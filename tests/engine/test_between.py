"""What may happen between two steps of a sync: another process, a customer, a late answer, another setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Batch, CredentialsRejected, ListingPage, Outcome, Unavailable
from connectors.memory import Lost, MemoryConnector
from syncd.domain.availability import Buffer, Pools
from syncd.domain.drift import OnEdit
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.storage import catalogue, channels, incidents, ledger
from syncd.storage.channels import Mode
from syncd.storage.incidents import IncidentKind
from syncd.sync import desk, golive, inspection, mapfile, mapper, standing
from syncd.sync.approval import Fate, answer, decide
from syncd.sync.cycle import moved
from syncd.sync.house import Refusal
from syncd.sync.settings_watch import note_settings
from tests.engine.world import World

MakeWorld = Callable[..., World]
SKU = "SHOE-39-BLK"


def stock(world: World, sku: str = SKU) -> Pools:
    with world.db.read() as tx:
        sku_id = catalogue.ids(tx)[sku]
        return ledger.pools(tx, [sku_id])[sku_id]


def open_incidents(world: World) -> list[IncidentKind]:
    with world.db.read() as tx:
        return [incident.kind for incident in incidents.open_incidents(tx)]


def test_a_smaller_buffer_in_the_settings_waits_for_every_shop_like_any_raise(make_world: MakeWorld) -> None:
    world = make_world(buffer=5)
    note_settings(world.house)
    world.go_live()
    world.sync()
    world.clock.sleep(60)
    world.shops["compare1"].buy(world.listing("compare1"), 4)
    world.shops["compare1"].down_until = world.clock() + timedelta(hours=1)
    world.house = replace(world.house, default=Limits(buffer=Buffer(units=0)))
    note_settings(world.house)
    world.sync()
    assert world.shown_in("delta0") == 5
    world.clock.sleep(3700)
    world.sync()
    assert world.shown_in("delta0") == world.shown_in("compare1") == 6


def test_a_lost_beginning_of_counting_is_not_sent_again(make_world: MakeWorld) -> None:
    world = make_world()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    shop.stop_counting(listing)
    ports = tuple(replace(port, start_counting=True) for port in world.house.ports)
    world.house = replace(world.house, ports=ports)
    mapper.refresh(world.house, world.house.port("delta0"))
    world.go_live()
    shop.lose_next_answer(Lost.LATE, late_after=timedelta(seconds=20))
    world.sync()
    world.clock.sleep(10)
    world.sync()
    assert shop.shown(listing) is None
    world.clock.sleep(15)
    assert shop.shown(listing) == 8
    shop.buy(listing, 3)
    world.clock.sleep(130)
    world.sync()
    world.sync()
    assert shop.shown(listing) == 5


def test_written_is_not_believed_when_the_shop_shows_the_old_number(make_world: MakeWorld) -> None:
    """Design.md §3.4: 200 does not mean written."""
    world = make_world()
    world.go_live()
    world.sync()

    class Forgetful(MemoryConnector):
        def send(self, batch: Batch) -> list[Outcome]:
            return [Outcome(write.listing_id, shown=8) for write in batch.writes]

    first, second = world.house.ports
    honest = first.connector
    world.house = replace(world.house, ports=(replace(first, connector=Forgetful(world.shops["delta0"])), second))
    desk.sell(world.house, SKU, 5)
    report = world.sync()
    assert [line.sku for line in report.pushed["delta0"].in_doubt] == [SKU]
    world.house = replace(world.house, ports=(replace(first, connector=honest), second))
    world.clock.sleep(130)
    world.sync()
    assert world.shown_in("delta0") == 3


def test_a_sale_at_the_moment_of_reading_is_no_edit(make_world: MakeWorld) -> None:
    world = make_world(skus=("A", "B"), on_edit=OnEdit.ADOPT)
    world.go_live()
    world.sync()
    shop = world.shops["delta0"]
    before = stock(world, "A").own

    for _ in range(3):
        world.clock.sleep(300)
        shop.edit(world.listing("delta0", "B"), (shop.shown(world.listing("delta0", "B")) or 0) + 1)
        bought: list[str] = []

        def buy_while_it_is_read(call: str, moment: str, bought: list[str] = bought) -> None:
            if call == "read" and moment == "after" and not bought:
                bought.append(shop.buy(world.listing("delta0", "A")) or "")

        shop.on_call = buy_while_it_is_read
        world.sync()
        shop.on_call = lambda _call, _moment: None
    world.settle(3)
    assert stock(world, "A").own == before


def test_what_changed_while_it_was_sent_is_judged_too(make_world: MakeWorld) -> None:
    """A broken file is imported in another process during the first call (design.md §3.6)."""
    skus = tuple(f"S{number:02}" for number in range(40))
    world = make_world(skus=skus, hold_limits=HoldLimits())
    world.go_live()
    world.sync()
    for sku in skus:
        desk.adjust(world.house, sku, -1, reason="test")
    imported = []

    def import_zeros(call: str, moment: str) -> None:
        if call == "send" and moment == "before" and not imported:
            imported.append(True)
            for sku in skus:
                world.count(sku, 0)

    world.shops["delta0"].on_call = import_zeros
    world.sync()
    assert not [sku for sku in skus if world.shown_in("delta0", sku) == 0]
    assert world.sync().held


def test_a_rollback_ends_only_when_everything_is_restored(make_world: MakeWorld) -> None:
    world = make_world(skus=("A", "B"))
    shop = world.shops["delta0"]
    assert golive.go_live(world.house, world.house.port("delta0")).live
    shop.refused |= {world.listing("delta0", "A"), world.listing("delta0", "B")}
    golive.rollback(world.house, world.house.port("delta0"))
    shop.refused.clear()
    world.clock.sleep(3600)
    world.sync(skus={"A"})
    assert (world.shown_in("delta0", "A"), world.shown_in("delta0", "B")) == (10, 8)
    world.sync()
    assert world.shown_in("delta0", "B") == 10
    with world.db.read() as tx:
        channel = channels.get(tx, "delta0")
        assert channel is not None and channel.mode is Mode.SHADOW


@pytest.mark.parametrize("theirs", [None, "OTHER"])
def test_the_way_back_of_a_listing_that_is_left_alone_names_our_sku(make_world: MakeWorld, theirs: str | None) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    shop.rename(listing, theirs)
    shop.allow_backorders(listing)
    mapper.refresh(world.house, world.house.port("delta0"))
    with world.db.read() as tx:
        (told,) = [one for one in incidents.open_incidents(tx) if one.kind is IncidentKind.LEFT_ALONE]
    assert f"(SKU {theirs or 'missing'})" in told.text
    assert f"syncd map stop delta0 {SKU}." in told.hint
    assert told.hint.endswith(f"syncd map accept delta0 {SKU}")


@pytest.mark.parametrize("change", ["allow_backorders", "stop_counting"])
def test_a_live_listing_that_a_0_no_longer_stops_is_told_of(make_world: MakeWorld, change: str) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    shop = world.shops["delta0"]
    getattr(shop, change)(world.listing("delta0"))
    desk.sell(world.house, SKU, 9)
    world.clock.sleep(60)
    world.sync()
    assert IncidentKind.LEFT_ALONE in open_incidents(world)


def world_with_gone_units(make_world: MakeWorld) -> tuple[World, str]:
    """An order of 2 units ended without a word, and the owner said that they are gone; its id."""
    world = make_world()
    world.go_live()
    world.sync()
    shop = world.shops["compare1"]
    order = shop.buy(world.listing("compare1"), 2)
    assert order is not None
    world.sync()
    shop.cancel(order, restock=False)
    world.sync()
    decide(world.house, "compare1", shop.order(order).number, Fate.GONE)
    return world, order


def test_units_that_are_said_to_be_gone_leave_once(make_world: MakeWorld) -> None:
    world, order = world_with_gone_units(make_world)
    shop = world.shops["compare1"]
    assert stock(world) == Pools(own=8, reserved=0)
    shop.revive(order)
    shop.ship(order)
    world.sync()
    assert stock(world) == Pools(own=8, reserved=0)


def test_listings_that_cannot_be_read_are_not_forgotten(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    world.clock.sleep(25 * 3600)

    class Broken(MemoryConnector):
        def listings(self) -> Iterator[ListingPage]:
            raise Unavailable("page 7 answers 500")

    first, second = world.house.ports
    world.house = replace(world.house, ports=(replace(first, connector=Broken(world.shops["delta0"])), second))
    report = world.sync()
    assert not report.complete
    assert list(report.unlisted) == ["delta0"]


def test_every_listing_of_a_silent_channel_is_set_aside(make_world: MakeWorld) -> None:
    world = make_world(on_hand=40, shown=40, buffer=0)
    second = world.shops["delta0"].add_listing(SKU, 30)
    mapper.refresh(world.house, world.house.port("delta0"))
    mapfile.name_primary(world.house, world.house.port("delta0"), world.listing("delta0"))
    world.go_live()
    world.sync()
    desk.sell(world.house, SKU, 38)
    world.sync()
    assert (world.shown_in("delta0"), world.shops["delta0"].shown(second)) == (2, 30)
    world.shops["delta0"].down_until = world.clock() + timedelta(hours=10)
    world.clock.sleep(3 * 3600)
    desk.receive(world.house, SKU, 38)
    world.sync()
    assert world.shown_in("compare1") == 40 - 2 - 30


def test_a_place_that_does_not_exist_is_refused_before_anything_is_done(make_world: MakeWorld) -> None:
    world = make_world()
    world.house = replace(world.house, ports=tuple(replace(port, ships_from=("Shelf",)) for port in world.house.ports))
    with pytest.raises(Refusal, match="SHIPS_FROM names Shelf"):
        world.sync()


def test_an_incident_ends_with_what_it_was_about(make_world: MakeWorld) -> None:
    world = make_world()
    shop = world.shops["delta0"]
    unknown = shop.add_listing("NEW", 5)
    world.go_live()
    world.sync()
    order = shop.buy(unknown, 2)
    assert order is not None
    world.sync()
    assert open_incidents(world) == [IncidentKind.UNMAPPED]
    shop.cancel(order)
    world.sync()
    assert open_incidents(world) == []


def test_a_no_is_followed_by_what_customers_do_and_can_be_taken_back(make_world: MakeWorld) -> None:
    skus = tuple(f"S{number}" for number in range(10))
    world = make_world(skus=skus, hold_limits=HoldLimits())
    world.go_live()
    world.sync()
    for sku in skus[:6]:
        world.count(sku, 0)
    hold = world.sync().pushed["delta0"].hold
    assert hold is not None
    answer(world.house, hold.id, yes=False)
    world.count("S0", 4)
    world.count("S0", 0)
    world.shops["compare1"].buy(world.listing("compare1", "S9"))
    world.sync()
    assert world.shown_in("delta0", "S1") == 8, "no order came: the number stays"
    assert [len(changes) for _, changes in standing.waiting(world.house).rejected] == [6]
    answer(world.house, hold.id, yes=True)
    world.sync()
    assert [world.shown_in("delta0", sku) for sku in skus[:6]] == [0] * 6


def test_a_sale_of_what_is_not_there_ends_a_no(make_world: MakeWorld) -> None:
    world = held_world(make_world)
    world.shops["compare1"].buy(world.listing("compare1", "S0"), 3)
    world.sync()
    assert world.shown_in("delta0", "S0") == 0


def test_an_incident_of_another_number_ends_when_the_number_is_founded_anew(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    world.shops["delta0"].edit(world.listing("delta0"), 9)
    world.sync()
    assert open_incidents(world) == [IncidentKind.EDIT]
    world.shops["delta0"].edit(world.listing("delta0"), 8)
    world.shops["delta0"].lose_next_answer(Lost.AFTER)
    desk.sell(world.house, SKU, 1)
    world.sync()
    world.clock.sleep(130)
    world.sync()
    assert open_incidents(world) == []


def test_a_channel_keeps_to_its_shop(make_world: MakeWorld) -> None:
    world = make_world()
    first, second = world.house.ports
    world.house = replace(world.house, ports=(replace(first, shop="shop.example"), second))
    world.sync()
    world.house = replace(world.house, ports=(replace(first, shop="staging.example"), second))
    assert "was the shop at shop.example" in str(world.sync().failed["delta0"])
    assert [name for name, _ in inspection.every_shop(world.house)] == ["delta0"]
    assert moved(world.house, world.house.port("delta0")) == "shop.example"
    world.sync()


def test_a_refused_write_is_told_until_writing_works_again(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()

    class ReadOnly(MemoryConnector):
        def send(self, batch: Batch) -> list[Outcome]:
            raise CredentialsRejected("the key may only read")

    first, second = world.house.ports
    world.house = replace(world.house, ports=(replace(first, connector=ReadOnly(world.shops["delta0"])), second))
    desk.sell(world.house, SKU, 1)
    world.sync()
    world.sync()
    assert open_incidents(world) == [IncidentKind.PARKED]
    world.house = replace(world.house, ports=(first, second))
    world.sync()
    assert open_incidents(world) == []
    assert world.shown_in("delta0") == 7


def held_world(make_world: MakeWorld) -> World:
    """Six of ten SKUs were counted to 0, and the owner said no in every shop."""
    skus = tuple(f"S{number}" for number in range(10))
    world = make_world(skus=skus, hold_limits=HoldLimits())
    world.go_live()
    world.sync()
    for sku in skus[:6]:
        world.count(sku, 0)
    for pushed in world.sync().pushed.values():
        assert pushed.hold is not None
        answer(world.house, pushed.hold.id, yes=False)
    return world


def test_a_no_ends_with_what_it_was_about(make_world: MakeWorld) -> None:
    world = held_world(make_world)
    world.clock.sleep(60)
    for sku in world.skus[:6]:
        world.count(sku, 10)
    world.sync()
    assert standing.waiting(world.house).rejected == ()
    desk.adjust(world.house, "S0", -10, reason="lost")
    world.sync()
    assert world.shown_in("delta0", "S0") == 0


def test_a_sale_does_not_undo_a_no(make_world: MakeWorld) -> None:
    skus = tuple(f"S{number}" for number in range(10))
    world = make_world(skus=skus, hold_limits=HoldLimits(zeroing_percent=20, jumps_percent=50, count=5))
    world.go_live()
    world.sync()
    for sku in skus[:6]:
        world.count(sku, 100)
    for pushed in world.sync().pushed.values():
        assert pushed.hold is not None
        answer(world.house, pushed.hold.id, yes=False)
    world.shops["compare1"].buy(world.listing("compare1", "S0"))
    world.sync()
    assert (world.shown_in("delta0", "S0"), world.shown_in("compare1", "S0")) == (7, 7)


def test_doubt_does_not_go_past_a_no(make_world: MakeWorld) -> None:
    world = held_world(make_world)
    world.shops["compare1"].buy(world.listing("compare1", "S9"))
    desk.receive(world.house, "S0", 3)
    desk.sell(world.house, "S0", 3)
    world.shops["delta0"].lose_next_answer(Lost.NEVER)
    world.sync()
    world.clock.sleep(5)
    world.sync()
    assert [world.shown_in("delta0", sku) for sku in world.skus[1:6]] == [8] * 5
    assert (world.shown_in("delta0", "S0") or 0) > 0


def test_a_known_shop_under_a_new_name_is_refused(make_world: MakeWorld) -> None:
    world = make_world()
    first, second = world.house.ports
    world.house = replace(world.house, ports=(replace(first, shop="shop.example"), second))
    world.sync()
    renamed = replace(first, name="woo", shop="shop.example")
    world.house = replace(world.house, ports=(renamed, second))
    report = world.sync()
    assert "known as delta0" in str(report.failed["woo"])
    with pytest.raises(Refusal, match="known as delta0"):
        golive.go_live(world.house, renamed)


def test_a_wrong_address_stops_its_own_channel_only(make_world: MakeWorld) -> None:
    world = make_world()
    first, second = world.house.ports
    world.house = replace(world.house, ports=(replace(first, shop="shop.example"), second))
    world.go_live()
    world.sync()
    world.house = replace(world.house, ports=(replace(first, shop="staging.example"), second))
    desk.sell(world.house, SKU, 9)
    report = world.sync()
    assert list(report.failed) == ["delta0"]
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (8, 0)
    moved(world.house, world.house.port("delta0"))
    world.sync()
    assert world.shown_in("delta0") == 0


def test_sales_while_the_number_is_read_are_no_edit(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    sold: list[int] = []

    def buy(call: str, moment: str) -> None:
        if call == "read" and moment == "before" and len(sold) < 2:
            sold.append(1)
            shop.buy(listing, 1)

    shop.on_call = buy
    desk.sell(world.house, SKU, 1)
    world.sync()
    with world.db.read() as tx:
        assert sold and incidents.latest_incidents(tx, 9) == []


def test_an_edit_between_reading_and_writing_is_not_overwritten(make_world: MakeWorld) -> None:
    world = make_world()
    world.go_live()
    world.sync()
    shop, listing = world.shops["delta0"], world.listing("delta0")
    edited: list[bool] = []

    def edit(call: str, moment: str) -> None:
        if call == "send" and moment == "before" and not edited:
            edited.append(True)
            shop.edit(listing, 30)

    shop.on_call = edit
    desk.sell(world.house, SKU, 1)
    for _ in range(4):
        world.sync()
        world.clock.sleep(130)
    assert shop.shown(listing) == 29
    assert IncidentKind.EDIT in open_incidents(world)


def test_units_that_are_gone_are_not_promised_again(make_world: MakeWorld) -> None:
    world, order = world_with_gone_units(make_world)
    shop = world.shops["compare1"]
    shop.revive(order)
    world.sync()
    assert stock(world) == Pools(own=8, reserved=0)
    shop.cancel(order, restock=False)
    world.sync()
    assert standing.waiting(world.house).to_decide == ()
    assert stock(world) == Pools(own=8, reserved=0)


def test_a_number_taken_as_a_count_lowers_the_shops_that_were_pushed_before_it_in_the_same_sync(
    make_world: MakeWorld,
) -> None:
    world = make_world(on_edit=OnEdit.ADOPT)
    world.go_live()
    world.sync()
    world.shops["compare1"].edit(world.listing("compare1"), 3)
    world.sync()  # seen for the first time: it may be a sale that is not told yet
    world.clock.sleep(61)
    report = world.sync()
    assert world.shown_in("compare1") == 3
    assert world.shown_in("delta0") == 3
    assert [(line.before, line.target) for line in report.pushed["delta0"].written] == [(8, 3)]
