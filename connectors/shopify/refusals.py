"""What ``userErrors`` say of the entries of a call that was refused."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import CredentialsRejected, Untouched
from connectors.shopify.reading import field, maybe_text, text

WRITE_PRODUCTS = "write_products"


class UserError:
    """One refusal: its code, its words, and the number of the entry that it names, if any."""

    def __init__(self, error: object) -> None:
        # Only metafieldsDelete has user errors without a code.
        self.code = maybe_text(error, "code") if isinstance(error, dict) and "code" in error else None
        self.message = text(error, "message")
        path = field(error, "field")
        # ["input", "quantities", "3", "changeFromQuantity"]
        steps = path if isinstance(path, list) else []
        self.entry = next((int(step) for step in steps if isinstance(step, str) and step.isdecimal()), None)


def about(errors: Sequence[UserError], number: int, *, alone: bool) -> UserError | None:
    """The error that concerns the entry with this number: one that names it, or any where it is `alone`."""
    return next((error for error in errors if error.entry == number or (error.entry is None and alone)), None)


def untouched() -> Untouched:
    return Untouched("Another item of the call was refused.")


def lacks_write_products(channel: str, what: str) -> CredentialsRejected:
    """The error where the app may write numbers but not what belongs to products."""
    return CredentialsRejected(f"{channel} may not {what}: {WRITE_PRODUCTS} is missing.", hint=way_to(WRITE_PRODUCTS))


def way_to(*scopes: str, verb: str = "add") -> str:
    return f"Dev Dashboard > your app > Versions: {verb} {', '.join(scopes)}, release, approve in the shop."
