"""Our own order of events: a number that grows with every change and every pull (design.md §3.5)."""

from __future__ import annotations

from sqlalchemy import update

from syncd.storage.meta import put
from syncd.storage.schema import meta
from syncd.storage.session import Tx


def following(tx: Tx) -> int:
    """The next number. Two transactions never get the same one, and a later one gets a higher one."""
    step = update(meta).where(meta.c.name == "sequence").values(value=meta.c.value + 1)
    return int(tx.execute(step.returning(meta.c.value)).scalar_one())


def following_change(tx: Tx) -> int:
    """The next number, for a change that is no movement, such as a rule's: other processes see it (`pulse`).

    Pulls take numbers all the time; those must not look like a change, or each would be followed by another.
    """
    number = following(tx)
    put(tx, "changed", number)
    return number
