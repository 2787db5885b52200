"""Every setting of syncd, declared once: parsing, `.env.example` and `syncd init` read this table.

What a connector understands beside these is declared by the connector itself (``SETTINGS``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import Setting, SettingType
from syncd import settings_values as values


@dataclass(frozen=True, slots=True)
class Known:
    """A setting: ``SYNCD_<name>``, ``<CHANNEL>_<name>``, or both, where the channel's wins.

    `default` is the text that applies when nothing is given; ``None`` where absence means something of its own,
    which `absent` then tells. `owner_edits` marks the lines that `.env.example` begins with. `writes_in` is the folder
    in which a value lets the service write, and `reads` marks the path of a file to read: under systemd each place
    outside its own has to be opened to the service.
    """

    name: str
    help: str
    parse: Callable[[str], object]
    default: str | None = None
    absent: str = ""
    required: bool = False
    secret: bool = False
    example: str = ""
    owner_edits: bool = False
    writes_in: Callable[[Any], Path | None] | None = None
    reads: bool = False


_BUFFER = "units held back on every channel, or a share: 10%"
_CAP = "never offer more than this many units of a SKU"
_CUT_OFF = "offer 0 when fewer units than this would be offered"

HOUSE: tuple[Known, ...] = (
    Known(
        "CHANNELS",
        "your shops and suppliers, as name:kind with commas between",
        str,
        required=True,
        example="woo:woocommerce, shopify_il:shopify, acme:supplier_feed",
        owner_edits=True,
    ),
    Known("BUFFER", _BUFFER, values.buffer, default="2", owner_edits=True),
    Known(
        "REORDER_POINT",
        "order more at or below this (both per SKU: import file or `syncd set`)",
        values.units,
        default="5",
        owner_edits=True,
    ),
    Known(
        "TIMEZONE",
        "the time zone of the times that you read and type",
        values.timezone,
        default="UTC",
        example="Asia/Jerusalem",
        owner_edits=True,
    ),
    Known("CAP", _CAP, values.units, absent="no cap", example="50"),
    Known("CUT_OFF", _CUT_OFF, values.units, absent="no cut-off", example="2"),
    Known(
        "RETURNS_TO",
        "where returned units go: quarantine (not for sale until you accept them) or stock (for sale at once)",
        values.choice("quarantine", "stock"),
        default="quarantine",
    ),
    Known(
        "HOLD_ZEROING",
        "a plan that sells out more than this share of a channel's SKUs waits for `syncd approve`",
        values.percent,
        default="20%",
    ),
    Known(
        "HOLD_JUMPS",
        "a plan that more than doubles or halves more than this share of them waits for `syncd approve`",
        values.percent,
        default="50%",
    ),
    Known("HOLD_COUNT", "fewer SKUs than this never wait", values.units, default="5"),
    Known(
        "POLL",
        "the service reads each shop's orders at least this often; more often while customers buy",
        values.duration,
        default="60s",
    ),
    Known(
        "LISTEN",
        "where the service listens for webhooks, health and metrics, for programs of this machine; off: nowhere",
        values.listen,
        default="127.0.0.1:8737",
    ),
    Known(
        "WEBHOOK_URL",
        "the https address under which your web server passes webhooks on to SYNCD_LISTEN",
        values.https_url,
        absent="shops are only polled",
        example="https://sync.example.com",
    ),
    Known(
        "HEARTBEAT_URL",
        "an address that is called every minute while every live shop is fresh; its owner tells you when it stops",
        values.web_url,
        absent="nobody is called",
        secret=True,
        example="https://hc-ping.com/...",
    ),
    Known(
        "BACKUPS",
        "nightly copies of the SQLite master table that are kept beside it; 0: none are made",
        values.units,
        default="7",
    ),
    Known(
        "LOG",
        "how the service writes its log: event key=value, or one JSON object a line",
        values.choice("plain", "json"),
        default="plain",
    ),
    Known(
        "DATABASE_URL",
        "where the master table is: a SQLite file by its full path, or a PostgreSQL database",
        values.database_url,
        absent="sqlite:////var/lib/syncd/syncd.db for root or where that folder exists, else "
        "~/.local/state/syncd/syncd.db",
        secret=True,
        example="postgresql://syncd:...@localhost/syncd",
        writes_in=values.folder_of_table,
    ),
)

PER_CHANNEL: tuple[Known, ...] = (
    Known(
        "BUFFER", "units or share held back on this channel", values.buffer, absent="SYNCD_BUFFER holds", example="1"
    ),
    Known("CAP", "never offer more than this on this channel", values.units, absent="SYNCD_CAP holds", example="50"),
    Known(
        "CUT_OFF",
        "offer 0 on this channel when fewer would be offered",
        values.units,
        absent="SYNCD_CUT_OFF holds",
        example="2",
    ),
    Known(
        "ON_EDIT",
        "when the shop shows a number that no order explains: ask, adopt it as a count, or heal (yours wins)",
        values.choice("ask", "adopt", "heal"),
        default="ask",
    ),
    Known(
        "MANAGE_STOCK",
        "listings for which the shop does not count stock: leave them alone, or switch counting on",
        values.choice("leave", "on"),
        default="leave",
    ),
    Known(
        "SILENT_AFTER",
        "a channel that could not be read for so long no longer delays the others; its units count as sold",
        values.duration,
        default="2h",
    ),
    Known(
        "POLL",
        "the service reads this channel's orders at least this often",
        values.duration,
        absent="SYNCD_POLL holds",
        example="30s",
    ),
    Known(
        "SHIPS_FROM",
        "the locations whose units leave with this channel's orders, in that order",
        values.names,
        absent="your own shelf",
        example="Shelf, Warehouse",
    ),
)


def of_connector(setting: Setting) -> Known:
    """A connector's own setting, in the form of this table."""
    return Known(
        setting.name,
        setting.help,
        values.parser_of(setting),
        default=setting.default,
        required=setting.required,
        secret=setting.secret,
        example=setting.example,
        reads=setting.type is SettingType.PATH,
        writes_in=Path if setting.type is SettingType.FOLDER else None,
        owner_edits=setting.required or setting.secret or bool(setting.example),
    )


def of_channel(declared: tuple[Setting, ...]) -> dict[str, Known]:
    """All settings of a channel by name. Where a connector declares one of `PER_CHANNEL`, the latter wins."""
    return {setting.name: of_connector(setting) for setting in declared} | {known.name: known for known in PER_CHANNEL}
