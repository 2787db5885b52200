"""A stranger's connector, in a wheel of its own, is found, keeps the contract, and needs no edit of syncd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HOUSE = HERE.parent.parent
SHOE = "2"  # the id of the first listing that is added to such a shop


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


def test_two_such_shops_are_counted_go_live_and_stay_in_step_from_the_command_line(installed, tmp_path):
    shops = {"acme_north": tmp_path / "north.json", "acme_south": tmp_path / "south.json"}
    for file in shops.values():
        in_the_shop(installed, file, "shop.found(); shop.add('SHOE-39-BLK', 10); shop.add('MUG', 5)")
    env_file = tmp_path / ".env"
    env_file.write_text(
        f"""
        SYNCD_CHANNELS=acme_north:acme_memory, acme_south:acme_memory
        SYNCD_BUFFER=2
        SYNCD_DATABASE_URL=sqlite:///{tmp_path / "syncd.db"}
        ACME_NORTH_SHOP={shops["acme_north"]}
        ACME_SOUTH_SHOP={shops["acme_south"]}
        """
    )

    def syncd(*arguments: str) -> None:
        command = [sys.executable, "-m", "syncd", "--env-file", str(env_file), *arguments]
        run = subprocess.run(command, env=installed, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr

    def shown() -> list[dict[str, int]]:
        listings = [json.loads(file.read_text())["listings"].values() for file in shops.values()]
        return [{one["sku"]: one["shown"] for one in here} for here in listings]

    syncd("adopt", "acme_north", "--yes")
    assert shown() == 2 * [{"SHOE-39-BLK": 10, "MUG": 5}]
    syncd("go-live", "acme_north", "acme_south", "--yes")
    assert shown() == 2 * [{"SHOE-39-BLK": 8, "MUG": 3}]
    in_the_shop(installed, shops["acme_south"], f"shop.buy({SHOE!r}, 3)")
    syncd("sync")
    assert shown() == 2 * [{"SHOE-39-BLK": 5, "MUG": 3}]


def in_the_shop(installed: dict[str, str], file: Path, happens: str) -> None:
    """What its owner or a customer does there; the shop's own code is only where the wheel is installed."""
    shop = f"from pathlib import Path; from acme_shop.shop import AcmeShop; shop = AcmeShop(Path({str(file)!r}))"
    subprocess.run([sys.executable, "-c", f"{shop}; {happens}"], env=installed, check=True)
