"""The real service as a process of its own, live in two practice shops over HTTP on loopback: what benchmarks measure.

The shops remember when each number became what it is, by the clock of this process.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

from connectors import registry
from syncd import app, config, settings_file
from syncd.demo import Demo
from syncd.sandbox.deliveries import Courier
from syncd.sandbox.practice import BUFFER_UNITS, SHOPIFY, WOO, PracticeShops
from syncd.sandbox.server import Call, SandboxServer
from syncd.sandbox.shopify import Bucket, ShopifyApp, ShopifyShop
from syncd.sandbox.shopify.model import InventoryLevel
from syncd.sandbox.woocommerce import WooShop, woo_app
from syncd.sandbox.woocommerce.model import Product
from syncd.sandbox.woocommerce.webhooks import within_a_minute
from syncd.storage import channels
from syncd.sync.house import House

SHELF = 50
"""Units of each SKU at the beginning."""

VARIATIONS = 5
WEBHOOK_URL = "https://sync.example.com"
SCOPES = frozenset(("read_products", "read_inventory", "write_inventory", "read_locations", "read_orders"))
START_WITHIN_S = 600.0
STOP_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1

Seen = dict[str, list[tuple[float, int]]]
"""By SKU: since when (`time.monotonic`) a shop showed which number."""


class SeenWoo(WooShop):
    """A shop that remembers when each number became what it is. `delay`: how late it delivers its webhooks."""

    def __init__(self) -> None:
        self.seen: Seen = defaultdict(list)
        self.delay: Callable[[], timedelta] = within_a_minute
        super().__init__(lambda: datetime.now(UTC), webhook_delay=lambda: self.delay())

    def save(self, product: Product) -> None:
        super().save(product)
        self.seen[product.sku].append((time.monotonic(), product.stock or 0))


class SeenShopify(ShopifyShop):
    """As `SeenWoo`; `seen` is set by whoever makes it."""

    seen: Seen

    def move(self, level: InventoryLevel, **deltas: int) -> None:
        super().move(level, **deltas)
        self.seen[level.item.variant.sku or ""].append((time.monotonic(), level.states["available"]))


@dataclass(slots=True)
class Scene:
    """Two shops with the same catalogue, counted and live, and the settings of the service that is to serve them."""

    woo: SeenWoo
    shopify: SeenShopify
    shops: PracticeShops
    skus: list[str]
    folder: Path
    port: int

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @contextmanager
    def house(self) -> Iterator[House]:
        """The service's house in this process, while the service does not run."""
        lines = settings_file.parse(settings_file.text_of(self.env_file))
        settings = config.from_lines(lines, {}, source=self.env_file, find_kind=registry.find)
        with app.open_house(settings, command="bench") as house:
            yield house

    def seen(self, channel: str) -> Seen:
        return {WOO: self.woo.seen, SHOPIFY: self.shopify.seen}[channel]

    def buy(self, channel: str, sku: str) -> float:
        """A customer buys one unit; when (`time.monotonic`)."""
        at = time.monotonic()
        (self.woo.buy if channel == WOO else self.shopify.buy)(sku)
        return at

    def asked(self) -> Counter[tuple[str, str]]:
        """By channel and endpoint, how often the shops were asked since the last time, by their own count."""
        found: Counter[tuple[str, str]] = Counter()
        for name, server in ((WOO, self.shops.woo_server), (SHOPIFY, self.shops.shopify_server)):
            calls, server.calls = server.calls, []
            found.update((name, endpoint(call)) for call in calls)
        return found


def endpoint(call: Call) -> str:
    """What was asked, without ids."""
    if call.path.endswith("graphql.json"):
        told = re.search(rb"(query|mutation)\s+(\w+)", call.body)
        return b" ".join(told.groups()).decode() if told else "graphql"
    return f"{call.method} {re.sub(r'/[0-9]+', '/{id}', call.path)}"


