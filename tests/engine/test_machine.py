"""The state machine of the engine, and the mistakes that it must find (docs/how-it-stays-true.md says how many ran).

More examples by hand: SYNCD_EXAMPLES=1000 pytest tests/engine/test_machine.py -k anything
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.engine import mutants, stories
from tests.engine import stockroom_mutants as beyond
from tests.engine.machine import Engine, only
from tests.engine.stockroom import Shelves, Stockroom
from tests.engine.stories import Story

EXAMPLES = int(os.environ.get("SYNCD_EXAMPLES", "25"))
STEPS = 40
NO_HEALTH_CHECK = list(HealthCheck)  # a machine over a real database is slower than Hypothesis likes


def test_anything_may_happen_and_no_sale_is_erased() -> None:
    run_state_machine_as_test(
        Stockroom,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=NO_HEALTH_CHECK,
            print_blob=True,
        ),
    )


SOLD_MEANWHILE = ("sync_while_things_are_sold", "buy", "receive")
ALL_IS_BOUGHT = ("customers_buy_nearly_all", "count_the_warehouse")
ENDS = ("something_ends_with_its_day", "customers_buy_nearly_all")
THE_OWNERS_WORD = ("say_a_status", "sync")

FOUND_BY: dict[Callable[[], Any], tuple[str, ...]] = {
    mutants.absolute_write: SOLD_MEANWHILE,
    mutants.base_read_after_the_pull: SOLD_MEANWHILE,
    mutants.a_delta_resent: ("a_write_of_news_gets_lost",),
    mutants.orders_told_apart_by_status: ("an_order_is_read_then_changed",),
    mutants.generation_read_after_the_quantities: SOLD_MEANWHILE,
    mutants.push_before_pull: ("buy", "receive", "sync"),
}
"""What must happen for a mistake to show. Nothing else does, so it is found in a few short lives."""

FOUND_BEYOND_OWN_STOCK_BY: dict[Callable[[], Any], tuple[str, ...]] = {
    beyond.reservations_eat_own_stock_only: ALL_IS_BOUGHT,
    beyond.the_suppliers_buffer_is_forgotten: ALL_IS_BOUGHT,
    beyond.every_shop_sells_every_pool: ALL_IS_BOUGHT,
    beyond.out_of_stock_is_only_a_word: THE_OWNERS_WORD,
    beyond.overdue_deliveries_count: ENDS,
    beyond.a_stale_feed_counts: ("the_feed_grows_too_old",),
    beyond.reading_a_feed_makes_it_fresh: ("the_feed_grows_too_old",),
    beyond.a_suspicious_feed_is_used: ("a_feed_looks_wrong",),
    beyond.a_rejected_feed_is_used: ("a_feed_looks_wrong",),
    beyond.a_permission_holds_after_its_day: ENDS,
    beyond.the_owners_word_promises_more: THE_OWNERS_WORD,
    beyond.notices_before_numbers: ALL_IS_BOUGHT,
    beyond.a_notice_with_each_push: ALL_IS_BOUGHT,
}

STORIES: dict[Callable[[], Any], type[Story]] = {
    beyond.what_is_held_back_is_promised_first: stories.MoreIsSoldThanOwnStockMaySell,
    beyond.a_lost_notice_is_forgotten: stories.TheAnswerToANoticeIsLost,
    beyond.lateness_asks_for_a_yes: stories.AFeedGrowsTooOldInAStrictHouse,
}
FEW_STEPS = 8


@pytest.mark.parametrize("mutant", FOUND_BY, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    _is_found(mutant, only(Engine, *FOUND_BY[mutant]))


@pytest.mark.parametrize("mutant", FOUND_BEYOND_OWN_STOCK_BY, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_mistake_with_what_is_beyond_own_stock(mutant: Callable[[], Any]) -> None:
    _is_found(mutant, only(Shelves, *FOUND_BEYOND_OWN_STOCK_BY[mutant]))


@pytest.mark.parametrize("mutant", STORIES, ids=lambda mutant: mutant.__name__)
def test_a_story_like_that_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    STORIES[mutant]().live()  # nothing is wrong without it
    with mutant(), pytest.raises(AssertionError):
        STORIES[mutant]().live()


def _is_found(mutant: Callable[[], Any], machine: type[RuleBasedStateMachine]) -> None:
    with mutant(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=400,
                stateful_step_count=FEW_STEPS,
                deadline=None,
                suppress_health_check=NO_HEALTH_CHECK,
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )
