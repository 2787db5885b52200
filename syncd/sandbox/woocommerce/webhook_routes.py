"""The routes of webhooks. Secrets and counts of failures are never shown (woocommerce-facts §7)."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce import php
from syncd.sandbox.woocommerce.model import Webhook
from syncd.sandbox.woocommerce.rest import Asked, Body, Reply, RestError, boolean, both, one_of, page_of, single
from syncd.sandbox.woocommerce.wire import item_links

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

STATUSES = ("active", "paused", "disabled")
TOPIC = re.compile(r"(order|product|customer|coupon)\.(created|updated|deleted|restored)")
ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*")
HOOKS = {
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
}


def list_webhooks(shop: WooShop, asked: Asked) -> Reply:
    """Newest first unless told otherwise; of every status unless told otherwise."""
    status = one_of(asked.params, "status", ("all", *STATUSES), "all")
    one_of(asked.params, "orderby", ("date", "id", "title"), "date")
    rows = sorted(
        (hook for hook in shop.webhooks.by_id.values() if status in ("all", hook.status)),
        key=lambda hook: hook.name if asked.params.get("orderby") == "title" else f"{hook.id:012}",
        reverse=one_of(asked.params, "order", ("asc", "desc"), "desc") == "desc",
    )
    return page_of(rows, asked, lambda hook: _shown(shop, asked, hook))


def get_webhook(shop: WooShop, asked: Asked) -> Reply:
    return single(_shown(shop, asked, _webhook(shop, asked, 404)), asked)


def post_webhook(shop: WooShop, asked: Asked) -> Reply:
    """Nobody looks whether anything answers at the address; a ping goes there at once."""
    params = asked.params
    status = one_of(params, "status", STATUSES, "active")
    topic, url = php.text(params.get("topic")), _address(params.get("delivery_url"))
    if not TOPIC.fullmatch(topic):
        raise _invalid("topic", "Webhook topic is required and must be valid.")
    hook = Webhook(
        shop.webhooks.next_id(),
        php.text(params.get("name")) or f"Webhook created on {shop.local(shop.now()):%b %d, %Y @ %I:%M %p}",
        topic,
        url,
        php.text(params.get("secret")) or secrets.token_urlsafe(38)[:50],
        asked.base,
        shop.now(),
        status=status,
    )
    shop.webhooks.by_id[hook.id] = hook
    if status == "active":
        shop.webhooks.ping(hook)
    return single(_shown(shop, asked, hook), asked, 201, {"Location": f"{asked.url}/{hook.id}"})


def put_webhook(shop: WooShop, asked: Asked) -> Reply:
    """What is set active again, or sent elsewhere, is pinged; the count of failures stays as it is."""
    params, hook = asked.params, _webhook(shop, asked, 400)
    status = one_of(params, "status", STATUSES, hook.status)
    topic = php.text(params.get("topic", hook.topic))
    if not TOPIC.fullmatch(topic):
        raise _invalid("topic", "Webhook topic must be valid.")
    url = _address(params.get("delivery_url", hook.url))
    news = status == "active" and (hook.status != "active" or url != hook.url)
    hook.status, hook.topic, hook.url, hook.modified = status, topic, url, shop.now()
    hook.name = php.text(params.get("name", hook.name))
    hook.secret = php.text(params.get("secret", hook.secret))
    if news:
        shop.webhooks.ping(hook)
    return single(_shown(shop, asked, hook), asked)


def delete_webhook(shop: WooShop, asked: Asked) -> Reply:
    hook = _webhook(shop, asked, 404)
    if not boolean(asked.params, "force"):
        raise RestError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    del shop.webhooks.by_id[hook.id]
    return single(_shown(shop, asked, hook), asked)


def _webhook(shop: WooShop, asked: Asked, status: int) -> Webhook:
    hook = shop.webhooks.by_id.get(php.whole(asked.params["id"]))
    if hook is None:
        raise RestError(status, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
    return hook


def _address(sent: object) -> str:
    url = php.text(sent)
    if not ADDRESS.fullmatch(url):
        raise _invalid("delivery_url", "Webhook delivery URL must be a valid URL starting with http:// or https://.")
    return url


def _invalid(name: str, message: str) -> RestError:
    return RestError(400, f"woocommerce_rest_shop_webhook_invalid_{name}", message)


def _shown(shop: WooShop, asked: Asked, hook: Webhook) -> Body:
    return {
        "id": hook.id,
        "name": hook.name,
        "status": hook.status,
        "topic": hook.topic,
        "resource": hook.resource,
        "event": hook.event,
        "hooks": HOOKS.get(hook.topic, []),
        "delivery_url": hook.url,
        **both(shop.local, "date_created", hook.created),
        **both(shop.local, "date_modified", hook.modified),
        "_links": item_links(asked.base, "webhooks", hook.id),
    }
