"""The commands that a message or a hint offers, each exactly as it is typed in a shell: the one place that puts a value
into a command."""

from __future__ import annotations

import shlex
from datetime import date

from syncd.domain.said import Typed
from syncd.texts.marks import clean

LONGEST_WORD = 200  # characters of a SKU or a supplier's name; nobody types more


def can_be_typed(word: str) -> bool:
    """Whether what is read is what is meant: a word with signs that cannot be seen would name another one."""
    return 0 < len(word) <= LONGEST_WORD and clean(word) == word


def line(*words: str) -> str:
    """`syncd` and these words, quoted where a shell needs it; an ellipsis where a word cannot be typed."""
    return " ".join(("syncd", *(shlex.quote(word) if can_be_typed(word) else "…" for word in words)))


def option(name: str, text: str) -> tuple[str, ...]:
    """An option and its value; in one word where the value would be an option itself."""
    return (f"{name}={text}",) if text.startswith("-") else (name, text)


def about(verb: tuple[str, ...], operands: tuple[str, ...], options: tuple[str, ...] = ()) -> str:
    """A command about things of the owner's: what begins with a dash stands behind `--`, or it would be an option."""
    if any(word.startswith("-") for word in operands):
        return line(*verb, *options, "--", *operands)
    return line(*verb, *operands, *options)


def typed(verb: tuple[str, ...], operands: tuple[str, ...], options: tuple[str, ...] = ()) -> Typed | str:
    """`about` as a value of a `Said`; no command, but a word, where one of its own words cannot be typed."""
    told = about(verb, operands, options)
    return Typed(told) if all(map(can_be_typed, (*operands, *options))) else told


def incoming_add(sku: str, units: int, expected: date | None, supplier: str | None) -> str:
    """That units are on the way; without a day none is promised, without a supplier it is the SKU's."""
    day = option("--expected", str(expected)) if expected else ()
    return about(("incoming", "add"), (sku, str(units)), (*day, *_from(supplier)))


def reorder(supplier: str | None) -> str:
    """A draft of what to order now; of all suppliers where none is named."""
    return line("reorder", *_from(supplier))


def end_sale(sku: str) -> str:
    return about(("status-override",), (sku, "out_of_stock"))


def sell_again(sku: str) -> str:
    """What takes `end_sale` back."""
    return about(("status-override",), (sku,), ("--end",))


def hold_back(sku: str, units: int) -> str:
    return about(("set",), (sku,), option("--buffer", str(units)))


def explain(sku: str) -> str:
    return about(("explain",), (sku,))


def acknowledge(number: int) -> str:
    return line("ack", str(number))


def snooze(number: int) -> str:
    return line("snooze", str(number), "--for", "3d")


def _from(supplier: str | None) -> tuple[str, ...]:
    return option("--supplier", supplier) if supplier is not None and can_be_typed(supplier) else ()
