"""How often the service asks a channel: tightened while customers buy, backed off while it does not answer (N2, N75).

Instants are aware UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

BUSY_FOR = timedelta(minutes=5)
"""So long after an order the next one is likely."""

TIGHTENED = 4
"""While customers buy, a channel is read so many times as often."""

CLOSEST = timedelta(seconds=10)
"""Closer polls than this cost a shop more than they bring; webhooks are for that."""

LONGEST_BACK_OFF = timedelta(minutes=5)
"""A shop that comes back is read within this time."""


def pause(poll: timedelta, last_sale: datetime | None, now: datetime) -> timedelta:
    """How long to wait until a channel's orders are read again; never longer than `poll`.

    `poll` is the pause at rest, as the owner set it. `last_sale`: when its last order was booked.
    """
    if last_sale is None or now - last_sale > BUSY_FOR:
        return poll
    return min(poll, max(poll / TIGHTENED, CLOSEST))


def back_off(poll: timedelta, failures: int, asked_to_wait: timedelta | None = None) -> timedelta:
    """How long a channel that failed `failures` times in a row (1 or more) is left alone.

    What it asks for itself (429, `Retry-After`) is kept to, however long. Otherwise the pause doubles from a quarter of
    `poll`, up to five minutes or `poll`, whichever is longer.
    """
    doubled = poll / TIGHTENED * 2 ** min(failures - 1, 10)
    own = min(doubled, max(LONGEST_BACK_OFF, poll))
    return own if asked_to_wait is None else max(asked_to_wait, timedelta(seconds=1))
