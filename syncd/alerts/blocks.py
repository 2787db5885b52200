"""A page as Slack's blocks, as many as there are.

Limits of https://docs.slack.dev/reference/block-kit/blocks: 150 characters of a header, 3000 of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from syncd.alerts.page import Command, Draft, Entries, Entry, Facts, Heading, Links, Page, Paragraph, Part
from syncd.texts.marks import COMMAND, MARKED, cut, plain, unmarked

Block = Mapping[str, Any]

MOST_IN_HEADER = 150
MOST_IN_SECTION = 3000
MOST_IN_TEXT = 1400  # of the two texts that one line has at most

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def blocks(page: Page) -> tuple[Block, ...]:
    """The page: a header, a section for each group of lines, and a context for who says so."""
    title = cut(page.subject, MOST_IN_HEADER)
    built: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]
    if page.urgency:
        built.append(_context(_text(page.language, page.urgency)))
    built.extend(_section(text) for text in _packed(page))
    built.append(_context(_text(page.language, page.footer)))
    return tuple(built)


def _packed(page: Page) -> Iterator[str]:
    """The lines of the parts, as many together as a section takes; a heading begins a new one."""
    held = ""
    for part in page.parts:
        if isinstance(part, Heading) and held:
            yield held
            held = ""
        for line in _LINES[type(part)](page.language, part):
            if held and len(held) + 1 + len(line) > MOST_IN_SECTION:
                yield held
                held = ""
            held = f"{held}\n{line}" if held else line
    if held:
        yield held


def _heading(language: str, part: Heading) -> Iterator[str]:
    yield f"*{_text(language, part.text)}*"


def _paragraph(language: str, part: Paragraph) -> Iterator[str]:
    yield _text(language, part.text)


def _facts(language: str, part: Facts) -> Iterator[str]:
    for name, told in part.rows:
        yield f"{_bold(_text(language, name))}: {_text(language, told)}"


def _entries(language: str, part: Entries) -> Iterator[str]:
    for row in part.rows:
        yield from _entry(language, row)


def _entry(language: str, row: Entry) -> Iterator[str]:
    name = f" {_text(language, row.name)}" if row.name else ""
    yield f"• {_bold(_text(language, row.about))}{name}: {_text(language, row.told)}"
    for line in row.more:
        yield _text(language, line)


def _command(language: str, part: Command) -> Iterator[str]:
    typed = _escaped(part.typed, MOST_IN_TEXT)
    yield f"{_text(language, part.caption)}:\n```{typed}```"


def _links(language: str, part: Links) -> Iterator[str]:
    for name, url in part.rows:
        yield f"<{url.translate(_ESCAPED)}|{_text(language, name)}>"


def _draft(_: str, part: Draft) -> Iterator[str]:
    for line in part.lines:
        yield f">{_text(part.language, line)}"


_LINES: Mapping[type[Part], Callable[[str, Any], Iterator[str]]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Facts: _facts,
    Entries: _entries,
    Command: _command,
    Links: _links,
    Draft: _draft,
}


def _text(language: str, marked: str) -> str:
    """A sentence in Slack's markup, its commands as code."""
    with_code = MARKED.sub(lambda found: f"`{found[2]}`" if found[1] == COMMAND else found[0], marked)
    return _escaped(plain(language, with_code), MOST_IN_TEXT)


def _escaped(text: str, most: int) -> str:
    """The text with Slack's three signs escaped, cut so that it has at most so many characters afterwards."""
    while len(escaped := text.translate(_ESCAPED)) > most:
        text = cut(text, len(text) - max(1, (len(escaped) - most) // 5))
    return escaped


def _bold(text: str) -> str:
    return text if "*" in unmarked(text) else f"*{text}*"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
