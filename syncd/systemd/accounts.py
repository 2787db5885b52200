"""The user of the service and what belongs to it on this machine: made by `syncd init` and `syncd install-service`."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from syncd import acting, places
from syncd.acting import Identity
from syncd.errors import CONFIGURATION, Problem, SyncdError
from syncd.systemd import programs

INSTALL_IT = "Install it as the README says, into /opt/syncd, with the system's own Python: /usr/bin/python3 -m venv"


def this_program() -> Path:
    """The file that runs syncd: the one that was called, else that of this environment."""
    called = shutil.which(sys.argv[0])
    if called and Path(called).name == "syncd":
        return Path(called).resolve()
    return Path(sys.prefix) / "bin" / "syncd"


@dataclass(frozen=True, slots=True)
class System:
    """Where things are on a machine on which root installed syncd, and the name of the service's user and group.

    `hidden` are the folders in which its unit shows the service nothing.
    """

    user: str = "syncd"
    settings: Path = places.SETTINGS[0]
    state: Path = places.SYSTEM_STATE
    units: Path = Path("/etc/systemd/system")
    cron: Path = Path("/etc/cron.d/syncd")
    booted: Path = Path("/run/systemd/system")  # there where systemd runs: sd_booted(3)
    program: Path = field(default_factory=this_program)
    hidden: tuple[Path, ...] = (
        *(Path(home) for home in ("/home", "/root", "/run/user")),  # ProtectHome=
        *(Path(temporary) for temporary in ("/tmp", "/var/tmp")),  # noqa: S108 - PrivateTmp=: it has its own
    )


def user_of(system: System) -> Identity:
    """The service's user, made where it is missing.

    Raises:
        SyncdError: it cannot be made.
    """
    return acting.user_named(system.user) or _make_user(system)


def runs_as(system: System, user: Identity) -> list[Problem]:
    """Why the program cannot be run by that user: it, or its Python, lies where only root looks. Tried by root."""
    ran = programs.run(system.program, "--version", user=user)
    if ran.returncode == 0:
        return []
    return [Problem(f"{system.program} cannot be run by {user.name}.", INSTALL_IT)]


def prepare(system: System, user: Identity) -> None:
    """Make the folders of the service's user and their rights, as far as they are missing.

    Doing it twice is doing it once. What root, or whoever owned the state folder before, left in it is given to the
    user: the service could not read it.

    Raises:
        SyncdError: a folder cannot be made.
    """
    try:
        system.settings.parent.mkdir(parents=True, exist_ok=True)
        os.chown(system.settings.parent, acting.ROOT, user.gid)
        system.settings.parent.chmod(0o750)
        system.state.mkdir(parents=True, exist_ok=True)
        acting.give_all(system.state, user, of=frozenset({acting.ROOT, system.state.stat().st_uid}))
        system.state.chmod(0o750)
        if system.settings.exists():
            share(system.settings, user)
    except OSError as error:
        raise SyncdError(
            f"{error.filename or system.state} cannot be prepared for the service: {error.strerror}.",
            "Mend that, then: syncd install-service",
            exit_code=CONFIGURATION,
        ) from error


def share(settings: Path, user: Identity) -> None:
    """Let the service read a settings file of root's, and nobody else: 0640, root and the group of the service."""
    found = settings.stat()
    if found.st_uid == acting.ROOT:
        os.chown(settings, acting.ROOT, user.gid)
        settings.chmod(0o640)


def _make_user(system: System) -> Identity:
    nobody_logs_in = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    group = ["--gid", system.user] if acting.group_named(system.user) is not None else ["--user-group"]
    made = programs.run(
        "useradd",
        *("--system", *group, "--home-dir", str(system.state), "--no-create-home", "--shell", nobody_logs_in),
        *("--comment", "syncd, the stock of the shops", system.user),
    )
    user = acting.user_named(system.user)
    if user is None:
        raise SyncdError(
            f"The user {system.user} cannot be made: {made.stderr.strip()}.",
            f"Make a user named {system.user} and a group of that name, then: syncd install-service",
            exit_code=CONFIGURATION,
        )
    return user


def readers(file: Path, *, of: System) -> str:
    """Who can read a settings file beside its owner: ``""`` for nobody, else "the service" or "others"."""
    found = file.stat()
    mode = stat.S_IMODE(found.st_mode)
    if not mode & 0o077:
        return ""
    service = acting.user_named(of.user)
    of_service = service is not None and found.st_gid == service.gid and not mode & 0o037
    return "the service" if of_service else "others"
