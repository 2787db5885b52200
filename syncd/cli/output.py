"""How the commands speak: to a person on a terminal, or plain and unwrapped into a pipe."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from connectors.contract import Finding, Level
from syncd.domain.said import one_line
from syncd.errors import CONFIGURATION, ConfigError, SyncdError

if TYPE_CHECKING:  # the services bring the database along, which --help does not need
    from syncd.sync.house import Progress

_PIPE_WIDTH = 10_000  # nothing is wrapped where nobody looks
_LONGEST_CELL = 60  # characters, on a terminal
_LOOKS = {Level.OK: ("ok", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("FAIL", "bold red")}


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, soft_wrap=True, markup=False, highlight=False, emoji=False)


def line(text: str = "") -> None:
    """Print a line to stdout."""
    _console(sys.stdout).print(text)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print rows under their columns, two blanks in front; the columns named in `right` (numbers) end flush.

    A cell stays on its line, whatever a shop put into a name; on a terminal a very long one is cut in the middle.
    """
    most = _LONGEST_CELL if sys.stdout.isatty() else None
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", no_wrap=not sys.stdout.isatty())
    for row in rows:
        grid.add_row(*(Text("" if cell is None else _cell(str(cell), most)) for cell in row))
    console = _console(sys.stdout)
    with console.capture() as captured:
        console.print(grid)
    for text in captured.get().splitlines():
        typer.echo(f"  {text.rstrip()}")


def _cell(text: str, most: int | None) -> str:
    plain = one_line(text)
    if most is None or len(plain) <= most:
        return plain
    tail = most // 3  # names of variations differ at their end
    return f"{plain[: most - tail - 1]}…{plain[-tail:]}"


def findings(name: str, found: Iterable[Finding]) -> None:
    """Print each finding about `name`, such as ``  ok    woo: may read and write``."""
    for finding in found:
        _finding(sys.stdout, finding.level, f"{name}: {sentence(finding.message, finding.hint)}")


def finding_rows(rows: Iterable[tuple[str, Finding]]) -> None:
    """Print findings about several things, their names in a column: ``  ok    settings  23, from /etc/syncd/.env``."""
    chosen = list(rows)
    width = max((len(name) for name, _ in chosen), default=0)
    for name, finding in chosen:
        _finding(sys.stdout, finding.level, f"{name:<{width}}  {sentence(finding.message, finding.hint)}")


def _finding(stream: TextIO, level: Level, text: str) -> None:
    word, style = _LOOKS[level]
    _console(stream).print(Text.assemble("  ", (f"{word:<4}", style), "  ", text))


def sentence(message: str, hint: str = "") -> str:
    """A message and the way out as one line; between them stands exactly one full stop, or the message's own end."""
    ended = re.sub(r"(?<!\.)\.\.$", ".", message)  # a shop's own sentence, quoted at the end of one of ours
    if hint and not ended.endswith((".", ":", "?", "!", "…")):
        ended += "."
    return f"{ended} {hint}".rstrip()


def failure(message: str, hint: str = "") -> None:
    """Print to stderr why a command could not do its work, and the way out."""
    _console(sys.stderr).print(sentence(message, hint))


def problems(error: ConfigError) -> None:
    """Print to stderr every problem with the settings, then how many there are."""
    for problem in error.problems:
        _finding(sys.stderr, Level.FAIL, str(problem))
    failure(error.sentence, error.hint)


def as_json(value: object) -> None:
    """Print a value of lists, mappings, texts, numbers and instants as JSON, and nothing else."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_instant))


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _quiet(*_step: object, **_named: object) -> None:
    """Show nothing."""


@contextmanager
def progress() -> Iterator[Progress]:
    """Show on a terminal's stderr how far work is, one line for each `what`; quiet in a pipe."""
    if not sys.stderr.isatty():
        yield _quiet
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=_console(sys.stderr), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=done, total=total)

        yield show


class Asker(Protocol):
    """Somebody who answers questions."""

    def ask(self, question: str, *, default: str | None = None, hidden: bool = False) -> str:
        """The answer, or the default where nothing is typed; without a default an empty answer is asked again."""
        ...

    def confirm(self, question: str, *, default: bool) -> bool:
        """True for yes."""
        ...


class Person:
    """The person at the terminal."""

    def ask(self, question: str, *, default: str | None = None, hidden: bool = False) -> str:
        with _stopping():
            answer = str(typer.prompt(question, default=default, hide_input=hidden, show_default=bool(default)))
        return answer if hidden else answer.strip()

    def confirm(self, question: str, *, default: bool) -> bool:
        with _stopping():
            return typer.confirm(question, default=default)


@contextmanager
def _stopping() -> Iterator[None]:
    """Ctrl-C and Ctrl-D at a question end the command as they do at work."""
    try:
        yield
    except typer.Abort:
        raise KeyboardInterrupt from None


def asker() -> Asker | None:
    """The person at the terminal; ``None`` where there is no terminal."""
    return Person() if sys.stdin.isatty() and sys.stdout.isatty() else None


def confirm(question: str, *, yes: bool) -> bool:
    """True where `yes` was given or the person at the terminal says yes.

    Raises:
        SyncdError: there is no terminal to ask at.
    """
    if yes:
        return True
    person = asker()
    if person is None:
        raise SyncdError(f"Nobody can be asked here: {question}", "Say yes with --yes.", exit_code=CONFIGURATION)
    return person.confirm(question, default=False)
