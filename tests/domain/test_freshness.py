"""When a channel is fresh, what is said of one that is not, and when no orders are too few."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.freshness import Freshness, fresh, quiet, ready, why

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


WOO = Freshness(
    channel="woo",
    mode="live",
    paused=False,
    read_at=ago(seconds=40),
    pushed_at=ago(minutes=3),
    listed_at=ago(hours=1),
    waiting=0,
    oldest_waiting=None,
    parked_reason=None,
    poll=timedelta(seconds=60),
    silent_after=timedelta(hours=2),
)


def test_a_channel_that_was_read_a_minute_ago_is_fresh_and_nothing_is_said_of_it() -> None:
    assert fresh(WOO, NOW)
    assert why(WOO, NOW) == ""


@pytest.mark.parametrize(
    ("poll", "age", "is_fresh"),
    [
        (timedelta(seconds=10), timedelta(minutes=5), True),
        (timedelta(seconds=10), timedelta(minutes=5, seconds=1), False),
        (timedelta(minutes=10), timedelta(minutes=30), True),
        (timedelta(minutes=10), timedelta(minutes=30, seconds=1), False),
    ],
)
def test_patience_is_three_polls_and_five_minutes_at_least(poll: timedelta, age: timedelta, is_fresh: bool) -> None:
    assert fresh(replace(WOO, poll=poll, read_at=NOW - age), NOW) is is_fresh


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"read_at": ago(minutes=12)}, "was not read for 12 min"),
        ({"read_at": ago(hours=3)}, "was not read for 3 h, raises elsewhere do not wait for it"),
        ({"read_at": ago(days=5)}, "was not read for 5 days, raises elsewhere do not wait for it"),
        ({"read_at": None}, "was never read completely"),
        ({"parked_reason": "its key is refused"}, "stands still: its key is refused"),
        ({"parked_reason": "its key is refused", "read_at": ago(days=1)}, "stands still: its key is refused"),
    ],
)
def test_what_is_not_fresh_says_why(changes: dict[str, object], said: str) -> None:
    channel = replace(WOO, **changes)  # type: ignore[arg-type]
    assert not fresh(channel, NOW)
    assert not ready([WOO, channel], NOW)
    assert why(channel, NOW) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"waiting": 3, "oldest_waiting": ago(minutes=28)}, "3 numbers wait since 14:02 UTC"),
        ({"waiting": 1, "oldest_waiting": ago(days=1)}, "1 number waits since 2026-11-22 14:30 UTC"),
        ({"waiting": 3, "oldest_waiting": ago(minutes=1)}, ""),
        ({"waiting": 3}, ""),
        ({"paused": True}, "paused, nothing is written to it"),
        ({"poll": None, "read_at": None}, ""),
    ],
)
def test_what_is_fresh_may_still_have_something_to_say(changes: dict[str, object], said: str) -> None:
    channel = replace(WOO, **changes)  # type: ignore[arg-type]
    assert fresh(channel, NOW)
    assert why(channel, NOW) == said


def test_a_channel_in_shadow_makes_nobody_unready_and_says_so() -> None:
    shadow = replace(WOO, mode="shadow", read_at=ago(minutes=12), waiting=4, oldest_waiting=ago(days=9))
    assert ready([WOO, shadow], NOW)
    assert why(shadow, NOW) == "was not read for 12 min; in shadow, nothing is written to it"


def test_a_channel_whose_old_numbers_are_being_given_back_must_be_fresh() -> None:
    assert not ready([replace(WOO, mode="restoring", read_at=None)], NOW)


@given(st.timedeltas(timedelta(), timedelta(days=30)), st.timedeltas(timedelta(seconds=1), timedelta(days=1)))
def test_a_channel_that_is_not_fresh_does_not_become_so_by_waiting(age: timedelta, more: timedelta) -> None:
    channel = replace(WOO, read_at=NOW - age)
    assert fresh(channel, NOW) or not fresh(channel, NOW + more)


# --------------------------------------------------------------------------- no orders for unusually long


def daily(days: int, *hours: float, workdays: int = 7) -> list[datetime]:
    """Orders at these hours of each day that ends before `NOW`, on so many days of the week."""
    start = NOW.replace(hour=0, minute=0) - timedelta(days=days)
    return [
        start + timedelta(days=day, hours=hour)
        for day in range(days)
        for hour in hours
        if (start + timedelta(days=day)).weekday() < workdays
    ]


BUSY = daily(28, 9, 11, 13, 15, 17, 19, 21)  # 12 h of night
LAST = BUSY[-1]


def test_a_night_is_no_news() -> None:
    assert quiet(BUSY, LAST + timedelta(hours=36)) is None


def test_a_day_and_a_half_without_an_order_is_unusual_where_the_longest_pause_was_a_night() -> None:
    assert quiet(BUSY, LAST + timedelta(hours=37)) == timedelta(hours=37)


def test_a_weekend_is_no_news_where_there_were_weekends() -> None:
    office = daily(28, 10, 14, workdays=5)
    assert quiet(office, office[-1] + timedelta(days=4)) is None
    assert quiet(office, office[-1] + timedelta(days=10)) == timedelta(days=10)


def test_a_shop_that_sells_twice_a_week_is_never_quiet() -> None:
    rare = [NOW - timedelta(days=3.5 * number) for number in range(8, 0, -1)]
    assert quiet(rare, NOW + timedelta(days=300)) is None


def test_a_busy_shop_is_not_quiet_within_two_hours() -> None:
    every_minute = [NOW - timedelta(minutes=number) for number in range(8 * 24 * 60, 0, -1)]
    assert quiet(every_minute, every_minute[-1] + timedelta(hours=2)) is None
    assert quiet(every_minute, every_minute[-1] + timedelta(hours=2, seconds=1)) is not None


@pytest.mark.parametrize("orders", [[], [NOW], [NOW - timedelta(days=9)] * 19])
def test_few_orders_tell_nothing(orders: list[datetime]) -> None:
    assert quiet(orders, NOW + timedelta(days=99)) is None


def test_a_first_busy_week_tells_nothing_yet() -> None:
    rush = [NOW - timedelta(minutes=number) for number in range(6 * 24 * 60, 0, -1)]
    assert quiet(rush, NOW + timedelta(days=9)) is None


def test_an_order_from_a_clock_that_is_ahead_is_no_silence() -> None:
    assert quiet(BUSY, LAST - timedelta(hours=1)) is None


shops = st.lists(st.timedeltas(timedelta(), timedelta(hours=30)), min_size=2, max_size=60).map(
    lambda pauses: [NOW + sum(pauses[: number + 1], timedelta()) for number in range(len(pauses))]
)
silences = st.timedeltas(timedelta(), timedelta(days=9))


@given(shops, silences)
def test_what_is_told_is_the_silence_itself_and_it_is_longer_than_any_pause_before(
    orders: list[datetime], silence: timedelta
) -> None:
    told = quiet(orders, orders[-1] + silence)
    pauses = [later - earlier for earlier, later in itertools.pairwise(orders)]
    assert told in (None, silence)
    assert told is None or all(told > 3 * pause for pause in pauses)


@given(shops, silences, silences)
def test_a_quiet_channel_stays_quiet_until_an_order_comes(
    orders: list[datetime], silence: timedelta, more: timedelta
) -> None:
    now = orders[-1] + silence
    if quiet(orders, now) is not None:
        assert quiet(orders, now + more) == silence + more
        assert quiet([*orders, now + more], now + more) is None


@given(shops, silences, st.data())
def test_one_more_order_among_them_makes_it_told_no_later(
    orders: list[datetime], silence: timedelta, data: st.DataObject
) -> None:
    now = orders[-1] + silence
    between = data.draw(st.timedeltas(timedelta(), orders[-1] - orders[0])) + orders[0]
    if quiet(orders, now) is not None:
        assert quiet(sorted([*orders, between]), now) == silence


@given(shops, silences, st.integers(1, 9))
def test_a_shop_that_does_all_more_slowly_is_judged_alike(
    orders: list[datetime], silence: timedelta, slower: int
) -> None:
    stretched = [NOW + slower * (instant - NOW) for instant in orders]
    if quiet(orders, orders[-1] + silence) is not None:
        assert quiet(stretched, stretched[-1] + slower * silence) == slower * silence


@given(shops, silences, st.timedeltas(-timedelta(days=999), timedelta(days=999)))
def test_only_pauses_count_not_the_date(orders: list[datetime], silence: timedelta, shift: timedelta) -> None:
    moved = [instant + shift for instant in orders]
    assert quiet(moved, moved[-1] + silence) == quiet(orders, orders[-1] + silence)
