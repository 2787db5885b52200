"""What the options before the verb say, and the settings that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import typer

from syncd import acting, config, logs
from syncd.app import open_house
from syncd.cli import output
from syncd.config import Settings
from syncd.sync.house import House

PATIENCE = timedelta(seconds=120)
"""The service gives a channel up at its next page; another command may need longer."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the command line."""

    env_file: Path | None
    environ: Mapping[str, str]

    def settings(self) -> Settings:
        """The settings; their secrets are hidden from log lines from now on.

        Raises:
            ConfigError: with every problem that there is.
        """
        settings = config.load(self.env_file, self.environ)
        logs.hide(settings.secrets)
        return settings

    @contextmanager
    def house(self, command: str, *, patience: timedelta = PATIENCE) -> Iterator[tuple[House, Settings]]:
        """The house of these settings, open for one command; long work shows itself on a terminal.

        `patience`: how long it waits for a channel on which another syncd is at work.
        Meanwhile root acts as the owner of the master table: a file that the owner names is read before or written
        after it, or within `acting.for_file`.

        Raises:
            ConfigError: as `settings`.
            DatabaseProblem: the database cannot be used.
        """
        settings = self.settings()
        with (
            output.progress() as progress,
            acting.at_work(settings.state_folder, settings.table),
            open_house(settings, command=command, progress=progress, patience=patience) as house,
        ):
            yield house, settings


def of(ctx: typer.Context) -> Invocation:
    """The invocation that a verb belongs to."""
    return cast(Invocation, ctx.obj)
