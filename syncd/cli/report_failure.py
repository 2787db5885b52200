"""`syncd report-failure`: what systemd calls when the service has stopped for good (``OnFailure=``)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from syncd import acting, config
from syncd import app as composition
from syncd.alerts import dispatcher, evaluator
from syncd.cli import invocation
from syncd.cli.invocation import Invocation
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
        told += _tell_people(run)
    except SyncdError as error:
        told.append(f"syncd holds does not show this: {error}")
    for line in told:
        sys.stderr.write(f"{_CRITICAL}{line}\n")


def _tell_people(run: Invocation) -> list[str]:
    """Tell those who are to be told of alerts, as the service would; why one could not be told, a line each. Wrong
    settings may be why the service has stopped: then nobody can be told but the journal."""
    try:
        with run.house("report-failure", patience=timedelta()) as (house, settings):
            evaluator.sweep(house)
            found = dispatcher.deliver(composition.office(house, settings), gather=False)
    except SyncdError as error:
        return [f"nobody was told by mail or Slack: {error}"]
    return [f"{one.target} could not be told: {one.trouble}. {one.hint}".rstrip() for one in found if one.trouble]
