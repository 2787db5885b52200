"""Errors as Shopify words them: `GraphError` ends up in the answer's ``errors``, with HTTP 200."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.sandbox.shopify.graphql.document import At

Path = tuple[str | int, ...]


class GraphError(Exception):
    """One entry of ``errors``. `extensions` carries at least the code, where Shopify gives one."""

    def __init__(self, message: str, *, at: Sequence[At] = (), path: Path = (), **extensions: object) -> None:
        super().__init__(message)
        self.at = tuple(at)
        self.path = path
        self.extensions = extensions

    def shown(self) -> dict[str, object]:
        """The entry as the answer shows it."""
        entry: dict[str, object] = {"message": self.args[0]}
        if self.at:
            entry["locations"] = [at._asdict() for at in self.at]
        if self.extensions:
            entry["extensions"] = self.extensions
        if self.path:
            entry["path"] = list(self.path)
        return entry


class Refused(Exception):
    """A whole request is refused before anything runs: `errors` is the answer, and there is no ``data``."""

    def __init__(self, *errors: GraphError) -> None:
        super().__init__(str(errors[0]))
        self.errors = errors
