"""What a delivery of Shopify says, once its signature is proven: pure, and nothing of it is believed before."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping

from connectors.contract import News, NotGenuine
from connectors.shopify.domains import permanent_domain
from connectors.shopify.places import Standing
from connectors.shopify.reading import Misread, field, whole
from connectors.shopify.settings import Settings

LARGEST_ID = 2**63

_TOPIC = re.compile(r"[a-z_]{1,60}/[a-z_]{1,60}")
_DELIVERY_ID = re.compile(r"[!-~]{1,100}")


def news(settings: Settings, known: Standing | None, headers: Mapping[str, str], body: bytes) -> News | None:
    """As `NewsSource.news`. `known` is where we stand, as far as the shop was asked already.

    A number is told for our location alone. While it is not known which one that is, only that something changed.
    """
    key, signature = settings.signing_key, headers.get("x-shopify-hmac-sha256")
    if key is None or signature is None or not _signed(key, signature, body):
        raise NotGenuine("A delivery is not signed by this app of Shopify.")
    domain = headers.get("x-shopify-shop-domain", "").lower()
    ours = permanent_domain(settings.shop) or (known and known.installation.permanent_domain)
    if ours and domain != ours:  # one app in two shops signs for both with the same secret
        raise NotGenuine("A delivery comes from another shop of the same app.")
    topic, delivery_id = headers.get("x-shopify-topic", ""), headers.get("x-shopify-webhook-id", "")
    if not _TOPIC.fullmatch(topic) or not _DELIVERY_ID.fullmatch(delivery_id):
        raise NotGenuine("A delivery of Shopify does not say what it is about.")
    read = _READERS.get(topic)
    if read is None:
        return None
    try:
        return read(delivery_id, topic, _object(body), known)
    except Misread:
        raise NotGenuine("A delivery of Shopify names nothing that can be read.") from None


def _signed(key: str, signature: str, body: bytes) -> bool:
    made = b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(made, signature.encode(errors="replace"))


def _object(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Misread("body") from None


def _id(told: object, name: str) -> str:
    number = field(told, name)
    if type(number) is not int or not 0 < number < LARGEST_ID:
        raise Misread(name)
    return str(number)


def _order(delivery_id: str, topic: str, told: object, _: Standing | None) -> News:
    return News(delivery_id, topic, order_id=_id(told, "id"))


def _edited(delivery_id: str, topic: str, told: object, _: Standing | None) -> News:
    return News(delivery_id, topic, order_id=_id(field(told, "order_edit"), "order_id"))


def _refunded(delivery_id: str, topic: str, told: object, _: Standing | None) -> News:
    return News(delivery_id, topic, order_id=_id(told, "order_id"))


def _level(delivery_id: str, topic: str, told: object, known: Standing | None) -> News | None:
    """Of our location, or of one that is not known yet; `available` is null where the item is not tracked."""
    item, place = _id(told, "inventory_item_id"), _id(told, "location_id")
    shown = None if field(told, "available") is None else whole(told, "available")
    if known is None:
        return News(delivery_id, topic, listing_id=item)
    if known.location.gid.rpartition("/")[2] != place:
        return None
    return News(delivery_id, topic, listing_id=item, shown=shown)


def _uninstalled(delivery_id: str, topic: str, _: object, __: Standing | None) -> News:
    return News(delivery_id, topic)


_READERS: Mapping[str, Callable[[str, str, object, Standing | None], News | None]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/cancelled": _order,
    "orders/delete": _order,
    "orders/edited": _edited,
    "refunds/create": _refunded,
    "inventory_levels/update": _level,
    "app/uninstalled": _uninstalled,
}
