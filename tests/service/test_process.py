"""The service as a process: what systemd hears, what signals do, and that nothing of it tells a secret."""

from __future__ import annotations

import signal
import threading
import time

import pytest
import requests

from syncd.sandbox.faults import Slow
from syncd.storage import intents
from tests.service.process import Machine, Running, asked, eventually, free_port, taken_port

SHOE = "SHOE-39-BLK"


def test_a_sale_in_one_shop_reaches_the_other(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    assert machine.shown(SHOE) == (8, 8)
    machine.shops.buy("woo_demo", SHOE, 3)
    running.until(lambda: machine.shown(SHOE) == (5, 5), "both shops show 5")
    machine.shops.buy("shopify_demo", SHOE, 1)
    running.until(lambda: machine.shown(SHOE) == (4, 4), "both shops show 4")
    running.stop()


def test_systemd_hears_that_it_is_ready_how_it_stands_and_that_it_stops(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    status = running.ready()
    assert status.startswith("2 of 2 channels live, the oldest reading ")
    assert "s old, " in status
    running.stop()
    assert running.systemd.keys() == ["READY", "STOPPING"]
    assert [line.split()[3] for line in running.lines("started|stopping|stopped")] == ["started", "stopping", "stopped"]


def test_it_shows_signs_of_life_while_work_goes_on(machine: Machine) -> None:
    machine.live()
    running = machine.start(WATCHDOG_USEC=str(3_000_000))
    running.ready()
    running.until(lambda: len(running.systemd.told("WATCHDOG")) >= 3, "signs of life")
    running.stop()


def test_signs_of_life_that_are_meant_for_another_process_are_not_given(machine: Machine) -> None:
    machine.live()
    running = machine.start(WATCHDOG_USEC=str(200_000), WATCHDOG_PID="1")
    running.ready()
    time.sleep(1.5)  # more than one beat: its absence is what is tested
    assert running.systemd.told("WATCHDOG") == []
    running.stop()


def test_it_is_not_ready_before_the_settings_are_good(machine: Machine) -> None:
    machine.write_settings(SYNCD_BUFFER="many", SYNCD_CHANELS="x", SYNCD_POLL="now")
    ended = machine.fails()
    said = ended.complaint
    assert ended.process.returncode == 2
    assert [word for word in ("SYNCD_BUFFER", "SYNCD_CHANELS", "SYNCD_POLL") if word not in said] == []
    assert ended.systemd.heard == []


def test_a_taken_address_ends_it_with_the_way_out(machine: Machine) -> None:
    machine.live()
    with taken_port() as port:
        machine.write_settings(SYNCD_LISTEN=f"127.0.0.1:{port}")
        ended = machine.fails()
    assert ended.process.returncode == 1
    said = ended.complaint
    assert f"127.0.0.1:{port} is taken" in said
    assert "SYNCD_LISTEN" in said


def test_ctrl_c_ends_it_as_systemd_does(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    running.signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    assert running.systemd.keys()[-1] == "STOPPING"


def written_to(machine: Machine, channel: str) -> int:
    """Calls of which it is not known whether they were done."""
    db = machine.database()
    with db.read() as tx:
        found = len(intents.open_calls(tx, channel))
    db.close()
    return found


def test_a_shop_that_hangs_in_the_middle_of_a_write_does_not_keep_it_from_ending(machine: Machine) -> None:
    """What was sent may or may not be done: the next process finds the intent, and the number comes right."""
    machine.live()
    let_go = threading.Event()
    faults = machine.shops.shopify_server.faults
    faults.wait = lambda _seconds: let_go.wait(120) and None  # type: ignore[func-returns-value]
    running = machine.start()
    running.ready()
    try:
        faults.add(Slow(60), body="inventoryAdjustQuantities")
        calls = machine.shops.shopify_server.calls
        calls.clear()
        machine.shops.buy("woo_demo", SHOE, 2)
        running.until(lambda: any(b"inventoryAdjust" in call.body for call in calls), "a write is under way")
        assert running.stop() < 10
    finally:
        let_go.set()
    assert written_to(machine, "shopify_demo") == 1
    assert running.lines("left_at_work")
    again = machine.start()
    again.ready()
    again.until(lambda: written_to(machine, "shopify_demo") == 0, "what was sent is known")
    again.until(lambda: machine.shown(SHOE) == (6, 6), "both shops show 6")
    again.stop()
    assert machine.shown(SHOE) == (6, 6)


# ---------------------------------------------------------------------- SIGHUP


def reload(running: Running, times: int = 2) -> None:
    running.signal(signal.SIGHUP)
    running.ready(times)


def test_new_settings_take_effect_in_the_shops(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    machine.write_settings(SYNCD_BUFFER="5")
    reload(running)
    assert running.systemd.keys()[:3] == ["READY", "RELOADING", "READY"]
    (since,) = running.systemd.told("MONOTONIC_USEC")
    assert abs(int(since) / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < 60
    running.until(lambda: machine.shown(SHOE) == (5, 5), "both shops show 5")
    machine.write_settings(SYNCD_BUFFER="1")
    reload(running, 3)
    running.until(lambda: machine.shown(SHOE) == (9, 9), "both shops show 9")
    running.stop()


def test_wrong_new_settings_are_refused_with_every_problem_and_the_old_ones_go_on(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    machine.write_settings(SYNCD_BUFFER="many", SYNCD_POLL="now and then")
    reload(running)
    assert len(running.lines("settings_refused")) == 2
    assert machine.open_incidents() == ["refused settings"]
    machine.shops.buy("woo_demo", SHOE, 1)
    running.until(lambda: machine.shown(SHOE) == (7, 7), "the old settings go on")
    machine.write_settings(SYNCD_BUFFER="2", SYNCD_POLL="2s")
    reload(running, 3)
    running.until(lambda: machine.open_incidents() == [], "the incident is closed")
    running.stop()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00SYNCD", b""], ids=["gone", "no text", "empty"])
def test_settings_that_cannot_even_be_read_end_nothing(machine: Machine, content: bytes | None) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    machine.env_file.unlink()
    if content is not None:
        machine.env_file.write_bytes(content)
    reload(running)
    assert running.lines("settings_refused")
    machine.shops.buy("woo_demo", SHOE, 1)
    running.until(lambda: machine.shown(SHOE) == (7, 7), "the old settings go on")
    running.stop()


def test_it_listens_at_a_new_address_and_no_longer_at_the_old_one(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    old = f"http://{machine.settings['SYNCD_LISTEN']}/readyz"
    running.until(lambda: asked(old).status_code == 200, "ready")
    machine.write_settings(SYNCD_LISTEN=f"127.0.0.1:{free_port()}")
    reload(running)
    new = f"http://{machine.settings['SYNCD_LISTEN']}/healthz"
    assert asked(new).status_code == 200
    with pytest.raises(requests.ConnectionError):
        asked(old)
    machine.write_settings(SYNCD_LISTEN="off")
    reload(running, 3)
    with pytest.raises(requests.ConnectionError):
        asked(new)
    running.stop()


def test_a_new_address_that_is_taken_is_refused_and_the_old_one_stays(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    old = machine.settings["SYNCD_LISTEN"]
    with taken_port() as port:
        machine.write_settings(SYNCD_LISTEN=f"127.0.0.1:{port}", SYNCD_BUFFER="5")
        reload(running)
    assert "is taken" in running.wait_for("settings_refused")
    assert asked(f"http://{old}/healthz").status_code == 200
    eventually(lambda: machine.shown(SHOE) == (8, 8), machine.shown(SHOE))
    running.stop()


def test_many_signals_in_a_row_leave_one_set_of_settings_at_work(machine: Machine) -> None:
    machine.live()
    running = machine.start()
    running.ready()
    for buffer in (3, 4, 5, 6):
        machine.write_settings(SYNCD_BUFFER=str(buffer))
        running.signal(signal.SIGHUP)
        time.sleep(0.2)
    running.until(lambda: machine.shown(SHOE) == (4, 4), "both shops show 4")
    machine.shops.buy("shopify_demo", SHOE, 1)
    running.until(lambda: machine.shown(SHOE) == (3, 3), "both shops show 3")
    running.stop()
