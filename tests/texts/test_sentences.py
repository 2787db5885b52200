"""A sentence of an incident in the owner's language, with whatever a shop put into it."""

from __future__ import annotations

import shlex
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.domain.said import Said
from syncd.texts import commands
from syncd.texts.catalogues import LANGUAGES
from syncd.texts.marks import clean, plain, unmarked, value
from syncd.texts.said import say_marked

UTC = ZoneInfo("UTC")


def say_said(language: str, said: Said) -> str:
    return plain(language, say_marked(language, said, UTC))


def test_it_is_said_in_the_language_with_its_values() -> None:
    said = Said("Open in {channel}", channel="woo")
    assert say_said("en", said) == str(said)
    assert say_said("pl", said) == "Otwórz w woo"
    assert say_said("he", said) == "פתיחה ב־\u2068woo\u2069"


def test_a_sentence_in_a_sentence_is_said_in_the_language_too() -> None:
    said = Said("Over: {title}", title=Said("Open in {channel}", channel="woo"))
    assert say_said("da", said) == "Overstået: Åbn i woo"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nobody_translated_is_said_in_english(language: str) -> None:
    said = Said("Order {number} of {channel} has {units} units", number="1204", channel="woo", units=3)
    assert unmarked(say_said(language, said)) == "Order 1204 of woo has 3 units"


def test_a_command_is_told_from_the_words_around_it() -> None:
    said = Said("Look: syncd incoming add SKU 24 --expected DAY, or: syncd check tells more")
    assert say_marked("en", said, UTC) == (
        "Look: \u2066syncd incoming add SKU 24 --expected DAY\u2069, or: \u2066syncd check\u2069 tells more"
    )


@pytest.mark.parametrize("sku", ["MUG; touch pwned #", "syncd check", "S" * 200])
def test_a_command_with_a_value_is_marked_as_a_whole(sku: str) -> None:
    heal = commands.typed(("heal",), ("woo", sku))
    said = Said("Over: {title}", title=Said("Ours is right: {heal}", heal=heal))
    for language, before in (("en", "Over: Ours is right: "), ("pl", "Już po sprawie: Ours is right: ")):
        assert say_marked(language, said, UTC) == f"{before}\u2066syncd heal woo {shlex.quote(sku)}\u2069"


def test_a_command_of_which_a_word_is_missing_is_not_marked_as_one() -> None:
    heal = commands.typed(("heal",), ("woo", "MUG\u200b"))
    assert say_marked("en", Said("Ours: {heal}", heal=heal), UTC) == "Ours: \u2068syncd heal woo …\u2069"


def test_what_a_shop_says_is_no_command() -> None:
    assert say_marked("en", Said("It says {answer}", answer="syncd check"), UTC) == "It says \u2068syncd check\u2069"


def test_hebrew_in_an_english_sentence_is_kept_apart() -> None:
    assert plain("en", f"Low: {value('ספל')}, 3 left") == "Low: \u2068ספל\u2069, 3 left"
    assert plain("en", f"Low: {value('MUG')}, 3 left") == "Low: MUG, 3 left"


def test_what_cannot_be_seen_is_taken_away() -> None:
    assert clean("a\r\nb\tc\u2028d\x00e") == "a b c d e"
    assert clean("\u202ea\u2066b\u2069c\u200fd\ufeffe") == "abcde"
    assert clean("\ud800x") == "x"
    assert value("x" * 99) == f"\u2068{'x' * 79}…\u2069"


def test_numbers_days_and_instants_are_told_as_the_language_tells_them() -> None:
    at = datetime(2026, 12, 4, 22, 30, tzinfo=UTC)
    said = Said("{units} since {at}, expected on {day}", units=1204, at=at, day=date(2026, 12, 5))
    told = unmarked(say_marked("en", said, ZoneInfo("Asia/Jerusalem")))
    assert told == "1,204 since December 5, 2026, 12:30 AM, expected on December 5, 2026"


def test_a_sentence_with_a_number_has_the_form_that_the_language_has_for_it() -> None:
    def days(number: int) -> str:
        return say_said("pl", Said.number("{number} working day", "{number} working days", number))

    assert [days(number) for number in (1, 2, 5)] == ["1 dzień roboczy", "2 dni robocze", "5 dni roboczych"]
