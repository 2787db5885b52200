"""What `syncd init` does between its questions: tries a shop, and writes its settings into the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from connectors.contract import (
    Connector,
    ConnectorError,
    Finding,
    Guided,
    Level,
    ListingSource,
    SettingValue,
    Surroundings,
)
from syncd import config, settings_example, settings_file, settings_table, settings_values
from syncd.domain.availability import Buffer, Pools, Rule, offered

if TYPE_CHECKING:  # the services bring the database along, which --help does not need
    from syncd.sync.house import Progress

Make = Callable[[str, Mapping[str, SettingValue], Surroundings], Connector]


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel as its owner answered: texts as typed, by the connector's names; what was left empty is absent."""

    name: str
    connector: type[Connector]
    answers: Mapping[str, str]

    @property
    def known(self) -> list[settings_table.Known]:
        """Every setting of the channel, its connector's first."""
        return known_to(self.connector)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a first look at a shop found. `shown` are the units of its SKUs, empty where it was not read."""

    findings: tuple[Finding, ...]
    shown: tuple[int, ...] = ()

    @property
    def failed(self) -> bool:
        return any(finding.level is Level.FAIL for finding in self.findings)

    def sold_out_by(self, buffer: Buffer) -> int:
        """SKUs that show units now and would show none with this buffer."""
        return sum(units > 0 and not offered(Pools(own=units), Rule(buffer=buffer)).units for units in self.shown)


def known_to(connector: type[Connector]) -> list[settings_table.Known]:
    """Every setting of a channel of this kind, the connector's own first. An owner is asked for those that
    `owner_edits`; the others have defaults that do."""
    return list(settings_table.of_channel(connector.SETTINGS).values())


def guide(connector: object) -> tuple[str, ...]:
    """What a connector's class tells the owner before the questions."""
    return connector.GUIDE if isinstance(connector, Guided) else ()


def try_out(channel: NewChannel, surroundings: Surroundings, progress: Progress) -> Trial:
    """A first look at the shop: what `check()` finds, and the numbers that it shows. Changes nothing there."""
    lines = settings_file.parse("\n".join([f"SYNCD_CHANNELS={_named([channel])}", *_block(channel)]))
    settings = config.from_lines(lines, {}, source=None, find_kind=lambda _: channel.connector).channels[0]
    connector = cast(Make, channel.connector)(channel.name, settings.connector, surroundings)
    try:
        trial = Trial(tuple(connector.check()))
        if trial.failed or not isinstance(connector, ListingSource):
            return trial
        return Trial(trial.findings, tuple(_shown(channel.name, connector, progress)))
    except ConnectorError as error:
        return Trial((Finding(Level.FAIL, str(error), error.hint),))
    finally:
        connector.close()


def _shown(name: str, connector: ListingSource, progress: Progress) -> Iterator[int]:
    done = 0
    for page in connector.listings():
        yield from (listing.shown for listing in page.listings if listing.sku and listing.shown is not None)
        done += len(page.listings)
        progress(f"{name}: listings", done, page.total)


def new_file(channels: list[NewChannel], house: Mapping[str, str], *, written: str) -> str:
    """The text of a first `.env`: the lines that an owner edits, then every other setting, commented out.

    `house` are the values of SYNCD_ settings by name; `written` is the day.
    """
    lines = [f"# The settings of syncd, written by `syncd init` on {written}. Then: syncd check"]
    value = {**house, "CHANNELS": _named(channels)}
    lines += settings_example.given("SYNCD_", settings_table.HOUSE, value)
    for channel in channels:
        lines += ["", *_block(channel)]
    lines += ["", "# ---- All other settings. Take away the # in front of a line to change it."]
    rest = [known for known in settings_table.HOUSE if known.name not in value]
    lines += settings_example.commented("SYNCD_", rest)
    for channel in channels:
        lines += ["", *_rest(channel)]
    return "\n".join(lines) + "\n"


def with_channels(text: str, channels: list[NewChannel]) -> str:
    """The text of a `.env` with channels added; each of its lines and comments stays as it is.

    Only the line of SYNCD_CHANNELS changes; the rest is put behind the end.
    """
    before = settings_file.parse(text).values["SYNCD_CHANNELS"].value
    line = re.compile(rf"^(\s*(?:export\s+)?SYNCD_CHANNELS\s*=\s*['\"]?){re.escape(before)}", re.MULTILINE)
    named = ", ".join(filter(None, (before.rstrip(" ,"), _named(channels))))
    added = [entry for channel in channels for entry in ("", *_block(channel), *_rest(channel))]
    return line.sub(lambda found: found[1] + named, text, count=1).rstrip("\n") + "\n" + "\n".join(added) + "\n"


def _named(channels: list[NewChannel]) -> str:
    return ", ".join(f"{channel.name}:{channel.connector.kind}" for channel in channels)


def _block(channel: NewChannel) -> Iterator[str]:
    yield f"# {channel.name} ({channel.connector.kind})"
    yield from (f"# {sentence}" for sentence in guide(channel.connector))
    yield from settings_example.given(f"{channel.name.upper()}_", channel.known, channel.answers)


def _rest(channel: NewChannel) -> Iterator[str]:
    rest = [known for known in channel.known if known.name not in channel.answers]
    yield from settings_example.commented(f"{channel.name.upper()}_", rest)


def prove(
    text: str,
    channels: list[NewChannel],
    environ: Mapping[str, str],
    *,
    target: Path,
    find_kind: config.FindKind,
) -> None:
    """Read the text as every later command will read it, before it is written.

    Raises:
        ConfigError: the settings do not fit together.
        RuntimeError: an answer would not read back as it was given.
    """
    lines = settings_file.parse(text)
    config.from_lines(lines, environ, source=target, find_kind=find_kind)
    for channel in channels:
        for name, answer in channel.answers.items():
            if lines.values[f"{channel.name.upper()}_{name}"].value != answer:
                raise RuntimeError(f"{channel.name.upper()}_{name} would not read back as it was given")


def local_timezone(localtime: Path = Path("/etc/localtime")) -> str:
    """The name of this machine's time zone, UTC where it has none."""
    _, zoneinfo, name = str(localtime.resolve()).partition("/zoneinfo/")
    try:
        return settings_values.timezone(name).key if zoneinfo else "UTC"
    except ValueError:
        return "UTC"
