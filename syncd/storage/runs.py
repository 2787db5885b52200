"""Run records, and the counter that tells a restored backup from the database that was worked with (design.md §6)."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from syncd.domain.said import Said
from syncd.storage import channels, sequence
from syncd.storage.incidents import IncidentKind, open_incident
from syncd.storage.schema import intents, listings, meta, runs
from syncd.storage.session import Database, DatabaseProblem, Tx


def begin(db: Database, kind: str, now: datetime) -> int:
    """Open a run record; its id.

    A counter lies beside the SQLite file. A database that is behind it is a restored backup: what was written to the
    shops since is not known to it, so every channel goes back to shadow, open intents are void, and all is anchored
    anew.
    """
    beside = db.path.with_name(f"{db.path.name}.runs") if db.path is not None else None
    with db.write() as tx:
        known = _counted(beside)
        count = int(tx.execute(select(meta.c.value).where(meta.c.name == "runs")).scalar_one())
        if known > count:
            _restored(tx, now)
        count = max(known, count) + 1
        tx.execute(update(meta).where(meta.c.name == "runs").values(value=count))
        run = tx.execute(insert(runs).values(kind=kind, started_at=now).returning(runs.c.id)).scalar_one()
    if beside is not None:
        _write_count(beside, count)
    return int(run)


def end(db: Database, run: int, outcome: str, now: datetime) -> None:
    with db.write() as tx:
        tx.execute(update(runs).where(runs.c.id == run).values(ended_at=now, outcome=outcome))


def sweep(db: Database, older_than: datetime) -> None:
    """Delete what processes that were killed left half written beside the SQLite file."""
    if db.path is None:
        return
    for partial in db.path.parent.glob(f"{db.path.name}.runs.*.partial"):
        with suppress(OSError):  # another process may be faster
            if partial.stat().st_mtime < older_than.timestamp():
                partial.unlink()


def prune(tx: Tx, begun_before: datetime) -> None:
    """Forget runs that began before that, whether they ended or not."""
    tx.execute(delete(runs).where(runs.c.started_at < begun_before))


def remember_settings(tx: Tx, fingerprint: int) -> bool:
    """Keep the fingerprint of the settings; True where it is another than before."""
    here = meta.c.name == "settings"
    known = tx.execute(select(meta.c.value).where(here)).scalar()
    if known is None:
        tx.execute(insert(meta).values(name="settings", value=fingerprint))
    elif known != fingerprint:
        tx.execute(update(meta).where(here).values(value=fingerprint))
    return known != fingerprint


def _counted(beside: Path | None) -> int:
    try:
        return int(beside.read_text(encoding="ascii")) if beside is not None else 0
    except (FileNotFoundError, ValueError):
        return 0
    except OSError as error:
        raise _unusable(beside, error) from error


def _write_count(beside: Path, count: int) -> None:
    # Another process, or another lane of this one, may begin a run just now.
    partial = beside.with_name(f"{beside.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        partial.write_text(f"{count}\n", encoding="ascii")
        partial.replace(beside)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _unusable(beside, error) from error


def _unusable(beside: Path | None, error: OSError) -> DatabaseProblem:
    return DatabaseProblem(
        f"{beside}, which tells a restored backup from the database, cannot be used: {error.strerror}",
        "Is there room, and may this user write there? Try it as the user who owns them.",
    )


def _restored(tx: Tx, now: datetime) -> None:
    tx.execute(delete(intents))
    following = sequence.following(tx)
    tx.execute(
        update(listings).values(
            expected=None,
            in_doubt_until=None,
            differs_since=None,
            anchored_seq=following,
            generation=listings.c.generation + 1,
        )
    )
    # Which status buyers read by now is not known: none is like this, so what holds is written again.
    tx.execute(update(listings).where(listings.c.notice.is_not(None)).values(notice=["", "", None, None]))
    for channel in channels.every(tx):
        channels.change(tx, channel.name, mode=channels.Mode.SHADOW)
    open_incident(
        tx,
        IncidentKind.RESTORED,
        subject="database",
        text=Said(
            "This database is an older copy: syncd worked on after it was made. All channels are in shadow again."
        ),
        hint=Said("Look at the plan (syncd plan), count what looks wrong (syncd count), then: syncd go-live"),
        now=now,
    )
