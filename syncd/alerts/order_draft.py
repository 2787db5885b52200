"""A letter to a supplier, ready to be read once more and sent by the owner (N48)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from syncd.domain.said import one_line
from syncd.sync.replenishing import Draft, Need
from syncd.texts.catalogues import say, say_date


@dataclass(frozen=True, slots=True)
class OrderLetter:
    """One line and a plain text."""

    subject: str
    text: str


def letter(draft: Draft, language: str, today: date) -> OrderLetter:
    """The order in words. It names no price: what the owner reckons with is not the supplier's business."""
    lines = [_line(one, language) for one in draft.to_order]
    paragraphs = (
        say(language, "Hello,"),
        say(language, "We would like to order:"),
        "\n".join(lines),
        say(language, "Please confirm the quantities, your prices and the day of delivery."),
        say(language, "Thank you!"),
    )
    return OrderLetter(say(language, "Order of {date}", date=say_date(language, today)), "\n\n".join(paragraphs))


def _line(need: Need, language: str) -> str:
    text = f"{need.units} × {one_line(need.sku.sku)}"
    if need.sku.name:
        text += f", {one_line(need.sku.name)}"
    if need.pack_size and need.pack_size > 1:
        packs = need.units // need.pack_size
        in_packs = say(language, "{packs} × a pack of {size}", packs=packs, size=need.pack_size)
        text += f" ({in_packs})"
    return f"- {text}"
