"""What ``syncd check`` says about a Shopify channel, and which location is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import CredentialsRejected, Finding, Level, ListingRef, Unreadable
from connectors.shopify.connector import Shopify
from connectors.shopify.settings import LATER_SCOPES, NEEDED_SCOPES, STATUS_SCOPES
from tests.connectors.shopify.conftest import Make, Scripted, World, answered

ALL = (*NEEDED_SCOPES, *STATUS_SCOPES, *LATER_SCOPES)


def place(number: int, name: str, *, active: bool = True, online: bool = True) -> dict[str, Any]:
    return {"id": f"gid://shopify/Location/{number}", "name": name, "isActive": active, "fulfillsOnlineOrders": online}


COUNT = answered({"productVariantsCount": {"count": 58}})


def installed(*scopes: str, domain: str = "sample-shop.myshopify.com") -> dict[str, Any]:
    return {
        "shop": {"name": "Sample", "myshopifyDomain": domain},
        "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in scopes]},
    }


@pytest.fixture
def healthy(scripted: Scripted, world: World) -> Scripted:
    scripted.installation = installed(*ALL)
    scripted.answers(COUNT)
    world.now = datetime.now(UTC)
    return scripted


def told(connector: Shopify, level: Level) -> list[Finding]:
    return [finding for finding in connector.check() if finding.level is level]


def test_a_healthy_channel_is_all_right(make: Make, healthy: Scripted) -> None:
    findings = make(healthy.server.url).check()
    assert {finding.level for finding in findings} == {Level.OK}
    text = "; ".join(finding.message for finding in findings)
    assert "Sample" in text and "2026-10" in text and "Herzl 12" in text and "58 listings" in text


def test_missing_scopes_are_named_with_where_to_add_them(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed("read_products", "read_inventory", "read_locations", "read_orders")
    (failure,) = told(make(healthy.server.url), Level.FAIL)
    assert "write_inventory" in failure.message and "read_orders" not in failure.message
    assert failure.hint == "Dev Dashboard > your app > Versions: add write_inventory, release, approve in the shop."


def test_a_write_scope_brings_its_read_scope(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed("write_products", "write_inventory", "read_locations", "read_orders")
    assert told(make(healthy.server.url), Level.FAIL) == []


def test_scopes_that_are_of_use_later_are_named_without_alarm(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed(*NEEDED_SCOPES, *STATUS_SCOPES)
    findings = make(healthy.server.url).check()
    assert {finding.level for finding in findings} == {Level.OK}
    assert any("read_all_orders" in finding.message for finding in findings)


def test_without_the_scope_for_statuses_buyers_see_numbers_only(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed(*NEEDED_SCOPES)
    (warning,) = told(make(healthy.server.url), Level.WARN)
    assert warning.message == "buyers see no statuses, only numbers: write_products is missing"
    assert warning.hint == "Dev Dashboard > your app > Versions: add write_products, release, approve in the shop."


def test_a_place_for_statuses_that_holds_something_else_is_warned_of(make: Make, healthy: Scripted) -> None:
    healthy.definition = {"type": {"name": "boolean"}, "access": {"storefront": "PUBLIC_READ"}}
    (warning,) = told(make(healthy.server.url), Level.WARN)
    assert "of type boolean" in warning.message and "Variants: delete syncd.availability" in warning.hint


def test_excess_scopes_are_warned_of(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed(*ALL, "write_orders", "read_customers")
    (warning,) = told(make(healthy.server.url), Level.WARN)
    assert "read_customers, write_orders" in warning.message


def test_without_a_scope_its_part_of_the_shop_is_not_asked_for(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed("read_orders")
    (failure,) = told(make(healthy.server.url), Level.FAIL)
    assert "read_locations" in failure.message
    assert len(healthy.server.calls) == 1


def test_credentials_of_another_shop_are_a_failure(make: Make, healthy: Scripted) -> None:
    healthy.installation = installed(*ALL, domain="other.myshopify.com")
    (failure,) = told(make(healthy.server.url), Level.FAIL)
    assert "other.myshopify.com" in failure.message and "SHOPIFY_IL_SHOP" in failure.hint


def test_a_domain_of_the_owners_own_is_told_by_its_permanent_name(make: Make, healthy: Scripted) -> None:
    findings = make(healthy.server.url, SHOP="www.sample.test").check()
    assert findings[0].message == "www.sample.test is the shop sample-shop.myshopify.com"
    assert findings[0].hint.startswith("SHOPIFY_IL_SHOP=sample-shop.myshopify.com")


@pytest.mark.parametrize(("minutes_off", "warned"), [(-60, True), (0, False), (60, True)])
def test_a_clock_that_is_off_is_warned_of(
    make: Make, healthy: Scripted, world: World, minutes_off: float, warned: bool
) -> None:
    # The server tells the true time in its Date header.
    world.now = datetime.now(UTC) + timedelta(minutes=minutes_off)
    assert ["clock" in finding.message for finding in told(make(healthy.server.url), Level.WARN)] == [True] * warned


def test_a_shop_that_tells_no_readable_time_is_not_suspected(make: Make, healthy: Scripted) -> None:
    healthy.answers(answered({"productVariantsCount": {"count": 58}}, headers={"Date": "soon"}))
    assert told(make(healthy.server.url), Level.WARN) == []


def test_another_version_stops_the_check_with_what_to_install(make: Make, healthy: Scripted) -> None:
    with pytest.raises(Unreadable, match="API version 2026-10; syncd needs 2026-07"):
        make(healthy.server.url, API_VERSION="2026-07").check()


# ---------------------------------------------------------------------- locations


@pytest.mark.parametrize("written", ["Herzl 12", " herzl 12 ", "1", "gid://shopify/Location/1"])
def test_a_location_is_found_by_name_or_id(make: Make, healthy: Scripted, written: str) -> None:
    healthy.locations = [place(2, "Haifa", online=False), place(1, "Herzl 12")]
    findings = make(healthy.server.url, LOCATION=written).check()
    assert "writes the stock of Herzl 12" in [finding.message for finding in findings]


def test_of_two_locations_with_one_name_the_active_one_is_meant(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(2, "Herzl 12", active=False), place(1, "Herzl 12")]
    assert told(make(healthy.server.url, LOCATION="Herzl 12"), Level.FAIL) == []


@pytest.mark.parametrize("written", ["Tel Aviv", "9", "Haifa"])
def test_a_location_that_is_not_clear_lists_those_that_there_are(make: Make, healthy: Scripted, written: str) -> None:
    healthy.locations = [place(1, "Herzl 12"), place(2, "Haifa"), place(3, "Haifa"), place(4, "Gone", active=False)]
    connector = make(healthy.server.url, LOCATION=written)
    (failure,) = told(connector, Level.FAIL)
    assert failure.hint == "Set SHOPIFY_IL_LOCATION to one of: Herzl 12 (1), Haifa (2), Haifa (3)."
    with pytest.raises(CredentialsRejected):
        connector.read([ListingRef("1")])


def test_without_a_location_the_only_active_one_is_taken(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(1, "Herzl 12"), place(4, "Gone", active=False)]
    assert told(make(healthy.server.url), Level.FAIL) == []


def test_without_a_location_several_are_a_question(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(1, "Herzl 12"), place(2, "Haifa", online=False)]
    (failure,) = told(make(healthy.server.url), Level.FAIL)
    assert "several locations" in failure.message


def test_a_location_that_is_switched_off_is_a_failure(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(1, "Herzl 12", active=False)]
    (failure,) = told(make(healthy.server.url, LOCATION="Herzl 12"), Level.FAIL)
    assert "switched off" in failure.message
    with pytest.raises(CredentialsRejected, match="switched off"):
        make(healthy.server.url, LOCATION="Herzl 12").read([ListingRef("1")])


def test_a_location_that_the_site_does_not_sell_from_is_warned_of(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(1, "Herzl 12", online=False)]
    (warning,) = told(make(healthy.server.url), Level.WARN)
    assert "does not fulfil online orders" in warning.message


def test_other_locations_that_sell_online_are_warned_of(make: Make, healthy: Scripted) -> None:
    healthy.locations = [place(1, "Herzl 12"), place(2, "Haifa"), place(3, "Eilat")]
    (warning,) = told(make(healthy.server.url, LOCATION="1"), Level.WARN)
    assert warning.message.startswith("Haifa, Eilat fulfil online orders too")


def test_the_guide_names_every_scope_that_is_needed_or_of_use() -> None:
    guide = " ".join(Shopify.GUIDE)
    assert all(scope in guide for scope in ALL)


def test_how_long_orders_are_visible_follows_from_the_scopes(make: Make, healthy: Scripted) -> None:
    healthy.answers(answered({"nodes": [None]}))
    connector = make(healthy.server.url)
    assert connector.visible_for == timedelta(days=60)
    connector.read([ListingRef("1")])
    assert connector.visible_for is None
    healthy.installation = installed(*NEEDED_SCOPES)
    few = make(healthy.server.url)
    few.read([ListingRef("1")])
    assert few.visible_for == timedelta(days=60)
