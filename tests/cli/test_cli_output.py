"""What the commands print: for eyes on a terminal, for programs in a pipe."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from connectors.contract import Finding, Level
from syncd.cli import output
from syncd.errors import SyncdError

LONG = "A very long name of a very long product in a very long colour, " * 4


def test_a_table_in_a_pipe_is_plain_and_unwrapped(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["SKU", "name", "on hand"], [("SHOE-39-BLK", LONG, 10), ("[b]SHOE[/b]", None, 9)], right=["on hand"])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["SKU", "name", "on", "hand"]
    assert first == f"  SHOE-39-BLK  {LONG}       10"
    assert second.startswith("  [b]SHOE[/b]  ")
    assert len(second) == len(first)
    assert second.endswith(" 9")


def test_a_name_that_would_break_its_line_or_speak_to_the_terminal_is_shown_with_blanks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.table(["SKU", "name"], [("HAT", "a\u2028b\u2029c\nd\x1b[31me\x85f\tg")])
    assert capsys.readouterr().out.split("\n")[1:] == ["  HAT  a b c d [31me f g", ""]


def test_findings_look_alike_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    output.findings(
        "woo",
        [
            Finding(Level.OK, "WooCommerce 10.5, may read and write"),
            Finding(Level.WARN, "the clock is 90 s behind", "Switch on time synchronisation."),
            Finding(Level.FAIL, f"may not write stock, {LONG}", "Make a key with Read/Write."),
        ],
    )
    assert capsys.readouterr().out.splitlines() == [
        "  ok    woo: WooCommerce 10.5, may read and write",
        "  warn  woo: the clock is 90 s behind. Switch on time synchronisation.",
        f"  FAIL  woo: may not write stock, {LONG}. Make a key with Read/Write.",
    ]


@pytest.mark.parametrize(
    ("message", "hint", "told"),
    [
        ("The key is wrong", "Make one.", "The key is wrong. Make one."),
        ("There is no place Mars.", "Set it.", "There is no place Mars. Set it."),
        ("woo did not go live: it refuses units..", "Mend it.", "woo did not go live: it refuses units. Mend it."),
        ("It refuses units..", "", "It refuses units."),
        ("The shop says: wait...", "Wait.", "The shop says: wait... Wait."),
        ("Is it there?", "Look.", "Is it there? Look."),
        ("The key is wrong", "", "The key is wrong"),
    ],
)
def test_between_a_sentence_and_its_way_out_stands_one_full_stop(message: str, hint: str, told: str) -> None:
    assert output.sentence(message, hint) == told


def test_json_is_all_that_is_printed_and_keeps_hebrew(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "נעל", "at": datetime(2026, 11, 22, 10, 14, tzinfo=UTC), "units": [8, None]}
    output.as_json(value)
    out = capsys.readouterr().out
    assert "נעל" in out
    assert json.loads(out) == {"name": "נעל", "at": "2026-11-22T10:14:00+00:00", "units": [8, None]}


def test_json_of_something_unforeseen_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="set has no form in JSON"):
        output.as_json({"units": {1}})


def test_progress_is_quiet_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as progress:
        progress("Reading woo", 1, 10)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_a_yes_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nobody:  # noqa: PTH123 - a device, not a path of ours
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(SyncdError, match=r"Nobody can be asked here: Take this\? Say yes with --yes\.") as caught:
            output.confirm("Take this?", yes=False)
    assert caught.value.exit_code == 2
    assert output.confirm("Take this?", yes=True)


def on_a_terminal(code: str, typed: str = "") -> str:
    """What a terminal of 80 columns shows while `code` runs and `typed` is typed."""
    master, slave = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, env=environ
    ) as process:
        os.close(slave)
        os.write(master, typed.encode())
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # Linux tells the end of a terminal by an error
            pass
    os.close(master)
    assert process.returncode == 0
    return shown.decode()


def test_a_very_long_cell_is_cut_in_the_middle_on_a_terminal() -> None:
    shown = on_a_terminal("from syncd.cli import output\noutput.table(['name'], [('A' * 300 + 'size 39',)])")
    assert "A…A" in shown
    assert "size 39\r\n" in shown
    assert max(map(len, shown.splitlines())) < 80


def test_progress_is_shown_on_a_terminal() -> None:
    code = "from syncd.cli import output\nwith output.progress() as progress: progress('Reading woo', 3, 10)"
    assert "Reading woo" in on_a_terminal(code)


@pytest.mark.parametrize(("typed", "answer"), [("y\n", "True"), ("n\n", "False"), ("\n", "False")])
def test_a_person_at_a_terminal_is_asked(typed: str, answer: str) -> None:
    code = "from syncd.cli import output\nprint('answer', output.confirm('Take this?', yes=False))"
    shown = on_a_terminal(code, typed)
    assert "Take this? [y/N]" in shown
    assert f"answer {answer}" in shown


def test_leaving_at_a_question_ends_the_command_as_leaving_at_work_does() -> None:
    code = (
        "from syncd.cli import output\n"
        "try: output.confirm('Take this?', yes=False)\n"
        "except KeyboardInterrupt: print('stopped')"
    )
    assert "stopped" in on_a_terminal(code, "\x04")
