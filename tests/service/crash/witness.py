"""What is told by the master table itself, and by every write that reaches a shop: judged against the truth."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.sandbox.practice import BUFFER_UNITS, WOO
from syncd.sandbox.server import App, Request, Response

if TYPE_CHECKING:
    from tests.service.crash.street import Booking, Street

INTENTS = """
SELECT i.id, i.key, i.op, i.expected, i.target, i.sent_at, i.in_doubt_base, l.listing_id, l.channel_sku AS sku, l.sku_id
FROM intents i JOIN listings l ON l.id = i.listing WHERE i.channel = ? ORDER BY i.id DESC
"""
OFFERABLE = "SELECT COALESCE(SUM(on_hand) - SUM(reserved), 0) FROM movements WHERE sku_id = ? AND recorded_at <= ?"
TAKEN = """
SELECT COALESCE(SUM(o.taken), 0) FROM order_lines o JOIN listings l ON l.id = o.listing
WHERE o.channel = ? AND l.channel_sku = ?
"""


STATUS_ONLY = {"id", "meta_data", "include_meta", "_fields"}
"""The fields of an entry at WooCommerce that tells buyers something and leaves the number alone."""


@dataclass
class Table:
    """The master table, read with plain SQL from beside the service: opened for each look, as after a crash."""

    path: Path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._open() as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row; ``None`` without one."""
        found = self.rows(query, *values)
        return found[0][0] if found else None

    def cursor(self, channel: str) -> str | None:
        return self.one("SELECT cursor FROM channels WHERE name = ?", channel)  # type: ignore[no-any-return]

    def open_keys(self, channel: str) -> set[str]:
        return {row["key"] for row in self.rows(INTENTS, channel)}

    def lease_of(self, channel: str) -> int | None:
        """The process that has the lease of a channel, by the table."""
        return self.one("SELECT pid FROM leases WHERE channel = ?", channel)  # type: ignore[no-any-return]

    def bookings(self, channel: str) -> dict[str, Booking]:
        """What is booked for each order; every order here has one line."""
        from tests.service.crash.street import Booking

        query = "SELECT order_id, promised, fulfilled, taken FROM order_lines WHERE channel = ?"
        return {row[0]: Booking(*row[1:]) for row in self.rows(query, channel)}


@dataclass(frozen=True)
class Arrival:
    """One number of a write request when it arrived: its intent, and the units that were booked for this shop then."""

    intent: sqlite3.Row
    booked: int

    @property
    def sku(self) -> str:
        return str(self.intent["sku"])

    @property
    def key(self) -> tuple[str, str]:
        return str(self.intent["key"]), self.sku


@dataclass
class Witness:
    """Sees every write on the shop's side, and notes what must not be (`violations`).

    For each number that is written:

    * its intent is in the table already, with the same difference: *intent first*;
    * no intent takes effect twice, whatever dies in between: *never sent again*;
    * its target was no more than what the books offered when the intent was committed;
    * *no sale is erased*: what the shop shows after it is at most the target less this shop's own sales that were not
      booked when the write was decided. A raise above that puts units on sale which this shop has sold already. Of a
      lowering at most the unread sales count, for one that is sent again under its key meets a later number. A lowering
      sent in doubt goes from the number shown and is left out of this one rule, as in the model (`WriteSeen`); it must
      lower.

    Numbers, sales and the account of the customers are read under the shop's lock, together with the write.
    """

    street: Street
    table: Table
    violations: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    _first: dict[tuple[str, str], int] = field(default_factory=dict)
    _done: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrive(self, channel: str, request: Request) -> list[Arrival]:
        """Find the intents of a write that has just come in."""
        intents = self.table.rows(INTENTS, channel)
        wanted = json.loads(request.body)
        if channel == WOO:
            # A status moves no number and needs no intent.
            numbers = [entry for entry in wanted["update"] if entry.keys() - STATUS_ONLY]
            found = [self._intent_of(entry, intents) for entry in numbers]
        else:
            key = wanted["variables"]["key"]
            found = [intent for intent in intents if intent["key"] == key]
            if not found:
                self.blame(f"{channel} got a write under key {key} without an intent")
        arrivals = []
        for intent in found:
            if intent is None:
                continue
            booked = int(self.table.one(TAKEN, channel, intent["sku"]))
            arrival = Arrival(intent, booked)
            with self._lock:  # of a replay it counts what was known when it was first sent
                arrivals.append(Arrival(intent, self._first.setdefault(arrival.key, booked)))
            self._judge_target(channel, intent)
        return arrivals

    def execute(self, channel: str, request: Request, app: App, arrivals: Sequence[Arrival]) -> tuple[Response, bool]:
        """Let a write take effect and judge it; also whether any number changed."""
        with self.street.lock(channel):
            before = {one.sku: self.street.shown(channel, one.sku) for one in arrivals}
            response = app(request)
            changed = False
            for one in arrivals:
                after = self.street.shown(channel, one.sku)
                changed |= after != before[one.sku]
                self._judge(channel, one, before[one.sku], after)
        return response, changed

    def blame(self, what: str) -> None:
        with self._lock:
            self.violations.append(what)

    def _intent_of(self, entry: dict[str, Any], intents: Sequence[sqlite3.Row]) -> sqlite3.Row | None:
        """The intent of one difference: the newest that fits and was not carried out."""
        fitting = [
            intent
            for intent in intents
            if intent["listing_id"] == str(entry["id"])
            and intent["target"] - intent["expected"] == entry["inventory_delta"]
        ]
        if not fitting:
            self.blame(f"{WOO} got {entry} without an intent")
            return None
        fresh = [intent for intent in fitting if not self._done[str(intent["key"]), str(intent["sku"])]]
        return (fresh or fitting)[0]

    def _judge_target(self, channel: str, intent: sqlite3.Row) -> None:
        offerable = int(self.table.one(OFFERABLE, intent["sku_id"], intent["sent_at"]))
        if intent["target"] > max(0, offerable - BUFFER_UNITS):
            self.blame(f"{channel} was to show {intent['target']} of {intent['sku']} where the books had {offerable}")

    def _judge(self, channel: str, one: Arrival, before: int, after: int) -> None:
        if channel == WOO or before != after:
            with self._lock:
                self._done[one.key] += 1
            if self._done[one.key] > 1:
                self.blame(f"{channel}: a write of {one.sku} took effect twice: {dict(one.intent)}")
        elif self._done[one.key]:
            return  # a replay under its key: the first answer again, and no effect (shopify-facts §2.2)
        unread = self.street.taken(channel, one.sku) - one.booked
        excess = max(0, after - (one.intent["target"] - unread))
        raised = after > before
        in_doubt = bool(one.intent["in_doubt_base"])
        self.effects["raised" if raised else "lowered in doubt" if in_doubt else "lowered"] += 1
        if in_doubt and raised:
            self.blame(f"{channel}: {one.sku} was raised in doubt, from {before} to {after}")
        if not raised:
            excess = 0 if in_doubt else min(excess, max(0, unread))
        if excess:
            self.blame(
                f"{channel}: {excess} units of {one.sku} were put on sale that are gone:"
                f" {before} became {after}, {unread} sold unread, {dict(one.intent)}"
            )
