"""The doors of the practice shops, where the crash test knows the daemon to be at a named point, and kills it there.

The daemon has no hook for it: a point is a request that has come in, has taken effect, or was answered.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from syncd.sandbox.practice import WOO
from syncd.sandbox.server import App, Request, Response
from tests.service.crash.witness import Arrival, Witness

WOO_WRITE = re.compile(r"/wp-json/wc/v3/products(/\d+/variations)?/batch")
WOO_ORDERS = "/wp-json/wc/v3/orders"
NOBODY_LISTENS = Response(503, {}, b"")
COMMIT_WITHIN_S = (0.0, 0.004, 0.012, 0.03, 0.06)
LATE_WITHIN_S = 25.0


class Point(StrEnum):
    """Where the daemon is killed."""

    INTENT = "intent committed"  # the write has come in and has taken no effect; it may do so later, or never
    SENT = "sent and unsettled"  # it took effect, and the answer is not given
    PAGE = "between page and cursor"  # a page with news is answered, and may be committed or not
    NEXT = "between page and next page"  # the page is committed; the next one is asked for
    LEASE = "lease held"  # orders are asked for, and nothing is answered
    RANDOM = "at random"


@dataclass
class Trap:
    """One named point of one shop. `done` once the daemon is dead."""

    point: Point
    channel: str
    process: subprocess.Popen[bytes]
    done: threading.Event = field(default_factory=threading.Event)


@dataclass
class Traps:
    """At most one trap is set at a time; it springs once. `counts` what was proved after the kill."""

    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    _set: Trap | None = None
    _news_answered: bool = False
    _late: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _witness: Witness | None = None

    @property
    def witness(self) -> Witness:
        assert self._witness is not None
        return self._witness

    @witness.setter
    def witness(self, witness: Witness) -> None:
        self._witness = witness

    def set(self, trap: Trap) -> None:
        with self._lock:
            self._set, self._news_answered = trap, False

    def waiting(self, channel: str, *points: Point) -> Trap | None:
        """The trap that waits for one of these points."""
        with self._lock:
            trap = self._set
            return trap if trap is not None and trap.channel == channel and trap.point in points else None

    def spring(self, trap: Trap) -> bool:
        """Take the trap away and kill; False where another thread was faster."""
        with self._lock:
            if self._set is not trap:
                return False
            self._set = None
        trap.process.kill()
        trap.process.wait()
        return True

    def later(self, effect: Callable[[], object]) -> None:
        """PHP goes on with a request that nobody waits for: let it take effect some time later."""
        delay = self.chance.uniform(0.5, LATE_WITHIN_S)
        thread = threading.Thread(target=lambda: (time.sleep(delay), effect()), daemon=True)
        self._late.append(thread)
        thread.start()

    def join_late(self) -> None:
        """Wait until all that was late has taken effect."""
        for thread in self._late:
            thread.join(LATE_WITHIN_S + 30)
            assert not thread.is_alive()

    # ------------------------------------------------------------------ what must be so after the kill

    def proved(self, trap: Trap, *facts: str) -> None:
        self.counts.update(facts)
        trap.done.set()


@dataclass
class Door:
    """The way into one shop: every request of the daemon passes here."""

    channel: str
    app: App
    traps: Traps

    def __call__(self, request: Request) -> Response:
        if len(request.body) < int(request.headers.get("content-length") or 0):
            return NOBODY_LISTENS  # killed while it was sending: no web server hands half a request on
        if self._is_write(request):
            return self._write(request)
        if self._is_orders(request):
            return self._orders(request)
        return self.app(request)

    def _is_write(self, request: Request) -> bool:
        if self.channel == WOO:
            return request.method == "POST" and WOO_WRITE.fullmatch(request.path) is not None
        return b"mutation Adjust(" in request.body or b"mutation Set(" in request.body

    def _is_orders(self, request: Request) -> bool:
        if self.channel == WOO:
            walks = request.first("orderby") == "id" and request.first("include") is None
            return walks and request.method == "GET" and request.path == WOO_ORDERS
        return b"query Orders(" in request.body

    # ------------------------------------------------------------------ writes

    def _write(self, request: Request) -> Response:
        witness = self.traps.witness
        if not witness.moves_numbers(self.channel, request):
            return self.app(request)
        arrivals = witness.arrive(self.channel, request)
        trap = self.traps.waiting(self.channel, Point.INTENT)
        if trap is not None and self.traps.spring(trap):
            self._must_be_open(arrivals, Point.INTENT)
            late = self.traps.chance.random() < 0.5
            if late:
                again = replace(request, late=True)
                self.traps.later(lambda: witness.execute(self.channel, again, self.app, arrivals))
            self.traps.proved(trap, "took effect late" if late else "never took effect")
            return NOBODY_LISTENS
        response, changed = witness.execute(self.channel, request, self.app, arrivals)
        trap = self.traps.waiting(self.channel, Point.SENT)
        if changed and trap is not None and self.traps.spring(trap):
            self._must_be_open(arrivals, Point.SENT)
            self.traps.proved(trap)
        return response

    def _must_be_open(self, arrivals: list[Arrival], point: Point) -> None:
        witness = self.traps.witness
        missing = {one.key[0] for one in arrivals} - witness.table.open_keys(self.channel)
        if missing or not arrivals:
            witness.blame(f"{self.channel}, {point}: killed while the intent {missing} was not in the table")

    # ------------------------------------------------------------------ pages of orders

    def _orders(self, request: Request) -> Response:
        witness = self.traps.witness
        trap = self.traps.waiting(self.channel, Point.LEASE)
        if trap is not None:
            holder = witness.table.lease_of(self.channel)
            if self.traps.spring(trap):
                if not holder == trap.process.pid == witness.table.lease_of(self.channel):
                    witness.blame(f"{self.channel}: orders were read while {holder} had the lease")
                self.traps.proved(trap)
                return NOBODY_LISTENS
        trap = self.traps.waiting(self.channel, Point.PAGE, Point.NEXT)
        if trap is None:
            return self.app(request)
        if self._page is not None and trap.point is Point.NEXT and self._page.trap is trap:
            page, self._page = self._page, None
            if self.traps.spring(trap):
                page.judge(must_be_committed=True)
                return NOBODY_LISTENS
        with witness.street.lock(self.channel):
            response = self.app(request)
            truth = witness.street.bookings(self.channel)
        before = witness.table.bookings(self.channel)
        news = {one for one in self._ids(response) if before.get(one) != truth.get(one)}
        if news:
            page = Page(self, trap, news, before, witness.table.cursor(self.channel))
            if trap.point is Point.NEXT:
                self._page = page
            else:
                threading.Thread(target=page.kill, daemon=True).start()
        return response

    _page: Page | None = None

    def _ids(self, response: Response) -> list[str]:
        body = json.loads(response.body)
        if self.channel == WOO:
            return [str(row["id"]) for row in body] if isinstance(body, list) else []
        nodes = ((body.get("data") or {}).get("orders") or {}).get("nodes", [])
        return [str(node["id"]).rpartition("/")[2] for node in nodes]


@dataclass
class Page:
    """A page that is being answered: the orders that are news, and the table before it."""

    door: Door
    trap: Trap
    news: set[str]
    before: dict[str, object]
    cursor: str | None

    def kill(self) -> None:
        """Kill some milliseconds after the answer."""
        time.sleep(self.door.traps.chance.choice(COMMIT_WITHIN_S))
        if self.door.traps.spring(self.trap):
            self.judge()

    def judge(self, *, must_be_committed: bool = False) -> None:
        """The page and its cursor are in the table together, or neither is."""
        traps, channel = self.door.traps, self.door.channel
        table = traps.witness.table
        now = table.bookings(channel)
        booked = {one for one in self.news if now.get(one) != self.before.get(one)}
        moved = table.cursor(channel) != self.cursor
        if booked not in (set(), self.news) or (not booked and (moved or must_be_committed)):
            traps.witness.blame(
                f"{channel}: of {len(self.news)} orders of a page {len(booked)} were booked, and the cursor was"
                f" {'moved' if moved else 'not moved'}"
            )
        traps.proved(self.trap, "page was committed" if booked else "page was not committed")
