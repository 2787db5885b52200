"""The shop: one JSON file, so that the shop outlives the process that sells in it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path


class AcmeShop:
    """Listings and orders of one file. An order has one line; its log of changes is what the connector reads."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def found(self) -> None:
        with self.file.open("x") as file:
            json.dump({"listings": {}, "orders": {}, "log": [], "next_id": 1, "lost": None}, file)

    @contextmanager
    def opened(self) -> Iterator[dict]:
        """What the file holds; changes are saved where nothing is raised.

        Raises:
            OSError: the file is not there.
        """
        with self.file.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held = json.load(file)
            yield held
            file.seek(0)
            file.truncate()
            json.dump(held, file)

    def add(self, sku: str | None, shown: int) -> str:
        with self.opened() as held:
            listing_id = self._new_id(held)
            held["listings"][listing_id] = {"sku": sku, "name": sku or "nameless", "shown": shown}
            return listing_id

    def remove(self, listing_id: str) -> None:
        with self.opened() as held:
            del held["listings"][listing_id]

    def shown(self, listing_id: str) -> int:
        with self.opened() as held:
            return held["listings"][listing_id]["shown"]

    def type_in(self, listing_id: str, shown: int) -> None:
        with self.opened() as held:
            held["listings"][listing_id]["shown"] = shown

    def buy(self, listing_id: str, units: int) -> str:
        with self.opened() as held:
            order_id = self._new_id(held)
            held["listings"][listing_id]["shown"] -= units
            held["orders"][order_id] = {
                "listing_id": listing_id,
                "sku": held["listings"][listing_id]["sku"],
                "units": units,
                "placed": datetime.now(UTC).isoformat(),
                "version": 0,
            }
            self._note(held, order_id, "open")
            return order_id

    def cancel(self, order_id: str) -> None:
        with self.opened() as held:
            order = held["orders"][order_id]
            held["listings"][order["listing_id"]]["shown"] += order["units"]
            self._note(held, order_id, "cancelled")

    def ship(self, order_id: str) -> None:
        with self.opened() as held:
            self._note(held, order_id, "shipped")

    def lose_next_answer(self, *, effect: bool) -> None:
        with self.opened() as held:
            held["lost"] = "after" if effect else "before"

    def _new_id(self, held: dict) -> str:
        held["next_id"] += 1
        return str(held["next_id"])

    def _note(self, held: dict, order_id: str, status: str) -> None:
        held["orders"][order_id]["status"] = status
        held["orders"][order_id]["version"] += 1
        held["log"].append(order_id)
