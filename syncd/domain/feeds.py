"""Whether a supplier's feed may be believed: what looks wrong as a whole waits for a yes (design.md §3.6, N19, N72)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from syncd.domain.safety import HoldLimits
from syncd.domain.said import Said

JUMPS_BY = 10
"""A jump is to more than so many times what was stated, or to less than the like part, by ten units at least."""


ABSURD_BY, ABSURD_FROM = 100, 1_000
"""A number so many times as large as before, and not below so many units, is never taken without a yes."""

HARDLY_MORE_PERCENT = 120
"""Of the SKUs that an answer was about: so many more may look wrong in the same way."""

_NUMBER = re.compile(r"\d[\d,]*")


def suspicions(
    before: Mapping[int, int | None],
    after: Mapping[int, int | None],
    columns_before: Sequence[str] | None,
    columns_after: Sequence[str],
    limits: HoldLimits,
) -> list[Said]:
    """Why a reading of a feed should not be used without a yes; empty where it may be.

    `before` and `after`: units stated by SKU of ours, ``None`` where the feed did not say. The first reading of a feed
    (`columns_before` is ``None``) has nothing to be compared with and is suspicious only where it says nothing at all.
    """
    said = {sku: units for sku, units in after.items() if units is not None}
    if columns_before is None:
        return [] if said else [Said("it tells of no SKU of yours")]
    found = []
    if moved := _moved(columns_before, columns_after):
        found.append(moved)
    known = {sku: units for sku, units in before.items() if units is not None}
    if not known:
        return found
    missing = [sku for sku in known if sku not in said]
    zeroed = [sku for sku, units in known.items() if units > 0 and said.get(sku) == 0]
    jumped = [sku for sku, units in known.items() if sku in said and _jumps(units, said[sku])]
    stocked = sum(units > 0 for units in known.values())
    if not said:
        found.append(Said("it tells of no SKU of yours any more"))
    elif _too_many(missing, len(known), limits.missing_percent, limits.count):
        found.append(Said("{missing} of {known} SKUs are missing", missing=len(missing), known=len(known)))
    if stocked and len(zeroed) == stocked and stocked >= limits.count:
        found.append(Said("everything is 0 now"))
    elif _too_many(zeroed, stocked, limits.zeroing_percent, limits.count):
        found.append(Said("{zeroed} of {stocked} SKUs in stock become 0", zeroed=len(zeroed), stocked=stocked))
    if absurd := sum(_absurd(units, said[sku]) for sku, units in known.items() if sku in said):
        found.append(Said("{absurd} of {known} SKUs more than a hundredfold", absurd=absurd, known=len(known)))
    if _too_many(jumped, len(known), limits.jumps_percent, limits.count):
        found.append(Said("{jumped} of {known} SKUs change more than tenfold", jumped=len(jumped), known=len(known)))
    return found


def covers(answered: Sequence[str], reasons: Sequence[str]) -> bool:
    """True where a person's answer holds for this reading too: it looks wrong in the same ways, and hardly more so.

    Both are what `suspicions` found, in English.

    A feed is written anew all the time; nobody can be asked about each of its versions.
    """
    return bool(reasons) and all(any(_alike(one, reason) for one in answered) for reason in reasons)


def _alike(answered: str, reason: str) -> bool:
    numbers, words = _NUMBER.findall(reason), _NUMBER.sub("#", reason)
    asked = _NUMBER.findall(answered)
    if words != _NUMBER.sub("#", answered):
        return False
    return not numbers or _units(numbers[0]) * 100 <= _units(asked[0]) * HARDLY_MORE_PERCENT


def _units(number: str) -> int:
    return int(number.replace(",", ""))


def _too_many(some: Sequence[int], of: int, percent: int, count: int) -> bool:
    return len(some) >= count and len(some) * 100 > of * percent


def _jumps(before: int, after: int) -> bool:
    low, high = sorted((max(0, before), max(0, after)))
    return low > 0 and high - low >= 10 and high > JUMPS_BY * low


def _absurd(before: int, after: int) -> bool:
    """One such number is enough to ask: a barcode in the column of the stock, or a lost decimal sign."""
    return after >= ABSURD_FROM and after > ABSURD_BY * max(1, before)


def _moved(before: Sequence[str], after: Sequence[str]) -> Said | None:
    """Columns that were added at the end harm nobody; others may stand under a word that is not theirs."""
    if list(after[: len(before)]) == list(before):
        return None
    gone = [word for word in before if word not in after]
    if gone:
        return Said.number(
            "its columns changed: {columns} is gone",
            "its columns changed: {columns} are gone",
            len(gone),
            columns=", ".join(gone[:3]),
        )
    return Said("its columns stand in another order")
