"""What the connector makes of Shopify's answers, over real HTTP: waits, retries, refusals, tokens, secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import responses

from connectors.contract import (
    Batch,
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    ListingRef,
    Op,
    RateLimited,
    Rejected,
    Unavailable,
    Unreadable,
    Untouched,
    Write,
)
from connectors.http import Transport
from connectors.shopify.address import Address
from connectors.shopify.connector import Shopify
from connectors.shopify.domains import permanent_domain
from connectors.shopify.settings import settings
from connectors.shopify.tokens import Tokens
from syncd.sandbox.faults import Answer, Redirect, ResetAfter, ResetBefore
from syncd.sandbox.server import Response
from tests.connectors.shopify.conftest import VERSION, Asked, Make, Scripted, World, answered, refused, throttled

BATCH = Batch("key-1", (Write("11", None, Op.DELTA, 5, 7),))
ITEM = "gid://shopify/InventoryItem/11"
DONE = answered({"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": None, "userErrors": []}})
NOTHING = answered({"nodes": [None]})
REFS = [ListingRef("11")]


def user_error(code: str) -> Response:
    error = {"code": code, "message": "No.", "field": None}
    return answered({"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": None, "userErrors": [error]}})


@pytest.fixture
def shop(make: Make, scripted: Scripted) -> Shopify:
    return make(scripted.server.url)


# ---------------------------------------------------------------------- waiting


def test_a_throttled_query_waits_until_the_bucket_is_full_enough(
    shop: Shopify, scripted: Scripted, world: World
) -> None:
    scripted.answers(throttled(requested=100, available=20, rate=40), NOTHING)
    assert shop.read(REFS) == {}
    assert world.slept == [2.0]


def test_it_never_waits_less_than_a_second(shop: Shopify, scripted: Scripted, world: World) -> None:
    scripted.answers(throttled(requested=50, available=49, rate=1000), NOTHING)
    shop.read(REFS)
    assert world.slept == [1.0]


@pytest.mark.parametrize("rate", [0, -1, None, "fast"])
def test_a_bucket_that_cannot_be_understood_means_a_second(
    shop: Shopify, scripted: Scripted, world: World, rate: object
) -> None:
    status = {"currentlyAvailable": 0, "restoreRate": rate}
    extensions = {"cost": {"requestedQueryCost": 100, "throttleStatus": status}}
    broken = answered(errors=[{"message": "x", "extensions": {"code": "THROTTLED"}}], extensions=extensions)
    scripted.answers(broken, NOTHING)
    shop.read(REFS)
    assert world.slept == [1.0]


def test_throttling_without_end_becomes_a_rate_limit_with_its_wait(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(throttled(requested=100, available=20, rate=40))
    with pytest.raises(RateLimited) as limited:
        shop.read(REFS)
    assert limited.value.retry_after == timedelta(seconds=2)
    assert len(scripted.asked) == 4


def test_a_long_wait_is_left_to_the_engine(shop: Shopify, scripted: Scripted, world: World) -> None:
    scripted.answers(throttled(requested=1000, available=0, rate=10))
    with pytest.raises(RateLimited) as limited:
        shop.send(BATCH)
    assert (limited.value.retry_after, world.slept) == (timedelta(seconds=100), [])


# ---------------------------------------------------------------------- writes


@pytest.mark.parametrize(
    "trouble",
    [
        throttled(),
        user_error("IDEMPOTENCY_CONCURRENT_REQUEST"),
        refused("INTERNAL_SERVER_ERROR", data={"inventoryAdjustQuantities": None}),
        answered({"inventoryAdjustQuantities": None}),
        answered({}),
        Response(502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
        Response(200, {"Content-Type": "text/html"}, b"<html>Checking your browser</html>"),
        Response(200, {}, b"[]"),
    ],
)
def test_a_write_without_a_clear_answer_is_sent_again_to_the_byte(
    shop: Shopify, scripted: Scripted, trouble: Response
) -> None:
    scripted.answers(trouble, DONE)
    assert [outcome.written for outcome in shop.send(BATCH)] == [True]
    first, second = scripted.asked
    assert first.body == second.body
    assert first.variables["key"] == "key-1"


@pytest.mark.parametrize("fault", [ResetAfter(), ResetBefore(), Answer(503, {}, b"<html>", effect=True)])
def test_a_write_whose_answers_all_get_lost_is_in_doubt(
    shop: Shopify, scripted: Scripted, fault: ResetAfter | ResetBefore | Answer
) -> None:
    scripted.answers(DONE)
    scripted.server.faults.add(fault, body="mutation", times=4)
    with pytest.raises(InDoubt):
        shop.send(BATCH)
    assert len([call for call in scripted.server.calls if b"mutation" in call.body]) == 4


def test_insisting_ends_before_the_doubt_would(shop: Shopify, scripted: Scripted, world: World) -> None:
    def slow(_: Asked) -> Response:
        world.now += timedelta(seconds=29)
        return Response(502, {}, b"<html>")

    scripted.answers(slow)
    begun = world.now
    with pytest.raises(InDoubt):
        shop.send(BATCH)
    assert 1 < len(scripted.asked) < 4
    assert world.now - begun < shop.in_doubt


def test_a_doubt_is_not_forgotten_when_the_shop_then_asks_to_wait(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(throttled(requested=1000, available=0, rate=10))
    scripted.server.faults.add(ResetAfter(), body="mutation")
    with pytest.raises(InDoubt):
        shop.send(BATCH)


def test_a_doubt_is_not_forgotten_when_the_token_then_is_refused(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(Response(401, {}, b'{"errors":"[API] Invalid API key or access token"}'))
    scripted.server.faults.add(ResetAfter(), body="mutation")
    with pytest.raises(InDoubt):
        shop.send(BATCH)


def test_a_doubt_is_not_forgotten_when_the_shop_then_redirects(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(DONE)
    scripted.server.faults.add(ResetAfter(), body="mutation")
    scripted.server.faults.add(Redirect(302, "https://elsewhere.example/"), body="mutation")
    with pytest.raises(InDoubt):
        shop.send(BATCH)


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "SOMETHING_NEW"])
def test_an_error_that_may_come_after_the_effect_leaves_a_doubt(shop: Shopify, scripted: Scripted, code: str) -> None:
    scripted.answers(refused(code, data={"inventoryAdjustQuantities": None}))
    with pytest.raises(InDoubt):
        shop.send(BATCH)
    assert len({asked.body for asked in scripted.asked}) == 1


def test_a_doubt_ends_when_the_same_key_is_told_to_have_failed(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"))
    scripted.server.faults.add(ResetAfter(), body="mutation")
    (outcome,) = shop.send(BATCH)
    assert isinstance(outcome.error, Untouched)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("ACCESS_DENIED", "Required access: `write_inventory` access scope."), CredentialsRejected),
        (refused("MAX_INPUT_SIZE_EXCEEDED"), Unreadable),
        (refused("INVALID_FIELD_ARGUMENTS"), Unreadable),
        (Response(403, {}, b"{}"), CredentialsRejected),
        (Response(429, {"Retry-After": "90"}, b"{}"), RateLimited),
        (Response(430, {}, b"{}"), RateLimited),
    ],
)
def test_a_write_that_was_refused_before_it_began_has_changed_nothing(
    shop: Shopify, scripted: Scripted, answer: Response, error: type[ConnectorError]
) -> None:
    scripted.answers(answer)
    with pytest.raises(error) as raised:
        shop.send(BATCH)
    assert not isinstance(raised.value, InDoubt)
    assert len(scripted.asked) == 1


def test_a_write_is_not_doubted_because_another_version_carried_it_out(shop: Shopify, scripted: Scripted) -> None:
    other = Response(DONE.status, {**DONE.headers, "X-Shopify-API-Version": "2027-01"}, DONE.body)
    scripted.answers(other)
    assert [outcome.written for outcome in shop.send(BATCH)] == [True]


@pytest.mark.parametrize(("target", "expected"), [(-1, 7), (1.5, 7), (True, 7), (None, 7), ("3", 7), (3, 2.5)])
def test_what_is_no_number_of_units_is_refused_before_anything_is_sent(
    shop: Shopify, scripted: Scripted, target: object, expected: object
) -> None:
    wrong = Write("12", None, Op.DELTA, target, expected)  # type: ignore[arg-type]  # that is the test
    first, second = shop.send(Batch("key-1", (*BATCH.writes, wrong)))
    assert isinstance(first.error, Untouched)
    assert isinstance(second.error, Rejected)
    assert scripted.asked == []


def test_what_shopify_does_not_track_is_refused_with_the_way_out(shop: Shopify, scripted: Scripted) -> None:
    (outcome,) = shop.send(Batch("key-1", (Write("11", None, Op.START, 5, 0),)))
    assert isinstance(outcome.error, Rejected)
    assert "track" in outcome.error.hint


# ---------------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("INTERNAL_SERVER_ERROR"), Unavailable),
        (refused("SHOP_INACTIVE"), CredentialsRejected),
        (refused("undefinedField", "Field 'x' doesn't exist on type 'Order'"), Unreadable),
        (answered(errors="[API] something else"), Unreadable),
        (answered({"nodes": "all"}), Unreadable),
        (answered({"nodes": []}), Unreadable),
        (Response(200, {}, b"null"), Unreadable),
        (Response(200, {}, b"<html>"), Unreadable),
        (Response(404, {}, b"Not Found"), Unreadable),
        (Response(418, {}, b"{}"), Unreadable),
        (Response(423, {}, b"{}"), CredentialsRejected),
    ],
)
def test_each_refusal_is_named_by_what_happens_next(
    shop: Shopify, scripted: Scripted, answer: Response, error: type[ConnectorError]
) -> None:
    scripted.answers(answer)
    with pytest.raises(error) as raised:
        shop.read(REFS)
    assert str(raised.value) and raised.value.hint


def test_a_missing_scope_is_named(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(refused("ACCESS_DENIED", "Access denied for orders field. Required access: `read_orders` scope."))
    with pytest.raises(CredentialsRejected, match="read_orders") as raised:
        list(shop.orders(None))
    assert "Dev Dashboard" in raised.value.hint


def test_an_answer_from_another_version_names_what_to_install(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(answered({"nodes": [None]}, headers={"X-Shopify-API-Version": "2027-01"}))
    with pytest.raises(Unreadable, match="answered with API version 2027-01; syncd needs 2026-10") as raised:
        shop.read(REFS)
    assert "newest syncd" in raised.value.hint


@pytest.mark.parametrize("search", [[{"warnings": [{"field": "x", "code": "invalid_field"}]}], ["odd"], "odd"])
def test_a_search_that_was_not_understood_is_an_error_not_everything(
    shop: Shopify, scripted: Scripted, search: object
) -> None:
    scripted.answers(answered({"orders": {"nodes": []}}, extensions={"search": search}))
    with pytest.raises(Unreadable):
        list(shop.orders(None))


def test_what_costs_too_much_is_asked_for_in_halves(shop: Shopify, scripted: Scripted) -> None:
    def at_most_two(asked: Asked) -> Response:
        ids = asked.variables["ids"]
        return answered({"nodes": [None] * len(ids)}) if len(ids) <= 2 else refused("MAX_COST_EXCEEDED")

    scripted.answers(at_most_two)
    assert shop.read([ListingRef(str(n)) for n in range(5)]) == {}
    answered_ids = [asked.variables["ids"] for asked in scripted.asked if len(asked.variables["ids"]) <= 2]
    assert [id_.rpartition("/")[2] for ids in answered_ids for id_ in ids] == ["0", "1", "2", "3", "4"]


def test_listings_are_read_250_a_call(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(lambda asked: answered({"nodes": [None] * len(asked.variables["ids"])}))
    shop.read([ListingRef(str(n)) for n in range(501)])
    assert [len(asked.variables["ids"]) for asked in scripted.asked] == [250, 250, 1]


def test_a_redirect_is_never_followed(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(DONE)
    scripted.server.faults.add(Redirect(302, "https://elsewhere.example/"), body="mutation")
    with pytest.raises(Unavailable):
        shop.send(BATCH)
    assert scripted.asked == []


# ---------------------------------------------------------------------- tokens


def granted(token: str = "shpat_exchanged00000001", lives_s: object = 86_399) -> Response:
    return Response(200, {}, json.dumps({"access_token": token, "scope": "x", "expires_in": lives_s}).encode())


@pytest.fixture
def own_app(make: Make, scripted: Scripted) -> Shopify:
    return make(scripted.server.url, TOKEN=None, CLIENT_ID="client-id-0001", CLIENT_SECRET="client secret&0001")


def by_path(exchange: Callable[[Asked], Response], graphql: Callable[[Asked], Response]) -> Callable[[Asked], Response]:
    return lambda asked: exchange(asked) if asked.path == "/admin/oauth/access_token" else graphql(asked)


def test_client_id_and_secret_are_exchanged_once_for_a_token(own_app: Shopify, scripted: Scripted) -> None:
    scripted.answers(by_path(lambda _: granted(), lambda _: NOTHING))
    own_app.read(REFS)
    own_app.read(REFS)
    exchange, *queries = scripted.asked
    assert parse_qs(exchange.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client-id-0001"],
        "client_secret": ["client secret&0001"],
    }
    assert [asked.token for asked in queries] == ["shpat_exchanged00000001"] * 2


def test_a_token_is_renewed_some_minutes_before_it_ends(own_app: Shopify, scripted: Scripted, world: World) -> None:
    tokens = iter(["shpat_exchanged00000001", "shpat_exchanged00000002"])
    scripted.answers(by_path(lambda _: granted(next(tokens)), lambda _: NOTHING))
    own_app.read(REFS)
    world.now += timedelta(hours=23, minutes=56)
    own_app.read(REFS)
    assert [asked.token for asked in scripted.asked if asked.token] == [
        "shpat_exchanged00000001",
        "shpat_exchanged00000002",
    ]


def test_a_token_that_is_refused_is_renewed_once(own_app: Shopify, scripted: Scripted) -> None:
    tokens = iter(["shpat_exchanged00000001", "shpat_exchanged00000002", "shpat_exchanged00000003"])
    known = {"shpat_exchanged00000002"}

    def graphql(asked: Asked) -> Response:
        return NOTHING if asked.token in known else Response(401, {}, b"{}")

    scripted.answers(by_path(lambda _: granted(next(tokens)), graphql))
    assert own_app.read(REFS) == {}
    known.clear()
    with pytest.raises(CredentialsRejected):
        own_app.read(REFS)
    assert next(tokens, None) is None


def test_a_token_that_another_thread_has_renewed_is_not_exchanged_again(scripted: Scripted, world: World) -> None:
    tokens = iter(["shpat_exchanged00000001", "shpat_exchanged00000002"])
    scripted.answers(lambda _: granted(next(tokens)))
    own_app = settings(
        "shopify_il",
        {"SHOP": "x", "BASE_URL": scripted.server.url, "CLIENT_ID": "id-0001", "CLIENT_SECRET": "secret-0001"},
    )
    transport = Transport(surroundings=world.surroundings())
    shared = Tokens(own_app, Address(own_app, transport), transport, world.surroundings())
    first = shared.current()
    assert [shared.after_refusal(first), shared.after_refusal(first)] == ["shpat_exchanged00000002"] * 2
    transport.close()


def test_a_fixed_token_that_is_refused_parks_the_channel(shop: Shopify, scripted: Scripted) -> None:
    scripted.answers(Response(401, {}, b'{"errors":"[API] Invalid API key or access token"}'))
    with pytest.raises(CredentialsRejected) as raised:
        shop.read(REFS)
    assert "SHOPIFY_IL_TOKEN" in raised.value.hint
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_credentials_that_shopify_does_not_take_are_told_without_the_secret(
    own_app: Shopify, scripted: Scripted, status: int
) -> None:
    scripted.answers(Response(status, {}, b'{"error":"application_cannot_be_found","secret":"client secret&0001"}'))
    with pytest.raises(CredentialsRejected) as raised:
        own_app.read(REFS)
    assert "secret&0001" not in f"{raised.value!r} {raised.value.hint}"


@pytest.mark.parametrize("answer", [granted(token=""), granted(lives_s="long"), granted(lives_s=10**30)])
def test_an_exchange_that_brings_no_token_is_told_without_its_body(
    own_app: Shopify, scripted: Scripted, answer: Response
) -> None:
    scripted.answers(answer)
    with pytest.raises(Unreadable) as raised:
        own_app.read(REFS)
    assert raised.value.sample == ""


def test_without_credentials_the_sentence_names_the_settings(make: Make, scripted: Scripted) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        make(scripted.server.url, TOKEN=None).read(REFS)
    assert "SHOPIFY_IL_CLIENT_ID" in raised.value.hint and "SHOPIFY_IL_TOKEN" in raised.value.hint
    assert scripted.asked == []


def test_an_exchanged_token_is_in_no_error_either(own_app: Shopify, scripted: Scripted) -> None:
    leaky = Response(418, {}, b"you sent shpat_exchanged00000001")
    scripted.answers(by_path(lambda _: granted(), lambda _: leaky))
    with pytest.raises(Unreadable) as raised:
        own_app.read(REFS)
    assert "you sent" in raised.value.sample
    assert "shpat_exchanged00000001" not in raised.value.sample


# ---------------------------------------------------------------------- which shop


def test_two_connectors_never_send_each_others_token(make: Make, scripted: Scripted) -> None:
    scripted.answers(NOTHING)
    one, other = (make(scripted.server.url, TOKEN=f"shpat_of_{name}_0001") for name in ("one", "other"))
    for connector in (one, other, one):
        connector.read(REFS)
    assert [asked.token for asked in scripted.asked] == [
        "shpat_of_one_0001",
        "shpat_of_other_0001",
        "shpat_of_one_0001",
    ]


def test_the_version_that_is_set_is_the_version_that_is_asked(make: Make, scripted: Scripted) -> None:
    scripted.answers(answered({"nodes": [None]}, headers={"X-Shopify-API-Version": "2027-01"}))
    with pytest.raises(Unreadable, match=f"answered with API version {VERSION}"):
        make(scripted.server.url, API_VERSION="2027-01").read(REFS)
    assert scripted.server.calls[0].path == "/admin/api/2027-01/graphql.json"


def test_a_version_that_is_none_is_told(make: Make, scripted: Scripted) -> None:
    with pytest.raises(Unreadable, match="latest is not an API version"):
        make(scripted.server.url, API_VERSION="latest").read(REFS)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("my-shop.myshopify.com", "my-shop.myshopify.com"),
        ("  My-Shop.MyShopify.com ", "my-shop.myshopify.com"),
        ("https://my-shop.myshopify.com/admin", "my-shop.myshopify.com"),
        ("my-shop", "my-shop.myshopify.com"),
        ("https://admin.shopify.com/store/my-shop/products", "my-shop.myshopify.com"),
        ("shop.example.com", None),
        ("my-shop.myshopify.com.example.com", None),
        ("myshopify.com", None),
    ],
)
def test_the_shop_is_found_however_it_is_written(written: str, domain: str | None) -> None:
    assert permanent_domain(written) == domain


def test_a_domain_of_the_owners_own_is_resolved_by_asking_it_without_the_token(make: Make) -> None:
    connector = make(None, SHOP="shop.example.com")
    with responses.RequestsMock() as mock:
        mock.get(
            "https://shop.example.com/admin", status=301, headers={"Location": "https://www.shop.example.com/admin"}
        )
        mock.get(
            "https://www.shop.example.com/admin",
            status=302,
            headers={"Location": "https://admin.shopify.com/store/sample-shop"},
        )
        mock.post("https://sample-shop.myshopify.com/admin/api/2026-10/graphql.json", status=401, body="{}")
        with pytest.raises(CredentialsRejected):
            connector.read(REFS)
        assert ["X-Shopify-Access-Token" in call.request.headers for call in mock.calls] == [False, False, True]


@pytest.mark.parametrize("location", ["https://evil.example/myshopify.com", "https://notmyshopify.com/", "/login"])
def test_a_domain_that_points_elsewhere_is_not_believed(make: Make, location: str) -> None:
    connector = make(None, SHOP="shop.example.com")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get("https://shop.example.com/admin", status=302, headers={"Location": location})
        for page in (
            "https://evil.example/myshopify.com",
            "https://notmyshopify.com/",
            "https://shop.example.com/login",
        ):
            mock.get(page, status=200, body="<html>")
        with pytest.raises(Unavailable) as raised:
            connector.read(REFS)
    assert "SHOPIFY_IL_SHOP" in raised.value.hint
