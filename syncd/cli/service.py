"""`syncd run`, `pause`, `resume`: the service, and keeping it from writing."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from syncd import acting, logs
from syncd.cli import invocation, output
from syncd.cli.channels import sinks
from syncd.config import Settings
from syncd.errors import PARTLY_FAILED
from syncd.storage.channels import Mode
from syncd.storage.session import DatabaseProblem
from syncd.sync import pausing, standing
from syncd.systemd.notify import Notifier

Channels = Annotated[list[str] | None, typer.Argument(metavar="[CHANNEL]...", help="Every shop, if none is named.")]


def run(ctx: typer.Context) -> None:
    """Read and write without end: what the service runs. Ctrl-C ends it.

    Reads each shop at least every SYNCD_POLL, writes what changed at once, takes in webhooks. Under systemd:
    syncd install-service. SIGHUP reads the settings again. Example: syncd run
    """
    from syncd.daemon import Daemon  # noqa: PLC0415  # a web server that no other command needs

    called = invocation.of(ctx)
    settings = called.settings()

    def load() -> Settings:
        found = called.settings()
        logs.start(logging.INFO, sys.stdout, style=found.log, under_journald=logs.journal_reads(sys.stdout, os.environ))
        return found

    logs.catch_uncaught()
    daemon = Daemon(load, Notifier.of(os.environ, os.getpid()))
    with acting.at_work(settings.state_folder, settings.table), _tried_again():
        in_good_order = daemon.run()
    if not in_good_order:
        # A call still hangs in its thread; the interpreter would wait for it. Its writes are in doubt already.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


@contextmanager
def _tried_again() -> Iterator[None]:
    """Trouble of the database that may pass ends with an exit code after which systemd starts the service again."""
    try:
        yield
    except DatabaseProblem as problem:
        if problem.passing:
            problem.exit_code = PARTLY_FAILED
        raise


def pause(ctx: typer.Context, channel: Channels = None) -> None:
    """Write nothing to a channel until it is resumed; reading goes on, and sales elsewhere count.

    Example: syncd pause woo
    """
    with invocation.of(ctx).house("pause") as (house, _):
        chosen = sinks(house, channel)
        paused = pausing.pause(house, chosen)
    for port in chosen:
        already = "" if port.name in paused else " already"
        output.line(f"{port.name}: paused{already}, nothing is written. Go on: syncd resume {port.name}")


def resume(ctx: typer.Context, channel: Channels = None) -> None:
    """Let a paused channel be written again.

    Example: syncd resume woo
    """
    with invocation.of(ctx).house("resume") as (house, _):
        chosen = sinks(house, channel)
        resumed = pausing.resume(house, chosen)
        shadow = {one.name for one in standing.standing(house).channels if one.mode is Mode.SHADOW}
    for port in chosen:
        follows = "is brought in step again" if port.name in resumed else "was not paused"
        if port.name in shadow:
            follows = f"is in shadow, nothing is written before: syncd go-live {port.name}"
        output.line(f"{port.name}: {follows}.")
