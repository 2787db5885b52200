"""A feed in JSON: which list holds the items, and the fields of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.supplier_feed.fields import Path, find, near
from connectors.supplier_feed.opened import Opened
from connectors.supplier_feed.settings import Settings
from connectors.tables.cells import Cell, Damaged, printable
from connectors.tables.decoding import decode
from connectors.tables.table import MAX_ROWS, Line
from connectors.tables.values import TableError

MAX_VALUES = 5_000_000
MAX_PATHS = 1_000
DEEPEST_LIST = 6
DEEPEST_FIELD = 4
LONGEST_NUMBER = 40
LARGEST_EXPONENT = 30

_OPENS_OR_PARTS = (b",", b"[", b"{")
_NO_VALUE = Damaged("holds more than one value")
_TOO_LARGE = Damaged("is a number that nothing has")


def open_json(content: bytes, settings: Settings) -> Opened:
    """The feed's items as rows; numbers stay exact.

    Raises:
        TableError: it is broken, too deep or too large, or nobody can tell which list holds the items.
    """
    # Each value is opened or parted by one of these: an estimate from above, before anything is built.
    if sum(map(content.count, _OPENS_OR_PARTS)) > MAX_VALUES:
        raise TableError(f"It holds more than {MAX_VALUES:,} values.", hint="Ask for a shorter feed, or for CSV.")
    found = _list(_parsed(decode(content, settings.encoding).text), settings)
    if len(found) > MAX_ROWS:
        raise TableError(f"It has more than {MAX_ROWS:,} items.", hint="Split it.")
    paths: dict[Path, None] = {}
    for item in found:
        for field, _ in _flat(item):
            paths.setdefault(field)
        if len(paths) > MAX_PATHS:
            raise TableError(f"It has more than {MAX_PATHS:,} kinds of fields.", hint="This is no list of goods.")
    wanted = {meaning: path for meaning, word in settings.columns.items() if (path := find(word, paths))}
    return Opened(
        places={meaning: place for place, meaning in enumerate(wanted)},
        words=tuple(".".join(path) for path in wanted.values()),
        names=tuple(".".join(path) for path in paths),
        rows=_rows(found, list(wanted.values())),
        unit="Item",
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_no_number)
    except RecursionError:
        raise TableError("It is nested without end.", hint="This is no list of goods.") from None
    except json.JSONDecodeError as error:
        raise TableError(
            f"This JSON is broken in line {error.lineno}.", hint="Ask for the file anew; it may have been cut."
        ) from None


def _number(written: str) -> Decimal | Damaged:
    number = Decimal(written) if len(written) <= LONGEST_NUMBER else None
    return number if number is not None and abs(number.adjusted()) <= LARGEST_EXPONENT else _TOO_LARGE


def _no_number(name: str) -> Damaged:
    return Damaged(f"is {name}, which is no number")


def _list(parsed: object, settings: Settings) -> list[dict[str, Any]]:
    lists = dict(_lists(parsed, ()))
    names = [".".join(path) for path in lists]
    if settings.items:
        told = find(settings.items, [path for path in lists if path])
        if told is None:
            sentence = f'There is no list of items at "{printable(settings.items)}".'
            raise TableError(sentence, hint=near(settings.items, names))
        return lists[told]
    if () in lists:
        return lists[()]
    if len(lists) != 1:
        what = f"several lists: {printable(', '.join(names), 200)}" if lists else "no list of items"
        hint = f"Name the way to it: {settings.key('ITEMS')}={printable(names[0]) if lists else 'shop.products'}"
        raise TableError(f"The feed has {what}.", hint=hint)
    return next(iter(lists.values()))


def _lists(value: object, path: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Every list of objects that is not inside of another list."""
    if isinstance(value, list):
        if all(isinstance(item, dict) for item in value):
            yield path, value
    elif isinstance(value, dict) and len(path) < DEEPEST_LIST:
        for name, inner in value.items():
            yield from _lists(inner, (*path, name))


def _flat(item: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in item.items():
        if isinstance(value, dict) and len(path) < DEEPEST_FIELD:
            yield from _flat(value, (*path, name))
        else:
            yield (*path, name), value


def _rows(items: list[dict[str, Any]], wanted: list[Path]) -> Iterator[Line]:
    for number, item in enumerate(items, start=1):
        yield Line(number, tuple(_cell(_at(item, path)) for path in wanted))


def _at(item: object, path: Path) -> object:
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _cell(value: object) -> Cell:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | Decimal() | Damaged():
            return value
    return _NO_VALUE
