"""The state machine of the engine, and the mistakes that it must find (docs/how-it-stays-true.md says how many ran).

More examples by hand: SYNCD_EXAMPLES=1000 pytest tests/engine/test_machine.py -k anything
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.machine import Engine
from tests.engine.mutants import MUTANTS
from tests.engine.stockroom import Shelves, Stockroom
from tests.engine.stockroom_mutants import STOCKROOM_MUTANTS

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


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    _is_found(mutant, Engine)


@pytest.mark.parametrize("mutant", STOCKROOM_MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_mistake_with_what_is_beyond_own_stock(mutant: Callable[[], Any]) -> None:
    _is_found(mutant, Shelves)


def _is_found(mutant: Callable[[], Any], machine: type[Engine]) -> None:
    with mutant(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=400,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=NO_HEALTH_CHECK,
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )
