"""Turns the text of a setting into its value. Each parser raises `ValueError` with what was expected, in words.

A parser never repeats the text that it was given: it may be a secret. The caller quotes what may be shown.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from types import MappingProxyType

from connectors.contract import Setting, SettingType, SettingValue
from syncd.alerts.settings import is_loopback
from syncd.domain.availability import Buffer, Pool
from syncd.domain.promise import Days
from syncd.domain.status import StockStatus
from syncd.texts import wording

_MOST_DIGITS = 9
_WHOLE = re.compile(rf"\d{{1,{_MOST_DIGITS}}}", re.ASCII)
_DURATION = re.compile(r"(\d{1,9})\s*([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)
_YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def units(text: str) -> int:
    """A whole number of units, 0 or more."""
    if text.isdecimal() and len(text) > _MOST_DIGITS:
        raise ValueError(f"a whole number, 0 or more, of up to {_MOST_DIGITS} digits; is it a barcode?")
    if not _WHOLE.fullmatch(text):
        raise ValueError("a whole number, 0 or more")
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number, 1 or more: what a connector counts (calls at once, pages) is never nothing."""
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise ValueError("a whole number, 1 or more")
    return int(text)


def percent(text: str) -> int:
    """A whole number of percent, 0 to 100, with or without its sign."""
    digits = text.removesuffix("%").rstrip()
    if not _WHOLE.fullmatch(digits) or int(digits) > 100:
        raise ValueError("percent from 0% to 100%")
    return int(digits)


def buffer(text: str) -> Buffer:
    """Units ("2") or percent ("10%")."""
    try:
        return Buffer(percent=percent(text)) if text.endswith("%") else Buffer(units=units(text))
    except ValueError:
        raise ValueError("units such as 2, or percent such as 10%") from None


def wait(text: str) -> timedelta:
    """A length of time that may be nothing: "0s", or as `duration`."""
    return timedelta(0) if text in ("0", "0s") else duration(text)


def duration(text: str) -> timedelta:
    """A length of time above zero: "60s", "15m", "26h" or "2d"."""
    found = _DURATION.fullmatch(text)
    length = timedelta(0)
    if found:
        # 9 digits of days would be more than a timedelta holds
        length = timedelta(**{_UNITS[found[2]]: min(int(found[1]), 10**8)})
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError("a number and s, m, h or d, such as 60s, 26h or 2d")
    return length


def timezone(text: str) -> zoneinfo.ZoneInfo:
    """A time zone by its IANA name, such as Europe/Copenhagen."""
    try:
        return zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        near = difflib.get_close_matches(text, zoneinfo.available_timezones(), n=1)
        example = near[0] if near else "Europe/Copenhagen"
        raise ValueError(f"a time zone by its name, such as {example}") from None


def database_url(text: str) -> str:
    """The address of a SQLite file by its full path, or of a PostgreSQL database.

    A relative path is refused: a command run elsewhere would begin a second, empty master table.
    """
    if text.startswith(("sqlite:////", "postgresql://", "postgresql+psycopg://")):
        return text
    raise ValueError("sqlite:////full/path/syncd.db (four slashes) or postgresql://user:password@host/name")


def sqlite_file(database_url: str) -> Path | None:
    """The SQLite file of a database's address; ``None`` for PostgreSQL."""
    scheme, _, path = database_url.partition("?")[0].partition(":///")
    return Path(path) if scheme == "sqlite" else None


def folder_of_table(database_url: str) -> Path | None:
    """The folder of the SQLite file; ``None`` for PostgreSQL."""
    file = sqlite_file(database_url)
    return file.parent if file else None


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(text: str) -> Address | None:
    """An address and a port to listen at, or "off"."""
    if text == "off":
        return None
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not _WHOLE.fullmatch(port) or not 0 < int(port) < 65_536:
        raise ValueError("an address and a port such as 127.0.0.1:8737, or off")
    return Address(host, int(port))


