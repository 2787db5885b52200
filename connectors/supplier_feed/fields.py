"""Which column or field of a feed is meant by a word of the settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

from connectors.tables.cells import fold, printable
from connectors.tables.values import TableError

Path = tuple[str, ...]
"""Names from the item down to a field. An attribute's name begins with @."""


def find(word: str, paths: Iterable[Path]) -> Path | None:
    """The field that `word` names: its name, or its whole way with dots; the closest spelling wins.

    Raises:
        TableError: two fields fit equally well.
    """
    known = list(paths)
    for spelling in _SPELLINGS:
        meant = spelling(word)
        fitting = [path for path in known if meant and spelling(".".join(path)) == meant]
        if len(fitting) > 1:
            shown = " and ".join(f'"{printable(".".join(path))}"' for path in fitting[:2])
            raise TableError(f'"{printable(word)}" could be {shown}.', hint="Write it as it stands in the feed.")
        if fitting:
            return fitting[0]
    return None


def near(word: str, known: Sequence[str]) -> str:
    """`Did you mean "..."?` where a known word is like it, else what there is."""
    by_fold = {fold(name): name for name in known if name}
    found = difflib.get_close_matches(fold(word), list(by_fold), n=1)
    if found:
        return f'Did you mean "{printable(by_fold[found[0]])}"?'
    return f"There is: {printable(', '.join(by_fold.values()), 300)}." if by_fold else ""


def _exact(name: str) -> str:
    return name.strip()


def _without_namespace(name: str) -> str:
    return fold(".".join(part.rpartition(":")[2] for part in name.split(".")))


_SPELLINGS: tuple[Callable[[str], str], ...] = (_exact, fold, _without_namespace)
