"""What is done about one listing, and when a raise may go (design.md §3.4–3.5): every branch of the table."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Op, Write
from syncd.domain.availability import Buffer, Pools, Rule, offered
from syncd.domain.drift import SETTLING
from syncd.storage.catalogue import Sku
from syncd.storage.listings import ListingRow
from syncd.sync.planner import Clearance, Decision, Situation, Source, Verdict, clearance, decide, followed
from syncd.sync.views import View

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)
A_MOMENT_AGO = NOW - timedelta(seconds=5)
LONG_AGO = NOW - SETTLING

PLAIN = dict.fromkeys((field.name for field in fields(ListingRow)), None) | {
    "id": 1,
    "channel": "woo",
    "listing_id": "11",
    "parent_id": "10",
    "sku_id": 1,
    "name": "Shoe",
    "options": "",
    "stock": "own",
    "published": True,
    "sells_at_zero": (),
    "accepted": False,
    "excluded": False,
    "rejected_sold": 0,
}


NO_RULE = Rule()


def view(own: int = 10, *, rule: Rule = NO_RULE, reserved: int = 0, held: int = 0, **row: Any) -> View:
    """A listing of a SKU of which `own` units are there; without a buffer it should show as many."""
    pools = Pools(own, reserved)
    offer = offered(pools, rule, held_by_channel=held)
    listing = ListingRow(**(PLAIN | {"expected": 8, "shown": 8} | row))
    return View(
        listing, Sku(1, "SHOE", None, None, None, reserved, 0, 0, NOW, {}), pools, rule, held, offer, offer.told
    )


def situation(**how: Any) -> Situation:
    return replace(Situation(now=NOW, raises_by=Op.SET, fresh=True), **how)


def delta(target: int, base: int) -> Write:
    return Write("11", "10", Op.DELTA, target, base)


def raised(target: int, base: int) -> Write:
    return Write("11", "10", Op.SET, target, base)


LOWER, RAISE, RIGHT, WAIT = Verdict.LOWER, Verdict.RAISE, Verdict.RIGHT, Verdict.WAIT

TABLE: dict[str, tuple[View, Situation, Verdict, Write | None]] = {
    "it shows what it should": (view(8), situation(), RIGHT, None),
    "nothing to sell and it shows less than nothing": (view(0, expected=-2, shown=-2), situation(), RIGHT, None),
    "less to sell": (view(5), situation(), LOWER, delta(5, 8)),
    "nothing to sell any more": (view(-4), situation(), LOWER, delta(0, 8)),
    "less to sell though its orders could not be read": (view(5), situation(can_raise=False), LOWER, delta(5, 8)),
    "less to sell though other channels are stale": (
        view(5),
        situation(clearance=Clearance(stale=("till",), unreadable=("till",), aside=9)),
        LOWER,
        delta(5, 8),
    ),
    "more to sell": (view(10), situation(), RAISE, raised(10, 8)),
    "more to sell where the channel cannot compare": (view(10), situation(raises_by=Op.DELTA), RAISE, delta(10, 8)),
    "more to sell from less than nothing": (view(3, expected=-2, shown=-2), situation(), RAISE, raised(3, -2)),
    "more to sell, not read now": (
        view(10, shown=5),
        situation(fresh=False),
        RAISE,
        raised(10, 8),
    ),
    "refused a moment ago": (view(5, retry_at=SOON), situation(), WAIT, None),
    "refused and its pause is over": (view(5, retry_at=NOW), situation(), LOWER, delta(5, 8)),
    "not counted by the channel so far": (
        view(5, stock="none", expected=None, shown=None),
        situation(),
        Verdict.START,
        Write("11", "10", Op.START, 5, 0),
    ),
    "nothing is known of what it shows": (view(5, expected=None), situation(), Verdict.ANCHOR, None),
    "a person said no to this number": (view(10, rejected_target=10), situation(), WAIT, None),
    "sales alone lead to a number that a person refused": (
        view(3, rejected_target=3, baseline_told=8, baseline_sold=-5),
        situation(),
        LOWER,
        delta(3, 8),
    ),
    "a person said no to another number": (view(10, rejected_target=9), situation(), RAISE, raised(10, 8)),
    # the shop shows another number than expected
    "an unread sale and less to sell": (view(7, shown=6), situation(), LOWER, delta(7, 8)),
    "an unread sale and more to sell": (view(10, shown=6), situation(), WAIT, None),
    "an unread sale of a moment ago, not read now": (
        view(10, differs_since=A_MOMENT_AGO),
        situation(fresh=False),
        WAIT,
        None,
    ),
    "it showed another number until now": (
        view(10, differs_since=A_MOMENT_AGO),
        situation(),
        WAIT,
        None,
    ),
    "drift upwards and less to sell": (view(5, shown=9, differs_since=LONG_AGO), situation(), LOWER, delta(5, 8)),
    "drift downwards, not as far as should be shown": (
        view(5, shown=6, differs_since=LONG_AGO),
        situation(),
        LOWER,
        delta(5, 8),
    ),
    "drift downwards, further than that": (
        view(5, shown=4, differs_since=LONG_AGO),
        situation(),
        WAIT,
        None,
    ),
    "drift downwards, exactly that far": (view(5, shown=5, differs_since=LONG_AGO), situation(), WAIT, None),
    "drift and more to sell": (view(10, shown=9, differs_since=LONG_AGO), situation(), WAIT, None),
    # a lost answer
    "in doubt and the shop shows too much": (
        view(5, expected=None, shown=8, in_doubt_until=SOON),
        situation(),
        LOWER,
        delta(5, 8),
    ),
    "in doubt and the lost write may still lift it": (
        view(5, expected=None, shown=4, in_doubt_until=SOON),
        situation(pending_raise=3),
        LOWER,
        delta(2, 4),
    ),
    "in doubt and the lost write may lift it by more than there is": (
        view(5, expected=None, shown=4, in_doubt_until=SOON),
        situation(pending_raise=9),
        LOWER,
        delta(0, 4),
    ),
    "in doubt and the shop shows no more than it should": (
        view(5, expected=None, shown=5, in_doubt_until=SOON),
        situation(),
        WAIT,
        None,
    ),
    "in doubt and more to sell": (view(10, expected=None, shown=8, in_doubt_until=SOON), situation(), WAIT, None),
    "in doubt and the number shown was not read now": (
        view(5, expected=None, shown=8, in_doubt_until=SOON),
        situation(fresh=False),
        WAIT,
        None,
    ),
    "in doubt and without a number": (
        view(5, expected=None, shown=None, in_doubt_until=SOON),
        situation(),
        WAIT,
        None,
    ),
    # who must have been read before a raise
    "its own orders could not be read": (view(10), situation(can_raise=False), WAIT, None),
    "a channel must be read first": (view(10), situation(clearance=Clearance(stale=("till",))), WAIT, None),
    "an order could not be read": (view(10), situation(clearance=Clearance(unreadable=("till",))), WAIT, None),
    "a silent channel may have sold some": (view(20), situation(clearance=Clearance(aside=9)), RAISE, raised(11, 8)),
    "a silent channel may have sold all": (view(10), situation(clearance=Clearance(aside=9)), WAIT, None),
    "the buffer stays when a silent channel may have sold some": (
        view(20, rule=Rule(Buffer(units=2))),
        situation(clearance=Clearance(aside=9)),
        RAISE,
        raised(9, 8),
    ),
    "units that the channel holds are told too": (
        view(10, reserved=3, held=3),
        situation(),
        RAISE,
        raised(10, 8),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_done_about_a_listing(case: str) -> None:
    seen, at, verdict, write = TABLE[case]
    decision = decide(seen, at)
    assert (decision.verdict, decision.write) == (verdict, write)
    assert decision.target <= seen.offer.told
    assert bool(decision.why) == (verdict in (WAIT, Verdict.ANCHOR)), "what waits says why, in words"


@pytest.mark.parametrize(
    ("at", "named"),
    [
        (situation(clearance=Clearance(stale=("till", "shopify"))), "till and shopify"),
        (situation(clearance=Clearance(unreadable=("till",))), "an order in till could not be read"),
        (situation(can_raise=False), "the shop's orders could not be read"),
    ],
)
def test_a_raise_that_waits_names_what_it_waits_for(at: Situation, named: str) -> None:
    assert named in decide(view(10), at).why


@st.composite
def anything(draw: st.DrawFn) -> Decision:
    number = st.integers(-5, 30)
    instant = st.sampled_from([None, LONG_AGO, A_MOMENT_AGO, NOW, SOON])
    seen = view(
        draw(number),
        rule=Rule(Buffer(units=draw(st.integers(0, 3)))),
        expected=draw(st.none() | number),
        shown=draw(st.none() | number),
        differs_since=draw(st.sampled_from([None, LONG_AGO, A_MOMENT_AGO])),
        in_doubt_until=draw(instant),
        retry_at=draw(instant),
        rejected_target=draw(st.none() | number),
    )
    at = situation(
        clearance=Clearance(
            draw(st.sampled_from([(), ("till",)])), draw(st.sampled_from([(), ("till",)])), draw(st.integers(0, 9))
        ),
        fresh=draw(st.booleans()),
        pending_raise=draw(st.integers(0, 9)),
        can_raise=draw(st.booleans()),
    )
    decision = decide(seen, at)
    free = at.can_raise and not at.clearance.stale and not at.clearance.unreadable
    quiet = seen.row.in_doubt_until is None and seen.row.differs_since is None
    if decision.verdict is Verdict.RAISE:
        assert free and quiet, "only what is sure may be raised"
    if decision.write is not None:
        # After a person's no the shop keeps more than is offered, and is lowered by what customers take.
        most = max(seen.offer.told, followed(seen))
        assert decision.write.target <= most, "never more than may be offered"
        assert decision.verdict is Verdict.LOWER or decision.write.target <= seen.offer.told
    return decision


@given(anything())
def test_a_write_goes_the_way_that_its_verdict_says(decision: Decision) -> None:
    write = decision.write
    if decision.verdict is Verdict.LOWER:
        assert write is not None and write.delta < 0 and write.op is Op.DELTA
    elif decision.verdict is Verdict.RAISE:
        assert write is not None and write.delta > 0
    else:
        assert write is None


# ---------------------------------------------------------------- clearance

READ = Source("woo", pulled_seq=8, silent=False, confirmed=5, unreadable=False)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], Clearance()),
        ([READ], Clearance()),
        ([replace(READ, pulled_seq=7)], Clearance(stale=("woo",))),  # began with the change, not after it
        ([replace(READ, pulled_seq=6)], Clearance(stale=("woo",))),
        ([replace(READ, pulled_seq=6, silent=True)], Clearance(aside=5)),
        ([replace(READ, pulled_seq=6, silent=True, confirmed=-3)], Clearance()),
        ([replace(READ, silent=True)], Clearance()),  # read after the change: it sold nothing unknown
        ([replace(READ, unreadable=True)], Clearance(unreadable=("woo",))),
        ([replace(READ, pulled_seq=6, unreadable=True)], Clearance(stale=("woo",), unreadable=("woo",))),
        (
            [
                READ,
                Source("till", 1, silent=True, confirmed=4, unreadable=False),
                Source("shopify", 2, silent=False, confirmed=6, unreadable=False),
                Source("market", 3, silent=True, confirmed=2, unreadable=False),
            ],
            Clearance(stale=("shopify",), aside=6),
        ),
    ],
)
def test_a_raise_waits_for_every_channel_that_was_not_read_since_the_change(
    sources: list[Source], expected: Clearance
) -> None:
    assert clearance(sources, after_seq=7) == expected