@contextmanager
def scene(how_many: int, settings: Iterable[str] = (), *, buffer: int = BUFFER_UNITS) -> Iterator[Scene]:
    """So many SKUs in both shops, half of them variations; counted in the WooCommerce shop, live in both."""
    woo = SeenWoo()
    shopify = SeenShopify(name="Bench", domain="bench.myshopify.com")
    shopify.seen = defaultdict(list)
    skus = _stock(woo, shopify, how_many)
    made = ShopifyApp(
        shopify, client_id=secrets.token_hex(16), client_secret=f"shpss_{secrets.token_hex(16)}", scopes=SCOPES
    )
    # Of the largest plan, so that the speed of the service is measured and not that of the plan.
    made.bucket = Bucket(shopify.clock, maximum=20_000, restore_rate=1_000)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="syncd-bench-")))
        servers = [opened.enter_context(SandboxServer(serves)) for serves in (woo_app(woo), made)]
        shops = PracticeShops(woo, shopify, *servers, made)
        made_scene = Scene(woo, shopify, shops, skus, folder, _free_port())
        text = shops.env(folder).replace(f"SYNCD_BUFFER={BUFFER_UNITS}\n", f"SYNCD_BUFFER={buffer}\n")
        lines = [f"SYNCD_LISTEN=127.0.0.1:{made_scene.port}", *settings]
        made_scene.env_file.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        with made_scene.house() as house:
            demo = Demo(house, shops)
            demo.count()
            assert all(one.live for one in demo.go_live())
        yield made_scene


def _stock(woo: SeenWoo, shopify: SeenShopify, how_many: int) -> list[str]:
    skus = []
    for number in range(how_many // 2):
        skus.append(sku := f"CUP-{number:05}")
        woo.add_simple(sku, f"Cup {number}", SHELF)
        shopify.add_product(f"Cup {number}", [{"sku": sku, "units": SHELF}])
    for number in range((how_many - len(skus)) // VARIATIONS):
        sizes = {str(38 + size): f"SHOE-{number:05}-{38 + size}" for size in range(VARIATIONS)}
        woo.add_variable(f"SHOE-{number:05}", f"Shoe {number}", dict.fromkeys(sizes, SHELF))
        wishes = [{"sku": sku, "units": SHELF, "options": {"Size": size}} for size, sku in sizes.items()]
        shopify.add_product(f"Shoe {number}", wishes)
        skus += sizes.values()
    return skus


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Service:
    """The process at work."""

    process: subprocess.Popen[bytes]
    port: int

    def metrics(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """What it counted, by name and the values of its labels in the order of their names."""
        text = requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text
        return {
            (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10).ok
        except requests.RequestException:
            return False

    def ended(self, job: str, channel: str) -> float:
        """How often a job came to its end."""
        return sum(
            value
            for (name, labels), value in self.metrics().items()
            if name == "syncd_jobs_total" and labels[:2] == (channel, job)
        )

    def cpu_s(self) -> float:
        """CPU seconds since its start, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, what: str) -> float:
        """Now (``VmRSS``), or the most since the start (``VmHWM``)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith(f"{what}:"))
        return int(line.split()[1]) / 1024


@contextmanager
def service(of: Scene, *, delivered: bool) -> Iterator[Service]:
    """The service from the end of its first round on; `delivered`: the shops' webhooks reach it."""
    with ExitStack() as opened:
        if delivered:
            for shop in (of.woo, of.shopify):
                shop.webhooks.deliveries.deliver_to = f"http://127.0.0.1:{of.port}"
                opened.enter_context(Courier(shop.webhooks.deliveries, lambda: datetime.now(UTC), every_s=0.005))
        log = opened.enter_context((of.folder / "log").open("wb"))
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")}
        command = [sys.executable, "-m", "syncd", "--env-file", str(of.env_file), "run"]
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        at_work = Service(process, of.port)
        try:
            jobs = ["pull", "listings", "reconcile", "compare", *(["hooks"] if delivered else [])]
            wait_for(lambda: at_work.is_ready(), at_work, of)
            for job, channel in ((job, channel) for job in jobs for channel in (WOO, SHOPIFY)):
                wait_for(lambda job=job, channel=channel: at_work.ended(job, channel) > 0, at_work, of)  # type: ignore[misc]
            yield at_work
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_S)


def wait_for(true: Callable[[], bool], at_work: Service, of: Scene, within_s: float = START_WITHIN_S) -> None:
    until = time.monotonic() + within_s
    while not true():
        if at_work.process.poll() is not None or time.monotonic() > until:
            told = (of.folder / "log").read_text(encoding="utf-8")
            raise RuntimeError(f"the service did not get there\n{told[-4000:]}")
        time.sleep(LOOK_EVERY_S)


def list_anew(of: Scene) -> None:
    """Let the service's first round read every listing, as it does once a day."""
    with of.house() as house, house.db.write() as tx:
        for name in (WOO, SHOPIFY):
            channels.change(tx, name, listed_at=None)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
