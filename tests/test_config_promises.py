"""The settings of what buyers are told: language, own texts, working days, external warehouses (N13, N26, N27)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path

import pytest

from syncd import config, settings_file
from syncd.domain.calendar import MONDAY_TO_FRIDAY, Workdays
from syncd.domain.promise import NOTHING_TOLD, Days, Promise
from syncd.domain.status import StockStatus
from syncd.errors import ConfigError
from syncd.texts.wording import Wording
from tests.config_shops import find_kind

SHOPS = "SYNCD_CHANNELS=woo:woolshop, silk:silkshop\nWOO_URL=https://5.example\nWOO_KEY='k'\nSILK_SHOP=my-silk\n"


def read(lines: str, environ: Mapping[str, str] | None = None) -> config.Settings:
    return config.from_lines(settings_file.parse(SHOPS + lines), environ or {}, source=None, find_kind=find_kind)


def problems(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(lines)
    return [str(problem) for problem in caught.value.problems]


def test_the_page_about_texts_says_what_is_so() -> None:
    page = (Path(__file__).parents[1] / "docs" / "texts.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:SYNCD|WOO|SHOPIFY_IL)_\w+=.*$|(?<=`)SYNCD_\w+=[^`]+", page, re.MULTILINE)
    shops = SHOPS.replace("silk:", "shopify_il:").replace("SILK_", "SHOPIFY_IL_")
    by_key = {line.partition("=")[0]: line for line in lines}  # the page shows one of them twice, as examples
    assert len(by_key) >= 8
    every = settings_file.parse(shops + "\n".join(by_key.values()))
    assert config.from_lines(every, {}, source=None, find_kind=find_kind).count == len(by_key) + 4
    english = Wording("en")
    known = {
        StockStatus.EXTERNAL_WAREHOUSE: Promise(Days(2, 4)),
        StockStatus.SUPPLIER: Promise(Days(5, 5)),
        StockStatus.ON_THE_WAY: Promise(on=date(2026, 12, 4)),
        StockStatus.PRE_ORDER: Promise(on=date(2026, 12, 4)),
    }
    for status in StockStatus:
        plain = english.text(status, NOTHING_TOLD)
        told = f"{english.text(status, known[status])} | {plain}" if status in known else f"{plain} |"
        assert f"| `{status}` | {told} |\n" in page


def test_without_a_line_there_are_five_working_days_and_english_texts() -> None:
    settings = read("")
    assert (settings.workdays, settings.language, settings.external) == (Workdays(MONDAY_TO_FRIDAY), "en", {})
    assert [(shop.wording, shop.promise_days) for shop in settings.channels] == [(Wording("en"), None)] * 2


def test_the_week_the_holidays_and_the_cut_off_are_read() -> None:
    settings = read(
        "SYNCD_WORKING_DAYS=Sun-Thu\nSYNCD_HOLIDAYS=2027-04-22, 2026-12-31..2027-01-02\nSYNCD_SHIPS_UNTIL=14:30\n"
    )
    holidays = {date(2027, 4, 22), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)}
    assert settings.workdays == Workdays(frozenset({6, 0, 1, 2, 3}), frozenset(holidays), time(14, 30))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Sun", {0, 1, 2, 3, 4, 5, 6}),
        ("Fri-Mon", {4, 5, 6, 0}),
        ("mon, WED ,Fri - Sat", {0, 2, 4, 5}),
        ("Tue-Tue", {1}),
    ],
)
def test_working_days_are_ranges_and_single_days(text: str, days: set[int]) -> None:
    assert read(f"SYNCD_WORKING_DAYS={text}\n").workdays.days == days


def test_external_warehouses_are_read_with_their_days() -> None:
    settings = read('SYNCD_EXTERNAL=Depot:2-4, 3PL Berlin:5, "North, hall 2": 0–3\n')
    assert settings.external == {"Depot": Days(2, 4), "3PL Berlin": Days(5, 5), "North, hall 2": Days(0, 3)}


def test_a_channel_has_its_own_language_texts_and_promise() -> None:
    settings = read(
        "SYNCD_LANGUAGE=pl\nSYNCD_PROMISE_DAYS=3\nSYNCD_TEXT_OUT_OF_STOCK=Wyprzedane\n"
        "SYNCD_TEXT_SUPPLIER=Sprowadzimy w {days}\nWOO_TEXT_SUPPLIER=U dostawcy, {longest}\nWOO_PROMISE_DAYS=0\n"
        "SILK_LANGUAGE=he\nSILK_TEXT_ON_THE_WAY=מגיע ב־{date}\n"
    )
    woo, silk = settings.channels
    assert settings.language == "pl"
    assert woo.wording == Wording(
        "pl", {StockStatus.OUT_OF_STOCK: "Wyprzedane", StockStatus.SUPPLIER: "U dostawcy, {longest}"}
    )
    assert silk.wording == Wording("he", {StockStatus.ON_THE_WAY: "מגיע ב־{date}"})  # not the house's Polish
    assert (woo.promise_days, silk.promise_days) == (0, 3)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SYNCD_LANGUAGE=English", "one of en, da, he, pl, zh"),
        ("WOO_LANGUAGE=EN", "one of en, da, he, pl, zh"),
        ("SYNCD_WORKING_DAYS=Mon-Fry", "days of the week such as"),
        ("SYNCD_WORKING_DAYS=weekdays", "days of the week such as"),
        ("SYNCD_WORKING_DAYS=,", "at least one day of the week"),
        ("SYNCD_HOLIDAYS=25.12.2026", "dates such as 2026-12-25"),
        ("SYNCD_HOLIDAYS=2026-W52-5", "dates such as 2026-12-25"),
        ("SYNCD_HOLIDAYS=2026-02-30", "dates that the calendar has"),
        ("SYNCD_HOLIDAYS=2026-12-26..2026-12-24", "the first day first"),
        ("SYNCD_HOLIDAYS=0001-01-01..9999-12-31", "ranges of up to a year"),
        ("SYNCD_SHIPS_UNTIL=24:00", "a time of the day such as 14:30"),
        ("SYNCD_SHIPS_UNTIL=2pm", "a time of the day such as 14:30"),
        ("SYNCD_PROMISE_DAYS=soon", "a whole number, 0 or more"),
        ("SYNCD_EXTERNAL=Depot", "names and working days such as Depot:2-4"),
        ("SYNCD_EXTERNAL=Depot:soon", "names and working days such as Depot:2-4"),
        ("SYNCD_EXTERNAL=Depot:-1", "names and working days such as Depot:2-4"),
        ("SYNCD_EXTERNAL=Depot:1000", "names and working days such as Depot:2-4"),
        ("SYNCD_EXTERNAL=Depot:4-2", "the fewest days first"),
        ("SYNCD_EXTERNAL=Depot:2, Depot:3", "each name once"),
        ('SYNCD_EXTERNAL=Depot:1, "":2', "names and working days such as Depot:2-4"),
        ("SYNCD_TEXT_SUPPLIER=in {dayz}", "a text with nothing in braces but {days}, {shortest}, {longest}"),
        ("WOO_TEXT_ON_THE_WAY=in {days}", "a text with nothing in braces but {date}"),
        ("WOO_TEXT_IN_STOCK=<b>here</b>", "plain text without HTML"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_its_line(line: str, expected: str) -> None:
    (told,) = problems(line + "\n")
    assert told.startswith(f"line 5: {line.partition('=')[0]} takes ")
    assert expected in told
    assert len(told) < 250


def test_all_of_them_are_told_at_once() -> None:
    told = problems("SYNCD_WORKING_DAYS=never\nSILK_TEXT_OUT_OF_STOCK={date}\nSYNCD_LANGUAGE=xx\nSYNCD_TEXT_GONE=x\n")
    assert [line.split(":")[0] for line in told] == ["line 7", "line 5", "line 6", "line 8"]
    assert "SYNCD_TEXT_GONE is not a setting" in told[-1]
