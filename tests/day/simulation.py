"""A simulated day: the service in this process, the shops in another, one clock for both."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import ConnectorError
from syncd import config
from syncd.config import Settings
from syncd.jobs.work import Plan
from syncd.settings_values import Address
from syncd.storage import inbox
from syncd.sync import adoption, desk, golive
from syncd.sync.cycle import sync
from syncd.sync.freshness import Look
from syncd.sync.house import House, LeaseHeld
from syncd.web.app import web_app
from syncd.web.metrics import Metrics
from syncd.web.server import WebServer
from tests.day.process import Daemon, Lags, Pids, Process
from tests.day.stage import SharedClock, Stage
from tests.day.world import Wish, live

STEP = timedelta(seconds=2)
"""The world is looked at so often at least: calls of the service may have made deliveries due meanwhile."""

IN_THE_SERVICE = ("service restarted", "service killed", "another sync in between")
BUFFER = 2


@dataclass
class Simulation:
    wish: Wish
    folder: Path
    fired: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    rss_mb: dict[str, float] = field(default_factory=dict)
    backlog_after_rest: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.clock = SharedClock(self.wish.start, context)
        self.stage = Stage(self.clock)
        self.pids = Pids()
        self.chance = random.Random(self.wish.seed + 1)
        self.metrics = Metrics()
        self.meter = Lags(self.metrics)
        self.daemon: Daemon | None = None
        self._line, theirs = context.Pipe()
        self._world = context.Process(target=live, args=(self.wish, self.clock, theirs), daemon=True)
        self._world.start()
        self._numbers = itertools.count()
        self._ends = False

    # ------------------------------------------------------------------ the other process

    def ask(self, name: str, *arguments: object) -> Any:
        """Let the world do something; what it answers."""
        self._line.send((name, *arguments))
        answer = self._line.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _step(self) -> None:
        due: datetime | None = self.ask("step")
        soon = self.clock() + STEP
        self.stage.at(min(max(due, self.clock()), soon) if due is not None else soon, self._step)

    def _tidy(self) -> None:
        self.ask("tidy")
        self.stage.at(self.clock() + timedelta(minutes=1), self._tidy)

    # ------------------------------------------------------------------ the whole

    @contextmanager
    def open(self) -> Iterator[None]:
        """The shops stand, the owner has counted and gone live, webhooks can arrive, the service runs."""
        self.settings = self._settings()
        self.plan = Plan(
            self.settings.timezone, self.folder, self.settings.webhook_url, self.settings.backups, beat=None
        )
        app = web_app(
            ports=lambda: self.daemon.house.ports if self.daemon else (),
            database=lambda: self._master.db,
            on_news=lambda channel: self.daemon.on_news(channel) if self.daemon else None,
            alive=lambda: True,
            look=lambda: self._look(),
            metrics=self.metrics,
            now=self.clock,
            answer_within_s=20.0,
        )
        server = WebServer(app, Address("127.0.0.1", 0))
        owner = Process(self.stage, self.pids, self.chance)
        with self.pids.known(), owner.house(self.settings, "owner") as self._master:
            server.start()
            try:
                self.ask("listen", f"http://127.0.0.1:{server.port}")
                self._step()
                self._tidy()
                self.stage.wait_for(self._first_day)
                self._start_service()
                yield
            finally:
                server.stop()
                self.ask("stop")
                self._world.join(10)

    def _settings(self) -> Settings:
        file = self.folder / ".env"
        file.write_text(
            self.ask("env")
            + f"SYNCD_BUFFER={BUFFER}\nSYNCD_DATABASE_URL=sqlite:///{self.folder / 'syncd.db'}\n"
            + f"SYNCD_TIMEZONE={self.wish.dst_zone}\nSYNCD_WEBHOOK_URL=https://sync.example\n"
            + "SYNCD_LISTEN=127.0.0.1:8737\nSYNCD_BACKUPS=2\n"
        )
        file.chmod(0o600)
        return config.load(file, {})

    def _look(self) -> Look:
        assert self.daemon is not None
        return self.daemon.freshness()

    def _first_day(self) -> None:
        house = self._master
        first, *others = house.ports
        adoption.commit(house, first, adoption.look(house, first))
        for port in (first, *others):
            gone = golive.go_live(house, port)
            assert gone.live, (port.name, gone)

    # ------------------------------------------------------------------ the service

    def _start_service(self) -> None:
        if self._ends:
            return
        process = Process(self.stage, self.pids, self.chance)
        self.daemon = Daemon(process, self.settings, self.plan, self.meter)
        process.on_death = lambda: self.stage.at(self.clock(), self._service_died)
        self.ask("open_receiver", True)

    def _service_died(self) -> None:
        assert self.daemon is not None
        self.ask("open_receiver", False)
        self.daemon.died()
        self.daemon = None
        self.fired["service killed"] += 1
        self._in(self.chance.uniform(5, 60), self._start_service)  # systemd starts it again

    def _restart(self) -> None:
        if self.daemon is None or self.daemon.process.stopping:
            self._in(90, self._restart)
            return
        self.ask("open_receiver", False)
        self.daemon.stop(then=self._stopped)

    def _stopped(self) -> None:
        self.daemon = None
        self.fired["service restarted"] += 1
        self._in(self.chance.uniform(2, 30), self._start_service)

    def _kill(self) -> None:
        """At one of its next calls."""
        if self.daemon is None or self.daemon.process.stopping or self.daemon.process.fuse:
            self._in(90, self._kill)
            return
        self.daemon.process.fuse = self.chance.randint(1, 15)

    def _sync(self) -> None:
        """The owner types `syncd sync` while the service runs."""
        process = Process(self.stage, self.pids, self.chance)

        def work() -> None:
            with suppress(LeaseHeld, ConnectorError):
                with process.house(self.settings, "sync", timedelta(minutes=5)) as house:
                    sync(house)
                    self.fired["another sync in between"] += 1
            process.end()

        self.stage.act(work)

    # ------------------------------------------------------------------ the owner

    def _owner(self) -> None:
        """Receives what runs out, sells some beside the shops, counts now and then."""
        house = self._master
        for sku in self.ask("scarce", 3):
            self._arrives(house, sku, self.chance.randint(10, 40))
        for _ in range(2):
            sku = self.chance.choice(self.wish.sku_names())
            left = self.ask("on_shelf", sku)
            if left is not None and left > 10:
                self.ask("arrived", sku, -1)
                desk.sell(house, sku, 1)
                self.did["units sold by hand"] += 1
        sku = self.chance.choice(self.wish.sku_names())
        there = self.ask("on_shelf", sku)
        if there is not None:
            desk.count(house, sku, there)
            self.did["counts"] += 1

    def _arrives(self, house: House, sku: str, units: int) -> None:
        self.ask("arrived", sku, units)
        desk.receive(house, sku, units)
        self.did["units received"] += units

    # ------------------------------------------------------------------ the day

    def day(self, on_hour: Callable[[int], None] = lambda _hour: None) -> None:
        """The whole day with all its trouble, hour by hour."""
        start, length = self.clock(), self.wish.length
        self.ask("begin")
        for happen in (self._restart, self._kill, self._sync):
            for turn in range(self.wish.often):
                at = (turn + self.chance.uniform(0.05, 0.85)) / self.wish.often * 0.96
                self.stage.at(start + at * length, happen)
        visits = max(4, int(length / timedelta(minutes=10)))
        for turn in range(visits):
            self.stage.at(start + (turn + 0.5) / visits * length, self._owner)
        hours = max(1, round(length / timedelta(hours=1)))
        for hour in range(1, hours + 1):
            self.stage.run(start + length * hour / hours)
            on_hour(hour)

    def rest(self, hours: float = 3) -> None:
        """Nothing goes wrong any more and nobody buys; unpaid checkouts lapse meanwhile."""
        self.ask("calm")
        self.stage.run(self.clock() + timedelta(hours=hours))
        self.ask("tidy")
        while self.daemon is None:
            self.stage.run(self.clock() + timedelta(seconds=30))
        for one in self._look().channels:
            self.backlog_after_rest[one.channel] = one.waiting
        with self._master.db.read() as tx:
            self.backlog_after_rest["inbox"] = sum(inbox.channels_waiting(tx).values())

    def stop(self) -> None:
        """The service ends in good order."""
        self._ends = True
        ended: list[bool] = []
        assert self.daemon is not None
        self.daemon.stop(then=lambda: ended.append(True))
        while not ended:
            self.stage.run(self.clock() + timedelta(seconds=1))

    @property
    def house(self) -> House:
        return self._master

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        self.stage.at(self.clock() + timedelta(seconds=seconds), what)


def rss_mb() -> float:
    """The memory of this process that is in RAM."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s() -> float:
    return time.process_time()
