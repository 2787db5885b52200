"""What the service costs while nothing is sold: memory, CPU and calls, with 10,000 SKUs in 2 shops.

    python -m tests.benchmarks.idle [SKUS [MINUTES]]

Run by hand, on loopback; the figures stand in docs/how-it-stays-true.md. Exit code 1 where a promise is not kept.

The service begins with a real first round: it reads every listing of both shops and computes every number. Measured is
from two minutes after that, for 10 minutes unless told otherwise. What is done more seldom than that is measured by
itself, as CPU time of the thread that does it, and added as an average.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta

from syncd.storage.pulse import take
from syncd.sync import housekeeping, turns
from syncd.sync.cycle import ask_nobody
from syncd.sync.house import House
from tests.benchmarks.at_work import WEBHOOK_URL, list_anew, say, scene, service

SETTLE_S = 120
MOST_MB = 150
MOST_CPU = 0.01
HOUR_S = 3600


def seldom(house: House) -> dict[str, tuple[float, float]]:
    """CPU seconds of one round of each job that is done once an hour or more seldom, and how often it is in an hour."""

    def used_s(act: Callable[[], object]) -> float:
        act()  # what is loaded once is not the round's
        before = time.thread_time()
        act()
        return time.thread_time() - before

    found = {}
    for port in house.ports:
        found[f"compare {port.name}"] = (used_s(lambda port=port: turns.compare_all(house, port)), 1.0)  # type: ignore[misc]
        again = used_s(lambda port=port: turns.refresh_listings(house, port, ask_nobody, now=True))  # type: ignore[misc]
        found[f"listings {port.name}"] = (again, 1 / 24)
    found["housekeeping"] = (used_s(lambda: housekeeping.prune(house)), 2.0)
    return found


def look_s(house: House) -> float:
    """CPU seconds of one look at the master table, which is made every second."""
    before, times = time.thread_time(), 200
    for _ in range(times):
        with house.db.read() as tx:
            take(tx)
    return (time.thread_time() - before) / times


def main() -> None:
    skus = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    with scene(skus, [f"SYNCD_WEBHOOK_URL={WEBHOOK_URL}"], buffer=0) as at:
        at.shopify.webhooks.delay = timedelta
        list_anew(at)
        at.asked()
        with service(at, delivered=True) as at_work:
            first_s, first_mb = at_work.cpu_s(), at_work.memory_mb("VmHWM")
            first_calls = sum(at.asked().values())
            time.sleep(SETTLE_S)
            at.asked()
            cpu_s, begun = at_work.cpu_s(), time.monotonic()
            time.sleep(minutes * 60)
            took_s, used_s, calls = time.monotonic() - begun, at_work.cpu_s() - cpu_s, at.asked()
            memory_mb, most_mb = at_work.memory_mb("VmRSS"), at_work.memory_mb("VmHWM")
        with at.house() as house:
            rounds, look = seldom(house), look_s(house)
    share = used_s / took_s
    whole = share + sum(cost_s * an_hour for cost_s, an_hour in rounds.values()) / HOUR_S
    say(f"{len(at.skus)} SKUs x 2 channels, idle for {took_s / 60:.0f} min, webhooks on, poll 60 s")
    say(f"  first round: {first_s:.1f} s of CPU, {first_mb:.0f} MB at most, {first_calls} calls")
    say(f"  memory: {memory_mb:.0f} MB, {most_mb:.0f} MB at most")
    say(f"  CPU: {share:.2%} of one core, {whole:.2%} with what is done seldom; one look a second: {look:.2%}")
    for name, (cost_s, an_hour) in rounds.items():
        say(f"    {name}: {cost_s:.2f} s a round, {an_hour * 24:.0f} a day")
    an_hour_all = sum(calls.values()) * HOUR_S / took_s
    say(f"  calls an hour: {an_hour_all:.0f}")
    for (channel, asked), times in calls.most_common():
        say(f"    {channel} {asked}: {times * HOUR_S / took_s:.0f}")
    kept = most_mb < MOST_MB and whole < MOST_CPU
    say(f"  {'PASS' if kept else 'FAIL'} (promised: less than {MOST_MB} MB and {MOST_CPU:.0%})")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
