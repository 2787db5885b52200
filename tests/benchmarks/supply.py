"""What a supplier's feed costs from the file to the shop's numbers: read, judged, applied, and computed anew.

    python -m tests.benchmarks.supply [ROWS [FORMAT ...]]

Run by hand; the figures stand in docs/supplier.md. The master table knows every SKU of the feed, counted; half of them
are listed in a shop that sells what the supplier has. Each format has a process of its own. Exit code 1 where a promise
is not kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from connectors import registry
from syncd import app, config, settings_file
from syncd.alerts import evaluator
from syncd.storage import catalogue, channels, ledger, listings
from syncd.storage.ledger import Count
from syncd.storage.migrate import prepare
from syncd.storage.session import Database, Tx
from syncd.sync import supply, views
from syncd.sync.house import House
from syncd.sync.supply import Taken
from tests.benchmarks import feed
from tests.benchmarks.feed import Row

MOST_MB = 300
MOST_LOCKED_S = 2  # where no more than a tenth changed
FIRST = "first feed"
KINDS = {"woo": "woocommerce", "acme": "supplier_feed"}
COLUMNS = ", ".join(f"{field}:{word}" for field, word in feed.COLUMNS)


def as_first(_n: int, row: Row) -> Row:
    return row


def a_tenth_changed(n: int, row: Row) -> Row:
    return (row[0], row[1] + 1, *row[2:]) if n % 10 == 0 else row


def two_fifths_missing(n: int, row: Row) -> Row | None:
    return a_tenth_changed(n, row) if n % 5 > 1 else None


STEPS: dict[str, Callable[[int, Row], Row | None]] = {
    FIRST: as_first,
    "10 % changed": a_tenth_changed,
    "40 % missing": two_fifths_missing,
    "unchanged": a_tenth_changed,
}


def fill(folder: Path, count: int) -> None:
    """A table in which every SKU of the feed is counted, and every other one is listed in the shop."""
    db, now = Database(f"sqlite:///{folder}/syncd.db"), datetime.now(UTC)
    prepare(db, now)
    with db.write() as tx:
        for name, kind in KINDS.items():
            channels.ensure(tx, name, kind, now)
        channels.change(tx, "woo", mode=channels.Mode.LIVE, first_contact_at=now, pulled_at=now, pulled_seq=1)
        ids = catalogue.ensure_all(tx, {row[0]: {"name": row[4]} for row in feed.rows(count)})
        shelf = catalogue.location(tx, catalogue.OWN_SHELF)
        counts = [Count(sku_id, shelf, n % 5, f"bench/{n}") for n, sku_id in enumerate(ids.values())]
        ledger.count_all(tx, counts, counted_at=now, reason="bench", now=now)
        for n, (sku, sku_id) in enumerate(ids.items()):
            if n % 2 == 0:
                _list(tx, sku, sku_id, n)
    db.close()


def _list(tx: Tx, sku: str, sku_id: int, n: int) -> None:
    values = {"channel_sku": sku, "sku_id": sku_id, "name": f"Shoe number {n} for walking", "stock": "own"}
    told = {"shown": n % 5, "expected": n % 5, "pushed": n % 5, "baseline_told": n % 5}
    listings.add(tx, "woo", str(n), {**values, "published": True, "sells_at_zero": [], **told})


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """The house as the service has it; the shop is never asked."""
    text = f"""
