"""Somebody buys in a practice shop; `syncd sync`, as an owner runs it, makes both shops right again."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from syncd.cli.demo import tell
from syncd.demo import premises
from syncd.sandbox.practice import ARTICLES, SHOPIFY, WOO


@pytest.mark.parametrize("channel", [WOO, SHOPIFY])
def test_a_random_sku_that_is_bought_in_one_shop_is_right_in_both_after_a_sync(channel: str) -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SEED={seed} repeats this purchase")  # noqa: T201 - pytest shows it where the test fails
    chance = random.Random(seed)
    with premises() as place:
        with place.demo() as story:
            tell(story)
        books = {WOO: place.shops.woo.stock_of, SHOPIFY: place.shops.shopify.available}
        on_sale = {one.sku: units for one in ARTICLES if (units := books[channel](one.sku))}
        sku = chance.choice(sorted(on_sale))
        units = chance.randint(1, on_sale[sku])
        place.shops.buy(channel, sku, units)
        left = on_sale[sku] - units
        for _ in range(2):  # a second sync changes nothing
            sync = [sys.executable, "-m", "syncd", "--env-file", str(place.env_file), "sync"]
            synced = subprocess.run(sync, capture_output=True, text=True, check=False)
            assert synced.returncode == 0, synced.stdout + synced.stderr
            assert {name: shown(sku) for name, shown in books.items()} == {WOO: left, SHOPIFY: left}, (sku, units)
