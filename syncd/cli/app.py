"""The command `syncd`: its global options and its verbs, in the order of ``--help``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import syncd
from syncd import logs
from syncd.cli import init
from syncd.cli.invocation import Invocation

FIRST_TIME = "First time"
EVERY_DAY = "Every day"
WHEN_SOMETHING_IS_WRONG = "When something is wrong"

VERBS: tuple[tuple[str, str, Callable[..., None]], ...] = ((FIRST_TIME, "init", init.init),)
"""Panel, name and function of each verb, in the order in which ``--help`` shows them."""

app = typer.Typer(
    name="syncd",
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
    app.command(_name, rich_help_panel=_panel)(_verb)
