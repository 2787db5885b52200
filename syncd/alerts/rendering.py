"""A letter in words: the message that every way of sending takes."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from syncd.alerts import mail
from syncd.alerts.blocks import blocks
from syncd.alerts.composing import page
from syncd.alerts.letter import Letter
from syncd.alerts.notifier import Message
from syncd.alerts.voice import Voice


def render(letter: Letter, *, language: str, zone: ZoneInfo, today: date) -> Message:
    """The letter in one of `syncd.texts.catalogues.LANGUAGES`; instants by the clock of `zone`, where it is `today`."""
    shown = page(letter, Voice(language, zone, today))
    return Message(
        subject=shown.subject, text=mail.text(shown), html=mail.html(shown), blocks=blocks(shown), language=language
    )
