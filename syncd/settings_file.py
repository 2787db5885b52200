"""The `.env` file: where it is, what its lines say, and how a value is written so that it reads back the same.

Read by python-dotenv's parser without interpolation: a `$` or `#` in a password is a character (first-hour.md).
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dotenv.parser import parse_stream

from syncd import whole_file
from syncd.errors import ConfigError, Problem
from syncd.places import SETTINGS

_LARGEST_BYTES = 1_000_000
_KEY_AT_LINE_START = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", re.MULTILINE)
_NEEDS_QUOTES = re.compile(r"[#'\"\\]|^\s|\s$")


@dataclass(frozen=True, slots=True)
class Line:
    """A value of the file and the line, counted from 1, on which it stands."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Lines:
    """What a settings file says. `unclear` are the keys on lines that could not be read."""

    values: Mapping[str, Line]
    problems: tuple[Problem, ...] = ()
    unclear: frozenset[str] = frozenset()


def find(named: Path | None, environ: Mapping[str, str], places: tuple[Path, ...] = SETTINGS) -> Path | None:
    """The settings file: the named one, else `SYNCD_ENV_FILE`, else the first of `places` that exists, else none.

    A named file is returned whether it exists or not: reading it then says what is wrong.
    """
    if named is not None:
        return named
    if environ.get("SYNCD_ENV_FILE"):
        return Path(environ["SYNCD_ENV_FILE"])
    return next((place for place in places if _there(place)), None)


def _there(place: Path) -> bool:
    try:
        return place.exists()
    except PermissionError:
        # A file that may not be looked at is not passed over: the next place could hold another shop's settings.
        return True


def text_of(path: Path) -> str:
    """The text of a settings file.

    Raises:
        ConfigError: it is absent, may not be read, is not a text in UTF-8, or is far too large.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise _unusable(path, "does not exist", "Make it with: syncd init") from None
    except PermissionError:
        raise _unusable(path, "may not be read by this user", "Run it as the user who owns it, or with sudo.") from None
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})", "It must be a plain file.") from None
    if len(raw) > _LARGEST_BYTES:
        raise _unusable(path, "is larger than 1 MB", "Is this really a file of settings?")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unusable(path, f"is not in UTF-8 (line {line})", "Save it as UTF-8 in your editor.") from None


def _unusable(path: Path, why: str, way_out: str) -> ConfigError:
    return ConfigError((Problem(f"{path} {why}.", way_out),), source=str(path))


def parse(text: str) -> Lines:
    """What the lines say; lines that cannot be read become problems with their number, never guesses."""
    values: dict[str, Line] = {}
    problems: list[Problem] = []
    unclear: set[str] = set()
    for binding in parse_stream(io.StringIO(text, newline="")):
        statement = binding.original.string
        line = binding.original.line + _blank_lines_before(statement)
        if binding.error or "\n" in (binding.value or "") or "\r" in (binding.value or ""):
            problems.append(
                Problem(
                    f"line {line} cannot be read.",
                    "Write KEY=value, and close each quote; a ' inside single quotes is written \\'.",
                )
            )
            unclear.update(_KEY_AT_LINE_START.findall(statement))
        elif binding.key is None:
            continue
        elif binding.value is None:
            problems.append(Problem(f"line {line}: {_short(binding.key)} has no =.", "Write KEY=value."))
            unclear.add(binding.key)
        elif binding.key in values:
            first = values[binding.key].line
            problems.append(
                Problem(f"line {line}: {binding.key} stands already on line {first}.", "Delete one of them.")
            )
        else:
            values[binding.key] = Line(binding.value, line)
    return Lines(values, tuple(problems), frozenset(unclear))


def _blank_lines_before(statement: str) -> int:
    """Blank lines that the parser counts to the statement that follows them."""
    blank = statement[: len(statement) - len(statement.lstrip())]
    return len(re.findall(r"\r\n|\n|\r", blank))


def _short(text: str) -> str:
    # A stray line may well be a pasted secret: only what looks like a key is repeated.
    return text if re.fullmatch(r"[A-Z]+(_[A-Z0-9]{1,20}){1,4}", text) else "the text there"


def assignment(key: str, value: str, *, secret: bool = False) -> str:
    """The line that gives `key` this value; secrets, and what dotenv would change, stand in single quotes.

    Raises:
        ValueError: the value has a line break or another control character, which no line can hold.
    """
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError(f"{key} has a line break or a character that cannot be seen")
    if secret or _NEEDS_QUOTES.search(value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"{key}='{escaped}'"
    return f"{key}={value}"


def may_be_written(path: Path) -> bool:
    """True where this user may make or replace the file, with the folders that are still missing."""
    folder = path.resolve().parent
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def write_private(path: Path, text: str, *, now: datetime) -> Path | None:
    """Write the file so that only its owner can read it; returns the backup of what was there, if anything was.

    The new text appears whole or not at all. A file that was there keeps its owner and its rights.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    backup = None
    before = target.stat() if target.exists() else None
    if before is not None:
        backup = whole_file.beside(target, now)
        _write(backup, target.read_bytes(), before)
    _write(target, text.encode("utf-8"), before)
    return backup


def _write(target: Path, content: bytes, like: os.stat_result | None) -> None:
    if like is None:
        whole_file.write(target, content)
    else:
        whole_file.write(target, content, mode=like.st_mode & 0o640, owner=(like.st_uid, like.st_gid))
