"""What keeps foreign words apart in a sentence: names, SKUs and commands run in a direction of their own.

A sentence carries Unicode's isolates around what was put into it: a *value* stands between U+2068 and U+2069, a
*command* between U+2066 and U+2069. Whoever shows the sentence turns them into what the medium has. A value never has
such a sign of its own (`clean`), so that nothing from a shop can pose as more than a value.
"""

from __future__ import annotations

import re
import unicodedata

from syncd.texts.catalogues import right_to_left

VALUE, COMMAND, END = "\u2068", "\u2066", "\u2069"
MARKED = re.compile(f"([{VALUE}{COMMAND}])([^{VALUE}{COMMAND}{END}]*){END}")

LONGEST_VALUE = 80  # characters; a name that is longer tells nothing more

_TURNING = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_UNSEEN = _TURNING | {"\u200b", "\ufeff"}


def clean(text: str) -> str:
    """The text on one line, without control characters and without what turns the direction of others."""
    kept = "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in text
        if character not in _UNSEEN and unicodedata.category(character) != "Cs"
    )
    return " ".join(kept.split())


def cut(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis where it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def value(text: str, *, most: int = LONGEST_VALUE) -> str:
    """A word from outside as a sentence takes it: cleaned, cut to `most` characters, marked."""
    return f"{VALUE}{cut(clean(text), most)}{END}"


def command(text: str) -> str:
    """A command within a sentence, marked."""
    return f"{COMMAND}{text}{END}"


def unmarked(text: str) -> str:
    """The sentence without its marks."""
    return MARKED.sub(lambda found: found[2], text)


def plain(language: str, text: str) -> str:
    """The sentence as plain text. Marks stay only where directions meet: they stand around a command, never in it, and
    not around one that is alone: who copies the line would copy them."""
    alone = MARKED.fullmatch(text)
    if alone is not None and alone[1] == COMMAND:
        return alone[2]

    def shown(found: re.Match[str]) -> str:
        return found[0] if right_to_left(language) or _runs_left(found[2]) else found[2]

    return MARKED.sub(shown, text)


def _runs_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
