"""Every catalogue says everything, with the same placeholders, in every form that its language has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from gettext import c2py
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from syncd.texts.catalogues import LANGUAGES, SOURCE, say, say_date, say_number
from tests.texts.said_calls import said_calls

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "syncd" / "texts" / "locale"
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
_KEYWORDS = {
    "message": None,
    "counted": (1, 2),
    "say": (2,),
    "say_number": (2, 3),
    "phrase": (1,),
    "phrase_number": (1, 2),
    "Said": None,
}


def said_in_the_source() -> set[str | tuple[str, ...]]:
    """Every English text of the source that is looked up in a catalogue."""
    found = extract_from_dir(ROOT / "syncd", method_map=[("**.py", "python")], keywords=_KEYWORDS)
    return {english for _, _, english, _, _ in found} | {call.msgid for call in said_calls()}


def catalogue(language: str) -> Catalog:
    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_languages_are_the_source_and_the_catalogues() -> None:
    assert set(LANGUAGES) >= {"en", "he", "pl", "da", "zh"}
    assert LANGUAGES[0] == SOURCE


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    source = said_in_the_source()
    assert len(source) >= 12
    assert {message.id for message in messages(language)} == source
    for message in messages(language):
        assert not message.fuzzy, message.id  # a fuzzy text would not be shown
        assert all(forms(message)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    form_of = c2py(catalogue(language).plural_expr)
    for message in messages(language):
        english = message.id if isinstance(message.id, str) else message.id[-1]
        for number, form in enumerate(forms(message)):
            used_for = [n for n in range(1000) if form_of(n) == number]
            # A form that stands for one number only may say it in words: יום עסקים אחד
            spelled = {"number"} if message.pluralizable and len(used_for) == 1 else set()
            assert placeholders(english) - spelled <= placeholders(form) <= placeholders(english), form


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_form_of_its_language(language: str) -> None:
    read = catalogue(language)
    form_of = c2py(read.plural_expr)
    assert {form_of(n) for n in range(1000)} == set(range(read.num_plurals))
    counted = [message for message in messages(language) if message.pluralizable]
    assert counted
    assert {len(forms(message)) for message in counted} == {read.num_plurals}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", {1: "1 working day", 2: "2 working days", 5: "5 working days"}),
        ("da", {1: "1 hverdag", 2: "2 hverdage", 21: "21 hverdage"}),
        ("he", {1: "יום עסקים אחד", 2: "2 ימי עסקים", 5: "5 ימי עסקים", 11: "11 ימי עסקים"}),
        (
            "pl",
            {
                1: "1 dzień roboczy",
                2: "2 dni robocze",
                5: "5 dni roboczych",
                12: "12 dni roboczych",
                21: "21 dni roboczych",
                22: "22 dni robocze",
            },
        ),
        ("zh", {1: "1个工作日", 2: "2个工作日"}),
    ],
)
def test_days_are_counted_as_the_language_does(language: str, told: Mapping[int, str]) -> None:
    one, many = "{number} working day", "{number} working days"
    assert {number: say_number(language, one, many, number) for number in told} == told


def test_polish_has_a_form_for_one_for_two_to_four_and_for_the_rest() -> None:
    form_of = c2py(catalogue("pl").plural_expr)
    assert [form_of(n) for n in (0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 112, 122)] == [
        2, 0, 1, 1, 2, 2, 2, 2, 2, 1, 2, 2, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "December 4, 2026"),
        ("da", "4. december 2026"),
        ("he", "4 בדצמבר 2026"),
        ("pl", "4 grudnia 2026"),
        ("zh", "2026年12月4日"),
    ],
)
def test_a_date_is_told_in_the_language_and_with_its_year(language: str, told: str) -> None:
    assert say_date(language, date(2026, 12, 4)) == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_days_are_never_told_as_the_same(language: str) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(800)]
    assert len({say_date(language, day) for day in days}) == len(days)


def test_a_text_that_no_catalogue_has_is_said_in_english() -> None:
    assert say("pl", "Nobody translated {this}", this="that") == "Nobody translated that"


def test_a_language_is_one_more_file(tmp_path: Path) -> None:
    """A catalogue put beside the others is a language, without a line of code."""
    shutil.copytree(ROOT / "syncd", tmp_path / "syncd", ignore=shutil.ignore_patterns("__pycache__"))
    danish = (LOCALE / "da.po").read_text(encoding="utf-8")
    norwegian = danish.replace("Language: da", "Language: nb").replace("Udsolgt", "Utsolgt")
    (tmp_path / "syncd" / "texts" / "locale" / "nb.po").write_text(norwegian, encoding="utf-8")
    script = "from syncd.texts.catalogues import LANGUAGES, say; print(*LANGUAGES, say('nb', 'Out of stock'))"
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["en", "da", "he", "nb", "pl", "zh", "Utsolgt"]
