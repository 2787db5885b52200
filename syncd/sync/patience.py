"""Waits its turn while another syncd works on a channel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from syncd.sync.house import House, LeaseHeld

T = TypeVar("T")

LOOK_AGAIN_S = 2


def patiently(house: House, work: Callable[[], T], wait: timedelta) -> T:
    """What `work` returns, tried again while another syncd is at it, for as long as `wait`.

    Raises:
        LeaseHeld: it was at it all that time.
    """
    until = house.now() + wait
    while True:
        try:
            return work()
        except LeaseHeld:
            if house.now() >= until:
                raise
            house.progress("waiting for another syncd to finish", 0, None)
            house.sleep(LOOK_AGAIN_S)
