"""A feed that comes into a folder as files. Only plain files directly in it are opened, and none is changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from connectors.contract import Unavailable, Unreadable
from connectors.supplier_feed.fetched import Fetched, Stamp
from connectors.supplier_feed.settings import Settings
from connectors.tables.cells import printable

SETTLED_AFTER = timedelta(seconds=10)

_LATER = f"It is read when it has not changed for {SETTLED_AFTER.seconds} s."
_HALF = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")


class Folder:
    """The newest finished file of a folder. Finished is what has not changed for `SETTLED_AFTER`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        # The last look: each file, and since when it is as it is.
        self._seen: dict[str, tuple[Stamp, datetime]] = {}

    def fetch(self, known: Stamp | None) -> Fetched | None:
        try:
            folder = os.open(str(self._settings.folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable(
                f"The folder {printable(str(self._settings.folder), 200)} cannot be read ({error.strerror}).",
                hint="Its user must be allowed to read it.",
            ) from None
        try:
            name, stamp = self._newest(folder)
            if stamp == known:
                return None
            return self._read(folder, name)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Nothing is held open."""

    def _newest(self, folder: int) -> tuple[str, Stamp]:
        now = self._now()
        found: dict[str, os.stat_result] = {}
        for name in os.listdir(folder):
            if not name.startswith(".") and not name.casefold().endswith(_HALF) and self._fits(name):
                try:
                    state = os.stat(name, dir_fd=folder, follow_symlinks=False)
                except OSError:
                    continue  # gone meanwhile
                if stat.S_ISREG(state.st_mode):
                    found[name] = state
        stamps = {name: _stamp(name, state) for name, state in found.items()}
        before = self._seen
        self._seen = {
            name: before[name] if name in before and before[name][0] == stamp else (stamp, now)
            for name, stamp in stamps.items()
        }
        # A time that lies in the future says nothing; then a file is finished when it was seen unchanged for long.
        settled = [
            name
            for name, state in found.items()
            if now - _instant(state) >= SETTLED_AFTER or now - self._seen[name][1] >= SETTLED_AFTER
        ]
        if settled:
            newest = max(settled, key=lambda name: (found[name].st_mtime_ns, name))
            return newest, stamps[newest]
        if found:
            newest = max(found, key=lambda name: found[name].st_mtime_ns)
            ahead = _instant(found[newest]) > now
            hint = f"If it is finished, its time lies in the future: touch {newest}" if ahead else _LATER
            raise Unavailable(f"{printable(newest, 80)} is still being written.", hint=hint)
        raise Unavailable(
            f"No file in the folder fits {printable(self._settings.files, 80)}.",
            hint=f"It is read when one comes; {self._settings.key('FILES')} says which names fit.",
        )

    def _fits(self, name: str) -> bool:
        return fnmatchcase(name.casefold(), self._settings.files.casefold())

    def _read(self, folder: int, name: str) -> Fetched:
        shown = printable(name, 80)
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with open(file, "rb") as opened:  # noqa: PTH123 - it is open already
                before = os.fstat(file)
                if not stat.S_ISREG(before.st_mode):
                    raise Unavailable(f"{shown} is no plain file any more.")
                if before.st_size > self._settings.max_bytes:
                    raise self._too_large(shown)
                content = opened.read(before.st_size + 1)
                after = os.fstat(file)
        except OSError as error:
            raise Unavailable(
                f"{shown} cannot be read ({error.strerror}).", hint="The user of the service must be allowed to."
            ) from None
        if _stamp(name, before) != _stamp(name, after) or len(content) != after.st_size:
            raise Unavailable(f"{shown} is still being written.", hint=_LATER)
        return Fetched(shown, content, _instant(after), _stamp(name, after))

    def _too_large(self, shown: str) -> Unreadable:
        hint = f"If that is right, raise {self._settings.key('MAX_MB')}."
        return Unreadable(f"{shown} is larger than {self._settings.max_mb} MB.", hint=hint)


def _stamp(name: str, state: os.stat_result) -> Stamp:
    return (name, state.st_ino, state.st_size, state.st_mtime_ns)


def _instant(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime, UTC)
