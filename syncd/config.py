"""The settings of a run, from `.env` and the environment: all problems are told at once (first-hour.md)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from connectors import registry
from connectors.contract import Connector, Setting, SettingValue
from syncd import places, settings_alerts, settings_file, settings_table
from syncd.alerts.settings import AlertSettings
from syncd.domain.availability import ON_HAND, Buffer, Pool
from syncd.domain.calendar import Workdays
from syncd.domain.caution import Caution
from syncd.domain.drift import OnEdit
from syncd.domain.promise import Days
from syncd.domain.routing import Routes
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.domain.status import StockStatus
from syncd.errors import ConfigError, Problem
from syncd.settings_table import Known
from syncd.settings_values import Address, LastUnits, sqlite_file
from syncd.texts import catalogues
from syncd.texts.wording import Wording

HOUSE_PREFIX = "SYNCD_"
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_IN_THE_ENVIRONMENT_ONLY = "SYNCD_ENV_FILE"
_LARGEST_SECRET_BYTES = 65_536
_SHORTEST_PIECE = 8  # characters: shorter ones are words such as https

FindKind = Callable[[str], type[Connector]]


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A channel as the owner configured it. `connector` holds what its connector declared, parsed; never shown."""

    name: str
    kind: str
    limits: Limits = field(default_factory=Limits)
    on_edit: OnEdit = OnEdit.ASK
    start_counting: bool = False  # MANAGE_STOCK=on
    silent_after: timedelta = timedelta(hours=2)
    ships_from: tuple[str, ...] = ()  # names of locations; empty: the own shelf
    poll: timedelta = timedelta(seconds=60)
    sells: frozenset[Pool] = ON_HAND
    buffers: Mapping[Pool, Buffer] = field(default_factory=dict)  # of the pools beyond own stock
    statuses: bool = True  # what a number means is written beside it
    trust_percent: int = 80
    wording: Wording = field(default_factory=lambda: Wording(catalogues.SOURCE))  # what its buyers read
    promise_days: int | None = None  # the delivery that its site promises, in working days
    connector: Mapping[str, SettingValue] = field(default_factory=dict, repr=False)
    shop: str = ""  # which shop it is, by its address; the same for every spelling of it


