"""Who is told, and when: the first route that fits, digests that come, nights that stay quiet (N50, N52, N74)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from syncd.domain.alerts import Rule, Severity, severity
from syncd.domain.routing import Digest, Matter, QuietHours, Route, Routes, Schedule

COPENHAGEN, JERUSALEM = ZoneInfo("Europe/Copenhagen"), ZoneInfo("Asia/Jerusalem")
CHANGES = {
    COPENHAGEN: (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    JERUSALEM: (datetime(2026, 3, 27, 0, tzinfo=UTC), datetime(2026, 10, 24, 23, tzinfo=UTC)),
}
"""When the clocks are changed in 2026: in spring from 02:00 to 03:00, in autumn from 03:00, in Israel from 02:00."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

zones = st.sampled_from([COPENHAGEN, JERUSALEM])
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
around = st.tuples(zones, st.integers(0, 1), st.integers(-4 * 24 * 60, 4 * 24 * 60)).map(
    lambda drawn: (CHANGES[drawn[0]][drawn[1]] + drawn[2] * MINUTE, drawn[0])
)
digests = st.builds(Digest, clocks, st.none() | st.integers(0, 6))
nights = st.builds(QuietHours, clocks, clocks)
rules = st.sampled_from(Rule)
categories = st.none() | st.sampled_from(["Shoes", "shoes", "Mugs"])
matters = st.builds(Matter, st.none() | rules, st.none() | st.sampled_from(Severity), categories)
targets = st.lists(st.sampled_from(["a@example.com", "b@example.com", "slack"]), unique=True).map(tuple)


def test_the_clocks_change_when_these_tests_think() -> None:
    for zone, instants in CHANGES.items():
        for instant in instants:
            before, after = ((instant + by).astimezone(zone).utcoffset() for by in (-MINUTE, MINUTE))
            assert before != after


# ---------------------------------------------------------------- routes


@given(st.lists(st.builds(Route, matters, targets)), targets, rules, categories)
def test_the_first_route_that_fits_decides(
    routes: list[Route], everybody: tuple[str, ...], rule: Rule, category: str | None
) -> None:
    told = Routes(everybody, tuple(routes)).of(rule, category)
    fitting = [one for one in routes if one.matter.fits(rule, category)]
    if rule is Rule.TARGET or not fitting:
        assert told == everybody
    else:
        assert told == fitting[0].targets


@given(matters, rules, categories)
def test_all_that_a_matter_names_must_fit(matter: Matter, rule: Rule, category: str | None) -> None:
    named = [
        (matter.rule, rule),
        (matter.severity, severity(rule)),
        (matter.category and matter.category.casefold(), category and category.casefold()),
    ]
    assert matter.fits(rule, category) is all(wanted in (None, found) for wanted, found in named)


def test_a_category_is_meant_in_whichever_case_it_is_typed() -> None:
    assert Matter(category="STRASSE").fits(Rule.LOW, "Straße")
    assert not Matter(category="shoes").fits(Rule.LOW, "Shoes, boots")
    assert not Matter(category="shoes").fits(Rule.LOW, None)


def test_no_route_hides_that_a_target_cannot_be_told() -> None:
    nobody = Routes(("me@example.com", "slack"), (Route(Matter(), ()),))
    assert nobody.of(Rule.LOW, None) == ()
    assert nobody.of(Rule.TARGET, None) == ("me@example.com", "slack")


# ---------------------------------------------------------------- digests


@given(digests, around)
def test_a_digest_is_in_the_future_at_its_time_and_none_is_left_out(
    digest: Digest, when: tuple[datetime, ZoneInfo]
) -> None:
    instant, zone = when
    at = digest.following(instant, zone)
    local = at.astimezone(zone)
    assert timedelta(0) < at - instant <= (DAY if digest.weekday is None else 7 * DAY) + HOUR
    assert digest.weekday in (None, local.weekday())
    assert local.fold == 0
    skipped = local - HOUR  # by the wall clock
    assert digest.at == local.time() or (digest.at == skipped.time() and skipped.astimezone(UTC) >= at)


@given(digests, around, st.integers(0, 7 * 24 * 60))
def test_every_instant_before_a_digest_waits_for_that_digest(
    digest: Digest, when: tuple[datetime, ZoneInfo], minutes: int
) -> None:
    instant, zone = when
    at = digest.following(instant, zone)
    later = instant + minutes * MINUTE
    assume(later < at)
    assert digest.following(later, zone) == at
    assert digest.following(at, zone) > at


