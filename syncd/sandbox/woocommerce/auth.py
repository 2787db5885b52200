"""Who asks, and may they: WooCommerce's three ways to show a key (woocommerce-facts §9)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from syncd.sandbox.server import Request
from syncd.sandbox.woocommerce import php
from syncd.sandbox.woocommerce.model import Key
from syncd.sandbox.woocommerce.rest import RestError

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

CLOCK_MAY_DIFFER = timedelta(minutes=15)
OAUTH = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def _refused(message: str) -> RestError:
    return RestError(401, "woocommerce_rest_authentication_error", message)


def authenticated(shop: WooShop, request: Request) -> Key | None:
    """The key that the request shows; ``None`` for nobody, which an unknown key is not told apart from.

    Basic and the query's key count over https only; over http (or without them) OAuth 1.0a is looked for.

    Raises:
        RestError: 401 for a wrong secret or signature, a clock that is off, a nonce used before.
    """
    key = _by_secret(shop, request) if request.secure else None
    return key or _by_signature(shop, request)


def check_permissions(key: Key | None, method: str) -> None:
    """401 (sic) where the key may not read, or not write."""
    if key is None or method == "OPTIONS":
        return
    needed = "read" if method in ("GET", "HEAD") else "write"
    if key.permissions not in (needed, "read_write"):
        raise _refused(f"The API key provided does not have {needed} permissions.")


def _known(shop: WooShop, consumer_key: str) -> Key | None:
    return next((key for key in shop.keys if key.consumer_key == consumer_key), None)


def _by_secret(shop: WooShop, request: Request) -> Key | None:
    name, secret = request.first("consumer_key") or "", request.first("consumer_secret") or ""
    if not (name and secret) and not shop.strips_authorization:
        name, secret = _basic(request.headers.get("authorization", ""))
    key = _known(shop, name) if secret else None
    if key is not None and not hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
        raise _refused("Consumer secret is invalid.")
    return key


def _basic(header: str) -> tuple[str, str]:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, secret = b64decode(encoded).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return name, secret


def _by_signature(shop: WooShop, request: Request) -> Key | None:
    given = {name: str(value) for name, value in php.query(request.query).items()}
    missing = [f"oauth_{name}" for name in OAUTH if not given.get(f"oauth_{name}")]
    if len(missing) == len(OAUTH):
        return None
    if missing:
        raise RestError(
            401,
            "woocommerce_rest_authentication_missing_parameter",
            f"Missing OAuth parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
        )
    key = _known(shop, given["oauth_consumer_key"])
    if key is None:
        raise _refused("Consumer key is invalid.")
    digest = HASHES.get(given["oauth_signature_method"])
    if digest is None:
        raise _refused("Invalid signature - signature method is invalid.")
    signature = given.pop("oauth_signature").replace(" ", "+")
    pairs = "&".join(f"{_encoded(name)}={_encoded(given[name])}" for name in sorted(given))
    signed = "&".join((request.method, _encoded(_plain(request.url)), _encoded(pairs)))
    made = b64encode(hmac.new(f"{key.consumer_secret}&".encode(), signed.encode(), digest).digest()).decode()
    if not hmac.compare_digest(made.encode(), signature.encode()):
        raise _refused("Invalid signature - provided signature does not match.")
    if not request.late:
        _check_freshness(shop, given)
    return key


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _check_freshness(shop: WooShop, given: dict[str, str]) -> None:
    off = abs(php.whole(given["oauth_timestamp"]) - int(shop.now().timestamp()))
    if off > CLOCK_MAY_DIFFER.total_seconds():
        raise _refused("Invalid timestamp.")
    if given["oauth_nonce"] in shop.seen_nonces:
        raise _refused("Invalid nonce - nonce has already been used.")
    shop.seen_nonces.add(given["oauth_nonce"])
