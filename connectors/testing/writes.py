"""What a `StockSink` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import (
    Batch,
    Conflict,
    InDoubt,
    ItemError,
    ListingRef,
    ListingSource,
    Op,
    Outcome,
    StockSink,
    Untouched,
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


def send_or_doubt(sink: StockSink, batch: Batch) -> Outcome | None:
    """The outcome of the only write, ``None`` where it is in doubt."""
    try:
        (outcome,) = sink.send(batch)
    except InDoubt:
        return None
    return None if isinstance(outcome.error, InDoubt) else outcome


class WritePromises(Promises):
    @needs(Capability.STOCK)
    def test_the_sink_states_how_it_writes(self, rig: Rig) -> None:
        sink = as_sink(rig.connector())
        assert sink.raises_by in (Op.DELTA, Op.SET)
        assert isinstance(sink.replays, bool)
        assert sink.in_doubt > timedelta()
        assert sink.parallel >= 1

    @needs(Capability.STOCK)
    @pytest.mark.parametrize(("shown", "target"), [(9, 4), (9, 0), (4, 9), (0, 9), (-2, 3), (9, 9)])
    def test_a_number_arrives_and_is_what_the_next_buyer_meets(self, rig: Rig, shown: int, target: int) -> None:
        ref = rig.add_listing("A", shown)
        connector = rig.connector()
        sink = as_sink(connector)
        if isinstance(connector, ListingSource):
            assert connector.read([ref])[ref.id].shown == shown
        op = sink.raises_by if target > shown else Op.DELTA
        outcome = push(sink, write(ref, op, target=target, expected=shown))[ref.id]
        assert outcome.error is None
        assert outcome.shown in (None, target)
        assert rig.shown(ref) == target
        if isinstance(connector, ListingSource):
            assert connector.read([ref])[ref.id].shown == target

    @needs(Capability.STOCK, Capability.VARIATIONS)
    def test_variations_are_written_beside_simple_products(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9, variation=bool(n % 2)) for n in range(6)]
        outcomes = push(as_sink(rig.connector()), *(lowering(ref, target=4, expected=9) for ref in refs))
        assert all(outcomes[ref.id].written for ref in refs)
        assert [rig.shown(ref) for ref in refs] == [4] * 6

    @needs(Capability.STOCK)
    def test_grouping_keeps_every_write_once_within_the_limit_and_gives_the_same_again(self, rig: Rig) -> None:
        sink = as_sink(rig.connector())
        refs = [rig.add_listing("A", 9)]
        if Capability.VARIATIONS in self.capabilities:
            refs.append(rig.add_listing("B", 9, variation=True))
        many = [
            write(ListingRef(f"{ref.id}{n}", ref.parent_id), op, target=n, expected=5)
            for ref in refs
            for op in {Op.DELTA, sink.raises_by}
            for n in range(rig.batch_limit + 1)
        ]
        groups = sink.group(many)
        assert groups == sink.group(many)
        assert all(0 < len(group) <= rig.batch_limit for group in groups)
        grouped = [written for group in groups for written in group]
        assert sorted(map(repr, grouped)) == sorted(map(repr, many))
        assert list(sink.group([])) == []

    @needs(Capability.STOCK)
    def test_pushing_twice_is_pushing_once(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        sink = as_sink(rig.connector())
        push(sink, lowering(ref, target=4, expected=9))
        push(sink, lowering(ref, target=4, expected=4))
        assert rig.shown(ref) == 4

    @needs(Capability.STOCK)
    def test_where_keys_are_known_a_batch_sent_again_takes_effect_once(self, rig: Rig) -> None:
        sink = as_sink(rig.connector())
        ref = rig.add_listing("A", 9)
        batch = one_batch(lowering(ref, target=4, expected=9))
        sink.send(batch)
        rig.buy(ref)
        if sink.replays:
            (outcome,) = as_sink(rig.connector()).send(batch)
            assert outcome.error is None
        assert rig.shown(ref) == 3

    @needs(Capability.STOCK)
    def test_one_bad_item_does_not_fail_its_batch(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9) for n in range(3)]
        rig.remove_listing(refs[1])
        writes = [lowering(ref, target=4, expected=9) for ref in refs]
        sink = as_sink(rig.connector())
        outcomes = push(sink, *writes)
        bad = outcomes[refs[1].id].error
        assert isinstance(bad, ItemError)
        assert not isinstance(bad, Untouched)
        again = [written for written in writes if isinstance(outcomes[written.listing_id].error, Untouched)]
        outcomes |= push(sink, *again)
        assert [outcomes[ref.id].written for ref in refs] == [True, False, True]
        assert [rig.shown(ref) for ref in (refs[0], refs[2])] == [4, 4]

    @needs(Capability.STOCK)
    def test_a_delta_lets_a_sale_in_between_stand(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        rig.buy(ref, 2)
        push(as_sink(rig.connector()), lowering(ref, target=5, expected=9))
        assert rig.shown(ref) == 3

    @needs(Capability.STOCK)
    def test_a_raise_lets_a_sale_in_between_stand(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 5)
        sink = as_sink(rig.connector())
        rig.buy(ref, 2)
        outcome = push(sink, write(ref, sink.raises_by, target=9, expected=5))[ref.id]
        if sink.raises_by is Op.DELTA:
            assert (outcome.error, rig.shown(ref)) == (None, 7)
        else:
            assert isinstance(outcome.error, Conflict)
            assert rig.shown(ref) == 3

    @needs(Capability.STOCK)
    def test_of_several_raises_only_the_stale_one_is_in_conflict(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 5) for n in range(3)]
        sink = as_sink(rig.connector())
        rig.set_shown(refs[1], 4)
        raises = [write(ref, sink.raises_by, target=9, expected=5) for ref in refs]
        outcomes = push(sink, *raises)
        outcomes |= push(sink, *(w for w in raises if isinstance(outcomes[w.listing_id].error, Untouched)))
        stale = outcomes[refs[1].id].error
        assert isinstance(stale, Conflict) if sink.raises_by is Op.SET else stale is None
        assert [rig.shown(ref) for ref in refs] == [9, 4 if sink.raises_by is Op.SET else 8, 9]

    @needs(Capability.STOCK)
    @pytest.mark.parametrize("effect", [True, False])
    def test_a_lost_answer_is_in_doubt_and_never_told_as_written_when_it_is_not(self, rig: Rig, effect: bool) -> None:
        ref = rig.add_listing("A", 9)
        sink = as_sink(rig.connector())
        batch = one_batch(lowering(ref, target=4, expected=9))
        rig.lose_next_answer(effect=effect)
        outcome = send_or_doubt(sink, batch)
        if sink.replays:  # the connector may ask again under the same key
            outcome = outcome or send_or_doubt(as_sink(rig.connector()), batch)
            assert outcome is not None
            assert outcome.error is None
            assert rig.shown(ref) == 4
        else:
            assert outcome is None
            assert rig.shown(ref) == (4 if effect else 9)

    @needs(Capability.STOCK)
    @pytest.mark.parametrize("target", [2.5, "7", None, True, -1, float("nan")])
    def test_what_is_not_a_whole_number_of_units_is_refused_before_anything_is_sent(
        self, rig: Rig, target: Any
    ) -> None:
        ref = rig.add_listing("A", 9)
        sink = as_sink(rig.connector())
        rig.go_down()  # whoever sends it would see the outage instead
        (outcome,) = sink.send(one_batch(lowering(ref, target=target, expected=9)))
        assert isinstance(outcome.error, ItemError)
        assert rig.shown(ref) == 9

    @needs(Capability.STOCK, Capability.UNCOUNTED, Capability.LISTINGS)
    def test_counting_begins_at_the_target_and_only_when_asked(self, rig: Rig) -> None:
        ref = rig.add_listing("A", None)
        connector = rig.connector()
        sink, source = as_sink(connector), as_listings(connector)
        assert not push(sink, lowering(ref, target=4, expected=9))[ref.id].written
        assert source.read([ref])[ref.id].shown is None
        assert push(sink, write(ref, Op.START, target=4, expected=0))[ref.id].written
        assert source.read([ref])[ref.id].shown == 4

    @needs(Capability.STOCK)
    def test_as_many_calls_as_the_sink_allows_may_be_under_way_at_once(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", 9) for n in range(8)]
        sink = as_sink(rig.connector())
        with ThreadPoolExecutor(sink.parallel) as pool:
            sent = list(pool.map(sink.send, [one_batch(lowering(ref, target=4, expected=9)) for ref in refs]))
        assert [outcome.listing_id for (outcome,) in sent if outcome.written] == [ref.id for ref in refs]
        assert [rig.shown(ref) for ref in refs] == [4] * 8
