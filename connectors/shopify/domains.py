"""What a shop at Shopify is called: its permanent domain, however the owner writes it."""

from __future__ import annotations

import re

_PERMANENT = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_BARE = re.compile(r"[a-z0-9][a-z0-9-]*")
_ADMIN = re.compile(r"admin\.shopify\.com/store/(?P<name>[a-z0-9][a-z0-9-]*)(?:/.*)?")


def permanent_domain(written: str) -> str | None:
    """The ``….myshopify.com`` domain that `written` names; ``None`` where it is a domain of the owner's own.

    Taken are the domain, its first part, an address in it, and the address that the admin shows.
    """
    plain = re.sub(r"^https?://", "", written.strip().lower())
    if admin := _ADMIN.fullmatch(plain):
        return f"{admin['name']}.myshopify.com"
    host = plain.partition("/")[0]
    if _BARE.fullmatch(host):
        return f"{host}.myshopify.com"
    return host if _PERMANENT.fullmatch(host) else None


def identity(written: str) -> str:
    """The permanent domain that `written` names; empty for a domain of the owner's own."""
    return permanent_domain(written) or ""
