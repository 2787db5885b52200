"""What a feed is, by its content: CSV, XLSX, XML or JSON."""

from __future__ import annotations

import gzip
import io
import re
import zlib

from connectors.supplier_feed.fields import Path, find
from connectors.supplier_feed.json_items import open_json
from connectors.supplier_feed.opened import Opened
from connectors.supplier_feed.settings import Settings
from connectors.supplier_feed.xml_items import open_xml
from connectors.tables.cells import fold
from connectors.tables.sheets import is_spreadsheet
from connectors.tables.table import rows_of
from connectors.tables.values import TableError

_GZIP = b"\x1f\x8b"
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|table)\b", re.IGNORECASE)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def unpacked(content: bytes, settings: Settings) -> bytes:
    """The content without gzip around it, of all members one after the other, as gunzip does.

    Raises:
        TableError: it is broken, or unpacks to more than the limit.
    """
    if not content.startswith(_GZIP):
        return content
    try:
        found = gzip.GzipFile(fileobj=io.BytesIO(content)).read(settings.max_bytes + 1)
    except EOFError:
        raise TableError("This gzip file was cut.", hint="Ask for the file anew.") from None
    except (OSError, zlib.error):
        raise TableError("This gzip file is broken.", hint="Ask for the file anew.") from None
    if len(found) > settings.max_bytes:
        hint = f"If that is right, raise {settings.key('MAX_MB')}."
        raise TableError(f"It unpacks to more than {settings.max_mb} MB.", hint=hint)
    return found


def open_feed(content: bytes, settings: Settings) -> Opened:
    """The feed's columns and rows.

    Raises:
        TableError: here or while rows are taken: it cannot be read as what it is, or is dangerous.
    """
    head = _head(content)
    if not head.strip():
        raise TableError("The feed is empty.")
    if settings.format != "xml" and _HTML.match(head):
        raise TableError("This is a web page, not a feed; perhaps a login page.", hint="Open the address in a browser.")
    format_ = settings.format if settings.format != "auto" else _format(head)
    if format_ == "xml":
        return open_xml(content, settings)
    if format_ == "json":
        return open_json(content, settings)
    if format_ == "xlsx" and not is_spreadsheet(content):
        raise TableError("This is no .xlsx spreadsheet.", hint=f"{settings.key('FORMAT')}=auto looks at it.")
    return _open_table(content, settings)


def _open_table(content: bytes, settings: Settings) -> Opened:
    known_words = frozenset(map(fold, settings.columns.values()))
    rows = rows_of(content, encoding=settings.encoding, known_words=known_words)
    header: list[Path] = [(word,) for word in rows.header]
    found = {meaning: path for meaning, word in settings.columns.items() if (path := find(word, header))}
    return Opened(
        places={meaning: header.index(path) for meaning, path in found.items()},
        words=rows.header,
        names=tuple(word for word in rows.header if word),
        rows=rows.rows,
        unit="Line" if rows.delimiter else "Row",
        warnings=rows.warnings,
    )


def _head(content: bytes) -> bytes:
    """The first characters as ASCII, whatever the encoding."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) : 2000].decode(encoding, errors="ignore").encode("ascii", errors="replace")
    return content[:2000]


def _format(head: bytes) -> str:
    begins = head.lstrip()
    if re.match(rb"<[?!A-Za-z_]", begins):
        return "xml"
    return "json" if begins.startswith((b"{", b"[")) else "csv"