SYNCD_CHANNELS=woo:woocommerce, acme:supplier_feed
SYNCD_DATABASE_URL=sqlite:///{folder}/syncd.db
SYNCD_SELLS=own, supplier
WOO_URL=https://shop.example
WOO_KEY=ck_bench
WOO_SECRET=cs_bench
ACME_FOLDER={folder}/feed
ACME_COLUMNS={COLUMNS}
"""
    settings = config.from_lines(settings_file.parse(text), {}, source=folder / ".env", find_kind=registry.find)
    with app.open_house(settings, command="bench") as house:
        yield house


class Watched(Database):
    """A database that knows how long others had to wait for its longest writing: in seconds, and seconds of CPU."""

    longest = (0.0, 0.0)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        with super().write() as tx:
            begun, cpu = time.monotonic(), time.process_time()
            yield tx
        # the commit, and the alerts that are written with it
        self.longest = max(self.longest, (time.monotonic() - begun, time.process_time() - cpu))


@dataclass(slots=True)
class Cost:
    """What one step took: seconds, CPU seconds, MB at most; and how long the table was locked at a time."""

    step: str
    wall_s: float = 0.0
    cpu_s: float = 0.0
    most_mb: float = 0.0
    locked_s: float = 0.0
    locked_cpu_s: float = 0.0

    @property
    def kept(self) -> bool:
        return self.most_mb < MOST_MB and (self.step == FIRST or self.locked_s < MOST_LOCKED_S)

    @property
    def line(self) -> str:
        told = f"{self.wall_s:6.2f} s  {self.cpu_s:6.2f} s of CPU  {self.most_mb:4.0f} MB at most"
        locked = f"locked for {self.locked_s:.2f} s ({self.locked_cpu_s:.2f} s of CPU)"
        return f"  {self.step:14} {told}  {locked}{'' if self.kept else '  FAIL'}"


@contextmanager
def measured(db: Watched, step: str, costs: list[Cost]) -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak of memory begins anew
    db.longest = (0.0, 0.0)
    begun, cpu = time.monotonic(), time.process_time()
    yield
    took = (time.monotonic() - begun, time.process_time() - cpu)
    costs.append(Cost(step, *took, feed.peak_mb(), *db.longest))


def apply(folder: Path, count: int) -> list[Cost]:
    """Each step's feed is read, judged and applied; after the first, every number of the shop is computed as well."""
    costs: list[Cost] = []
    with opened(folder) as at_home:
        db = Watched(str(at_home.db.engine.url))
        house = replace(at_home, db=db)
        evaluator.attach(house)
        with measured(db, "program alone", costs):
            pass
        for step in STEPS:
            (made,) = (folder / step).iterdir()
            made.replace(folder / "feed" / made.name)
            with measured(db, step, costs):
                taken = supply.take(house, house.port("acme"))
            assert _as_meant(step, taken, count), f"{step}: {taken}"
            if not taken.changed:
                continue
            with measured(db, "shop's numbers", costs), db.read() as tx:
                found = views.load(tx, house, house.port("woo"))
            assert len(found) == (count + 1) // 2, "the listed SKUs, each once"
            del found
        db.close()
    return costs


def _as_meant(step: str, taken: Taken, count: int) -> bool:
    if step == "40 % missing":
        return "are missing" in taken.held
    if step == "unchanged":
        return taken.unchanged
    return not taken.held and taken.known == count and taken.changed == len(range(0, count, 1 if step == FIRST else 10))


def main() -> None:
    if sys.argv[1:2] == ["--apply"]:
        costs = apply(Path(sys.argv[2]), int(sys.argv[3]))
        print(*(cost.line for cost in costs), sep="\n")  # noqa: T201
        sys.exit(0 if all(cost.kept for cost in costs) else 1)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else feed.ROWS
    kept = True
    for format_ in sys.argv[2:] or ("csv",):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            for step in (*STEPS, "feed"):
                (folder / step).mkdir()
            for step, change in STEPS.items():
                changed = (change(n, row) for n, row in enumerate(feed.rows(count)))
                feed.write(folder / step, format_, [row for row in changed if row is not None])
            fill(folder, count)
            print(f"{format_}, {count:,} rows, {len(range(0, count, 2)):,} of them listed", flush=True)  # noqa: T201
            command = [sys.executable, "-m", "tests.benchmarks.supply", "--apply", made, str(count)]
            kept = subprocess.run(command, check=False).returncode == 0 and kept
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
