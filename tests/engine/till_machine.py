"""Anything that a till may do with its files, in any order, with an engine that dies and forgets in between.

The till sells, and tells it in files that grow, are written anew, shortened, renamed, copied, put together otherwise,
left half written and kept open. Whatever happens, no unit is booked that was not sold, and in the end each is, once.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections import Counter as Tally
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.contract import OrderPage
from connectors.till import connector
from connectors.till.connector import Till
from connectors.till.folder import Dropped
from connectors.till.memory import Memory
from syncd.storage import channels
from tests.engine.counter import HEADER, QUARANTINE, Counter
from tests.engine.machine import _database
from tests.engine.world import Crash

SKUS = ("A-1", "B-2")
ON_SHELF = 5000
HALF_AN_HOUR = 1800

numbers = st.integers(0, 2**16)


class MortalTill(Till):
    """A till whose process dies after so many steps: pages that were committed, files before and after their move."""

    steps_left: int | None = None

    def _step(self) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Crash

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        for page in super().orders(cursor):
            self._step()
            yield page

    def _put_away(self, file: Dropped, memory: Memory, now: datetime) -> Dropped:
        moved = super()._put_away(file, memory, now)
        if moved is not file:
            self._step()
        return moved


@dataclass
class Paper:
    """A file as the till means it: whole lines, and what of the next is written already."""

    inode: int
    lines: list[str] = field(default_factory=list)
    half: str = ""


class TillMachine(RuleBasedStateMachine):
    """One till, two SKUs, one shelf."""

    def __init__(self) -> None:
        super().__init__()
        self._open = contextlib.ExitStack()
        self.counter: Counter
        self.scanned: Tally[str] = Tally()  # how often each line stands on its receipt
        self.untold: list[list[str]] = []  # lines of receipts that stand in no file yet
        self.papers: dict[int, Paper] = {}
        self.sold: Tally[str] = Tally()
        self.returned: Tally[str] = Tally()
        self.receipts = 0
        self.day = ""
        self.counts = 0

    @initialize(early=st.integers(0, 3))
    def open_the_shop(self, early: int) -> None:
        """The shelf is counted, and some was sold, before syncd meets the till."""
        db = self._open.enter_context(_database())
        self._open.enter_context(patch.object(connector, "ORDERS_OF_A_PAGE", 1))
        place = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
        self.counter = Counter(db, place / "till", kind=MortalTill)
        for sku in SKUS:
            self.counter.count(sku, ON_SHELF)
        self.counter.clock.sleep(1)
        for _ in range(early):
            self.sell([("A-1", 1), ("A-1", 1)])
        self.wait(1200)

    def teardown(self) -> None:
        try:
            if hasattr(self, "counter"):
                self._come_to_rest()
        finally:
            self._open.close()

    # -------------------------------------------------------------- the counter

    @rule(lines=st.lists(st.tuples(st.sampled_from(SKUS), st.sampled_from([1, 1, 12, -1])), min_size=1, max_size=3))
    def sell(self, lines: list[tuple[str, int]]) -> None:
        """A customer buys, or brings back. Numbers of receipts begin anew every day."""
        at = self.counter.clock()
        if (day := f"{at:%Y-%m-%d}") != self.day:
            self.day, self.receipts = day, 0
        self.receipts += 1
        receipt = [f"{self.receipts};{self.counter.local(at)};{sku};{units}\n" for sku, units in lines]
        self.untold.append(receipt)
        self.scanned.update(receipt)
        for sku, units in lines:
            (self.sold if units > 0 else self.returned)[sku] += abs(units)
        self.counter.clock.sleep(1)

    @rule(sku=st.sampled_from(SKUS))
    def count_the_shelf(self, sku: str) -> None:
        """What was sold is gone, whether syncd knows it or not; what came back lies elsewhere."""
        self.counter.clock.sleep(1)
        self.counter.count(sku, ON_SHELF - self.sold[sku])
        self.counter.clock.sleep(1)

    # -------------------------------------------------------------- its files

    def _told_all(self, beside: Collection[str] = ()) -> list[str]:
        """All that stands in no file, for one that has the lines `beside`. Equal lines are two only within one file."""
        lines = dict.fromkeys(line for receipt in self.untold for line in receipt)
        self.untold.clear()
        return [line for line in lines if line not in beside for _ in range(self.scanned[line])]

    def _write(self, path: Path, paper: Paper) -> None:
        """Write to the file that is there, as who keeps it open does, wherever it lies by now."""
        with path.open("r+" if path.exists() else "w") as file:
            file.truncate()
            file.write(HEADER + "".join(paper.lines) + paper.half)
        self.counter.age(path, timedelta())

    def _new(self, name: str, lines: list[str]) -> None:
        path = self.counter.folder / name
        if path.exists():
            return
        self._write(path, Paper(0, lines))
        inode = path.stat().st_ino
        self.papers[inode] = Paper(inode, lines)

    def _there(self) -> list[tuple[Path, Paper]]:
        paths = sorted(self.counter.folder.rglob("*.csv"))
        return [(path, self.papers[path.stat().st_ino]) for path in paths]

    def _pick(self, number: int) -> tuple[Path, Paper] | None:
        there = self._there()
        return there[number % len(there)] if there else None

    @rule(number=numbers)
    def begin_a_file(self, number: int) -> None:
        name = f"{number % 5}.csv"
        if not (self.counter.folder / name).exists():
            self._new(name, self._told_all())

    @rule(number=numbers, cut=numbers)
    def go_on_with_a_file(self, number: int, cut: int) -> None:
        """Also with one that was put away while the till kept it open. The last line may be half written."""
        picked = self._pick(number)
        if picked is None or picked[1].half:
            return
        path, paper = picked
        lines = self._told_all(paper.lines)
        if lines and cut % 2:
            paper.lines += lines[:-1]
            paper.half = lines[-1][: -2 - cut // 2 % 3]  # of 12 units, only the first figure
            self._write(path, paper)
            paper.lines.append(lines[-1])
        else:
            paper.lines += lines
            self._write(path, paper)

    @rule(number=numbers, seed=numbers)
    def write_a_file_anew(self, number: int, seed: int) -> None:
        """The same lines in another order; the export takes what is new along."""
        picked = self._pick(number)
        if picked is None or picked[1].half:
            return
        path, paper = picked
        paper.lines += self._told_all(paper.lines)
        random.Random(seed).shuffle(paper.lines)
        self._write(path, paper)

    @rule(number=numbers, left=numbers)
    def shorten_a_file(self, number: int, left: int) -> None:
        """A till that empties its file, or writes it anew and is not done yet: what is missing comes back later."""
        picked = self._pick(number)
        if picked is None or picked[1].half or not picked[1].lines:
            return
        path, paper = picked
        keep = left % len(paper.lines)
        gone = list(dict.fromkeys(paper.lines[keep:]))
        self.untold.append(gone)
        paper.lines = [line for line in paper.lines[:keep] if line not in gone]
        self._write(path, paper)

    @rule(number=numbers, name=numbers)
    def rename_a_file(self, number: int, name: int) -> None:
        picked = self._pick(number)
        target = self.counter.folder / f"renamed-{name % 3}.csv"
        if picked is not None and not target.exists():
            picked[0].rename(target)

    @rule(number=numbers, name=numbers)
    def copy_a_file(self, number: int, name: int) -> None:
        picked = self._pick(number)
        if picked is not None and not picked[1].half:
            self._new(f"copy-{name % 3}.csv", list(picked[1].lines))

    @rule(number=numbers, middle=numbers)
    def tell_a_receipt_in_two_files(self, number: int, middle: int) -> None:
        """Some articles of the receipts here, the others there."""
        lines = self._told_all()
        self._new(f"part-{number % 3}-a.csv", [line for line in lines if SKUS[middle % 2] in line])
        self._new(f"part-{number % 3}-b.csv", [line for line in lines if SKUS[middle % 2] not in line])
        told = {line for _, paper in self._there() for line in paper.lines}
        self.untold.append([line for line in lines if line not in told])

    def _finish_lines(self, wait: int = HALF_AN_HOUR) -> None:
        """A till may pause within a line, but not for more than half an hour, which would be over after that wait."""
        for path, paper in self._there():
            if paper.half and self.counter.clock().timestamp() - path.stat().st_mtime + wait >= HALF_AN_HOUR:
                paper.half = ""
                self._write(path, paper)

    # -------------------------------------------------------------- the engine

    @rule(seconds=st.sampled_from([5, 30, 90]))
    def a_moment_goes_by(self, seconds: int) -> None:
        self._finish_lines(seconds)
        self.counter.clock.sleep(seconds)

    @rule(seconds=st.sampled_from([600, 4000, 90_000]))
    def wait(self, seconds: int) -> None:
        self._finish_lines(seconds)
        self.counter.clock.sleep(seconds)

    @rule(pause=st.sampled_from([0, 15]))
    def poll(self, pause: int) -> None:
        self._finish_lines(pause)
        self.counter.clock.sleep(pause)
        self.counter.sync()

    @rule(steps=st.integers(0, 3), pause=st.sampled_from([15, 15, 4000]))
    def die_while_polling(self, steps: int, pause: int) -> None:
        self._finish_lines(pause)
        self.counter.clock.sleep(pause)
        till = self.counter.port.connector
        assert isinstance(till, MortalTill)
        till.steps_left = steps
        with contextlib.suppress(Crash):
            self.counter.sync()
        till.steps_left = None
        self.counter.restart()

    @rule()
    def lose_the_cursor(self) -> None:
        with self.counter.db.write() as tx:
            channels.change(tx, "till", cursor=None)

    # -------------------------------------------------------------- what must hold

    @invariant()
    def nothing_is_booked_that_was_not_sold(self) -> None:
        if not hasattr(self, "counter"):
            return
        for sku in SKUS:
            assert self.counter.at(sku) >= ON_SHELF - self.sold[sku], f"{sku}: more was booked than was sold"
            assert self.counter.at(sku, QUARANTINE) <= self.returned[sku], f"{sku}: more came back than did"

    def _come_to_rest(self) -> None:
        self._finish_lines()
        self._new("the-rest.csv", self._told_all())
        for _ in range(3):
            self.counter.clock.sleep(700)
            self.counter.sync()
        for sku in SKUS:
            assert self.counter.at(sku) == ON_SHELF - self.sold[sku], f"{sku}: not all that was sold is booked"
            assert self.counter.at(sku, QUARANTINE) == self.returned[sku], f"{sku}: not all that came back is booked"
        assert [one.text for one in self.counter.incidents] == []
