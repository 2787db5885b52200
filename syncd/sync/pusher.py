"""Brings what a channel shows in step with what it may offer; only differences are written (design.md §3.4–3.6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.contract import ConnectorError, Op, Write
from syncd.domain import safety
from syncd.storage import holds, intents, listings
from syncd.storage.holds import Hold
from syncd.storage.session import Tx
from syncd.sync import notices, views
from syncd.sync.house import House, Port
from syncd.sync.looking import Look, fill_up
from syncd.sync.planner import Clearance, Decision, Situation, Verdict, before_change, caution, decide, followed
from syncd.sync.sources import Sources
from syncd.sync.views import View
from syncd.sync.writer import Planned, Sent, notices_may_go, send

ROUNDS = 4
"""How often a push decides anew for what changed, was stale or was touched by another's failure."""


@dataclass(frozen=True, slots=True)
class Line:
    """One listing in a report: what it showed, what it should show, and why it waits where it does."""

    sku: str
    listing: str
    before: int | None
    target: int
    why: str = ""


@dataclass(slots=True)
class Pushed:
    """What one push of a channel did."""

    channel: str
    written: list[Line] = field(default_factory=list)
    waiting: list[Line] = field(default_factory=list)
    rejected: list[Line] = field(default_factory=list)
    in_doubt: list[Line] = field(default_factory=list)
    right: int = 0
    shown: int = 0  # listings whose buyers read something new beside the number
    adopted: set[int] = field(default_factory=set)  # SKUs of which the number shown was taken as a count
    lags: list[timedelta] = field(default_factory=list)  # from a sale elsewhere to its number here, confirmed
    hold: Hold | None = None
    error: ConnectorError | None = None

    def add(self, later: Pushed) -> None:
        """What another push of some of its listings did on top of it."""
        looked_at = {line.listing for line in (*later.written, *later.waiting, *later.rejected, *later.in_doubt)}
        self.waiting = [*(line for line in self.waiting if line.listing not in looked_at), *later.waiting]
        self.written += later.written
        self.rejected += later.rejected
        self.in_doubt += later.in_doubt
        self.shown += later.shown
        self.lags += later.lags
        self.adopted |= later.adopted
        self.hold, self.error = later.hold or self.hold, later.error


