"""`syncd demo`: both shops right as they stand in the shops' own books, and nothing left behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
import requests

from syncd.cli.demo import tell
from syncd.demo import Demo, Premises, premises
from syncd.errors import PartlyFailed
from syncd.sandbox.practice import ARTICLES, BUFFER_UNITS, SHOPIFY, WOO, PracticeShops

DEMO = [sys.executable, "-m", "syncd", "demo"]


def surroundings(temporary: Path) -> dict[str, str]:
    """The environment of somebody with shops of his own, behind a proxy that does not answer."""
    mine = {
        "SYNCD_CHANNELS": "woo_demo:woocommerce",
        "WOO_DEMO_URL": "http://127.0.0.1:9",
        "SYNCD_BUFFER": "7",
        "SYNCD_DATABASE_URL": f"sqlite:///{temporary / 'mine.db'}",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    return os.environ | mine | {"TMPDIR": str(temporary)}


def in_the_books(shops: PracticeShops, sku: str) -> dict[str, int | None]:
    """What a customer could buy in each shop, as the shops themselves know it."""
    return {WOO: shops.woo.stock_of(sku), SHOPIFY: shops.shopify.available(sku)}


def offered(units: int) -> dict[str, int]:
    return dict.fromkeys((WOO, SHOPIFY), max(0, units - BUFFER_UNITS))


@pytest.fixture
def place() -> Iterator[Premises]:
    with premises() as place:
        yield place


@pytest.fixture
def story(place: Premises) -> Iterator[Demo]:
    with place.demo() as story:
        yield story


def test_it_shows_the_buffer_and_a_sale_in_each_direction_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = subprocess.run(DEMO, env=surroundings(tmp_path), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = [re.sub(" {2,}", "|", line.strip()) for line in ran.stdout.splitlines()]
    assert "SKU|on hand|reserved|buffer|woo_demo|shopify_demo" in lines
    assert "SHOE-39-BLK|10|0|2|10 -> 8|10 -> 8" in lines
    assert "SHOE-39-BLK|10|1|2|7|8 -> 7" in lines
    assert "MUG-350|24|2|2|22 -> 20|20" in lines
    assert lines[-1] == "Both shops are right. Next: syncd init"
    assert list(tmp_path.iterdir()) == []


def test_both_shops_are_right_in_their_own_books(place: Premises, story: Demo) -> None:
    tell(story)
    bought = {"SHOE-39-BLK": 1, "MUG-350": 2}
    assert {one.sku: in_the_books(place.shops, one.sku) for one in ARTICLES} == {
        one.sku: offered(one.shelf - bought.get(one.sku, 0)) for one in ARTICLES
    }


def test_a_number_that_is_not_right_is_named(place: Premises, story: Demo) -> None:
    class Clumsy(Demo):
        def buy(self, channel: str, sku: str, units: int) -> None:
            super().buy(channel, sku, units)
            place.shops.woo.edit_stock("TEE-S-NAVY", 99)

    with pytest.raises(PartlyFailed, match="woo_demo shows 99 of TEE-S-NAVY and should show 10") as failed:
        tell(Clumsy(story.house, story.shops))
    assert failed.value.exit_code == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_at_work_it_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        DEMO, env=surroundings(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        assert "practice shops" in demo.stdout.readline()
        demo.send_signal(number)
        _, told = demo.communicate()
    assert (demo.returncode, told) == (130, "Stopped.\n")
    assert list(tmp_path.iterdir()) == []


def test_kept_open_it_tells_how_to_play_until_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*DEMO, "--keep"], env=surroundings(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        told = list(takewhile("Then be the owner, in a second terminal:\n".__ne__, demo.stdout))
        sync = demo.stdout.readline().split()
        env_file = Path(sync[sync.index("--env-file") + 1])
        assert env_file.parent.parent == tmp_path
        assert f"  {env_file.read_text().splitlines()[0]}\n" in told
        for customer in [line for line in told if line.startswith("  curl")]:
            _, _, header, _, wish, door = shlex.split(customer)
            answer = requests.post(door, wish, headers=dict([header.split(": ")]), timeout=10)
            assert "order" in answer.json()
        demo.send_signal(signal.SIGINT)
        rest, errors = demo.communicate()
    assert (demo.returncode, errors) == (0, "")
    assert rest.splitlines()[-1] == "Both shops are closed, and nothing is left of them."
    assert list(tmp_path.iterdir()) == []
