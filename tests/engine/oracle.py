"""What each shop should offer and say, by a plain model of its own: a queue of units, promised one by one.

Nothing here comes from `syncd.domain.availability`, `syncd.sync.stock` or `syncd.domain.feeds`. What was announced,
allowed and stated is remembered as it was done; only what is on hand, reserved, and taken in the last hour comes from
the books, which are proven on their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.contract import Supplies
from syncd.domain.caution import Caution
from tests.engine.world import LEAD_TIME_DAYS, WAREHOUSE_DAYS

STATUS_OF = {
    "own": "in_stock",
    "external": "external_warehouse",
    "incoming": "on_the_way",
    "supplier": "supplier",
    "pre-order": "pre_order",
    "overbooked": "supplier",
}
POOLS = tuple(STATUS_OF)
PROMISES = ("in_stock", "external_warehouse", "on_the_way", "supplier", "pre_order", "out_of_stock")
"""From the best promise to none."""
Unit = tuple[str, date | None]
"""Its pool; of one that is on the way, the day on which it comes."""


@dataclass
class Announced:
    sku: str
    units: int
    day: date | None
    open: bool = True


@dataclass(frozen=True)
class Allowed:
    units: int = 0
    status: str = ""
    starts_on: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Books:
    """What the books say of a SKU."""

    own: int
    external: int
    reserved: int
    taken_last_hour: int


@dataclass(frozen=True)
class Selling:
    """How a shop sells: the pools by their names, units or percent held back of each, cap and cut-off."""

    pools: tuple[str, ...]
    units_back: Mapping[str, int]
    percent_back: Mapping[str, int]
    cap: int | None = None
    cut_off: int | None = None


@dataclass(frozen=True)
class Told:
    """What a shop should be told of a SKU: its number, and what buyers read."""

    units: int
    told: int
    status: str
    days: int | None
    on: date | None


@dataclass
class Heard:
    """What was last taken over from the supplier, and what a person said to a feed that looked wrong, by its looks."""

    version: str | None = None
    columns: tuple[str, ...] | None = None
    says: dict[str, int | None] = field(default_factory=dict)
    stated_at: datetime | None = None
    approved: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


@dataclass
class Oracle:
    """`strict`: a feed that lacks or empties a single SKU is too suspicious to be used."""

    skus: tuple[str, ...]
    strict: bool
    trust_percent: int
    feed_lasts: timedelta
    caution: Caution
    deliveries: dict[int, Announced] = field(default_factory=dict)
    allowed: dict[tuple[str, str], Allowed] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    supplier_days: int | None = None

    # -------------------------------------------------------------- the supplier's feed

    def hear(self, known: str | None, read: Supplies | None) -> None:
        """The engine reads the feed. It must go on from what it took over last, whatever it held since."""
        heard = self.heard
        uses = f"the engine uses {known}, not {heard.version}: a held feed changes nothing"
        assert known in (heard.version, None), uses  # None: a SKU became known since
        if read is None:
            return  # not stated anew
        if heard.stated_at is not None and read.stated_at < heard.stated_at:
            return
        if read.version == heard.version:
            assert heard.stated_at is not None
            heard.stated_at = max(heard.stated_at, read.stated_at)
            return
        says = {one.sku: one.units for one in read.supplies if one.sku in self.skus}
        looks = self._looks_wrong(says, read.columns)
        if looks and (_no_worse(looks, heard.rejected) or not _no_worse(looks, heard.approved)):
            return
        heard.version, heard.columns, heard.says, heard.stated_at = read.version, read.columns, says, read.stated_at
        heard.approved = heard.rejected = ()

    def _looks_wrong(self, says: dict[str, int | None], columns: tuple[str, ...]) -> list[str]:
        before = {sku: units for sku, units in self.heard.says.items() if units is not None}
        now = {sku: units for sku, units in says.items() if units is not None}
        was = self.heard.columns
        if was is None:
            return [] if now else ["it tells of no SKU of yours"]
        found = []
        if columns[: len(was)] != was:
            gone = [word for word in was if word not in columns]
            verb = "is" if len(gone) == 1 else "are"
            moved = "its columns stand in another order"
            found.append(f"its columns changed: {', '.join(gone[:3])} {verb} gone" if gone else moved)
        if not before:
            return found
        lost = [sku for sku in before if sku not in now]
        stocked = [sku for sku, units in before.items() if units > 0]
        emptied = [sku for sku in stocked if now.get(sku) == 0]
        if not now:
            found.append("it tells of no SKU of yours any more")
        elif self.strict and lost:
            found.append(f"{len(lost)} of {len(before)} SKUs are missing")
        if self.strict and emptied and len(emptied) == len(stocked):
            found.append("everything is 0 now")
        elif self.strict and emptied:
            found.append(f"{len(emptied)} of {len(stocked)} SKUs in stock become 0")
        return found

    def answer(self, looks: tuple[str, ...], *, yes: bool) -> None:
        """The last word counts."""
        self.heard.approved, self.heard.rejected = (looks, ()) if yes else ((), looks)

    # -------------------------------------------------------------- what it comes to

    def due(self, sku: str, today: date) -> list[Announced]:
        """Deliveries that may be promised to somebody, the first to come first."""
        found = [one for one in self.deliveries.values() if one.sku == sku and one.open and one.day is not None]
        return sorted((one for one in found if one.day is not None and one.day >= today), key=_by_day)

    def holds(self, sku: str, kind: str, today: date) -> Allowed | None:
        allowed = self.allowed.get((sku, kind))
        return allowed if allowed and (allowed.until is None or today <= allowed.until) else None

    def stated(self, sku: str, now: datetime) -> int:
        """Units of the supplier that may be sold."""
        heard = self.heard
        if heard.stated_at is None or now - heard.stated_at > self.feed_lasts:
            return 0
        return max(0, heard.says.get(sku) or 0) * self.trust_percent // 100

    def tell(self, sku: str, shop: Selling, books: Books, now: datetime, silent: int, held: int) -> Told:
        """`silent`: how many other channels are silent that may have sold the SKU. `held`: units of the shop's own
        unpaid checkouts."""
        today = now.date()
        queue = [unit for unit in self._units(sku, books, now) if unit[0] in shop.pools or unit[0] == "overbooked"]
        missing = max(0, -books.own) if "own" in shop.pools else 0
        missing += max(0, -books.external) if "external" in shop.pools else 0
        left = len(queue) - missing - books.reserved
        last = self.caution.last_units if books.own - books.reserved <= self.caution.last_at else 0
        for _ in range(min(missing + books.reserved, len(queue))):
            may_go = (pool for pool in POOLS if _there(queue, pool) > _held_back(queue, pool, shop, last))
            queue.remove(_first(queue, next(may_go, queue[0][0])))
        # The first of a pool are held back, so that nobody is told of an earlier day than can be kept.
        for pool in POOLS:
            for _ in range(_held_back(queue, pool, shop, last)):
                queue.remove(_first(queue, pool))
        queue = queue[self._cautious(silent, books.taken_last_hour) :]
        units = len(queue) if shop.cap is None else min(len(queue), shop.cap)
        units = 0 if shop.cut_off is not None and units < shop.cut_off else units
        said = self.holds(sku, "status", today)
        units = 0 if said is not None and said.status == "out_of_stock" else units
        pool = queue[0][0] if units else None
        status = STATUS_OF[pool] if pool else "out_of_stock"
        if said is not None and PROMISES.index(said.status) > PROMISES.index(status):
            status = said.status
        days, on = self._time(sku, status, pool, books, now, [unit for unit in queue if unit[0] == "incoming"])
        return Told(units, units + max(0, held + min(0, left)), status, days, on)

    def _units(self, sku: str, books: Books, now: datetime) -> Iterator[Unit]:
        """Every unit there is, in the order in which they are served; one that is on the way with its day."""
        today = now.date()
        yield from [("own", None)] * books.own
        yield from [("external", None)] * books.external
        for one in self.due(sku, today):
            yield from [("incoming", one.day)] * one.units
        yield from [("supplier", None)] * self.stated(sku, now)
        for kind, pool in (("pre-order", "pre-order"), ("overbook", "overbooked")):
            allowed = self.holds(sku, kind, today)
            late = allowed is not None and allowed.starts_on is not None and allowed.starts_on < today
            yield from [(pool, None)] * (allowed.units if allowed and not late else 0)

    def _cautious(self, silent: int, taken_last_hour: int) -> int:
        care = self.caution
        return silent * care.silent_units + -(-max(0, taken_last_hour) * care.fast_percent // 100)

    def _time(
        self,
        sku: str,
        status: str,
        pool: str | None,
        books: Books,
        now: datetime,
        left: list[Unit],
    ) -> tuple[int | None, date | None]:
        """Days, or a day, that a buyer is told. Every day is a working day here."""
        today = now.date()
        if status == "external_warehouse":
            return (WAREHOUSE_DAYS.longest if books.external > 0 else None), None
        if status == "supplier":
            told = self.supplier_days if pool == "supplier" and self.supplier_days is not None else LEAD_TIME_DAYS
            return told, None
        if status == "on_the_way":
            coming = [one.day for one in self.due(sku, today) for _ in range(one.units)]
            gone = len(coming) - len(left) if pool == "incoming" else 0
            return None, coming[gone] if gone < len(coming) else None
        if status == "pre_order":
            allowed = self.holds(sku, "pre-order", today)
            starts_on = allowed.starts_on if allowed else None
            return None, starts_on if starts_on is not None and starts_on >= today else None
        return None, None


def _there(queue: list[Unit], pool: str) -> int:
    return sum(unit[0] == pool for unit in queue)


def _first(queue: list[Unit], pool: str) -> Unit:
    return next(unit for unit in queue if unit[0] == pool)


def _held_back(queue: list[Unit], pool: str, shop: Selling, last: int) -> int:
    """Units of a pool that are not for sale, of those that are in the queue now; `last` more of own stock."""
    there = _there(queue, pool)
    share = -(-there * shop.percent_back.get(pool, 0) // 100)
    return min(there, (share or shop.units_back.get(pool, 0)) + (last if pool == "own" else 0))


def _no_worse(looks: list[str], answered: tuple[str, ...]) -> bool:
    """Wrong in ways that a person was asked about, and by a fifth more at most."""

    def split(words: str) -> tuple[str, int]:
        number, _, rest = words.partition(" ")
        return (rest.split(" SKUs ")[1], int(number)) if number.isdigit() else (words, 0)

    asked = dict(map(split, answered))
    return all(way in asked and number * 5 <= asked[way] * 6 for way, number in map(split, looks))


def _by_day(one: Announced) -> date:
    assert one.day is not None
    return one.day
