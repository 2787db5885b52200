"""What a person should know: incidents, and items that could not be read (design.md §3.7).

An incident is opened once per kind, channel and subject, and closed when its cause is gone: one line per change of
state, not per retry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, null, select, update

from syncd.domain.said import Said
from syncd.storage import touched
from syncd.storage.among import among
from syncd.storage.schema import incidents, parked
from syncd.storage.session import Tx


class IncidentKind(StrEnum):
    EDIT = "edit"  # the channel shows a number that no order explains
    UNMAPPED = "unmapped"  # an order line whose SKU is not known
    UNREADABLE = "unreadable"  # an item that could not be read
    OVERSOLD = "oversold"  # more is promised than is there
    REJECTED = "rejected"  # the channel refuses a number
    LEFT_ALONE = "left alone"  # a listing that the shop began to sell at 0, or ceased to count
    VANISHED = "vanished"  # a listing or an order that is no longer shown
    SILENT = "silent"  # a channel that could not be read for too long
    PARKED = "parked"  # a channel that needs a person
    GAP = "gap"  # orders of a time could not be followed
    OUT_OF_SIGHT = "out of sight"  # an open order that the channel will soon not show any more
    RESTORED = "restored"  # the database is older than what was done with it
    FAILED = "failed"  # a job of the service stopped at something unexpected
    LATE = "late"  # a job of the service does not come to its end, or was not begun in time
    QUIET = "quiet"  # a channel without an order for unusually long
    BEHIND = "behind"  # a live channel that does not show what it should, for too long
    HOOKS = "webhooks"  # subscriptions that are missing, were switched off, or bring nothing
    BACKUP = "backup"  # the nightly copy of the master table could not be made
    FEED = "feed"  # a supplier's feed that looks wrong, is too old, or has rows that cannot be read
    OVERDUE = "overdue"  # a delivery whose day has gone by
    NOT_SHOWN = "not shown"  # a channel does not take stock statuses, all or one
    REFUSED = "refused settings"  # settings were changed and cannot be used: the old ones hold


THE_SERVICE = "service"
"""The subject of the incident that the service has stopped; it closes it when it is ready again."""

STAY_CLOSED = frozenset(
    {
        IncidentKind.SILENT,
        IncidentKind.PARKED,
        IncidentKind.QUIET,
        IncidentKind.BEHIND,
        IncidentKind.HOOKS,
        IncidentKind.BACKUP,
        IncidentKind.OVERDUE,
    }
)
"""What the service looks at again and again, and a person may have judged already."""


class ClosedBy(StrEnum):
    """How an incident ended."""

    ITSELF = "itself"  # its cause is gone
    PERSON = "person"  # somebody has read it


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that a person should know; open until its cause is gone or somebody closes it (N75).

    `text` and `hint` are English; `said` and `hint_said` are the same, to be said in another language.
    """

    id: int
    kind: IncidentKind
    channel: str
    subject: str
    text: str
    hint: str
    said: Said
    hint_said: Said | None
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: ClosedBy | None = None

    @property
    def state(self) -> str:
        """``open`` or ``closed``."""
        return "open" if self.closed_at is None else "closed"


def _here(kind: IncidentKind, channel: str, subject: str) -> object:
    return (
        (incidents.c.kind == kind.value)
        & (incidents.c.channel == channel)
        & (incidents.c.subject == subject)
        & incidents.c.closed_at.is_(None)
    )


