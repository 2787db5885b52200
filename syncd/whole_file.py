"""Writing a file whole or not at all, with what was there kept beside it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def write(target: Path, content: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Put `content` in the place of the file at once, with these rights and, where given, user and group.

    Only root gives files away: for anybody else the file stays theirs, and readable by nobody else.
    """
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            with suppress(PermissionError):
                if owner is not None:
                    os.fchown(file.fileno(), *owner)
                os.fchmod(file.fileno(), mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def beside(target: Path, now: datetime) -> Path:
    """Where what was in the file is kept."""
    return target.with_name(f"{target.name}.{now:%Y%m%d-%H%M%S}.bak")
