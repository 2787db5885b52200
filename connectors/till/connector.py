"""The connector to a till: its sales, read from files that it drops in a folder (N7, N8).

It lists nothing and takes nothing. When a file is told to its end the cursor says so; the next poll, which gets that
cursor back only where the engine has committed it, puts the file away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, cast
from zoneinfo import ZoneInfo

from connectors.contract import (
    ConnectorError,
    Finding,
    Level,
    OrderPage,
    OrdersById,
    OrderState,
    Parked,
    Setting,
    SettingValue,
    Surroundings,
    Unreadable,
)
from connectors.tables.sheets import is_spreadsheet
from connectors.tables.table import table_of
from connectors.tables.values import TableError
from connectors.till.folder import DONE, Changing, Dropped, Folder
from connectors.till.memory import MOST_GAPS, Memory, Seen, watched
from connectors.till.receipts import Columns, Problem, Receipt, receipts
from connectors.till.settings import FILES, GUIDE, SETTINGS
from connectors.till.times import Clock

AT_REST = timedelta(seconds=10)
"""A file that changed within that time may be half written."""
LINE_AT_REST = timedelta(hours=1)
"""... and so may the last line of a CSV file where it does not end, for longer: a till may write by full buffers."""
SPREADSHEET_AT_REST = timedelta(minutes=10)
"""... and a spreadsheet that cannot be opened."""
SKEW = timedelta(minutes=1)
"""A file that seems to change in the future beyond that was given its time by somebody, and is at rest."""
PUT_AWAY_AFTER = timedelta(hours=1)
DONE_IS_WATCHED = timedelta(days=7)
"""A till may keep a file open that was put away, and go on with it: what changed lately in done/ is read, too."""

ORDERS_OF_A_PAGE = 100
"""A page is one transaction: others who write wait for it, for less than a second."""
MOST_PARKED = 20
"""More unreadable lines than that are one trouble, not many."""

_REF = re.compile(r"([0-9a-f]{12})-([0-9]{1,9})")
_WHOLE = 0
_READING = "1"
"""Another one, where later versions read what this one cannot."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one file tells that it did not tell before; `seen` is what is to be remembered of it."""

    file: Dropped
    seen: Seen
    receipts: tuple[Receipt, ...] = ()
    problems: tuple[Problem, ...] = ()

    def parked(self) -> tuple[Parked, ...]:
        return tuple(
            Parked(f"{self.file.name_key}-{one.row}", self._sentence(one), one.sample) for one in self.problems
        )

    def _sentence(self, one: Problem) -> str:
        line = "" if one.row == _WHOLE else f" line {one.row}:"
        return f"{self.file.shown}{line or ':'} {one.reason}"


