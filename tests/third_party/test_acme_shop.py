"""A stranger's connector, in a wheel of its own, is found, keeps the contract, and needs no edit of syncd."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HOUSE = HERE.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The surroundings of a process in which the wheel is installed."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--target", str(site), str(HERE / "acme_shop")], check=True)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(HOUSE)])}


def test_it_is_found_by_its_entry_point_only_where_it_is_installed(installed):
    asked = [sys.executable, "-c", "from connectors import registry; print(registry.find('acme_memory').kind)"]
    there = subprocess.run(asked, env=installed, capture_output=True, text=True, check=False)
    assert (there.returncode, there.stdout) == (0, "acme_memory\n"), there.stderr
    elsewhere = subprocess.run(
        asked, env=os.environ | {"PYTHONPATH": str(HOUSE)}, capture_output=True, text=True, check=False
    )
    assert "There is no connector 'acme_memory'" in elsewhere.stderr


def test_it_keeps_the_contract_that_ships(installed, tmp_path):
    suite = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(HERE / "acme_shop/contract_of_acme.py"),
    ]
    run = subprocess.run(suite, env=installed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "skipped" not in run.stdout
