"""Running the programs of the system: systemctl, useradd, and syncd itself as another user."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from syncd.acting import Identity

_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"  # not the caller's PATH: root runs these


def run(
    program: str | Path, *arguments: str, user: Identity | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """How the program ended, and what it said; one that cannot be run has ended with 127 and says why.

    With `user` it runs as that user, and sees nothing of this shell's variables.
    """
    command = [shutil.which(program, path=_PLACES) or str(program), *arguments]
    other = {"user": user.uid, "group": user.gid, "extra_groups": user.groups} if user else {}
    environ = {"HOME": user.home, "PATH": _PLACES} if user else None
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return] # noqa: S603 - the callers name the programs
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
            cwd="/",
            env=environ,
            **other,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: {error}")
