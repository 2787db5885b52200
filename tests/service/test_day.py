"""A short simulated day (the long one: `python -m tests.benchmarks.day`): every fault once, all right at the end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.day.judgement import rare, wrongs
from tests.day.simulation import IN_THE_SERVICE, Simulation
from tests.day.world import Wish

SPRING = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
"""Half an hour before Berlin leaves out an hour."""


def test_a_time_in_which_everything_goes_wrong_ends_with_every_number_right(tmp_path: Path) -> None:
    wish = Wish(7, SPRING, timedelta(minutes=40), orders=70, often=1, skus=40, dst_zone="Europe/Berlin")
    simulation = Simulation(wish, tmp_path)
    with simulation.open():
        simulation.day()
        simulation.rest(hours=1.6)
        truth = simulation.ask("truth")
        simulation.stop()
        found = wrongs(simulation, truth)
    assert found == []
    assert sum(truth["orders"].values()) >= 60
    fired = Counter(truth["fired"]) + simulation.fired
    assert rare(fired, 1, IN_THE_SERVICE) == []
