"""Looks at what listings show before they are written (design.md §3.4 *Shown ≠ expected*, §3.9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.contract import Listing, ListingRef
from syncd.domain.drift import OnEdit, Reading, reading
from syncd.storage import listings
from syncd.storage.incidents import IncidentKind, close_incident, parked_listing_ids
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import edits, mapper
from syncd.sync.house import House, Port

READ_AT_ONCE = 100
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Look:
    """One look at listings of a channel. `fresh`: rows whose number was read, and no order came since. `adopted`: SKUs
    of which the number shown was taken as a count.

    `pull_again` reads the channel's orders once more: another number than expected is an order that is not known
    yet, until shown otherwise. A person is told of it once it has lasted (design.md §3.4); with `at_first_sight`, for
    who does not look again soon, as soon as it is seen.
    """

    house: House
    port: Port
    pull_again: Callable[[], object]
    at_first_sight: bool = True
    fresh: set[int] = field(default_factory=set)
    adopted: set[int] = field(default_factory=set)

    def at(self, rows: Sequence[ListingRow]) -> None:
        """Read these listings and note which differ from what was expected. `rows` were loaded before this call.

        Raises:
            ConnectorError: the channel could not be read.
        """
        if self.port.shelf is None or not rows:
            return
        bookings = self._read(rows)
        ordered: list[ListingRow] = []
        if self._differing(bookings):
            self.pull_again()
            with self.house.db.read() as tx:
                now = listings.by_ids(tx, bookings)
            ordered = [row for row in now.values() if row.bookings != bookings[row.id]]
            # Of an order that came in between nobody knows whether it was in the number read: read that anew.
            bookings |= self._read(ordered) if ordered else {}
        # A number that was read after the orders may hold a sale of this very moment: nobody is told of it yet.
        self._mark(bookings, {row.id for row in ordered})

    def _read(self, rows: Sequence[ListingRow]) -> dict[int, int]:
        """Store what these show; per row that is as we knew it, how often it had been booked before the reading."""
        assert self.port.shelf is not None
        found = self.port.shelf.read([ListingRef(row.listing_id, row.parent_id) for row in rows])
        now = self.house.now()
        seen = {}
        with self.house.db.write() as tx:
            for row in rows:
                listing = found.get(row.listing_id)
                if listing is None:
                    mapper.vanish(tx, row, self.house)
                elif _same_kind(row, listing):
                    listings.change(tx, row.id, shown=listing.shown, shown_at=now)
                    seen[row.id] = row.bookings
                else:
                    self._changed_its_ways(tx, row, listing, now)
        return seen

    def _changed_its_ways(self, tx: Tx, row: ListingRow, listing: Listing, now: datetime) -> None:
        """The shop began or ceased to count it, or to sell it at 0: what to expect is to be founded anew."""
        listings.change(
            tx,
            row.id,
            stock=listing.stock.value,
            sells_at_zero=list(listing.sells_at_zero),
            shown=listing.shown,
            shown_at=now,
            expected=None,
            dirty=True,
        )
        mapper.note_left_alone(tx, self.house, self.port, listings.by_ids(tx, [row.id])[row.id])

    def _differing(self, row_ids: Iterable[int]) -> bool:
        with self.house.db.read() as tx:
            return any(
                row.expected is not None and row.shown != row.expected for row in listings.by_ids(tx, row_ids).values()
            )

    def _mark(self, bookings: Mapping[int, int], read_anew: Collection[int]) -> None:
        """Note since when a listing shows another number than expected, or that it no longer does."""
        now = self.house.now()
        with self.house.db.write() as tx:
            unreadable = parked_listing_ids(tx).get(self.port.name, set())
            for row in listings.by_ids(tx, bookings).values():
                if row.bookings != bookings[row.id]:
                    continue  # ordered at this very moment: the next sync knows more
                self.fresh.add(row.id)
                if row.expected is None or row.shown is None:
                    continue
                if row.shown == row.expected:
                    if row.differs_since is not None:
                        listings.change(tx, row.id, differs_since=None, dirty=True)
                        close_incident(tx, IncidentKind.EDIT, channel=row.channel, subject=row.listing_id, now=now)
                    continue
                if row.differs_since is None:
                    listings.change(tx, row.id, differs_since=now)
                if row.listing_id in unreadable:
                    continue  # an order that could not be read may explain it
                lasts = reading(row.expected, row.shown, row.differs_since, now) is Reading.DRIFT
                if self.port.on_edit is not OnEdit.ASK:
                    if lasts:
                        units = edits.resolve(tx, self.house, row, self.port.on_edit)
                        if units and row.sku_id is not None:
                            self.adopted.add(row.sku_id)
                elif lasts or (self.at_first_sight and row.id not in read_anew):
                    edits.note(tx, self.house, row)


def _same_kind(row: ListingRow, listing: Listing) -> bool:
    return listing.stock.value == row.stock and list(listing.sells_at_zero) == list(row.sells_at_zero)


def fill_up(chosen: Sequence[ListingRow], rest: Iterable[ListingRow]) -> list[ListingRow]:
    """The chosen and others up to a full page: changed ones first, then the longest unread (design.md §3.9)."""
    room = -len(chosen) % READ_AT_ONCE or (0 if chosen else READ_AT_ONCE)
    others = sorted(rest, key=lambda row: (not row.dirty, row.shown_at or LONG_AGO, row.id))
    return [*chosen, *others[:room]]
