"""The most specific rule wins, field by field (design.md §4)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.availability import Buffer, Rule
from syncd.domain.replenishment import Demand, PointSource, ReorderPoint
from syncd.domain.rules import Limits, Rules, Scope, ScopedLimits, SkuFacts

SHOE = SkuFacts("SHOE", category="shoes", supplier="acme")

ORDER = (
    (Scope.SKU, "SHOE", "woo"),
    (Scope.SKU, "SHOE", None),
    (Scope.CATEGORY, "shoes", "woo"),
    (Scope.CATEGORY, "shoes", None),
    (Scope.SUPPLIER, "acme", "woo"),
    (Scope.SUPPLIER, "acme", None),
    "channel",
    "default",
)
"""The places where a limit may stand, the most specific first."""

Place = tuple[Scope, str, str | None] | str


def rules(said: Mapping[Place, Limits]) -> Rules:
    scoped = [ScopedLimits(*place, limits) for place, limits in said.items() if not isinstance(place, str)]
    channels = {"woo": said["channel"]} if "channel" in said else {}
    return Rules(scoped, channels, said.get("default", Limits()))


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_most_specific_rule_that_says_something_wins(first: int) -> None:
    said: dict[Place, Limits] = {
        place: Limits(Buffer(units=number), cap=number, cut_off=number)
        for number, place in enumerate(ORDER)
        if number >= first
    }
    assert rules(said).rule(SHOE, "woo") == Rule(Buffer(units=first), cap=first, cut_off=first)


FIELDS = ("buffer", "cap", "cut_off")


@given(st.lists(st.sets(st.sampled_from(FIELDS)), min_size=len(ORDER), max_size=len(ORDER)))
def test_each_field_is_decided_on_its_own(says: list[set[str]]) -> None:
    def value(field: str, number: int) -> object:
        return Buffer(units=number) if field == "buffer" else number

    said: dict[Place, Limits] = {
        place: Limits(**{field: value(field, number) for field in says[number]})  # type: ignore[arg-type]
        for number, place in enumerate(ORDER)
    }
    found = rules(said).rule(SHOE, "woo")
    for field, nothing in zip(FIELDS, (Buffer(), None, None), strict=True):
        expected = next((value(field, number) for number in range(len(ORDER)) if field in says[number]), nothing)
        assert getattr(found, field) == expected, field


def test_a_buffer_of_nothing_is_a_rule_too() -> None:
    said: dict[Place, Limits] = {ORDER[0]: Limits(Buffer()), "default": Limits(Buffer(units=2))}
    assert rules(said).rule(SHOE, "woo").buffer == Buffer()


def test_units_and_share_of_two_rules_are_not_mixed() -> None:
    said: dict[Place, Limits] = {ORDER[1]: Limits(Buffer(units=3)), "default": Limits(Buffer(percent=50))}
    assert rules(said).rule(SHOE, "woo").buffer == Buffer(units=3)


def test_rules_about_others_do_not_hold() -> None:
    strangers: dict[Place, Limits] = {
        (Scope.SKU, "BOOT", None): Limits(cap=1),
        (Scope.SKU, "SHOE", "shopify"): Limits(cap=2),
        (Scope.CATEGORY, "boots", None): Limits(cap=3),
        (Scope.CATEGORY, "SHOE", None): Limits(cap=4),
        (Scope.SUPPLIER, "shoes", None): Limits(cap=5),
    }
    assert rules(strangers).rule(SHOE, "woo") == Rule()
    assert rules({"channel": Limits(cap=6)}).rule(SHOE, "shopify") == Rule()


def test_a_sku_without_category_and_supplier_matches_no_rule_about_them() -> None:
    said: dict[Place, Limits] = {
        (Scope.CATEGORY, "", None): Limits(cap=1),
        (Scope.SUPPLIER, "None", None): Limits(cap=2),
    }
    assert rules(said).rule(SkuFacts("SHOE"), "woo") == Rule()


@pytest.mark.parametrize(
    "place", [(Scope.SKU, "SHOE", None), (Scope.CATEGORY, "shoes", None), (Scope.SUPPLIER, "acme", None), "default"]
)
def test_a_reorder_point_is_about_the_shelf_not_a_channel(place: Place) -> None:
    said: dict[Place, Limits] = {
        place: Limits(reorder_point=7),
        "channel": Limits(reorder_point=1),
        (Scope.SKU, "SHOE", "woo"): Limits(reorder_point=2),
    }
    source = PointSource.DEFAULT if place == "default" else PointSource.SET
    assert rules(said).reorder_point(SHOE) == ReorderPoint(7, source)
    assert rules({}).reorder_point(SHOE) == ReorderPoint(0, PointSource.DEFAULT)


def test_sales_ask_for_an_earlier_alert_only_where_the_owner_said_nothing_of_the_sku() -> None:
    demand = Demand((10, 10, 10, 10))
    by_sales = ReorderPoint(21, PointSource.SALES, lead_time_days=14, during_lead_time=20, safety=1)
    assert rules({"default": Limits(reorder_point=5)}).reorder_point(SHOE, demand, 14) == by_sales
    assert rules({ORDER[5]: Limits(reorder_point=0)}).reorder_point(SHOE, demand, 14) == ReorderPoint(
        0, PointSource.SET
    )
