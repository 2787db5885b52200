"""The service on this machine: what its units have to open for the settings, whether its user can reach all of that,
and the units themselves in their place."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import syncd
from syncd import acting, whole_file
from syncd.acting import Identity
from syncd.config import Settings
from syncd.errors import CONFIGURATION, ConfigError, Problem, SyncdError
from syncd.systemd import accounts, programs, units
from syncd.systemd.accounts import System
from syncd.systemd.units import Service


def describe(settings: Settings | None, of: System) -> Service:
    """The service that these settings ask for; without any, that of a machine on which all is at its usual place.

    Raises:
        ConfigError: a path cannot stand in a unit.
    """
    if settings is None:
        return Service(of.program, of.settings, of.user)
    folders = dict.fromkeys(folder for folder in settings.paths.written if not folder.is_relative_to(of.state))
    source = (settings.source or of.settings).absolute()
    try:
        return Service(of.program, source, of.user, tuple(folders), tuple(settings.paths.secrets.items()))
    except ValueError as error:
        hint = "Name a full path without quotes and backslashes."
        raise ConfigError((Problem(f"{error.args[0]}.", hint),), source=str(source)) from None


def hidden(service: Service, settings: Settings | None, of: System) -> list[Problem]:
    """What lies where the unit lets the service see nothing: homes and temporary folders."""
    needed = [("The program", place, accounts.INSTALL_IT) for place in _of_program(service)]
    needed.append(("The settings file", service.settings, "Move it to /etc/syncd/.env."))
    needed += [
        ("The folder", folder, "Move it, such as to /var/lib/syncd, and name it anew.") for folder in service.folders
    ]
    for file in settings.paths.read if settings else ():
        needed.append(("The file", file, "Move it, such as to /etc/syncd, and name it anew."))
    return [
        Problem(f"{what} {place} is where the service may not look: below {above}.", way_out)
        for what, place, way_out in needed
        for above in of.hidden
        if place.resolve().is_relative_to(above)
    ]


def _of_program(service: Service) -> list[Path]:
    """Where the program, its interpreter and its modules are; each of them once."""
    modules = Path(syncd.__file__).parent
    own = [service.program, Path(sys.base_prefix)]
    return [*own, *([] if modules.is_relative_to(sys.prefix) else [modules])]


def unreachable(service: Service, settings: Settings, user: Identity) -> list[Problem]:
    """What the service's user has no right to, tried as that user; asked by root."""
    with acting.acting_as(user):
        problems = [
            Problem(
                f"{file} cannot be read by {user.name}.",
                f"Mend the rights of it and of its folders: chgrp {user.name}, chmod g+r.",
            )
            for file in (service.settings, *settings.paths.read)
            if not os.access(file, os.R_OK, effective_ids=True)
        ]
        problems += [
            Problem(f"{place} cannot be written by {user.name}.", f"Give it away: chown {user.name}: {place}")
            for place in _written(service, settings)
            if not os.access(place, os.W_OK, effective_ids=True)
        ]
    return problems


def _written(service: Service, settings: Settings) -> Iterator[Path]:
    yield from service.folders
    if settings.table and settings.table.exists():
        yield settings.table


def install(settings: Settings, of: System, now: datetime) -> list[Path]:
    """Put the units in their place, with the user and the folders that they name; the files that were written.

    What was in a unit and is no longer is kept beside it. Doing it twice changes nothing.

    Raises:
        ConfigError: with all that the service could not reach.
        SyncdError: the user, a folder or a unit cannot be made.
    """
    service = describe(settings, of)
    _refuse(hidden(service, settings, of), service)
    user = accounts.user_of(of)
    _refuse(accounts.runs_as(of, user), service)
    accounts.prepare(of, user)
    accounts.share(service.settings, user)
    for folder in service.folders:
        _hand_over(folder, settings, user)
    _refuse(unreachable(service, settings, user), service)
    written = [path for name, text in units.rendered(service).items() if _put(path := of.units / name, text, now)]
    if written and of.booted.is_dir():
        reloaded = programs.run("systemctl", "daemon-reload")
        if reloaded.returncode:
            raise SyncdError(f"systemd did not take the units: {reloaded.stderr.strip()}.", "systemctl daemon-reload")
    return written


def _refuse(problems: list[Problem], service: Service) -> None:
    if problems:
        raise ConfigError(problems, source=f"what the service needs, by {service.settings}")


def _hand_over(folder: Path, settings: Settings, user: Identity) -> None:
    """Give a folder to the service that is root's and holds nothing but the master table, if anything."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = [file.name for file in folder.iterdir()]
        ours = [name for name in names if settings.table and name.startswith(settings.table.name)]
        if folder.stat().st_uid == acting.ROOT:
            acting.give(folder, ours, user)
            if set(ours) >= set(names) - {"errors.log"}:
                acting.give_all(folder, user)
    except OSError as error:
        raise SyncdError(f"{folder} cannot be made ready: {error.strerror}.", exit_code=CONFIGURATION) from error


def _put(path: Path, text: str, now: datetime) -> bool:
    """Write a unit that is another than before; True where it was written."""
    content = text.encode("utf-8")
    try:
        if path.exists():
            if path.read_bytes() == content:
                return False
            whole_file.write(whole_file.beside(path, now), path.read_bytes(), mode=0o644)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(path, content, mode=0o644)
    except OSError as error:
        raise SyncdError(f"{path} cannot be written: {error.strerror}.", exit_code=CONFIGURATION) from error
    return True


def old_cron(of: System) -> str:
    """The words about a line of cron that does what the service does now; empty where there is none."""
    try:
        lines = of.cron.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    still = any("syncd sync" in line for line in lines if not line.lstrip().startswith("#"))
    return f"{of.cron} still runs syncd sync, which the service does by itself." if still else ""


def installed(of: System) -> bool:
    """Whether the unit is in its place."""
    return (of.units / units.SERVICE).is_file()


def closed(settings: Settings, of: System) -> list[str]:
    """What the installed units, with what `systemctl edit` added, lack for these settings: lines, or a whole unit."""
    lacking: dict[str, None] = {}
    wanted = describe(settings, of).lines()
    for name in (units.SERVICE, units.TELLS):
        unit = of.units / name
        if not unit.is_file():
            lacking[name] = None
            continue
        said = [unit, *unit.with_name(f"{unit.name}.d").glob("*.conf")]
        there = {line.strip() for file in said for line in file.read_text(encoding="utf-8").splitlines()}
        lacking |= dict.fromkeys(line for line in wanted if line not in there and _belongs(line, name))
    return list(lacking)


def _belongs(line: str, name: str) -> bool:
    # A folder that is not mounted keeps no news back.
    return name == units.SERVICE or not line.startswith("RequiresMountsFor=")
