"""What a change of an order line means for the ledger (design.md §3.2)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.movements import Kind, LineBooked, Step, steps

few = st.integers(0, 6)
seen = st.tuples(few, few, few, few, st.integers(-6, 6))
"""A line as the platform shows it: promised, undecided, fulfilled, returned, taken."""


@st.composite
def booked(draw: st.DrawFn) -> LineBooked:
    line = LineBooked().seen_as(*draw(seen))
    return LineBooked(*(getattr(line, name) for name in BUCKETS), decided=draw(st.integers(0, line.undecided)))


BUCKETS = ("promised", "undecided", "fulfilled", "returned", "taken")


def totals(*paths: list[Step]) -> tuple[int, int, int]:
    """reserved, on hand, quarantine: what all these steps move."""
    every = [step for path in paths for step in path]
    return (
        sum(step.reserved for step in every),
        sum(step.on_hand for step in every if not step.quarantine),
        sum(step.on_hand for step in every if step.quarantine),
    )


def stands(line: LineBooked) -> tuple[int, int, int]:
    return line.reserved, -line.fulfilled, line.returned


@given(booked(), booked())
def test_the_steps_lead_exactly_from_one_state_to_the_next(before: LineBooked, after: LineBooked) -> None:
    moved = totals(list(steps(before, after)))
    assert moved == tuple(b - a for a, b in zip(stands(before), stands(after), strict=True))


@given(st.lists(booked(), min_size=2, max_size=6))
def test_any_path_of_states_books_what_one_jump_books(path: list[LineBooked]) -> None:
    walked = totals(*(list(steps(before, after)) for before, after in pairwise(path)))
    assert walked == totals(list(steps(path[0], path[-1])))


@given(booked())
def test_a_state_that_is_read_again_books_nothing(line: LineBooked) -> None:
    assert list(steps(line, line)) == []


@given(booked(), booked())
def test_each_kind_of_step_comes_once_at_most_and_moves_something(before: LineBooked, after: LineBooked) -> None:
    found = list(steps(before, after))
    assert len({step.kind for step in found}) == len(found)
    assert all(step.on_hand or step.reserved for step in found)


def test_a_sale_that_is_shipped_and_comes_back() -> None:
    sold = LineBooked(promised=2, taken=2)
    shipped = LineBooked(fulfilled=2, taken=2)
    back = LineBooked(fulfilled=2, returned=1, taken=1)
    assert list(steps(LineBooked(), sold)) == [Step(Kind.SALE, reserved=2)]
    assert list(steps(sold, shipped)) == [Step(Kind.FULFILMENT, on_hand=-2, reserved=-2)]
    assert list(steps(shipped, back)) == [Step(Kind.RETURN, on_hand=1, quarantine=True)]


def test_a_line_first_seen_shipped_is_a_sale_and_its_shipping() -> None:
    assert list(steps(LineBooked(), LineBooked(fulfilled=2))) == [
        Step(Kind.SALE, reserved=2),
        Step(Kind.FULFILMENT, on_hand=-2, reserved=-2),
    ]


def test_units_put_back_before_shipping_are_a_cancellation() -> None:
    assert list(steps(LineBooked(promised=3, taken=3), LineBooked(promised=1, taken=1))) == [
        Step(Kind.CANCELLATION, reserved=-2)
    ]


def test_units_that_end_without_restock_stay_held() -> None:
    assert list(steps(LineBooked(promised=3, taken=3), LineBooked(undecided=3, taken=3))) == []


def test_a_change_of_taken_alone_moves_nothing_of_ours() -> None:
    assert list(steps(LineBooked(fulfilled=1, returned=1, taken=1), LineBooked(fulfilled=1, returned=1))) == []


@given(booked(), seen)
def test_decisions_hold_only_for_units_that_are_still_undecided(line: LineBooked, now: tuple[int, ...]) -> None:
    after = line.seen_as(*now)
    assert (after.promised, after.undecided, after.fulfilled, after.returned, after.taken) == now
    assert after.decided == min(line.decided, after.undecided)
    assert after.reserved >= 0


@given(booked())
def test_a_vanished_line_keeps_its_units_held_and_undecided(line: LineBooked) -> None:
    gone = line.vanished()
    assert (gone.promised, gone.undecided) == (0, line.promised + line.undecided)
    assert list(steps(line, gone)) == []
    assert gone.vanished() == gone
    assert gone.taken == line.taken


@given(booked())
def test_a_removed_line_frees_what_was_not_shipped_and_keeps_what_was(line: LineBooked) -> None:
    gone = line.removed()
    assert (gone.reserved, gone.taken, gone.open) == (0, 0, False)
    assert (gone.fulfilled, gone.returned) == (line.fulfilled, line.returned)
    assert totals(list(steps(line, gone))) == (-line.reserved, 0, 0)


@given(booked())
def test_a_line_is_open_while_units_are_held_for_it(line: LineBooked) -> None:
    assert line.open == (line.promised + line.undecided - line.decided > 0)
