"""A simulated day: four shops, thousands of orders, everything that goes wrong, and at the end all must be right.

    python -m tests.benchmarks.day [--hours 24] [--orders 5000] [--seed N] [--often 26] [--folder /dev/shm]

The real jobs of the service run in virtual time, in this process; the practice shops run in another one and are asked
over real HTTP on loopback, so that the memory told here is the service's alone. The master table is a SQLite file in
`--folder` (a disk that flushes at every commit would only make the run longer). Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from tests.day.judgement import open_incidents, rare, wrongs
from tests.day.simulation import IN_THE_SERVICE, Simulation, cpu_s, rss_mb
from tests.day.trouble import IN_THE_WORLD
from tests.day.world import Wish

AUTUMN = datetime(2026, 11, 1, tzinfo=UTC)
"""In New York an hour comes twice on this day."""

MOST_GROWTH = 1.05


def main() -> None:
    wanted = _arguments()
    wish = Wish(
        seed=wanted.seed,
        start=AUTUMN,
        length=timedelta(hours=wanted.hours),
        orders=wanted.orders,
        often=wanted.often,
        skus=wanted.skus,
        dst_zone="America/New_York",
    )
    logging.disable(logging.ERROR)
    began, tell = time.monotonic(), sys.stdout.write
    tell(f"seed {wish.seed}, {wanted.hours:g} h from {wish.start:%Y-%m-%d %H:%M} UTC, {wish.skus} SKUs\n")
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        simulation = Simulation(wish, Path(folder))
        memory: dict[int, float] = {}

        def hour(number: int) -> None:
            memory[number] = rss_mb()
            tell(f"hour {number}: {time.monotonic() - began:.0f} s, {cpu_s():.0f} s of CPU, {memory[number]:.1f} MB\n")
            sys.stdout.flush()

        with simulation.open():
            simulation.day(hour)
            simulation.rest()
            end = rss_mb()
            truth = simulation.ask("truth")
            simulation.stop()
            wrong = wrongs(simulation, truth)
            fired = Counter(truth["fired"]) + simulation.fired
            left = open_incidents(simulation)
    early = memory[min(2, max(memory))]
    lags = quantiles(simulation.meter.lags, n=20) if len(simulation.meter.lags) > 1 else [0.0] * 19
    tell(f"\norders: {sum(truth['orders'].values())} {truth['orders']}\n")
    for name, count in sorted({**truth["did"], **simulation.did}.items()):
        tell(f"  {count:6} {name}\n")
    tell("faults:\n")
    for name in (*IN_THE_WORLD, *IN_THE_SERVICE):
        tell(f"  {fired[name]:6} {name}\n")
    tell(f"calls: {truth['calls']}\nwebhooks: {truth['deliveries']}\njobs: {sum(simulation.meter.jobs.values())}\n")
    for name, count in sorted(simulation.meter.jobs.items()):
        tell(f"  {count:6} {name}\n")
    tell(f"from a sale to its number elsewhere: p50 {lags[9]:.1f} s, p95 {lags[18]:.1f} s\n")
    tell(f"backlog at the end: {simulation.backlog_after_rest}\nincidents still open: {dict(left)}\n")
    ratio = end / early
    tell(f"memory: {early:.1f} MB at hour 2, {end:.1f} MB at the end, ratio {ratio:.3f}\n")
    tell(f"wall {time.monotonic() - began:.0f} s, CPU of the service {cpu_s():.0f} s\n")
    if wanted.hours >= 24:
        wrong += rare(fired, 20, IN_THE_SERVICE)
        wrong += [f"the memory grew by the factor {ratio:.3f}"] if ratio > MOST_GROWTH else []
    tell("all is right\n" if not wrong else "".join(f"WRONG: {line}\n" for line in wrong))
    sys.exit(1 if wrong else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--often", type=int, default=26, help="how often each fault is planned")
    parser.add_argument("--skus", type=int, default=200)
    parser.add_argument("--folder", default=None, help="where the master table is made")
    return parser.parse_args()


if __name__ == "__main__":
    main()
