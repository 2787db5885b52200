"""What is kept to be said later can be said in every language, with its values and its commands (N74)."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from syncd.cli.app import VERBS
from syncd.texts.catalogues import LANGUAGES, SOURCE, say, say_number
from tests.texts.said_calls import SaidCall, said_calls, strings_with_values
from tests.texts.test_catalogues import LOCALE, forms, placeholders

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]

PLACE = r"(?:\{\w+\}|[A-Z-]{3,}|--[a-z-]+|\w+\.csv)"
COMMAND = re.compile(
    rf"syncd (?:{'|'.join(name for _, name, _ in VERBS)})\b(?:(?: (?:export|accept|stop|receive|delay))?(?: {PLACE})+)?"
    rf"|(?:systemctl [a-z-]+|journalctl -u) {PLACE}|[A-Z]+_[A-Z_]+|docs/\S+\.md"
)
"""What is typed, set or opened as it stands: a command with what belongs to it, a setting, a page."""


def every(call: SaidCall) -> list[str]:
    assert call.english is not None, f"{call.where}: the English text is no literal, so no catalogue can have it"
    return list(call.english)


def test_there_is_something_to_be_said() -> None:
    assert len({call.msgid for call in said_calls()}) > 80


@pytest.mark.parametrize("call", said_calls(), ids=lambda call: call.where)
def test_a_sentence_is_a_literal_with_exactly_the_values_that_it_names(call: SaidCall) -> None:
    named = set().union(*(placeholders(english) for english in every(call)))
    assert named | ({"number"} if len(every(call)) > 1 else set()) == call.values
    for english in every(call):
        assert all(not spec and not conversion for _, _, spec, conversion in Formatter().parse(english)), call.where


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_in_every_language(language: str) -> None:
    for call in said_calls():
        counted = {"number"} if len(every(call)) > 1 else set()
        values = {name: f"<{name}>" for name in call.values - counted}
        if isinstance(call.msgid, str):
            told = [say(language, call.msgid, **values)]
        else:
            told = [say_number(language, *call.msgid, number, **values) for number in (0, 1, 2, 5, 21, 22)]
        for text in told:
            assert text and "{" not in text, call.where
            assert all(value in text for value in values.values()), f"{call.where}: {text}"
        if language != SOURCE and re.search("[a-z]", re.sub(r"\{\w+\}", "", call.msgid[0])):
            assert told[0] != (call.msgid if isinstance(call.msgid, str) else call.msgid[0]), call.where


A_LINE = re.compile(rf"syncd (?:{'|'.join(name for _, name, _ in VERBS)})\b(?:[ =](?:[\w.-]+|\{{[^}}]*\}}))*")
NEEDS_NO_QUOTES = re.compile(r"(\w+\.)*id|(\w+\.)?name|(\w+\.)?channel|first|' '\.join\(report\.shadow\)")
"""Numbers of ours, and channels: their names are letters, digits and underscores."""


def values_in_commands(text: str) -> list[str]:
    return [value for line in A_LINE.findall(text) for value in re.findall(r"\{(.*?)\}", line)]


def test_a_value_stands_in_no_command_that_could_be_pasted() -> None:
    """``Said`` and f-strings leave it to `syncd.texts.commands` to put a SKU or an order's number into a command."""
    for call in said_calls():
        for english in every(call):
            assert not values_in_commands(english), f"{call.where}: {english}"
    found = 0
    for where, text in strings_with_values():
        for value in values_in_commands(text):
            found += 1
            assert NEEDS_NO_QUOTES.fullmatch(value), f"{where}: {text}"
    assert found > 10


def test_a_value_in_a_command_is_found() -> None:
    """The pattern that the test before rests on."""
    for text, values in (
        ("Ours is right: syncd heal {port.name} {sku}. And {more}", ["port.name", "sku"]),
        ("Shop: syncd adopt woo --sku {sku} --yes", ["sku"]),
        ("syncd adopt --sku={sku}", ["sku"]),
        ("{channel} does not let syncd register webhooks: {error}", []),
        ("Look: syncd check. {otherwise}", []),
    ):
        assert values_in_commands(text) == values


def test_commands_are_found() -> None:
    """The pattern that the next test rests on."""
    found = [
        COMMAND.findall(text)
        for text in (
            "Count it (syncd count SKU UNITS) or put the reorder point above it",
            "syncd incoming receive NUMBER, or syncd incoming delay NUMBER DAY. They are not sold meanwhile.",
            "Look at journalctl -u {unit}, run syncd check, then: systemctl start {unit}",
            "syncd worked on after it was made",
            "match it: syncd map export todo.csv",
            "Let your web server pass them on to SYNCD_LISTEN (docs/service.md); until then",
        )
    ]
    assert found == [
        ["syncd count SKU UNITS"],
        ["syncd incoming receive NUMBER", "syncd incoming delay NUMBER DAY"],
        ["journalctl -u {unit}", "syncd check", "systemctl start {unit}"],
        [],
        ["syncd map export todo.csv"],
        ["SYNCD_LISTEN", "docs/service.md"],
    ]


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_typed_stands_in_a_translation_as_it_is(language: str) -> None:
    with (LOCALE / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        english = message.id if isinstance(message.id, str) else message.id[-1]
        for command in COMMAND.findall(english):
            assert all(command in form for form in forms(message)), f"{command} in {forms(message)}"
