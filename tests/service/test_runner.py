"""What becomes of a job that goes wrong: told once, tried again, over when it works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import Unavailable
from syncd.domain.said import Said
from syncd.jobs.house import HouseJobs
from syncd.jobs.lanes import HOUSE
from syncd.jobs.timetable import Mishap
from syncd.storage import incidents, leases
from syncd.storage.incidents import IncidentKind
from syncd.storage.leases import Holder
from syncd.sync import pausing
from syncd.sync.house import House
from tests.service.kit import Service, plan

MakeService = Callable[..., Service]


@pytest.fixture
def service(make_service: MakeService) -> Service:
    made = make_service()
    made.run(minutes=2)
    return made


def broken(call: str, moment: str) -> None:
    if (call, moment) == ("orders", "before"):
        raise KeyError("nobody expected this")


def test_what_nobody_expected_is_an_incident_with_its_details_until_it_works_again(
    service: Service, tmp_path: Path
) -> None:
    service.world.shops["delta0"].on_call = broken
    service.run(minutes=2)
    assert ("failed", "delta0") in service.open_incidents()
    with service.world.db.read() as tx:
        (one, *_) = incidents.open_incidents(tx, "delta0")
    assert f"{tmp_path}/errors.log" in one.text
    assert "nobody expected this" in (tmp_path / "errors.log").read_text()
    service.world.shops["delta0"].on_call = lambda _call, _moment: None
    service.run(minutes=6)
    assert service.open_incidents() == []


def test_an_incident_of_an_earlier_process_is_over_when_the_job_works_again(service: Service) -> None:
    service.world.shops["delta0"].on_call = broken
    service.run(minutes=2)
    service.world.shops["delta0"].on_call = lambda _call, _moment: None
    service.start()
    service.run(minutes=2)
    assert service.open_incidents() == []


def test_a_job_that_could_not_begin_in_time_is_told_of_until_it_begins(service: Service) -> None:
    service.work.mishap("push delta0", Mishap.MISSED)
    service.work.look_outside()
    assert service.open_incidents() == [("late", "delta0")]
    service.run(minutes=2)
    assert service.open_incidents() == []


def test_a_long_reading_is_no_news_and_one_that_never_ends_is(service: Service) -> None:
    lane, clock = service.work.lanes["delta0"], service.world.clock
    lane.begin("pull", clock())
    clock.sleep(14 * 60)
    service.work.mishap("push delta0", Mishap.STILL_RUNNING)
    service.work.look_outside()
    assert service.open_incidents() == []
    clock.sleep(2 * 60)
    service.work.mishap("push delta0", Mishap.STILL_RUNNING)
    service.work.look_outside()
    assert service.open_incidents() == [("late", "delta0")]
    assert service.work.stuck(clock()) == [lane]


def test_a_job_ends_at_the_next_page_when_somebody_waits_for_its_channel(service: Service) -> None:
    world, shop = service.world, service.world.shops["delta0"]
    for _ in range(9):
        shop.buy(world.listing("delta0"), forced=True)

    def wish(call: str, moment: str) -> None:
        if (call, moment) == ("orders", "after"):
            with world.db.write() as tx:
                leases.wish(tx, "delta0", Holder("waiting", "elsewhere", 1), world.clock())

    shop.on_call = wish
    before = shop.calls["orders"]
    service.run(seconds=61)
    assert ("pull", "delta0", "broken off") in service.meter.jobs
    assert shop.calls["orders"] - before <= 2
    shop.on_call = lambda _call, _moment: None
    service.run(minutes=2)
    world.assert_at_rest()


def test_a_job_ends_at_the_next_page_when_the_service_is_to_stop_and_none_begins(service: Service) -> None:
    world, shop = service.world, service.world.shops["delta0"]
    for _ in range(9):
        shop.buy(world.listing("delta0"), forced=True)

    def stop(call: str, moment: str) -> None:
        service.stopping = service.stopping or (call, moment) == ("orders", "after")

    shop.on_call = stop
    before = shop.calls["orders"]
    service.run(minutes=5)
    assert shop.calls["orders"] - before == 1
    assert service.work.idle()


def test_each_change_of_an_incident_is_told_once_also_over_restarts(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "syncd")

    def told(event: str) -> int:
        return sum(record.getMessage().startswith(event) for record in caplog.records)

    service.world.shops["delta0"].secret = "changed"
    for _ in range(3):
        service.run(minutes=2)
        service.start()
    assert (told("incident_open"), told("incident_closed")) == (1, 0)
    service.world.shops["delta0"].secret = "open-sesame"
    for _ in range(3):
        service.run(minutes=3)
        service.start()
    assert (told("incident_open"), told("incident_closed")) == (1, 1)


def test_the_heartbeat_goes_out_only_while_every_live_channel_is_fresh(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "syncd")
    beats: list[object] = []

    def beat() -> None:
        beats.append(service.world.clock())
        if len(beats) == 1:
            raise OSError("no route to https://hc.example/secret-part")

    service.plan = plan(tmp_path, beat=beat)
    service.start()
    service.run(minutes=3)
    assert len(beats) >= 2
    service.world.shops["delta0"].down_until = service.world.clock() + timedelta(hours=1)
    service.run(minutes=7)
    before = len(beats)
    service.run(minutes=10)
    assert len(beats) == before
    assert "secret-part" not in caplog.text


def test_numbers_that_wait_for_too_long_are_told_of_and_closed_when_they_went_out(service: Service) -> None:
    world = service.world
    shop = world.shops["compare1"]

    def takes_nothing(call: str, moment: str) -> None:
        if (call, moment) == ("send", "before"):
            raise Unavailable("The shop takes no numbers at present.")

    shop.on_call = takes_nothing
    world.shops["delta0"].buy(world.listing("delta0"))
    service.run(minutes=40)
    assert ("behind", "compare1") in service.open_incidents()
    shop.on_call = lambda _call, _moment: None
    service.run(hours=1)
    assert service.open_incidents() == []
    world.assert_at_rest()


def test_a_number_that_a_shop_refuses_is_told_of_once_and_not_as_one_that_waits(service: Service) -> None:
    world = service.world
    world.shops["compare1"].refused.add(world.listing("compare1"))
    world.shops["delta0"].buy(world.listing("delta0"))
    service.run(minutes=40)
    assert service.open_incidents() == [("rejected", "compare1")]


def test_a_paused_channel_is_read_and_not_written(service: Service) -> None:
    house: House = service.world.house
    pausing.pause(house, [house.port("delta0")])
    writes = len(service.world.writes)
    service.world.shops["delta0"].buy(service.world.listing("delta0"), 2)
    service.world.shops["compare1"].buy(service.world.listing("compare1"), 1)
    service.run(minutes=4)
    assert service.world.shown_in("compare1") == 5
    assert [name for name, _ in service.world.writes[writes:]] == ["compare1"]
    pausing.resume(house, [house.port("delta0")])
    service.run(minutes=2)
    assert service.world.shown_in("delta0") == 5


def test_a_night_is_copied_once_and_the_latest_copies_are_kept(make_service: MakeService, tmp_path: Path) -> None:
    service = make_service()
    clock, db = service.world.clock, service.world.db
    assert db.path is not None
    jobs = HouseJobs(service.work.runner, service.work.lanes[HOUSE], service.plan.zone, 2)
    made = []
    for _ in range(4):
        for hour in range(4):
            clock.at = clock.at.replace(hour=hour, minute=30)  # 1:30 to 4:30 in Berlin
            jobs.housekeeping()
        clock.sleep(86_400)
        made.append(sorted(path.name for path in (db.path.parent / "backups").iterdir()))
    assert [len(names) for names in made] == [1, 2, 2, 2]
    assert made[-1] == ["syncd-2026-11-25.db", "syncd-2026-11-26.db"]


def test_a_copy_that_cannot_be_made_is_told_of_until_one_is(make_service: MakeService) -> None:
    service = make_service()
    db = service.world.db
    assert db.path is not None
    (db.path.parent / "backups").write_text("in the way")
    jobs = HouseJobs(service.work.runner, service.work.lanes[HOUSE], service.plan.zone, 2)
    jobs.housekeeping()
    assert service.open_incidents() == [("backup", "")]
    (db.path.parent / "backups").unlink()
    jobs.housekeeping()
    assert service.open_incidents() == []


def test_closed_incidents_are_forgotten_after_a_season(service: Service) -> None:
    with service.world.db.write() as tx:
        now = service.world.clock()
        incidents.open_incident(tx, IncidentKind.GAP, subject="x", text=Said("old"), now=now)
        incidents.close_incident(tx, IncidentKind.GAP, subject="x", now=now)
    service.world.clock.sleep(91 * 86_400)
    HouseJobs(service.work.runner, service.work.lanes[HOUSE], service.plan.zone, 0).housekeeping()
    with service.world.db.read() as tx:
        assert [one for one in incidents.latest_incidents(tx, 50) if one.text == "old"] == []
