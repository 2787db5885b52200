"""`syncd demo`: the main job on two practice shops, by the same services as the real commands."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors import registry
from syncd import app, config, logs, settings_file
from syncd.sandbox.practice import ARTICLES, BUFFER_UNITS, SHOPIFY, WOO, PracticeShops, practice_shops
from syncd.sync import adoption, golive, mapper, preview
from syncd.sync.adoption import Adoption
from syncd.sync.cycle import Report, sync
from syncd.sync.golive import GoneLive
from syncd.sync.house import House
from syncd.sync.preview import ChannelPlan
from syncd.sync.standing import stock

CHANNELS = (WOO, SHOPIFY)

Shown = dict[str, dict[str, int | None]]
"""What each channel shows of each SKU."""


@dataclass(frozen=True, slots=True)
class Row:
    """One SKU as it stands in the master table, and what each channel showed before and shows after a step."""

    sku: str
    on_hand: int
    reserved: int
    buffer: int
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]


@dataclass(slots=True)
class Demo:
    """A shop owner's first hour: count, look at the plan, go live, sell, sync. Numbers are read back from the shops."""

    house: House
    shops: PracticeShops
    _bought: Counter[str] = field(default_factory=Counter)

    def count(self) -> Adoption:
        """Take what the WooCommerce shop shows as the first count (`syncd adopt`), and match the listings of both."""
        woo, shopify = map(self.house.port, CHANNELS)
        counted = adoption.look(self.house, woo)
        adoption.commit(self.house, woo, counted)
        mapper.refresh(self.house, shopify)
        return counted

    def plan(self) -> list[ChannelPlan]:
        """What would be written (`syncd plan`)."""
        return [preview.plan(self.house, self.house.port(name)) for name in CHANNELS]

    def go_live(self) -> list[GoneLive]:
        """Write a few numbers to each shop, read them back, write the rest (`syncd go-live`)."""
        return [golive.go_live(self.house, self.house.port(name)) for name in CHANNELS]

    def sync(self) -> Report:
        """`syncd sync`."""
        return sync(self.house)

    def buy(self, channel: str, sku: str, units: int) -> None:
        """A customer buys over HTTP. Raises as `PracticeShops.buy`."""
        self.shops.buy(channel, sku, units)
        self._bought[sku] += units

    def shown(self) -> Shown:
        """What the shops show now, read over HTTP."""
        return {name: self._shown(name) for name in CHANNELS}

    def _shown(self, channel: str) -> dict[str, int | None]:
        shelf = self.house.port(channel).shelf
        assert shelf is not None
        return {listing.sku: listing.shown for page in shelf.listings() for listing in page.listings if listing.sku}

    def table(self, before: Shown, after: Shown) -> list[Row]:
        """The master table beside what the shops showed before and show after."""
        return [
            Row(
                line.sku.sku,
                line.pools.own,
                line.pools.reserved,
                BUFFER_UNITS,
                tuple(before[name].get(line.sku.sku) for name in CHANNELS),
                tuple(after[name].get(line.sku.sku) for name in CHANNELS),
            )
            for line in stock(self.house)
        ]

    def wrong(self, shown: Shown) -> list[str]:
        """A sentence for each number that is not the units on the shelf, less those sold, less the buffer."""
        return [
            f"{name} shows {shown[name].get(article.sku)} of {article.sku} and should show {right}"
            for article in ARTICLES
            for right in [max(0, article.shelf - self._bought[article.sku] - BUFFER_UNITS)]
            for name in CHANNELS
            if shown[name].get(article.sku) != right
        ]


@dataclass(frozen=True, slots=True)
class Premises:
    """Two open practice shops, and the file of settings that an owner of both would have."""

    shops: PracticeShops
    env_file: Path

    @contextmanager
    def demo(self) -> Iterator[Demo]:
        """The story, on an empty master table. The environment is not looked at: it may hold real shops."""
        lines = settings_file.parse(settings_file.text_of(self.env_file))
        settings = config.from_lines(lines, {}, source=self.env_file, find_kind=registry.find)
        logs.hide(settings.secrets)
        with app.open_house(settings, command="demo") as house:
            yield Demo(house, self.shops)


@contextmanager
def premises() -> Iterator[Premises]:
    """Two practice shops and their settings, on this machine only; nothing is left of them at the end."""
    with tempfile.TemporaryDirectory(prefix="syncd-demo-") as folder, practice_shops() as shops:
        env_file = Path(folder) / ".env"
        env_file.write_text(shops.env(Path(folder)), encoding="utf-8")
        yield Premises(shops, env_file)
