"""What is noted when the service has stopped for good: in the journal, and as an incident in the master table.

It works also where the settings are wrong, which may be why the service stopped: only the database's address is read.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from syncd import logs
from syncd.domain.said import Said
from syncd.errors import SyncdError
from syncd.storage.incidents import THE_SERVICE, IncidentKind, open_incident
from syncd.storage.session import Database
from syncd.systemd import programs

LINES_SHOWN = 15


def words(unit: str) -> tuple[Said, Said]:
    """The sentence about a unit that has stopped, and the way out."""
    return (
        Said("{unit} has stopped and is not started again: no shop is kept in step.", unit=unit),
        Said(
            "Look at journalctl -u {unit}, run syncd check, then: systemctl reset-failed {unit}; systemctl start"
            " {unit}",
            unit=unit,
        ),
    )


def last_lines(unit: str, *, systemctl: str | Path = "systemctl") -> list[str]:
    """How the unit ended and what it said last, as systemd shows it; nothing where systemd cannot be asked."""
    shown = programs.run(systemctl, "status", "--no-pager", "--full", f"--lines={LINES_SHOWN}", "--", unit)
    return [logs.redacted(line) for line in shown.stdout.splitlines() if line.strip()]


def note(database_url: str, unit: str, now: datetime) -> None:
    """Open the incident, so that `syncd holds` shows it. A table that is not there is not begun.

    Raises:
        SyncdError: the database cannot be used.
    """
    db = Database(database_url)
    try:
        if db.path is not None and not db.path.exists():
            raise SyncdError(f"There is no master table yet at {db.shown_url}.")
        text, hint = words(unit)
        with db.write() as tx:
            open_incident(tx, IncidentKind.FAILED, subject=THE_SERVICE, text=text, hint=hint, now=now)
    finally:
        db.close()
