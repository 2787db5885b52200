"""How a message reaches somebody: what every way of sending promises, and how it may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from connectors.contract import Finding


@dataclass(frozen=True, slots=True)
class Message:
    """A letter in words. `text` is plain, `html` a whole document; `blocks` are Slack's, as many as there are.

    `subject` is one line without control characters. `language`: of `syncd.texts.catalogues.LANGUAGES`.
    """

    subject: str
    text: str
    html: str
    blocks: tuple[Mapping[str, Any], ...]
    language: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stays the same at each try: `message_id` (with its angle brackets), and `thread`, the same for all messages
    that belong together; both are made of characters that a header takes as they are."""

    message_id: str
    thread: str | None = None


Part = Mapping[str, Any]
"""What is sent in one go, in a form that JSON keeps: it is stored before it is sent."""


class NotTold(Exception):
    """A part did not reach its target. `sentence` says why, `hint` what to do; neither has a secret in it."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class TryAgain(NotTold):
    """It was surely not accepted, and may be later; not before `retry_after`, where the target said so."""

    def __init__(self, sentence: str, hint: str = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence, hint)
        self.retry_after = retry_after


class Unsure(NotTold):
    """The answer was lost: it may have been accepted. The same part, with the same Message-ID, is sent again."""


class TurnedAway(NotTold):
    """It was surely not accepted, and will not be until somebody mends something."""


class Unfit(NotTold):
    """This message was surely not accepted, and never will be as it is; another one may be, and nobody need mend
    anything for it."""


class Notifier(Protocol):
    """One target: an address, a Slack channel. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """As `SYNCD_ROUTES` and `syncd alerts` call it; never a secret."""
        ...

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        """The message as it is sent: at least one part, each within what the target takes."""
        ...

    def send(self, part: Part) -> None:
        """Send one of `parts`; returns when the target has taken it.

        Raises:
            TryAgain, Unsure, TurnedAway, Unfit: it has not, or perhaps not. Nothing else is raised.
        """
        ...

    def check(self) -> Finding:
        """Whether the target would take a message, as far as that can be told without sending one; raises nothing."""
        ...