@dataclass(frozen=True, slots=True)
class Paths:
    """What the settings name on this machine: folders to write in, files to read, files of secrets by key."""

    written: tuple[Path, ...] = ()
    read: tuple[Path, ...] = ()
    secrets: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run. `count` are those that the owner gave, `source` is the file, if there was one.

    `secrets` are the values that must appear nowhere, for `syncd.logs.hide`. `state_folder` is where the master table
    is and, with PostgreSQL, what else is kept; `table` is the SQLite file.
    """

    channels: tuple[ChannelSettings, ...]
    database_url: str = field(repr=False)
    state_folder: Path = places.SYSTEM_STATE
    table: Path | None = None
    limits: Limits = field(default_factory=Limits)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    returns_to: str = "quarantine"  # or "stock"
    hold: HoldLimits = field(default_factory=HoldLimits)
    caution: Caution = field(default_factory=Caution)
    listen: Address | None = None
    webhook_url: str | None = None
    heartbeat_url: str | None = field(default=None, repr=False)
    backups: int = 7  # nightly copies to keep
    log: str = "plain"  # or "json"
    language: str = catalogues.SOURCE
    alerts: AlertSettings = field(default_factory=AlertSettings)
    workdays: Workdays = field(default_factory=Workdays)
    external: Mapping[str, Days] = field(default_factory=dict)  # external warehouses, the time to ship from there
    source: Path | None = None
    paths: Paths = field(default_factory=Paths)
    count: int = 0
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def load(
    env_file: Path | None,
    environ: Mapping[str, str],
    *,
    looked_for: tuple[Path, ...] = places.SETTINGS,
    find_kind: FindKind = registry.find,
) -> Settings:
    """The settings of the file and the environment; a variable of the environment wins over the file's line.

    An empty value is as good as none: a line `KEY=` means the default, an empty variable leaves the file's line alone.

    Raises:
        ConfigError: with every problem that there is.
    """
    source = settings_file.find(env_file, environ, looked_for)
    if source is None and not environ.get("SYNCD_CHANNELS"):
        nowhere = " nor ".join(str(place) for place in looked_for)
        raise ConfigError(
            (Problem(f"There are no settings yet: neither {nowhere} exists.", "Make them with: syncd init"),),
            source="the settings",
        )
    lines = settings_file.parse(settings_file.text_of(source)) if source else settings_file.Lines({})
    return from_lines(lines, environ, source=source, find_kind=find_kind)


def where_the_table_is(env_file: Path | None, environ: Mapping[str, str]) -> tuple[str, Path]:
    """The database's address and the folder of what belongs to it, also where other settings are wrong.

    Raises:
        ConfigError: the file cannot be read, or the address is wrong.
    """
    source = settings_file.find(env_file, environ)
    reading = _Reading(
        settings_file.parse(settings_file.text_of(source)) if source else settings_file.Lines({}), environ
    )
    reading.problems.clear()  # of other lines
    (known,) = (known for known in settings_table.HOUSE if known.name == "DATABASE_URL")
    given = reading.value(HOUSE_PREFIX, known)
    if reading.problems:
        raise ConfigError(reading.problems, source=str(source or "the environment"))
    return _table(given, environ)


def who_is_told(env_file: Path | None, environ: Mapping[str, str]) -> Settings:
    """What it takes to tell people, also where other settings are wrong, or some of these: without a channel.

    Whoever can be told by what can be read is told. Where something is wrong, a route may be, and everybody is.

    Raises:
        ConfigError: the file cannot be read.
    """
    source = settings_file.find(env_file, environ)
    lines = settings_file.parse(settings_file.text_of(source)) if source else settings_file.Lines({})
    reading = _Reading(lines, environ)
    house = {known.name: reading.value(HOUSE_PREFIX, known) for known in settings_table.HOUSE}
    alerts = settings_alerts.of_house(house, reading.given, reading.problem)
    if alerts.email is not None and alerts.email.exposes_password:
        alerts = replace(alerts, email=None)
    if reading.problems:
        alerts = replace(alerts, routes=Routes(alerts.routes.targets))
    database_url, state_folder = _table(house["DATABASE_URL"], environ)
    return Settings(
        channels=(),
        database_url=database_url,
        state_folder=state_folder,
        timezone=house["TIMEZONE"] or ZoneInfo("UTC"),
        language=house["LANGUAGE"] or catalogues.SOURCE,
        alerts=alerts,
        source=source,
        secrets=frozenset(reading.secrets),
    )


def _table(given: str | None, environ: Mapping[str, str]) -> tuple[str, Path]:
    usual = places.state_folder(environ)
    url = given or f"sqlite:///{usual / 'syncd.db'}"
    file = sqlite_file(url)
    return url, file.parent if file else usual


def from_lines(
    lines: settings_file.Lines, environ: Mapping[str, str], *, source: Path | None, find_kind: FindKind
) -> Settings:
    """The settings that these lines and the environment mean. Raises as `load`."""
    reading = _Reading(lines, environ)
    house = {known.name: reading.value(HOUSE_PREFIX, known) for known in settings_table.HOUSE}
    allowed: dict[str, frozenset[str] | None] = {
        HOUSE_PREFIX: _spellings(HOUSE_PREFIX, {known.name: known for known in settings_table.HOUSE})
    }
    channels: list[ChannelSettings] = []
    for name, kind in _channels(house["CHANNELS"] or "", reading):
        prefix = f"{name.upper()}_"
        try:
            declared = find_kind(kind).SETTINGS
        except LookupError as error:
            reading.problem(f"SYNCD_CHANNELS: {error.args[0]}")
            allowed[prefix] = None
            continue
        known_here = settings_table.of_channel(declared)
        value = {known.name: reading.value(prefix, known) for known in known_here.values()}
        allowed[prefix] = _spellings(prefix, known_here)
        channel = _channel(name, kind, value, declared, house)
        for other in channels:
            if channel.shop and (other.kind, other.shop) == (kind, channel.shop):
                reading.problem(
                    f"{name} and {other.name} are the same shop: each of its sales would count twice.",
                    "Keep one of them in SYNCD_CHANNELS.",
                )
        channels.append(channel)
    if house["WEBHOOK_URL"] and house["LISTEN"] is None:
        reading.problem(
            "SYNCD_WEBHOOK_URL is given and SYNCD_LISTEN is off: nobody would take the webhooks in.",
            "Delete one of them.",
        )
    alerts = settings_alerts.of_house(house, reading.given, reading.problem)
    reading.refuse_unknown(allowed)
    if reading.problems:
        raise ConfigError(reading.problems, source=str(source or "the environment"))
    database_url, state_folder = _table(house["DATABASE_URL"], environ)
    return Settings(
        channels=tuple(channels),
        database_url=database_url,
        state_folder=state_folder,
        table=sqlite_file(database_url),
        limits=Limits(house["BUFFER"], house["CAP"], house["CUT_OFF"], house["REORDER_POINT"]),
        timezone=house["TIMEZONE"],
        returns_to=house["RETURNS_TO"],
        hold=HoldLimits(house["HOLD_ZEROING"], house["HOLD_JUMPS"], house["HOLD_COUNT"], house["HOLD_MISSING"]),
        caution=_caution(house),
        listen=house["LISTEN"],
        webhook_url=house["WEBHOOK_URL"],
        heartbeat_url=house["HEARTBEAT_URL"],
        backups=house["BACKUPS"],
        log=house["LOG"],
        language=house["LANGUAGE"],
        alerts=alerts,
        workdays=Workdays(house["WORKING_DAYS"], house["HOLIDAYS"] or frozenset(), house["SHIPS_UNTIL"]),
        external=house["EXTERNAL"] or MappingProxyType({}),
        source=source,
        paths=Paths(tuple(reading.written), tuple(reading.read), MappingProxyType(reading.secret_files)),
        count=len(reading.given),
        secrets=frozenset(reading.secrets),
    )


def _channel(
    name: str, kind: str, value: Mapping[str, Any], declared: Sequence[Setting], house: Mapping[str, Any]
) -> ChannelSettings:
    said = [setting.identity(value[setting.name]) for setting in declared if setting.identity and value[setting.name]]
    return ChannelSettings(
        name=name,
        kind=kind,
        limits=Limits(value["BUFFER"], value["CAP"], value["CUT_OFF"]),
        on_edit=OnEdit(value["ON_EDIT"] or OnEdit.ASK),
        start_counting=value["MANAGE_STOCK"] == "on",
        silent_after=value["SILENT_AFTER"],
        ships_from=value["SHIPS_FROM"] or (),
        sells=value["SELLS"] or house["SELLS"],
        buffers=_buffers(value, house),
        statuses=value["STATUSES"],
        trust_percent=value["TRUST"],
        poll=value["POLL"] or house["POLL"] or timedelta(seconds=60),
        wording=_wording(value, house),
        promise_days=house["PROMISE_DAYS"] if value["PROMISE_DAYS"] is None else value["PROMISE_DAYS"],
        connector=MappingProxyType({setting.name: value[setting.name] for setting in declared}),
        shop=" ".join(said),
    )


def _wording(value: Mapping[str, Any], house: Mapping[str, Any]) -> Wording:
    """The channel's own texts, then the house's if they are in the channel's language, then those of the language."""
    language = value["LANGUAGE"] or house["LANGUAGE"] or catalogues.SOURCE
    said = (value, house) if language == house["LANGUAGE"] else (value,)
    own = {
        status: text
        for status in StockStatus
        if (text := next((texts[key] for texts in said if texts[key := f"TEXT_{status.name}"]), None))
    }
    return Wording(language, MappingProxyType(own))


