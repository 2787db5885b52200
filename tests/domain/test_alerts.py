"""When the owner is told: once for each crossing, again only after a margin, and the worst first (N21, N42, N74)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.domain.alerts import (
    FAMILY,
    Event,
    Family,
    Idleness,
    Pace,
    Rule,
    Severity,
    Shelf,
    change,
    ends_well,
    family,
    margin,
    runs_out_rule,
    severity,
    shown_rule,
    slow_rule,
    stock_rule,
)

LOW, OUT, OVERSOLD = Rule.LOW, Rule.OUT, Rule.OVERSOLD
STOCK = [None, LOW, OUT, OVERSOLD]
DAY = timedelta(days=1)

units = st.integers(-30, 60)
shelves = st.builds(Shelf, units, units, st.integers(0, 40))
standings = st.sampled_from(STOCK)


def bad(rule: Rule | None) -> int:
    return STOCK.index(rule)


def told_of(rules: Sequence[Rule | None], standing: Rule | None = None) -> Iterator[tuple[int, Rule]]:
    """Which rules somebody is told of, with the look at which."""
    for number, now in enumerate(rules):
        event = change(standing, now)
        if event in (Event.RAISED, Event.ESCALATED):
            assert now is not None
            yield number, now
        standing = now


def looks(walk: Sequence[Shelf], standing: Rule | None) -> list[Rule | None]:
    found = []
    for shelf in walk:
        standing = stock_rule(shelf, standing)
        found.append(standing)
    return found


# ---------------------------------------------------------------- what a change means


@pytest.mark.parametrize(
    ("standing", "now", "event"),
    [
        (None, None, None),
        (LOW, LOW, None),
        (None, LOW, Event.RAISED),
        (None, OVERSOLD, Event.RAISED),
        (LOW, OUT, Event.ESCALATED),
        (OVERSOLD, OUT, Event.EASED),
        (LOW, None, Event.OVER),
        (Rule.OVERSTOCK, Rule.DEAD, Event.ESCALATED),
        (Rule.DEAD, Rule.OVERSTOCK, Event.EASED),
    ],
)
def test_what_happened_is_seen_from_what_held_and_holds(
    standing: Rule | None, now: Rule | None, event: Event | None
) -> None:
    assert change(standing, now) is event


def test_that_the_worst_is_over_is_news() -> None:
    assert {rule for rule in Rule if ends_well(rule, None)} == {OVERSOLD, Rule.CHANNEL, Rule.STOPPED}
    assert ends_well(OVERSOLD, LOW)
    assert not ends_well(OVERSOLD, OVERSOLD)
    assert not ends_well(OUT, LOW)


def test_every_rule_has_its_family_and_how_urgent_it_is() -> None:
    assert {family(rule) for rule in Rule} == set(Family)
    assert all(family(rule) is Family.INCIDENT for rule in Rule if rule not in FAMILY)
    urgent = list(Severity)
    for one, another in ((LOW, OUT), (OUT, OVERSOLD), (Rule.OVERSTOCK, Rule.DEAD)):
        assert urgent.index(severity(one)) <= urgent.index(severity(another)), "what is worse is not less urgent"


# ---------------------------------------------------------------- stock


@pytest.mark.parametrize(
    ("available", "left", "standing", "rule"),
    [
        (6, 6, None, None),
        (5, 5, None, LOW),  # at the point is low
        (1, 1, None, LOW),
        (0, 9, None, OUT),  # what is on the way does not lower the alarm
        (0, -1, None, OVERSOLD),
        (-3, 0, None, OUT),
        (7, 7, LOW, LOW),
        (8, 8, LOW, None),
        (2, 2, OUT, OUT),
        (3, 3, OUT, LOW),
        (7, 7, OUT, LOW),
        (0, 0, OVERSOLD, OVERSOLD),
        (1, 1, OVERSOLD, OUT),
        (3, 3, OVERSOLD, LOW),
        (20, 20, OVERSOLD, None),
    ],
)
def test_a_shelf_with_a_point_of_five(available: int, left: int, standing: Rule | None, rule: Rule | None) -> None:
    assert stock_rule(Shelf(available, left, 5), standing) is rule


@pytest.mark.parametrize(
    ("available", "left", "standing", "shown"),
    [
        (0, 0, OVERSOLD, OUT),  # none is missing
        (0, -1, OVERSOLD, OVERSOLD),
        (2, 2, OUT, LOW),  # two are there
        (7, 7, LOW, LOW),
        (7, 7, OUT, LOW),
        (0, -1, LOW, LOW),  # as it was when it was told
    ],
)
def test_an_alert_is_shown_by_its_numbers(available: int, left: int, standing: Rule, shown: Rule) -> None:
    assert shown_rule(standing, Shelf(available, left, 5)) is shown


@given(shelves, st.sampled_from([LOW, OUT, OVERSOLD]))
def test_what_is_shown_is_never_worse_than_the_numbers_or_the_alert(shelf: Shelf, standing: Rule) -> None:
    shown, now = shown_rule(standing, shelf), stock_rule(shelf, None)
    assert bad(shown) <= bad(standing)
    assert shown in (standing, now or LOW)
    assert bad(shown) <= bad(now or LOW)


@pytest.mark.parametrize(("point", "spare"), [(0, 2), (5, 2), (20, 2), (21, 3), (100, 10), (101, 11)])
def test_the_margin_is_a_tenth_and_two_units_at_least(point: int, spare: int) -> None:
    assert margin(point) == spare


@given(shelves, standings, st.integers(0, 30), st.integers(0, 30))
def test_less_stock_is_never_a_lesser_rule(shelf: Shelf, standing: Rule | None, sold: int, promised: int) -> None:
    less = replace(shelf, available=shelf.available - sold, left=shelf.left - promised)
    assert bad(stock_rule(less, standing)) >= bad(stock_rule(shelf, standing))


@given(shelves, standings, st.integers(0, 30))
def test_a_higher_point_is_never_a_lesser_rule(shelf: Shelf, standing: Rule | None, more: int) -> None:
    higher = replace(shelf, reorder_point=shelf.reorder_point + more)
    assert bad(stock_rule(higher, standing)) >= bad(stock_rule(shelf, standing))


@given(shelves, standings)
def test_what_held_never_makes_it_look_better_and_a_second_look_changes_nothing(
    shelf: Shelf, standing: Rule | None
) -> None:
    now = stock_rule(shelf, standing)
    assert bad(now) >= bad(stock_rule(shelf, None))
    assert bad(now) <= max(bad(standing), bad(stock_rule(shelf, None)))
    assert stock_rule(shelf, now) is now


@given(shelves, standings, st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=12))
def test_one_unit_back_and_forth_tells_of_nothing_twice(
    shelf: Shelf, standing: Rule | None, wobble: list[tuple[int, int]]
) -> None:
    walk = [replace(shelf, available=shelf.available + a, left=shelf.left + b) for a, b in wobble]
    told = [rule for _, rule in told_of(looks(walk, standing), standing)]
    assert len(told) == len(set(told))


@given(st.lists(st.tuples(st.integers(-6, 20), st.integers(-6, 20)), max_size=40), st.integers(0, 30))
def test_it_is_told_again_only_after_the_margin_was_passed(walk: list[tuple[int, int]], point: int) -> None:
    path = [Shelf(available, left, point) for available, left in walk]
    last: dict[Rule, int] = {}
    for at, rule in told_of(looks(path, None)):
        if rule in last:
            between = path[last[rule] : at]
            high, limit = {
                LOW: (max(one.available for one in between), point + margin(point)),
                OUT: (max(one.available for one in between), margin(0)),
                OVERSOLD: (max(one.left for one in between), 0),
            }[rule]
            assert high > limit
        last[rule] = at


@given(st.lists(st.tuples(st.integers(-6, 20), st.integers(-6, 20)), max_size=40), st.integers(0, 30))
def test_every_crossing_is_told(walk: list[tuple[int, int]], point: int) -> None:
    """Where the shelf is worse than at any look since nothing was wrong, somebody hears of it at that look."""
    path = [Shelf(available, left, point) for available, left in walk]
    rules = looks(path, None)
    told = dict(told_of(rules))
    worst = 0
    for at, (shelf, rule) in enumerate(zip(path, rules, strict=True)):
        plain = bad(stock_rule(shelf, None))
        if plain > worst:
            assert at in told and bad(told[at]) == plain
        worst = max(worst, plain) if rule is not None else 0


# ---------------------------------------------------------------- gone before the next delivery


@pytest.mark.parametrize(
    ("pace", "standing", "rule"),
    [
        (Pace(10, 5.0, 6), None, Rule.RUNS_OUT),
        (Pace(10, 6.0, 6), None, None),
        (Pace(10, 9.9, 6), Rule.RUNS_OUT, Rule.RUNS_OUT),  # two units and two days of margin
        (Pace(10, 10.0, 6), Rule.RUNS_OUT, None),
        (Pace(10, None, 6), None, None),
        (Pace(10, 5.0, None), None, None),
        (Pace(10, 5.0, None), Rule.RUNS_OUT, None),  # it has arrived
        (Pace(0, 0.0, 6), None, None),  # it is out, which is told of by itself
        (Pace(0, None, 6), Rule.RUNS_OUT, Rule.RUNS_OUT),
        (Pace(10, None, 6), Rule.RUNS_OUT, None),
    ],
)
def test_when_it_runs_out_before_the_next_delivery(pace: Pace, standing: Rule | None, rule: Rule | None) -> None:
    assert runs_out_rule(pace, standing) is rule


@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 1), max_size=12),
    st.floats(0.01, 20, allow_nan=False),
    st.integers(0, 60),
)
@example(2, [0, 1, 0], 0.07, 30)  # two units last for 28 days, three for 43
@example(0, [1, 0, 1], 1.0, 9)
def test_one_unit_back_and_forth_runs_out_once(few: int, wobble: list[int], a_day: float, delivery_in: int) -> None:
    standing, rules = None, []
    for more in wobble:
        standing = runs_out_rule(Pace(few + more, (few + more) / a_day, delivery_in), standing)
        rules.append(standing)
    assert len(list(told_of(rules))) <= 1


@given(
    st.integers(1, 60),
    st.integers(0, 30),
    st.floats(0.01, 20, allow_nan=False),
    st.integers(0, 60),
    st.sampled_from([None, Rule.RUNS_OUT]),
)
def test_fewer_units_never_last_until_the_delivery_where_more_do_not(
    few: int, more: int, a_day: float, delivery_in: int, standing: Rule | None
) -> None:
    def rule(available: int) -> Rule | None:
        return runs_out_rule(Pace(available, available / a_day, delivery_in), standing)

    assert rule(few + more) is None or rule(few) is Rule.RUNS_OUT


# ---------------------------------------------------------------- what lies


@pytest.mark.parametrize(
    ("idle", "standing", "rule"),
    [
        (Idleness(5, 200 * DAY, 179 * DAY, None), None, None),
        (Idleness(5, 200 * DAY, 180 * DAY, None), None, Rule.DEAD),
        (Idleness(5, 90 * DAY, 200 * DAY, None), None, None),  # it came only just now
        (Idleness(0, 200 * DAY, 200 * DAY, None), Rule.DEAD, None),
        (Idleness(100, 200 * DAY, DAY, 365.0), None, None),
        (Idleness(100, 200 * DAY, DAY, 365.1), None, Rule.OVERSTOCK),
        (Idleness(100, 200 * DAY, DAY, 323.0), Rule.OVERSTOCK, Rule.OVERSTOCK),
        (Idleness(100, 200 * DAY, DAY, 321.0), Rule.OVERSTOCK, None),
        (Idleness(100, 200 * DAY, DAY, 350.0), Rule.DEAD, Rule.OVERSTOCK),
    ],
)
def test_what_lies_for_too_long(idle: Idleness, standing: Rule | None, rule: Rule | None) -> None:
    assert slow_rule(idle, 180 * DAY, 365 * DAY, standing) is rule


@given(st.integers(1, 200), st.lists(st.integers(0, 1), max_size=12), st.floats(0.005, 5, allow_nan=False))
@example(5, [1, 0, 1], 1 / 62)  # six units last for 372 days, five for 310
def test_one_unit_back_and_forth_lies_for_too_long_once(few: int, wobble: list[int], a_day: float) -> None:
    standing, rules = None, []
    for more in wobble:
        idle = Idleness(few + more, 90 * DAY, DAY, (few + more) / a_day)
        standing = slow_rule(idle, 180 * DAY, 365 * DAY, standing)
        rules.append(standing)
    assert len(list(told_of(rules))) <= 1
