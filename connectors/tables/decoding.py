"""Which encoding a text file is in: decided from its bytes alone, always the same way."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from connectors.tables.values import TableError

_COMMON = "áâäçéëíîóôöúüýßšž"  # one and the same byte in Windows-1250 and Windows-1252
_POLISH = frozenset("ąćęłńóśźż" + _COMMON)
_WESTERN = frozenset("àãåæèêìïðñòõøùûþÿœ" + _COMMON)
_VOWELS = frozenset("aeiouyąęóáâäéëíîôöúüýàãåæèêìïòõøùûÿœ")
_HEBREW = frozenset(map(chr, range(0x05D0, 0x05EB)))

_SIGNS = frozenset("ªºµ²³¹¼½¾")  # letters to Unicode, signs to people: they tell no language
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text and the encoding that was taken; `rival` is another that would have been as plausible."""

    text: str
    encoding: str
    rival: str | None = None


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file, by the encoding that fits.

    A byte order mark decides; then UTF-8 where it fits; then of Windows-1252, -1250 and -1255 the one that gives the
    most plausible words (Western, Polish, Hebrew). `encoding` overrides all of it.

    Raises:
        TableError: it is not text, makes no sense in any of them, is mostly UTF-8 with damaged places, or
            not in the `encoding` asked for.
    """
    if encoding is not None:
        return _as_asked(content, encoding)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _as_asked(content, name)
    if b"\x00" in content:
        raise TableError("This file is not text.", hint="Save it as CSV or .xlsx and try again.")
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as broken:
        _refuse_damaged_utf8(content, broken.start)
    return _most_plausible(content)


def _as_asked(content: bytes, encoding: str) -> Decoded:
    try:
        text = content.decode(encoding)
    except (LookupError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            line_number = content.count(b"\n", 0, error.start) + 1
            raise TableError(
                f"This file is not in {encoding}: line {line_number} does not fit.",
                hint="Save it as CSV UTF-8, or name its encoding.",
            ) from None
        raise TableError(
            f'There is no text encoding called "{encoding}".',
            hint="Use utf-8, windows-1255, windows-1250 or windows-1252.",
        ) from None
    return Decoded(text.removeprefix("\ufeff"), encoding)


def _refuse_damaged_utf8(content: bytes, first_broken: int) -> None:
    """Raises where most of what is beyond ASCII reads as UTF-8: a Windows file almost never looks like that."""
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    readable = len(text) - len(text.encode("ascii", errors="ignore")) - broken
    if readable > broken:
        line_number = content.count(b"\n", 0, first_broken) + 1
        raise TableError(
            f"This file is UTF-8, but line {line_number} holds characters that are not.",
            hint="Open it, mend that line and save it as CSV UTF-8, or name its encoding.",
        )


def _most_plausible(content: bytes) -> Decoded:
    readings: list[tuple[int, Decoded]] = []
    for name, letters in (("windows-1252", _WESTERN), ("windows-1250", _POLISH), ("windows-1255", _HEBREW)):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        readings.append((_score(text, letters), Decoded(text, name)))
    # Of equals the first stands: Windows-1252 is by far the commonest.
    readings.sort(key=lambda reading: -reading[0])
    if not readings or readings[0][0] < 0:
        raise TableError(
            "This file makes no sense in any of the encodings UTF-8, Windows-1255, Windows-1250, Windows-1252.",
            hint="Save it as CSV UTF-8, or name its encoding.",
        )
    (score, best), *others = readings
    rivals = [other.encoding for other_score, other in others if other_score == score and other.text != best.text]
    return replace(best, rival=rivals[0]) if rivals else best


def _score(text: str, letters: frozenset[str]) -> int:
    lines = (line for line in text.splitlines() if not line.isascii())
    return sum(_plausibility(word, letters) for line in lines for word in _WORD.findall(line))


def _plausibility(word: str, letters: frozenset[str]) -> int:
    """Letters beyond ASCII that stand where a word of this alphabet has them, less those that do not."""
    if len(word) == 1:
        return 0  # "Ø 39", "à": a letter alone tells no language
    beyond = [char for char in word.lower() if char > "\x7f" and char not in _SIGNS]
    if letters is _HEBREW:
        # Hebrew does not mix with Latin letters inside a word.
        plausible = not any(char.isascii() for char in word)
    else:
        # Accented letters stand between plain ones; a word of nothing but accents is Hebrew read wrongly.
        plain = sum(1 for char in word if char.isascii())
        plausible = plain * 3 >= len(beyond) and any(char in _VOWELS for char in word.lower())
    fitting = sum(1 for char in beyond if char in letters)
    return fitting - 2 * (len(beyond) - fitting) if plausible else -len(beyond)
