"""What it takes to find that many SKUs fell low at once, and to tell it: 10,000 SKUs and two targets by default.

    python -m tests.benchmarks.alerts [SKUS]

Run by hand; the figures stand in docs/how-it-stays-true.md. CPU seconds, for the machine may be busy otherwise.
"""

from __future__ import annotations

import sys
import tempfile
import time

from syncd.alerts.evaluator import Evaluator
from syncd.domain.movements import Kind, Movement
from syncd.storage import catalogue, ledger, touched
from syncd.storage.ledger import Count
from syncd.storage.migrate import prepare
from syncd.storage.session import Database, Tx
from tests.alerts.notified import NOON, MemoryNotifier, Told


def fill(told: Told, skus: int) -> dict[str, int]:
    """SKUs of which 50 are on the shelf, each with what an owner may have told of it; their ids."""
    with told.db.write() as tx:
        fields = {
            f"SKU-{number:06}": {
                "name": f"Thing {number}",
                "category": "Shoes" if number % 2 else None,
                "supplier": f"Supplier {number % 20}",
                "lead_time_days": 5,
                "pack_size": 6,
            }
            for number in range(skus)
        }
        ids = catalogue.ensure_all(tx, fields)
        shelf = catalogue.location(tx, catalogue.OWN_SHELF)
        counts = [Count(sku_id, shelf, 50, f"count {sku_id}") for sku_id in ids.values()]
        ledger.count_all(tx, counts, counted_at=NOON, reason="", now=NOON)
    return ids


def main() -> None:
    skus = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/syncd.db")
        prepare(db, NOON)
        targets = MemoryNotifier("anna@shop.example"), MemoryNotifier("slack")
        told = Told(db, *targets)
        ids = fill(told, skus)
        looked: list[float] = []

        def look(tx: Tx) -> None:
            before = time.process_time()
            Evaluator(told.house, tx).look(touched.of(tx))
            looked.append(time.process_time() - before)

        db.before_commit = look
        with db.write() as tx:
            shelf = catalogue.location(tx, catalogue.OWN_SHELF)
            moves = [
                Movement(f"gone {sku_id}", sku_id, Kind.ADJUSTMENT, NOON, on_hand=-47, location_id=shelf)
                for sku_id in ids.values()
            ]
            ledger.post(tx, moves, NOON)
        began = time.process_time()
        told.deliver_after(seconds=30)
        delivered = time.process_time() - began
        db.close()
    print(f"{skus:,} SKUs fell low in one transaction: evaluated in {looked[0]:.2f} s of CPU")  # noqa: T201
    for target in targets:
        ((_, letter, _),) = target.taken
        print(f"{target.name}: one message, {letter['subject']!r}, {len(letter['text']):,} characters")  # noqa: T201
    print(f"written and told to both in {delivered:.2f} s of CPU")  # noqa: T201


if __name__ == "__main__":
    main()
