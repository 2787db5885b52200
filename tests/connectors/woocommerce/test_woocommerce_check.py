"""What `syncd check` says about a shop, healthy or not; nothing is changed by asking."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Finding, Level, RateLimited, Unavailable
from connectors.woocommerce.connector import WooCommerce
from syncd.sandbox.faults import Answer, Redirect
from syncd.sandbox.woocommerce import Key
from tests.connectors.woocommerce.conftest import Site

PAGE = b"<html><title>Just a moment...</title><h1>Checking your browser</h1></html>"


def fail_of(connector: WooCommerce) -> Finding:
    """The only failure found, which ends the check."""
    findings = connector.check()
    assert [finding.level for finding in findings].count(Level.FAIL) == 1, findings
    assert not any(finding.level is Level.OK and "may be read and written" in finding.message for finding in findings)
    return next(finding for finding in findings if finding.level is Level.FAIL)


def answer(status: int, code: str, message: str, **headers: str) -> Answer:
    body = {"code": code, "message": message, "data": {"status": status}}
    return Answer(status, headers, json.dumps(body).encode())


def test_a_healthy_shop_is_told_with_its_version_and_size_and_is_left_alone(site: Site) -> None:
    hat = site.shop.add_simple("HAT", stock=9)
    site.shop.add_variable("SHOE", "Shoe", {"39": 1, "40": 2})
    modified = hat.modified
    site.clock.forward(seconds=5)
    findings = site.connector().check()
    assert [(finding.level, finding.message) for finding in findings] == [
        (Level.OK, "WooCommerce 10.5.0"),
        (Level.OK, f"{site.server.url} may be read and written; 2 products, 2 variations"),
    ]
    assert (hat.stock, hat.modified) == (9, modified)
    assert [call.body for call in site.server.calls if call.method != "GET"] == [b"{}"]


def test_plain_permalinks_are_named_with_the_way_out(site: Site) -> None:
    site.shop.plain_permalinks = True
    assert "Settings > Permalinks" in fail_of(site.connector()).hint


@pytest.mark.parametrize("status", [200, 403])
def test_a_firewall_page_is_told_as_such(site: Site, status: int) -> None:
    site.server.faults.add(Answer(status, {"Content-Type": "text/html"}, PAGE))
    finding = fail_of(site.connector())
    assert "firewall" in finding.message
    assert "Checking your browser" in finding.hint


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("before", ["GET .*/products$", "GET .*/orders$", "POST"])
def test_a_firewall_before_one_part_of_the_shop_is_told_too(site: Site, status: int, before: str) -> None:
    site.server.faults.add(Answer(status, {"Content-Type": "text/html"}, PAGE), match=before)
    finding = fail_of(site.connector())
    assert "firewall" in finding.message
    assert "Checking your browser" in finding.hint


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://www.shop.example/wp-json/?_fields=name", "Set WOO_URL=https://www.shop.example"),
        ("https://shop.example/deep/shop/wp-json/", "Set WOO_URL=https://shop.example/deep/shop"),
        ("/login", "Set the channel's address to where it points."),
    ],
)
def test_a_redirect_is_told_with_the_right_address(site: Site, location: str, hint: str) -> None:
    site.server.faults.add(Redirect(301, location))
    assert fail_of(site.connector()).hint == hint


def test_a_site_without_woocommerce_is_told(site: Site) -> None:
    index = {"name": "Blog", "url": "https://blog.example", "namespaces": ["wp/v2"]}
    site.server.faults.add(Answer(200, {}, json.dumps(index).encode()))
    assert "without WooCommerce" in fail_of(site.connector()).message


def test_a_site_that_calls_itself_otherwise_is_a_warning(site: Site) -> None:
    index = {"url": "https://www.shop.example/", "namespaces": ["wc/v3"]}
    site.server.faults.add(Answer(200, {}, json.dumps(index).encode()))
    warning = site.connector().check()[0]
    assert (warning.level, "https://www.shop.example" in warning.hint) == (Level.WARN, True)


def test_a_site_that_hides_its_index_from_strangers_is_checked_all_the_same(site: Site) -> None:
    site.server.faults.add(answer(401, "rest_not_logged_in", "Only members may use the API."))
    assert site.connector().check()[-1].level is Level.OK


def test_a_wrong_key_is_told_with_its_setting(site: Site) -> None:
    right = site.shop.key
    wrong_key = fail_of(site.connector(Key("ck_wrong", right.consumer_secret, "read_write")))
    assert "does not know the consumer key" in wrong_key.message
    assert "WOO_KEY" in wrong_key.hint


@pytest.mark.parametrize(
    ("permissions", "may_not"), [("read", "The key may not write."), ("write", "The key may not read.")]
)
def test_a_key_that_may_do_too_little_is_told(site: Site, permissions: str, may_not: str) -> None:
    finding = fail_of(site.connector(site.shop.add_key(permissions)))
    assert (finding.message, "Read/Write" in finding.hint) == (may_not, True)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (answer(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid."), "secret is wrong"),
        (answer(401, "woocommerce_rest_authentication_error", "Invalid timestamp."), "clock"),
        (answer(401, "woocommerce_rest_authentication_error",
                "Invalid signature - provided signature does not match."), "signature"),
        (answer(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."), "consumer key"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_reason(site: Site, refusal: Answer, words: str) -> None:
    site.server.faults.add(refusal, match="GET .*/products$")
    assert words in fail_of(site.connector()).message


def test_a_key_that_may_not_see_orders_is_told(site: Site) -> None:
    refusal = answer(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
    site.server.faults.add(refusal, match="GET .*/orders$")
    assert "products and orders" in fail_of(site.connector()).message


@pytest.mark.parametrize(
    "refusal",
    [
        answer(403, "woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource."),
        answer(404, "rest_no_route", "No route was found matching the URL and request method."),
        Answer(403, {"Content-Type": "text/html"}, PAGE),
        Answer(405, {"Content-Type": "text/html"}, PAGE),
    ],
)
def test_a_shop_that_can_only_be_read_is_told(site: Site, refusal: Answer) -> None:
    site.server.faults.add(refusal, match="POST")
    assert "writ" in fail_of(site.connector()).message


def test_a_host_that_takes_the_authorization_header_away_is_told_with_the_setting(secure: Site, ca_file: str) -> None:
    secure.shop.strips_authorization = True
    assert fail_of(secure.connector(CA_FILE=ca_file)).hint == "Set WOO_AUTH=query"
    assert secure.connector(CA_FILE=ca_file, AUTH="query").check()[-1].level is Level.OK


def test_a_wrong_clock_is_a_warning_and_where_calls_are_signed_a_failure(site: Site) -> None:
    connector = site.connector()
    site.clock.forward(minutes=-7)
    warning = connector.check()[0]
    assert (warning.level, "7 minutes" in warning.message) == (Level.WARN, True)
    site.clock.forward(minutes=-20)
    finding = fail_of(connector)
    assert "27 minutes" in finding.message


@pytest.mark.parametrize(
    ("version", "level"),
    [("10.5.0", Level.OK), ("11.0-beta.1", Level.OK), ("9.9.5", Level.WARN), ("5.7.2", Level.FAIL), ("", Level.WARN)],
)
def test_the_version_is_judged(site: Site, version: str, level: Level) -> None:
    site.shop.version = version
    findings = site.connector().check()
    assert [finding.level for finding in findings if "WooCommerce" in finding.message] == [level]


def test_a_key_that_may_not_see_the_version_is_a_warning(site: Site) -> None:
    site.server.faults.add(answer(403, "woocommerce_rest_cannot_view", "Sorry."), match="system_status")
    levels = [finding.level for finding in site.connector().check()]
    assert levels == [Level.WARN, Level.OK]


def test_stock_management_that_is_off_for_the_whole_shop_is_a_failure(site: Site) -> None:
    site.shop.options["woocommerce_manage_stock"] = "no"
    assert "Enable stock management" in fail_of(site.connector()).hint


def test_a_shop_older_than_the_list_of_all_variations_is_counted_without_them(site: Site) -> None:
    site.shop.has_variations_route = False
    site.shop.add_simple("HAT", stock=9)
    assert site.connector().check()[-1].message.endswith("; 1 products")


@pytest.mark.parametrize(("fault", "error"), [(503, Unavailable), (429, RateLimited)])
def test_a_shop_that_cannot_be_asked_at_all_is_an_error(site: Site, fault: int, error: type[Exception]) -> None:
    site.server.faults.add(Answer(fault, {}, b""), times=None)
    with pytest.raises(error):
        site.connector().check()


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"namespaces": "x"}', b'{"environment": [], "namespaces": ["wc/v3"]}'])
def test_odd_answers_do_not_break_the_check(site: Site, body: bytes) -> None:
    site.server.faults.add(Answer(200, {}, body), match="wp-json/$|system_status|settings", times=None)
    assert all(isinstance(finding, Finding) for finding in site.connector().check())


def test_findings_name_the_settings_by_their_channel(site: Site) -> None:
    settings: dict[str, Any] = {"URL": site.server.url, "KEY": "ck_x", "SECRET": "cs_x"}
    connector = WooCommerce("shop_il", settings)
    assert "SHOP_IL_KEY" in fail_of(connector).hint
    connector.close()
