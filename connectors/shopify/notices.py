"""What the buyer reads beside the number: one metafield of type JSON at each variant (shopify-facts §3).

The theme reads it as ``variant.metafields.syncd.availability`` (`storefront/syncd-availability.liquid`). Its
definition lets the storefront read it; `ready` makes that once, before the first notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from connectors.contract import (
    Batch,
    CredentialsRejected,
    InDoubt,
    ItemError,
    Notice,
    Outcome,
    Rejected,
    Unavailable,
    Write,
)
from connectors.shopify import variants
from connectors.shopify.admin import Admin, Forbidden, unreadable
from connectors.shopify.documents import DEFINE, NOTICES, OPEN_TO_ALL, SHOW, TAKE_BACK
from connectors.shopify.reading import Misread, field, listed, text
from connectors.shopify.refusals import WRITE_PRODUCTS, UserError, about, lacks_write_products, untouched
from connectors.shopify.variants import VariantRef

NAMESPACE = "syncd"
KEY = "availability"
PLACE = {"namespace": NAMESPACE, "key": KEY}
WHICH = {"ownerType": "PRODUCTVARIANT", **PLACE}
TYPE = "json"
PUBLIC = "PUBLIC_READ"

MOST = 25
"""Metafields a call: Shopify's limit for setting them; none is told for deleting (shopify-facts §3)."""

_MAY_NOT = "show buyers a status"
_OUTAGE = {"INTERNAL_ERROR"}


# ---------------------------------------------------------------------- the definition


def ready(admin: Admin, channel: str) -> None:
    """See to it that notices can be written and that the storefront may read them: one question where all is there.

    Raises:
        CredentialsRejected: the app may not write them, or somebody keeps something else in their place.
        Unavailable, RateLimited, Unreadable: as `Admin.ask`.
    """
    try:
        definition = look(admin, channel) or _made(admin) or look(admin, channel)
        if definition is None:
            raise unreadable(Misread("metafieldDefinition"))
        if wrong := wrong_type(definition):
            raise wrong
        if not _public(definition):
            _opened(admin)
    except Misread as misread:
        raise unreadable(misread) from None
    except Forbidden:
        raise lacks_write_products(channel, _MAY_NOT) from None
    except InDoubt as lost:
        raise Unavailable(str(lost), hint=lost.hint) from None


def look(admin: Admin, channel: str) -> object | None:
    """The definition, ``None`` where there is none yet. Raises as `ready`, and Misread."""
    data = admin.ask(NOTICES, {"which": WHICH})
    scopes = {text(one, "handle") for one in listed(field(data, "currentAppInstallation"), "accessScopes")}
    if WRITE_PRODUCTS not in scopes:
        raise lacks_write_products(channel, _MAY_NOT)
    return field(data, "metafieldDefinition")


def wrong_type(definition: object) -> CredentialsRejected | None:
    """The error where the place is taken by metafields of another type, which Shopify never changes."""
    kind = text(field(definition, "type"), "name")
    if kind == TYPE:
        return None
    return CredentialsRejected(
        f"Shopify keeps variant metafields {NAMESPACE}.{KEY} of type {kind}; statuses need {TYPE}.",
        hint=f"Shopify admin > Settings > Metafields and metaobjects > Variants: delete {NAMESPACE}.{KEY}.",
    )


def _public(definition: object) -> bool:
    return field(field(definition, "access"), "storefront") == PUBLIC


def _made(admin: Admin) -> object | None:
    """The definition that was made; ``None`` where somebody was faster."""
    definition = {
        **WHICH,
        "name": "Availability (syncd)",
        "description": "What buyers read about the stock: status, text, lead time in working days, date. "
        "Written by syncd; do not edit.",
        "type": TYPE,
        "access": {"storefront": PUBLIC},
    }
    payload = admin.change(DEFINE, {"definition": definition})
    errors = [UserError(error) for error in listed(payload, "userErrors")]
    if any(error.code == "TAKEN" for error in errors):
        return None
    _none_of(errors)
    return field(payload, "createdDefinition")


def _opened(admin: Admin) -> None:
    payload = admin.change(OPEN_TO_ALL, {"definition": {**WHICH, "access": {"storefront": PUBLIC}}})
    _none_of([UserError(error) for error in listed(payload, "userErrors")])
    if not _public(field(payload, "updatedDefinition")):
        raise Misread("storefront")


def _none_of(errors: Sequence[UserError]) -> None:
    if errors:
        raise CredentialsRejected(
            f"Shopify does not let the storefront read statuses: {errors[0].message}",
            hint=f"Shopify admin > Settings > Metafields and metaobjects > Variants: look for {NAMESPACE}.{KEY}.",
        )


# ---------------------------------------------------------------------- the notices


def takes_back(write: Write) -> bool:
    """True where nothing of ours is to be left at the listing."""
    return write.notice is not None and not write.notice.status


def refusal(write: Write) -> Rejected | None:
    """Why this write may not be sent at all."""
    if write.notice is None:
        return Rejected(f"There is nothing to show for listing {write.listing_id}.")
    if fault := write.notice.fault:
        return Rejected(f"The status of listing {write.listing_id} cannot be shown: {fault}")
    return None


