"""Writes `.env.example` from the settings that are declared: ``python -m syncd.settings_example > .env.example``."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from connectors import registry
from connectors.contract import Connector
from syncd import settings_table
from syncd.settings_file import assignment
from syncd.settings_table import ALERTS, HOUSE, PER_CHANNEL, Known

_CHANNELS = {"woo": "woocommerce", "shopify_il": "shopify"}  # the channels of the example
_FURTHER = {"acme": "supplier_feed", "till": "till"}  # kinds that not every shop has: all their lines are commented out
_OF_ALL = frozenset(known.name for known in PER_CHANNEL)  # where a connector declares one of these, it is this one
_WIDTH = 118
_HEAD = "# The lines you edit. All other settings, with their defaults, stand commented out further down."
_SECRETS = "Secrets stand in single quotes, or in a file of their own: WOO_KEY_FILE=/path instead of WOO_KEY"


def example_env(connectors: Mapping[str, type[Connector]] | None = None) -> str:
    """The text of `.env.example`: first what an owner edits, then every other setting, commented out.

    `connectors` are the classes of the example's channels, by kind; those that ship where none are given.
    """
    classes = connectors or {kind: registry.find(kind) for kind in _CHANNELS.values()}
    own = {
        name: [settings_table.of_connector(one) for one in classes[kind].SETTINGS if one.name not in _OF_ALL]
        for name, kind in _CHANNELS.items()
    }
    blocks = [[_HEAD, *edited("SYNCD_", [known for known in HOUSE if known not in ALERTS])]]
    blocks += [[*edited(f"{name.upper()}_", own[name])] for name in own]
    blocks.append([*edited("SYNCD_", ALERTS)])
    blocks.append(["# ---- All other settings. Take away the # in front of a line to change it.", f"# {_SECRETS}."])
    blocks += [[*commented("SYNCD_", [known])] for known in HOUSE if not known.owner_edits]
    blocks.append(["# ---- For each channel (here woo)."])
    blocks += [[*commented("WOO_", [known])] for known in PER_CHANNEL]
    for name, kind in _CHANNELS.items():
        blocks.append([f"# ---- For each channel of the kind {kind} (here {name})."])
        blocks += [[*commented(f"{name.upper()}_", [known])] for known in own[name] if not known.owner_edits]
    for name, kind in _FURTHER.items():
        blocks.append(
            [f"# ---- For each channel of the kind {kind} (here {name}; SYNCD_CHANNELS names it {name}:{kind})."]
        )
        declared = {one.name for one in registry.find(kind).SETTINGS}
        further = [
            one for one in settings_table.of_channel(registry.find(kind).SETTINGS).values() if one.name in declared
        ]
        blocks += [[*commented(f"{name.upper()}_", [known])] for known in further]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def edited(prefix: str, settings: Iterable[Known]) -> Iterator[str]:
    """The lines that an owner edits, each with its sentence behind it."""
    value = {known.name: known.example or known.default or "" for known in settings if known.owner_edits}
    return given(prefix, settings, value)


def given(prefix: str, settings: Iterable[Known], value: Mapping[str, str]) -> Iterator[str]:
    """A line for each of the settings that has a value, in their order; its sentence behind it, above if it is long."""
    lines = {
        assignment(prefix + known.name, value[known.name], secret=known.secret): known.help
        for known in settings
        if known.name in value
    }
    width = max((len(line) for line, sentence in lines.items() if len(line) + len(sentence) < _WIDTH - 8), default=0)
    for line, sentence in lines.items():
        if len(behind := f"{line:<{width}}  # {sentence}") <= _WIDTH:
            yield behind
        else:
            yield from _sentence(sentence)
            yield line


def _sentence(text: str) -> list[str]:
    return textwrap.wrap(f"{text[:1].upper()}{text[1:]}.", _WIDTH, initial_indent="# ", subsequent_indent="# ")


def commented(prefix: str, settings: Iterable[Known]) -> Iterator[str]:
    """Each setting as its sentence and a line that is commented out and shows what holds without it."""
    for known in settings:
        without = f". Without it: {known.absent}" if known.absent else ""
        yield from _sentence(known.help + without)
        yield f"#{assignment(prefix + known.name, known.example or known.default or '', secret=known.secret)}"


if __name__ == "__main__":
    sys.stdout.write(example_env())
