"""The service's turns, whatever happens (`turns_machine`); more lives: ``SYNCD_EXAMPLES=200 pytest -q FILE``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.turns_machine import Turns

EXAMPLES = int(os.environ.get("SYNCD_EXAMPLES", "15"))


def test_anything_can_happen_between_and_within_turns() -> None:
    run_state_machine_as_test(
        Turns,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
