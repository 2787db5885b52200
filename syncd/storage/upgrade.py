"""Alembic, driven from code: which revision is the newest, and the way there."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from syncd.storage.session import Tx


def _config(scripts: str) -> Config:
    config = Config()
    config.set_main_option("script_location", scripts)
    return config


def target(scripts: str, current: str | None) -> str | None:
    """The revision to which an upgrade leads; ``None`` where `current` is none that these scripts know."""
    versions = ScriptDirectory.from_config(_config(scripts))
    if current is not None and current not in {script.revision for script in versions.walk_revisions()}:
        return None
    return versions.get_current_head()


def run(tx: Tx, scripts: str, revision: str = "head") -> None:
    """Bring the tables up to date, or to this revision, within this transaction; nothing happens where they are."""
    config = _config(scripts)
    config.attributes["connection"] = tx
    command.upgrade(config, revision)
