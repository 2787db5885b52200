"""A feed as it was fetched, before anybody looks into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Stamp = tuple[str | int | None, ...]
"""What tells a later look that nothing changed; each source has its own."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`name` is what messages call it; `stated_at` when the supplier wrote it, ``None`` where it does not say."""

    name: str
    content: bytes = field(repr=False)
    stated_at: datetime | None
    stamp: Stamp


class Source(Protocol):
    """Where a feed comes from."""

    def fetch(self, known: Stamp | None) -> Fetched | None:
        """The feed; ``None`` where it is sure to be the one with the stamp `known`.

        Raises:
            Unavailable: it cannot be had now.
            CredentialsRejected, Unreadable: a person is needed.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
