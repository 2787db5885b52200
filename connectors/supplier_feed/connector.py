"""The connector for a supplier's feed: a file or an address, read whole, never written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from connectors.contract import Finding, Setting, SettingValue, Supplies, Surroundings, Unreadable
from connectors.public_addresses import PublicOnly
from connectors.redaction import Redactor
from connectors.supplier_feed import checks
from connectors.supplier_feed.address import Address
from connectors.supplier_feed.fetched import Fetched, Source, Stamp
from connectors.supplier_feed.folder import Folder
from connectors.supplier_feed.formats import open_feed, unpacked
from connectors.supplier_feed.reading import Reading, read, warnings
from connectors.supplier_feed.settings import GUIDE, SETTINGS, settings
from connectors.tables.values import TableError

STATED_ANEW_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Last:
    """The last feed that was told: enough to know it again."""

    version: str
    stamp: Stamp
    stated_at: datetime
    dated: bool
    read_at: datetime


class SupplierFeed:
    """One supplier's feed; making it calls nobody.

    A feed without a date of its own is stated by its supplier each time it is asked for, so even unchanged it is told
    anew once an hour. The version covers the settings too: other columns or values make another feed of the same text.
    """

    kind: ClassVar[str] = "supplier_feed"
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    GUIDE: ClassVar[tuple[str, ...]] = GUIDE

    def __init__(
        self,
        channel: str,
        given: Mapping[str, SettingValue],
        surroundings: Surroundings | None = None,
        only: PublicOnly | None = None,
    ) -> None:
        """`only` says which hosts may be asked, where it is not to be the public internet."""
        self._settings = settings(channel, given)
        self._surroundings = surroundings or Surroundings()
        self._redactor = Redactor(self._settings.secrets)
        self._last: _Last | None = None
        self._source: Source
        if self._settings.folder:
            self._source = Folder(self._settings, self._surroundings.now)
        else:
            hint = f"If it is in your own network and meant: {self._settings.key('PRIVATE_ADDRESSES')}=yes"
            guard = None if self._settings.private_addresses else only or PublicOnly(hint)
            self._source = Address(self._settings, self._surroundings, guard)

    def __repr__(self) -> str:
        return f"SupplierFeed({self._settings.channel})"

    def check(self) -> Sequence[Finding]:
        if self._settings.faults:
            return self._settings.faults
        fetched = self._source.fetch(None)
        assert fetched is not None, "a source that knows nothing has something to tell"
        try:
            reading = self._read(fetched)
        except Unreadable as error:
            return checks.unreadable(error)
        age = self._surroundings.now() - self._stated_at(fetched)[0]
        return checks.findings(reading, age, self._settings)

    def close(self) -> None:
        self._source.close()

    def supplies(self, known: str | None) -> Supplies | None:
        if self._settings.faults:
            raise Unreadable(self._settings.faults[0].message, hint=self._settings.faults[0].hint)
        now = self._surroundings.now()
        last = self._last if self._last and self._last.version == known else None
        if last and not last.dated and now - last.read_at >= STATED_ANEW_AFTER:
            last = None
        fetched = self._source.fetch(last.stamp if last else None)
        if fetched is None:
            return None
        version = self._version(fetched.content)
        stated_at, dated = self._stated_at(fetched)
        if last and version == known and (not dated or stated_at == last.stated_at):
            return None
        reading = self._read(fetched)
        self._last = _Last(version, fetched.stamp, stated_at, dated, now)
        return Supplies(
            version=version,
            stated_at=stated_at,
            supplies=reading.supplies,
            columns=reading.columns,
            parked=reading.parked,
            rows=reading.rows,
            warnings=tuple(warnings(reading)),
        )

    def _version(self, content: bytes) -> str:
        digest = hashlib.sha256(self._settings.meaning.encode())
        digest.update(content)
        return digest.hexdigest()[:32]

    def _stated_at(self, fetched: Fetched) -> tuple[datetime, bool]:
        """When it was written, and whether the supplier says so; what lies in the future is not believed."""
        now = self._surroundings.now()
        if fetched.stated_at is None or fetched.stated_at > now:
            return now, False
        return fetched.stated_at, True

    def _read(self, fetched: Fetched) -> Reading:
        try:
            feed = open_feed(unpacked(fetched.content, self._settings), self._settings)
            return read(feed, self._settings, self._redactor.redact)
        except TableError as error:
            sentence, hint = (self._redactor.redact(text) for text in (f"{fetched.name}: {error}", error.hint))
            way_out = hint or "Look at the file. What it said before is sold until that is too old."
            raise Unreadable(sentence, hint=way_out) from None
