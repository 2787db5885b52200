"""The command `syncd`: its global options and its verbs, in the order of ``--help``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

import syncd
from syncd import logs
from syncd.cli import (
    alerts,
    backup,
    channels,
    check,
    counting,
    decisions,
    demo,
    desk,
    files_io,
    incoming,
    init,
    install_service,
    mapping,
    permits,
    reorder,
    report_failure,
    reports,
    rules,
    service,
    storefront,
    suppliers,
    sync,
)
from syncd.cli.invocation import Invocation

FIRST_TIME = "First time"
EVERY_DAY = "Every day"
WHEN_SOMETHING_IS_WRONG = "When something is wrong"

VERBS: tuple[tuple[str, str, Callable[..., None] | typer.Typer], ...] = (
    (FIRST_TIME, "demo", demo.demo),
    (FIRST_TIME, "init", init.init),
    (FIRST_TIME, "check", check.check),
    (FIRST_TIME, "map", mapping.app),
    (FIRST_TIME, "import", files_io.import_),
    (FIRST_TIME, "adopt", counting.adopt),
    (FIRST_TIME, "plan", channels.plan),
    (FIRST_TIME, "go-live", channels.go_live),
    (FIRST_TIME, "storefront", storefront.storefront),
    (FIRST_TIME, "install-service", install_service.install_service),
    (EVERY_DAY, "sync", sync.sync),
    (EVERY_DAY, "run", service.run),
    (EVERY_DAY, "status", reports.status),
    (EVERY_DAY, "alerts", alerts.app),
    (EVERY_DAY, "ack", alerts.ack),
    (EVERY_DAY, "snooze", alerts.snooze),
    (EVERY_DAY, "stock", reports.stock),
    (EVERY_DAY, "sell", desk.sell),
    (EVERY_DAY, "receive", desk.receive),
    (EVERY_DAY, "count", desk.count),
    (EVERY_DAY, "adjust", desk.adjust),
    (EVERY_DAY, "return", desk.give_back),
    (EVERY_DAY, "accept", desk.accept),
    (EVERY_DAY, "incoming", incoming.app),
    (EVERY_DAY, "status-override", permits.status_override),
    (EVERY_DAY, "pre-order", permits.pre_order),
    (EVERY_DAY, "overbook", permits.overbook),
    (EVERY_DAY, "permissions", permits.permissions),
    (EVERY_DAY, "suppliers", suppliers.suppliers),
    (EVERY_DAY, "reorder", reorder.reorder),
    (EVERY_DAY, "set", rules.set_),
    (EVERY_DAY, "export", files_io.export),
    (EVERY_DAY, "backup", backup.backup),
    (WHEN_SOMETHING_IS_WRONG, "explain", reports.explain),
    (WHEN_SOMETHING_IS_WRONG, "incidents", decisions.incidents),
    (WHEN_SOMETHING_IS_WRONG, "close", decisions.close),
    (WHEN_SOMETHING_IS_WRONG, "pause", service.pause),
    (WHEN_SOMETHING_IS_WRONG, "resume", service.resume),
    (WHEN_SOMETHING_IS_WRONG, "holds", decisions.holds),
    (WHEN_SOMETHING_IS_WRONG, "approve", decisions.approve),
    (WHEN_SOMETHING_IS_WRONG, "reject", decisions.reject),
    (WHEN_SOMETHING_IS_WRONG, "decide", decisions.decide),
    (WHEN_SOMETHING_IS_WRONG, "moved", decisions.moved),
    (WHEN_SOMETHING_IS_WRONG, "heal", counting.heal),
    (WHEN_SOMETHING_IS_WRONG, "rollback", channels.rollback),
)
"""Panel, name and function (or group) of each verb, in the order in which ``--help`` shows them."""


class InOrder(TyperGroup):
    """Shows the verbs in their order, whether they are commands or groups of commands."""

    def list_commands(self, ctx: object) -> list[str]:
        return [name for _, name, _ in VERBS] + [name for name in self.commands if name not in _NAMES]


_NAMES = frozenset(name for _, name, _ in VERBS)
_TAKES_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}  # else `adjust SKU -1` would be an option -1
_OF_UNITS = (desk.sell, desk.receive, desk.count, desk.adjust, desk.give_back, desk.accept)

app = typer.Typer(
    name="syncd",
    cls=InOrder,
    help="Keeps one stock table and tells every shop a true number.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # an owner reads sentences, never a traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"syncd {syncd.__version__}")
        raise typer.Exit


@app.callback()
def _global(
    ctx: typer.Context,
    env_file: Annotated[
        Path | None,
        typer.Option(help="The settings, instead of SYNCD_ENV_FILE, /etc/syncd/.env or ./.env.", show_default=False),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell on stderr what happens.")] = False,
    _version_asked: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    logs.start(logging.INFO if verbose else logging.WARNING)
    ctx.obj = Invocation(env_file, os.environ)


for _panel, _name, _verb in VERBS:
    if isinstance(_verb, typer.Typer):
        app.add_typer(_verb, name=_name, rich_help_panel=_panel)
    else:
        _settings = _TAKES_NEGATIVE_NUMBERS if _verb in _OF_UNITS else None
        app.command(_name, rich_help_panel=_panel, context_settings=_settings)(_verb)

# For systemd, not for a person.
app.command("report-failure", hidden=True)(report_failure.report_failure)
app.command("tell-failure", hidden=True)(report_failure.tell_failure)
