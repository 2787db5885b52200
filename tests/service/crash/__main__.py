"""The long crash test: kills the real service over two practice shops, and waits for the end of every doubt.

    python -m tests.service.crash [--kills 60] [--seed 1]

Run by hand; the figures stand in docs/how-it-stays-true.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.service.crash.life import live, plan


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.service.crash")
    asked.add_argument("--kills", type=int, default=60)
    asked.add_argument("--seed", type=int, default=1)
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-crash-") as folder:
        kills = plan(wanted.kills, random.Random(wanted.seed))
        told = live(Path(folder), seed=wanted.seed, plan=kills, wait=True)
    sys.stdout.writelines(f"{line}\n" for line in told.lines())
    sys.exit(1 if told.wrong else 0)


if __name__ == "__main__":
    main()
