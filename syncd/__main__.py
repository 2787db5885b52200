"""Runs the command line. Every failure ends as one sentence, a way out and an exit code (design.md §5)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

import typer

from connectors.contract import ConnectorError
from syncd import acting, errors, logs, places
from syncd.cli import output


def main() -> None:
    """The console script `syncd`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], command: typer.Typer | None = None, *, details_in: Path | None = None) -> int:
    """Run one command (syncd's own, unless another is given) and return its exit code; nothing is raised.

    The traceback of what nobody expected goes to a log in `details_in`, by default where the master table is.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Hebrew shows ? and the command goes on
    try:
        (command or _app())(args=list(arguments), prog_name="syncd")
    except KeyboardInterrupt:  # before the command began; later it ends by itself
        output.failure("Stopped.")
        return errors.STOPPED
    except SystemExit as ended:
        if ended.code == errors.STOPPED:
            output.failure("Stopped.")
        return ended.code if isinstance(ended.code, int) else 0
    except Exception as error:  # noqa: BLE001 - the last resort: an owner never reads a traceback
        with suppress(OSError):  # the terminal is gone: nobody reads
            return _told(error, details_in or places.state_folder(os.environ))
        return errors.PARTLY_FAILED
    return 0


def _app() -> typer.Typer:
    """Loaded here, because that takes a moment in which somebody may press Ctrl-C."""
    from syncd.cli.app import app  # noqa: PLC0415

    return app


def _told(error: Exception, details_in: Path) -> int:
    """The exit code of `error`, after the owner was told of it."""
    if isinstance(error, errors.ConfigError):
        output.problems(error)
        return error.exit_code
    if isinstance(error, errors.SyncdError):
        output.failure(error.sentence, error.hint)
        return error.exit_code
    if isinstance(error, ConnectorError):
        output.failure(str(error), error.hint)
        return errors.PARTLY_FAILED
    with acting.as_owner_of(details_in):
        details = logs.write_details(error, details_in, now=datetime.now(UTC))
    output.failure(
        f"syncd stopped at something unexpected ({type(error).__name__}). The details are in {details}.",
        "Run the same command again; if it stops again, report it with that file: secrets are taken out.",
    )
    return errors.PARTLY_FAILED


if __name__ == "__main__":
    main()
