"""A command in a message is typed as it stands: its words arrive as they are, whatever a shop calls its things."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.said import Typed
from syncd.texts import commands

HOSTILE = (
    "MUG; touch pwned #",
    "12 $(touch pwned)",
    "`touch pwned`",
    "Shoe 39",
    "it's",
    'a"b',
    "-x",
    "--help",
    "ספל",
    "*",
)
UNTYPED = ("MUG\u200b", "MUG\n", " MUG", "a  b", "", "M" * 201, "\u202eGUM")


@pytest.mark.parametrize("sku", HOSTILE)
def test_a_shell_hands_over_the_words_and_runs_nothing_else(sku: str) -> None:
    line = commands.about(("heal",), ("woo", sku))
    script = f"syncd() {{ printf '%s\\0' \"$@\"; }}; {line}"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    words = done.stdout.split("\0")[:-1]
    assert [word for word in words if word != "--"] == ["heal", "woo", sku]


@given(st.text())
def test_what_can_be_typed_is_a_command_and_what_cannot_leaves_a_gap(sku: str) -> None:
    told = commands.typed(("adopt",), ("woo",), commands.option("--sku", sku))
    if commands.can_be_typed(sku):
        assert isinstance(told, Typed)
        assert shlex.split(told.line) in (
            ["syncd", "adopt", "woo", "--sku", sku],
            ["syncd", "adopt", "woo", f"--sku={sku}"],
        )
    else:
        assert str(told).endswith(" …")
        assert not isinstance(told, Typed)


@pytest.mark.parametrize("sku", UNTYPED)
def test_what_cannot_be_typed_is_no_part_of_a_command(sku: str) -> None:
    assert commands.typed(("heal",), ("woo", sku)) == "syncd heal woo …"


def test_an_ellipsis_that_is_a_sku_is_typed() -> None:
    assert commands.typed(("explain",), ("…",)) == Typed("syncd explain '…'")
