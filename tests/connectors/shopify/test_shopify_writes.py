"""Writes as calls of Shopify, and what its answers say became of them; answers as recorded from a real shop."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import Batch, Conflict, InDoubt, Op, Rejected, Unavailable, Untouched, Write
from connectors.shopify.writes import grouped, outcomes, variables

HERE = "gid://shopify/Location/1"
GROUP = {"changes": [{"name": "available", "item": {"id": "gid://shopify/InventoryItem/11"}}]}


def write(listing_id: str, op: Op = Op.SET, target: int = 5, expected: int = 7) -> Write:
    return Write(listing_id, None, op, target, expected)


TWO = Batch("key-1", (write("11"), write("12")))


def error(code: str | None, *path: str, message: str = "No.") -> dict[str, Any]:
    return {"code": code, "message": message, "field": list(path) or None}


def payload(*errors: dict[str, Any], group: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"inventoryAdjustmentGroup": group, "userErrors": list(errors)}


def test_calls_hold_one_kind_of_write_and_250_at_most() -> None:
    lowerings = [write(str(n), Op.DELTA) for n in range(251)]
    raises = [write(str(n)) for n in range(251, 300)]
    calls = grouped([*raises, *lowerings])
    assert [(len(call), {one.op for one in call}) for call in calls] == [
        (250, {Op.DELTA}),
        (1, {Op.DELTA}),
        (49, {Op.SET}),
    ]
    assert sorted(one.listing_id for call in calls for one in call) == sorted(str(n) for n in range(300))


def test_a_lowering_is_a_delta_that_says_in_so_many_words_that_nothing_is_compared() -> None:
    told = variables(Batch("key-1", (write("11", Op.DELTA),)), HERE)
    assert '"changeFromQuantity": null' in json.dumps(told)
    assert told == {
        "key": "key-1",
        "input": {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": "gid://syncd/Batch/key-1",
            "changes": [
                {
                    "inventoryItemId": "gid://shopify/InventoryItem/11",
                    "locationId": HERE,
                    "delta": -2,
                    "changeFromQuantity": None,
                }
            ],
        },
    }


def test_a_raise_holds_only_while_what_is_expected_is_there() -> None:
    told: Any = variables(Batch("key-1", (write("11", target=9),)), HERE)
    assert told["input"]["quantities"] == [
        {
            "inventoryItemId": "gid://shopify/InventoryItem/11",
            "locationId": HERE,
            "quantity": 9,
            "changeFromQuantity": 7,
        }
    ]


def test_the_same_batch_makes_the_same_bytes() -> None:
    again = Batch("key-1", (write("11"), write("12")))
    assert json.dumps(variables(TWO, HERE)) == json.dumps(variables(again, HERE))


@pytest.mark.parametrize("group", [None, GROUP])
def test_no_error_is_success_also_where_nothing_had_to_change(group: dict[str, Any] | None) -> None:
    assert all(outcome.written for outcome in outcomes(TWO, payload(group=group)))


def test_a_stale_entry_is_a_conflict_and_its_neighbour_is_untouched() -> None:
    stale = error("CHANGE_FROM_QUANTITY_STALE", "input", "quantities", "1", "changeFromQuantity")
    first, second = outcomes(TWO, payload(stale))
    assert isinstance(first.error, Untouched)
    assert isinstance(second.error, Conflict)


def test_a_refused_entry_is_rejected_with_the_shops_words_and_a_way_out() -> None:
    gone = error(
        "INVALID_INVENTORY_ITEM",
        *("input", "quantities", "0", "inventoryItemId"),
        message="The specified inventory item could not be found.",
    )
    first, second = outcomes(TWO, payload(gone))
    assert isinstance(first.error, Rejected)
    assert "could not be found" in str(first.error) and first.error.hint
    assert isinstance(second.error, Untouched)


def test_an_error_that_names_no_entry_blames_the_only_one() -> None:
    (only,) = outcomes(Batch("k", (write("11"),)), payload(error("INVALID_REASON", "input", "reason")))
    assert isinstance(only.error, Rejected)


def test_an_error_that_names_no_entry_blames_none_of_several() -> None:
    told = outcomes(TWO, payload(error("INVALID_REASON", "input", "reason")))
    assert [type(outcome.error) for outcome in told] == [Untouched, Untouched]


def test_a_stale_call_that_names_no_entry_is_looked_at_anew_in_whole() -> None:
    told = outcomes(TWO, payload(error("CHANGE_FROM_QUANTITY_STALE")))
    assert [type(outcome.error) for outcome in told] == [Conflict, Conflict]


@pytest.mark.parametrize("batch", [TWO, Batch("k", (write("11"),))])
def test_a_key_whose_first_try_failed_has_changed_nothing(batch: Batch) -> None:
    told = outcomes(batch, payload(error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")))
    assert {type(outcome.error) for outcome in told} == {Untouched}


def test_a_key_that_was_used_for_another_change_leaves_a_doubt() -> None:
    with pytest.raises(InDoubt):
        outcomes(TWO, payload(error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH")))


@pytest.mark.parametrize("code", ["SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED"])
def test_an_outage_has_changed_nothing(code: str) -> None:
    with pytest.raises(Unavailable) as unavailable:
        outcomes(TWO, payload(error(code)))
    assert not isinstance(unavailable.value, InDoubt)


def test_an_outage_that_changed_something_all_the_same_is_told_by_entry() -> None:
    told = outcomes(TWO, payload(error("SERVICE_UNAVAILABLE"), group=GROUP))
    assert [type(outcome.error) for outcome in told] == [type(None), InDoubt]


def test_what_was_carried_out_beside_an_error_counts_and_the_rest_is_in_doubt() -> None:
    three = Batch("k", (write("11"), write("12"), write("13")))
    stale = error("CHANGE_FROM_QUANTITY_STALE", "input", "quantities", "1", "changeFromQuantity")
    told = outcomes(three, payload(stale, group=GROUP))
    assert [type(outcome.error) for outcome in told] == [type(None), Conflict, InDoubt]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"userErrors": None},
        {"userErrors": [], "inventoryAdjustmentGroup": {}},
        {"userErrors": [{"code": 7, "message": "x", "field": None}], "inventoryAdjustmentGroup": None},
    ],
)
def test_an_answer_that_proves_nothing_leaves_a_doubt(broken: object) -> None:
    with pytest.raises(InDoubt):
        outcomes(TWO, broken)
