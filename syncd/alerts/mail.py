"""A page as a mail: plain text, and HTML that says the same."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from syncd.alerts.page import Page
from syncd.texts.catalogues import right_to_left
from syncd.texts.marks import COMMAND, MARKED, plain

_CODE = Markup('<code dir="ltr">{}</code>')
_APART = Markup("<bdi>{}</bdi>")
_UNBROKEN = Markup('<span style="white-space:nowrap">{}</span>')
_NARROW = 30  # signs that a phone has room for on one line of code


def text(page: Page) -> str:
    """The plain text. A paragraph is one line: a mail program breaks it where its screen ends, a phone early."""
    told = _templates().get_template("mail.txt").render(page=page)
    return re.sub(r"\n{3,}", "\n\n", told).strip() + "\n"


def html(page: Page) -> str:
    """A whole document that loads nothing."""
    return _templates().get_template("mail.html").render(page=page, direction=_direction(page.language))


@cache
def _templates() -> Environment:
    """The templates hold no word that is read: all words come from the page."""
    found = Environment(
        loader=PackageLoader("syncd.alerts", "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        marked=_marked,
        plain=lambda marked, language: plain(language, marked),
        unbroken=_unbroken,
        direction=_direction,
    )
    return found


def _direction(language: str) -> str:
    return "rtl" if right_to_left(language) else "ltr"


def _marked(sentence: str) -> Markup:
    """A sentence with its marks as elements. They come in the order of the text, and are never in one another."""
    told = Markup("")
    end = 0
    for found in MARKED.finditer(sentence):
        around = _CODE if found[1] == COMMAND else _APART
        told += escape(sentence[end : found.start()]) + around.format(found[2])
        end = found.end()
    return told + escape(sentence[end:])


def _unbroken(typed: str) -> Markup:
    """A command that breaks between its words only: ``--`` at the end of a line would be read as a word."""
    words = (
        _UNBROKEN.format(word) if "-" in word and len(word) <= _NARROW else escape(word) for word in typed.split(" ")
    )
    return Markup(" ").join(words)
