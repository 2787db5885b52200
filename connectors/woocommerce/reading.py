"""Numbers and instants as the shop writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.http import Answer

# Beyond this a JSON number may already have lost digits on its way.
LARGEST_UNITS = 2**53


def whole(value: object) -> int | None:
    """The whole number of units; ``None`` for text, fractions, booleans and what no shelf holds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) < LARGEST_UNITS else None


def meta_units(value: object) -> int | None:
    """The whole number in a meta entry, which comes as text (woocommerce-facts §2); ``None`` as in `whole`."""
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdigit() and len(digits) < 17 else None
    return whole(value)


def utc(text: object) -> datetime | None:
    """The instant of a `…_gmt` field (naive UTC, whole seconds) as aware UTC; ``None`` where there is none."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def shop_clock(answer: Answer) -> datetime | None:
    """When the shop's host says it answered; ``None`` where it does not say. It may be a proxy's clock."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
