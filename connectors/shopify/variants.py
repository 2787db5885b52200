"""Which variant, of which product, a listing is: notices and policies belong to variants, numbers to inventory items.

A listing's `parent_id` holds both numbers, ``PRODUCT/VARIANT``, as the reading of listings told them. One that was
stored before that (or mapped by hand) is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Rejected, Write
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import VARIANTS_OF_ITEMS
from connectors.shopify.reading import Misread, field, gid, identity, listed

_PARENT_ID = re.compile(r"(?P<product>[0-9]+)/(?P<variant>[0-9]+)")


@dataclass(frozen=True, slots=True)
class VariantRef:
    """A variant by the bare numbers of its product and its own."""

    product: str
    variant: str

    @property
    def parent_id(self) -> str:
        return f"{self.product}/{self.variant}"

    @property
    def product_gid(self) -> str:
        return gid("Product", self.product)

    @property
    def gid(self) -> str:
        return gid("ProductVariant", self.variant)


def variant_ref(variant: object) -> VariantRef:
    """The variant that an answer shows with its product.

    Raises:
        Misread: a field is missing or of another type.
    """
    return VariantRef(identity(field(variant, "product"), "Product"), identity(variant, "ProductVariant"))


def known(write: Write) -> VariantRef | None:
    """The variant of a write, as far as its `parent_id` tells."""
    found = _PARENT_ID.fullmatch(write.parent_id or "")
    return VariantRef(found["product"], found["variant"]) if found else None


def of_writes(admin: Admin, writes: Sequence[Write]) -> Mapping[str, VariantRef]:
    """The variant of each write by its listing; one that is gone is absent. Asks only for what `known` does not tell,
    250 a call.

    Raises:
        Unavailable, RateLimited, CredentialsRejected, Unreadable: as `Admin.ask`.
    """
    found = {write.listing_id: ref for write in writes if (ref := known(write))}
    missing = [write.listing_id for write in writes if write.listing_id not in found]
    nodes = admin.nodes(VARIANTS_OF_ITEMS, [gid("InventoryItem", one) for one in missing], {})
    for listing_id, node in zip(missing, nodes, strict=True):
        try:
            variants = [] if node is None else listed(field(node, "variants"), "nodes")
            if variants:
                found[listing_id] = variant_ref(variants[0])
        except Misread as misread:
            raise unreadable(misread) from None
    return found


def gone(write: Write) -> Rejected:
    """The error for a listing of which Shopify has no variant any more."""
    return Rejected(
        f"Shopify has no variant for listing {write.listing_id}.",
        hint="Was the product deleted in Shopify? syncd map shows it.",
    )
