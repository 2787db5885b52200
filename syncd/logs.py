"""Log lines for people who look after syncd: one line per event, `event key=value` or JSON, without secrets."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from connectors.redaction import Redactor

_LARGEST_DETAILS_BYTES = 1_000_000
# Secrets that nobody told us, by what they look like: WooCommerce keys, Shopify tokens, passwords in addresses.
_UNTOLD = re.compile(
    r"\b(?:ck|cs)_[0-9a-zA-Z]{6,}|\bshp[a-z]{2}_[0-9a-zA-Z]{6,}|(?<=://)[^/\s@]+(?=@)|(?<=services/)T\S+"
)
_NEEDS_QUOTES = re.compile(r"[\s=\"\x00-\x1f]|^$")
# A terminal obeys control characters, and some readers take the separators of Unicode for line breaks.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST_TEXT = 6000
_HIDDEN = "***"
_EVENT = "syncd_event"
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (-(10**9), 7))

_log = logging.getLogger("syncd")
_redactor = Redactor()


def hide(secrets: Iterable[str]) -> None:
    """From now on none of these appears in a log line, nor in what `redacted` returns."""
    for secret in secrets:
        if len(secret) >= 4:  # fewer characters would black out half of every line, and hide nothing
            _redactor.learn(secret)


def redacted(text: str) -> str:
    """The text without secrets: those told to `hide`, and what looks like one."""
    return _UNTOLD.sub(_HIDDEN, _redactor.redact(text))


def event(log: logging.Logger, level: int, name: str, /, **fields: object) -> None:
    """Write one event with its fields, such as ``event(log, logging.INFO, "pulled", channel="woo", orders=3)``."""
    if log.isEnabledFor(level):
        told = {key: _HIDDEN if _is_telling(key) else value for key, value in fields.items()}
        line = " ".join([name, *(f"{key}={_quoted(value)}" for key, value in told.items())])
        log.log(level, "%s", line, extra={_EVENT: (name, told)})


def _is_telling(key: str) -> bool:
    """True for a field whose name says that a secret follows, such as `token`."""
    return redacted(f"{key}=0") != f"{key}=0"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _quoted(value: object) -> str:
    text = redacted(_text(value))  # quoting could change a secret beyond recognition
    return json.dumps(text, ensure_ascii=False) if _NEEDS_QUOTES.search(text) else text


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _cut(text: str) -> str:
    """The text, of a very long one its beginning and its end: the journal breaks lines beyond 48 kB."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[: _LONGEST_TEXT // 4]} … {text[-_LONGEST_TEXT * 3 // 4 :]}"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


class OneLine(logging.Formatter):
    """Formats a record as one line: instant (UTC), level, logger, event; a traceback as ``trace="…"``.

    For systemd's journal, which has instants of its own, the line begins with ``<N>``, its priority, and the logger.
    """

    def __init__(self, *, for_journal: bool = False) -> None:
        super().__init__()
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.name} {_cut(redacted(record.getMessage()))}"
        if not self._for_journal:
            line = f"{_instant(record)} {record.levelname.lower()} {line}"
        if record.exc_info:
            trace = _cut(redacted(self.formatException(record.exc_info)))
            line += f" trace={json.dumps(trace, ensure_ascii=False)}"
        line = _UNPRINTABLE.sub(_escaped, " ".join(redacted(line).splitlines()))
        return f"<{_priority(record.levelno)}>{line}" if self._for_journal else line


def _priority(level: int) -> int:
    """The level as syslog and the journal count it."""
    return next(priority for floor, priority in _PRIORITIES if level >= floor)


class OneObject(logging.Formatter):
    """Formats a record as a JSON object on one line: `at`, `level`, `logger`, `event`, `fields`, `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        name, fields = getattr(record, _EVENT, None) or (record.getMessage(), {})
        shown: dict[str, object] = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _cut(redacted(name)),
        }
        if fields:
            shown["fields"] = {key: _in_json(value) for key, value in fields.items()}
        if record.exc_info:
            shown["trace"] = _cut(redacted(self.formatException(record.exc_info)))
        return _UNPRINTABLE.sub(_escaped_in_json, json.dumps(shown, ensure_ascii=False))


def _in_json(value: object) -> object:
    """Numbers and flags as they are, everything else as text; redacted before JSON could hide a secret from us."""
    text = redacted(_text(value))
    if value is None or (isinstance(value, (int, float)) and math.isfinite(value) and text == str(value)):
        return value
    return _cut(text)


def _escaped_in_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def start(
    level: int, stream: TextIO | None = None, *, style: str = "plain", under_journald: bool = False
) -> logging.Handler:
    """Send log lines of `level` and above to `stream` (stderr), instead of where they went before.

    `style` is "plain" or "json" (`SYNCD_LOG`). `under_journald`: systemd's journal reads the stream (`journal_reads`).
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneObject() if style == "json" else OneLine(for_journal=under_journald))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a closed stderr must not stop a sync
    for chatty in ("urllib3", "requests", "alembic", "uvicorn", "asyncio"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    # It warns of each job that is due while at work, which every nudge does; what matters of it is an incident.
    logging.getLogger("apscheduler").setLevel(max(level, logging.ERROR))
    # Warnings of Python are for its programmers: an owner sees them only when asking for all there is.
    logging.getLogger("py.warnings").setLevel(logging.WARNING if level <= logging.INFO else logging.ERROR)
    return handler


def journal_reads(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """True where `stream` goes to systemd's journal, which says so in JOURNAL_STREAM (systemd.exec(5))."""
    try:
        device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
        where = os.fstat(stream.fileno())
        return (where.st_dev, where.st_ino) == (int(device), int(inode))
    except (OSError, ValueError):
        return False


def catch_uncaught() -> None:
    """From now on what nobody caught, in any thread, is a log line like others: Python's own are not redacted."""

    def caught(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
        if not issubclass(kind, (SystemExit, KeyboardInterrupt)):
            _log.critical("nobody caught this", exc_info=(kind, error or kind(), at))

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        caught(failed.exc_type, failed.exc_value, failed.exc_traceback)

    def unraisable(failed: sys.UnraisableHookArgs) -> None:
        caught(failed.exc_type, failed.exc_value, failed.exc_traceback)

    sys.excepthook, threading.excepthook, sys.unraisablehook = caught, in_thread, unraisable


def write_details(error: BaseException, folder: Path, *, now: datetime) -> Path:
    """Append the redacted traceback to ``errors.log`` in `folder`, readable by its owner only; returns the file.

    Where `folder` is not there or cannot be written, a temporary file takes it. Beyond 1 MB the file is begun anew.
    """
    details = f"{now.isoformat(timespec='seconds')}\n{redacted(''.join(traceback.format_exception(error)))}\n"
    path = folder / "errors.log"
    try:
        full = path.exists() and path.stat().st_size > _LARGEST_DETAILS_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | (os.O_TRUNC if full else 0)
        descriptor = os.open(path, flags, mode=0o600)
    except OSError:
        descriptor, name = tempfile.mkstemp(prefix="syncd-", suffix=".log")
        path = Path(name)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(details)
    return path
