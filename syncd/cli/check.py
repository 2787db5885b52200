"""`syncd check`: settings, database, every channel, rules that defeat one another, and who is told."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import typer

from connectors.contract import Finding, Level
from syncd import acting
from syncd.alerts import office
from syncd.cli import invocation, output
from syncd.cli.words import many
from syncd.config import Settings
from syncd.errors import CONFIGURATION, ConfigError
from syncd.storage.session import DatabaseProblem
from syncd.sync import inspection
from syncd.systemd import accounts, service
from syncd.systemd.accounts import System


def check(ctx: typer.Context) -> None:
    """Look at settings, database and every shop; changes nothing anywhere.

    Each line that is not ok says what to do. Example: syncd check
    """
    run = invocation.of(ctx)
    settings = run.settings()
    found = [("settings", finding) for finding in _settings(settings)]
    found += [("service", finding) for finding in service_findings(settings, System())]
    try:
        with run.house("check") as (house, _):
            found.append(("database", inspection.database(house)))
            if restored := inspection.restored(house):
                found.append(("database", restored))
            found += inspection.every_channel(house)
            found += inspection.every_place(house)
            found += inspection.every_shop(house)
            found += inspection.every_mapping(house)
            found += inspection.old_feeds(house)
            found += inspection.broken_promises(house)
            found += [("places", finding) for finding in inspection.unnamed_external(house)]
            if forgotten := inspection.forgotten_permissions(house):
                found.append(("permissions", forgotten))
            if thresholds := inspection.own_thresholds(house):
                found.append(("rules", thresholds))
            if late := inspection.late_alerts(house):
                found.append(("rules", late))
            found += [("alerts", finding) for finding in inspection.unknown_categories(house)]
    except DatabaseProblem as problem:
        found.append(("database", Finding(Level.FAIL, problem.sentence, problem.hint)))
    found += office.findings(settings.alerts)
    output.finding_rows(found)
    failed = sum(finding.level is Level.FAIL for _, finding in found)
    warned = sum(finding.level is Level.WARN for _, finding in found)
    if failed or warned:
        counts = [many(number, word) for number, word in ((failed, "problem"), (warned, "warning")) if number]
        output.line(f"{', '.join(counts)}. {'Mend, then: syncd check' if failed else 'syncd works all the same.'}")
    if failed:
        raise typer.Exit(CONFIGURATION)


def _settings(settings: Settings) -> list[Finding]:
    found = [Finding(Level.OK, f"{settings.count}, from {settings.source or 'the environment'}")]
    if settings.source and settings.secrets and accounts.readers(settings.source, of=System()) == "others":
        who = "other users of this machine can read the secrets in it"
        found.append(Finding(Level.WARN, f"{settings.source}: {who}", f"chmod 600 {settings.source}"))
    for key, file in settings.paths.secrets.items():
        if accounts.readers(file, of=System()) == "others":
            who = f"other users of this machine can read the secret in it ({key}_FILE)"
            found.append(Finding(Level.WARN, f"{file}: {who}", f"chmod 600 {shlex.quote(str(file))}"))
    return found


def service_findings(settings: Settings, of: System) -> Iterator[Finding]:
    """How the installed service fits the settings; nothing where none is installed."""
    if not service.installed(of):
        return
    try:
        closed, described = service.closed(settings, of), service.describe(settings, of)
    except ConfigError as error:
        yield from (Finding(Level.FAIL, problem.sentence, problem.hint) for problem in error.problems)
        return
    wrong = service.hidden(described, settings, of)
    user = acting.user_named(of.user)
    if os.geteuid() == acting.ROOT and user is not None:
        wrong += service.unreachable(described, settings, user)
    yield from (Finding(Level.FAIL, problem.sentence, problem.hint) for problem in wrong)
    if closed:
        again = "syncd install-service && systemctl restart syncd"
        yield Finding(Level.WARN, f"its units do not have what the settings name now: {', '.join(closed)}", again)
    if told := service.old_cron(of):
        yield Finding(Level.WARN, told, f"rm {of.cron}")
    if not wrong and not closed:
        yield Finding(Level.OK, f"installed, runs as {of.user}")