class Till:
    """One till. Touches nothing until a role is used."""

    kind: ClassVar[str] = "till"
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    GUIDE: ClassVar[tuple[str, ...]] = GUIDE

    order_lag: ClassVar[timedelta] = timedelta()
    visible_for: ClassVar[timedelta | None] = None
    steady = False

    def __init__(
        self, channel: str, settings: Mapping[str, SettingValue], surroundings: Surroundings | None = None
    ) -> None:
        self._prefix = channel.upper()
        self._surroundings = surroundings or Surroundings()
        self._settings = settings
        patterns = str(settings.get("FILES") or FILES).split(",")
        self._folder = Folder(Path(str(settings["FOLDER"])).expanduser(), tuple(filter(None, map(str.strip, patterns))))

    def __repr__(self) -> str:
        return f"Till({self._folder.path})"

    def close(self) -> None:
        """Nothing to let go of."""

    # ------------------------------------------------------------------ sales

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        now = self._surroundings.now()
        memory = Memory.parse(cursor, self._reading)
        files = watched([self._put_away(file, memory, now) for file in self._folder.look()])
        parts: list[OrderPage] = []
        for file in files:
            if not self._is_to_be_read(file, memory, now):
                continue
            if (read := self._read(file, now, memory.files.get(file.key))) is None:
                continue
            if parts and _length(parts) + len(read.receipts) > ORDERS_OF_A_PAGE:
                yield _joined(parts, memory)
            for page in self._pages(read, memory, now):
                parts.append(page)
                if _length(parts) >= ORDERS_OF_A_PAGE or page.parked or page.cleared:
                    yield _joined(parts, memory)
        if parts:
            yield _joined(parts, memory)
        memory.other_settings = False
        memory.keep_only(files)
        yield OrderPage((), memory.write())

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        """What was parked, as it reads now. Orders of a till are over when they are told, and not asked for."""
        now = self._surroundings.now()
        files = self._folder.look()
        reads: dict[str, list[_Read | None]] = {}
        for name_key in {found[1] for one in ids if (found := _REF.fullmatch(one))}:
            reads[name_key] = [self._read(file, now) for file in files if file.name_key == name_key]
        orders: dict[str, OrderState] = {}
        missing, parked = [], []
        for one in ids:
            name_key = one.partition("-")[0]
            found_now = [read for read in reads.get(name_key, []) if read is not None and not read.seen.half]
            if len(found_now) < len(reads.get(name_key, [])):
                continue  # it is being written
            refs = (one, f"{name_key}-{_WHOLE}")  # too many to be told one by one are told as one
            still = [item for read in found_now for item in read.parked() if item.ref in refs]
            parked += [replace(item, ref=one) for item in still[:1]]
            if not still:
                missing.append(one)
                row = int(one.rpartition("-")[2]) if found_now else _WHOLE
                orders |= {
                    receipt.order.id: receipt.order
                    for read in found_now
                    for receipt in read.receipts
                    if row in (_WHOLE, *receipt.rows)
                }
        return OrdersById(tuple(orders.values()), tuple(missing), tuple(parked))

    def _is_to_be_read(self, file: Dropped, memory: Memory, now: datetime) -> bool:
        age = _age(file, now)
        if age < AT_REST or (memory.told(file) and not (memory.files[file.key].half and age >= LINE_AT_REST)):
            return False
        return not file.done or file.key in memory.files or now - file.changed_at < DONE_IS_WATCHED

    def _pages(self, read: _Read, memory: Memory, now: datetime) -> Iterator[OrderPage]:
        """What a file tells that it did not tell before; with the last page it is told. No cursor is written."""
        before = memory.files.get(read.file.key)
        new = [receipt.order for receipt in read.receipts]
        for start in range(0, len(new) - ORDERS_OF_A_PAGE, ORDERS_OF_A_PAGE):
            yield OrderPage(tuple(new[start : start + ORDERS_OF_A_PAGE]), "")
        rest = len(new) - (len(new) - 1) % ORDERS_OF_A_PAGE - 1 if new else 0
        bad = tuple(problem.row for problem in read.problems)
        if read.seen.half and before is not None:  # what is not written yet may be as bad as it was
            bad += tuple(row for row in before.bad if row > read.seen.rows and row not in bad)
        memory.files[read.file.key] = replace(read.seen, bad=bad)
        yield OrderPage(
            tuple(new[rest:]),
            "",
            read.parked(),
            heard_until=None if _WHOLE in bad and not read.receipts else min(read.file.changed_at, now),
            cleared=tuple(f"{read.file.name_key}-{row}" for row in (before.bad if before else ()) if row not in bad),
        )

    def _put_away(self, file: Dropped, memory: Memory, now: datetime) -> Dropped:
        """Move a file that was told without trouble and rests for long; the file as it is then."""
        seen = memory.files.get(file.key)
        if file.done or seen is None or seen.state != file.state or _age(file, now) < PUT_AWAY_AFTER:
            return file
        if seen.bad or seen.half:
            return file
        moved = self._folder.put_away(file)
        if moved is None:
            return file
        del memory.files[file.key]
        size, mtime_ns, _ = seen.state  # what was written since then was not read
        memory.files[moved.key] = replace(seen, state=(size, mtime_ns, moved.ctime_ns))
        return moved

    def _read(self, file: Dropped, now: datetime, before: Seen | None = None) -> _Read | None:
        """What a file tells that it did not tell before; ``None`` while it is being written."""
        try:
            content = self._folder.read(file)
            half = not is_spreadsheet(content) and not _ends(content) and _age(file, now) < LINE_AT_REST
            if half and b"\0" in content:
                return None
            content = _whole_lines(content) if half else content
            seen = Seen(file.state, len(content), _digest(content), 0, half=half)
            if not content.strip(b"\xef\xbb\xbf \t\r\n"):
                return _Read(file, seen)
            columns = self._columns
            encoding = cast(str | None, self._settings.get("ENCODING"))
            table = table_of(content, encoding=encoding, known_words=columns.known)
            told = _told(before, content)
            found, problems = receipts(table, columns, self._clock, now, told)
        except Changing:
            return None
        except TableError as error:
            if file.path.suffix.lower() == ".xlsx" and _age(file, now) < SPREADSHEET_AT_REST:
                return None
            reason = f"{error} {error.hint}".replace("<CHANNEL>", self._prefix).strip()
            # What it told stays told, by whatever settings it is read some day.
            seen = replace(before, state=file.state, half=False) if before else Seen(file.state, 0, _digest(b""), 0)
            return _Read(file, seen, problems=(Problem(_WHOLE, reason),))
        last = max((line.number for line in table.lines), default=0)
        rows, gaps = _gaps([problem.row for problem in problems], last)
        some_can = bool(found) or any(told(line.number) for line in table.lines)
        return _Read(file, replace(seen, rows=rows, gaps=gaps), found, self._fewer(problems, some_can=some_can))

    def _fewer(self, problems: tuple[Problem, ...], *, some_can: bool) -> tuple[Problem, ...]:
        """The problems, as one where there are too many to be read one by one, or nothing else."""
        named = tuple(Problem(one.row, one.reason.replace("<CHANNEL>", self._prefix), one.sample) for one in problems)
        if len(named) <= 1 or (some_can and len(named) <= MOST_PARKED):
            return named
        first = named[0]
        how_many = f"{len(named):,} of its lines" if some_can else "none of its lines"
        can = "cannot" if some_can else "can"
        return (
            Problem(_WHOLE, f"{how_many} {can} be read; the first, line {first.row}: {first.reason}", first.sample),
        )

    # ------------------------------------------------------------------ settings

    @cached_property
    def _columns(self) -> Columns:
        given = cast(tuple[tuple[str, str], ...], self._settings.get("COLUMNS") or ())
        try:
            return Columns.of(given)
        except ValueError as error:
            raise Unreadable(f"{self._prefix}_COLUMNS: {error}.", hint=f"Mend {self._prefix}_COLUMNS.") from None

    @cached_property
    def _clock(self) -> Clock:
        form = cast(str | None, self._settings.get("TIME_FORMAT"))
        name = cast(str | None, self._settings.get("TIMEZONE"))
        try:
            return Clock(self._surroundings.zone if name is None else ZoneInfo(name), form)
        except (ValueError, OSError, LookupError):
            raise Unreadable(
                f"{self._prefix}_TIMEZONE names no time zone.", hint="Such as Europe/Copenhagen, Asia/Jerusalem."
            ) from None

    @property
    def _reading(self) -> str:
        """Differs with every setting by which a line may become readable."""
        names = ("COLUMNS", "ENCODING", "TIMEZONE", "TIME_FORMAT")
        said = [_READING, str(self._surroundings.zone), *(str(self._settings.get(name)) for name in names)]
        return blake2b("\n".join(said).encode(), digest_size=6).hexdigest()

    # ------------------------------------------------------------------ check

    def check(self) -> Sequence[Finding]:
        files = self._folder.look()
        now = self._surroundings.now()
        try:
            clock, _ = self._clock, self._columns
        except ConnectorError as error:
            return [Finding(Level.FAIL, str(error), error.hint)]
        waiting = [file for file in files if not file.done]
        newest = f", the newest of {max(file.changed_at for file in files):%Y-%m-%d %H:%M} UTC" if files else ""
        how_many = "1 file" if len(waiting) == 1 else f"{len(waiting):,} files"
        text = f"{self._folder.path}: {how_many}, {len(files) - len(waiting):,} in {DONE}/{newest}"
        found = [Finding(Level.OK, f"{text}; times are those of {clock.zone}")]
        if not self._may_put_away():
            hint = f"Nothing is lost: they stay where they are. Let the user of syncd write to {self._folder.path}"
            found.append(Finding(Level.WARN, f"read files cannot be moved to {DONE}/", hint))
        for name in self._folder.strange():
            found.append(Finding(Level.WARN, f"{name} is a link or no file, and is not read", "Put the file itself."))
        for read in (self._read(file, now) for file in waiting[-1:]):
            for one in read.parked() if read is not None else ():
                found.append(Finding(Level.WARN, one.reason, "Mend the file or the setting; it is read again."))
        return found

    def _may_put_away(self) -> bool:
        done = self._folder.path / DONE
        writable = os.access(self._folder.path, os.W_OK | os.X_OK)
        return writable and (not os.path.lexists(done) or (self._folder.done_is_usable() and os.access(done, os.W_OK)))


