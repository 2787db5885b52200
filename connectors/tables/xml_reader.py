"""XML read as it comes in, without a tree and without its dangers: no DTD, no entities, no endless depth."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from connectors.tables.values import TableError

MAX_DEPTH = 100
MAX_TOKEN_BYTES = 1_000_000
_CHUNK_BYTES = 64 * 1024


class BrokenXml(TableError):
    """It is not well-formed."""


class HostileXml(TableError):
    """It is well-formed so far, and dangerous."""


class XmlReader:
    """Tells `started`, `ended` and `told` of each element and text; a subclass keeps what it needs.

    Entities cannot be declared, for they stand in a DTD, and a DTD is refused. Text comes in pieces of any length.
    """

    def __init__(self, *, encoding: str | None = None) -> None:
        self._encoding = encoding
        self._depth = 0
        self._events = 0
        self.line_number = 1

    def started(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def ended(self, name: str) -> None:
        """It ends."""

    def told(self, text: str) -> None:
        """A piece of the text of the element that began last and has not ended."""

    def read(self, content: bytes | IO[bytes]) -> Iterator[None]:
        """Read all of it; gives way after each piece, so that what was found can be taken.

        Raises:
            BrokenXml: it is not well-formed.
            HostileXml: it has a DTD, is too deep, or holds a tag or comment without end.
        """
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        parser = expat.ParserCreate(self._encoding)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_dtd
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self._parser = parser
        silent_bytes = 0
        try:
            while chunk := file.read(_CHUNK_BYTES):
                before = self._events
                parser.Parse(chunk, False)
                silent_bytes = silent_bytes + len(chunk) if self._events == before else 0
                if silent_bytes > MAX_TOKEN_BYTES:
                    raise HostileXml("It holds a tag or comment without end.", hint="Ask for a file without it.")
                yield
            parser.Parse(b"", True)
            yield
        except (expat.ExpatError, LookupError, ValueError) as error:
            at = f" in line {error.lineno}" if isinstance(error, expat.ExpatError) else ""
            raise BrokenXml(f"This XML is broken{at}.", hint="Ask for the file anew; it may have been cut.") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._events += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise HostileXml(f"Its elements lie more than {MAX_DEPTH} deep.", hint="This is no list of goods.")
        self.line_number = self._parser.CurrentLineNumber
        self.started(name, attributes)

    def _end(self, name: str) -> None:
        self._events += 1
        self._depth -= 1
        self.ended(name)

    def _text(self, text: str) -> None:
        self._events += 1
        self.told(text)


def _refuse_dtd(*_declared: object) -> None:
    raise HostileXml(
        "This XML declares a document type (DTD), which can hide a bomb, so it is not read.",
        hint="Ask for the file without a DOCTYPE.",
    )
