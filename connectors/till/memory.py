"""What the cursor of a till remembers: which files were read as they are. Losing it costs reading, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.till.folder import Dropped

MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was told to its end. `rows` is the number of its last line, `digest` that of its content then; `bad`
    are the numbers of lines that could not be read, 0 for the file as such."""

    state: tuple[int, int, int]
    rows: int
    digest: str
    bad: tuple[int, ...]


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
                str(key): Seen((int(size), int(mtime), int(ctime)), int(rows), str(digest), tuple(map(int, bad)))
                for key, (size, mtime, ctime, rows, digest, bad) in found.get("files", {}).items()
            }
            return cls(reading, files, found.get("reading") != reading)
        except (ValueError, TypeError, AttributeError):
            return cls(reading)

    def told(self, file: Dropped) -> bool:
        """True where the file was told to its end as it is, and nothing can be said anew."""
        seen = self.files.get(file.key)
        return seen is not None and seen.state == file.state and not (seen.bad and self.other_settings)

    def write(self) -> str:
        """The cursor."""
        files = {key: [*seen.state, seen.rows, seen.digest, list(seen.bad)] for key, seen in self.files.items()}
        return json.dumps({"reading": self.reading, "files": files}, separators=(",", ":"))

    def keep_only(self, files: Iterable[Dropped]) -> None:
        """Forget files that are gone, and of too many those that changed longest ago."""
        newest = sorted(files, key=lambda file: file.mtime_ns)[-MOST_FILES:]
        self.files = {file.key: self.files[file.key] for file in newest if file.key in self.files}
