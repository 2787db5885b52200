"""What stands in `.env` for a supplier's feed."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from connectors.contract import Finding, Level, Setting, SettingType, SettingValue

MEANINGS = ("sku", "on_hand", "lead_time_days", "pack_size", "category")
"""What a column may mean, as it stands in COLUMNS."""
NEEDED = ("sku", "on_hand")
MAX_MB = 100
_MOST_UNITS = 1_000_000_000

SETTINGS = (
    Setting("URL", "Where the supplier puts the feed: an address with https:// or http://, or FOLDER instead",
            example="https://acme.example/stock.csv"),
    Setting("FOLDER", "The folder, by its full path, into which the feed comes as a file, instead of URL; the newest "
            "finished one is read", SettingType.FOLDER, example="/srv/acme"),
    Setting("COLUMNS", "What the feed calls its columns or fields; sku and on_hand are needed, of use beside them: "
            "lead_time_days, pack_size, category", SettingType.PAIRS, required=True,
            example="sku:Article, on_hand:Stock, lead_time_days:Days"),
    Setting("FILES", "Which files of FOLDER are feeds, such as stock-*.csv", default="*"),
    Setting("VALUES", "Units for each word that stands for stock, whatever its case", SettingType.PAIRS,
            example="Y:10, N:0, in stock:3"),
    Setting("DECIMAL", "Which sign stands before a fraction, comma or point, where 12,000 or 12.000 in the feed could "
            "be either; the other one is for thousands then", SettingType.CHOICE, choices=("comma", "point"),
            example="comma"),
    Setting("FORMAT", "What the feed is; auto looks at it", SettingType.CHOICE, "auto",
            choices=("auto", "csv", "xlsx", "xml", "json")),
    Setting("ENCODING", "The encoding of its text, such as windows-1250; unset, the text tells"),
    Setting("ITEMS", "XML: the element around one item. JSON: the way to the list, such as shop.products. Unset, the "
            "feed tells"),
    Setting("STOCK_IN", "Whether the feed counts single units or packs, which are multiplied by pack_size",
            SettingType.CHOICE, "units", choices=("units", "packs")),
    Setting("LEAD_TIME_DAYS", "Working days until goods of this supplier ship, where neither row nor category says",
            SettingType.INT, example="5"),
    Setting("LEAD_TIMES", "Working days until they ship, by category", SettingType.PAIRS,
            example="Shoes:3, Furniture:14"),
    Setting("USER", "User name, where the address asks for one", secret=True),
    Setting("PASSWORD", "Password of USER", secret=True),
    Setting("TOKEN", "Token that is sent along, instead of USER: alone as Bearer, or with its header, such as "
            "X-Api-Key: abc", secret=True),
    Setting("PRIVATE_ADDRESSES", "Whether URL may lie in your own network", SettingType.BOOL, "no"),
    Setting("CA_FILE", "Certificates to trust instead of the usual ones", SettingType.PATH),
    Setting("SILENT_AFTER", "What the supplier stated is sold for so long; after that it is out of every number",
            SettingType.DURATION, "36h"),
    Setting("POLL", "The service looks at the feed so often", SettingType.DURATION, "15m"),
    Setting("MAX_MB", "A feed larger than this is refused", SettingType.INT, str(MAX_MB)),
)  # fmt: skip

GUIDE = (
    "From the supplier: the address of the stock feed (CSV, XLSX, XML, JSON), or a file that comes into a folder here.",
    "Open it once and look what the columns with article number and stock are called.",
    "Words instead of numbers (in stock, Y, >10) get their units in VALUES; syncd check names those without.",
)

_SECRET_NAME = re.compile("key|token|secret|pass|pwd|auth|sig|hash", re.IGNORECASE)
_HEADER_AND_TOKEN = re.compile(r"([A-Za-z][A-Za-z0-9-]*):\s+(\S.*)")


def folded(word: str) -> str:
    """A word of the feed as it is compared: without case, blanks folded."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


