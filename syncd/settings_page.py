"""Writes the page of all settings from the settings that are declared:
``python -m syncd.settings_page > docs/settings.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from connectors import registry
from syncd import settings_table
from syncd.settings_table import ALERTS, HOUSE, PER_CHANNEL, Known

# Those that ship; a plugin's settings are for its own page.
_KINDS = ("woocommerce", "shopify", "supplier_feed", "till")
_HEAD = """\
# Settings

Lines of one `.env` file; `syncd init` writes it. It is looked for in this order: `--env-file`, the variable
`SYNCD_ENV_FILE`, `/etc/syncd/.env`, `./.env`. A variable of the environment wins over the file's line. An unknown key
or an unreadable value stops every command with one line for each mistake.

- `SYNCD_` stands before the settings of the house, the name of a channel in capitals before its own: the channel `woo`
  has `WOO_URL`.
- A secret stands in single quotes, or in a file of its own: `WOO_SECRET_FILE=/path` instead of `WOO_SECRET`.
- Times are a number and s, m, h or d: `60s`, `26h`, `2d`. A buffer is units, or a share such as `10%`.
- What holds for one SKU, category or supplier only is set by [`syncd set`](every-day.md#buffers-and-other-rules).

This page is written from the settings: `python -m syncd.settings_page > docs/settings.md`.
"""


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    parts = [
        _HEAD,
        *_section("The house", "`SYNCD_...`", (known for known in HOUSE if known not in ALERTS)),
        *_section("Alerts", "`SYNCD_...`", ALERTS),
        *_section("Every channel", "`<CHANNEL>_...`", PER_CHANNEL),
    ]
    of_every_channel = {known.name for known in PER_CHANNEL}
    for kind in _KINDS:
        own = (settings_table.of_connector(setting) for setting in registry.find(kind).SETTINGS)
        title = f"Channels of the kind {kind}"
        # What is common to all channels is told again where this kind has a default of its own.
        suits = (known for known in own if known.name not in of_every_channel or known.default is not None)
        parts += _section(title, "`<CHANNEL>_...`", suits)
    return "\n".join(parts)


def _section(title: str, prefix: str, settings: Iterable[Known]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"| {prefix} | | without it |"
    yield "|---|---|---|"
    for known in settings:
        cells = (f"`{known.name}`", f"{known.help[:1].upper()}{known.help[1:]}", _without(known))
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _without(known: Known) -> str:
    if known.required:
        return "(must be given)"
    return f"`{known.default}`" if known.default is not None else known.absent


if __name__ == "__main__":
    sys.stdout.write(settings_page())
