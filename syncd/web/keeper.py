"""Keeps news in the inbox: one thread writes, many deliveries in one transaction (design.md §3.8)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.storage import channels, inbox
from syncd.storage.inbox import Delivery
from syncd.storage.session import Database

AT_ONCE = 100
MOST_WAITING = 1000
"""Deliveries that wait for the database: a second of writing them, some hundred kilobytes."""

HEARD_EVERY = timedelta(minutes=1)


class Full(Exception):
    """Too many deliveries wait for the database already."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    channel: str
    delivery: Delivery
    kept: Future[bool] = field(default_factory=Future)


class Keeper:
    """Writes deliveries down, with one connection to the database however many come.

    The thread lives while there is something to write. `on_news(channel)` is called in it after the commit of what was
    not known before, also when whoever delivered it waits no longer; it must not block.
    """

    def __init__(self, database: Callable[[], Database], on_news: Callable[[str], None]) -> None:
        self._database = database
        self._on_news = on_news
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._working = False
        self._heard: dict[str, datetime] = {}

    def keep(self, channel: str, delivery: Delivery) -> Future[bool]:
        """Has it written down; the future tells, after the commit, whether it was new.

        Raises:
            Full: the database has been busy for too long.
        """
        one = _Waiting(channel, delivery)
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise Full
            self._waiting.append(one)
            if not self._working:
                threading.Thread(target=self._work, name="syncd-inbox", daemon=True).start()
                self._working = True
        return one.kept

    def _work(self) -> None:
        while batch := self._next():
            try:
                new = self._store(batch)
                for channel in sorted({one.channel for one, is_new in zip(batch, new, strict=True) if is_new}):
                    self._on_news(channel)
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                for one in batch:
                    one.kept.set_exception(error)
            else:
                for one, is_new in zip(batch, new, strict=True):
                    one.kept.set_result(is_new)

    def _next(self) -> list[_Waiting]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            self._working = bool(batch)
            return batch

    def _store(self, batch: Sequence[_Waiting]) -> list[bool]:
        """Whether each was new."""
        latest = {one.channel: one.delivery.received_at for one in batch}
        heard = {channel: at for channel, at in latest.items() if self._is_due(channel, at)}
        with self._database().write() as tx:
            new = [inbox.put(tx, one.channel, one.delivery) for one in batch]
            for channel, instant in heard.items():
                channels.change(tx, channel, heard_at=instant)
        self._heard |= heard
        return new

    def _is_due(self, channel: str, instant: datetime) -> bool:
        last = self._heard.get(channel)
        return last is None or not timedelta() <= instant - last < HEARD_EVERY
