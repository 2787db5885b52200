"""What keeps the master table small and safe while the service runs for months: pruning, and a copy each night."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from syncd.domain.said import Said
from syncd.storage import alerts, inbox, incidents, post, runs
from syncd.storage.incidents import IncidentKind
from syncd.storage.migrate import backup
from syncd.storage.session import DatabaseProblem
from syncd.sync.house import House

RUNS_KEPT = timedelta(days=7)
DELIVERIES_KEPT = timedelta(days=3)
"""Shopify tries for four hours: a double comes no later (shopify-facts §5)."""
INCIDENTS_KEPT = timedelta(days=90)
PARTIAL_FOR = timedelta(hours=1)
BACKUP_FROM_HOUR = 3
"""By the owner's clock; most shops sleep then."""
_COPY = re.compile(r"syncd-\d{4}-\d{2}-\d{2}\.db")


def prune(house: House) -> None:
    """Forget run records, handled deliveries and ended incidents that nobody asks for any more.

    Movements, orders and holds stay: they are the books.
    """
    now = house.now()
    with house.db.write() as tx:
        runs.prune(tx, now - RUNS_KEPT)
        inbox.prune(tx, now - DELIVERIES_KEPT)
        alerts.prune(tx, now - INCIDENTS_KEPT)
        post.prune(tx, now - INCIDENTS_KEPT)
        incidents.prune_incidents(tx, now - INCIDENTS_KEPT)
    runs.sweep(house.db, now - PARTIAL_FOR)


def back_up_nightly(house: House, *, keep: int, zone: ZoneInfo) -> Path | None:
    """Copy the SQLite file once a night into ``backups/`` beside it and keep the latest `keep`; the copy made now.

    ``None`` where it is not the time, nothing is to be kept, or the database is PostgreSQL (`pg_dump` is for that).
    """
    path, now = house.db.path, house.now()
    local = now.astimezone(zone)
    if path is None or not keep or local.hour < BACKUP_FROM_HOUR:
        return None
    folder = path.with_name("backups")
    target = folder / f"syncd-{local:%Y-%m-%d}.db"
    if target.exists():
        return None
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        made = backup(house.db, target)
        for old in sorted(one for one in folder.iterdir() if _COPY.fullmatch(one.name))[:-keep]:
            old.unlink()
    except (OSError, DatabaseProblem) as error:
        _tell(house, now, error)
        return None
    with house.db.write() as tx:
        incidents.close_incident(tx, IncidentKind.BACKUP, subject="nightly", now=now)
    return made


def _tell(house: House, now: datetime, error: OSError | DatabaseProblem) -> None:
    with house.db.write() as tx:
        incidents.open_incident(
            tx,
            IncidentKind.BACKUP,
            subject="nightly",
            text=Said("The nightly copy of the master table could not be made: {error}", error=str(error)),
            hint=Said("Is there room on the disk? By hand: syncd backup FILE"),
            now=now,
        )
