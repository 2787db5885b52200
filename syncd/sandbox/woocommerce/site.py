"""The rest of the site: index, settings, system status, the customers' checkout, and the sandbox's own door."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce import php
from syncd.sandbox.woocommerce.model import NO_ADDRESS, NotEnoughStock
from syncd.sandbox.woocommerce.rest import Asked, Body, Reply, RestError, single
from syncd.sandbox.woocommerce.wire import order_key

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

# What a payment method leaves behind; any other redirects the customer and leaves the order pending.
STATUS_BY_METHOD = {"bacs": "on-hold", "cheque": "on-hold", "cod": "processing"}


def index(shop: WooShop, asked: Asked) -> Reply:
    """Open to everybody."""
    offset = shop.local(shop.now()).utcoffset() or timedelta(0)
    hours = offset / timedelta(hours=1)
    return single(
        {
            "name": "Sample Shop",
            "description": "",
            "url": asked.base,
            "home": asked.base,
            "gmt_offset": int(hours) if hours.is_integer() else hours,
            "timezone_string": str(shop.zone),
            "namespaces": ["oembed/1.0", "wc/v3", "wc/v2", "wc/store/v1", "wp/v2"],
        },
        asked,
    )


def system_status(shop: WooShop, asked: Asked) -> Reply:
    return single(
        {
            "environment": {
                "home_url": asked.base,
                "site_url": asked.base,
                "version": shop.version,
                "wp_version": "6.9.1",
                "wp_multisite": False,
                "language": "en_US",
                "server_info": "nginx/1.22.1",
                "php_version": "8.2.36",
                "default_timezone": "UTC",
            },
            "settings": {
                "api_enabled": True,
                "force_ssl": False,
                "currency": "EUR",
                "order_datastore": r"Automattic\WooCommerce\Internal\DataStores\Orders\OrdersTableDataStore",
                "HPOS_enabled": True,
                "HPOS_sync_enabled": False,
            },
        },
        asked,
    )


# --------------------------------------------------------------------------- settings/products


def list_settings(shop: WooShop, asked: Asked) -> Reply:
    return Reply([_setting_json(asked, name, value) for name, value in shop.options.items()])


def get_setting(shop: WooShop, asked: Asked) -> Reply:
    name = str(asked.params["name"])
    if name not in shop.options:
        raise RestError(404, "rest_setting_setting_invalid", "Invalid setting.")
    return single(_setting_json(asked, name, shop.options[name]), asked)


def put_setting(shop: WooShop, asked: Asked) -> Reply:
    name = str(asked.params["name"])
    if name in shop.options and asked.params.get("value") is not None:
        shop.options[name] = php.text(asked.params["value"])
    return get_setting(shop, asked)


def _setting_json(asked: Asked, name: str, value: str) -> Body:
    route = f"{asked.base}/wp-json/wc/v3/settings/products"
    return {
        "id": name,
        "label": name.removeprefix("woocommerce_").replace("_", " ").capitalize(),
        "description": "",
        "type": "checkbox" if value in ("yes", "no") else "number",
        "default": "",
        "value": value,
        "group_id": "products",
        "_links": {"self": [{"href": f"{route}/{name}"}], "collection": [{"href": route}]},
    }


# --------------------------------------------------------------------------- customers


def add_to_cart(shop: WooShop, asked: Asked) -> Reply:
    """``cart/add-item``: the customer's cart is the one named by the Cart-Token header that the answer gives.

    A simple form of the Store API: no nonces, no totals.
    """
    token = asked.request.headers.get("cart-token") or secrets.token_hex(16)
    cart = shop.carts.setdefault(token, {})
    product = shop.products.get(php.whole(asked.params.get("id")))
    if product is None:
        raise RestError(400, "woocommerce_rest_cart_invalid_product", "This product cannot be added to the cart.")
    units = cart.get(product.id, 0) + _wanted(asked.params.get("quantity", 1))
    free = shop.free(product)
    if free is not None and units > free:
        raise _sold_out(NotEnoughStock(product.name, free))
    cart[product.id] = units
    items = [{"id": product_id, "quantity": units} for product_id, units in cart.items()]
    return Reply({"items": items, "items_count": sum(cart.values())}, 201, {"Cart-Token": token})


def open_checkout(shop: WooShop, asked: Asked) -> Reply:
    """The checkout page asks for the order that it will become."""
    token = asked.request.headers.get("cart-token", "")
    order = shop.open_checkout(shop.carts.get(token, {}))
    shop.drafts[token] = order
    return Reply({"order_id": order.id, "status": order.status, "order_key": order_key(order)})


def checkout(shop: WooShop, asked: Asked) -> Reply:
    """``checkout``: the cart becomes an order; `payment_method` decides what the payment leaves behind."""
    cart = shop.carts.pop(asked.request.headers.get("cart-token", ""), None)
    if not cart:
        raise RestError(400, "woocommerce_rest_cart_empty", "Cannot create order from empty cart.")
    method = php.text(asked.params.get("payment_method"))
    draft = shop.drafts.pop(asked.request.headers["cart-token"], None)
    try:
        order = shop.checkout(cart, STATUS_BY_METHOD.get(method, "pending"), method, draft=draft)
    except NotEnoughStock as short:
        raise _sold_out(short) from None
    for name, address in (("billing_address", order.billing), ("shipping_address", order.shipping)):
        sent = asked.params.get(name)
        if not isinstance(sent, dict):
            continue
        address.update({key: str(sent[key]) for key in NO_ADDRESS if key in address and key in sent})
    shop.save_order(order)
    thanks = f"{asked.base}/checkout/order-received/{order.id}/?key={order_key(order)}"
    return Reply(
        {
            "order_id": order.id,
            "status": order.status,
            "order_key": order_key(order),
            "order_number": str(order.id),
            "customer_note": order.customer_note,
            "customer_id": 0,
            "billing_address": order.billing,
            "shipping_address": order.shipping,
            "payment_method": method,
            "payment_result": {
                "payment_status": "pending" if order.status == "pending" else "success",
                "payment_details": [{"key": "result", "value": "success"}, {"key": "redirect", "value": thanks}],
                "redirect_url": thanks,
            },
            "additional_fields": {},
            "__experimentalCart": None,
            "extensions": {},
        }
    )


def _wanted(sent: object) -> int:
    units = php.whole(sent)
    if units < 1:
        raise RestError(400, "woocommerce_rest_product_invalid_quantity", "The quantity must be at least 1.")
    return units


def _sold_out(short: NotEnoughStock) -> RestError:
    return RestError(
        400,
        "woocommerce_rest_product_partially_out_of_stock",
        f"You cannot add that amount of &quot;{short.name}&quot; to the cart because there is not enough stock "
        f"({short.remaining} remaining).",
    )


def sandbox_buy(shop: WooShop, asked: Asked) -> Reply:
    """``POST /sandbox/buy {"sku", "units"}`` → ``{"order": id}``. No real shop has this door: it is the customer."""
    sku, units = str(asked.params.get("sku")), _wanted(asked.params.get("units", 1))
    try:
        return Reply({"order": shop.buy(sku, units)})
    except KeyError:
        raise RestError(404, "sandbox_unknown_sku", f"No product has the SKU {sku}.") from None
    except NotEnoughStock as short:
        raise _sold_out(short) from None
