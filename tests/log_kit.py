"""Log lines caught as the service would write them, in each of its styles."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from syncd import logs

STYLES = ("plain", "journal", "json")


@contextmanager
def logged(style: str = "plain", level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """What is logged within; everything is put back at the end."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    stream = io.StringIO()
    for handler in before[0]:
        root.removeHandler(handler)
    under_journald = style == "journal"
    ours = logs.start(level, stream, style="json" if style == "json" else "plain", under_journald=under_journald)
    try:
        yield stream
    finally:
        root.removeHandler(ours)
        for handler in before[0]:
            root.addHandler(handler)
        root.setLevel(before[1])
        logging.raiseExceptions = before[2]
        logging.captureWarnings(False)