def open_incident(
    tx: Tx, kind: IncidentKind, *, channel: str = "", subject: str, text: Said, hint: Said | None = None, now: datetime
) -> bool:
    """Open an incident, or bring the words of the open one up to date; True when it is new.

    One of the kinds in `STAY_CLOSED` that a person has closed stays closed until its cause was gone once: who has read
    of a quiet day is not told of it again at each look. Others, such as an edit, hold numbers back and come back.
    """
    words = {
        "text": str(text),
        "hint": "" if hint is None else str(hint),
        "said": text.as_json(),
        "hint_said": null() if hint is None else hint.as_json(),
    }
    here = _here(kind, channel, subject)
    row = tx.execute(select(incidents.c.id).where(here)).first()  # type: ignore[arg-type] # a column expression
    if row is not None:
        tx.execute(update(incidents).where(incidents.c.id == row.id).values(**words))
        return False
    read = incidents.c.closed_by == ClosedBy.PERSON.value
    of_it = (incidents.c.kind == kind.value) & (incidents.c.channel == channel) & (incidents.c.subject == subject)
    if kind in STAY_CLOSED:
        still = select(incidents.c.id).where(of_it, read, incidents.c.over.is_(False))
        if tx.execute(still).first() is not None:
            return False
    new = {"kind": kind.value, "channel": channel, "subject": subject, "opened_at": now, **words}
    number = tx.execute(insert(incidents).values(new).returning(incidents.c.id)).scalar_one()
    touched.incidents(tx, [number])
    return True


def close_incident(
    tx: Tx,
    kind: IncidentKind,
    *,
    channel: str = "",
    subject: str,
    now: datetime,
    by: ClosedBy = ClosedBy.ITSELF,
) -> None:
    """Close the open incident about this, if there is one. By itself: its cause is gone, also of one closed before."""
    here = _here(kind, channel, subject)
    closing = update(incidents).where(here).values(closed_at=now, closed_by=by.value)  # type: ignore[arg-type] # a column expression
    touched.incidents(tx, tx.execute(closing.returning(incidents.c.id)).scalars())
    if by is ClosedBy.ITSELF:
        of_it = (incidents.c.kind == kind.value) & (incidents.c.channel == channel) & (incidents.c.subject == subject)
        tx.execute(update(incidents).where(of_it, incidents.c.over.is_(False)).values(over=True))


def open_incidents(tx: Tx, channel: str | None = None) -> list[Incident]:
    """What is open now, the newest last."""
    query = select(incidents).where(incidents.c.closed_at.is_(None)).order_by(incidents.c.id)
    if channel is not None:
        query = query.where(incidents.c.channel == channel)
    return [_incident(row) for row in tx.execute(query)]


def by_ids(tx: Tx, numbers: Iterable[int]) -> list[Incident]:
    """These incidents, open or closed, by their numbers; those that are forgotten are absent."""
    query = select(incidents).where(among(tx, incidents.c.id, numbers)).order_by(incidents.c.id)
    return [_incident(row) for row in tx.execute(query)]


def open_by_kind(tx: Tx) -> dict[IncidentKind, int]:
    """How many are open of each kind; every kind is there."""
    is_open = incidents.c.closed_at.is_(None)
    rows = tx.execute(select(incidents.c.kind, func.count()).where(is_open).group_by(incidents.c.kind))
    return dict.fromkeys(IncidentKind, 0) | {IncidentKind(kind): how_many for kind, how_many in rows}


def latest_incidents(tx: Tx, most: int) -> list[Incident]:
    """The newest incidents, open and closed, the newest last."""
    rows = tx.execute(select(incidents).order_by(incidents.c.id.desc()).limit(most)).all()
    return [_incident(row) for row in reversed(rows)]


def untold_incidents(tx: Tx) -> list[Incident]:
    """Incidents whose state is another than the one that was told last, the oldest first."""
    state = case((incidents.c.closed_at.is_(None), "open"), else_="closed")
    rows = tx.execute(select(incidents).where(incidents.c.told != state).order_by(incidents.c.id))
    return [_incident(row) for row in rows]


def told(tx: Tx, told_of: Iterable[Incident]) -> None:
    """Remember that the state of these was told."""
    for one in told_of:
        tx.execute(update(incidents).where(incidents.c.id == one.id).values(told=one.state))


