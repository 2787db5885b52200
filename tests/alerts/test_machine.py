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

from syncd.domain.alerts import Severity
from syncd.domain.routing import Matter
from tests.alerts.machine import Plan, Telling
from tests.alerts.mutants import MUTANTS, a_lost_answer_counts_as_a_refusal
from tests.alerts.notified import Fate

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


def an_answer_is_lost_and_more_is_to_be_told(told: Telling) -> None:
    told.stock_changes("MUG", -9)
    told.the_post_goes_out([Fate.LOST_ANSWER], [], gather=False, after_hours=1)
    told.stock_changes("PEN", -9)
    told.the_post_goes_out([], [], gather=False, after_hours=1)


def test_a_lost_answer_that_counts_as_a_refusal_is_found() -> None:
    """Random search meets it once in fifty lives; this is how it shows."""
    _live(an_answer_is_lost_and_more_is_to_be_told)  # nothing is wrong without the mistake
    with a_lost_answer_counts_as_a_refusal(), pytest.raises(AssertionError):
        _live(an_answer_is_lost_and_more_is_to_be_told)


def _live(story: Callable[[Telling], None]) -> None:
    told = Telling()
    at_once = (Matter(severity=Severity.WARNING),)
    told.open_the_shop(Plan("everybody", None, at_once, weekly=False, daily_line=False), (12, 12), 1)
    try:
        story(told)
        told.alerts_are_as_the_shelf_is()
        told.every_crossing_is_written_down_for_whom_it_concerns_once()
    finally:
        told.teardown()
