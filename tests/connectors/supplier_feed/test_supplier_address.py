"""A feed at an address: redirects, passwords, what has not changed, private networks, large answers."""

from __future__ import annotations

import gzip
import ssl
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from connectors.contract import CredentialsRejected, RateLimited, Unavailable, Unreadable
from connectors.public_addresses import NotPublic, PublicOnly, is_public
from tests.connectors.supplier_feed.conftest import NOW, Clock, Make, Supplier, answer, units

ROWS = b"Article,Stock\nA,1\n"


def found_at(instant) -> str:
    return format_datetime(instant, usegmt=True)


def redirect(to: str, status: int = 302):
    return answer(status, Location=to)


# ---- what has not changed


def test_a_dated_feed_is_asked_for_again_only_where_it_changed(at: Make, supplier: Supplier) -> None:
    stated = NOW - timedelta(hours=3)
    supplier.answers["/stock"] = answer(200, ROWS, ETag='"v1"', Last_Modified=found_at(stated))
    feed = at()
    first = feed.supplies(None)
    assert first and first.stated_at == stated
    supplier.answers["/stock"] = answer(304)
    assert feed.supplies(first.version) is None
    asked = supplier.asked[-1][1]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', found_at(stated))
    supplier.answers["/stock"] = answer(200, ROWS)
    assert feed.supplies("another version"), "who knows another version is told everything"
    assert "if-none-match" not in supplier.asked[-1][1]


def test_the_same_content_with_a_new_date_is_stated_anew(at: Make, supplier: Supplier, clock: Clock) -> None:
    supplier.answers["/stock"] = answer(200, ROWS, Last_Modified=found_at(NOW - timedelta(hours=3)))
    feed = at()
    first = feed.supplies(None)
    assert first and feed.supplies(first.version) is None
    clock.pass_by(60)
    supplier.answers["/stock"] = answer(200, ROWS, Last_Modified=found_at(NOW))
    again = feed.supplies(first.version)
    assert again and (again.version, again.stated_at) == (first.version, NOW)


def test_a_feed_without_a_date_is_stated_by_its_supplier_once_an_hour(
    at: Make, supplier: Supplier, clock: Clock
) -> None:
    supplier.answers["/stock"] = answer(200, ROWS)
    feed = at()
    first = feed.supplies(None)
    assert first and first.stated_at == NOW
    clock.pass_by(59 * 60)
    assert feed.supplies(first.version) is None
    clock.pass_by(60)
    again = feed.supplies(first.version)
    assert again and (again.version, again.stated_at) == (first.version, NOW + timedelta(hours=1))


@pytest.mark.parametrize("date", [found_at(NOW + timedelta(days=2)), "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT", ""])
def test_a_date_that_cannot_be_is_not_believed(at: Make, supplier: Supplier, date: str) -> None:
    supplier.answers["/stock"] = answer(200, ROWS, Last_Modified=date)
    found = at().supplies(None)
    assert found and found.stated_at == NOW


# ---- redirects and passwords


def test_redirects_are_followed_and_keep_the_whole_target(at: Make, supplier: Supplier) -> None:
    supplier.answers |= {
        "/stock": redirect("/a?token=abcdefgh", 301),
        "/a": redirect(supplier.url("/b"), 307),
        "/b": answer(200, ROWS),
    }
    found = at().supplies(None)
    assert found and units(found) == {"A": 1}
    assert [path for path, _ in supplier.asked] == ["/stock", "/a?token=abcdefgh", "/b"]


def test_redirects_end_somewhere(at: Make, supplier: Supplier) -> None:
    supplier.answers["/stock"] = redirect("/stock")
    with pytest.raises(Unavailable, match="redirects more than 5 times"):
        at().supplies(None)
    assert len(supplier.asked) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://[", "", "http://h:x/"])
def test_a_redirect_to_no_address_is_refused(at: Make, supplier: Supplier, target: str) -> None:
    supplier.answers["/stock"] = redirect(target)
    with pytest.raises(Unavailable, match="something that is no address"):
        at().supplies(None)


