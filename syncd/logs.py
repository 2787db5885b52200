"""Log lines for people who look after syncd: one line per event, `event key=value`, to stderr, without secrets."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from connectors.redaction import Redactor

_LARGEST_DETAILS_BYTES = 1_000_000
# Secrets that nobody told us, by what they look like: WooCommerce keys, Shopify tokens, passwords in addresses.
_UNTOLD = re.compile(
    r"\b(?:ck|cs)_[0-9a-zA-Z]{6,}|\bshp[a-z]{2}_[0-9a-zA-Z]{6,}|(?<=://)[^/\s@]+(?=@)|(?<=services/)T\S+"
)
_NEEDS_QUOTES = re.compile(r"[\s=\"]|^$")

_redactor = Redactor()


def hide(secrets: Iterable[str]) -> None:
    """From now on none of these appears in a log line, nor in what `redacted` returns."""
    for secret in secrets:
        if len(secret) >= 4:  # fewer characters would black out half of every line, and hide nothing
            _redactor.learn(secret)


def redacted(text: str) -> str:
    """The text without secrets: those told to `hide`, and what looks like one."""
    return _UNTOLD.sub("***", _redactor.redact(text))


def event(log: logging.Logger, level: int, name: str, /, **fields: object) -> None:
    """Write one event with its fields, such as ``event(log, logging.INFO, "pulled", channel="woo", orders=3)``."""
    if log.isEnabledFor(level):
        log.log(level, "%s", " ".join([name, *(f"{key}={_quoted(value)}" for key, value in fields.items())]))


def _quoted(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return json.dumps(text, ensure_ascii=False) if _NEEDS_QUOTES.search(text) else text


class OneLine(logging.Formatter):
    """Formats a record as one line: instant (UTC), level, logger, event; a traceback as ``trace="…"``."""

    def format(self, record: logging.LogRecord) -> str:
        instant = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"{instant} {record.levelname.lower()} {record.name} {redacted(record.getMessage())}"
        if record.exc_info:
            line += f" trace={json.dumps(redacted(self.formatException(record.exc_info)), ensure_ascii=False)}"
        return " ".join(redacted(line).splitlines())


def start(level: int, stream: TextIO | None = None) -> logging.Handler:
    """Send log lines of `level` and above to `stream` (stderr), instead of where they went before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a closed stderr must not stop a sync
    for chatty in ("urllib3", "requests", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    # Warnings of Python are for its programmers: an owner sees them only when asking for all there is.
    logging.getLogger("py.warnings").setLevel(logging.WARNING if level <= logging.INFO else logging.ERROR)
    return handler


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
