"""One crash test: the service is started, killed where the plan says, started again; in the end all is compared."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from connectors import registry
from connectors.contract import Surroundings
from syncd import app, config, settings_file
from syncd.storage import incidents, ledger
from syncd.storage.channels import Mode
from syncd.storage.incidents import IncidentKind
from syncd.sync import adoption, golive, mapper, views
from syncd.sync.house import House
from tests.service.crash.doors import Point, Trap, Traps
from tests.service.crash.street import CHANNELS, START, Clock, Street, opened
from tests.service.crash.witness import Table, Witness

PROGRAM: Sequence[str] = ("-m", "syncd")
NAMED = (Point.INTENT, Point.SENT, Point.PAGE, Point.NEXT, Point.LEASE)
DOUBT = timedelta(seconds=120)
HAPPENS_WITHIN_S = 90.0
RESTS_WITHIN_S = 120.0
STOPS_WITHIN_S = 30.0
KILLED_AFTER_S = (0.2, 6.0)
STARTS_FOR_S = 1.5
"""A random instant up to here is counted from the start of the program, a later one from when it says that it works:
so many of them fall into opening the table and recovering, whatever else the machine does."""

HARMLESS = {IncidentKind.OVERSOLD, IncidentKind.BEHIND}
"""Two customers took the last unit at the same time; a number waits long, for it is in doubt again and again."""

LATER = """
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from connectors.contract import Surroundings
from syncd import config
from syncd.daemon import Daemon
from syncd.systemd.notify import Notifier
ahead = timedelta(seconds={seconds})
settings = lambda: config.load(Path({env_file!r}), os.environ)
Daemon(settings, Notifier.of({{}}, os.getpid()), Surroundings(now=lambda: datetime.now(UTC) + ahead)).run()
"""
"""The service with its clock put on, as is that of the shops: stands for waiting until no lost write can land."""


@dataclass
class Told:
    """What came of it."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    took_s: float = 0.0
    rested_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}: {self.kills.total()} kills, {self.orders} orders, {self.took_s:.0f} s in all"
        for name, counted in (("kills", self.kills), ("found after them", self.found), ("writes seen", self.writes)):
            yield f"  {name}: " + ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
        yield f"  came to rest in {self.rested_s:.0f} s; " + ("all is right" if not self.wrong else "WRONG:")
        yield from (f"  - {one}" for one in self.wrong)


