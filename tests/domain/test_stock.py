from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.stock import normal_sku, twin_key


@pytest.mark.parametrize(
    ("text", "sku"),
    [(None, None), ("", None), ("  \t", None), (" SHOE-39 ", "SHOE-39"), (39, "39"), (0, "0"), ("Shoe", "Shoe")],
)
def test_a_sku_is_compared_without_the_blanks_around_it_and_an_empty_one_is_none(text: object, sku: str | None) -> None:
    assert normal_sku(text) == sku


@given(st.text())
def test_a_compared_sku_stays_the_same_when_compared_again(text: str) -> None:
    assert normal_sku(normal_sku(text)) == normal_sku(text)


@pytest.mark.parametrize("twin", ["shoe-39", " SHOE-39", "SHOE -39", "Shoe-39 "])
def test_skus_that_differ_by_case_or_blanks_are_twins(twin: str) -> None:
    assert twin_key(twin) == twin_key("SHOE-39")
    assert twin_key("SHOE-40") != twin_key("SHOE-39")
