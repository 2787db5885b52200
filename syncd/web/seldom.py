"""What may be asked often and is done seldom: log lines under a flood, readings of the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from syncd.web.waiting import outcome

T = TypeVar("T")


class Seldom:
    """Lets each key through once per `every_s` seconds. Keys are few and never a caller's choice. Thread-safe."""

    def __init__(self, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._last: dict[Hashable, float] = {}
        self._lock = threading.Lock()

    def allows(self, key: Hashable) -> bool:
        """True where this key was not let through for that long; it is now."""
        with self._lock:
            now, last = self._clock(), self._last.get(key)
            if last is not None and now - last < self._every_s:
                return False
            self._last[key] = now
            return True


class Recent(Generic[T]):
    """What `read` told a moment ago; asked again when that is older than `for_s` seconds.

    However many ask, one thread reads, and nobody waits longer than `within_s` for it: a database that hangs costs one
    thread. That thread does not keep the process from ending.
    """

    def __init__(self, read: Callable[[], T], *, for_s: float = 1.0, within_s: float = 5.0) -> None:
        self._read = read
        self._for_s = for_s
        self._within_s = within_s
        self._reading: Future[T] | None = None
        self._read_at = 0.0

    async def get(self) -> T:
        """The reading. To be asked in one event loop only.

        Raises:
            TimeoutError: it takes too long; it goes on meanwhile.
            Exception: what `read` raised.
        """
        reading = self._reading
        if reading is None or (reading.done() and time.monotonic() - self._read_at > self._for_s):
            reading = self._reading = Future()
            threading.Thread(target=self._fill, args=(reading,), name="syncd-reading", daemon=True).start()
        return await outcome(reading, self._within_s)

    def _fill(self, reading: Future[T]) -> None:
        try:
            told = self._read()
        except Exception as error:  # noqa: BLE001 - raised where it is asked for
            self._read_at = time.monotonic()
            reading.set_exception(error)
        else:
            self._read_at = time.monotonic()
            reading.set_result(told)