@pytest.mark.parametrize(
    ("zone", "after", "at"),
    [
        (COPENHAGEN, datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 03:30
        (COPENHAGEN, datetime(2026, 10, 24, 22, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (COPENHAGEN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
        (JERUSALEM, datetime(2026, 3, 26, 23, 30, tzinfo=UTC), datetime(2026, 3, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_digest_at_half_past_two_when_the_clocks_change(zone: ZoneInfo, after: datetime, at: datetime) -> None:
    assert Digest(time(2, 30)).following(after, zone) == at


# ---------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("21:59", None),
        ("22:00", "07:00"),
        ("23:59", "07:00"),
        ("00:00", "07:00"),
        ("06:59", "07:00"),
        ("07:00", None),
        ("12:00", None),
    ],
)
def test_a_night(clock: str, ends: str | None) -> None:
    local = datetime.combine(date(2026, 7, 1), time.fromisoformat(clock), JERUSALEM)
    end = QuietHours(time(22), time(7)).end_of(local.astimezone(UTC), JERUSALEM)
    if ends is None:
        assert end is None
    else:
        assert end is not None
        night = timedelta(days=1) if local.hour >= 22 else timedelta(0)
        assert end.astimezone(JERUSALEM) == datetime.combine(local.date() + night, time.fromisoformat(ends), JERUSALEM)


@given(nights, st.integers(0, 24 * 60 - 1))
def test_where_no_clock_is_changed_the_wall_clock_decides(night: QuietHours, minute: int) -> None:
    instant = datetime(2026, 7, 1, tzinfo=UTC) + minute * MINUTE
    clock = instant.time()
    begun, not_ended = night.begin <= clock, clock < night.end
    quiet = begun and not_ended if night.begin < night.end else begun or not_ended
    end = night.end_of(instant, ZoneInfo("UTC"))
    assert (end is not None) is quiet
    assert end is None or (end.time() == night.end and end - instant <= DAY)


@given(nights, around, st.integers(0, 24 * 60))
@example(QuietHours(time(22), time(2, 30)), (datetime(2026, 10, 25, 1, 10, tzinfo=UTC), COPENHAGEN), 0)
def test_the_quiet_ends_later_and_holds_until_then(
    night: QuietHours, when: tuple[datetime, ZoneInfo], minutes: int
) -> None:
    instant, zone = when
    end = night.end_of(instant, zone)
    if end is None:
        return
    assert timedelta(0) < end - instant <= DAY + HOUR
    later = instant + minutes * MINUTE
    if later < end:
        assert night.end_of(later, zone) == end


def test_a_night_that_ended_is_not_begun_again_by_the_clock() -> None:
    """In autumn 02:10 comes twice; the quiet until 02:30 ended at the first 02:30."""
    night = QuietHours(time(22), time(2, 30))
    first, second = datetime(2026, 10, 25, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert night.end_of(first, COPENHAGEN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert night.end_of(second, COPENHAGEN) is None


# ---------------------------------------------------------------- when it is told


@given(
    st.builds(
        Schedule,
        st.lists(matters, max_size=3),
        digests,
        st.none() | nights,
        st.lists(matters, max_size=2),
        st.booleans(),
    ),
    rules,
    categories,
    around,
)
def test_nothing_is_due_before_it_happened_nor_long_after(
    schedule: Schedule, rule: Rule, category: str | None, when: tuple[datetime, ZoneInfo]
) -> None:
    since, zone = when
    due = schedule.due(rule, category, since, zone)
    if not any(one.fits(rule, category) for one in schedule.at_once):
        assert due == schedule.digest.following(since, zone)
    elif schedule.quiet is None or any(one.fits(rule, category) for one in schedule.quiet_except):
        assert due == since
    else:
        assert due == (schedule.quiet.end_of(since, zone) or since)
    assert since <= due <= since + 7 * DAY + HOUR


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        (Rule.OVERSOLD, datetime(2026, 7, 1, 0, 0, tzinfo=UTC)),  # critical: in the middle of the night
        (Rule.OUT, datetime(2026, 7, 1, 4, 0, tzinfo=UTC)),  # when the night is over, 07:00
        (Rule.DEAD, datetime(2026, 7, 1, 5, 0, tzinfo=UTC)),  # with the digest, 08:00
    ],
)
def test_a_night_as_it_is_without_settings(rule: Rule, due: datetime) -> None:
    schedule = Schedule(quiet=QuietHours(time(22), time(7)))
    assert schedule.due(rule, None, datetime(2026, 7, 1, 0, 0, tzinfo=UTC), JERUSALEM) == due
