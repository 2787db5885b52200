"""`syncd install-service`: the units of systemd, so that syncd runs by itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd import config, settings_file
from syncd.cli import invocation, output
from syncd.config import Settings
from syncd.errors import CONFIGURATION, SyncdError
from syncd.systemd import programs, service, units
from syncd.systemd.accounts import System

_THIS_MACHINE = System()


def install_service(
    ctx: typer.Context,
    only_print: Annotated[bool, typer.Option("--print", help="Show the units, and write nothing.")] = False,
) -> None:
    """Let systemd run syncd: makes its user, its folders and its units.

    Run it again after an upgrade, and when the settings name another folder or another file with a secret.
    """
    run = invocation.of(ctx)
    if only_print:
        _print(_settings(run, needed=False), _THIS_MACHINE)
        return
    if os.geteuid() != 0:
        hint = "Run: sudo syncd install-service, or look at what it would write with --print."
        raise SyncdError("Only root can install a service.", hint, exit_code=CONFIGURATION)
    settings = _settings(run, needed=True)
    assert settings is not None
    install(settings, _THIS_MACHINE, now=datetime.now(UTC))


def _settings(run: invocation.Invocation, *, needed: bool) -> Settings | None:
    """The settings as the service will read them: its file alone, for it does not see this shell's variables."""
    source = settings_file.find(run.env_file, run.environ)
    if source is None and not needed:
        return None
    if source is None and run.environ.get("SYNCD_CHANNELS"):
        hint = "Put them into /etc/syncd/.env: syncd init"
        sentence = "The settings are variables of this shell, which a service does not see."
        raise SyncdError(sentence, hint, exit_code=CONFIGURATION)
    return config.load(source, {})


def _print(settings: Settings | None, system: System) -> None:
    described = service.describe(settings, system)
    for name, text in units.rendered(described).items():
        output.line(f"# {system.units / name}")
        output.line(text)
    for problem in service.hidden(described, settings, system):
        output.failure(problem.sentence, problem.hint)


def install(settings: Settings, system: System, *, now: datetime) -> None:
    """Install the service and say what was written and what comes next. Raises as `service.install`."""
    written = service.install(settings, system, now)
    for path in written:
        output.line(f"Written: {path}")
        kept = path.with_name(f"{path.name}.{now:%Y%m%d-%H%M%S}.bak")
        if kept.exists():
            output.line(f"What was there before: {kept}")
    if not written:
        output.line("The units are as they should be.")
    if told := service.old_cron(system):
        output.failure(told, f"Delete that line, or: rm {system.cron}")
    if not system.booted.is_dir():
        output.failure("systemd does not run on this machine, so nothing starts the service.", "cron can: syncd sync")
        return
    output.line(f"Next: systemctl {_what_next()}")


def _what_next() -> str:
    running = programs.run("systemctl", "is-active", "--quiet", units.SERVICE).returncode == 0
    return "restart syncd" if running else "enable --now syncd"
