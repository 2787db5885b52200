"""`syncd backup`: a copy of the master table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd import acting
from syncd.cli import invocation, output
from syncd.storage import migrate


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to; it must not be there yet.")],
) -> None:
    """Copy the master table into a file, also while syncd is at work.

    Example: syncd backup /root/syncd-monday.db
    """
    with invocation.of(ctx).house("backup") as (house, settings):
        with acting.for_file(file, settings.state_folder):
            saved = migrate.backup(house.db, file)
    output.line(f"Saved: {saved}")
