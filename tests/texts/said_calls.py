"""Every sentence that the source says through `Said`, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "syncd"


@dataclass(frozen=True)
class SaidCall:
    """One ``Said(…)`` or ``Said.number(…)``. `english`: its literals, ``None`` where one is none; `values`: the names
    that are given to it."""

    where: str
    english: tuple[str, ...] | None
    values: frozenset[str]

    @property
    def msgid(self) -> str | tuple[str, ...]:
        assert self.english is not None, self.where
        return self.english if len(self.english) > 1 else self.english[0]


@cache
def said_calls() -> tuple[SaidCall, ...]:
    return tuple(call for path in sorted(SOURCE.rglob("*.py")) for call in _of(path))


def strings_with_values() -> Iterator[tuple[str, str]]:
    """Every f-string of the source and where it stands, with its expressions in braces."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield f"{path.relative_to(SOURCE.parent)}:{node.lineno}", "".join(map(_part, node.values))


def _part(of: ast.expr) -> str:
    if isinstance(of, ast.FormattedValue):
        return f"{{{ast.unparse(of.value)}}}"
    return str(ast.literal_eval(of))


def _of(path: Path) -> Iterator[SaidCall]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        where = f"{path.relative_to(SOURCE.parent)}:{node.lineno}"
        names = frozenset(keyword.arg or "**" for keyword in node.keywords)
        if isinstance(node.func, ast.Name) and node.func.id == "Said":
            yield SaidCall(where, _literals(node.args), names)
        elif ast.unparse(node.func) == "Said.number":
            yield SaidCall(where, _literals(node.args[:2]), names | {"number"})


def _literals(arguments: list[ast.expr]) -> tuple[str, ...] | None:
    found = [one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return tuple(found) if found and len(found) == len(arguments) else None
