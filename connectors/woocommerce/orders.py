"""Reads orders: those that are open at first contact, then those that changed, then single ones by id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from connectors.contract import CursorExpired, OrderPage, OrdersById, OrderState, Parked, Surroundings
from connectors.http import Answer
from connectors.woocommerce.client import Client, Gone, Row
from connectors.woocommerce.order_state import CHECKOUTS, CLOSED, ORDER_FIELDS, OWED, REFUND_FIELDS, Hold, order_state
from connectors.woocommerce.pages import PER_PAGE, Page, Place, comma, hundreds, walk
from connectors.woocommerce.reading import shop_clock, utc

# The shop notes the instant of a change before it writes the row, and compares whole seconds by ``>``: what is
# committed late carries an earlier second (woocommerce-facts §6). PHP rarely works on one request for longer.
OVERLAP = timedelta(seconds=60)
NEVER = "1970-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the orders have been read; JSON outside.

    `since`: changes up to here were read (naive UTC, by the shop's own clock). Within a walk also `walk`, what is
    walked; `until`, the `since` of the next walk; and the place, `after` and `offset`.
    """

    since: str = NEVER
    walk: str = ""
    until: str = NEVER
    after: int = 0
    offset: int = 0

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def place(self) -> Place:
        return Place(self.after, self.offset)

    def moved(self, place: Place | None) -> Cursor:
        """The cursor after a page. First contact has one walk; later ones go on from all orders to the trash."""
        if place is not None:
            return replace(self, after=place.after, offset=place.offset)
        if self.walk == "any":
            return replace(self, walk="trash", after=0, offset=0)
        return Cursor(since=self.until)


class Orders:
    """Reads the orders of one shop."""

    def __init__(self, client: Client, surroundings: Surroundings) -> None:
        self._client = client
        self._surroundings = surroundings

    def walk(self, text: str | None) -> Iterator[OrderPage]:
        """Pages of order states, as `SalesSource.orders` promises.

        First contact walks the statuses that may be open, whatever the age. Later calls walk what changed, then what
        changed in the trash, which no other list shows (woocommerce-facts §5). A walk goes by id: by instant of
        change, rows would move under it and be lost (§1). The next walk begins at the newest change that was there
        when this one began, not at a clock: a proxy's clock is another than PHP's.
        """
        at = self._first() if text is None else _parsed(text)
        if not at.walk:
            at = replace(at, walk="any", until=at.since)
        hold = _Hold(self._client)
        while at.walk:
            for page in walk(self._client, "orders", at.place, _fields=ORDER_FIELDS, **_filters(at)):
                if at.walk == "any" and at.place == Place():
                    at = replace(at, until=max(at.until, self._newest(page)))
                rows = [row for row in page.rows if at.walk != "all" or row.get("status") not in CLOSED]
                at = at.moved(page.place)
                states, parked = self._states(rows, hold)
                yield OrderPage(states, at.text, parked)

    def by_id(self, ids: Sequence[str]) -> OrdersById:
        """These orders as they stand now. An order is missing only where the shop says so of that very order."""
        wanted = sorted({int(id_) for id_ in ids if id_.isascii() and id_.isdigit()})
        found: dict[int, Row] = {}
        for status in ("any", "trash"):
            for some in hundreds([id_ for id_ in wanted if id_ not in found]):
                rows, _ = self._client.rows(
                    "orders", include=comma(some), status=status, per_page=PER_PAGE, _fields=ORDER_FIELDS
                )
                found |= {row["id"]: row for row in rows if row["id"] in some}
        for id_ in [id_ for id_ in wanted if id_ not in found]:
            row = self._client.row(f"orders/{id_}", _fields=ORDER_FIELDS)
            if row is not None and row["id"] == id_:
                found[id_] = row
        states, parked = self._states(list(found.values()), _Hold(self._client))
        return OrdersById(states, tuple(id_ for id_ in ids if id_ not in set(map(str, found))), parked)

    def _first(self) -> Cursor:
        """Where first contact begins: at the statuses that may be open, or at all where the shop does not name them."""
        rows, answer = self._client.rows("orders", orderby="modified", order="desc", per_page=1, _fields=ORDER_FIELDS)
        until = self._capped(rows, answer)
        totals = self._client.get("reports/orders/totals")
        named = totals.json() if totals.status == 200 else None
        if not isinstance(named, list):
            return Cursor(walk="all", until=until)
        slugs = [total.get("slug") for total in named if isinstance(total, dict)]
        names = [slug for slug in slugs if isinstance(slug, str) and re.fullmatch(r"[\w-]+", slug)]
        others = [name for name in names if name not in (*CLOSED, *OWED, "pending")]
        return Cursor(walk=",".join(("pending", *OWED, *others)), until=until)

    def _newest(self, first: Page) -> str:
        """The newest change that was there when a walk began."""
        if first.place is None:
            return self._capped(first.rows, first.answer)
        rows, answer = self._client.rows("orders", orderby="modified", order="desc", per_page=1, _fields=ORDER_FIELDS)
        return self._capped(rows, answer)

    def _capped(self, rows: Sequence[Row], answer: Answer) -> str:
        """The newest change of these rows, but not the future: an order dated ahead would hide all until then."""
        now = shop_clock(answer) or self._surroundings.now()
        instants = [instant for row in rows if (instant := utc(row.get("date_modified_gmt")))]
        return min(max(instants), now).strftime("%Y-%m-%dT%H:%M:%S") if instants else NEVER

    def _states(self, rows: Sequence[Row], hold: _Hold) -> tuple[tuple[OrderState, ...], tuple[Parked, ...]]:
        states: list[OrderState] = []
        parked: list[Parked] = []
        for row in rows:
            try:
                read = order_state(row, self._refunds(row), hold.of(row))
            except Gone:
                continue  # deleted while we read: the order is asked for by id, and found missing
            if isinstance(read, Parked):
                parked.append(read)
            else:
                states.append(read)
        return tuple(states), tuple(parked)

    def _refunds(self, order: Row) -> list[Row]:
        if not order.get("refunds"):
            return []
        pages = walk(self._client, f"orders/{order['id']}/refunds", Place(), _fields=REFUND_FIELDS)
        return [row for page in pages for row in page.rows]


