"""What a stock file changes in the master table: a pure comparison of the two."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from syncd.domain.rules import Limits, Scope
from syncd.domain.safety import Change, HoldLimits, too_big
from syncd.domain.stock import twin_key
from syncd.files import BadRow, Skipped, StockFile, StockFileKind, StockRow
from syncd.storage import catalogue, ledger
from syncd.storage.catalogue import FIELDS, Level, Sku
from syncd.storage.session import Tx

RULES = ("buffer", "cap", "cut_off", "reorder_point")
"""What a row says of how a SKU may be sold; the fields of `Limits`."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a file says is on hand of a SKU at a location.

    `units` were on hand at the instant of the count; `added_back` of them were taken by open orders of the shop whose
    number it is. `before` and `after`: on hand now, and once the import is made; `before` is ``None`` where the SKU
    was never counted.
    """

    sku: str
    location: str
    units: int
    added_back: int
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a SKU, or of its rule, that the file says otherwise."""

    sku: str
    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Import:
    """What a stock file changes; nothing is changed by making it. SKUs that the file lacks are left alone.

    `stands`: SKUs that were counted again after `counted_at`; that later count stands. `asks_why`: why a person has to
    say yes first, empty where nobody has to (design.md §3.6).
    """

    id: str
    kind: StockFileKind
    counted_at: datetime | None  # None: the file counts nothing
    channel: str | None  # the shop whose numbers these are
    new_skus: tuple[str, ...]
    new_locations: tuple[str, ...]  # made as own stock
    counts: tuple[Counted, ...]
    stands: tuple[str, ...]
    fields: tuple[FieldChange, ...]
    rules: tuple[FieldChange, ...]
    unchanged_rows: int
    left_alone: int  # SKUs of the master table that the file does not name
    bad_rows: tuple[BadRow, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    asks_why: str
    skip_bad_rows: bool

    @property
    def refused(self) -> bool:
        """True where bad rows keep the whole file out."""
        return bool(self.bad_rows) and not self.skip_bad_rows

    @property
    def moved(self) -> tuple[Counted, ...]:
        """Counts that change what is on hand, the largest change first; SKUs counted for the first time included."""
        moved = (one for one in self.counts if one.before != one.after)
        return tuple(sorted(moved, key=lambda one: -abs(one.after - (one.before or 0))))


@dataclass(frozen=True, slots=True)
class MasterTable:
    """The master table as it stands; `then` is what was on hand at the instant of the count, by SKU and location."""

    skus: Mapping[str, Sku]
    levels: Mapping[tuple[str, str], Level]
    then: Mapping[tuple[str, str], int]
    locations: tuple[str, ...]
    rules: Mapping[str, Limits]


@dataclass(frozen=True, slots=True)
class ShopNumbers:
    """What has to be known of the shop whose numbers a file has.

    `ours`: our SKU by the shop's, where they differ. `added_back`: units by our SKU.
    """

    channel: str
    ours: Mapping[str, str]
    added_back: Mapping[str, int]


def load(tx: Tx, counted_at: datetime | None) -> MasterTable:
    """The master table as of this transaction."""
    skus = {sku.sku: sku for sku in catalogue.all_skus(tx)}
    names = {sku.id: sku.sku for sku in skus.values()}
    locations = catalogue.location_names(tx)
    then = {}
    if counted_at is not None:
        places = {catalogue.location(tx, name): name for name in locations}
        levels_then = ledger.levels_at(tx, counted_at)
        then = {(names[sku_id], places[place]): units for (sku_id, place), units in levels_then.items()}
    levels = {
        (names[sku_id], level.location): level
        for sku_id, found in catalogue.levels_by_sku(tx).items()
        for level in found
    }
    return MasterTable(skus, levels, then, tuple(locations), sku_rules(tx))


def sku_rules(tx: Tx) -> dict[str, Limits]:
    """The rules that the owner has set for single SKUs on all channels."""
    return {
        one.value: one.limits for one in catalogue.scoped_limits(tx) if one.scope is Scope.SKU and one.channel is None
    }


def compare(
    table: MasterTable,
    stock_file: StockFile,
    *,
    counted_at: datetime | None,
    location: str,
    shop: ShopNumbers | None,
    hold_limits: HoldLimits,
    skip_bad_rows: bool,
    warnings: Sequence[str] = (),
) -> Import:
    """What this file changes. `location` is where rows count that name none."""
    ours = shop.ours if shop is not None else {}
    renamed = [replace(row, sku=ours[row.sku]) if row.sku in ours else row for row in stock_file.rows]
    rows, twins = _without_twins(renamed, table.skus)
    counts, stands, new_locations = _counts(table, rows, counted_at, location, shop)
    fields = _changes(rows, FIELDS, lambda sku: table.skus[sku].details if sku in table.skus else {})
    rules = _changes(rows, RULES, lambda sku: _as_mapping(table.rules.get(sku, Limits())))
    named = {row.sku for row in rows}
    changed = {one.sku for one in (*fields, *rules)} | {one.sku for one in counts if one.before != one.after}
    return Import(
        id=uuid.uuid4().hex,
        kind=stock_file.kind,
        counted_at=counted_at if counts else None,
        channel=shop.channel if shop is not None else None,
        new_skus=tuple(sorted(named - table.skus.keys())),
        new_locations=tuple(new_locations),
        counts=tuple(counts),
        stands=tuple(stands),
        fields=tuple(fields),
        rules=tuple(rules),
        unchanged_rows=sum(row.sku in table.skus and row.sku not in changed for row in rows),
        left_alone=len(table.skus.keys() - named),
        bad_rows=tuple(sorted((*stock_file.bad_rows, *twins), key=lambda bad: bad.line_number)),
        skipped=stock_file.skipped,
        warnings=(*stock_file.warnings, *warnings),
        asks_why=_asks_why(counts, hold_limits),
        skip_bad_rows=skip_bad_rows,
    )


def _without_twins(rows: Iterable[StockRow], known: Mapping[str, Sku]) -> tuple[list[StockRow], list[BadRow]]:
    """Rows whose SKU is known or truly new; the others nearly are a known SKU, and nobody guesses."""
    by_twin = {twin_key(sku): sku for sku in known}
    good, bad = [], []
    for row in rows:
        twin = None if row.sku in known else by_twin.get(twin_key(row.sku))
        if twin is None:
            good.append(row)
        else:
            reason = f'The SKU "{row.sku}" differs from "{twin}" of the master table only by case or blanks.'
            bad.append(BadRow(row.line_number, reason))
    return good, bad


def _counts(
    table: MasterTable,
    rows: Iterable[StockRow],
    counted_at: datetime | None,
    location: str,
    shop: ShopNumbers | None,
) -> tuple[list[Counted], list[str], list[str]]:
    """What is counted; SKUs whose later count stands; locations that are new."""
    known = {name.casefold(): name for name in table.locations}
    counts, stands, new_locations = [], [], []
    for row in rows:
        if row.on_hand is None:
            continue
        assert counted_at is not None
        named = row.location or location
        place = known.setdefault(named.casefold(), named)
        if place not in table.locations and place not in new_locations:
            new_locations.append(place)
        level = table.levels.get((row.sku, place))
        if level is not None and level.counted_at is not None and level.counted_at > counted_at:
            stands.append(row.sku)
            continue
        added_back = shop.added_back.get(row.sku, 0) if shop is not None else 0
        units = max(0, row.on_hand + added_back)  # a shop that shows less than nothing has nothing on the shelf
        now = level.on_hand if level is not None else 0
        sku = table.skus.get(row.sku)
        counts.append(
            Counted(
                sku=row.sku,
                location=place,
                units=units,
                added_back=added_back,
                before=now if sku is not None and sku.counted_at is not None else None,
                after=now + units - table.then.get((row.sku, place), 0),
            )
        )
    return counts, stands, new_locations


def _changes(
    rows: Iterable[StockRow], names: Sequence[str], known: Callable[[str], Mapping[str, object]]
) -> list[FieldChange]:
    """What the rows say of these fields otherwise than what is known; what they leave empty stays."""
    said: dict[tuple[str, str], object] = {}
    for row in rows:
        for name in names:
            value = getattr(row, name)
            if value is not None:
                said[row.sku, name] = value
    changes = []
    for (sku, name), value in said.items():
        before = known(sku).get(name)
        if not _same(before, value):
            changes.append(FieldChange(sku, name, before, value))
    return changes


def _same(before: object, after: object) -> bool:
    """True where both mean the same: a price may be stored as text, and files fold the blanks of a name."""
    if before is None:
        return False
    if isinstance(after, Decimal):
        return Decimal(str(before)) == after
    if isinstance(after, str):
        return " ".join(str(before).split()) == after
    return before == after


def _as_mapping(limits: Limits) -> Mapping[str, object]:
    return {rule: getattr(limits, rule) for rule in RULES}


def _asks_why(counts: Iterable[Counted], limits: HoldLimits) -> str:
    """Why the counts of a file look too big a change; of SKUs that were counted before, over all their locations."""
    before: dict[str, int] = defaultdict(int)
    after: dict[str, int] = defaultdict(int)
    for one in counts:
        if one.before is not None:
            before[one.sku] += one.before
            after[one.sku] += one.after
    changes = [Change(number, before[sku], after[sku]) for number, sku in enumerate(before)]
    if too_big(changes, len(changes), limits) is None:
        return ""
    zeroed = sum(change.zeroes for change in changes)
    jumping = sum(change.jumps and not change.zeroes for change in changes)
    return (
        f"Of {len(changes):,} SKUs that were counted before, {zeroed:,} would be 0, and {jumping:,} more would more "
        "than double or more than halve"
    )
