from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_kit import Shops


@pytest.fixture
def shops(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shops]:
    """Two practice shops without goods, and commands that know both."""
    monkeypatch.chdir(tmp_path)
    shops = Shops(tmp_path, capsys)
    yield shops
    shops.close()
