"""How the shop is reached: address, credentials, certificates. Real HTTP and TLS on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import CredentialsRejected, Unavailable
from syncd.sandbox.faults import Answer, ResetAfter
from tests.connectors.woocommerce.conftest import Site, open_site


def count(site: Site, **settings: Any) -> int:
    return sum(len(page.listings) for page in site.connector(**settings).listings())


@pytest.mark.parametrize("auth", [None, "basic", "query", "oauth"])
def test_each_way_of_sending_the_key_opens_a_shop_over_https(secure: Site, ca_file: str, auth: str | None) -> None:
    assert count(secure, AUTH=auth, CA_FILE=ca_file) == 1


@pytest.mark.parametrize("auth", [None, "oauth"])
def test_over_plain_http_calls_are_signed(site: Site, auth: str | None) -> None:
    site.shop.add_simple("HAT", stock=9)
    assert count(site, AUTH=auth) == 1


@pytest.mark.parametrize("auth", ["basic", "query"])
def test_a_secret_is_never_sent_over_plain_http(site: Site, auth: str) -> None:
    with pytest.raises(Unavailable, match=f"WOO_AUTH={auth} would send the secret"):
        count(site, AUTH=auth)
    assert site.calls() == []


def test_a_shop_in_a_folder_is_reached_by_its_folder() -> None:
    site = open_site(folder="/shop")
    site.shop.add_simple("HAT", stock=9)
    assert count(site) == 1
    site.close()


@pytest.mark.parametrize("spelling", ["HTTP://127.0.0.1:{}", "http://127.0.0.1:{}/", " http://127.0.0.1:{}// "])
def test_an_address_may_be_written_in_other_ways(site: Site, spelling: str) -> None:
    site.shop.add_simple("HAT", stock=9)
    assert count(site, URL=spelling.format(site.server.port)) == 1


def test_an_address_without_a_scheme_means_https(secure: Site, ca_file: str) -> None:
    assert count(secure, URL=f"127.0.0.1:{secure.server.port}", CA_FILE=ca_file) == 1


@pytest.mark.parametrize("auth", ["basic", "query", "oauth"])
def test_an_address_of_another_kind_of_server_is_told_as_such_however_the_key_is_sent(site: Site, auth: str) -> None:
    with pytest.raises(Unavailable, match=r"WOO_URL is not an address of a web site\."):
        site.connector(URL="ftp://shop.example", AUTH=auth).check()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:cs_secret@shop.example", "user name"),
        ("ftp://shop.example", "not an address"),
        ("https://", "not an address"),
        ("", "not an address"),
        ("https://shop.example:port", "not an address"),
        ("https://[shop", "not an address"),
        ("https://shop.example/?page_id=3", r"before \?"),
        ("https://shop.example/#top", r"before \?"),
    ],
)
def test_what_is_no_address_of_a_shop_is_told_without_a_call(site: Site, url: str, words: str) -> None:
    connector = site.connector(URL=url)
    for call in (connector.check, lambda: list(connector.listings()), lambda: list(connector.orders(None))):
        with pytest.raises(Unavailable, match=words) as caught:
            call()
        assert "WOO_URL" in caught.value.hint
        assert "cs_secret" not in str(caught.value)
    assert "cs_secret" not in repr(connector)


def test_a_certificate_that_is_not_trusted_stops_before_the_key_is_sent(secure: Site) -> None:
    with pytest.raises(Unavailable, match="No secure connection") as caught:
        count(secure)
    assert "CA_FILE" in caught.value.hint
    assert secure.calls() == []


def test_a_signed_call_is_signed_anew_when_it_is_sent_again(site: Site) -> None:
    site.shop.add_simple("HAT", stock=9)
    site.server.faults.add(ResetAfter())  # the shop has seen this nonce
    assert count(site) == 1
    assert len(site.slept_s) == 1


def test_a_key_that_stops_working_in_the_middle_of_a_walk_is_told(site: Site) -> None:
    for n in range(150):
        site.shop.add_simple(f"S-{n}", stock=1)
    pages = site.connector().listings()
    next(pages)
    site.shop.keys.clear()
    with pytest.raises(CredentialsRejected, match="The shop refuses the key") as caught:
        next(pages)
    assert "syncd check" in caught.value.hint


def test_words_of_the_shop_that_echo_the_secret_are_redacted(site: Site) -> None:
    body = json.dumps({"code": "x", "message": f"bad {site.shop.key.consumer_secret}"}).encode()
    site.server.faults.add(Answer(401, {}, body))
    with pytest.raises(CredentialsRejected) as caught:
        count(site)
    assert str(caught.value) == "The shop refuses the key: bad ***"


def test_connectors_of_two_shops_never_reach_each_others(site: Site) -> None:
    other = open_site()
    other.shop.add_simple("OTHER", stock=1)
    site.shop.add_simple("MINE", stock=1)
    connectors = site.connector(), other.connector()
    skus = [[listing.sku for page in each.listings() for listing in page.listings] for each in connectors]
    assert skus == [["MINE"], ["OTHER"]]
    other.close()
