"""What an owner reads when something could not be done: one sentence, the way out, and an exit code (design.md §5).

=====  =========================================
code   meaning
=====  =========================================
0      done
1      partly failed, or not possible now
2      the settings or the command are wrong
3      held for safety: waits for `syncd approve`
75     somebody else is at work on it
130    stopped from the keyboard
=====  =========================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors import contract

PARTLY_FAILED = 1
CONFIGURATION = 2
HELD = 3
BUSY = 75
STOPPED = 130


class SyncdError(Exception):
    """Something that syncd could not do. `sentence` names the thing, `hint` the way out; neither holds a secret."""

    exit_code: int = PARTLY_FAILED

    def __init__(self, sentence: str, hint: str = "", *, exit_code: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings, and the way out."""

    sentence: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()


class ConfigError(SyncdError):
    """The settings are wrong: `problems` are all of them, not only the first. `source` is where they were read."""

    exit_code = CONFIGURATION

    def __init__(self, problems: Sequence[Problem], *, source: str) -> None:
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        super().__init__(f"{count} in {source}.", hint="Mend, then: syncd check")
        self.problems = tuple(problems)
        self.source = source


class Held(SyncdError):
    """A change was too big to make without a yes; nothing of it was made."""

    exit_code = HELD


class Busy(SyncdError):
    """Another run of syncd works on the same thing."""

    exit_code = BUSY


class PartlyFailed(SyncdError):
    """Some of the work is done and stays done; the rest is named."""

    exit_code = PARTLY_FAILED


# The sentence comes from the connector, which knows what happened; these are the ways out where it names none.
# The most specific class comes first.
_WAYS_OUT: tuple[tuple[type[contract.ConnectorError], str, int], ...] = (
    (contract.Unavailable, "Nothing was changed there. syncd tries again at the next sync.", PARTLY_FAILED),
    (
        contract.CredentialsRejected,
        "The other channels go on. Make a new key or token in the shop, put it into .env, then: syncd check",
        CONFIGURATION,
    ),
    (contract.CursorExpired, "The next sync reads its orders from the beginning.", PARTLY_FAILED),
    (
        contract.Unreadable,
        "This channel stands still, the other channels go on. Look for an update of syncd.",
        PARTLY_FAILED,
    ),
    (contract.InDoubt, "The next sync reads what the shop shows before it writes again.", PARTLY_FAILED),
    (contract.Conflict, "The next sync computes it anew.", PARTLY_FAILED),
    (contract.ConnectorError, "Look at the item in the shop, then: syncd sync", PARTLY_FAILED),
)


def of_channel(channel: str, error: contract.ConnectorError) -> SyncdError:
    """The error of a channel's connector as the owner reads it: the channel, the connector's sentence, a way out."""
    way_out, exit_code = next((hint, code) for kind, hint, code in _WAYS_OUT if isinstance(error, kind))
    if isinstance(error, contract.RateLimited):
        wait_s = max(1, round(error.retry_after.total_seconds()))
        way_out = f"Nothing was changed there. It asks to wait {wait_s} s."
    return SyncdError(f"{channel}: {error}", hint=error.hint or way_out, exit_code=exit_code)
