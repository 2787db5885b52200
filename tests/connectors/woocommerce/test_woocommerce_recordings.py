"""What a real WooCommerce 10.5 answered, as the connector reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    Batch,
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    Op,
    OrderState,
    RateLimited,
    Rejected,
    StockKeeping,
    Unavailable,
    Unreadable,
    Write,
)
from connectors.woocommerce.connector import WooCommerce
from connectors.woocommerce.listings import Parent, product_listing, variation_listing
from connectors.woocommerce.order_state import Hold, order_state
from syncd.sandbox.server import Request, Response, SandboxServer
from tests.connectors.woocommerce.conftest import Site, open_site

FOLDER = Path(__file__).parents[2] / "recordings" / "woocommerce"


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def state(name: str) -> OrderState:
    read = order_state(recorded(name)["body"], [], Hold())
    assert isinstance(read, OrderState)
    return read


class Parrot:
    """Answers every call with the same recorded answer."""

    def __init__(self, name: str) -> None:
        body = recorded(name)["body"]
        self.body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.status = recorded(name)["status"]
        self.retry_after = {"Retry-After": "600"} if name == "err_503_maintenance" else {}
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return Response(self.status, {"Content-Type": "text/html"} | self.retry_after, self.body)


@pytest.fixture
def site() -> Iterator[Site]:
    site = open_site()
    yield site
    site.close()


def parroting(site: Site, name: str) -> tuple[WooCommerce, Parrot]:
    parrot = Parrot(name)
    server = SandboxServer(parrot).start()
    site.server.stop()
    site.server = server
    return site.connector(), parrot


def test_an_order_in_processing_is_owed_and_taken() -> None:
    (line,) = state("order_get").lines
    assert (line.listing_id, line.sku, line.promised, line.taken) == ("81", "SKU-000070", 2, 2)
    assert state("order_get").version == 1795334730


def test_an_order_on_hold_is_owed_and_taken() -> None:
    (line,) = state("order_create_on_hold").lines
    assert (line.promised, line.taken) == (2, 2)


def test_a_cancelled_order_owes_nothing() -> None:
    (line,) = state("order_cancel").lines
    assert (line.promised, line.undecided, line.taken) == (0, 0, 0)


def test_refund_lines_are_tied_to_the_lines_they_refund() -> None:
    row = recorded("order_get")["body"]
    refunds = recorded("order_refunds_list")["body"]
    row["line_items"][0] |= {"id": 215, "quantity": 5}
    read = order_state(row, refunds, Hold())
    assert isinstance(read, OrderState)
    assert (read.lines[0].promised, read.lines[0].undecided) == (3, 2)


def test_a_product_row_is_a_listing() -> None:
    listing = product_listing(recorded("product_put_stock")["body"], "https://shop.example")
    assert (listing.stock, type(listing.shown), listing.published) == (StockKeeping.OWN, int, True)


@pytest.mark.parametrize(
    ("name", "stock", "shown"),
    [
        ("variation_put_stock", StockKeeping.OWN, 98),
        ("variation_manage_parent", StockKeeping.PARENT, None),
        ("variation_qty_parent_managed", StockKeeping.PARENT, None),
        ("variation_manage_false", StockKeeping.PARENT, None),
        ("variation_without_sku", StockKeeping.OWN, 4),
    ],
)
def test_a_variation_row_is_a_listing(name: str, stock: StockKeeping, shown: int | None) -> None:
    parent = Parent("Variable product 0018", "V-0018", published=True)
    listing = variation_listing(recorded(name)["body"], parent, "https://shop.example")
    assert (listing.stock, listing.shown) == (stock, shown)
    assert (listing.sku is None) == (name == "variation_without_sku")


@pytest.mark.parametrize(
    ("name", "ids", "refused"),
    [
        ("inventory_delta_batch", [71], []),
        ("batch_update_3", [112, 113, 114], []),
        ("batch_partial_failure", [122, 99999999, 262, 122, 123, 124], [99999999, 262, 123]),
    ],
)
def test_the_answer_to_a_batch_is_judged_entry_by_entry(
    site: Site, name: str, ids: list[int], refused: list[int]
) -> None:
    connector, parrot = parroting(site, name)
    outcomes = connector.send(Batch("key", tuple(Write(str(id_), None, Op.DELTA, 4, 9) for id_ in ids)))
    assert [int(outcome.listing_id) for outcome in outcomes if isinstance(outcome.error, Rejected)] == refused
    written = [outcome for outcome in outcomes if outcome.written]
    assert all(type(outcome.shown) is int for outcome in written)
    # An entry without an id stands in the place of the third write: it proves nothing.
    assert len(outcomes) - len(written) - len(refused) == (1 if refused else 0)
    assert len(parrot.asked) == 1


READS: dict[str, type[ConnectorError]] = {
    "err_400_bad_date": Unreadable,
    "err_401_basic_over_http": CredentialsRejected,
    "err_401_no_credentials": CredentialsRejected,
    "err_401_oauth_clock": CredentialsRejected,
    "err_401_oauth_signature": CredentialsRejected,
    "err_401_wrong_key": CredentialsRejected,
    "err_401_wrong_secret": CredentialsRejected,
    "err_401_write_key_get": CredentialsRejected,
    "err_403_html": Unavailable,
    "err_404_no_route": Unavailable,
    "err_429_html": RateLimited,
    "err_500_php_fatal": Unavailable,
    "err_503_html": Unavailable,
    "err_503_maintenance": RateLimited,
    "html_200": Unreadable,
    "notice_before_json": Unreadable,
    "products_per_page_101": Unreadable,
}


@pytest.mark.parametrize("name", READS)
def test_what_a_refused_read_means(site: Site, name: str) -> None:
    connector, _ = parroting(site, name)
    with pytest.raises(READS[name]) as caught:
        list(connector.listings())
    assert str(caught.value).strip()
    assert "</" not in str(caught.value) + caught.value.hint


WRITES: dict[str, type[ConnectorError]] = {
    "batch_101": Unreadable,
    "err_400_invalid_json": Unreadable,
    "err_401_read_key_put": CredentialsRejected,
    "err_403_html": Unavailable,
    "err_404_no_route": Unavailable,
    "err_429_html": RateLimited,
    "err_500_fatal_mid_batch": InDoubt,
    "err_502_after_write": InDoubt,
    "err_503_html": InDoubt,
    "err_503_maintenance": InDoubt,
    "html_200": InDoubt,
    "notice_before_json": InDoubt,
    "products_page_100_fields": InDoubt,  # a redirect made a GET of the POST
}


@pytest.mark.parametrize("name", WRITES)
def test_what_a_lost_or_refused_write_means(site: Site, name: str) -> None:
    connector, parrot = parroting(site, name)
    with pytest.raises(WRITES[name]):
        connector.send(Batch("key", (Write("12", None, Op.DELTA, 4, 9),)))
    assert len(parrot.asked) == 1
