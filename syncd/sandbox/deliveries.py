"""Webhooks on their way: a queue of what is due, posted when its time has come, with misfortune as a test orders it.

A shop puts deliveries in; whoever moves time takes them out::

    waiting = shop.webhooks.deliveries
    waiting.deliver_to = "http://127.0.0.1:8737"  # stands in for the owner's proxy: shops take https only
    waiting.pump(clock(), post_http)              # in virtual time: all that is due by now
    with Courier(waiting, clock): ...             # in real time, in a thread

Posting holds no lock: the receiver may call the shop while the shop waits for its answer.
"""

from __future__ import annotations

import heapq
import http.client
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_S = 5.0  # Shopify's (shopify-facts §5); WooCommerce would wait 60 s
STOPS_WITHIN_S = 2 * TIMEOUT_S

Post = Callable[[str, Mapping[str, str], bytes], int]
"""Posts a body to an address and gives the status; raises OSError or http.client.HTTPException where none came."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the wire."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a shop.

    `message` is asked when the delivery goes out; ``None`` drops it (its webhook is gone). `settle` hears the status,
    ``None`` where no answer came. While one with the same `key` waits, another is merged into it.
    """

    message: Callable[[], Message | None]
    settle: Callable[[int | None], None]
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Misfortune:
    """What happens to deliveries on their way, each with its probability, once per delivery.

    `lose`: it never arrives, and the shop does not notice. `duplicate`: it arrives twice, byte for byte. `reorder`:
    another one that is due overtakes it. `delay`: it comes later, by up to `longest_delay`.
    """

    random: Random
    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    longest_delay: timedelta = timedelta(minutes=10)


@dataclass(order=True, slots=True)
class _Waiting:
    due_at: datetime
    number: int
    delivery: Delivery
    delayed: bool = False


class Deliveries:
    """The deliveries of one shop that wait for their time. May be used by several threads.

    `deliver_to` replaces scheme and host of every address. `misfortune` may be set and taken away at any time.
    `counts` says by name what became of deliveries: posted, failed (no answer, or a status of 400 and above), merged,
    dropped, lost, duplicated, reordered, delayed.
    """

    def __init__(self, *, deliver_to: str | None = None, misfortune: Misfortune | None = None) -> None:
        self.deliver_to = deliver_to
        self.misfortune = misfortune
        self.counts: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []
        self._keys: set[Hashable] = set()
        self._numbers = count()
        self._lock = threading.Lock()
        self._more = threading.Event()

    def __len__(self) -> int:
        """How many wait, due or not."""
        return len(self._waiting)

    @property
    def next_due(self) -> datetime | None:
        """When the first of those that wait is due: as far as a virtual clock may jump."""
        with self._lock:
            return self._waiting[0].due_at if self._waiting else None

    def put(self, delivery: Delivery, due_at: datetime) -> None:
        """Lets a delivery wait until `due_at` (aware)."""
        with self._lock:
            if delivery.key is not None and delivery.key in self._keys:
                self.counts["merged"] += 1
                return
            self._keys.add(delivery.key)
            heapq.heappush(self._waiting, _Waiting(due_at, next(self._numbers), delivery))
        self._more.set()

    def pump(self, now: datetime, post: Post, *, most: int | None = None) -> int:
        """Posts what is due at `now`, also what becomes due meanwhile; returns how many posts were made.

        `most`: end after so many. An error of `post` that is none of the network's goes through to the caller: it is
        not the shop's to bear.
        """
        posted = 0
        while (most is None or posted < most) and (taken := self._take(now)) is not None:
            delivery, copies = taken
            message = delivery.message()
            if message is None:
                self._count("dropped")
                continue
            statuses = [self._post(post, message) for _ in range(copies)]
            delivery.settle(statuses[0])
            posted += copies
        return posted

    def wait(self, seconds: float) -> None:
        """Returns when something was put in since the last call, or `seconds` have passed."""
        self._more.wait(seconds)
        self._more.clear()

    def _take(self, now: datetime) -> tuple[Delivery, int] | None:
        """The next delivery that is due, and how often it arrives; ``None`` where none is due."""
        with self._lock:
            while self._waiting and self._waiting[0].due_at <= now:
                one, bad = self._next(now), self.misfortune
                if bad and not one.delayed and bad.random.random() < bad.delay:
                    self.counts["delayed"] += 1
                    one.due_at, one.delayed = now + bad.random.random() * bad.longest_delay, True
                    heapq.heappush(self._waiting, one)
                    continue
                self._keys.discard(one.delivery.key)
                if bad and bad.random.random() < bad.lose:
                    self.counts["lost"] += 1
                    continue
                twice = bad is not None and bad.random.random() < bad.duplicate
                self.counts["duplicated"] += twice
                return one.delivery, 2 if twice else 1
        return None

    def _next(self, now: datetime) -> _Waiting:
        bad = self.misfortune
        if bad and bad.random.random() < bad.reorder:
            first = self._waiting[0]
            others = sorted(one for one in self._waiting if one.due_at <= now and one is not first)
            if others:
                self.counts["reordered"] += 1
                other = bad.random.choice(others)
                self._waiting.remove(other)
                heapq.heapify(self._waiting)
                return other
        return heapq.heappop(self._waiting)

    def _post(self, post: Post, message: Message) -> int | None:
        try:
            status = post(self._address(message.url), message.headers, message.body)
        except (OSError, http.client.HTTPException):
            status = None
        self._count("posted")
        if status is None or status >= 400:
            self._count("failed")
        return status

    def _address(self, url: str) -> str:
        if self.deliver_to is None:
            return url
        parts = urlsplit(url)
        return self.deliver_to.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1


class Courier:
    """Posts the deliveries of one shop in real time from `start()` to `stop()`, in a thread, one after the other.

    Raises:
        RuntimeError: by `stop()`, when the shop or `post` crashed: a defect of the sandbox must not pass for a loss.
    """

    def __init__(
        self, deliveries: Deliveries, clock: Callable[[], datetime], *, post: Post | None = None, every_s: float = 0.02
    ) -> None:
        self._deliveries = deliveries
        self._clock = clock
        self._post = post or post_http
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._crash: Exception | None = None

    def start(self) -> Self:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="sandbox-courier", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends after the post that is under way. What waits stays in the queue."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopped.set()
        thread.join(STOPS_WITHIN_S)
        crash, self._crash = self._crash, None
        if crash is not None:
            raise RuntimeError("the sandbox could not deliver") from crash

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                if not self._deliveries.pump(self._clock(), self._post, most=1):
                    self._deliveries.wait(self._every_s)
        except Exception as crash:  # noqa: BLE001 - told by stop()
            self._crash = crash


def post_http(url: str, headers: Mapping[str, str], body: bytes, timeout_s: float = TIMEOUT_S) -> int:
    """Posts over real HTTP and gives the status. Redirects are not followed, as neither shop does."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout_s)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
