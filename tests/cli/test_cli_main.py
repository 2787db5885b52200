"""Every way in which a command can end: one sentence, a way out, an exit code, and no traceback (design.md §5)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

import syncd
from connectors.contract import CredentialsRejected
from syncd import errors, logs
from syncd.__main__ import run
from syncd.cli.app import VERBS, app

app_of_failures = typer.Typer(pretty_exceptions_enable=False)

FAILURES: Mapping[str, BaseException] = {
    "partly": errors.PartlyFailed("3 of 5 SKUs were written.", "Then: syncd sync"),
    "held": errors.Held("12 SKUs would be sold out.", "Look at: syncd holds"),
    "busy": errors.Busy("Another syncd is at work.", "Wait a minute."),
    "settings": errors.ConfigError(
        [errors.Problem("line 3: SYNCD_BUFER is not a setting.", "Did you mean SYNCD_BUFFER?")], source=".env"
    ),
    "connector": CredentialsRejected("woo refuses the key", hint="Make a new one."),
    "unexpected": RuntimeError("planted-secret"),
    "stopped": KeyboardInterrupt(),
}


@app_of_failures.command()
def fail(how: str) -> None:
    logs.hide(["planted-secret"])
    raise FAILURES[how]


@app_of_failures.command()
def work() -> None:
    typer.echo("done")


@pytest.mark.parametrize(
    ("how", "exit_code", "told"),
    [
        ("partly", 1, "3 of 5 SKUs were written. Then: syncd sync\n"),
        ("held", 3, "12 SKUs would be sold out. Look at: syncd holds\n"),
        ("busy", 75, "Another syncd is at work. Wait a minute.\n"),
        (
            "settings",
            2,
            "  FAIL  line 3: SYNCD_BUFER is not a setting. Did you mean SYNCD_BUFFER?\n"
            "1 problem in .env. Mend, then: syncd check\n",
        ),
        ("connector", 1, "woo refuses the key. Make a new one.\n"),
        ("stopped", 130, "Stopped.\n"),
    ],
)
def test_a_failure_ends_in_a_sentence_a_way_out_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], how: str, exit_code: int, told: str
) -> None:
    assert run(["fail", how], app_of_failures) == exit_code
    assert capsys.readouterr() == ("", told)


def test_the_unexpected_is_told_in_a_sentence_that_names_where_its_details_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["fail", "unexpected"], app_of_failures, details_in=tmp_path) == 1
    out, told = capsys.readouterr()
    assert out == ""
    assert told.count("\n") == 1
    assert "Traceback" not in told
    found = re.search(r"The details are in (\S+/errors\.log)\.", told)
    assert found
    details = Path(found[1]).read_text()
    assert "Traceback" in details
    assert "RuntimeError: ***" in details
    assert "planted-secret" not in details + told


def test_what_is_done_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["work"], app_of_failures) == 0
    assert capsys.readouterr().out == "done\n"


def test_a_wrong_option_is_a_mistake_in_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["work", "--hurry"], app_of_failures) == 2
    assert "--hurry" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"syncd {syncd.__version__}\n"


def test_help_shows_every_verb_in_its_panel_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    places = [shown.index(f"\n│ {name} ") for _, name, _ in VERBS]
    assert places == sorted(places)
    for panel in {panel for panel, _, _ in VERBS}:
        assert f"─ {panel} ─" in shown


def test_a_settings_file_that_is_named_and_not_there_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    @app.command("settings-for-the-test", hidden=True)
    def show(ctx: typer.Context) -> None:
        ctx.obj.settings()

    try:
        assert run(["--env-file", str(tmp_path / "gone"), "settings-for-the-test"]) == 2
    finally:
        app.registered_commands.pop()
    assert capsys.readouterr().err == (
        f"  FAIL  {tmp_path / 'gone'} does not exist. Make it with: syncd init\n"
        f"1 problem in {tmp_path / 'gone'}. Mend, then: syncd check\n"
    )


def syncd_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "syncd", *arguments]


def test_a_reader_that_closes_the_pipe_is_no_failure_that_anybody_reads() -> None:
    # a shell reports the death of a reader's writer quietly; so does syncd
    with subprocess.Popen(syncd_command("--help"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()
        process.wait()
    assert "Traceback" not in told
    assert process.returncode in (0, 1)


def test_a_terminal_without_hebrew_letters_shows_question_marks_and_goes_on(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run(
        syncd_command("--env-file", str(tmp_path / "שלום"), "init", "--channel", "woo:שלום"),
        env=environ,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == 2
    assert b"There is no connector '????'." in ended.stderr


def test_stopping_from_the_keyboard_is_told_in_a_word(tmp_path: Path) -> None:
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    with subprocess.Popen(
        syncd_command("--env-file", str(fifo), "init", "--channel", "woo:woocommerce"), stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        with fifo.open("wb"):  # opens once the command waits for its settings
            process.send_signal(signal.SIGINT)
            told = process.stderr.read().decode()
            process.wait()
    assert (process.returncode, told) == (130, "Stopped.\n")
