"""`syncd report-failure`: what systemd calls when the service has stopped for good (``OnFailure=``)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd import acting, config
from syncd.cli import invocation
from syncd.errors import SyncdError
from syncd.systemd import failure

_CRITICAL = "<2>"  # the journal takes the level of a line from this (sd-daemon(3))


def report_failure(ctx: typer.Context, unit: Annotated[str, typer.Argument(help="The unit that has stopped.")]) -> None:
    """Tell a person that the service has stopped; systemd calls this."""
    run = invocation.of(ctx)
    told = [" ".join(map(str, failure.words(unit))), *failure.last_lines(unit)]
    try:
        url, folder = config.where_the_table_is(run.env_file, run.environ)
        with acting.as_owner_of(folder):
            failure.note(url, unit, datetime.now(UTC))
    except SyncdError as error:
        told.append(f"syncd holds does not show this: {error}")
    for line in told:
        sys.stderr.write(f"{_CRITICAL}{line}\n")
