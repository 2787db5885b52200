"""A sentence of an incident in the owner's language, with whatever a shop put into it."""

from __future__ import annotations

import pytest

from syncd.domain.said import Said
from syncd.texts.catalogues import LANGUAGES
from syncd.texts.marks import clean, plain, unmarked, value
from syncd.texts.said import say_marked, say_said


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
    said = Said("Order {number} of {channel} has {units} units", number=1204, channel="woo", units=3)
    assert unmarked(say_said(language, said)) == "Order 1204 of woo has 3 units"


def test_a_command_is_told_from_the_words_around_it() -> None:
    said = Said("Look: syncd incoming add {sku} 24 --expected DAY, or: syncd check tells more", sku="MUG")
    assert say_marked("en", said) == (
        "Look: \u2066syncd incoming add MUG 24 --expected DAY\u2069, or: \u2066syncd check\u2069 tells more"
    )


def test_what_a_shop_says_is_no_command() -> None:
    assert say_marked("en", Said("It says {answer}", answer="syncd check")) == "It says \u2068syncd check\u2069"


def test_hebrew_in_an_english_sentence_is_kept_apart() -> None:
    assert plain("en", f"Low: {value('ספל')}, 3 left") == "Low: \u2068ספל\u2069, 3 left"
    assert plain("en", f"Low: {value('MUG')}, 3 left") == "Low: MUG, 3 left"


def test_what_cannot_be_seen_is_taken_away() -> None:
    assert clean("a\r\nb\tc\u2028d\x00e") == "a b c d e"
    assert clean("\u202ea\u2066b\u2069c\u200fd\ufeffe") == "abcde"
    assert clean("\ud800x") == "x"
    assert value("x" * 99) == f"\u2068{'x' * 79}…\u2069"
