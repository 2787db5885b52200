"""`kill -9` at any instant loses nothing, counts nothing twice and erases no sale (design.md §3.8).

The real service runs over two practice shops while customers buy, cancel and have units refunded in both. It is killed
at named points and at random instants, started again each time, and compared in the end with what the customers know.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from syncd.sandbox.practice import WOO
from tests.service.crash.doors import Point
from tests.service.crash.life import NAMED, live, plan

KILLS = int(os.environ.get("SYNCD_KILLS", "20"))
"""So each point is met at each shop; more of them by hand, or ``python -m tests.service.crash``."""
SEED = int(os.environ.get("SYNCD_SEED", "1"))
LIVES = 5


def test_killed_at_any_point_it_loses_nothing_counts_nothing_twice_and_erases_no_sale(tmp_path: Path) -> None:
    told = live(tmp_path, seed=SEED, plan=plan(KILLS, random.Random(SEED)))
    assert not told.wrong, "\n".join(told.lines())
    assert told.kills.total() == KILLS
    for point in NAMED:
        met = sum(count for name, count in told.kills.items() if name.startswith(point))
        assert met >= KILLS // 2 // len(NAMED), point


@pytest.mark.parametrize(
    ("mutant", "point"),
    [
        ("a_delta_resent", Point.SENT),
        ("intents_forgotten", Point.SENT),
        ("intent_after_the_answer", Point.SENT),
        ("cursor_before_the_page", Point.NEXT),
    ],
)
def test_it_finds_a_planted_mistake(tmp_path: Path, mutant: str, point: Point) -> None:
    """Found in one of several lives: what a customer does in the instant of the kill is not ours to choose."""
    program = ("-m", "tests.service.crash.mutants", mutant)
    for seed in range(SEED, SEED + LIVES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        told = live(folder, seed=seed, plan=[(point, WOO, 0.0)] * 6, program=program)
        if told.wrong:
            return
    pytest.fail(f"{mutant} was not found in {LIVES} lives; the last: {' '.join(told.lines())}")
