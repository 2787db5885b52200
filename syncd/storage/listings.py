"""Listings and their outbox: which is dirty at which generation, what each shows and should show.

The outbox holds no quantity: `generation` grows with every change of an input, `settled_generation` follows when a
number was confirmed that was computed after it was read (design.md §3.8).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    insert,
    null,
    or_,
    select,
    true,
    update,
)

from syncd.storage.among import among
from syncd.storage.schema import channels, listings, movements, skus
from syncd.storage.session import Tx

DIRTY = listings.c.generation != listings.c.settled_generation

LOW = 3
"""Units at or below which a number is read more often: the last units are what is oversold."""


@dataclass(frozen=True, slots=True)
class ListingRow:
    """One listing as the database knows it; columns are explained in `schema.listings`."""

    id: int
    channel: str
    listing_id: str
    parent_id: str | None
    channel_sku: str | None
    sku_id: int | None
    name: str
    options: str
    gtin: str | None
    admin_url: str | None
    stock: str
    published: bool
    sells_at_zero: Sequence[str]
    accepted: bool
    excluded: bool
    vanished_at: datetime | None
    shown: int | None
    shown_at: datetime | None
    expected: int | None
    bookings: int
    anchored_seq: int
    differs_since: datetime | None
    in_doubt_until: datetime | None
    pushed: int | None
    pushed_at: datetime | None
    baseline_told: int | None
    baseline_sold: int
    rejected_target: int | None
    rejected_sold: int
    generation: int
    settled_generation: int
    failures: int
    retry_at: datetime | None
    snapshot_shown: int | None
    snapshot_taken: int | None
    snapshot_at: datetime | None
    waits_since: datetime | None
    sale_at: datetime | None
    notice: Sequence[str | int | None] | None
    notice_retry_at: datetime | None
    can_stop: bool

    @property
    def kept(self) -> bool:
        """True where syncd may write this listing once its channel is live (default deny, design.md §3.10)."""
        return (
            self.sku_id is not None
            and self.stock == "own"
            and not self.excluded
            and self.vanished_at is None
            and (self.accepted or not self.sells_at_zero)
        )

    @property
    def dirty(self) -> bool:
        """True where an input of what it should show changed since it was last known to show that."""
        return self.settled_generation != self.generation

    @property
    def showing(self) -> int | None:
        """What it shows as far as is known: the number last read or written, less what was sold there since."""
        known = self.expected is not None and self.differs_since is None
        return self.expected if known else self.shown

    @property
    def title(self) -> str:
        return f"{self.name} ({self.options})" if self.options else self.name


_MATCHED = and_(listings.c.sku_id.is_not(None), listings.c.excluded == false(), listings.c.vanished_at.is_(None))

KEPT = and_(
    _MATCHED,
    listings.c.stock == "own",
    or_(listings.c.accepted, cast(listings.c.sells_at_zero, Text) == "[]"),
)
"""`ListingRow.kept`, for the database to decide."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Listings that are not known to show what they should; `oldest` is since when the oldest of them does not."""

    waiting: int
    oldest: datetime | None


def backlog(tx: Tx) -> dict[str, Backlog]:
    """What waits to be written, by channel: kept listings of counted SKUs. A channel in which nothing waits is absent.

    Reads dirty listings only, by their own index: cheap however many listings there are.
    """
    return _backlog(tx, true())


def _backlog(tx: Tx, which: ColumnElement[bool]) -> dict[str, Backlog]:
    waits = which & DIRTY & KEPT & skus.c.counted_at.is_not(None)
    rows = tx.execute(
        select(listings.c.channel, func.count(), func.min(listings.c.waits_since))
        .join(skus, skus.c.id == listings.c.sku_id)
        .where(waits)
        .group_by(listings.c.channel)
    )
    return {channel: Backlog(waiting, oldest) for channel, waiting, oldest in rows}


def stalled(tx: Tx, since: datetime, but: Collection[int] = ()) -> dict[str, Backlog]:
    """What waits since before that instant by channel, without a reason that a person was told already: refused by the
    shop or by a person, edited in the shop, in doubt, or one of `but`."""
    unexplained = and_(
        listings.c.failures == 0,
        listings.c.rejected_target.is_(None),
        listings.c.differs_since.is_(None),
        listings.c.in_doubt_until.is_(None),
        listings.c.waits_since < since,
    )
    return _backlog(tx, unexplained & ~among(tx, listings.c.id, but) if but else unexplained)


