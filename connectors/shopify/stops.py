"""Sees to it that 0 ends the sale of a variant: its inventory policy becomes DENY (shopify-facts §3)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Batch, InDoubt, ItemError, Outcome, Rejected, Write
from connectors.shopify import variants
from connectors.shopify.admin import Admin, Forbidden, unreadable
from connectors.shopify.documents import STOP
from connectors.shopify.reading import Misread, listed, text
from connectors.shopify.refusals import UserError, about, lacks_write_products, untouched
from connectors.shopify.variants import VariantRef

POLICY = "DENY"


def sent(admin: Admin, batch: Batch, channel: str) -> Sequence[Outcome]:
    """Stops the variants of one product, all or none of them.

    Raises:
        InDoubt: the answer was lost or proves nothing; sending it again is harmless.
        Unavailable, RateLimited, CredentialsRejected, Unreadable: nothing was changed.
    """
    refs = variants.of_writes(admin, batch.writes)
    here = [write for write in batch.writes if write.listing_id in refs]
    products = {refs[write.listing_id].product_gid for write in here}
    if len(products) > 1:
        raise ValueError("a call has variants of one product: group() makes calls")
    told: dict[str, ItemError | InDoubt | None] = {write.listing_id: variants.gone(write) for write in batch.writes}
    if here:
        entries = [{"id": refs[write.listing_id].gid, "inventoryPolicy": POLICY} for write in here]
        try:
            payload = admin.change(STOP, {"product": products.pop(), "variants": entries})
        except Forbidden:
            raise lacks_write_products(channel, "switch off selling at 0") from None
        these = [refs[write.listing_id] for write in here]
        told |= zip((write.listing_id for write in here), stopped(here, these, payload), strict=True)
    return [Outcome(write.listing_id, told[write.listing_id]) for write in batch.writes]


def stopped(writes: Sequence[Write], refs: Sequence[VariantRef], payload: object) -> list[ItemError | InDoubt | None]:
    """What became of each: stopped where the answer shows its policy.

    Raises:
        InDoubt: the payload cannot be read.
    """
    try:
        errors = [UserError(error) for error in listed(payload, "userErrors")]
        shown = (
            {text(one, "id"): text(one, "inventoryPolicy") for one in listed(payload, "productVariants")}
            if not errors
            else {}
        )
    except Misread as misread:
        raise InDoubt(str(unreadable(misread)), hint="It is looked at again by itself.") from None
    return [
        _error(write, number, ref, errors, shown, alone=len(writes) == 1)
        for number, (write, ref) in enumerate(zip(writes, refs, strict=True))
    ]


def _error(
    write: Write, number: int, ref: VariantRef, errors: Sequence[UserError], shown: dict[str, str], *, alone: bool
) -> ItemError | InDoubt | None:
    if error := about(errors, number, alone=alone):
        return Rejected(
            f"Shopify does not stop selling listing {write.listing_id} at 0: {error.message}",
            hint="In Shopify: Products > the product > Inventory: switch off Continue selling when out of stock.",
        )
    if errors:
        return untouched()
    if shown.get(ref.gid) != POLICY:
        return InDoubt(f"Whether listing {write.listing_id} stops selling at 0 is not known.")
    return None