def prune_incidents(tx: Tx, closed_before: datetime) -> None:
    """Forget incidents that ended before that, so that the list stays one that a person reads."""
    tx.execute(delete(incidents).where(incidents.c.closed_at < closed_before))


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        row.id,
        IncidentKind(row.kind),
        row.channel,
        row.subject,
        row.text,
        row.hint,
        Said.of_json(row.said) if row.said is not None else Said.verbatim(row.text),
        _hint_said(row),
        row.opened_at,
        row.closed_at,
        ClosedBy(row.closed_by) if row.closed_by else None,
    )


def closed_since(tx: Tx, kind: IncidentKind, since: datetime) -> set[tuple[str, str]]:
    """Channel and subject of the incidents of this kind that were closed since that instant."""
    rows = tx.execute(
        select(incidents.c.channel, incidents.c.subject).where(
            incidents.c.kind == kind.value, incidents.c.closed_at >= since
        )
    )
    return {(channel, subject) for channel, subject in rows}


def _hint_said(row: Row[Any]) -> Said | None:
    if row.hint_said is not None:
        return Said.of_json(row.hint_said)
    return Said.verbatim(row.hint) if row.hint else None


def park(
    tx: Tx, channel: str, ref: str, *, reason: str, sample: str, listing_ids: Iterable[str], now: datetime
) -> bool:
    """Remember an item that could not be read; True while it is open: until it can be read or a person closes it.

    One that a person closed opens again only when it is unreadable for another reason.
    """
    here = (parked.c.channel == channel) & (parked.c.ref == ref)
    values = {"reason": reason, "sample": sample[:300], "listing_ids": list(listing_ids), "last_seen_at": now}
    row = tx.execute(select(parked.c.id, parked.c.reason, parked.c.closed_at).where(here)).first()
    if row is None:
        tx.execute(insert(parked).values(channel=channel, ref=ref, first_seen_at=now, times=1, **values))
        return True
    dismissed = row.closed_at is not None and row.reason == reason
    closed_at = row.closed_at if dismissed else None
    again = update(parked).where(parked.c.id == row.id)
    tx.execute(again.values(times=parked.c.times + 1, closed_at=closed_at, **values))
    return not dismissed


def unpark(tx: Tx, channel: str, ref: str) -> bool:
    """The item could be read: nothing of it is remembered; True where it was open."""
    here = (parked.c.channel == channel) & (parked.c.ref == ref)
    gone = tx.execute(delete(parked).where(here).returning(parked.c.closed_at)).all()
    return any(row.closed_at is None for row in gone)


def parked_refs(tx: Tx, channel: str) -> set[str]:
    """Items of a channel that could not be read, open or closed by a person."""
    return set(tx.execute(select(parked.c.ref).where(parked.c.channel == channel)).scalars())


def dismiss_parked(tx: Tx, channel: str, ref: str, now: datetime) -> bool:
    """A person has seen to the item; True where it was open."""
    here = (parked.c.channel == channel) & (parked.c.ref == ref) & parked.c.closed_at.is_(None)
    return tx.execute(update(parked).where(here).values(closed_at=now)).rowcount > 0


def parked_listing_ids(tx: Tx) -> dict[str, set[str]]:
    """Listings that an open parked item concerns, by channel: their SKUs are not raised."""
    found: dict[str, set[str]] = {}
    for channel, ids in tx.execute(select(parked.c.channel, parked.c.listing_ids).where(parked.c.closed_at.is_(None))):
        found.setdefault(channel, set()).update(ids)
    return found


def due_parked(tx: Tx, channel: str, now: datetime) -> list[str]:
    """References of open parked items that should be looked at again: after 2, 4, 8 ... minutes, at least daily."""
    rows = tx.execute(
        select(parked.c.ref, parked.c.times, parked.c.last_seen_at)
        .where(parked.c.channel == channel, parked.c.closed_at.is_(None))
        .order_by(parked.c.id)
    )
    return [
        ref for ref, times, seen in rows if now - seen >= min(timedelta(minutes=2 ** min(times, 11)), timedelta(days=1))
    ]
