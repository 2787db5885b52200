"""What is kept to be said later can be said in every language, with its values and its commands (N74)."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from syncd.cli.app import VERBS
from syncd.texts.catalogues import LANGUAGES, SOURCE, say, say_number
from tests.texts.said_calls import SaidCall, said_calls
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


def test_commands_are_found() -> None:
    """The pattern that the next test rests on."""
    found = [
        COMMAND.findall(text)
        for text in (
            "Ours is right: syncd heal {channel} {sku}",
            "syncd incoming receive {delivery}, or syncd incoming delay {delivery} DAY. They are not sold meanwhile.",
            "Look at journalctl -u {unit}, run syncd check, then: systemctl start {unit}",
            "syncd worked on after it was made",
            "match it: syncd map export todo.csv --channel {channel}",
            "Let your web server pass them on to SYNCD_LISTEN (docs/service.md); until then",
        )
    ]
    assert found == [
        ["syncd heal {channel} {sku}"],
        ["syncd incoming receive {delivery}", "syncd incoming delay {delivery} DAY"],
        ["journalctl -u {unit}", "syncd check", "systemctl start {unit}"],
        [],
        ["syncd map export todo.csv --channel {channel}"],
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
