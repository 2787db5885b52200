"""What the cursor of a till remembers: which files were read as they are. Losing it costs reading, nothing else."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.till.folder import Dropped

MOST_IN_DONE = 500
"""Of what was put away the newest are watched. What is in the folder is never forgotten: it would be read for ever."""
MOST_GAPS = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was told to its end, by its first `length` bytes and their `digest`.

    Every line up to that with the number `rows` was told, but those in `gaps`: first and last of lines that could not
    be read. `bad` are the numbers of lines that are shown to the owner, 0 for the file as such. `half` is true where a
    last line that does not end was not read yet.
    """

    state: tuple[int, int, int]
    length: int
    digest: str
    rows: int
    gaps: tuple[tuple[int, int], ...] = ()
    bad: tuple[int, ...] = ()
    half: bool = False

    def told(self, row: int) -> bool:
        """True where the line with that number was told."""
        after = bisect_left(self.gaps, (row + 1, 0))
        return row <= self.rows and not (after and row <= self.gaps[after - 1][1])


@dataclass(slots=True)
class Memory:
    """Files by their keys, and the settings by which they were read: what could not be read may be so under others."""

    reading: str
    files: dict[str, Seen] = field(default_factory=dict)
    other_settings: bool = False

    @classmethod
    def parse(cls, cursor: str | None, reading: str) -> Memory:
        """What a cursor says; nothing where there is none, or it means nothing."""
        try:
            found = json.loads(cursor or "{}")
            files = {
                str(key): Seen(
                    (int(size), int(mtime), int(ctime)),
                    int(length),
                    str(digest),
                    int(rows),
                    tuple((int(first), int(last)) for first, last in gaps),
                    tuple(map(int, bad)),
                    bool(half),
                )
                for key, (size, mtime, ctime, length, digest, rows, gaps, bad, half) in found.get("files", {}).items()
            }
            return cls(reading, files, found.get("reading") != reading)
        except (ValueError, TypeError, AttributeError):
            return cls(reading)

    def told(self, file: Dropped) -> bool:
        """True where the file was told to its end as it is, and nothing can be said anew."""
        seen = self.files.get(file.key)
        return seen is not None and seen.state == file.state and not (seen.bad and self.other_settings)

    def write(self) -> str:
        """The cursor. Until all was read by other settings it names none, so that who dies then begins anew."""
        files = {
            key: [*seen.state, seen.length, seen.digest, seen.rows, seen.gaps, seen.bad, int(seen.half)]
            for key, seen in self.files.items()
        }
        reading = "" if self.other_settings else self.reading
        return json.dumps({"reading": reading, "files": files}, separators=(",", ":"))

    def keep_only(self, files: Iterable[Dropped]) -> None:
        """Forget files that are gone, or no longer watched."""
        self.files = {file.key: self.files[file.key] for file in files if file.key in self.files}


def watched(files: Sequence[Dropped]) -> list[Dropped]:
    """Of files, the longest unchanged first, all but those that were put away and are not among the newest there."""
    newest = {file.key for file in [file for file in files if file.done][-MOST_IN_DONE:]}
    return [file for file in files if not file.done or file.key in newest]