def of_channel(tx: Tx, channel: str) -> list[ListingRow]:
    """Every listing of a channel, by row."""
    rows = tx.execute(select(listings).where(listings.c.channel == channel).order_by(listings.c.id))
    return [ListingRow(*row) for row in rows]


def by_ids(tx: Tx, row_ids: Iterable[int]) -> dict[int, ListingRow]:
    """These listings, by row."""
    rows = tx.execute(select(listings).where(among(tx, listings.c.id, row_ids)))
    return {row.id: ListingRow(*row) for row in rows}


def of_skus(tx: Tx, channel: str, sku_ids: Iterable[int]) -> list[ListingRow]:
    """The listings of these SKUs in one channel, by row."""
    chosen = among(tx, listings.c.sku_id, sku_ids)
    return [ListingRow(*row) for row in tx.execute(select(listings).where(listings.c.channel == channel, chosen))]


def skus_of(tx: Tx, channel: str, sku_ids: Iterable[int] | None = None) -> set[int]:
    """The SKUs that a channel lists; of these, or of all."""
    query = select(listings.c.sku_id).where(listings.c.channel == channel, listings.c.sku_id.is_not(None))
    if sku_ids is not None:
        query = query.where(among(tx, listings.c.sku_id, sku_ids))
    return set(tx.execute(query).scalars())


def of_sku(tx: Tx, sku_id: int) -> list[ListingRow]:
    rows = tx.execute(select(listings).where(listings.c.sku_id == sku_id).order_by(listings.c.channel, listings.c.id))
    return [ListingRow(*row) for row in rows]


def still_there(tx: Tx, sku_ids: Iterable[int]) -> list[ListingRow]:
    """The listings of these SKUs that are still there, by channel and row."""
    there = among(tx, listings.c.sku_id, sku_ids) & listings.c.vanished_at.is_(None)
    rows = tx.execute(select(listings).where(there).order_by(listings.c.channel, listings.c.id))
    return [ListingRow(*row) for row in rows]


def by_listing_id(tx: Tx, channel: str, listing_ids: Iterable[str]) -> dict[str, ListingRow]:
    """These listings of a channel, by the channel's own id; unknown ones are absent."""
    chosen = among(tx, listings.c.listing_id, listing_ids)
    rows = tx.execute(select(listings).where(listings.c.channel == channel, chosen))
    return {row.listing_id: ListingRow(*row) for row in rows}


def add(tx: Tx, channel: str, listing_id: str, values: Mapping[str, Any]) -> int:
    made = insert(listings).values(channel=channel, listing_id=listing_id, **values).returning(listings.c.id)
    return int(tx.execute(made).scalar_one())


def change(tx: Tx, row_id: int, *, dirty: bool = False, **values: Any) -> None:
    """Write columns of one listing; `dirty`: an input of what it should show changed. No `notice` is ``None``."""
    if "notice" in values and values["notice"] is None:
        values["notice"] = null()  # JSON's null would be something
    if dirty:
        values["generation"] = listings.c.generation + 1
    tx.execute(update(listings).where(listings.c.id == row_id).values(**values))


def change_many(tx: Tx, row_ids: Sequence[int], **values: Any) -> None:
    """Write the same columns of several listings."""
    if row_ids:
        tx.execute(update(listings).where(among(tx, listings.c.id, row_ids)).values(**values))


def book(tx: Tx, row_id: int, taken: int) -> None:
    """An order of this channel was booked here: what it took since is no longer expected to be shown."""
    tx.execute(
        update(listings)
        .where(listings.c.id == row_id)
        .values(
            expected=listings.c.expected - taken,
            bookings=listings.c.bookings + 1,
            generation=listings.c.generation + 1,
        )
    )


def settle(tx: Tx, row_id: int, generation: int) -> None:
    """The number computed after reading `generation` is what the channel shows: dirty no more, unless changed since."""
    tx.execute(
        update(listings)
        .where(listings.c.id == row_id, listings.c.generation == generation)
        .values(settled_generation=generation, waits_since=None, sale_at=None)
    )


def note_waiting(tx: Tx, channel: str, now: datetime) -> None:
    """Remember since when each listing waits that does not show, as far as is known, what it should."""
    here = (listings.c.channel == channel) & DIRTY & listings.c.waits_since.is_(None)
    tx.execute(update(listings).where(here).values(waits_since=now))


