"""What a `Display` promises, and a sink that can stop a sale."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors.contract import (
    NOTHING,
    Display,
    InDoubt,
    ItemError,
    ListingRef,
    Notice,
    Op,
    Outcome,
    StockSink,
    Untouched,
    Write,
)
from connectors.testing.rig import (
    Capability,
    Promises,
    Rig,
    as_listings,
    as_sink,
    lowering,
    needs,
    one_batch,
    push,
    write,
)

BACK_ON = Notice("on_the_way", "On the way, expected on 12 December", lead_time_days=9, expected_on=date(2026, 12, 12))
AT_HAND = Notice("in_stock", "In stock, ready to ship")
EACH_STATUS = [
    AT_HAND,
    Notice("external_warehouse", "In stock at our external warehouse, ships in 3–5 days", lead_time_days=5),
    BACK_ON,
    Notice("supplier", "זמן אספקה: 7 ימים", lead_time_days=7),
    Notice("pre_order", "可预订,12月24日发货", expected_on=date(2026, 12, 24)),
    Notice("out_of_stock", ""),
]


def show(ref: ListingRef, notice: Notice) -> Write:
    """Only the notice. The numbers, which must be left alone, would show if they were used."""
    return replace(write(ref, Op.SHOW, target=3, expected=7), notice=notice)


def stop(ref: ListingRef) -> Write:
    return write(ref, Op.STOP, target=3, expected=7)


def ready(rig: Rig) -> tuple[StockSink, Display]:
    """One connector in both its roles, prepared."""
    connector = rig.connector()
    assert isinstance(connector, Display)
    connector.prepare()
    return as_sink(connector), connector


def show_all(rig: Rig, *pairs: tuple[ListingRef, Notice]) -> dict[str, Outcome]:
    sink, _ = ready(rig)
    return push_again(sink, *(show(ref, notice) for ref, notice in pairs))


def push_again(sink: StockSink, *writes: Write) -> dict[str, Outcome]:
    """`push`, and again what was untouched because of another item, which must become less each time."""
    outcomes = push(sink, *writes)
    again = [sent for sent in writes if isinstance(outcomes[sent.listing_id].error, Untouched)]
    return outcomes | push_again(sink, *again) if 0 < len(again) < len(writes) else outcomes


class NoticePromises(Promises):
    @needs(Capability.NOTICES)
    @pytest.mark.parametrize("notice", EACH_STATUS, ids=lambda notice: notice.status)
    def test_a_notice_arrives_whole_and_the_number_stays(self, rig: Rig, notice: Notice) -> None:
        ref = rig.add_listing("A", 9)
        rig.buy(ref)
        assert rig.notice(ref) is None
        outcome = show_all(rig, (ref, notice))[ref.id]
        assert outcome.error is None
        assert outcome.shown in (None, 8)
        assert (rig.notice(ref), rig.shown(ref)) == (notice, 8)

    @needs(Capability.NOTICES)
    def test_preparing_twice_is_preparing_once(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        _, display = ready(rig)
        display.prepare()
        assert show_all(rig, (ref, AT_HAND))[ref.id].written
        display.prepare()
        assert rig.notice(ref) == AT_HAND

    @needs(Capability.NOTICES)
    def test_showing_twice_is_showing_once(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        for _ in range(2):
            assert show_all(rig, (ref, BACK_ON))[ref.id].written
        assert (rig.notice(ref), rig.shown(ref)) == (BACK_ON, 9)

    @needs(Capability.NOTICES)
    def test_a_new_notice_leaves_nothing_of_the_old(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        for notice in (BACK_ON, AT_HAND, BACK_ON):
            assert show_all(rig, (ref, notice))[ref.id].written
            assert rig.notice(ref) == notice

    @needs(Capability.NOTICES)
    def test_nothing_takes_everything_back_also_where_nothing_was(self, rig: Rig) -> None:
        shown, bare = rig.add_listing("A", 9), rig.add_listing("B", 9)
        show_all(rig, (shown, BACK_ON))
        for _ in range(2):
            outcomes = show_all(rig, (shown, NOTHING), (bare, NOTHING))
            assert [outcomes[ref.id].error for ref in (shown, bare)] == [None, None]
            assert [(rig.notice(ref), rig.shown(ref)) for ref in (shown, bare)] == [(None, 9), (None, 9)]

    @needs(Capability.NOTICES)
    @pytest.mark.parametrize(
        "text",
        [
            "<b>bold</b> & \"quoted\" 'so'",
            "<script>alert(1)</script>",
            "back\\slash {{ liquid }} %s $1",
            "x" * 200,
            "👟 – „ładne”",
        ],
    )
    def test_a_text_arrives_letter_by_letter(self, rig: Rig, text: str) -> None:
        ref = rig.add_listing("A", 9)
        assert show_all(rig, (ref, Notice("in_stock", text)))[ref.id].written
        assert rig.notice(ref) == Notice("in_stock", text)

    @needs(Capability.NOTICES)
    @pytest.mark.parametrize(
        "notice",
        [
            Notice("in_stock", "x" * 201),
            Notice("in_stock", "two\nlines"),
            Notice("in_stock", "a\x00b"),
            Notice("in stock", "no status of ours"),
            Notice("supplier", "X days", lead_time_days=-1),
            Notice("supplier", "X days", lead_time_days=2.5),  # type: ignore[arg-type]
            Notice("supplier", "X days", lead_time_days=True),
            Notice("pre_order", "from DATE", expected_on="2026-12-24"),  # type: ignore[arg-type]
        ],
        ids=repr,
    )
    def test_what_cannot_be_shown_is_refused_before_anything_is_sent(self, rig: Rig, notice: Any) -> None:
        ref = rig.add_listing("A", 9)
        sink, _ = ready(rig)
        rig.go_down()  # whoever sends it would see the outage instead
        (outcome,) = sink.send(one_batch(show(ref, notice)))
        assert isinstance(outcome.error, ItemError)
        rig.come_back()
        assert rig.notice(ref) is None

    @needs(Capability.NOTICES)
    def test_one_refused_notice_does_not_spoil_the_others(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9) for n in range(4)]
        rig.remove_listing(refs[1])
        notices = [BACK_ON, BACK_ON, Notice("in_stock", "two\nlines"), AT_HAND]
        outcomes = show_all(rig, *zip(refs, notices, strict=True))
        for bad in (outcomes[refs[1].id].error, outcomes[refs[2].id].error):
            assert isinstance(bad, ItemError)
            assert not isinstance(bad, Untouched)
        assert [outcomes[refs[n].id].written for n in (0, 3)] == [True, True]
        assert [rig.notice(refs[n]) for n in (0, 2, 3)] == [BACK_ON, None, AT_HAND]

    @needs(Capability.NOTICES)
    def test_numbers_and_notices_travel_as_the_display_says(self, rig: Rig) -> None:
        a, b, c = (rig.add_listing(sku, 9) for sku in "ABC")
        sink, display = ready(rig)
        number = lowering(a, target=4, expected=9)
        if display.notices_ride:
            writes = [replace(number, notice=BACK_ON), show(b, AT_HAND), lowering(c, target=4, expected=9)]
            assert len(sink.group(writes)) == 1, "a notice that rides costs no call"
        else:
            writes = [number, show(b, AT_HAND), lowering(c, target=4, expected=9)]
            kinds = [{sent.op is Op.SHOW for sent in group} for group in sink.group(writes)]
            assert all(len(kind) == 1 for kind in kinds), "notices go in calls of their own"
            push(sink, show(a, BACK_ON))
        outcomes = push(sink, *writes)
        assert all(outcome.written for outcome in outcomes.values())
        assert [rig.shown(ref) for ref in (a, b, c)] == [4, 9, 4]
        assert [rig.notice(ref) for ref in (a, b, c)] == [BACK_ON, AT_HAND, None]

    @needs(Capability.NOTICES)
    def test_a_number_alone_leaves_the_notice_that_is_there(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        show_all(rig, (ref, BACK_ON))
        sink, _ = ready(rig)
        assert push(sink, lowering(ref, target=4, expected=9))[ref.id].written
        assert push(sink, write(ref, sink.raises_by, target=6, expected=4))[ref.id].written
        assert (rig.notice(ref), rig.shown(ref)) == (BACK_ON, 6)

    @needs(Capability.NOTICES)
    def test_groups_of_notices_keep_each_once_within_the_limit(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        sink, _ = ready(rig)
        many = [show(ListingRef(f"{ref.id}{n}", ref.parent_id), BACK_ON) for n in range(rig.batch_limit + 1)]
        groups = sink.group(many)
        assert groups == sink.group(many)
        assert all(0 < len(group) <= rig.batch_limit for group in groups)
        assert sorted(sent.listing_id for group in groups for sent in group) == sorted(one.listing_id for one in many)

    @needs(Capability.NOTICES)
    def test_more_notices_than_a_call_holds_all_arrive(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9) for n in range(rig.batch_limit + 2)]
        notices = [EACH_STATUS[n % len(EACH_STATUS)] for n in range(len(refs))]
        outcomes = show_all(rig, *zip(refs, notices, strict=True))
        assert all(outcomes[ref.id].written for ref in refs)
        assert [rig.notice(ref) for ref in refs] == notices
        assert {rig.shown(ref) for ref in refs} == {9}

    @needs(Capability.NOTICES, Capability.VARIATIONS)
    def test_variations_have_notices_of_their_own(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9, variation=bool(n % 2)) for n in range(4)]
        outcomes = show_all(rig, *zip(refs, EACH_STATUS, strict=False))
        assert all(outcomes[ref.id].written for ref in refs)
        assert [rig.notice(ref) for ref in refs] == EACH_STATUS[:4]

    @needs(Capability.NOTICES, Capability.UNCOUNTED)
    def test_a_notice_does_not_begin_to_count(self, rig: Rig) -> None:
        ref = rig.add_listing("A", None)
        assert show_all(rig, (ref, BACK_ON))[ref.id].written
        assert rig.notice(ref) == BACK_ON
        if Capability.LISTINGS in self.capabilities:
            assert as_listings(rig.connector()).read([ref])[ref.id].shown is None

    @needs(Capability.NOTICES)
    @pytest.mark.parametrize("effect", [True, False])
    def test_a_lost_answer_to_a_notice_is_mended_by_showing_it_again(self, rig: Rig, effect: bool) -> None:
        ref = rig.add_listing("A", 9)
        sink, _ = ready(rig)
        rig.lose_next_answer(effect=effect)
        try:
            (outcome,) = sink.send(one_batch(show(ref, BACK_ON)))
            told = outcome.error is None
        except InDoubt:
            told = False
        assert rig.notice(ref) == (BACK_ON if effect or told else None)
        assert show_all(rig, (ref, BACK_ON))[ref.id].written
        assert (rig.notice(ref), rig.shown(ref)) == (BACK_ON, 9)

    @needs(Capability.STOP, Capability.LISTINGS)
    def test_what_would_sell_on_at_0_can_be_stopped(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        rig.sell_on(ref)
        connector = rig.connector()
        sink, source = as_sink(connector), as_listings(connector)
        listing = source.read([ref])[ref.id]
        assert listing.sells_at_zero
        assert listing.can_stop
        assert not rig.ends_at_zero(ref)
        for _ in range(2):
            outcome = push(sink, stop(ref))[ref.id]
            assert outcome.error is None
            assert outcome.shown in (None, 9)
            assert rig.ends_at_zero(ref)
            assert rig.shown(ref) == 9
            assert source.read([ref])[ref.id].sells_at_zero == ()

    @needs(Capability.STOP)
    def test_stopping_one_that_is_gone_does_not_spoil_the_others(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9) for n in range(3)]
        for ref in refs:
            rig.sell_on(ref)
        rig.remove_listing(refs[1])
        outcomes = push_again(as_sink(rig.connector()), *(stop(ref) for ref in refs))
        assert isinstance(outcomes[refs[1].id].error, ItemError)
        assert [outcomes[refs[n].id].written for n in (0, 2)] == [True, True]
        assert [rig.ends_at_zero(refs[n]) for n in (0, 2)] == [True, True]

    @needs(Capability.STOP, Capability.NOTICES)
    def test_stopping_leaves_the_notice_alone(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        rig.sell_on(ref)
        show_all(rig, (ref, BACK_ON))
        assert push(as_sink(rig.connector()), stop(ref))[ref.id].written
        assert rig.notice(ref) == BACK_ON
