"""What buyers read beside a number: written when it changes, whatever became of the calls, and never more often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from connectors.contract import Batch, Op, Outcome
from connectors.memory import Lost, MemoryConnector, MemoryShop
from syncd.domain.status import StockStatus
from syncd.storage import channels, intents, listings
from syncd.storage.channels import Mode
from syncd.sync import permits, turns
from syncd.texts.wording import Wording
from tests.engine.world import World

MakeWorld = Callable[..., World]
SKU = "SHOE-39-BLK"

both_styles = pytest.mark.parametrize("style", ["delta", "compare"])


class Recorder(MemoryConnector):
    """Keeps every call that went out."""

    def __init__(self, shop: MemoryShop, calls: list[Batch]) -> None:
        super().__init__(shop)
        self._calls = calls

    def send(self, batch: Batch) -> Sequence[Outcome]:
        self._calls.append(batch)
        return super().send(batch)


class Shop:
    """One live shop that tells statuses, come to rest, with 10 units and no buffer."""

    def __init__(self, make_world: MakeWorld, style: str) -> None:
        self.calls: list[Batch] = []
        self.name = f"{style}0"
        self.world = make_world(
            styles=(style,),
            buffer=0,
            wording=Wording("en"),
            connect=lambda _name, shop: Recorder(shop, self.calls),
        )
        self.world.go_live()
        self.world.sync()
        self.calls.clear()

    @property
    def shop(self) -> MemoryShop:
        return self.world.shops[self.name]

    @property
    def status(self) -> str | None:
        notice = self.shop.notice(self.world.listing(self.name))
        return notice.status if notice is not None else None

    @property
    def row(self) -> listings.ListingRow:
        with self.world.db.read() as tx:
            (row,) = listings.of_channel(tx, self.name)
        return row

    def say(self, status: StockStatus) -> None:
        permits.say_status(self.world.house, SKU, status)

    def sync_after(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)
        self.world.sync()


@both_styles
def test_a_status_that_changes_alone_costs_one_call_without_a_number(make_world: MakeWorld, style: str) -> None:
    at = Shop(make_world, style)
    assert at.status == "in_stock"
    at.say(StockStatus.SUPPLIER)
    at.world.sync()
    assert [[write.op for write in batch.writes] for batch in at.calls] == [[Op.SHOW]]
    assert (at.status, at.world.shown_in(at.name), at.row.dirty) == ("supplier", 10, False)
    at.sync_after(65)
    assert len(at.calls) == 1, "what is told already is not told again"


@both_styles
def test_no_intent_is_written_for_a_status(make_world: MakeWorld, style: str) -> None:
    at = Shop(make_world, style)
    at.say(StockStatus.SUPPLIER)
    open_calls: list[int] = []

    def look(call: str, moment: str) -> None:
        if (call, moment) == ("send", "before"):
            with at.world.db.read() as tx:
                open_calls.append(len(intents.open_calls(tx, at.name)))

    at.shop.on_call = look
    at.world.sync()
    assert open_calls == [0]


@both_styles
@pytest.mark.parametrize("lost", list(Lost))
def test_a_lost_notice_that_arrives_late_does_not_stay(make_world: MakeWorld, style: str, lost: Lost) -> None:
    """The status goes and comes back while the first call may still be under way: in the end buyers read the truth."""
    at = Shop(make_world, style)
    at.say(StockStatus.SUPPLIER)
    at.shop.lose_next_answer(lost, late_after=timedelta(seconds=90))
    at.world.sync()
    at.say(StockStatus.IN_STOCK)
    at.sync_after(60)
    for _ in range(3):
        at.sync_after(65)
    assert at.status == "in_stock"


@both_styles
def test_a_notice_on_its_way_when_the_process_dies_does_not_stay(make_world: MakeWorld, style: str) -> None:
    at = Shop(make_world, style)
    at.say(StockStatus.SUPPLIER)

    def die(call: str, moment: str) -> None:
        if (call, moment) == ("send", "after"):
            raise KeyboardInterrupt

    at.shop.on_call = die
    with pytest.raises(KeyboardInterrupt):
        at.world.sync()
    at.shop.on_call = lambda _call, _moment: None
    at.world.restart()
    at.say(StockStatus.IN_STOCK)
    at.sync_after(65)
    at.sync_after(65)
    assert at.status == "in_stock"


@both_styles
def test_a_shop_that_does_not_answer_is_told_in_the_next_call(make_world: MakeWorld, style: str) -> None:
    """Nothing was written, so nobody waits until it could no longer take effect."""
    at = Shop(make_world, style)
    at.say(StockStatus.SUPPLIER)
    stages = []

    def fail(call: str, moment: str) -> None:
        if call == "send" and moment == "before" and not stages:
            stages.append(call)
            at.shop.down_until = at.world.clock() + timedelta(seconds=1)

    at.shop.on_call = fail
    at.world.sync()
    assert (at.status, at.row.dirty) == ("in_stock", True)
    at.sync_after(2)
    assert (at.status, at.row.dirty) == ("supplier", False)


@both_styles
def test_a_refused_notice_is_marked_when_its_pause_is_over(make_world: MakeWorld, style: str) -> None:
    """The number is right, so the listing is settled meanwhile; the comparison of all finds it (design.md §3.8)."""
    at = Shop(make_world, style)
    at.say(StockStatus.SUPPLIER)
    at.shop.refused.add(at.world.listing(at.name))
    at.world.sync()
    at.shop.refused.clear()
    assert at.status == "in_stock"
    port = at.world.house.port(at.name)
    assert turns.compare_all(at.world.house, port).dirtied == 0
    at.world.clock.sleep(3601)
    if not at.row.dirty:
        assert turns.compare_all(at.world.house, port).dirtied == 1
    at.world.sync()
    assert (at.status, at.row.dirty) == ("supplier", False)


@both_styles
def test_a_restored_shop_has_nothing_of_ours_left_beside_its_numbers(make_world: MakeWorld, style: str) -> None:
    at = Shop(make_world, style)
    with at.world.db.write() as tx:
        row = listings.of_channel(tx, at.name)[0]
        listings.change(tx, row.id, snapshot_shown=4, snapshot_taken=0)
        channels.change(tx, at.name, mode=Mode.RESTORING)
    at.world.sync()
    with at.world.db.read() as tx:
        channel = channels.get(tx, at.name)
    assert channel is not None
    assert (at.status, at.world.shown_in(at.name), channel.mode) == (None, 4, Mode.SHADOW)
