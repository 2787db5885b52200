from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.domain.drift import SETTLING, Reading, reading

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("expected", "shown", "differs_since", "means"),
    [
        (8, 8, None, Reading.AS_EXPECTED),
        (8, 8, NOW - timedelta(days=1), Reading.AS_EXPECTED),
        (None, 5, NOW - timedelta(days=1), Reading.AS_EXPECTED),
        (8, None, NOW - timedelta(days=1), Reading.AS_EXPECTED),
        (8, 7, None, Reading.UNREAD),
        (8, 9, NOW, Reading.UNREAD),
        (8, 7, NOW - SETTLING + A_MOMENT, Reading.UNREAD),
        (8, 7, NOW - SETTLING, Reading.DRIFT),
        (8, 9, NOW - timedelta(days=1), Reading.DRIFT),
        (0, -1, NOW - SETTLING, Reading.DRIFT),
    ],
)
def test_another_number_is_an_unread_order_for_a_minute_and_then_drift(
    expected: int | None, shown: int | None, differs_since: datetime | None, means: Reading
) -> None:
    assert reading(expected, shown, differs_since, NOW) is means
