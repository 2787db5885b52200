"""Every setting of syncd, declared once: parsing, `.env.example` and `syncd init` read this table.

What a connector understands beside these is declared by the connector itself (``SETTINGS``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.contract import Setting, SettingType
from syncd import settings_routes as words
from syncd import settings_values as values
from syncd.alerts.settings import Security
from syncd.domain.alerts import Rule, Severity
from syncd.domain.status import StockStatus
from syncd.texts import catalogues
from syncd.texts.wording import PLACEHOLDERS


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

_PROMISE_DAYS = "the delivery that your site promises, in working days"


def _own_texts(absent: str) -> tuple[Known, ...]:
    examples = {
        StockStatus.IN_STOCK: "In stock, leaves us today",
        StockStatus.EXTERNAL_WAREHOUSE: "In stock, leaves us in {days}",
        StockStatus.ON_THE_WAY: "New stock comes on {date}",
        StockStatus.SUPPLIER: "We order it for you, that takes {longest} working days",
        StockStatus.PRE_ORDER: "Order now, we ship on {date}",
        StockStatus.OUT_OF_STOCK: "Sold out",
    }
    told = {status: ", ".join(f"{{{name}}}" for name in named) for status, named in PLACEHOLDERS.items()}
    return tuple(
        Known(
            f"TEXT_{status.name}",
            f"your own text for {status.value}{told[status] and f', with {told[status]} in it where you like'}",
            values.own_text(status),
            absent=absent,
            example=example,
        )
        for status, example in examples.items()
    )


_SELLS = "what is sold, of own, external (warehouses), incoming (on the way), supplier and pre-order,"
_POOLS = {
    "EXTERNAL": "external warehouses",
    "INCOMING": "what is on the way",
    "SUPPLIER": "suppliers' stock",
    "PRE_ORDER": "pre-orders",
}

ALERTS: tuple[Known, ...] = (
    Known(
        "EMAIL_TO",
        "who is told by mail: addresses with commas between them",
        values.email_addresses,
        absent="nobody is told by mail",
        example="me@example.com",
        owner_edits=True,
    ),
    Known(
        "SMTP_HOST",
        "your mail server; port 587 unless SYNCD_SMTP_PORT says otherwise",
        values.host,
        absent="no mail is sent",
        example="smtp.example.com",
        owner_edits=True,
    ),
    Known(
        "SMTP_USER",
        "the user of the mail server, if it wants a login",
        str,
        absent="no login",
        example="alerts@example.com",
        owner_edits=True,
    ),
    Known(
        "SMTP_PASSWORD",
        "its password; many providers want an app password",
        str,
        absent="no login",
        secret=True,
        example="...",
        owner_edits=True,
    ),
    Known(
        "SLACK_WEBHOOK_URL",
        "an incoming webhook of Slack: api.slack.com/apps, your app, Incoming Webhooks",
        values.webhook_url,
        absent="nobody is told in Slack",
        secret=True,
        example="https://hooks.slack.com/services/...",
        owner_edits=True,
    ),
    Known(
        "SMTP_PORT",
        "the port of the mail server",
        values.port,
        absent="587 with starttls, 465 with tls, 25 with none",
        example="465",
    ),
    Known(
        "SMTP_SECURITY",
        "how the connection to it is encrypted: starttls, tls (from its first byte on) or none (only on this machine"
        " together with a password)",
        values.choice(*(one.value for one in Security)),
        absent="tls where SYNCD_SMTP_PORT is 465, else starttls",
        example="tls",
    ),
    Known(
        "SMTP_CA_FILE",
        "certificates to trust instead of the usual ones, for a mail server with an authority of its own",
        values.existing_file,
        absent="the usual ones",
        reads=True,
    ),
    Known(
        "EMAIL_FROM",
        "from which address mail is sent",
        values.email_address,
        absent="SYNCD_SMTP_USER if it is an address, else syncd@ and the domain of SYNCD_SMTP_HOST",
        example="alerts@example.com",
    ),
    Known(
        "APPRISE_URLS",
        "further services by their Apprise addresses, with blanks between them; wants the package apprise beside syncd",
        values.service_urls,
        absent="none",
        secret=True,
        example="ntfys://ntfy.sh/my-topic",
    ),
    Known(
        "ROUTES",
        "who is told of what, as what:where with commas between them; the first that fits holds. what:"
        f" {', '.join((*Severity, *Rule))}, category NAME or all, with + between what must fit together. where: email,"
        " an address, slack, apprise or nobody, with + between them",
        words.routes,
        absent="everybody is told of everything",
        example="category Shoes:anna@example.com, oversold:email+slack, info:nobody",
    ),
    Known(
        "AT_ONCE",
        "what does not wait for the digest: rules, severities, category NAME; all, or none",
        words.matters,
        default="critical, warning",
    ),
    Known(
        "DIGEST", "when the rest is told: each day (08:00), or once a week (Mon 08:00)", words.digest, default="08:00"
    ),
    Known(
        "QUIET_HOURS",
        "when nobody is disturbed; what comes meanwhile is told at their end",
        words.quiet_hours,
        absent="no hours are quiet",
        example="22:00-07:00",
    ),
    Known("QUIET_EXCEPT", "what is told in quiet hours, too: as in SYNCD_AT_ONCE", words.matters, default="critical"),
    Known(
        "DAILY_LINE",
        "with each digest a line tells how things stand, also where nothing happened: silence would not be clear",
        values.yes_no,
        default="yes",
    ),
    Known(
        "DEAD_AFTER", "a SKU of which nobody bought one for so long is told as dead stock", values.days, default="180d"
    ),
    Known("OVERSTOCK_AFTER", "a SKU that lasts for longer than this is told as overstock", values.days, default="365d"),
    Known("ORDER_FOR", "how long an order at a supplier should last beyond its lead time", values.days, default="30d"),
)

HOUSE: tuple[Known, ...] = (
    Known(
        "CHANNELS",
        "your shops, as name:kind with commas between them",
        str,
        required=True,
        example="woo:woocommerce, shopify_il:shopify",
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
    Known("SELLS", f"{_SELLS} on every channel", values.pools, default="own, external"),
    *(
        Known(f"{pool}_BUFFER", f"held back of {what} on every channel: units, or a share", values.buffer, default="0")
        for pool, what in _POOLS.items()
    ),
    Known(
        "SILENT_BUFFER",
        "further units held back while a shop or till that may have sold the SKU is silent (SILENT_AFTER)",
        values.units,
        default="1",
    ),
    Known(
        "FAST_BUFFER",
        "further units held back of what sells fast, as a share of what was sold in the last hour",
        values.percent,
        default="0%",
    ),
    Known(
        "LAST_UNITS",
        "where so many or fewer are left, hold so many of them back: 3:1",
        values.last_units,
        absent="the last unit is sold like any other",
        example="3:1",
    ),
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
    Known(
        "HOLD_MISSING",
        "a supplier's feed in which more than this share of its SKUs is missing waits for `syncd approve`",
        values.percent,
        default="20%",
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
        "LANGUAGE",
        f"the language of alerts and shop texts: {', '.join(catalogues.LANGUAGES)}",
        values.choice(*catalogues.LANGUAGES),
        default=catalogues.SOURCE,
        owner_edits=True,
    ),
    Known("WORKING_DAYS", "the days of the week on which you ship", values.weekdays, default="Mon-Fri"),
    Known(
        "HOLIDAYS",
        "days on which you do not ship, single or from..to",
        values.holidays,
        absent="none",
        example="2026-12-24..2026-12-26, 2027-01-01",
    ),
    Known(
        "SHIPS_UNTIL",
        "what is ordered later than this ships on the next working day, by SYNCD_TIMEZONE",
        values.clock,
        absent="no time of the day is too late",
        example="14:00",
    ),
    Known("PROMISE_DAYS", _PROMISE_DAYS, values.units, absent="no promise is checked", example="3"),
    Known(
        "EXTERNAL",
        "your external warehouses, as name:working days that it takes to ship from there",
        values.days_from,
        absent="none",
        example="Depot:2-4, 3PL Berlin:5",
    ),
    *_own_texts("the text of the language"),
    *ALERTS,
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
        "SELLS",
        f"{_SELLS} on this channel",
        values.pools,
        absent="SYNCD_SELLS holds",
        example="own, external, incoming",
    ),
    *(
        Known(
            f"{pool}_BUFFER",
            f"held back of {what} on this channel",
            values.buffer,
            absent=f"SYNCD_{pool}_BUFFER holds",
            example="1",
        )
        for pool, what in _POOLS.items()
    ),
    Known("STATUSES", "write beside each number what it means, for buyers to read", values.yes_no, default="yes"),
    Known(
        "TRUST",
        "of a supplier's feed: how much of the stated stock is believed",
        values.percent,
        default="80%",
    ),
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
    Known(
        "LANGUAGE",
        f"the language of what this channel's buyers read: {', '.join(catalogues.LANGUAGES)}",
        values.choice(*catalogues.LANGUAGES),
        absent="SYNCD_LANGUAGE holds",
        example="he",
    ),
    Known("PROMISE_DAYS", _PROMISE_DAYS, values.units, absent="SYNCD_PROMISE_DAYS holds", example="3"),
    *_own_texts("the house's own text, where the channel has the house's language"),
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
    """All settings of a channel by name. Where a connector declares one of `PER_CHANNEL`, the latter wins, with the
    default and the words that suit this kind of channel, where it has a default of its own."""
    own = {setting.name: of_connector(setting) for setting in declared}
    return own | {known.name: _by_kind(known, own.get(known.name)) for known in PER_CHANNEL}


def _by_kind(known: Known, own: Known | None) -> Known:
    return known if own is None or own.default is None else replace(known, default=own.default, help=own.help)
