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
from tests.alerts import mutants
from tests.alerts.machine import Plan, Telling
from tests.alerts.notified import Fate
from tests.engine.machine import only

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


STOCK = ("stock_changes", "customers_order")
POST = (*STOCK, "the_post_goes_out")

FOUND_BY: dict[Callable[[], Any], tuple[str, ...]] = {
    mutants.no_margin: STOCK,
    mutants.getting_worse_is_no_news: STOCK,
    mutants.written_anew_after_a_crash: POST,
    mutants.a_parked_target_is_forgotten: POST,
    mutants.what_was_read_is_told_no_more: (*STOCK, "a_person_reads_or_puts_off"),
    mutants.reading_stops_nothing: (*POST, "a_person_reads_or_puts_off"),
    mutants.a_step_that_was_jumped_over_is_told_to_nobody: (*STOCK, "a_service_begins_with_other_routes"),
    mutants.what_is_over_need_not_be_told: POST,
    mutants.looked_at_after_the_commit: STOCK,
}
"""What must happen for a mistake to show. Nothing else does, so it is found in a few short lives."""
FEW_STEPS = 15


@pytest.mark.parametrize("mutant", FOUND_BY, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    with mutant(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            only(Telling, *FOUND_BY[mutant]),
            settings=settings(
                max_examples=200,
                stateful_step_count=FEW_STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )


# Those that random search meets once in dozens of lives have a story in which they show.


def an_answer_is_lost_and_more_is_to_be_told(told: Telling) -> None:
    told.customers_order("MUG", 13)
    told.the_post_goes_out([Fate.LOST_ANSWER], [], gather=False, after_hours=1)
    told.customers_order("PEN", 13)
    told.the_post_goes_out([], [], gather=False, after_hours=1)


def the_process_dies_with_a_message_in_its_hands(told: Telling) -> None:
    told.customers_order("MUG", 13)
    told.the_post_goes_out([Fate.DIES_BEFORE], [], gather=False, after_hours=1)


def nobody_takes_the_digest(told: Telling) -> None:
    told.customers_order("MUG", 5)
    told.customers_order("MUG", 2)
    told.the_post_goes_out([Fate.LATER], [Fate.LATER], gather=False, after_hours=25)


STORIES: dict[Callable[[], Any], Callable[[Telling], None]] = {
    mutants.a_lost_answer_counts_as_a_refusal: an_answer_is_lost_and_more_is_to_be_told,
    mutants.noted_before_it_is_sent: the_process_dies_with_a_message_in_its_hands,
    mutants.the_digest_loses_what_it_could_not_bring: nobody_takes_the_digest,
}


@pytest.mark.parametrize("mutant", STORIES, ids=lambda mutant: mutant.__name__)
def test_a_story_like_that_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    _live(STORIES[mutant])  # nothing is wrong without it
    with mutant(), pytest.raises(AssertionError):
        _live(STORIES[mutant])


def _live(story: Callable[[Telling], None]) -> None:
    """What is critical is told at once, and what is only low in the digest of the day."""
    told = Telling()
    at_once = (Matter(severity=Severity.CRITICAL),)
    told.open_the_shop(Plan("everybody", None, at_once, weekly=False, daily_line=False), (12, 12), 1)
    try:
        story(told)
        told.alerts_are_as_the_shelf_is()
        told.every_crossing_is_written_down_for_whom_it_concerns_once()
    finally:
        told.teardown()