def value(notice: Notice) -> str:
    """What the metafield holds: JSON, with letters of any script as they are, so that the admin shows them readable."""
    told = {
        "status": notice.status,
        "text": notice.text,
        "lead_time_days": notice.lead_time_days,
        "expected_on": notice.expected_on.isoformat() if notice.expected_on else None,
    }
    return json.dumps(told, ensure_ascii=False)


def sent(admin: Admin, batch: Batch, channel: str) -> Sequence[Outcome]:
    """Shows or takes back the notices of one call; the two never come in one.

    Raises:
        InDoubt: the answer was lost or proves nothing; showing it again is harmless.
        Unavailable, RateLimited, CredentialsRejected, Unreadable: nothing was shown.
    """
    kinds = {takes_back(write) for write in batch.writes}
    if len(kinds) != 1 or len(batch.writes) > MOST:
        raise ValueError("a call shows or takes back at most 25 notices: group() makes calls")
    refs = variants.of_writes(admin, batch.writes)
    here = [write for write in batch.writes if write.listing_id in refs]
    told: dict[str, ItemError | InDoubt | None] = {}
    if here:
        send, read = (_take_back, taken_back) if kinds == {True} else (_show, shown)
        try:
            payload = send(admin, here, refs)
        except Forbidden:
            raise lacks_write_products(channel, _MAY_NOT) from None
        told = dict(zip((write.listing_id for write in here), read(here, payload, channel), strict=True))
    # Where the variant is gone, nothing of ours is left there.
    missing = {write.listing_id: None if kinds == {True} else variants.gone(write) for write in batch.writes}
    return [Outcome(write.listing_id, (missing | told)[write.listing_id]) for write in batch.writes]


def _show(admin: Admin, writes: Sequence[Write], refs: Mapping[str, VariantRef]) -> object:
    entries = [
        {"ownerId": refs[write.listing_id].gid, **PLACE, "type": TYPE, "value": value(write.notice)}
        for write in writes
        if write.notice is not None
    ]
    return admin.change(SHOW, {"metafields": entries})


def _take_back(admin: Admin, writes: Sequence[Write], refs: Mapping[str, VariantRef]) -> object:
    entries = [{"ownerId": refs[write.listing_id].gid, **PLACE} for write in writes]
    return admin.change(TAKE_BACK, {"metafields": entries})


def shown(writes: Sequence[Write], payload: object, channel: str) -> list[ItemError | InDoubt | None]:
    """What became of each notice: shown where the answer has it, whatever blanks Shopify puts into the JSON.

    The call is all or nothing (shopify-facts §3): with an error nothing was shown.

    Raises:
        InDoubt: the payload proves nothing.
        CredentialsRejected, Unavailable: nothing was shown, for a reason that concerns all.
    """
    try:
        if errors := _errors(payload, channel):
            return _blamed(writes, errors)
        metafields = [text(one, "value") for one in listed(payload, "metafields")]
    except Misread as misread:
        raise _unproven(misread) from None
    if len(metafields) != len(writes):
        raise _unproven(Misread("metafields"))
    return [
        None if write.notice is not None and _same(value(write.notice), there) else _doubt(write)
        for write, there in zip(writes, metafields, strict=True)
    ]


def taken_back(writes: Sequence[Write], payload: object, channel: str) -> list[ItemError | InDoubt | None]:
    """As `shown`; what was not there is null and no error (recorded), and nothing is left of it either."""
    try:
        if errors := _errors(payload, channel):
            return _blamed(writes, errors)
        deleted = listed(payload, "deletedMetafields")
    except Misread as misread:
        raise _unproven(misread) from None
    if len(deleted) != len(writes):
        raise _unproven(Misread("deletedMetafields"))
    return [None for _ in writes]


def _errors(payload: object, channel: str) -> list[UserError]:
    errors = [UserError(error) for error in listed(payload, "userErrors")]
    codes = {error.code for error in errors}
    if "APP_NOT_AUTHORIZED" in codes:
        raise lacks_write_products(channel, _MAY_NOT)
    if errors and codes <= _OUTAGE:
        raise Unavailable("Shopify had an error of its own.", hint="It is tried again by itself.")
    return errors


def _blamed(writes: Sequence[Write], errors: Sequence[UserError]) -> list[ItemError | InDoubt | None]:
    alone = len(writes) == 1
    return [
        Rejected(
            f"Shopify does not show the status of listing {write.listing_id}: {error.message}",
            hint="Was the product deleted in Shopify? syncd map shows it.",
        )
        if (error := about(errors, number, alone=alone))
        else untouched()
        for number, write in enumerate(writes)
    ]


def _same(ours: str, theirs: str) -> bool:
    try:
        return bool(json.loads(ours) == json.loads(theirs))
    except ValueError:
        return False


def _unproven(misread: Misread) -> InDoubt:
    return InDoubt(str(unreadable(misread)), hint="It is shown again by itself.")


def _doubt(write: Write) -> InDoubt:
    return InDoubt(f"Whether the status of listing {write.listing_id} is shown is not known.")
