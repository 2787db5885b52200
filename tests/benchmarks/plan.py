"""How long `syncd plan` takes on an unchanged table, and how much memory: 10,000 SKUs in 2 channels by default.

    python -m tests.benchmarks.plan [SKUS]

Run by hand; the figures stand in docs/how-it-stays-true.md. CPU seconds, for the machine may be busy otherwise.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from syncd.storage import catalogue, channels, ledger, listings
from syncd.storage.ledger import Count
from syncd.storage.migrate import prepare
from syncd.storage.session import Database

SHOPS = {"woo": "woocommerce", "shopify_il": "shopify"}


def fill(db: Database, skus: int) -> None:
    """A table in which every SKU is counted and shows what it should in both shops."""
    now = datetime.now(UTC)
    prepare(db, now)
    with db.write() as tx:
        shelf = catalogue.location(tx, catalogue.OWN_SHELF)
        for name, kind in SHOPS.items():
            channels.ensure(tx, name, kind, now)
            channels.change(tx, name, mode=channels.Mode.LIVE, first_contact_at=now, pulled_at=now, pulled_seq=1)
        numbers = {f"SKU-{number:06}": number for number in range(skus)}
        ids = {sku: catalogue.ensure(tx, sku, {"name": f"Thing {number}"}) for sku, number in numbers.items()}
        counts = [Count(ids[sku], shelf, number % 40, f"bench/{number}") for sku, number in numbers.items()]
        ledger.count_all(tx, counts, counted_at=now, reason="bench", now=now)
        for sku, number in numbers.items():
            told = max(0, number % 40 - 2)
            values = {
                "channel_sku": sku,
                "sku_id": ids[sku],
                "name": f"Thing {number}",
                "stock": "own",
                "published": True,
                "sells_at_zero": [],
                "shown": told,
                "expected": told,
                "pushed": told,
                "baseline_told": told,
            }
            for name in SHOPS:
                listings.add(tx, name, str(number), values)


def main() -> None:
    skus = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/syncd.db")
        fill(db, skus)
        db.close()
        environ = os.environ | {
            "SYNCD_CHANNELS": ", ".join(f"{name}:{kind}" for name, kind in SHOPS.items()),
            "SYNCD_DATABASE_URL": f"sqlite:///{folder}/syncd.db",
            "WOO_URL": "https://shop.example",
            "WOO_KEY": "ck_bench",
            "WOO_SECRET": "cs_bench",
            "SHOPIFY_IL_SHOP": "bench.myshopify.com",
            "SHOPIFY_IL_TOKEN": "shpat_bench",
            "SYNCD_ENV_FILE": f"{folder}/.env",
        }
        Path(folder, ".env").touch()
        command = [sys.executable, "-m", "syncd", "plan", "--json"]
        subprocess.run(command, env=environ, check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s, memory_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    sys.stdout.write(f"{skus} SKUs x {len(SHOPS)} channels: {cpu_s:.2f} s of CPU, {memory_mb:.0f} MB at most\n")


if __name__ == "__main__":
    main()