@dataclass(slots=True)
class Pusher:
    """One push of one channel.

    `pull_again` reads the orders of the named channels once more and says which of them it read to the end.
    """

    house: House
    port: Port
    pulled: bool
    pull_again: Callable[[Iterable[str]], set[str]]
    only: Collection[int] | None = None  # listing rows to which this push is narrowed
    whole: bool = True  # these rows are all that may differ
    look_at: Collection[int] = ()  # of them, those whose number is read in any case
    at_first_sight: bool = True  # tell of an edited number as soon as it is seen
    _fresh: set[int] = field(default_factory=set)
    _pulled_twice: set[str] = field(default_factory=set)

    def push(self) -> Pushed:
        """Decide, look, decide again, send. Errors of the channel end up in the report."""
        report = Pushed(self.port.name)
        try:
            self._push(report)
        except ConnectorError as error:
            report.error = error
        return report

    def _push(self, report: Pushed) -> None:
        with self.house.db.write() as tx:
            listings.note_waiting(tx, self.port.name, self.house.now())
        report.adopted |= self._look(self._decisions())
        plan = self._decisions()
        stale = {name for _, decision, cleared in plan if decision.verdict is Verdict.WAIT for name in cleared.stale}
        if self._read_again(stale):
            plan = self._decisions()
        report.hold = self._hold(plan)
        judged = {(change.listing, change.after) for change in self._unexplained(plan)}
        held = {listing for listing, _ in judged} if report.hold is not None else set()
        rows: set[int] | None = None
        sent = Sent()
        for _ in range(ROUNDS):
            todo = [
                Planned(view, decision.write)
                for view, decision, _ in plan
                if decision.write is not None and view.row.id not in held and (rows is None or view.row.id in rows)
            ]
            if self._notices_ride:
                todo += self._notices(plan, held)
            if not todo:
                break
            sent = send(self.house, self.port, todo, self._recheck)
            self._tell(report, sent, todo)
            if sent.paused:
                break
            if sent.stopped is not None:
                raise sent.stopped
            rows = sent.again | sent.changed
            if not rows:
                break
            if sent.stale and not self._read_again({self.port.name}, always=True):
                break
            plan = self._decisions(rows)
            # What changed meanwhile, and not through customers, was not judged: it waits for the next sync.
            held |= {
                change.listing for change in self._unexplained(plan) if (change.listing, change.after) not in judged
            }
        if not sent.paused and not self._notices_ride:
            self._show(report, held)
        self._tell_rest(report, held)

    @property
    def _notices_ride(self) -> bool:
        return self.port.display is not None and self.port.display.notices_ride

    def _show(self, report: Pushed, held: Collection[int]) -> None:
        """Tell buyers what the numbers mean, in calls of their own, once the numbers are there."""
        rows: set[int] | None = None
        for _ in range(ROUNDS):
            todo = self._notices(self._decisions(rows), held)
            if not todo or not notices_may_go(self.house, self.port, todo):
                break
            sent = send(self.house, self.port, todo, self._recheck)
            self._tell(report, sent, todo)
            if sent.stopped is not None:
                raise sent.stopped
            rows = sent.again | sent.changed
            if not rows or sent.paused:
                break

    def _notices(self, plan: Sequence[tuple[View, Decision, Clearance]], held: Collection[int]) -> list[Planned]:
        """Notices that go without a number: where the number is right already, or they promise less than before. Those
        do not wait for a yes to a number that is held."""
        now = self.house.now()
        return [
            Planned(view, _show(view))
            for view, decision, _ in plan
            if (decision.write is None or view.row.id in held)
            and view.notice_due(now)
            and view.notice is not None
            and (decision.verdict is Verdict.RIGHT or notices.promises_less(view.notice, view.row))
        ]

    def _decisions(self, rows: Collection[int] | None = None) -> list[tuple[View, Decision, Clearance]]:
        with self.house.db.read() as tx:
            return list(self._decide(tx, rows if rows is not None else self.only))

    def _decide(self, tx: Tx, rows: Collection[int] | None) -> Iterable[tuple[View, Decision, Clearance]]:
        assert self.port.sink is not None
        sources: Sources | None = None
        pending = intents.pending_raises(tx, self.port.name)
        loaded = views.load(tx, self.house, self.port, rows)
        for view in loaded:
            cleared = Clearance()
            to_start = view.row.stock == "none"
            if to_start or (view.row.expected is not None and view.offer.told > view.row.expected):
                sources = sources or Sources(tx, self.house, {one.sku.id for one in loaded})
                cleared = sources.clearance(view.row, view.sku.raised_seq)
            situation = Situation(
                now=self.house.now(),
                raises_by=self.port.sink.raises_by,
                clearance=cleared,
                fresh=view.row.id in self._fresh,
                pending_raise=pending.get(view.row.id, 0),
                can_raise=self.pulled,
            )
            yield view, self._with_notice(view, decide(view, situation)), cleared
        for view in views.farewells(tx, self.port, {view.row.id for view in loaded}, rows):
            yield view, Decision(Verdict.RIGHT, view.offer.told), Clearance()

    def _with_notice(self, view: View, decision: Decision) -> Decision:
        """The decision with what buyers read from then on, where that goes in the same call: it costs nothing to try
        what was refused before."""
        if decision.write is None or not self._notices_ride or view.noticed or self._must_wait(view):
            return decision
        return replace(decision, write=replace(decision.write, notice=view.notice))

    def _must_wait(self, view: View) -> bool:
        """True while an earlier notice may still arrive: it would stay in place of the one that is sent now."""
        return view.notice_unsure and not view.notice_due(self.house.now())

    def _recheck(self, tx: Tx, call: Sequence[Planned]) -> list[Planned]:
        """Those writes of a call that would be decided just so now, with the generation as it is now."""
        wanted = {one.view.row.id: one.write for one in call}
        now = {view.row.id: (view, decision) for view, decision, _ in self._decide(tx, list(wanted))}
        current = [now[one.view.row.id] for one in call if one.view.row.id in now]
        return [
            Planned(view, wanted[view.row.id])
            for view, decision in current
            if wanted[view.row.id] == (_show(view) if wanted[view.row.id].op is Op.SHOW else decision.write)
        ]

    def _look(self, plan: Sequence[tuple[View, Decision, Clearance]]) -> set[int]:
        """Read what the listings show that are to be written or that wait, filled up to a full page with others; the
        SKUs of which a number shown was taken as a count."""
        due = [
            view.row
            for view, decision, _ in plan
            if decision.write is not None
            or decision.verdict is Verdict.WAIT
            or view.row.differs_since is not None
            or view.row.id in self.look_at
        ]
        chosen = {row.id for row in due}
        if self.only is None:
            kept = (view.row for view, _, _ in plan if view.row.id not in chosen and not view.farewell)
            due = fill_up(due, kept)
        look = Look(self.house, self.port, lambda: self._read_again({self.port.name}), self.at_first_sight)
        look.at(due)
        self._fresh |= look.fresh
        return look.adopted

    def _read_again(self, names: Iterable[str], *, always: bool = False) -> set[str]:
        """Read the orders of these channels once more, each once in a push at the most unless `always`."""
        wanted = {name for name in names if always or name not in self._pulled_twice}
        self._pulled_twice |= wanted
        return self.pull_again(wanted) if wanted else set()

    def _hold(self, plan: Sequence[tuple[View, Decision, Clearance]]) -> Hold | None:
        changes = self._unexplained(plan)
        with self.house.db.write() as tx:
            kept = (
                sum(not view.farewell for view, _, _ in plan)
                if self.only is None
                else listings.count_kept(tx, self.port.name)
            )
            held = safety.too_big(changes, kept, self.house.hold_limits)
            if held is None:
                if self.whole:
                    holds.pass_over(tx, self.port.name, self.house.now())
                return None
            return holds.open_hold(tx, self.port.name, held, self.house.now())

    def _unexplained(self, plan: Sequence[tuple[View, Decision, Clearance]]) -> list[safety.Change]:
        """What would change beyond what customers did since the last confirmed or approved number."""
        changes = []
        for view, decision, _ in plan:
            if decision.write is None:
                continue
            before = before_change(view)
            # In doubt less may go out than is meant: what is meant is judged.
            after = decision.write.target if view.row.in_doubt_until is None else followed(view)
            after += caution(view)
            if before != after:
                changes.append(safety.Change(view.row.id, before, after))
        return changes

    def _tell(self, report: Pushed, sent: Sent, todo: Sequence[Planned]) -> None:
        report.shown += sent.shown
        by_row = {one.view.row.id: one for one in todo}
        for one in sent.written.values():
            if one.write.op is Op.SHOW:
                continue
            if one.view.row.sale_at is not None:
                report.lags.append(self.house.now() - one.view.row.sale_at)
            before = None if one.write.op is Op.START else one.write.expected
            report.written.append(_line(one.view, before, one.write.target))
        for row_id, why in sent.rejected.items():
            one = by_row[row_id]
            report.rejected.append(_line(one.view, one.view.row.expected, one.write.target, why))
        for row_id in sorted(sent.in_doubt):
            one = by_row[row_id]
            if one.write.op is Op.SHOW:
                continue
            report.in_doubt.append(_line(one.view, one.write.expected, one.write.target, "the shop did not answer"))

    def _tell_rest(self, report: Pushed, held: Collection[int]) -> None:
        told = {line.listing for line in [*report.rejected, *report.in_doubt]}
        rest = self._decisions()
        self._settle_right(rest)
        for view, decision, _ in rest:
            if decision.verdict is Verdict.RIGHT:
                report.right += not view.farewell
            elif view.row.listing_id not in told:
                why = decision.why or ("held: looks too big" if view.row.id in held else "is sent with the next sync")
                report.waiting.append(_line(view, view.row.expected, decision.target, why))

    def settle_right(self) -> list[int]:
        """Settle the listings that are right by what is known, without asking the channel; the rows that are left.

        Our own number after a sale there, told back to us, costs no call. What the channel refused lately is not left.
        """
        plan = self._decisions()
        self._settle_right(plan)
        now = self.house.now()
        return [
            view.row.id
            for view, decision, _ in plan
            if view.notice_due(now)
            or (decision.verdict is not Verdict.RIGHT and (view.row.retry_at is None or view.row.retry_at <= now))
        ]

    def _settle_right(self, plan: Sequence[tuple[View, Decision, Clearance]]) -> None:
        now = self.house.now()
        right = [
            view.row
            for view, decision, _ in plan
            if decision.verdict is Verdict.RIGHT and not view.notice_due(now) and not view.notice_unsure
        ]
        over = [row for row in right if row.dirty or row.rejected_target is not None]
        # What is shown and right is what a person knows of from here on, however it came to be (design.md §3.6).
        known = [
            view
            for view, decision, _ in plan
            if decision.verdict is Verdict.RIGHT
            and not view.farewell
            and view.row.baseline_told is not None
            and before_change(view) != view.calm
        ]
        if not over and not known:
            return
        with self.house.db.write() as tx:
            for row in over:
                if row.dirty:
                    listings.settle(tx, row.id, row.generation)
                if row.rejected_target is not None:  # what the no was about is over
                    listings.change(tx, row.id, rejected_target=None)
            for view in known:
                listings.change(tx, view.row.id, baseline_told=view.calm, baseline_sold=view.sku.sold)


def _show(view: View) -> Write:
    """The write that changes only what buyers read."""
    return Write(view.row.listing_id, view.row.parent_id, Op.SHOW, view.offer.told, view.offer.told, view.notice)


def _line(view: View, before: int | None, target: int, why: str = "") -> Line:
    return Line(view.sku.sku, view.row.listing_id, before, target, why)
