"""How PHP and WordPress read values: the coercions that make a batch dangerous (woocommerce-facts §§2–3)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
ARRAY_NAME = re.compile(r"(?P<name>[^\[]+)\[(?P<index>[^\]]*)\]")


def whole(value: object) -> int:
    """``(int) $value``: a text's leading number or 0, an array's 1 or 0; beyond 64 bits it wraps around."""
    match value:
        case bool() | None:
            return int(bool(value))
        case int():
            return _wrapped(value)
        case float():
            return _wrapped(int(value)) if math.isfinite(value) else 0
        case str():
            number = NUMBER.match(value)
            if number is None:
                return 0
            beyond_int = re.search(r"[.eE]", number[0]) or len(number[0]) > 30
            return whole(float(number[0]) if beyond_int else int(number[0]))
        case _:
            return 1 if value else 0


def _wrapped(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def is_integer(value: object) -> bool:
    """``rest_is_integer``: whole numbers, also as text ("7", " 8 ", "1e3"), but no bool and no array."""
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        if not NUMBER.fullmatch(value.rstrip()):
            return False
        value = float(value)
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def is_boolean(value: object) -> bool:
    """``rest_is_boolean``."""
    if isinstance(value, str):
        return value.lower() in ("true", "false", "1", "0")
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


def truth(value: object) -> bool:
    """``rest_sanitize_boolean``."""
    if isinstance(value, str):
        return value.lower() not in ("false", "0", "")
    return bool(value)


def yes(value: object) -> bool:
    """``wc_string_to_bool``, which is what a batch applies."""
    if isinstance(value, str):
        return value.lower() in ("yes", "true", "1")
    return value is True or value == 1


def query(pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """``$_GET``: of a repeated name the last wins, ``name[]`` gathers a list."""
    got: dict[str, object] = {}
    for name, value in pairs:
        array = ARRAY_NAME.match(name)
        if array is None:
            got[name] = value
            continue
        items = got.get(array["name"])
        got[array["name"]] = [*items, value] if isinstance(items, list) else [value]
    return got


def text(value: object) -> str:
    """``sanitize_text_field`` after a string cast: tags stripped, blanks around it gone."""
    return re.sub(r"<[^>]*>", "", "" if value is None else str(value)).strip()
