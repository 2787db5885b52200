"""What an owner reads when something could not be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors import contract
from syncd import errors


@pytest.mark.parametrize(
    ("error", "hint", "exit_code"),
    [
        (contract.Unavailable("it does not answer"), "Nothing was changed there.", 1),
        (contract.RateLimited("too many calls", retry_after=timedelta(seconds=7)), "It asks to wait 7 s.", 1),
        (contract.CredentialsRejected("it refuses the key"), "then: syncd check", 2),
        (contract.CursorExpired("it cannot resume"), "from the beginning", 1),
        (contract.Unreadable("it sent HTML", sample="<html>"), "the other channels go on", 1),
        (contract.InDoubt("the answer was lost"), "before it writes again", 1),
        (contract.Conflict("another number is there"), "computes it anew", 1),
        (contract.Rejected("no such product"), "syncd sync", 1),
        (contract.Untouched("its call failed"), "syncd sync", 1),
        (contract.Unavailable("the name is unknown", hint="Mend WOO_URL."), "Mend WOO_URL.", 1),
    ],
)
def test_a_connectors_error_names_the_channel_and_a_way_out(
    error: contract.ConnectorError, hint: str, exit_code: int
) -> None:
    told = errors.of_channel("woo", error)
    assert told.sentence == f"woo: {error}"
    assert hint in told.hint
    assert told.exit_code == exit_code


def test_every_error_has_the_exit_code_of_what_happens_next() -> None:
    assert [
        errors.SyncdError("x").exit_code,
        errors.PartlyFailed("x").exit_code,
        errors.ConfigError([errors.Problem("x")], source=".env").exit_code,
        errors.Held("x").exit_code,
        errors.Busy("x").exit_code,
        errors.SyncdError("x", exit_code=errors.CONFIGURATION).exit_code,
    ] == [1, 1, 2, 3, 75, 2]


def test_settings_with_several_problems_are_one_error_that_counts_them() -> None:
    error = errors.ConfigError([errors.Problem("a.", "Do x."), errors.Problem("b.")], source="/etc/syncd/.env")
    assert str(error) == "2 problems in /etc/syncd/.env. Mend, then: syncd check"
    assert [str(problem) for problem in error.problems] == ["a. Do x.", "b."]