def _buffers(value: Mapping[str, Any], house: Mapping[str, Any]) -> Mapping[Pool, Buffer]:
    """What is held back of each pool beyond own stock: the channel's word, else the house's."""
    found = {}
    for pool in (Pool.EXTERNAL, Pool.INCOMING, Pool.SUPPLIER, Pool.PRE_ORDER):
        name = f"{pool.name}_BUFFER"
        found[pool] = value[name] if value[name] is not None else house[name]
    return MappingProxyType(found)


def _caution(house: Mapping[str, Any]) -> Caution:
    last = house["LAST_UNITS"] or LastUnits()
    return Caution(house["SILENT_BUFFER"], house["FAST_BUFFER"], last.at, last.units)


def _spellings(prefix: str, known: Mapping[str, Known]) -> frozenset[str]:
    names = {prefix + name for name in known}
    return frozenset(names | {f"{prefix}{name}_FILE" for name, setting in known.items() if setting.secret})


def _channels(text: str, reading: _Reading) -> list[tuple[str, str]]:
    """The channels of `SYNCD_CHANNELS` whose names can be used, as (name, kind)."""
    found: dict[str, str] = {}
    for entry in (part.strip() for part in text.split(",")):
        name, colon, kind = (part.strip() for part in entry.partition(":"))
        if not entry:
            continue
        if not colon or not kind:
            reading.problem(f"SYNCD_CHANNELS: {entry} has no kind.", f"Write name:kind, such as {name}:woocommerce.")
        elif refusal := name_refusal(name, tuple(found)):
            reading.problem(f"SYNCD_CHANNELS: {refusal}")
        else:
            found[name] = kind
    return list(found.items())


