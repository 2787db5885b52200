"""What one cell means: units, a price, yes or no, a SKU. Nothing is guessed; what is not sure is a `CellError`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

MOST_UNITS = 1_000_000_000
MOST_CHARACTERS_OF_AN_ID = 255  # Shopify's limit for a SKU; WooCommerce's is 100


@dataclass(frozen=True, slots=True)
class Damaged:
    """A spreadsheet cell that holds no honest text or number. `reason` reads on from the column's name.

    `instant` is what the spreadsheet took it for, where that is a day or a time: in some columns it is meant.
    """

    reason: str
    instant: datetime | date | time | None = None


Cell = str | Decimal | Damaged


class CellError(ValueError):
    """A cell cannot be taken; the message reads on from the column's name."""


class UnsureNumber(CellError):
    """A number has a sign that may stand between thousands or before a fraction ("1,234")."""


_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")

_GROUPED = re.compile(
    r"""[0-9]{1,3}(?:
        (?:[ \u00a0\u202f'’][0-9]{3})+(?:[.,][0-9]+)?   # 1 234,50
      | (?:,[0-9]{3})+\.[0-9]+ | (?:,[0-9]{3}){2,}      # 1,234.50   1,234,567
      | (?:\.[0-9]{3})+,[0-9]+ | (?:\.[0-9]{3}){2,}     # 1.234,50   1.234.567
    )""",
    re.VERBOSE,
)
_CONTROL = re.compile("[\x00-\x1f\x7f]")

_LONGEST_NUMBER = 30
_PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_THOUSANDS_OR_FRACTION = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_WITH_POINT = {
    point: re.compile(
        rf"([0-9]+|[0-9]{{1,3}}(?:([{other} \u00a0\u202f'’])[0-9]{{3}})(?:\2[0-9]{{3}})*)(?:[{point}]([0-9]+))?"
    )
    for point, other in ((",", "."), (".", ","))
}
_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}|[0-9][.,][0-9]+E-[0-9]{2,}", re.IGNORECASE)
_DATE = re.compile(
    r"(?:[0-2]?[0-9]|3[01])-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{2}"
    r"|[0-9]{1,2}([/.])[0-9]{1,2}\1[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?: 00:00:00)?"
)

_YES = frozenset(("yes", "y", "true", "1", "x", "כן", "tak", "t", "ja", "j", "是"))
_NO = frozenset(("no", "n", "false", "0", "לא", "nie", "nej", "否"))


