"""Where syncd keeps things on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SETTINGS = (Path("/etc/syncd/.env"), Path(".env"))
"""Where a settings file is looked for when none is named, in this order (first-hour.md)."""

SYSTEM_STATE = Path("/var/lib/syncd")
"""The folder of the master table of a machine on which root installed syncd."""


def state_folder(environ: Mapping[str, str], *, is_root: bool | None = None, system: Path = SYSTEM_STATE) -> Path:
    """The folder of the master table where `SYNCD_DATABASE_URL` names none.

    The system's folder for root and wherever it exists, even if this user may not write it: then the database says so
    in words. Falling back to the home folder there would begin a second master table beside the first. Only on a
    machine without that folder it is the user's own (XDG: ``~/.local/state/syncd``).
    """
    if is_root is None:
        is_root = os.geteuid() == 0
    if is_root or system.is_dir():
        return system
    own = environ.get("XDG_STATE_HOME", "")
    return (Path(own) if own.startswith("/") else Path.home() / ".local" / "state") / "syncd"
