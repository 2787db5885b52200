"""What buyers read beside the number, and that 0 ends the sale: against a practice shop, and answers as recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from connectors.contract import (
    NOTHING,
    Batch,
    CredentialsRejected,
    Display,
    InDoubt,
    ListingRef,
    Notice,
    Op,
    Outcome,
    Rejected,
    Unavailable,
    Untouched,
    Write,
)
from connectors.shopify.connector import Shopify
from connectors.shopify.notices import shown, taken_back
from connectors.shopify.stops import stopped
from connectors.shopify.variants import VariantRef
from connectors.shopify.writes import grouped
from syncd.sandbox.faults import ResetAfter, ResetBefore
from syncd.sandbox.shopify.model import MetafieldDefinition
from tests.connectors.shopify.conftest import Make, Practice, Scripted, answered, refused

ON_THE_WAY = Notice("on_the_way", "On the way, expected on 4 December", expected_on=date(2026, 12, 4))
SUPPLIER = Notice("supplier", "זמן אספקה 5 ימים </script>", lead_time_days=5)
PLACE = ("syncd", "availability")
DEFINED = ("PRODUCTVARIANT", *PLACE)


def show(ref: ListingRef, notice: Notice | None = ON_THE_WAY) -> Write:
    return Write(ref.id, ref.parent_id, Op.SHOW, 0, 0, notice)


def stop(ref: ListingRef) -> Write:
    return Write(ref.id, ref.parent_id, Op.STOP, 0, 0)


def push(shop: Shopify, *writes: Write) -> list[Outcome]:
    return [one for n, call in enumerate(shop.group(writes)) for one in shop.send(Batch(f"key-{n}", call))]


def errors(outcomes: Sequence[Outcome]) -> list[type]:
    return [type(one.error) for one in outcomes]


@pytest.fixture
def shop(practice: Practice, make: Make) -> Shopify:
    practice.shop.add_product("Sandal", [{"sku": "S39", "units": 3}, {"sku": "S40", "units": 4, "policy": "CONTINUE"}])
    practice.shop.add_product("Mug", [{"sku": "MUG", "units": 5, "policy": "CONTINUE"}])
    return make(practice.server.url)


def held(practice: Practice, sku: str) -> Any:
    """What the metafield of a variant holds, ``None`` where it has none."""
    found = practice.shop.variant(sku).metafields.get(PLACE)
    return found and json.loads(found.value)


def documents(practice: Practice) -> list[str]:
    """The name of each call, in order."""
    return [json.loads(call.body)["query"].split()[1].partition("(")[0] for call in practice.server.calls]


# ---------------------------------------------------------------------- showing


def test_a_notice_is_one_metafield_of_the_variant(practice: Practice, shop: Shopify) -> None:
    assert isinstance(shop, Display) and not shop.notices_ride
    assert errors(push(shop, show(practice.ref("S39")), show(practice.ref("MUG"), SUPPLIER))) == [type(None)] * 2
    assert held(practice, "S39") == {
        "status": "on_the_way",
        "text": "On the way, expected on 4 December",
        "lead_time_days": None,
        "expected_on": "2026-12-04",
    }
    assert held(practice, "MUG") == {
        "status": "supplier",
        "text": "זמן אספקה 5 ימים </script>",
        "lead_time_days": 5,
        "expected_on": None,
    }
    assert held(practice, "S40") is None
    assert [practice.shop.available(sku) for sku in ("S39", "S40", "MUG")] == [3, 4, 5]


def test_showing_twice_is_showing_once_and_nothing_takes_it_back(practice: Practice, shop: Shopify) -> None:
    ref = practice.ref("S39")
    push(shop, show(ref))
    push(shop, show(ref))
    assert held(practice, "S39")["status"] == "on_the_way"
    for _ in range(2):
        assert errors(push(shop, show(ref, NOTHING))) == [type(None)]
        assert held(practice, "S39") is None


def test_n_notices_of_listings_as_they_were_read_are_n_over_25_calls(practice: Practice, shop: Shopify) -> None:
    practice.shop.add_product("Many", [{"sku": f"M{n}", "options": {"No": str(n)}} for n in range(60)])
    refs = [one.ref for page in shop.listings() for one in page.listings if (one.sku or "").startswith("M")]
    practice.server.calls.clear()
    points = practice.app.bucket.left()
    assert set(errors(push(shop, *(show(ref) for ref in refs)))) == {type(None)}
    assert documents(practice) == ["Show"] * 3
    assert points - practice.app.bucket.left() == 30, "10 points a call, as recorded"
    practice.server.calls.clear()
    push(shop, *(show(ref, NOTHING) for ref in refs))
    assert documents(practice) == ["TakeBack"] * 3


def test_listings_stored_before_variants_were_known_are_looked_up(practice: Practice, shop: Shopify) -> None:
    old = [ListingRef(practice.item(sku)) for sku in ("S39", "MUG")]
    assert errors(push(shop, *(show(ref) for ref in old))) == [type(None)] * 2
    assert documents(practice) == ["VariantsOfItems", "Show"]
    assert held(practice, "S39") and held(practice, "MUG")
    assert errors(push(shop, stop(ListingRef(practice.item("S40"))))) == [type(None)]
    assert practice.shop.variant("S40").inventory_policy == "DENY"


@pytest.mark.parametrize("with_parent", [True, False])
def test_one_that_is_gone_does_not_keep_the_others_from_being_shown(
    practice: Practice, shop: Shopify, with_parent: bool
) -> None:
    gone, there = practice.ref("S39"), practice.ref("MUG")
    practice.shop.delete_variant("S39")
    writes = [show(gone if with_parent else ListingRef(gone.id)), show(there)]
    first, second = push(shop, *writes)
    assert isinstance(first.error, Rejected) and first.error.hint
    if isinstance(second.error, Untouched):
        (second,) = push(shop, writes[1])
    assert second.written and held(practice, "MUG")
    assert errors(push(shop, show(ListingRef(gone.id), NOTHING))) == [type(None)], "nothing of ours is left there"


def test_a_show_without_a_notice_shows_nothing(practice: Practice, shop: Shopify) -> None:
    assert errors(push(shop, show(practice.ref("S39"), None))) == [Rejected]
    assert practice.server.calls == []


def test_a_notice_beside_a_number_is_a_mistake_of_the_caller(practice: Practice, shop: Shopify) -> None:
    ref = practice.ref("S39")
    with pytest.raises(ValueError, match=r"Op\.SHOW"):
        shop.send(Batch("k", (Write(ref.id, ref.parent_id, Op.DELTA, 2, 3, ON_THE_WAY),)))
    assert practice.shop.available("S39") == 3


@pytest.mark.parametrize("fault", [ResetBefore(), ResetAfter()])
def test_a_lost_answer_is_asked_for_again_at_once(
    practice: Practice, shop: Shopify, fault: ResetBefore | ResetAfter
) -> None:
    practice.server.faults.add(fault, body="metafieldsSet")
    assert errors(push(shop, show(practice.ref("S39")))) == [type(None)]
    assert held(practice, "S39")


def test_an_answer_that_stays_away_is_a_doubt(practice: Practice, shop: Shopify) -> None:
    practice.server.faults.add(ResetAfter(), body="metafieldsSet", times=None)
    with pytest.raises(InDoubt):
        push(shop, show(practice.ref("S39")))


def test_numbers_go_first_and_each_kind_in_calls_of_its_own() -> None:
    ref = ListingRef("1", "10/100")
    number = Write("1", "10/100", Op.DELTA, 1, 2)
    calls = grouped([show(ref), show(ref, NOTHING), number, stop(ref)])
    assert [[one.op for one in call] for call in calls] == [[Op.STOP], [Op.DELTA], [Op.SHOW], [Op.SHOW]]


# ---------------------------------------------------------------------- what the answer proves


TWO = (show(ListingRef("1", "10/100")), show(ListingRef("2", "10/101"), SUPPLIER))
NO_OWNER = {"field": ["metafields", "1", "ownerId"], "message": "Owner does not exist.", "code": "INVALID_VALUE"}


def metafields(*values: dict[str, Any]) -> dict[str, Any]:
    return {"metafields": [{"value": json.dumps(value)} for value in values], "userErrors": []}


VALUES: list[dict[str, Any]] = [
    {
        "status": one.status,
        "text": one.text,
        "lead_time_days": one.lead_time_days,
        "expected_on": one.expected_on and one.expected_on.isoformat(),
    }
    for one in (ON_THE_WAY, SUPPLIER)
]


def test_what_the_answer_shows_is_shown_however_shopify_writes_its_json() -> None:
    tidy = {"metafields": [{"value": json.dumps(value, indent=2)} for value in VALUES], "userErrors": []}
    assert shown(TWO, tidy, "shopify_il") == [None, None]


def test_a_value_that_is_not_ours_is_a_doubt() -> None:
    first, second = shown(TWO, metafields(VALUES[0], {**VALUES[1], "text": "cut"}), "shopify_il")
    assert first is None and isinstance(second, InDoubt)
    payload = {"metafields": [{"value": "{no json"}], "userErrors": []}
    assert isinstance(shown(TWO[:1], payload, "shopify_il")[0], InDoubt)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        {"userErrors": []},
        {"metafields": None, "userErrors": []},
        {"metafields": [], "userErrors": []},
        metafields(VALUES[0]),
        {"metafields": [None, None], "userErrors": []},
        {"userErrors": [{"message": 1}]},
    ],
)
def test_an_answer_that_does_not_list_them_proves_nothing(payload: object) -> None:
    with pytest.raises(InDoubt):
        shown(TWO, payload, "shopify_il")


@pytest.mark.parametrize(
    "payload", [{}, {"deletedMetafields": [], "userErrors": []}, {"deletedMetafields": [None] * 2}]
)
def test_the_same_holds_for_taking_back(payload: object) -> None:
    with pytest.raises(InDoubt):
        taken_back(TWO, payload, "shopify_il")


def test_of_a_call_that_was_refused_the_one_that_is_named_is_rejected() -> None:
    first, second = shown(TWO, {"metafields": [], "userErrors": [NO_OWNER]}, "shopify_il")
    assert isinstance(first, Untouched)
    assert isinstance(second, Rejected) and "Owner does not exist." in str(second)


def test_too_many_in_a_call_blames_none_of_them() -> None:
    message = "Exceeded the maximum metafields input limit of 25."
    payload = {
        "metafields": None,
        "userErrors": [{"field": ["metafields"], "message": message, "code": "LESS_THAN_OR_EQUAL_TO"}],
    }
    assert [type(one) for one in shown(TWO, payload, "shopify_il")] == [Untouched, Untouched]


@pytest.mark.parametrize(
    ("code", "error"), [("INTERNAL_ERROR", Unavailable), ("APP_NOT_AUTHORIZED", CredentialsRejected)]
)
def test_a_refusal_that_concerns_all_is_raised(code: str, error: type[Exception]) -> None:
    payload = {"metafields": [], "userErrors": [{"field": None, "message": "No.", "code": code}]}
    with pytest.raises(error):
        shown(TWO, payload, "shopify_il")


# ---------------------------------------------------------------------- the definition


def test_the_definition_is_made_once_and_the_storefront_may_read_it(practice: Practice, shop: Shopify) -> None:
    shop.prepare()
    definition = practice.shop.definitions[DEFINED]
    assert (definition.type, definition.storefront, definition.name) == ("json", "PUBLIC_READ", "Availability (syncd)")
    shop.prepare()
    assert documents(practice) == ["Notices", "Define"]


def test_a_definition_that_is_there_costs_one_question_a_process(practice: Practice, shop: Shopify, make: Make) -> None:
    shop.prepare()
    practice.server.calls.clear()
    other = make(practice.server.url)
    other.prepare()
    other.prepare()
    assert documents(practice) == ["Notices"]


def defined(practice: Practice, **changed: Any) -> MetafieldDefinition:
    now = practice.shop.now()
    values: dict[str, Any] = {
        "type": "json",
        "storefront": "PUBLIC_READ",
        "name": "Mine",
        "description": None,
        **changed,
    }
    place = {"owner_type": DEFINED[0], "namespace": DEFINED[1], "key": DEFINED[2]}
    made = MetafieldDefinition(number=practice.shop.number(), created_at=now, updated_at=now, **place, **values)
    practice.shop.definitions[DEFINED] = made
    return made


def test_a_definition_that_the_storefront_may_not_read_is_opened(practice: Practice, shop: Shopify) -> None:
    mine = defined(practice, storefront="NONE")
    shop.prepare()
    assert (mine.storefront, mine.name) == ("PUBLIC_READ", "Mine")
    assert documents(practice) == ["Notices", "OpenToAll"]


def test_a_definition_of_another_type_needs_a_person(practice: Practice, shop: Shopify) -> None:
    defined(practice, type="single_line_text_field")
    with pytest.raises(CredentialsRejected, match="of type single_line_text_field") as refusal:
        shop.prepare()
    assert "Variants: delete syncd.availability" in refusal.value.hint


def test_whoever_was_faster_made_the_same_definition(practice: Practice, make: Make, scripted: Scripted) -> None:
    taken = {"field": ["definition", "key"], "message": "Key is in use.", "code": "TAKEN"}

    def meanwhile(_: object) -> Any:
        scripted.definition = {"type": {"name": "json"}, "access": {"storefront": "PUBLIC_READ"}}
        return answered({"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": [taken]}})

    scripted.installation = _installed("write_products")
    scripted.answers(meanwhile)
    make(scripted.server.url).prepare()
    assert len(scripted.asked) == 1


def test_no_room_for_a_definition_is_told_in_shopifys_words(make: Make, scripted: Scripted) -> None:
    full = {"field": ["definition"], "message": "You can only have 256 definitions.", "code": "LIMIT_EXCEEDED"}
    scripted.installation = _installed("write_products")
    scripted.answers(answered({"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": [full]}}))
    with pytest.raises(CredentialsRejected, match="You can only have 256 definitions"):
        make(scripted.server.url).prepare()


def _installed(*scopes: str) -> dict[str, Any]:
    return {"currentAppInstallation": {"accessScopes": [{"handle": one} for one in scopes]}}


# ---------------------------------------------------------------------- without the scope


WAY_OUT = "Dev Dashboard > your app > Versions: add write_products, release, approve in the shop."


@pytest.fixture
def numbers_only(practice: Practice) -> None:
    practice.app.scopes -= {"write_products"}


@pytest.mark.usefixtures("numbers_only")
def test_without_the_scope_numbers_go_on_and_the_way_out_is_told(practice: Practice, shop: Shopify) -> None:
    with pytest.raises(CredentialsRejected) as refusal:
        shop.prepare()
    assert str(refusal.value) == "shopify_il may not show buyers a status: write_products is missing."
    assert refusal.value.hint == WAY_OUT
    ref = practice.ref("S39")
    assert errors(push(shop, Write(ref.id, ref.parent_id, Op.DELTA, 2, 3))) == [type(None)]
    for write in (show(ref), show(ref, NOTHING), stop(ref)):
        with pytest.raises(CredentialsRejected) as refusal:
            push(shop, write)
        assert refusal.value.hint == WAY_OUT


def test_a_scope_that_was_taken_away_is_noticed_and_looked_at_again(practice: Practice, shop: Shopify) -> None:
    shop.prepare()
    practice.app.scopes -= {"write_products"}
    with pytest.raises(CredentialsRejected):
        push(shop, show(practice.ref("S39")))
    with pytest.raises(CredentialsRejected):
        shop.prepare()
    practice.app.scopes |= {"write_products"}
    shop.prepare()
    assert errors(push(shop, show(practice.ref("S39")))) == [type(None)]


@pytest.mark.usefixtures("practice")
def test_a_definition_that_is_denied_names_the_scope(make: Make, scripted: Scripted) -> None:
    scripted.installation = _installed("write_products")
    words = "Access denied for metafieldDefinitionCreate field. Required access: API client to have access to the "
    scripted.answers(refused("ACCESS_DENIED", words + "namespace and the resource type.\n"))
    with pytest.raises(CredentialsRejected, match="may not show buyers a status") as refusal:
        make(scripted.server.url).prepare()
    assert refusal.value.hint == WAY_OUT


# ---------------------------------------------------------------------- that 0 ends the sale


def test_a_listing_that_sells_on_at_zero_is_stopped_and_may_be_twice(practice: Practice, shop: Shopify) -> None:
    refs = [practice.ref(sku) for sku in ("S39", "S40", "MUG")]
    assert [one.can_stop for page in shop.listings() for one in page.listings] == [False, True, True]
    for _ in range(2):
        practice.server.calls.clear()
        assert errors(push(shop, *map(stop, refs))) == [type(None)] * 3
        assert documents(practice) == ["Stop", "Stop"], "one call a product"
        assert [one.inventory_policy for one in practice.shop.variants()] == ["DENY"] * 3
    assert [(one.sells_at_zero, one.can_stop) for one in shop.read(refs).values()] == [((), False)] * 3
    assert [practice.shop.available(sku) for sku in ("S39", "S40", "MUG")] == [3, 4, 5]


def test_one_variant_that_is_gone_does_not_keep_the_others_from_being_stopped(
    practice: Practice, shop: Shopify
) -> None:
    writes = [stop(practice.ref("S39")), stop(practice.ref("S40"))]
    practice.shop.delete_variant("S39")
    first, second = push(shop, *writes)
    assert isinstance(first.error, Rejected) and isinstance(second.error, Untouched)
    assert errors(push(shop, writes[1])) == [type(None)]
    assert practice.shop.variant("S40").inventory_policy == "DENY"


def test_variants_of_several_products_do_not_go_into_one_call(practice: Practice, shop: Shopify) -> None:
    with pytest.raises(ValueError, match="one product"):
        shop.send(Batch("k", (stop(practice.ref("S39")), stop(practice.ref("MUG")))))


STOPS = (stop(ListingRef("1", "10/100")), stop(ListingRef("2", "10/101")))
REFS = (VariantRef("10", "100"), VariantRef("10", "101"))


def test_a_policy_that_the_answer_does_not_show_is_a_doubt() -> None:
    there = {"id": "gid://shopify/ProductVariant/100", "inventoryPolicy": "DENY"}
    other = {"id": "gid://shopify/ProductVariant/101", "inventoryPolicy": "CONTINUE"}
    for listed in ([there], [there, other]):
        first, second = stopped(STOPS, REFS, {"productVariants": listed, "userErrors": []})
        assert first is None and isinstance(second, InDoubt)


@pytest.mark.parametrize("payload", [None, {}, {"productVariants": None, "userErrors": []}, {"userErrors": None}])
def test_an_answer_that_shows_no_policies_proves_nothing(payload: object) -> None:
    with pytest.raises(InDoubt):
        stopped(STOPS, REFS, payload)
