from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.storage.session import Database
from tests.engine.world import World, fresh_database

_template: list[Path] = []


@pytest.fixture
def make_world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes worlds, each with a database of its own."""
    open_databases: list[Database] = []
    if not _template:
        fresh_database(tmp_path_factory.mktemp("template"), _template).close()

    def make(**how: object) -> World:
        folder = tmp_path / str(len(open_databases))
        folder.mkdir()
        open_databases.append(fresh_database(folder, _template))
        return World(open_databases[-1], **how)  # type: ignore[arg-type]

    yield make
    for db in open_databases:
        db.close()
