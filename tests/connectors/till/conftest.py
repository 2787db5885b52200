from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.till.drawer import Drawer


@pytest.fixture
def drawer(tmp_path: Path) -> Drawer:
    folder = tmp_path / "till"
    folder.mkdir()
    return Drawer(folder)