@dataclass
class Life:
    """The service's, over one master table. `program`: what Python is told to run; another one plants a mistake."""

    folder: Path
    seed: int
    street: Street
    witness: Witness
    traps: Traps
    told: Told
    program: Sequence[str] = PROGRAM
    _started: int = 0

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    def prepare(self) -> None:
        """As an owner does: count what one shop shows, match the other, go live with both."""
        more = "SYNCD_LISTEN=off\nSYNCD_POLL=2s\nSYNCD_BACKUPS=0\n"
        self.env_file.write_text(self.street.shops.env(self.folder) + more, encoding="utf-8")
        with self.house() as house:
            woo, shopify = map(house.port, CHANNELS)
            adoption.commit(house, woo, adoption.look(house, woo))
            mapper.refresh(house, shopify)
            for port in (woo, shopify):
                assert golive.go_live(house, port).live

    @contextmanager
    def house(self) -> Iterator[House]:
        lines = settings_file.parse(settings_file.text_of(self.env_file))
        settings = config.from_lines(lines, {}, source=self.env_file, find_kind=registry.find)
        around = Surroundings(now=self.street.clock)
        with app.open_house(settings, command="crash test", surroundings=around) as house:
            yield house

    # ------------------------------------------------------------------ the process

    def start(self, program: Sequence[str] | None = None) -> subprocess.Popen[bytes]:
        self._started += 1
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "NOTIFY"))}
        arguments = program or (*self.program, "--env-file", str(self.env_file), "run")
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                env=environ,
                cwd=Path(__file__).parents[3],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> Path:
        return self.folder / f"{self._started}.log"

    def wait_for(self, process: subprocess.Popen[bytes], what: str, so: Callable[[], bool], within_s: float) -> None:
        """Wait until it is so.

        Raises:
            AssertionError: it does not become so in time, or the service ended by itself.
        """
        until = time.monotonic() + within_s
        while not so():
            assert not self.witness.violations, f"{self.where}: {self.witness.violations}"
            ended = process.poll() not in (None, -signal.SIGKILL)
            assert not ended, f"{self.where}: the service ended by itself: {self._tail()}"
            assert time.monotonic() < until, f"{self.where}: not within {within_s:.0f} s: {what}; {self._tail()}"
            time.sleep(0.02)

    @property
    def where(self) -> str:
        return f"seed {self.seed}, start {self._started}"

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    # ------------------------------------------------------------------ kills

    def kill_all(self, plan: Sequence[tuple[Point, str, float]]) -> None:
        """Live through the plan: points with their shop, and instants."""
        for point, channel, after_s in plan:
            process = self.start()
            try:
                if point is Point.RANDOM:
                    self._kill_at(process, after_s)
                else:
                    self._kill_in_trap(process, point, channel)
            finally:
                process.kill()
                process.wait()
            self.told.kills[point if point is Point.RANDOM else f"{point} ({channel})"] += 1
            assert not self.witness.violations, f"{self.where}: {self.witness.violations}"

    def _kill_at(self, process: subprocess.Popen[bytes], after_s: float) -> None:
        log = self.log
        if after_s > STARTS_FOR_S:
            self.wait_for(process, "it starts", lambda: b"started" in log.read_bytes(), HAPPENS_WITHIN_S)
            after_s -= STARTS_FOR_S
        time.sleep(after_s)  # the instant itself is what is random
        assert process.poll() is None, f"{self.where}: the service ended by itself: {self._tail()}"
        process.kill()
        process.wait()
        table = self.witness.table
        if process.pid in {table.lease_of(channel) for channel in CHANNELS}:
            self.told.found["random: a lease was held"] += 1
        if b"started" not in log.read_bytes():
            self.told.found["random: while it started"] += 1

    def _kill_in_trap(self, process: subprocess.Popen[bytes], point: Point, channel: str) -> None:
        log = self.log
        self.wait_for(process, "it starts", lambda: b"started" in log.read_bytes(), HAPPENS_WITHIN_S)
        trap = Trap(point, channel, process)
        self.traps.set(trap)
        self.wait_for(process, f"killed at {point} of {channel}", trap.done.is_set, HAPPENS_WITHIN_S)

    # ------------------------------------------------------------------ rest

    def come_to_rest(self, *, wait: bool) -> None:
        """No customers, no kills; what is late has come. `wait`: for the end of every doubt, instead of putting on
        the clocks of both shops and of the service."""
        self.street.close()
        self.traps.join_late()
        began = time.monotonic()
        program = None
        if not wait:
            self.street.clock.ahead += DOUBT + timedelta(seconds=5)
            seconds = self.street.clock.ahead.total_seconds()
            program = ("-c", LATER.format(seconds=seconds, env_file=str(self.env_file)))
        process = self.start(program)
        try:
            within_s = RESTS_WITHIN_S + (DOUBT.total_seconds() if wait else 0)
            self.wait_for(process, "all comes to rest", lambda: not self._unrest(), within_s)
            process.terminate()
            assert process.wait(STOPS_WITHIN_S) == 0, self._tail()
        except AssertionError as late:
            self.told.wrong += [str(late), *self._unrest()]
        finally:
            process.kill()
            process.wait()
        self.told.rested_s = time.monotonic() - began

    def _unrest(self) -> list[str]:
        """What is not yet as the customers' account wants it; cheap enough to be asked again and again."""
        table, street = self.witness.table, self.street
        found = [
            f"{channel} shows {shown} of {sku}, not {street.right(sku)}"
            for channel in CHANNELS
            for sku in START
            for shown in [street.shown(channel, sku)]
            if shown != street.right(sku) and not shown <= 0 == street.right(sku)
        ]
        for channel in CHANNELS:
            booked, truth = table.bookings(channel), street.bookings(channel)
            found += [
                f"{channel}: order {one} is booked as {booked.get(one)} and is {truth.get(one)}"
                for one in sorted(booked.keys() | truth.keys())
                if booked.get(one) != truth.get(one)
            ]
            found += [f"{channel}: the intent {key} is open" for key in table.open_keys(channel)]
        doubts = "SELECT channel, channel_sku FROM listings WHERE in_doubt_until IS NOT NULL OR expected IS NULL"
        found += [f"{row[0]}: {row[1]} is in doubt" for row in table.rows(doubts)]
        waiting = (
            "SELECT channel, channel_sku FROM listings WHERE generation <> settled_generation AND sku_id IS NOT NULL"
        )
        return found + [f"{row[0]}: {row[1]} waits to be written" for row in table.rows(waiting)]

    # ------------------------------------------------------------------ the verdict

    def judge(self) -> None:
        """Everything that must be so at the end; what is not ends up in `told.wrong`."""
        wrong = [*self.witness.violations, *self._unrest()]
        with self.house() as house, house.db.read() as tx:
            wrong += [f"the ledger: {one}" for one in ledger.audit(tx)]
            for port in house.ports:
                wrong += self._not_as_offered(house, port.name)
            bad = [one for one in incidents.latest_incidents(tx, 500) if one.kind not in HARMLESS]
            wrong += [f"incident {one.kind}: {one.text}" for one in bad]
        table = self.witness.table
        for row in table.rows("SELECT name, mode FROM channels"):
            wrong += [f"{row['name']} is {row['mode']}"] if row["mode"] != Mode.LIVE else []
        wrong += [f"hold {dict(row)}" for row in table.rows("SELECT * FROM holds")]
        wrong += self._lost_units()
        self.told.wrong += [one for one in wrong if one not in self.told.wrong]

    def _not_as_offered(self, house: House, channel: str) -> list[str]:
        with house.db.read() as tx:
            told = {view.sku.sku: view.offer.told for view in views.load(tx, house, house.port(channel))}
        shown = {sku: self.street.shown(channel, sku) for sku in START}
        wrong = {sku for sku in START if told.get(sku) != shown[sku] and not shown[sku] <= 0 == told.get(sku)}
        return [f"{channel} shows {shown[sku]} of {sku} where the books offer {told.get(sku)}" for sku in sorted(wrong)]

    def _lost_units(self) -> list[str]:
        """On hand + shipped = what was there at the beginning; reserved = what is owed."""
        query = """SELECT s.sku, s.reserved, SUM(l.on_hand) AS on_hand
                   FROM skus s JOIN levels l ON l.sku_id = s.id GROUP BY s.id"""
        books = {row["sku"]: (row["on_hand"], row["reserved"]) for row in self.witness.table.rows(query)}
        wrong = []
        for sku, start in START.items():
            sold = [one for one in self.street.purchases.values() if one.sku == sku]
            true = start - sum(one.shipped for one in sold), sum(one.kept - one.shipped for one in sold)
            if books.get(sku) != true:
                wrong.append(f"{sku}: on hand and reserved are {books.get(sku)} in the books, and {true} in truth")
        return wrong