class _Hold:
    """How long the shop holds unpaid checkouts; asked once per pull, and only where one is met."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._hold: Hold | None = None

    def of(self, order: Row) -> Hold:
        if order.get("status") != "pending" or order.get("created_via") not in CHECKOUTS:
            return Hold()
        if self._hold is None:
            setting = self._client.setting("woocommerce_hold_stock_minutes")
            self._hold = Hold() if setting is None else _held(setting)
        return self._hold


def _held(setting: str) -> Hold:
    """An empty setting holds for ever in the shop's form, but nothing in its code: 0 minutes."""
    if not setting.strip():
        return Hold(0, sure=True)
    return Hold(int(setting), sure=True) if re.fullmatch(r"[0-9]{1,6}", setting.strip(), re.ASCII) else Hold()


def _filters(at: Cursor) -> dict[str, str]:
    """The query of a walk. Naive UTC with `dates_are_gmt`: any other way is read as the shop's own time (§1)."""
    if at.walk not in ("any", "trash"):
        return {"status": "any" if at.walk == "all" else at.walk}
    if at.since == NEVER:
        return {"status": at.walk}
    after = datetime.fromisoformat(at.since) - OVERLAP
    return {"status": at.walk, "modified_after": after.isoformat(), "dates_are_gmt": "true"}


def _parsed(text: str) -> Cursor:
    try:
        cursor = Cursor(**json.loads(text))
        datetime.fromisoformat(cursor.since)
        datetime.fromisoformat(cursor.until)
        if type(cursor.after) is type(cursor.offset) is int and type(cursor.walk) is str:
            return cursor
    except (ValueError, TypeError):
        pass
    raise CursorExpired("How far the shop's orders were read is not known any more.")
