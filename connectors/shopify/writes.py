"""Writes as calls of Shopify, and what the answer says became of each number (design.md §3.4, shopify-facts §2).

What moves no number is in `notices` and `stops`. A lowering is an adjustment: it commutes with sales, so it carries an
explicit ``changeFromQuantity: null``. A raise is a set that holds only while `expected` is what is there. Both carry
the batch's key: the same batch makes the same variables to the byte, which is what Shopify compares when a key comes
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from connectors.contract import (
    Batch,
    Conflict,
    InDoubt,
    ItemError,
    Op,
    Outcome,
    Rejected,
    Unavailable,
    Write,
)
from connectors.shopify import notices
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import ADJUST, LARGEST_PAGE, SET
from connectors.shopify.reading import Misread, field, gid, identity, listed
from connectors.shopify.refusals import UserError, untouched
from connectors.shopify.variants import known

REASON = "correction"

# What ends an oversell goes first, what only explains it last.
_ORDER = (Op.STOP, Op.DELTA, Op.SET, Op.START, Op.SHOW)
_MOST = {Op.START: 1, Op.SHOW: notices.MOST}

_STALE = {"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"}
_OUTAGE = {"SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED"}


def grouped(writes: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
    """The writes as calls: one op a call, 250 numbers at most (shopify-facts §2.1), 25 notices, which are shown or
    taken back (§3), or the variants of one product to stop.

    A START, which is refused anyway, goes alone, and so does a variant whose product is not known.
    """
    calls: dict[tuple[object, ...], list[Write]] = {}
    for write in sorted(writes, key=lambda write: _ORDER.index(write.op)):
        calls.setdefault(_kind(write), []).append(write)
    return [
        tuple(these[start : start + most])
        for these in calls.values()
        for most in (_MOST.get(these[0].op, LARGEST_PAGE),)
        for start in range(0, len(these), most)
    ]


def _kind(write: Write) -> tuple[object, ...]:
    """Writes of one kind may go together."""
    if write.op is Op.SHOW:
        return write.op, notices.takes_back(write)
    if write.op is Op.STOP:
        variant = known(write)
        return write.op, variant.product if variant else write.listing_id, variant is None
    return (write.op,)


def refused(batch: Batch) -> Sequence[Outcome]:
    """The outcomes of a call that may not be sent as it stands; none where it may. Asks nobody."""
    refusals = [_refusal(write) for write in batch.writes]
    if not any(refusals):
        return ()
    return [
        Outcome(write.listing_id, refusal or untouched()) for write, refusal in zip(batch.writes, refusals, strict=True)
    ]


def one_op(batch: Batch) -> Op:
    """The op of a call.

    Raises:
        ValueError: it has several, or a notice beside a number.
    """
    ops = {write.op for write in batch.writes}
    if len(ops) != 1:
        raise ValueError("a call has writes of one op: group() makes calls")
    (op,) = ops
    if op is not Op.SHOW and any(write.notice for write in batch.writes):
        raise ValueError("Shopify shows notices in calls of their own: Op.SHOW")
    return op


def sent(admin: Admin, batch: Batch, location_gid: str) -> Sequence[Outcome]:
    """Sends the numbers of one call and tells what became of each write.

    Raises:
        InDoubt, Unavailable, RateLimited, CredentialsRejected, Unreadable: as `StockSink.send`.
    """
    document = ADJUST if one_op(batch) is Op.DELTA else SET
    return outcomes(batch, admin.change(document, variables(batch, location_gid)))


def variables(batch: Batch, location_gid: str) -> Mapping[str, object]:
    """The variables of a batch: a function of the batch and the location alone."""
    adjusts = batch.writes[0].op is Op.DELTA
    entries = [_entry(write, location_gid, adjusts=adjusts) for write in batch.writes]
    shared = {"name": "available", "reason": REASON, "referenceDocumentUri": _document_uri(batch.key)}
    return {"key": batch.key, "input": {**shared, "changes" if adjusts else "quantities": entries}}


def outcomes(batch: Batch, payload: object) -> Sequence[Outcome]:
    """What the payload says became of each write.

    ``inventoryAdjustmentGroup: null`` without errors is success: everything was there already (shopify-facts §2.1).
    With an error the whole call has failed; the error names its entry by number. What nobody promises, that some of
    them were carried out all the same, would show in the group: those it does not list are then in doubt.

    Raises:
        InDoubt: the payload cannot be read, or the key was used for something else before.
        Unavailable: Shopify had an outage; nothing was written.
    """
    try:
        errors = [UserError(error) for error in listed(payload, "userErrors")]
        group = field(payload, "inventoryAdjustmentGroup")
        changed = set() if group is None else {_changed(change) for change in listed(group, "changes")}
    except Misread as misread:
        raise InDoubt(str(unreadable(misread)), hint="It is looked at again by itself.") from None
    if not errors:
        return [Outcome(write.listing_id) for write in batch.writes]
    codes = {error.code for error in errors}
    if "IDEMPOTENCY_KEY_PARAMETER_MISMATCH" in codes:
        raise InDoubt("Shopify knows the key of this change from another change; whether that was made is not known.")
    if group is None and codes <= _OUTAGE:
        raise Unavailable("Shopify could not change quantities just now.", hint="It is tried again by itself.")
    return [
        Outcome(write.listing_id, _error(write, number, errors, batch, changed))
        for number, write in enumerate(batch.writes)
    ]


def _error(
    write: Write, number: int, errors: Sequence[UserError], batch: Batch, changed: set[str]
) -> ItemError | InDoubt | None:
    alone = len(batch.writes) == 1
    for error in errors:
        if error.entry == number or (error.entry is None and (alone or error.code in _STALE)):
            if error.code == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED":
                break
            if error.code in _STALE:
                return Conflict(f"Shopify shows another number for listing {write.listing_id} than {write.expected}.")
            return Rejected(f"Shopify refuses listing {write.listing_id}: {error.message}", hint=_hint(error.code))
    if write.listing_id in changed:
        return None
    if changed:
        return InDoubt(f"Whether listing {write.listing_id} was changed is not known: Shopify refused part of a call.")
    return untouched()


def _hint(code: str | None) -> str:
    match code:
        case "INVALID_INVENTORY_ITEM":
            return "Was the product deleted in Shopify? syncd map shows it."
        case "INVALID_LOCATION":
            return "Was the location deleted in Shopify? syncd check lists those that there are."
        case "NON_MUTABLE_INVENTORY_ITEM":
            return "A bundle's stock comes from its parts: map the parts, not the bundle."
        case _:
            return "Look at this product in the Shopify admin."


def _refusal(write: Write) -> Rejected | None:
    """Why this write may not be sent at all."""
    if write.op is Op.SHOW:
        return notices.refusal(write)
    if write.op is Op.STOP:
        return None
    if write.op is Op.START:
        return Rejected(
            f"Shopify does not track the quantity of listing {write.listing_id} at this location.",
            hint="In Shopify: Products > the product > Inventory > track its quantity and stock it at the location.",
        )
    if type(write.target) is not int or type(write.expected) is not int or write.target < 0:
        return Rejected(f"{write.target!r} is not a number of units to offer for listing {write.listing_id}.")
    return None


def _entry(write: Write, location_gid: str, *, adjusts: bool) -> Mapping[str, object]:
    where = {"inventoryItemId": gid("InventoryItem", write.listing_id), "locationId": location_gid}
    if adjusts:
        return {**where, "delta": write.delta, "changeFromQuantity": None}
    return {**where, "quantity": write.target, "changeFromQuantity": write.expected}


def _document_uri(key: str) -> str:
    """What the merchant finds in the inventory history: the batch, under syncd's name."""
    return f"gid://syncd/Batch/{quote(key, safe='')}"


def _changed(change: object) -> str:
    item = field(change, "item")
    return "" if item is None else identity(item, "InventoryItem")
