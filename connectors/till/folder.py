"""The folder of a till: which files are there, their content, and how they are put away."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import blake2b
from itertools import count
from pathlib import Path

from connectors.contract import CredentialsRejected, Unavailable
from connectors.tables.cells import printable
from connectors.tables.table import MAX_FILE_BYTES
from connectors.tables.values import TableError

DONE = "done"
_UNFINISHED = (".tmp", ".part", ".crdownload")
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class Changing(Exception):  # no error: the file is looked at again at the next poll
    """A file changed or went while it was read."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file as it stood when it was looked at. `state` differs whenever its content was written to."""

    path: Path
    done: bool
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def key(self) -> str:
        """The name as the cursor keeps it: short, whatever characters it has; another one in ``done/``."""
        return f"{DONE}/{self.name_key}" if self.done else self.name_key

    @property
    def name_key(self) -> str:
        return blake2b(os.fsencode(self.path.name), digest_size=6).hexdigest()

    @property
    def shown(self) -> str:
        """The name, safe to print."""
        return printable(self.path.name, 60)

    @property
    def state(self) -> tuple[int, int, int]:
        return self.size, self.mtime_ns, self.ctime_ns

    @property
    def changed_at(self) -> datetime:
        return datetime.fromtimestamp(self.mtime_ns // 1_000_000_000, UTC)


@dataclass(frozen=True, slots=True)
class Folder:
    """The files in a folder and in its ``done/`` whose names fit one of the patterns."""

    path: Path
    patterns: tuple[str, ...]

    def look(self) -> list[Dropped]:
        """Every file, the longest unchanged first.

        Raises:
            Unavailable: the folder is not there (a share that is not mounted).
            CredentialsRejected: it may not be read.
        """
        try:
            found = [*self._files(self.path, done=False)]
            if self.done_is_usable():
                found += self._files(self.path / DONE, done=True)
        except PermissionError:
            raise CredentialsRejected(
                f"The folder {self.path} may not be read.",
                hint="Give the user of syncd the right to read and write it.",
            ) from None
        except OSError as error:
            raise Unavailable(
                f"The folder {self.path} cannot be read ({error.strerror}).", hint="Is the share mounted?"
            ) from None
        return sorted(found, key=lambda file: (file.mtime_ns, file.path.name))

    def done_is_usable(self) -> bool:
        """True where ``done/`` is a folder of its own, not a link that leads elsewhere."""
        try:
            return stat.S_ISDIR((self.path / DONE).lstat().st_mode)
        except FileNotFoundError:
            return False

    def strange(self) -> list[str]:
        """Names that fit and are no regular files: they are not read."""
        with os.scandir(self.path) as entries:
            return [
                printable(entry.name, 60)
                for entry in entries
                if self._fits(entry.name) and not entry.is_file(follow_symlinks=False)
            ]

    def _files(self, folder: Path, *, done: bool) -> Iterator[Dropped]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not self._fits(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                try:
                    yield _dropped(Path(entry.path), done, entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue  # gone at this very moment

    def _fits(self, name: str) -> bool:
        small = name.lower()
        if small.startswith((".", "~$")) or small.endswith(_UNFINISHED):
            return False
        return any(fnmatchcase(small, pattern.lower()) for pattern in self.patterns)

    def read(self, file: Dropped) -> bytes:
        """The content of a file as it was looked at. A link is not followed, a pipe not waited for.

        Raises:
            Changing: it is another by now.
            TableError: it may not be read, or is too large.
        """
        try:
            handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            raise TableError("It may not be read.", hint="Give the user of syncd the right to read it.") from None
        except OSError:
            raise Changing from None
        with open(handle, "rb") as opened:  # noqa: PTH123 - of a handle, not of a name
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode) or _dropped(file.path, file.done, before) != file:
                raise Changing
            if before.st_size > MAX_FILE_BYTES:
                raise TableError(f"It is larger than {MAX_FILE_BYTES // 1_000_000} MB.", hint="Split it.")
            try:
                content = opened.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                raise Unavailable(f"{file.shown} cannot be read ({error.strerror}).") from None
            if len(content) != before.st_size or _dropped(file.path, file.done, os.fstat(handle)) != file:
                raise Changing
        return content

    def put_away(self, file: Dropped) -> Dropped | None:
        """Move a file into ``done/``, under a name that is free there; ``None`` where that cannot be done.

        Whatever is written to the file meanwhile, or afterwards by a till that keeps it open, goes along with it.
        """
        done = self.path / DONE
        try:
            done.mkdir(mode=0o750, exist_ok=True)
            if not self.done_is_usable():
                return None
            for name in _names(file.path):
                try:
                    target = _moved(file.path, done / name)
                except FileExistsError:
                    continue
                return _dropped(target, True, target.lstat())
        except OSError:
            return None
        return None


def _dropped(path: Path, done: bool, found: os.stat_result) -> Dropped:
    return Dropped(path, done, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _names(path: Path) -> Iterator[str]:
    yield path.name
    for number in count(2):
        yield f"{path.stem}-{number}{path.suffix}"


def _moved(source: Path, target: Path) -> Path:
    """Move without ever overwriting. Raises `FileExistsError` where the name is taken."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.EXDEV:
            _copied(source, target)
        elif error.errno in _NO_HARD_LINKS:
            if os.path.lexists(target):
                raise FileExistsError from None
            source.rename(target)
            return target
        else:
            raise
    source.unlink()
    return target


def _copied(source: Path, target: Path) -> None:
    """A copy on another device, whole on its disk before the original may go."""
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(handle, "rb") as original:  # noqa: PTH123 - of a handle, not of a name
        before = os.fstat(handle)
        try:
            with target.open("xb") as copy:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            if _dropped(source, False, source.lstat()) != _dropped(source, False, before):
                raise OSError(errno.EBUSY, "It changed while it was copied")
        except FileExistsError:
            raise
        except OSError:
            target.unlink(missing_ok=True)
            raise