def note_sales(tx: Tx, channel: str, sold_at: Mapping[int, datetime]) -> None:
    """Remember for the other live channels when these SKUs were sold in this one, until they show it (N2)."""
    live = select(channels.c.name).where(
        channels.c.mode == "live", channels.c.paused_at.is_(None), channels.c.name != channel
    )
    for sku_id, instant in sold_at.items():
        here = (listings.c.sku_id == sku_id) & KEPT & listings.c.channel.in_(live) & listings.c.sale_at.is_(None)
        tx.execute(update(listings).where(here).values(sale_at=instant))


def changed(tx: Tx, channel: str) -> list[int]:
    """Rows that may have to be written or looked at: an input changed, or what is shown is not known or not ours."""
    due = DIRTY | listings.c.expected.is_(None) | listings.c.differs_since.is_not(None)
    query = _may_be_kept(select(listings.c.id), channel).where(due)
    return list(tx.execute(query.order_by(listings.c.id)).scalars())


def channels_changed(tx: Tx) -> set[str]:
    """Channels that may be written, with a listing of which an input changed since it was last known to be right."""
    written = select(channels.c.name).where(channels.c.mode != "shadow", channels.c.paused_at.is_(None))
    return set(
        tx.execute(select(listings.c.channel).where(DIRTY, listings.c.channel.in_(written)).distinct()).scalars()
    )


def count_kept(tx: Tx, channel: str) -> int:
    """How many listings of a channel are kept in step."""
    return int(tx.execute(_may_be_kept(select(func.count()).where(KEPT), channel)).scalar_one())


def unread_longest(tx: Tx, channel: str, most: int) -> list[int]:
    """Rows whose number should be read next: low ones and those sold since the last reading before all others
    (design.md §3.9)."""
    sold_since = (
        select(movements.c.id)
        .where(movements.c.sku_id == listings.c.sku_id, movements.c.happened_at > listings.c.shown_at)
        .exists()
    )
    urgent = case((sold_since, 0), (listings.c.expected.between(1, LOW), 1), else_=2)
    kept = _may_be_kept(select(listings.c.id), channel)
    first = kept.order_by(urgent, listings.c.shown_at, listings.c.id).limit(most // 2)
    rows = list(tx.execute(first).scalars())
    rest = kept.where(listings.c.id.not_in(rows))
    rest = rest.order_by(listings.c.shown_at, listings.c.id).limit(most - len(rows))
    return [*rows, *tx.execute(rest).scalars()]


def _may_be_kept(query: Select[Any], channel: str) -> Select[Any]:
    """Counted SKUs only; those that the channel does not count yet may be switched on (`MANAGE_STOCK=on`)."""
    counted = select(skus.c.id).where(skus.c.counted_at.is_not(None))
    of_channel = (listings.c.channel == channel) & listings.c.sku_id.in_(counted)
    return query.where(of_channel, _MATCHED, listings.c.stock != "parent")


def doubt(tx: Tx, row_ids: Sequence[int], until: datetime) -> None:
    """A write of these was lost: nothing is expected any more, and until then it may still take effect."""
    if row_ids:
        tx.execute(
            update(listings)
            .where(among(tx, listings.c.id, row_ids))
            .values(expected=None, in_doubt_until=until, generation=listings.c.generation + 1)
        )


def beyond_doubt(tx: Tx, channel: str, now: datetime) -> list[int]:
    """Rows of which a lost write can no longer take effect."""
    here = (listings.c.channel == channel) & (listings.c.in_doubt_until <= now)
    return list(tx.execute(select(listings.c.id).where(here)).scalars())


def forget_expected(tx: Tx, channel: str) -> None:
    """Nothing is known any more of what this channel shows: every listing is to be anchored anew."""
    tx.execute(
        update(listings)
        .where(listings.c.channel == channel)
        .values(expected=None, differs_since=None, generation=listings.c.generation + 1)
    )


def forget_snapshots(tx: Tx, channel: str) -> None:
    """The numbers from before go-live are back: the next go-live saves anew."""
    tx.execute(
        update(listings)
        .where(listings.c.channel == channel)
        .values(snapshot_shown=None, snapshot_taken=None, snapshot_at=None)
    )