def https_url(text: str) -> str:
    """An https address without query, and without a slash at its end."""
    if not re.fullmatch(r"https://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("an https address such as https://sync.example.com")
    return text.rstrip("/")


def web_url(text: str) -> str:
    """An http or https address, with whatever follows the host."""
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", text):
        raise ValueError("an address that begins with https:// or http://")
    return text


_LOCAL_PART = re.compile(r"[^\s@,:;<>()\[\]\\\"]{1,64}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def email_address(text: str) -> str:
    """One address, as it was typed: "me@example.com"."""
    local, _, domain = text.rpartition("@")
    if not _LOCAL_PART.fullmatch(local) or not text.isprintable() or not _HOST.fullmatch(_ascii_host(domain)):
        raise ValueError("addresses such as me@example.com")
    return text


def email_addresses(text: str) -> tuple[str, ...]:
    """Addresses with commas between them, each once."""
    found: dict[str, str] = {}
    for name in names(text):
        found.setdefault(name.casefold(), email_address(name))
    if not found:
        raise ValueError("addresses such as me@example.com")
    return tuple(found.values())


def host(text: str) -> str:
    """The name of a host, or its address; its name in other letters becomes ASCII."""
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        if not _HOST.fullmatch(name := _ascii_host(text)):
            raise ValueError("the name of a host, such as smtp.example.com") from None
    return name


def _ascii_host(text: str) -> str:
    """The name of a host in ASCII; an empty text where it has none."""
    try:
        name = text.encode("idna").decode()
        # Python's table is the older one: by it ß is ss, which is another host.
        return name if text.isascii() or name.encode().decode("idna") == text.lower() else ""
    except UnicodeError:
        return ""


def port(text: str) -> int:
    """The number of a port."""
    if not _WHOLE.fullmatch(text) or not 0 < int(text) < 65_536:
        raise ValueError("the number of a port, such as 587")
    return int(text)


def days(text: str) -> timedelta:
    """Whole days, at least one: "30d"."""
    try:
        found = duration(text)
    except ValueError:
        found = timedelta(0)
    if not found.days or found % timedelta(days=1):
        raise ValueError("a number of days such as 30d")
    return found


def webhook_url(text: str) -> str:
    """An https address, whole; http only of this machine. It is a secret, and names no user."""
    parts = re.fullmatch(r"(https?)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/[!-~]+", text)
    if parts is None or (parts[1] == "http" and not is_loopback(parts[2].strip("[]"))):
        raise ValueError("the whole https address of the webhook, such as https://hooks.slack.com/services/...")
    return text


def service_urls(text: str) -> tuple[str, ...]:
    """Addresses of other services with blanks between them, each once."""
    found = tuple(dict.fromkeys(text.split()))
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", url) for url in found):
        raise ValueError("addresses with blanks between them, each such as ntfys://ntfy.sh/topic")
    return found


def pools(text: str) -> frozenset[Pool]:
    """The pools that may be sold, with commas between them: own, external, incoming, supplier, pre-order."""
    named = names(text)
    allowed = [pool.value for pool in Pool if pool is not Pool.OVERBOOKED]
    if not named or not set(named) <= set(allowed):
        raise ValueError(f"some of {', '.join(allowed)}, with commas between them")
    return frozenset(Pool(name) for name in named)


@dataclass(frozen=True, slots=True)
class LastUnits:
    """Where no more than `at` units are left, `units` of them are not sold."""

    at: int = 0
    units: int = 0


def last_units(text: str) -> LastUnits:
    """Two numbers with a colon between them: "3:1" holds 1 back where 3 or fewer are left."""
    at, colon, held = text.partition(":")
    try:
        found = LastUnits(units(at.strip()), units(held.strip())) if colon else LastUnits()
    except ValueError:
        found = LastUnits()
    if not 0 < found.units <= found.at:
        raise ValueError("units left and units held back of them, such as 3:1")
    return found


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas, in their order."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def choice(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of `choices`."""

    def one_of(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return one_of


def yes_no(text: str) -> bool:
    """True for yes, on, true, 1; False for no, off, false, 0."""
    try:
        return _YES_NO[text.casefold()]
    except KeyError:
        raise ValueError("yes or no") from None


def existing_file(text: str) -> str:
    """The path of a file that exists."""
    if not Path(text).expanduser().is_file():
        raise ValueError("the path of a file that exists")
    return str(Path(text).expanduser())


def folder(text: str) -> str:
    """The full path of a folder. Whether it is there is for its channel to say: a share that is gone stops no shop."""
    if not Path(text).expanduser().is_absolute():
        raise ValueError("the full path of a folder, such as /srv/till")
    return str(Path(text).expanduser())


_PAIR = re.compile(r'\s*("[^"]*"|[^,:"]+?)\s*:\s*("[^"]*"|[^,"]*?)\s*(?:,|$)')


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs "key:value, key:value"; double quotes around what holds a comma or, in a key, a colon."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise ValueError("pairs such as sku:Article, on_hand:Stock")
        found.append((pair[1].strip('"'), pair[2].strip('"')))
        at = pair.end()
    return tuple(found)


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_OF_WEEK = "|".join(_WEEKDAYS)
_WEEKDAY_RANGE = re.compile(rf"({_DAY_OF_WEEK})(?:\s*-\s*({_DAY_OF_WEEK}))?", re.IGNORECASE)
_DATE_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?", re.ASCII)
_LONGEST_HOLIDAY = timedelta(days=366)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAYS = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?", re.ASCII)


def weekdays(text: str) -> frozenset[int]:
    """Days of the week, Monday is 0: "Sun-Thu", or "Mon-Wed, Fri"."""
    found: set[int] = set()
    for part in names(text):
        days = _WEEKDAY_RANGE.fullmatch(part)
        if days is None:
            raise ValueError("days of the week such as Mon-Fri, Sun-Thu or Mon, Wed, Fri")
        first, last = (_WEEKDAYS.index((day or days[1]).lower()) for day in days.groups())
        found.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    if not found:
        raise ValueError("at least one day of the week, such as Mon-Fri")
    return frozenset(found)


def holidays(text: str) -> frozenset[date]:
    """Days, and ranges of up to a year with both their ends: "2026-12-25, 2026-12-31..2027-01-02"."""
    found: set[date] = set()
    for part in names(text):
        days = _DATE_RANGE.fullmatch(part)
        if days is None:
            raise ValueError("dates such as 2026-12-25, or ranges such as 2026-12-24..2026-12-26")
        try:
            first, last = (date.fromisoformat(day or days[1]) for day in days.groups())
        except ValueError:
            raise ValueError("dates that the calendar has, such as 2026-12-25") from None
        if not timedelta(0) <= last - first <= _LONGEST_HOLIDAY:
            raise ValueError("ranges of up to a year, the first day first, such as 2026-12-24..2026-12-26")
        found.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(found)


def clock(text: str) -> time:
    """A time of the day, such as 14:30."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("a time of the day such as 14:30")
    return time(int(found[1]), int(found[2]))


def days_from(text: str) -> Mapping[str, Days]:
    """Working days by the name of a location: "Depot:2-4, 3PL Berlin:5"."""
    expected = "names and working days such as Depot:2-4, 3PL Berlin:5"
    try:
        spans = pairs(text)
    except ValueError:
        raise ValueError(expected) from None
    found: dict[str, Days] = {}
    for name, span in spans:
        days = _DAYS.fullmatch(span)
        if days is None or not name:
            raise ValueError(expected)
        if name in found:
            raise ValueError("each name once")
        try:
            found[name] = Days(int(days[1]), int(days[2] or days[1]))
        except ValueError:
            raise ValueError("the fewest days first, such as Depot:2-4") from None
    return MappingProxyType(found)


def own_text(status: StockStatus) -> Callable[[str], str]:
    """A parser that takes an owner's own text of this status."""

    def usable(text: str) -> str:
        if expected := wording.refusal(status, text):
            raise ValueError(expected)
        return text

    return usable


_BY_TYPE: Mapping[SettingType, Callable[[str], SettingValue]] = {
    SettingType.TEXT: str,
    SettingType.INT: at_least_one,
    SettingType.BOOL: yes_no,
    SettingType.DURATION: wait,
    SettingType.PATH: existing_file,
    SettingType.FOLDER: folder,
    SettingType.PAIRS: pairs,
}


def parser_of(setting: Setting) -> Callable[[str], SettingValue]:
    """The parser for a setting that a connector declares."""
    return choice(*setting.choices) if setting.type is SettingType.CHOICE else _BY_TYPE[setting.type]
