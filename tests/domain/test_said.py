"""Sentences that are kept to be said in another language later."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.said import Said, Typed, Value, joined

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

plain = st.text() | st.builds(Typed, st.text()) | st.integers() | st.dates() | st.datetimes(timezones=st.just(UTC))


def sentences(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Said]:
    simple = st.builds(lambda a, b: Said("{a}, and {b}", a=a, b=b), values, values)
    counted = st.builds(
        lambda number, of: Said.number("{number} row of {of}", "{number} rows of {of}", number, of=of),
        st.integers(),
        values,
    )
    return simple | counted | st.text().map(Said.verbatim) | st.just(Said("Look"))


said = st.recursive(sentences(plain), lambda inner: sentences(plain | inner), max_leaves=6)


@given(said)
def test_what_is_kept_comes_back_as_it_was(one: Said) -> None:
    back = Said.of_json(json.loads(json.dumps(one.as_json())))
    assert back == one
    assert hash(back) == hash(one)
    assert str(back) == str(one)


@given(st.text())
def test_verbatim_words_survive_whatever_is_in_them(text: str) -> None:
    assert str(Said.verbatim(text)) == text
    assert str(Said("woo: {error}", error=Said.verbatim(text))) == f"woo: {text}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("1234", "1234"),  # an order's number
        (1234, "1,234"),
        (-7, "-7"),
        (date(2026, 12, 4), "2026-12-04"),
        (NOON, "2026-11-23 12:00 UTC"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-11-23 12:00 UTC"),
        (Said("{units} more", units=3), "3 more"),
        (Typed("syncd heal woo 'Shoe 39'"), "syncd heal woo 'Shoe 39'"),
    ],
)
def test_each_kind_of_value_in_english(value: Value, told: str) -> None:
    assert str(Said("It is {value}", value=value)) == f"It is {told}"


def test_a_number_has_its_form() -> None:
    told = [str(Said.number("{number} row", "{number} rows", number)) for number in (0, 1, 2, 1500)]
    assert told == ["0 rows", "1 row", "2 rows", "1,500 rows"]


def test_the_same_words_about_another_thing_are_another_sentence() -> None:
    assert Said("{sku}", sku="MUG") != Said("{sku}", sku="CUP")
    assert Said.number("{number}", "{number}", 1) != Said("{number}", number=1)


def test_sentences_are_joined() -> None:
    one, two, three = (Said.verbatim(text) for text in ("a", "b", "c"))
    assert joined([one]) == one
    assert str(joined([one, two, three])) == "a and b and c"
