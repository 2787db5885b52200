"""What a message shows, before it becomes a mail or Slack's blocks: each sees the same parts in the same order.

All texts carry the marks of `syncd.texts.marks`, but for commands, addresses and the letters of a draft's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from syncd.domain.alerts import Severity


@dataclass(frozen=True, slots=True)
class Heading:
    """What the parts up to the next heading are about; `severity`: how urgent they are, where that is said."""

    kind: ClassVar[str] = "heading"
    text: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What it is, and its number: one pair a row."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert of many: the SKU or channel, its name, what there is to tell, and further lines."""

    about: str
    name: str
    told: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    kind: ClassVar[str] = "entries"
    rows: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """What may be done, and the command that does it, as it is typed."""

    kind: ClassVar[str] = "command"
    caption: str
    typed: str


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses with what they lead to."""

    kind: ClassVar[str] = "links"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to a customer, in the customer's language."""

    kind: ClassVar[str] = "draft"
    language: str
    lines: tuple[str, ...]


Part: TypeAlias = Heading | Paragraph | Facts | Entries | Command | Links | Draft


@dataclass(frozen=True, slots=True)
class Page:
    """A whole message. `subject` has no marks; `preview`: what a phone shows beneath it; `severity`: of the worst in
    it, ``None``: all is well; `urgency`: the words for that; `footer`: from whom and when."""

    language: str
    subject: str
    title: str
    preview: str
    severity: Severity | None
    urgency: str
    parts: tuple[Part, ...]
    footer: str
