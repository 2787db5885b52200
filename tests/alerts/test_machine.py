"""The state machine of alerts, and the mistakes that it must find.

More examples by hand: SYNCD_EXAMPLES=500 pytest tests/alerts/test_machine.py -k anything
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.alerts.machine import Telling
from tests.alerts.mutants import MUTANTS

EXAMPLES = int(os.environ.get("SYNCD_EXAMPLES", "25"))
STEPS = 40


def test_anything_may_happen_and_every_crossing_is_told_once() -> None:
    run_state_machine_as_test(
        Telling,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # a machine over a real database is slower than Hypothesis likes
            print_blob=True,
        ),
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    with mutant(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            Telling,
            settings=settings(
                max_examples=200,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )
