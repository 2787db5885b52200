"""What the options before the verb say, and the settings that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import typer

from syncd import config, logs
from syncd.config import Settings


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


def of(ctx: typer.Context) -> Invocation:
    """The invocation that a verb belongs to."""
    return cast(Invocation, ctx.obj)