def test_a_password_goes_to_the_supplier_and_not_where_it_redirects_to(at: Make, supplier: Supplier) -> None:
    supplier.answers |= {"/stock": redirect("/here"), "/here": redirect(supplier.url("/there", host="localhost"))}
    supplier.answers["/there"] = answer(200, ROWS)
    assert at(USER="acme", PASSWORD="s3cret").supplies(None)
    assert [asked.get("authorization", "")[:6] for _, asked in supplier.asked] == ["Basic ", "Basic ", ""]
    supplier.asked.clear()
    assert at(TOKEN="X-Api-Key: s3cret").supplies(None)
    assert [asked.get("x-api-key") for _, asked in supplier.asked] == ["s3cret", "s3cret", None]
    supplier.asked.clear()
    assert at("/there", TOKEN="s3cret").supplies(None)
    assert supplier.asked[0][1]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, CredentialsRejected) for status in (401, 403)),
        *((status, Unavailable) for status in (204, 304, 404, 500)),
        (429, RateLimited),
    ],
)
def test_an_answer_that_is_no_feed_is_told_by_what_happens_next(
    at: Make, supplier: Supplier, status: int, error: type[Exception]
) -> None:
    supplier.answers["/stock"] = answer(status)
    with pytest.raises(error) as caught:
        at().supplies(None)
    assert getattr(caught.value, "hint", "")


def test_no_secret_of_the_address_is_shown(at: Make, supplier: Supplier) -> None:
    supplier.answers["/stock"] = answer(200, b"Article,Stock\nk3y-of-acme,?\n")
    feed = at("/stock?key=k3y-of-acme")
    found = feed.supplies(None)
    assert found
    told = [repr(feed), *(text for parked in found.parked for text in (parked.reason, parked.sample))]
    assert not any("k3y-of-acme" in text for text in told)
    supplier.answers["/stock"] = answer(404)
    with pytest.raises(Unavailable) as error:
        feed.supplies(None)
    assert "k3y" not in f"{error.value!r} {error.value.hint}"


# ---- https