def _length(parts: list[OrderPage]) -> int:
    return sum(len(part.orders) for part in parts)


def _joined(parts: list[OrderPage], memory: Memory) -> OrderPage:
    """Small files come together, in one transaction; `parts` is empty afterwards."""
    joined = OrderPage(
        tuple(order for part in parts for order in part.orders),
        memory.write(),
        tuple(item for part in parts for item in part.parked),
        max((part.heard_until for part in parts if part.heard_until is not None), default=None),
        tuple(ref for part in parts for ref in part.cleared),
    )
    parts.clear()
    return joined


def _age(file: Dropped, now: datetime) -> timedelta:
    """How long ago the file changed."""
    age = now - datetime.fromtimestamp(file.mtime_ns / 1_000_000_000, UTC)
    return timedelta.max if age < -SKEW else age


def _ends(content: bytes) -> bool:
    """True where the last line is whole, in any encoding."""
    return content.rstrip(b"\0").endswith((b"\n", b"\r"))


def _whole_lines(content: bytes) -> bytes:
    """Without a last line that does not end."""
    return content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1]


def _goes_on(before: Seen, content: bytes) -> bool:
    """True where a file is as it was told, or only grew: what it told then it says still, line by line."""
    told = content[: before.length]
    grew = len(content) > before.length
    return _digest(told) == before.digest and not (grew and is_spreadsheet(content))


def _told(before: Seen | None, content: bytes) -> Callable[[int], bool]:
    """Which lines of a file were told, by their numbers."""
    if before is None or not _goes_on(before, content):
        return lambda _row: False
    if len(content) > before.length and not _ends(content[: before.length]):
        before = replace(before, rows=before.rows - 1)  # its last line may have become another
    return before.told


def _gaps(bad: Sequence[int], last: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Up to which line all others than `bad` ones were told, and the first and last of those that follow each other.

    Of very many gaps the later ones are forgotten: from there on all lines are told again.
    """
    gaps: list[tuple[int, int]] = []
    for row in bad:
        if gaps and row <= gaps[-1][1] + 1:
            gaps[-1] = (gaps[-1][0], row)
        elif len(gaps) == MOST_GAPS:
            return row - 1, tuple(gaps)
        else:
            gaps.append((row, row))
    return last, tuple(gaps)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
