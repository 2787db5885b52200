"""What `syncd check` tells about a supplier's feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from connectors.contract import Finding, Level, Unreadable
from connectors.supplier_feed.reading import Reading
from connectors.supplier_feed.settings import Settings
from connectors.tables.cells import printable

MOST_NAMED = 5


def unreadable(error: Unreadable) -> Sequence[Finding]:
    """The feed as a whole cannot be read."""
    return (Finding(Level.FAIL, str(error), error.hint),)


def findings(reading: Reading, age: timedelta, settings: Settings) -> Sequence[Finding]:
    """How many rows, how old, which cannot be read, and what the settings do not know yet."""
    told = [Finding(Level.OK, f"{reading.rows:,} rows, {_age(age)} old")]
    if not reading.rows:
        told = [Finding(Level.WARN, f"no rows, {_age(age)} old", hint="Ask the supplier whether the feed is complete.")]
    told += [
        Finding(Level.WARN, sentence, hint=f"Correct it in {settings.key('COLUMNS')}, or take it out there.")
        for sentence in reading.missing
    ]
    if reading.words:
        words = [word for word, _ in reading.words.most_common(MOST_NAMED)]
        shown = ", ".join(f'"{printable(word)}"' for word in words)
        more = " and more" if len(reading.words) > MOST_NAMED else ""
        rules = ", ".join(f"{_quoted(printable(word))}:<units>" for word in words)
        told.append(
            Finding(
                Level.WARN,
                f"words for stock without units: {shown}{more} ({reading.words.total():,} rows)",
                hint=f"Say how many each stands for: {settings.key('VALUES')}={rules}",
            )
        )
    others = reading.parked_in_all - reading.words.total()
    if others > 0:
        hint = printable(reading.for_example, 400) or "They stand under the wrong columns, or their SKU stands twice."
        told.append(Finding(Level.WARN, f"{others:,} rows cannot be read", hint))
    told += [Finding(Level.WARN, sentence) for sentence in reading.warnings]
    return told


def _quoted(word: str) -> str:
    return f'"{word}"' if set(word) & set(",:") else word


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= (2 * size if unit == "d" else size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