def plan(kills: int, chance: random.Random) -> list[tuple[Point, str, float]]:
    """Half at named points, each as often as the others and at both shops, half at random instants; shuffled."""
    turns = [(point, channel) for channel in CHANNELS for point in NAMED]
    named = [(*turns[n % len(turns)], 0.0) for n in range(kills // 2)]
    instants = [(Point.RANDOM, "", chance.uniform(*KILLED_AFTER_S)) for _ in range(kills - len(named))]
    chance.shuffle(both := named + instants)
    return both


def live(
    folder: Path,
    *,
    seed: int,
    plan: Sequence[tuple[Point, str, float]],
    wait: bool = False,
    program: Sequence[str] = PROGRAM,
) -> Told:
    """One whole life of the service; what came of it."""
    began = time.monotonic()
    told, traps = Told(seed), Traps(random.Random(seed + 1))
    table = Table(folder / "syncd.db")
    with opened(Clock(), lambda street: Witness(street, table), traps) as (street, witness):
        one = Life(folder, seed, street, witness, traps, told, program)
        one.prepare()
        street.open(seed)
        try:
            one.kill_all(plan)
        except AssertionError as failed:
            told.wrong.append(str(failed))
        else:
            one.come_to_rest(wait=wait)
            one.judge()
        street.close()
        traps.join_late()
        told.found.update(traps.counts)
        told.writes.update(witness.effects)
        told.orders = len(street.purchases)
    told.took_s = time.monotonic() - began
    return told
