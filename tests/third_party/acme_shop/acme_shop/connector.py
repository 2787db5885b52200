"""Connects syncd to an `AcmeShop`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from acme_shop.shop import AcmeShop
from connectors.contract import (
    Batch,
    CursorExpired,
    Finding,
    InDoubt,
    Level,
    Listing,
    ListingPage,
    ListingRef,
    Op,
    OrderLine,
    OrderPage,
    OrdersById,
    OrderState,
    Outcome,
    Rejected,
    Setting,
    SettingType,
    SettingValue,
    Surroundings,
    Unavailable,
    Write,
)

PAGE = 3


class AcmeConnector:
    kind = "acme_memory"
    SETTINGS = (Setting("SHOP", "The file of the shop.", SettingType.PATH, required=True, example="/srv/acme.json"),)

    order_lag = timedelta()
    visible_for = None
    steady = True
    raises_by = Op.DELTA
    replays = False
    in_doubt = timedelta(seconds=1)
    parallel = 1

    def __init__(self, channel: str, settings: Mapping[str, SettingValue], surroundings: Surroundings) -> None:
        self._channel = channel
        self._shop = AcmeShop(Path(str(settings["SHOP"])))

    @contextmanager
    def _opened(self) -> Iterator[dict]:
        try:
            with self._shop.opened() as held:
                yield held
        except OSError as error:
            raise Unavailable(f"{self._channel}: the file of the shop is not there.") from error

    def check(self) -> Sequence[Finding]:
        with self._opened() as held:
            return [Finding(Level.OK, f"acme, {len(held['listings'])} listings")]

    def close(self) -> None:
        pass

    def listings(self) -> Iterator[ListingPage]:
        with self._opened() as held:
            listings = [_listing(id_, item) for id_, item in held["listings"].items()]
        for start in range(0, max(1, len(listings)), PAGE):
            yield ListingPage(tuple(listings[start : start + PAGE]), total=len(listings))

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        with self._opened() as held:
            on_sale = held["listings"]
            return {ref.id: _listing(ref.id, on_sale[ref.id]) for ref in refs if ref.id in on_sale}

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        if cursor is not None and not cursor.isdigit():
            raise CursorExpired(f"{self._channel}: this place in the log of orders is not known.")
        start = int(cursor or 0)
        while True:
            with self._opened() as held:
                log = held["log"]
                page = dict.fromkeys(log[start : start + PAGE])
                states = tuple(_state(id_, held["orders"][id_]) for id_ in page)
            start = min(start + PAGE, len(log))
            yield OrderPage(states, str(start))
            if start == len(log):
                return

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        with self._opened() as held:
            orders = held["orders"]
        found = tuple(_state(id_, orders[id_]) for id_ in ids if id_ in orders)
        return OrdersById(found, tuple(id_ for id_ in ids if id_ not in orders))

    def group(self, writes: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
        return [tuple(writes[start : start + PAGE]) for start in range(0, len(writes), PAGE)]

    def send(self, batch: Batch) -> Sequence[Outcome]:
        writes = [write for write in batch.writes if type(write.target) is int and write.target >= 0]
        shown = self._written(writes) if writes else {}
        return [
            Outcome(write.listing_id, shown=shown[write.listing_id])
            if write.listing_id in shown
            else Outcome(write.listing_id, Rejected(f"{self._channel} does not take {write.target!r} for it."))
            for write in batch.writes
        ]

    def _written(self, writes: Sequence[Write]) -> Mapping[str, int]:
        shown = {}
        with self._opened() as held:
            lost, held["lost"] = held["lost"], None
            for write in writes if lost != "before" else ():
                if write.listing_id in held["listings"]:
                    held["listings"][write.listing_id]["shown"] += write.delta
                    shown[write.listing_id] = held["listings"][write.listing_id]["shown"]
        if lost:
            raise InDoubt(f"{self._channel} did not answer.")
        return shown


def _listing(listing_id: str, item: Mapping) -> Listing:
    return Listing(listing_id, item["sku"], item["name"], item["shown"])


def _state(order_id: str, order: Mapping) -> OrderState:
    units = order["units"]
    buckets = {
        "open": {"promised": units, "taken": units},
        "shipped": {"fulfilled": units, "taken": units},
        "cancelled": {},
    }[order["status"]]
    line = OrderLine(f"{order_id}-1", order["listing_id"], order["sku"], order["sku"] or "nameless", **buckets)
    placed = datetime.fromisoformat(order["placed"])
    return OrderState(order_id, order_id, order["version"], placed, (line,), status=order["status"])
