"""What systemd calls when the service has stopped for good (``OnFailure=``): `syncd report-failure`, which nothing
keeps from writing to the journal, and `syncd tell-failure`, which takes secrets, the network and time."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from syncd import acting, config, logs
from syncd import app as composition
from syncd.alerts import dispatcher, evaluator, straight
from syncd.cli import invocation
from syncd.cli.invocation import Invocation
from syncd.errors import SyncdError
from syncd.systemd import failure

_CRITICAL = "<2>"  # the journal takes the level of a line from this (sd-daemon(3))
_Unit = Annotated[str, typer.Argument(help="The unit that has stopped.")]


def report_failure(ctx: typer.Context, unit: _Unit) -> None:
    """Write to the journal that the service has stopped, and note it; systemd calls this."""
    _say([" ".join(map(str, failure.words(unit))), *failure.last_lines(unit)])
    try:
        _note(invocation.of(ctx), unit)
    except Exception as error:  # noqa: BLE001 - the journal has the news, and is to have this, too
        _say([f"syncd holds does not show this: {_why(error)}"])


def tell_failure(ctx: typer.Context, unit: _Unit) -> None:
    """Tell people that the service has stopped; systemd calls this."""
    run = invocation.of(ctx)
    try:
        _say(_by_the_table(run, unit))
    except Exception as error:  # noqa: BLE001 - what stopped the service may stop this way, too
        _say([f"syncd alerts does not show who was told: {_why(error)}"])
        try:
            _say(_straight(run, unit))
        except Exception as last:  # noqa: BLE001 - no third way
            _say([f"nobody was told by mail or Slack: {_why(last)}"])


def _note(run: Invocation, unit: str) -> None:
    url, folder = config.where_the_table_is(run.env_file, run.environ)
    with acting.as_owner_of(folder):
        failure.note(url, unit, datetime.now(UTC))


def _by_the_table(run: Invocation, unit: str) -> list[str]:
    """Tell those who are to be told of alerts as the service would, once; why one could not be told, a line each."""
    _note(run, unit)  # the unit that does may have been kept from it
    with run.house("tell-failure", patience=timedelta()) as (house, settings):
        evaluator.sweep(house)
        office = composition.office(house, settings)
        dispatcher.try_at_once(office)  # nobody is there who would try later
        found = dispatcher.deliver(office, gather=False)
    return [_not_told(one.target, one.trouble, one.hint) for one in found if one.trouble]


def _straight(run: Invocation, unit: str) -> list[str]:
    """Tell them without the table; as above."""
    settings = config.who_is_told(run.env_file, run.environ)
    logs.hide(settings.secrets)
    what, hint = failure.words(unit)
    found = straight.tell_stopped(
        settings.alerts, what, hint, language=settings.language, zone=settings.timezone, now=datetime.now(UTC)
    )
    if not found:
        return ["nobody was told by mail or Slack: nobody is to be, or the settings do not say how"]
    return [_not_told(name, error.sentence, error.hint) for name, error in found if error is not None]


def _not_told(name: str, sentence: str, hint: str) -> str:
    return f"{name} could not be told: {sentence}. {hint}".rstrip()


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, SyncdError) else f"something unexpected ({type(error).__name__})"


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{_CRITICAL}{logs.redacted(line)}\n")
    sys.stderr.flush()
