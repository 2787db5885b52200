"""Commands beside the service, and two services on one database: who works on a channel, and who waits for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from syncd.jobs.work import Work
from syncd.storage import leases
from syncd.storage.leases import TTL, Holder
from syncd.sync.cycle import leased, sync
from syncd.sync.house import BrokenOff, House, LeaseHeld
from tests.engine.world import START, Clock, World
from tests.service.kit import Service
from tests.service.virtual import Virtual

MakeService = Callable[..., Service]
MakeWorld = Callable[..., World]

TIMES_FASTER = 10


@dataclass
class Quick(Clock):
    """Real time, for threads that wait for each other, ten times as fast as on the wall."""

    _began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return START + timedelta(seconds=(time.monotonic() - self._began) * TIMES_FASTER)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / TIMES_FASTER)


def another(house: House, **how: object) -> House:
    """The house as another process has it."""
    return replace(house, **{"holder": Holder(), "patience": timedelta(seconds=600), **how})  # type: ignore[arg-type]


@contextmanager
def busy_service(service: Service, channel: str) -> Iterator[list[str]]:
    """A service that never rests: it reads many slow pages of orders of a channel, over and over."""
    shop, ended = service.world.shops[channel], threading.Event()
    (pull,) = (job for job in service.work.jobs() if job.id == f"pull {channel}")
    began = threading.Event()

    def slow(call: str, moment: str) -> None:
        if (call, moment) == ("orders", "before"):
            began.set()
            time.sleep(0.02)

    shop.on_call = slow

    def work() -> None:
        while not ended.is_set():
            if not service.meter.jobs or service.meter.jobs[-1][2] == "done":  # there is always more to read
                for _ in range(9):
                    shop.buy(service.world.listing(channel), forced=True)
            pull.run()
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(20)
    outcomes: list[str] = []
    try:
        yield outcomes
    finally:
        ended.set()
        thread.join()
        outcomes += [outcome for job, name, outcome in service.meter.jobs if (job, name) == ("pull", channel)]


@pytest.fixture
def service(make_service: MakeService) -> Service:
    made = make_service(clock=Quick(), on_hand=50, shown=50)
    made.world.sync()
    return made


def test_a_command_gets_its_turn_at_the_next_page_of_a_busy_service(service: Service) -> None:
    with busy_service(service, "delta0") as outcomes:
        report = sync(another(service.world.house))
    assert report.complete
    assert "broken off" in outcomes
    assert "elsewhere" in outcomes or outcomes[-1] == "done"


def test_a_command_without_patience_goes_away_and_changes_nothing(service: Service) -> None:
    with service.world.db.write() as tx:
        leases.take(tx, "delta0", Holder("far", "elsewhere", 1), service.world.clock())
    with pytest.raises(LeaseHeld) as caught:
        sync(another(service.world.house, patience=timedelta()))
    assert caught.value.exit_code == 75
    with service.world.db.read() as tx:
        assert not leases.wished(tx, "delta0", Holder("far", "elsewhere", 1), service.world.clock())


def test_a_command_waits_as_long_as_it_was_told_to(service: Service) -> None:
    clock = service.world.clock
    with service.world.db.write() as tx:
        leases.take(tx, "delta0", Holder("far", "elsewhere", 1), clock())
    began = clock()
    with pytest.raises(LeaseHeld):
        sync(another(service.world.house, patience=timedelta(seconds=20)))
    assert timedelta(seconds=20) <= clock() - began < timedelta(seconds=60)


def test_who_waits_for_a_channel_holds_none_that_comes_after_it(service: Service) -> None:
    """Else two commands, each with what the other needs, would wait for ever."""
    world = service.world
    with world.db.write() as tx:
        leases.take(tx, "compare1", Holder("far", "elsewhere", 1), world.clock())
    free: list[bool] = []

    def look(_seconds: float) -> None:
        with world.db.write() as tx:
            free.append(leases.take(tx, "delta0", Holder("near", "elsewhere", 2), world.clock()))
        raise BrokenOff

    with pytest.raises(BrokenOff):
        sync(another(world.house, sleep=look))
    assert free == [True]


def test_several_commands_beside_a_busy_service_all_come_to_their_turn(service: Service) -> None:
    ended: list[str] = []

    def command(name: str) -> None:
        for _ in range(2):
            sync(another(service.world.house))
            ended.append(name)

    with busy_service(service, "delta0"):
        threads = [threading.Thread(target=command, args=(name,)) for name in ("one", "two", "three")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(ended) == ["one", "one", "three", "three", "two", "two"]


def test_the_service_works_on_when_who_asked_for_its_channel_is_gone(service: Service) -> None:
    with service.world.db.write() as tx:
        leases.take(tx, "delta0", service.world.house.holder, service.world.clock())
        leases.wish(tx, "delta0", Holder("gone", "elsewhere", 1), service.world.clock())
    with busy_service(service, "delta0") as outcomes:
        until = time.monotonic() + 20
        while ("pull", "delta0", "done") not in service.meter.jobs and time.monotonic() < until:
            time.sleep(0.01)
    assert "done" in outcomes


# ---------------------------------------------------------------------- two services


@pytest.fixture(params=["sqlite", "postgres"])
def kind_of_database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def beside(service: Service) -> Service:
    """The same service on another machine: shops and database are shared, time is, and nothing else."""
    other = Service(service.world, service.plan)
    house = replace(service.world.house, holder=Holder(host="elsewhere", pid=4711))
    other.timetable = Virtual(service.world.clock)
    other.work = Work.of(house, service.plan, other.meter, lambda: other.stopping)
    other.work.attach(other.timetable)
    other.timetable.plan(other.work.jobs())
    return other


def test_two_services_share_the_channels_and_each_number_comes_right(make_service: MakeService) -> None:
    first = make_service()
    second = beside(first)
    world = first.world
    for _ in range(10):
        first.run(seconds=20)
        second.run(seconds=20)
    world.shops["delta0"].buy(world.listing("delta0"), 2)
    world.shops["compare1"].buy(world.listing("compare1"), 1)
    for _ in range(10):
        second.run(seconds=20)
        first.run(seconds=20)
    world.assert_at_rest()
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (5, 5)


def test_the_channels_of_a_dead_service_pass_on_after_the_lease_and_not_before(make_service: MakeService) -> None:
    """It died in the middle of a write that may still take effect: nobody writes before that is over."""
    first = make_service()
    first.run(minutes=2)
    world = first.world
    with world.db.write() as tx:  # dies here, on another machine: nothing is given back
        assert leases.take(tx, "delta0", Holder("dead", "elsewhere", 4711), world.clock())
    died_at = world.clock()
    world.shops["compare1"].buy(world.listing("compare1"), 3)
    asked: list[datetime] = []
    world.shops["delta0"].on_call = lambda _call, moment: asked.append(world.clock()) if moment == "before" else None
    first.run(minutes=6)
    assert min(asked) - died_at >= TTL > world.shops["delta0"].in_doubt
    assert min(asked) - died_at <= TTL + timedelta(minutes=2)
    assert (world.shown_in("delta0"), world.shown_in("compare1")) == (5, 5)
    world.assert_at_rest()


def test_a_service_that_lost_its_channel_to_another_breaks_off_at_the_next_page(make_service: MakeService) -> None:
    service = make_service()
    service.run(minutes=2)
    world, shop = service.world, service.world.shops["delta0"]
    for _ in range(8):
        shop.buy(world.listing("delta0"), forced=True)

    def steal(call: str, moment: str) -> None:
        if (call, moment) == ("orders", "after"):
            world.clock.sleep(TTL.total_seconds() + 1)  # it stood still for so long
            with world.db.write() as tx:
                assert leases.take(tx, "delta0", Holder("other", "elsewhere", 1), world.clock())
            shop.on_call = lambda _call, _moment: None

    shop.on_call = steal
    service.run(seconds=61)
    assert ("pull", "delta0", "elsewhere") in service.meter.jobs
    service.run(minutes=6)
    world.assert_at_rest()


def test_leases_last_over_long_work_page_by_page(make_world: MakeWorld) -> None:
    world = make_world()
    for _ in range(30):
        world.shops["delta0"].buy(world.listing("delta0"), forced=True)

    def slow(call: str, moment: str) -> None:
        if (call, moment) == ("orders", "before"):
            world.clock.sleep(100)
            with world.db.write() as tx:
                assert not leases.take(tx, "delta0", Holder("other", "elsewhere", 1), world.clock())

    world.shops["delta0"].on_call = slow
    world.sync()


def test_a_channel_is_given_back_at_once_when_the_work_is_done(make_world: MakeWorld) -> None:
    world = make_world()
    world.sync()
    with leased(another(world.house, holder=Holder("other", "elsewhere", 1), patience=timedelta())):
        pass