def defused(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would run it as a formula; `undefused` undoes it."""
    return "'" + text if _DANGEROUS.match(text) else text


def undefused(text: str) -> str:
    """The text without the apostrophe that `defused`, or WooCommerce's export, put in front of it."""
    return text[1:] if text.startswith("'") and _DEFUSED.match(text) else text


def printable(text: str, most: int = 40) -> str:
    """The text on one line, safe for a terminal, no longer than `most` characters."""
    line = "".join(char if char.isprintable() else "·" for char in text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def fold(header: str) -> str:
    """A header word without case, blanks and punctuation: `On_Hand ` and `on hand` are one."""
    return "".join(char for char in unicodedata.normalize("NFKC", header).casefold() if char.isalnum())


def text(cell: Cell, *, most: int = 10_000) -> str | None:
    """The text of a cell, blanks folded and control characters taken for blanks; ``None`` where it is empty.

    Raises:
        CellError: it has more than `most` characters.
    """
    found = " ".join(_CONTROL.sub(" ", plain_text(cell)).split())
    if len(found) > most:
        raise CellError(f'"{printable(found)}" is longer than {most:,} characters')
    return found or None


def identifier(cell: Cell) -> str | None:
    """A SKU, id or barcode as it is compared; ``None`` where it is empty.

    Raises:
        CellError: it is a date, in scientific notation, too long, or holds a character that nobody sees.
    """
    found = plain_text(cell).strip()
    if not found:
        return None
    if len(found) > MOST_CHARACTERS_OF_AN_ID:
        raise CellError(f'"{printable(found)}" is longer than {MOST_CHARACTERS_OF_AN_ID} characters')
    if _EXPONENT.fullmatch(found):
        raise CellError(
            f'"{found}" was damaged by a spreadsheet, its digits are lost; format the column as text and enter it again'
        )
    if _DATE.fullmatch(found):
        raise CellError(f'"{found}" was made a date by a spreadsheet; format the column as text and enter it again')
    for char in found:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise CellError(f'"{printable(found)}" holds an invisible character (U+{ord(char):04X}); type it anew')
    return found


def units(cell: Cell, *, least: int | None = 0, point: str | None = None) -> int | None:
    """A whole number of units; ``None`` where the cell is empty. `least` is the smallest allowed, ``None`` for any.
    `point` as for `decimal`.

    Raises:
        CellError: no number, not whole, too small, or not sure ("1,234").
    """
    number = decimal(cell, point=point)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise CellError(f'"{seen(cell)}" is not a whole number')
    whole = int(number)
    if least is not None and whole < least:
        raise CellError(f'"{seen(cell)}" is below {least}')
    if abs(whole) > MOST_UNITS:
        raise CellError(f'"{seen(cell)}" is too large to be units; it may be a barcode')
    return whole


def price(cell: Cell) -> Decimal | None:
    """A price, at least 0, without a currency; ``None`` where the cell is empty.

    Raises:
        CellError: no number, negative, or not sure.
    """
    number = decimal(cell)
    if number is not None and number < 0:
        raise CellError(f'"{seen(cell)}" is below 0')
    return number


def yes_or_no(cell: Cell) -> bool | None:
    """True for yes, False for no, in the languages of this house; ``None`` where the cell is empty.

    Raises:
        CellError: neither.
    """
    word = (text(cell) or "").casefold()
    if not word:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError(f'"{seen(cell)}" is neither yes nor no')


def decimal(cell: Cell, *, point: str | None = None) -> Decimal | None:
    """The number in a cell; ``None`` where it is empty.

    "1,5" and "1.5" are one and a half; "1 234", "1,234.50" and "1.234.567" have thousands; "1,234" could be either
    and is refused. Where `point` says which of "," and "." stands before a fraction, the other one is for thousands.

    Raises:
        CellError: it is no number, or not sure which.
    """
    if isinstance(cell, Decimal):
        return cell
    written = plain_text(cell).strip()
    if not written:
        return None
    negative = written[0] in "-−"
    digits = written[1:] if written[0] in "-−+" else written
    if len(digits) > _LONGEST_NUMBER:
        raise CellError(f'"{seen(cell)}" is not a number')
    if point is not None:
        found = _WITH_POINT[point].fullmatch(digits)
        if found is None:
            raise CellError(f'"{seen(cell)}" is not a number where "{point}" stands before a fraction')
        digits = re.sub("[^0-9]", "", found[1]) + "." + (found[3] or "0")
    elif _THOUSANDS_OR_FRACTION.fullmatch(digits):
        raise UnsureNumber(f'"{seen(cell)}" could have thousands or a fraction; write it without separators')
    elif _GROUPED.fullmatch(digits):
        fraction = re.search(r"[.,][0-9]+$", digits)
        # The last separator is the decimal one only where it differs from those before it.
        split = fraction.start() if fraction and digits.count(digits[fraction.start()]) == 1 else len(digits)
        digits = re.sub(r"[^0-9]", "", digits[:split]) + digits[split:].replace(",", ".")
    elif _PLAIN.fullmatch(digits):
        digits = digits.replace(",", ".")
    else:
        raise CellError(f'"{seen(cell)}" is not a number')
    return Decimal(digits).copy_negate() if negative else Decimal(digits)


def plain_text(cell: Cell) -> str:
    """The cell as it would be written.

    Raises:
        CellError: it holds nothing honest.
    """
    if isinstance(cell, Damaged):
        raise CellError(cell.reason)
    return format(cell, "f") if isinstance(cell, Decimal) else cell


def seen(cell: Cell) -> str:
    """The cell as a sentence may quote it."""
    return printable(plain_text(cell).strip())