@dataclass(frozen=True, slots=True)
class Settings:
    """The parsed settings of one feed. The repr shows no secret. `values` and `lead_times` have folded keys; `point` is
    the sign before a fraction, ``None`` where nobody told."""

    channel: str
    url: str | None = field(repr=False)
    folder: str | None
    files: str
    columns: Mapping[str, str]
    values: Mapping[str, int]
    point: str | None
    format: str
    encoding: str | None
    items: str | None
    in_packs: bool
    lead_time_days: int | None
    lead_times: Mapping[str, int]
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    token: str | None = field(repr=False)
    private_addresses: bool
    ca_file: str | None
    max_mb: int
    faults: tuple[Finding, ...]

    def key(self, name: str) -> str:
        """How the setting `name` is called in this owner's `.env`: ACME_COLUMNS."""
        return f"{self.channel.upper()}_{name}"

    @property
    def max_bytes(self) -> int:
        return self.max_mb * 2**20

    @property
    def meaning(self) -> str:
        """Everything that decides what one and the same content means."""
        rules = (self.columns, self.values, self.lead_times)
        parts = (self.point, self.format, self.encoding, self.items, self.in_packs, self.lead_time_days)
        return repr((*(sorted(rule.items()) for rule in rules), *parts))

    @property
    def token_header(self) -> tuple[str, str] | None:
        """The header that carries the token."""
        if not self.token:
            return None
        named = _HEADER_AND_TOKEN.fullmatch(self.token)
        return (named[1], named[2]) if named else ("Authorization", f"Bearer {self.token}")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that no error may show, also what the address itself carries."""
        found = [self.password, self.token, self.token_header[1] if self.token_header else None]
        try:
            parts = urlsplit(self.url or "")
            asked = parse_qsl(parts.query)
            found += [parts.password, *(value for name, value in asked if _SECRET_NAME.search(name) or len(value) > 15)]
        except ValueError:
            pass  # no address: the faults say so
        return tuple(secret for secret in found if secret)


def settings(channel: str, given: Mapping[str, SettingValue]) -> Settings:
    """The settings of `channel` from parsed values; what is left out takes its default. Mistakes are `faults`."""

    def text(name: str) -> str | None:
        return cast(str | None, given.get(name)) or None

    def pairs(name: str) -> tuple[tuple[str, str], ...]:
        return cast(tuple[tuple[str, str], ...], given.get(name) or ())

    known = dict(pairs("COLUMNS"))
    values, bad_values = _numbers(pairs("VALUES"))
    lead_times, bad_lead_times = _numbers(pairs("LEAD_TIMES"))
    key = f"{channel.upper()}_{{}}".format
    faults = [
        *_source_faults(text("URL"), text("FOLDER"), text("FILES"), key("URL"), key("FOLDER"), key("FILES")),
        *_column_faults(pairs("COLUMNS"), key("COLUMNS")),
        *(Finding(Level.FAIL, f"{key('VALUES')}: {bad}.", hint="Such as: Y:10, N:0, in stock:3") for bad in bad_values),
        *(Finding(Level.FAIL, f"{key('LEAD_TIMES')}: {bad}.", hint="Such as: Shoes:3") for bad in bad_lead_times),
    ]
    return Settings(
        channel=channel,
        url=text("URL"),
        folder=text("FOLDER"),
        files=text("FILES") or "*",
        columns={meaning: word for meaning, word in known.items() if meaning in MEANINGS},
        values=values,
        point={"comma": ",", "point": "."}.get(text("DECIMAL") or ""),
        format=text("FORMAT") or "auto",
        encoding=text("ENCODING"),
        items=text("ITEMS"),
        in_packs=text("STOCK_IN") == "packs",
        lead_time_days=cast(int | None, given.get("LEAD_TIME_DAYS")),
        lead_times=lead_times,
        user=text("USER"),
        password=text("PASSWORD"),
        token=text("TOKEN"),
        private_addresses=bool(given.get("PRIVATE_ADDRESSES")),
        ca_file=text("CA_FILE"),
        max_mb=cast(int | None, given.get("MAX_MB")) or MAX_MB,
        faults=tuple(faults),
    )


def _numbers(pairs: tuple[tuple[str, str], ...]) -> tuple[dict[str, int], list[str]]:
    """Whole numbers by folded word, and what is wrong with the others."""
    found: dict[str, int] = {}
    wrong: list[str] = []
    for word, number in pairs:
        if not re.fullmatch(r"[0-9]{1,10}", number) or int(number) > _MOST_UNITS:
            wrong.append(f'"{word}:{number}" has no whole number behind the colon')
        elif found.setdefault(folded(word), int(number)) != int(number):
            wrong.append(f'"{word}" stands there with two numbers')
    return found, wrong


def _source_faults(
    url: str | None, folder: str | None, files: str | None, url_key: str, folder_key: str, files_key: str
) -> Iterator[Finding]:
    if bool(url) == bool(folder):
        said = "Both are" if url else "Neither is"
        yield Finding(Level.FAIL, f"{said} set: {url_key} and {folder_key}.", hint="Set one of them.")
    elif url and not re.match(r"https?://[^/?#]", url, re.IGNORECASE):
        yield Finding(Level.FAIL, f"{url_key} is no address.", hint="It begins with https:// or http://.")
    if files and "/" in files:
        yield Finding(Level.FAIL, f"{files_key} holds a slash.", hint="Only files directly in the folder are read.")


def _column_faults(columns: tuple[tuple[str, str], ...], key: str) -> Iterator[Finding]:
    meanings = [meaning for meaning, _ in columns]
    for meaning, word in columns:
        if meaning not in MEANINGS:
            near = difflib.get_close_matches(meaning, MEANINGS, n=1)
            did_you_mean = f" Did you mean {near[0]}?" if near else ""
            hint = f"A column is one of: {', '.join(MEANINGS)}."
            yield Finding(Level.FAIL, f'{key}: "{meaning}" is not known.{did_you_mean}', hint=hint)
        elif not word:
            yield Finding(Level.FAIL, f"{key}: nothing stands behind {meaning}.", hint="Such as: sku:Article")
    for meaning in MEANINGS:
        if meanings.count(meaning) > 1:
            yield Finding(Level.FAIL, f"{key}: {meaning} stands there twice.", hint="Delete one.")
    missing = [meaning for meaning in NEEDED if meaning not in meanings]
    if missing:
        hint = "Such as: sku:Article, on_hand:Stock"
        yield Finding(Level.FAIL, f"{key} does not say what {' and '.join(missing)} is called.", hint=hint)
