"""`syncd init`: asks for the shops, tries each on the spot and writes `.env`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from connectors import registry
from connectors.contract import Connector, Surroundings
from syncd import config, places, settings_file, settings_table, setup
from syncd.cli import invocation, output
from syncd.domain.availability import Buffer
from syncd.errors import CONFIGURATION, ConfigError, Problem, SyncdError
from syncd.settings_table import Known
from syncd.setup import NewChannel, Trial
from syncd.systemd import accounts
from syncd.systemd.accounts import System

_SHORT = {"woocommerce": "woo"}  # what owners call it


def init(
    ctx: typer.Context,
    channel: Annotated[
        list[str] | None, typer.Option(help="A shop as name:kind, such as woo:woocommerce. May be repeated.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An answer, such as WOO_URL=https://shop.example.com. Secrets: as variables of the environment.",
        ),
    ] = None,
    buffer: Annotated[str | None, typer.Option(help="Units to hold back on every channel, or percent.")] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Try each shop before writing.")] = True,
) -> None:
    """Ask for your shops, try each of them, and write the settings.

    Where there is no terminal, everything comes from the options and the environment.
    """
    run = invocation.of(ctx)
    typed = dict(_pair(answer) for answer in answers or ())
    given = {**run.environ, **typed}
    if buffer is not None:
        given["SYNCD_BUFFER"] = buffer
    dialogue = Dialogue(output.asker(), given, typed=tuple(typed), try_shops=check)
    dialogue.hold(run.env_file, tuple(channel or ()))


def _pair(answer: str) -> tuple[str, str]:
    key, equals, value = answer.partition("=")
    if not equals:
        raise typer.BadParameter("write KEY=VALUE, such as WOO_URL=https://shop.example.com", param_hint="--set")
    return key.strip().upper(), value


@dataclass(slots=True)
class Dialogue:
    """The questions, in their order. What is `given` is not asked; without an `asker` the rest takes its default.

    `typed` names those of the given that were meant for these settings: one that is no setting is refused.
    """

    asker: output.Asker | None
    given: Mapping[str, str]
    typed: tuple[str, ...] = ()
    try_shops: bool = True
    find_kind: config.FindKind = registry.find
    kinds: Callable[[], tuple[str, ...]] = registry.kinds
    surroundings: Surroundings = field(default_factory=Surroundings)
    looked_for: tuple[Path, ...] = places.SETTINGS
    state_folder: Path = field(default_factory=lambda: places.state_folder(os.environ))
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    machine: System = field(default_factory=System)

    def hold(self, env_file: Path | None, named: tuple[str, ...]) -> None:
        """Ask, try, write; says at the end what was written where."""
        if self.given.get("SYNCD_CHANNELS"):
            sentence = "SYNCD_CHANNELS is set in the environment: it would win over what is written now."
            raise SyncdError(sentence, "Unset it first.", exit_code=CONFIGURATION)
        target = self._target(env_file)
        text = settings_file.text_of(target) if target.exists() else ""
        before = self._channels_of(text, target)
        if before and self.asker and not self._adds_to(target, before):
            text, before = "", ()
        house = {} if before else self._house()
        channels: list[NewChannel] = []
        wanted = list(named)
        while True:
            taken = (*before, *(channel.name for channel in channels))
            channel, trial = self._channel(wanted.pop(0) if wanted else "", taken)
            channels.append(channel)
            if house and "BUFFER" not in house:
                house["BUFFER"] = self._buffer(trial)
            if not wanted and not (self.asker and self.asker.confirm("Another channel?", default=False)):
                break
        self._write(target, text, channels, house)

    # ------------------------------------------------------------------ the file

    def _target(self, env_file: Path | None) -> Path:
        """The file that every later command would read, else where a new one belongs."""
        found = settings_file.find(env_file, self.given, self.looked_for)
        target = found or (self.looked_for[0] if self.is_root else self.looked_for[-1])
        if not settings_file.may_be_written(target):  # told now, not after a dozen answers
            hint = "Run: sudo syncd init, or name another file: syncd --env-file FILE init"
            raise SyncdError(f"{target} may not be written by this user.", hint, exit_code=CONFIGURATION)
        return target

    def _channels_of(self, text: str, target: Path) -> tuple[str, ...]:
        """The channels that the file has. A file with mistakes is refused before anything is asked."""
        lines = settings_file.parse(text)
        if "SYNCD_CHANNELS" not in lines.values:
            if lines.problems:
                raise ConfigError(lines.problems, source=str(target))
            return ()
        settings = config.from_lines(lines, self.given, source=target, find_kind=self.find_kind)
        return tuple(channel.name for channel in settings.channels)

    def _adds_to(self, target: Path, before: tuple[str, ...]) -> bool:
        assert self.asker is not None
        if self.asker.confirm(f"{target} has {', '.join(before)}. Add a channel to it?", default=True):
            return True
        if self.asker.confirm("Begin anew? What is there now is kept beside it.", default=False):
            return False
        raise SyncdError(f"{target} stays as it was.", exit_code=0)

    def _house(self) -> dict[str, str]:
        """What a new file says for all channels; the buffer is asked once a shop was read."""
        # Pinned, so that a command run by another user finds the same master table.
        pinned = f"sqlite:///{self.state_folder / 'syncd.db'}"
        proposed = {"TIMEZONE": setup.local_timezone(), "REORDER_POINT": "5", "DATABASE_URL": pinned}
        house = {}
        for known in settings_table.HOUSE:
            if text := self.given.get(f"SYNCD_{known.name}") or proposed.get(known.name, ""):
                house[known.name] = _valid(f"SYNCD_{known.name}", known, text)
        return house

    def _write(self, target: Path, text: str, channels: list[NewChannel], house: Mapping[str, str]) -> None:
        now = self.surroundings.now()
        self._refuse_unused(channels, house)
        if house:
            other_programs = f"{text.rstrip()}\n\n" if text.strip() else ""
            new = other_programs + setup.new_file(channels, house, written=f"{now:%Y-%m-%d}")
        else:
            new = setup.with_channels(text, channels)
        setup.prove(new, channels, self.given, target=target, find_kind=self.find_kind)
        backup = settings_file.write_private(target, new, now=now)
        if self.is_root and target == self.machine.settings:
            self._hand_over()
        output.line(f"Written: {target} ({self._readers(target)}).")
        if backup:
            output.line(f"What was there before: {backup}")
        if house.get("DATABASE_URL", "").startswith("sqlite:///"):
            output.line(f"Database: {house['DATABASE_URL'].removeprefix('sqlite:///')}")
        output.line("Next: syncd check")

    def _hand_over(self) -> None:
        """Make the user of the service and give it what it needs; where it could not run, all stays root's."""
        user = accounts.user_of(self.machine)
        problems = accounts.runs_as(self.machine, user)
        if not problems:
            accounts.prepare(self.machine, user)
        for problem in problems:
            output.failure(f"{problem.sentence} Everything stays root's, and syncd cannot be a service.", problem.hint)

    def _readers(self, target: Path) -> str:
        me = "root" if self.is_root else "you"
        match accounts.readers(target, of=self.machine):
            case "":
                return f"only {me} can read it"
            case "the service":
                return f"{me} and {self.machine.user} only"
        return "its group can, too, read it"

    def _refuse_unused(self, channels: list[NewChannel], house: Mapping[str, str]) -> None:
        """Refuse a typed answer that no line of the file would hold."""
        of_house = [f"SYNCD_{known.name}" for known in settings_table.HOUSE]
        used = [f"{channel.name.upper()}_{known.name}" for channel in channels for known in channel.known]
        used += of_house if house else []
        problems = []
        for key in self.typed:
            if key in used:
                continue
            if key in of_house:
                problems.append(Problem(f"{key} stands in the file that is there.", "Change it there."))
                continue
            near = difflib.get_close_matches(key, used, n=1)
            hint = f"Did you mean {near[0]}?" if near else "All settings are in .env.example."
            problems.append(Problem(f"--set: {key} is not a setting.", hint))
        if problems:
            raise ConfigError(problems, source="the answers")

    # ------------------------------------------------------------------ a channel

    def _channel(self, named: str, taken: tuple[str, ...]) -> tuple[NewChannel, Trial]:
        name, connector = self._name_and_kind(named, taken)
        for sentence in setup.guide(connector) if self.asker else ():
            output.line(sentence)
        channel = NewChannel(name, connector, self._answers(name, connector))
        while self.try_shops:
            with output.progress() as progress:
                trial = setup.try_out(channel, self.surroundings, progress)
            output.findings(name, trial.findings)
            if not trial.failed:
                return channel, trial
            what_next = self._after_failure(name)
            if what_next == "write":
                break
            if what_next == "change":
                channel = NewChannel(name, connector, self._answers(name, connector, again=channel.answers))
        return channel, Trial(())

    def _name_and_kind(self, named: str, taken: tuple[str, ...]) -> tuple[str, type[Connector]]:
        name, _, kind = (part.strip() for part in named.partition(":"))
        if not self.asker and not (name and kind):
            self._refuse("Which shop? Name it with --channel, such as --channel woo:woocommerce")
        connector = self._kind(kind)
        return self._name(name, _SHORT.get(connector.kind, connector.kind), taken), connector

    def _kind(self, kind: str) -> type[Connector]:
        while True:
            if self.asker and not kind:
                kind = self.asker.ask(f"Kind ({', '.join(self.kinds())})")
            try:
                return self.find_kind(kind)
            except LookupError as error:
                self._refuse(str(error.args[0]))
                kind = ""

    def _name(self, name: str, proposed: str, taken: tuple[str, ...]) -> str:
        while True:
            if self.asker and not name:
                name = self.asker.ask("Name", default=proposed)
            refusal = config.name_refusal(name, taken)
            if not refusal:
                return name
            self._refuse(refusal)
            name = ""

    def _refuse(self, sentence: str) -> None:
        """Tell a person, who may answer again; end a script."""
        if not self.asker:
            raise SyncdError(sentence, exit_code=CONFIGURATION)
        output.failure(sentence)

    def _answers(
        self, name: str, connector: type[Connector], *, again: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The connector's settings by name, without those left empty. `again` are answers that did not do."""
        answers: dict[str, str] = {}
        missing: list[Problem] = []
        for known in setup.known_to(connector):
            key = f"{name.upper()}_{known.name}"
            given = self.given.get(key, "")
            if given and (again is None or not known.owner_edits):
                answers[known.name] = _valid(key, known, given)
            elif self.asker and known.owner_edits:
                suggested = (again or {}).get(known.name) if not known.secret else None
                answers[known.name] = self._asked(key, known, suggested or known.default)
            elif known.required:
                how = "Give it as a variable of the environment." if known.secret else f"Give it with --set {key}=..."
                missing.append(Problem(f"{key} is missing: {known.help}.", how))
        if missing:
            raise ConfigError(missing, source="the answers")
        return {known: answer for known, answer in answers.items() if answer}

    def _asked(self, key: str, known: Known, default: str | None) -> str:
        assert self.asker is not None
        such_as = f", such as {known.example}" if known.example and not known.secret else ""
        optional = "" if known.required else " (Enter: none)" if default is None else " (Enter: as shown)"
        while True:
            answer = self.asker.ask(
                f"{known.help}{such_as}{optional}",
                default=default if known.required else default or "",
                hidden=known.secret,
            )
            try:
                return _valid(key, known, answer) if answer else ""
            except SyncdError as error:
                output.failure(error.sentence, error.hint)

    def _after_failure(self, name: str) -> str:
        """What to do about a shop that failed its trial: try, change or write."""
        if not self.asker:
            hint = "Mend it, or write the settings all the same with --no-check."
            raise SyncdError(f"{name} failed its trial; nothing is written.", hint, exit_code=CONFIGURATION)
        while True:
            answer = self.asker.ask(
                "Mended it? (try) again, (change) the answers, or (write) them as they are", default="try"
            )
            if answer in ("try", "change", "write"):
                return answer

    def _buffer(self, trial: Trial) -> str:
        (known,) = (known for known in settings_table.HOUSE if known.name == "BUFFER")
        assert known.default is not None
        if not self.asker:
            return known.default
        question = "Units to hold back"
        if trial.shown:
            two, one = (trial.sold_out_by(Buffer(units=units)) for units in (2, 1))
            question += f": with 2, {two} SKUs would show sold out; with 1, {one}."
        while True:
            try:
                return _valid("SYNCD_BUFFER", known, self.asker.ask(question, default=known.default))
            except SyncdError as error:
                output.failure(error.sentence)


def _valid(key: str, known: Known, text: str) -> str:
    """The text, when it can be read as this setting and written into a line."""
    try:
        known.parse(text)
        settings_file.assignment(key, text)
    except ValueError as error:
        expected = str(error) if str(error).startswith(key) else f"{key} takes {error}"
        raise SyncdError(f"{expected}.", exit_code=CONFIGURATION) from None
    return text
