"""The state machine with all that is sold beside own stock: deliveries, a supplier, permissions, a warehouse, a till.

What each shop should offer and say is told by a model of its own (`tests.engine.oracle`). It is asked after every
step, at every write, and when all has come to rest.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from connectors.contract import Batch, Notice, Op, Outcome, Unavailable
from connectors.memory import MemoryConnector, MemoryShop
from syncd.domain.availability import ON_HAND, Buffer, Pool
from syncd.domain.caution import Caution
from syncd.domain.drift import OnEdit
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.domain.status import StockStatus
from syncd.storage import channels, holds, intents, ledger, schema
from syncd.storage.permissions import PermissionKind
from syncd.storage.session import Tx
from syncd.sync import approval, deliveries, permits, views
from syncd.sync.cycle import Report
from syncd.sync.deliveries import Announced as ToAnnounce
from syncd.sync.house import House, Refusal
from syncd.sync.puller import silent
from syncd.sync.views import View, in_step
from syncd.texts.wording import Wording
from tests.engine.machine import SHOPS, Engine, _database, shops
from tests.engine.memory_feed import COLUMNS, Supplier
from tests.engine.oracle import PROMISES, Allowed, Announced, Books, Oracle, Selling, Told
from tests.engine.world import FEED_LASTS, LEAD_TIME_DAYS, NO_HOLDS, WAREHOUSE, Clock, Sells, World

SKUS = ("A-1", "B-2")
BEYOND = frozenset({Pool.INCOMING, Pool.SUPPLIER})
SELLING = (
    Sells(),
    Sells(ON_HAND | BEYOND, {Pool.SUPPLIER: Buffer(units=2), Pool.INCOMING: Buffer(percent=50)}),
    Sells(ON_HAND | BEYOND | {Pool.PRE_ORDER}, {Pool.EXTERNAL: Buffer(units=1)}, Limits(cap=9, cut_off=2)),
    Sells(BEYOND | {Pool.EXTERNAL, Pool.PRE_ORDER}, {Pool.SUPPLIER: Buffer(units=1)}, Limits(Buffer(percent=20))),
)
CAUTIONS = (
    Caution(),
    Caution(),
    Caution(silent_units=2),
    Caution(silent_units=1, fast_percent=50, last_at=3, last_units=1),
)
STRICT = HoldLimits(zeroing_percent=0, jumps_percent=100, count=1, missing_percent=0)

skus = st.sampled_from(SKUS)
days = st.none() | st.integers(0, 3)


@dataclass(frozen=True)
class Plan:
    """How the house is set up. `strict`: whatever goes to 0 without a customer waits for a yes."""

    sells: tuple[Sells, Sells]
    caution: Caution
    strict: bool
    trust_percent: int
    supplier_days: int | None


plans = st.builds(
    Plan,
    sells=st.tuples(st.sampled_from(SELLING), st.sampled_from(SELLING[1:])),
    caution=st.sampled_from(CAUTIONS),
    strict=st.booleans(),
    trust_percent=st.sampled_from([100, 60]),
    supplier_days=st.sampled_from([None, 9]),
)


class Stockroom(Engine):
    """Two shops that sell different pools, and what fills and empties these."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle: Oracle
        self.supplier: Supplier
        self.looked_at: datetime | None = None
        self.disturbed = False  # something was sold after a write had been decided
        self.sent: set[str] = set()
        self.unsure: set[tuple[str, str]] = set()  # listings whose notice may be there, or may not
        self.receipts = 0
        self.rung_up: Counter[str] = Counter()

    @initialize(
        plan=plans,
        on_hand=st.integers(0, 9),
        shown=st.integers(0, 9),
        buffer=st.sampled_from([0, 2]),
        on_edit=st.sampled_from(list(OnEdit)),
        seed=st.integers(0, 2**16),
        early_birds=st.lists(shops, max_size=3),
    )
    def open_the_shops(  # type: ignore[override]
        self, plan: Plan, on_hand: int, shown: int, buffer: int, on_edit: OnEdit, seed: int, early_birds: list[str]
    ) -> None:
        """First contact: some orders are open already."""
        self.random.seed(seed)
        db = self._open.enter_context(_database())
        clock = Clock()
        self.oracle = Oracle(SKUS, plan.strict, plan.trust_percent, FEED_LASTS, plan.caution)
        self.oracle.supplier_days = plan.supplier_days
        self.supplier = Supplier(clock, {"A-1": 5, "B-2": 0}, plan.supplier_days)
        self.supplier.on_told = self.oracle.hear
        self.world = World(
            db,
            skus=SKUS,
            on_hand=on_hand,
            shown=min(shown, on_hand),
            buffer=buffer,
            on_edit=on_edit,
            hold_limits=STRICT if plan.strict else NO_HOLDS,
            clock=clock,
            sells=dict(zip(SHOPS, plan.sells, strict=True)),
            caution=plan.caution,
            wording=Wording("en"),
            lead_time_days=LEAD_TIME_DAYS,
            supplier=self.supplier,
            trust_percent=plan.trust_percent,
            till=Path(self._open.enter_context(tempfile.TemporaryDirectory())),
            connect=lambda name, shop: _Watched(self, name, shop),
        )
        self.world.on_raise = self._judge_a_raise
        self.world.on_sync = self._judge_a_sync
        self.world.go_live()
        for name in early_birds:
            self.buy(name, "A-1", 1, 0)
        self.world.sync()
        self._say_yes()

    # -------------------------------------------------------------- deliveries

    @rule(sku=skus, units=st.integers(1, 9), in_days=days)
    def announce_a_delivery(self, sku: str, units: int, in_days: int | None) -> None:
        day = self._day(in_days)
        made = deliveries.announce(self.world.house, ToAnnounce(sku, units, day))
        self.oracle.deliveries[made.id] = Announced(sku, units, day)
        self._remember_what_was_sold_before(sku)

    @rule(data=st.data(), units=st.none() | st.integers(1, 9))
    def receive_a_delivery(self, data: st.DataObject, units: int | None) -> None:
        """In full, in part, or more than was announced."""
        if (number := self._a_delivery(data)) is None:
            return
        deliveries.receive(self.world.house, number, units, more=True)
        one = self.oracle.deliveries[number]
        one.units -= one.units if units is None else units
        one.open = one.units > 0
        self._remember_what_was_sold_before(one.sku)

    @rule(data=st.data(), in_days=days)
    def delay_a_delivery(self, data: st.DataObject, in_days: int | None) -> None:
        if (number := self._a_delivery(data)) is None:
            return
        deliveries.delay(self.world.house, number, self._day(in_days))
        self.oracle.deliveries[number].day = self._day(in_days)
        self._remember_what_was_sold_before(self.oracle.deliveries[number].sku)

    @rule(data=st.data())
    def call_off_a_delivery(self, data: st.DataObject) -> None:
        if (number := self._a_delivery(data)) is not None:
            deliveries.call_off(self.world.house, number)
            self.oracle.deliveries[number].open = False

    def _a_delivery(self, data: st.DataObject) -> int | None:
        there = [number for number, one in self.oracle.deliveries.items() if one.open]
        return data.draw(st.sampled_from(there)) if there else None

    def _day(self, in_days: int | None) -> date | None:
        return None if in_days is None else self.world.clock().date() + timedelta(days=in_days)

    # -------------------------------------------------------------- the supplier

    @rule(sku=skus, units=st.none() | st.integers(0, 12))
    def supplier_states_other_units(self, sku: str, units: int | None) -> None:
        self.supplier.write({**self.supplier.says, sku: units})

    @rule(what=st.sampled_from(["one", "all", "columns", "no more"]))
    def supplier_writes_nonsense(self, what: str) -> None:
        """Emptied, shrunken, with another column in front: it must be held where it is that bad."""
        says, columns = dict(self.supplier.says), COLUMNS
        if what == "one":
            says.pop("A-1", None)
        elif what == "all":
            says = dict.fromkeys(says, 0)
        elif what == "columns":
            columns = ("Group", *COLUMNS)
        else:
            says = {}
        self.supplier.write(says, columns)

    @rule()
    def supplier_writes_the_same_anew(self) -> None:
        self.supplier.write(self.supplier.says, self.supplier.columns)

    @rule()
    def supplier_is_sound_again(self) -> None:
        self.supplier.write({"A-1": 5, "B-2": 3})

    @rule(down=st.booleans())
    def supplier_does_not_answer(self, down: bool) -> None:
        self.supplier.down = down

    @rule(yes=st.booleans())
    def somebody_looks_at_the_feed(self, yes: bool) -> None:
        """Says yes or no to what is held of it; a no may be taken back."""
        with self.world.db.read() as tx:
            asked = [one for one in (*holds.every_open(tx), *holds.every_rejected(tx)) if one.feed is not None]
        for one in asked[-1:]:
            with contextlib.suppress(Refusal):  # it is no already
                approval.answer(self.world.house, one.id, yes=yes)
                assert one.feed is not None
                self.oracle.answer(one.feed, yes=yes)

    # -------------------------------------------------------------- permissions

    @rule(
        sku=skus,
        kind=st.sampled_from(["overbook", "pre-order"]),
        units=st.integers(1, 6),
        until=days,
        starts_in_days=st.integers(0, 3),
    )
    def allow_more(self, sku: str, kind: str, units: int, until: int | None, starts_in_days: int) -> None:
        house, last = self.world.house, self._day(until)
        starts_on = self._day(starts_in_days) if kind == "pre-order" else None
        if starts_on is None:
            permits.overbook(house, sku, units, until=last, reason="arrives every Monday")
        else:
            permits.pre_order(house, sku, units, starts_on=starts_on, until=last)
        self.oracle.allowed[sku, kind] = Allowed(units, starts_on=starts_on, until=last)
        self._remember_what_was_sold_before(sku)

    @rule(sku=skus, status=st.sampled_from(list(StockStatus)), until=days)
    def say_a_status(self, sku: str, status: StockStatus, until: int | None) -> None:
        permits.say_status(self.world.house, sku, status, until=self._day(until))
        self.oracle.allowed[sku, "status"] = Allowed(status=status.value, until=self._day(until))

    @rule(sku=skus, kind=st.sampled_from(list(PermissionKind)))
    def take_a_permission_back(self, sku: str, kind: PermissionKind) -> None:
        if self.oracle.allowed.pop((sku, kind.value), None) is not None:
            permits.take_back(self.world.house, sku, kind)
            self._remember_what_was_sold_before(sku)

    # -------------------------------------------------------------- the warehouse and the till

    @rule(sku=skus, units=st.integers(0, 6))
    def count_the_warehouse(self, sku: str, units: int) -> None:
        self.world.count(sku, units, WAREHOUSE)
        self._remember_what_was_sold_before(sku)

    @rule(sku=skus, units=st.integers(1, 3), copied=st.booleans())
    def sell_at_the_till(self, sku: str, units: int, copied: bool) -> None:
        """A line more in the file of the day; now and then the same file comes again under another name."""
        assert self.world.till is not None
        self.receipts += 1
        self.rung_up[sku] += units
        file, at = self.world.till / "day.csv", self.world.clock()
        before = file.read_text() if file.exists() else "receipt;time;sku;units\n"
        content = before + f"{self.receipts};{at:%Y-%m-%d %H:%M:%S};{sku};{units}\n"
        for path in (file, *([self.world.till / f"copy-{self.receipts}.csv"] if copied else [])):
            path.write_text(content)
            written = (at - timedelta(minutes=1)).timestamp()
            os.utime(path, (written, written))

    @rule(name=shops, sku=skus, left=st.integers(0, 2))
    def customers_buy_nearly_all(self, name: str, sku: str, left: int) -> None:
        """Own stock first, then what is in the other pools; the engine hears of it at once."""
        shown = self.world.shown_in(name, sku)
        if shown is not None and shown > left:
            self.buy(name, sku, shown - left, 0)
        self.world.sync()

    # -------------------------------------------------------------- whole stories: single steps seldom make one

    @rule(sku=skus, units=st.integers(2, 9), kind=st.sampled_from(["delivery", "overbook", "pre-order", "status"]))
    def something_ends_with_its_day(self, sku: str, units: int, kind: str) -> None:
        """A delivery that does not come, a permission with an end: sold today, and not tomorrow."""
        if kind == "delivery":
            self.announce_a_delivery(sku, units, 0)
        elif kind == "status":
            self.say_a_status(sku, StockStatus.OUT_OF_STOCK, 0)
        else:
            self.allow_more(sku, kind, units, 0, 0)
        self._wait(timedelta(days=1))

    @rule(units=st.integers(6, 12))
    def the_feed_grows_too_old(self, units: int) -> None:
        """It is read again and again, and nobody writes it."""
        self.supplier.down = False
        self.supplier.write({"A-1": units, "B-2": 3})
        for _ in range(4):
            self._wait(FEED_LASTS / 3)

    @rule(what=st.sampled_from(["all", "columns", "no more"]), yes=st.none() | st.booleans(), again=st.booleans())
    def a_feed_looks_wrong(self, what: str, yes: bool | None, again: bool) -> None:
        """It is read twice, and a person may have answered in between, and may have had another thought."""
        self.supplier_is_sound_again()
        self.supplier.down = False
        self.world.sync()
        self.supplier_writes_nonsense(what)
        for turned in (False, again):
            self.world.sync()
            if yes is not None:
                self.somebody_looks_at_the_feed(yes is not turned)
        self.world.sync()

    # -------------------------------------------------------------- time, and people who say yes

    @rule(count=st.integers(1, 3))
    def days_go_by(self, count: int) -> None:
        self.world.clock.sleep(count * 86_400)

    @rule()
    def say_yes(self) -> None:
        self._say_yes()

    def _say_yes(self) -> None:
        with self.world.db.read() as tx:
            asked = [one for one in holds.every_open(tx) if one.feed is None]
        for one in asked:
            approval.answer(self.world.house, one.id, yes=True)

    @rule(hours=st.sampled_from([3, 27, 31, 80]), down=st.none() | shops)
    def only_time_goes_by(self, hours: int, down: str | None) -> None:
        """A delivery becomes overdue, the feed too old, a shop or the till silent; nothing else happens meanwhile."""
        for _ in range(2):
            self.world.clock.sleep(65)
            self.world.sync()
            self._say_yes()
        self._wait(timedelta(hours=hours), down)

    def _wait(self, length: timedelta, down: str | None = None) -> None:
        """What lateness takes away goes at once, however strict the house: nobody is asked for a yes (§3.6)."""
        self.world.sync()
        self._say_yes()
        self.world.sync()
        all_told = self._all_is_told() and not self._something_ends()
        self.world.clock.sleep(length.total_seconds())
        if down is not None:
            self.shop(down).down_until = self.world.clock() + timedelta(seconds=5)
        report = self.world.sync()
        if all_told:
            assert not any(one.hold for one in report.pushed.values()), f"lateness was held: {report.pushed}"

    def _all_is_told(self) -> bool:
        with self.world.db.read() as tx:
            rows = [view.row for _, view in self._views(tx) if in_step(view)]
            settled = len(rows) == len(self.world.listing_ids)
            asked = [one for one in holds.every_open(tx) if one.feed is None]
        return settled and not asked and not any(row.differs_since or row.rejected_target for row in rows)

    def _something_ends(self) -> bool:
        """A word of the owner with a last day: what was above it comes back, and may be much."""
        return any(kind == "status" and one.until is not None for (_, kind), one in self.oracle.allowed.items())

    # -------------------------------------------------------------- what the model says

    def _views(self, tx: Tx, house: House | None = None) -> list[tuple[str, View]]:
        house = house or self.world.house
        ports = [port for port in house.ports if port.sink is not None]
        return [(port.name, view) for port in ports for view in views.load(tx, house, port)]

    def _model(self, tx: Tx) -> Callable[[str, View], Told]:
        """What the model says of a listing as of this transaction."""
        now = self.world.clock()
        pools = ledger.pools(tx)
        taken = ledger.sold_since(tx, now - timedelta(hours=1))
        known = {channel.name: channel for channel in channels.every(tx)}
        ports = [port for port in self.world.house.ports if port.sales is not None]
        quiet = {port.name for port in ports if silent(known[port.name], port, self.world.house)}

        def should(name: str, view: View) -> Told:
            there, id_ = pools[view.sku.id], view.sku.id
            books = Books(there.own, there.external, there.reserved, taken.get(id_, 0))
            return self.oracle.tell(view.sku.sku, self._selling(name), books, now, len(quiet - {name}), view.held)

        return should

    def _selling(self, name: str) -> Selling:
        sells = self.world.sells[name]
        back = {Pool.OWN: sells.limits.buffer or Buffer(units=self.world.buffer), **sells.buffers}
        return Selling(
            tuple(pool.value for pool in sells.pools),
            {pool.value: one.units for pool, one in back.items()},
            {pool.value: one.percent for pool, one in back.items()},
            sells.limits.cap,
            sells.limits.cut_off,
        )

    @invariant()
    def each_shop_may_offer_what_the_model_says(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.world.db.read() as tx:
            should, loaded = self._model(tx), self._views(tx)
            for name, view in loaded:
                told = should(name, view)
                assert (view.offer.units, view.offer.told) == (told.units, told.told), f"{name}: {view}, {told}"
                assert view.notice is not None
                assert _read(view.notice) == (told.status, told.days, told.on), f"{name}: {view}, {told}"
            self._judge_what_is_settled(tx, loaded)

    what_is_not_dirty_is_told_its_target = None  # judged below, of the views that are loaded already

    def _judge_what_is_settled(self, tx: Tx, loaded: list[tuple[str, View]]) -> None:
        """Settled is only what is told its target, as of the last look at the clock, and what tells its notice.

        That somebody was silent, or that sales were fast, ends without a mark: the next sync finds it.
        """
        if self.looked_at is None or self.world.caution != Caution():
            return
        then = self.looked_at
        if then != self.world.clock():
            loaded = self._views(tx, replace(self.world.house, now=lambda: then))
        for name, view in loaded:
            if not view.row.dirty and not view.held and view.row.expected is not None:
                assert in_step(view), f"{name}: settled with a stale number: {view}"
                assert not view.notice_due(then), f"{name}: settled with a stale notice: {view}"

    def _judge_a_sync(self, report: Report) -> None:
        """Lower at once: after a complete sync no shop is told more than may be sold, unless a person was asked."""
        self.looked_at = self.world.clock()
        if not report.complete:
            return
        with self.world.db.read() as tx:
            asked = {one.channel for one in holds.every_open(tx)}
            should = self._model(tx)
            for name, view in self._views(tx):
                row = view.row
                if name in asked or row.expected is None or row.differs_since or row.retry_at or self.disturbed:
                    continue
                most = should(name, view).told
                assert row.expected <= max(0, most), (
                    f"{name}: {row.expected} of {view.sku.sku} on sale, not {most}: {report.pushed.get(name)}"
                )

    # -------------------------------------------------------------- at every write

    def before_a_call(self, name: str, batch: Batch) -> None:
        """Judge what goes out. A call that is replayed was judged when it went out first."""
        if batch.key in self.sent:
            return
        self.sent.add(batch.key)
        with self.world.db.read() as tx:
            intended = set(intents.open_calls(tx, name))
            kept = {view.row.listing_id: view for shop, view in self._views(tx) if shop == name}
            model = self._model(tx)
            for write in batch.writes:
                view = kept[write.listing_id]
                should = model(name, view)
                if write.op is Op.SHOW:
                    assert batch.key not in intended or any(one.op is not Op.SHOW for one in batch.writes)
                else:
                    assert write.target != write.expected, f"{name}: a call for nothing: {write}"
                if not self.disturbed:
                    assert write.target <= max(0, should.told), f"{name}: {write}, {should}"
                if write.notice is not None:
                    self._judge_a_notice(name, view, write.op, write.notice, should)

    def _judge_a_notice(self, name: str, view: View, op: Op, notice: Notice, should: Told) -> None:
        known = self.shop(name).notice(view.row.listing_id)
        if (name, view.row.listing_id) not in self.unsure:
            assert notice != known, f"{name}: {notice} is shown already"
        if not self.disturbed:
            assert _read(notice) == (should.status, should.days, should.on), f"{name}: {notice}, {should}"
        more = known is None or PROMISES.index(notice.status) < PROMISES.index(known.status)
        if op is Op.SHOW and more and not self.disturbed:
            assert in_step(view), f"{name}: {notice} is promised before the number is there: {view.row}"

    def after_a_call(self, name: str, batch: Batch, outcomes: Sequence[Outcome] | None) -> None:
        """Note which notices are there for sure; `outcomes` is ``None`` where the answer was lost."""
        shown = {write.listing_id for write in batch.writes if write.notice is not None}
        if outcomes is None:
            self.unsure |= {(name, listing_id) for listing_id in shown}
            return
        self.unsure -= {(name, one.listing_id) for one in outcomes if one.written and one.listing_id in shown}

    @rule(name=shops, sku=skus, units=st.integers(1, 2), who=st.booleans())
    def sync_while_things_are_sold(self, name: str, sku: str, units: int, who: bool) -> None:
        self.disturbed = True
        try:
            super().sync_while_things_are_sold(name, sku, units, who)
        finally:
            self.disturbed = False

    # -------------------------------------------------------------- at rest

    def _come_to_rest(self) -> None:
        self.supplier.down = False
        for shop in self.world.shops.values():
            shop.down_until = None
        self.world.on_sync = lambda report: (self._judge_a_sync(report), self._say_yes())
        super()._come_to_rest()
        with self.world.db.read() as tx:
            model = self._model(tx)
            for name, view in self._views(tx):
                should = model(name, view)
                shown = self.world.shown_in(name, view.sku.sku)
                assert shown is not None and max(0, shown) == should.told, f"{name} shows {shown}, not {should}"
                notice = self.shop(name).notice(view.row.listing_id)
                assert notice is not None, f"{name}: nothing is told of {view.sku.sku}"
                assert _read(notice) == (should.status, should.days, should.on), f"{name} tells {notice}, not {should}"
            sold = dict(
                tx.execute(
                    select(schema.skus.c.sku, func.sum(schema.movements.c.on_hand))
                    .join(schema.skus, schema.skus.c.id == schema.movements.c.sku_id)
                    .where(schema.movements.c.channel == "till")
                    .group_by(schema.skus.c.sku)
                ).all()
            )
        assert sold == {sku: -units for sku, units in self.rung_up.items()}, "a line of the till counts once"


class Shelves(Stockroom):
    """The same without what the plain machine is about: the ends of orders, lost answers, crashes.

    Mistakes with pools, statuses and feeds are found sooner here.
    """

    rest = (4, 2)

    check_out_unpaid = pay = change_an_order = an_order_is_read_then_changed = delete_an_order = None  # type: ignore
    type_a_number_in_the_shop = shop_goes_down = a_write_of_news_gets_lost = None  # type: ignore
    list_comes_doubled_and_out_of_order = shop_refuses_an_item = an_order_cannot_be_read = None  # type: ignore
    sync_and_die = sync_while_things_are_sold = sync_twice_and_a_minute_later = None  # type: ignore


class _Watched(MemoryConnector):
    """Shows the test each call to the shop before it goes out, and what came of it."""

    def __init__(self, watch: Stockroom, name: str, shop: MemoryShop) -> None:
        super().__init__(shop)
        self._watch, self._name = watch, name

    def send(self, batch: Batch) -> Sequence[Outcome]:
        self._watch.before_a_call(self._name, batch)
        try:
            outcomes = super().send(batch)
        except Unavailable:
            raise  # nothing was written
        except BaseException:
            self._watch.after_a_call(self._name, batch, None)
            raise
        self._watch.after_a_call(self._name, batch, outcomes)
        return outcomes


def _read(notice: Notice) -> tuple[str, int | None, date | None]:
    return notice.status, notice.lead_time_days, notice.expected_on