def test_https_is_never_left_and_certificates_are_held_against_the_name(
    supplier: Supplier, at: Make, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.example").configure_cert(context)
    supplier.httpd.socket = context.wrap_socket(supplier.httpd.socket, server_side=True)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    here = PublicOnly("hint", resolve=lambda host: ["127.0.0.1"], allows=lambda address: True)
    settings = {"CA_FILE": str(tmp_path / "ca.pem"), "PRIVATE_ADDRESSES": False, "only": here}

    supplier.answers |= {"/stock": answer(200, ROWS), "/plain": redirect("http://shop.example/stock")}
    good = f"https://shop.example:{supplier.port}"
    found = at(URL=f"{good}/stock", **settings).supplies(None)
    assert found and units(found) == {"A": 1}
    with pytest.raises(Unavailable, match="without encryption"):
        at(URL=f"{good}/plain", **settings).supplies(None)
    with pytest.raises(Unavailable, match=r"No secure connection to evil\.example"):
        at(URL=f"https://evil.example:{supplier.port}/stock", **settings).supplies(None)


# ---- private networks


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_an_address_of_the_own_network_is_refused(at: Make, supplier: Supplier, host: str) -> None:
    supplier.answers["/stock"] = answer(200, ROWS)
    with pytest.raises(Unreadable) as error:
        at(URL=f"http://{host}:{supplier.port}/stock", PRIVATE_ADDRESSES=False).supplies(None)
    assert "not in the public internet" in str(error.value)
    assert error.value.hint == "If it is in your own network and meant: ACME_PRIVATE_ADDRESSES=yes"
    assert supplier.asked == []


def test_a_redirect_into_the_own_network_is_refused(at: Make, supplier: Supplier) -> None:
    supplier.answers |= {"/stock": redirect("http://metadata.example/latest"), "/latest": answer(200, ROWS)}
    addresses = {"shop.example": ["127.0.0.1"], "metadata.example": ["169.254.169.254"]}
    only = PublicOnly("hint", resolve=addresses.__getitem__, allows=lambda one: one == "127.0.0.1" or is_public(one))
    feed = at(URL=f"http://shop.example:{supplier.port}/stock", PRIVATE_ADDRESSES=False, only=only)
    with pytest.raises(NotPublic, match=r"metadata\.example is 169\.254\.169\.254"):
        feed.supplies(None)
    assert len(supplier.asked) == 1


def test_one_private_address_among_public_ones_is_enough_to_refuse(at: Make, supplier: Supplier) -> None:
    only = PublicOnly("hint", resolve=lambda host: ["93.184.216.34", "10.0.0.5"])
    with pytest.raises(NotPublic, match=r"10\.0\.0\.5"):
        at(URL="http://shop.example/stock", PRIVATE_ADDRESSES=False, only=only).supplies(None)


def test_the_connection_goes_to_the_address_that_was_looked_at(at: Make, supplier: Supplier) -> None:
    """A name that answers otherwise the second time (DNS rebinding) is not asked a second time."""
    supplier.answers["/stock"] = answer(200, ROWS)
    answers = iter([["127.0.0.1"], ["10.0.0.5"]])
    only = PublicOnly("hint", resolve=lambda host: next(answers), allows=lambda address: address == "127.0.0.1")
    found = at(URL=f"http://shop.example:{supplier.port}/stock", PRIVATE_ADDRESSES=False, only=only).supplies(None)
    assert found and units(found) == {"A": 1}
    assert supplier.asked[0][1]["host"] == f"shop.example:{supplier.port}"
    assert next(answers) == ["10.0.0.5"], "it was resolved once"


def test_of_several_addresses_the_next_is_tried_and_an_unknown_name_is_an_outage(at: Make, supplier: Supplier) -> None:
    supplier.answers["/stock"] = answer(200, ROWS)
    only = PublicOnly("hint", resolve=lambda host: ["127.0.0.9", "127.0.0.1"], allows=lambda address: True)
    url = f"http://shop.example:{supplier.port}/stock"
    assert at(URL=url, PRIVATE_ADDRESSES=False, only=only).supplies(None)

    def unknown(host: str) -> list[str]:
        raise OSError(f"{host}?")

    with pytest.raises(Unavailable, match=r"The name shop\.example:\d+ is not known"):
        at(URL=url, PRIVATE_ADDRESSES=False, only=PublicOnly("hint", resolve=unknown)).supplies(None)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.1.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.1.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1"),
        *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
        *("", "shop.example"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


# ---- large answers


def test_an_answer_without_end_is_let_go_at_the_limit(at: Make, supplier: Supplier) -> None:
    sent = 0

    def endless(handler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        try:
            while sent < 2 * 10**9:
                handler.wfile.write(b"," * 65536)
                sent += 65536
        except OSError:
            pass
        handler.close_connection = True

    supplier.answers["/stock"] = endless
    with pytest.raises(Unreadable) as error:
        at(MAX_MB=1).supplies(None)
    assert "more than 1 MB" in str(error.value)
    assert "ACME_MAX_MB" in error.value.hint
    assert sent < 50 * 10**6  # what fits into the buffers of sockets between


def test_a_packed_answer_is_unpacked_within_the_limit(at: Make, supplier: Supplier) -> None:
    supplier.answers |= {
        "/stock": answer(200, gzip.compress(ROWS), Content_Encoding="gzip"),
        "/stock.csv.gz": answer(200, gzip.compress(ROWS)),
        "/bomb": answer(200, gzip.compress(b"," * 30_000_000), Content_Encoding="gzip"),
    }
    for path in ("/stock", "/stock.csv.gz"):
        found = at(path).supplies(None)
        assert found and units(found) == {"A": 1}
    with pytest.raises(Unreadable, match="more than 1 MB"):
        at("/bomb", MAX_MB=1).supplies(None)
