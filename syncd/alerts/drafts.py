"""A draft of an honest message to a customer whose units are not there (N31). Nothing is sent by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from syncd.alerts.letter import ConcernedOrder, Item
from syncd.alerts.page import Draft
from syncd.texts.catalogues import LANGUAGES, SOURCE, say, say_date
from syncd.texts.marks import value


def drafts(items: Sequence[Item], today: date) -> list[tuple[list[ConcernedOrder], Draft]]:
    """One for each language in which the buyers of the orders concerned read, and the orders that it is for."""
    orders: dict[str, list[ConcernedOrder]] = {}
    for item in items:
        for order in item.oversold.orders if item.oversold is not None else ():
            orders.setdefault(order.language if order.language in LANGUAGES else SOURCE, []).append(order)
    return [(concerned, Draft(language, _lines(language, items, today))) for language, concerned in orders.items()]


def _lines(language: str, items: Sequence[Item], today: date) -> tuple[str, ...]:
    """The truth, then the choice: to wait where a day is known, something else, or the money."""
    lines = [say(language, "Hello,")]
    if len(items) == 1:
        name = value(items[0].name or items[0].sku or "")
        lines.append(
            say(
                language,
                "Thank you for your order. {name} sold out faster than we expected, and our system did not update in"
                " time: we sold more than we have. We are sorry.",
                name=name,
            )
        )
    else:
        lines.append(
            say(
                language,
                "Thank you for your order. An item in it sold out faster than we expected, and our system did not"
                " update in time: we sold more than we have. We are sorry.",
            )
        )
    lines.append(say(language, "Please choose what suits you; a short answer is enough:"))
    choices = [
        say(language, "Another item that is at least as good, at the same price."),
        say(language, "All your money back, at once."),
    ]
    day = _next_delivery(items[0], today) if len(items) == 1 else None
    if day is not None:
        choices.insert(
            0, say(language, "Wait: we expect more on {date} and then send yours.", date=say_date(language, day))
        )
    lines += [f"{number}. {choice}" for number, choice in enumerate(choices, 1)]
    lines.append(say(language, "Kind regards"))
    return tuple(lines)


def _next_delivery(item: Item, today: date) -> date | None:
    coming = item.stock.coming if item.stock is not None else ()
    days = [one.expected_on for one in coming if one.expected_on is not None and one.expected_on >= today]
    return min(days, default=None)