def name_refusal(name: str, others: tuple[str, ...]) -> str:
    """Why a channel cannot have this name beside `others`, in words; empty where it can."""
    if not _CHANNEL_NAME.fullmatch(name) or len(name) > 30:
        return f"{name or 'nothing'} cannot be a channel's name. Take small letters a-z, digits and _, such as woo."
    if name == "syncd" or name.startswith("syncd_"):
        return f"{name} cannot be a channel's name: settings that begin with SYNCD_ are syncd's own."
    for other in others:
        if name == other:
            return f"{name} stands there twice."
        # WOO_EU_URL could be EU_URL of woo as well as URL of woo_eu.
        if name.startswith(f"{other}_") or other.startswith(f"{name}_"):
            return f"{name} and {other} cannot be told apart in the settings' names. Rename one of them."
    return ""


@dataclass(slots=True)
class _Reading:
    """One pass over the file and the environment; gathers problems instead of stopping at the first."""

    lines: settings_file.Lines
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    written: list[Path] = field(default_factory=list)
    read: list[Path] = field(default_factory=list)
    secret_files: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.problems.extend(self.lines.problems)

    def problem(self, sentence: str, hint: str = "") -> None:
        self.problems.append(Problem(sentence, hint))

    def value(self, prefix: str, known: Known) -> Any:
        """The parsed value, the default's where nothing is given, ``None`` where there is no default or a problem."""
        key = prefix + known.name
        text = self._text(key, secret=known.secret)
        if text is None:
            if known.required and key not in self.given and key not in self.lines.unclear:
                self.problem(f"{key} is missing: {known.help}.", "Add it to the settings, or run: syncd init")
            return None if known.default is None else known.parse(known.default)
        if known.secret:
            self._keep_secret(key, text)
            if not text.isprintable():
                self.problem(f"{self._said_in(key)} has a line break or a character that cannot be seen.")
                return None
        try:
            parsed = known.parse(text)
        except ValueError as error:
            shown = "its value" if known.secret else f"{text[:40]!r}"
            self.problem(f"{self._where(key)}: {key} takes {error}, not {shown}.")
            return None
        if known.writes_in and (folder := known.writes_in(parsed)):
            self.written.append(folder)
        if known.reads:
            self.read.append(Path(str(parsed)))
        return parsed

    def _text(self, key: str, *, secret: bool) -> str | None:
        """What is given for `key`, directly or in a file of its own; the environment wins."""
        for layer in (self.environ, {name: line.value for name, line in self.lines.values.items()}):
            direct, by_file = layer.get(key, ""), layer.get(f"{key}_FILE", "").strip() if secret else ""
            if direct and by_file:
                self.problem(f"{key} and {key}_FILE are both given.", "Delete one of them.")
            if direct.strip() or by_file:
                self.given.add(key)
                if by_file:
                    self.secret_files[key] = Path(by_file)
                    return self._secret_of(f"{key}_FILE", self._credential(key) or Path(by_file))
                return direct if secret else direct.strip()  # blanks around a password are part of it
        return None

    def _credential(self, key: str) -> Path | None:
        """The copy of a secret's file that systemd made for the service, whose user need not be able to read the file
        itself (``LoadCredential=`` in its unit)."""
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        copy = Path(folder) / key if folder else None
        return copy if copy and copy.is_file() else None

    def _secret_of(self, key: str, path: Path) -> str | None:
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST_SECRET_BYTES).decode("utf-8").rstrip("\r\n")  # editors end with a line break
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not a text"
            self.problem(f"{key}: {path} cannot be read ({why}).", "Does it exist, and may this user read it?")
            return None
        if not text:
            self.problem(f"{key}: {path} is empty.", "It must hold the secret, on one line.")
            return None
        return text

    def _keep_secret(self, key: str, text: str) -> None:
        if key == "SYNCD_APPRISE_URLS":
            # A token may stand anywhere behind their scheme, and what fails tells a part of one.
            pieces = re.split(r"[\s/:@?&=]+", re.sub(r"(?<!\S)\w[\w+.-]*://", " ", text))
            self.secrets.update(piece for piece in pieces if len(piece) >= _SHORTEST_PIECE)
        if key != "SYNCD_DATABASE_URL":
            self.secrets.add(text)
            if key == "SYNCD_SLACK_WEBHOOK_URL":
                self.secrets.add(text.partition("://")[2].partition("/")[2])
            return
        try:
            password = urlsplit(text).password
        except ValueError:
            password = None
        self.secrets.update({password, unquote(password)} if password else ())

    def _said_in(self, key: str) -> str:
        """Where the value of a secret stands: its own file, or a line."""
        file = self.secret_files.get(key)
        return f"{key}_FILE: {file}" if file is not None else f"{self._where(key)}: {key}"

    def _where(self, key: str) -> str:
        for name in (key, f"{key}_FILE"):
            if self.environ.get(name):
                return "environment"
            if name in self.lines.values:
                return f"line {self.lines.values[name].line}"
        return "settings"

    def refuse_unknown(self, allowed: Mapping[str, frozenset[str] | None]) -> None:
        """Refuse keys that begin like a setting but are none; ``None`` in `allowed` takes all with that prefix."""
        every = frozenset().union(*(names for names in allowed.values() if names))
        for key in (*self.lines.values, *(name for name in self.environ if name not in self.lines.values)):
            prefix = next((prefix for prefix in allowed if key.upper().startswith(prefix)), None)
            if prefix is None and not (key in self.lines.values and _meant_for_the_house(key)):
                continue
            names = every if prefix is None else allowed[prefix]
            if names is None or key in names or (key == _IN_THE_ENVIRONMENT_ONLY and key in self.environ):
                continue
            bare = key.upper().removesuffix("_FILE")
            near = [bare] if bare in every else difflib.get_close_matches(key.upper(), sorted(every), n=1)
            hint = f"Did you mean {near[0]}?" if near else "All settings are in .env.example."
            self.problem(f"{self._where(key)}: {key} is not a setting.", hint)


def _meant_for_the_house(key: str) -> bool:
    # SYNC_BUFFER=0 would be passed over in silence, and the default would hold.
    return bool(difflib.get_close_matches(key.upper().split("_")[0], ["SYNCD"], n=1, cutoff=0.8))
