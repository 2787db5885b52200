"""The shop's address: which route a request takes, past the host's whims and the key's permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from syncd.sandbox.server import App, Request, Response
from syncd.sandbox.woocommerce import orders, php, products, site, webhook_routes
from syncd.sandbox.woocommerce.auth import authenticated, check_permissions
from syncd.sandbox.woocommerce.rest import NO_ROUTE, Asked, Body, Fatal, Reply, RestError, body_of

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

Handler = Callable[["WooShop", Asked], Reply]

READ, EDIT = ("GET",), ("POST", "PUT", "PATCH")

# What somebody without a key is told, by what they wanted to do. An open route takes anybody.
OPEN = ("", "")
LIST = ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
VIEW = ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
CREATE = ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
CHANGE = ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")
DELETE = ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.")
BATCH = ("woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource.")

HTML = {"Content-Type": "text/html; charset=UTF-8"}
NOT_FOUND_PAGE = b"<!DOCTYPE html><html><head><title>Page not found</title></head><body></body></html>\n"
LONGEST_ADDRESS = 8192  # nginx' large_client_header_buffers
TOO_LONG_PAGE = b"<html><head><title>414 Request-URI Too Large</title></head><body></body></html>\n"
TOO_MANY_PAGE = b"<!DOCTYPE html><html><head><title>429 Too Many Requests</title></head><body></body></html>\n"
CRITICAL = "<p>There has been a critical error on this website.</p>"


@dataclass(frozen=True, slots=True)
class Route:
    methods: tuple[str, ...]
    pattern: re.Pattern[str]
    handler: Handler
    refusal: tuple[str, str]


def _route(methods: tuple[str, ...], path: str, handler: Handler, refusal: tuple[str, str]) -> Route:
    pattern = path.replace("{name}", r"(?P<name>[\w-]+)")
    return Route(methods, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>\\d+)", pattern)), handler, refusal)


ROUTES = (
    _route(READ, "/", site.index, OPEN),
    _route(READ, "/wc/v3/products", products.list_products, LIST),
    _route(("POST",), "/wc/v3/products", products.post_product, CREATE),
    _route(EDIT, "/wc/v3/products/batch", products.batch_products, BATCH),
    _route(READ, "/wc/v3/products/{id}", products.get_product, VIEW),
    _route(EDIT, "/wc/v3/products/{id}", products.put_product, CHANGE),
    _route(("DELETE",), "/wc/v3/products/{id}", products.delete_product, DELETE),
    _route(READ, "/wc/v3/products/{product_id}/variations", products.list_variations, LIST),
    _route(EDIT, "/wc/v3/products/{product_id}/variations/batch", products.batch_variations, BATCH),
    _route(READ, "/wc/v3/products/{product_id}/variations/{id}", products.get_variation, VIEW),
    _route(EDIT, "/wc/v3/products/{product_id}/variations/{id}", products.put_variation, CHANGE),
    _route(("DELETE",), "/wc/v3/products/{product_id}/variations/{id}", products.delete_variation, DELETE),
    _route(READ, "/wc/v3/variations", products.list_all_variations, LIST),
    _route(READ, "/wc/v3/orders", orders.list_orders, LIST),
    _route(("POST",), "/wc/v3/orders", orders.post_order, CREATE),
    _route(READ, "/wc/v3/reports/orders/totals", orders.order_totals, LIST),
    _route(READ, "/wc/v3/orders/{id}", orders.get_order, VIEW),
    _route(EDIT, "/wc/v3/orders/{id}", orders.put_order, CHANGE),
    _route(("DELETE",), "/wc/v3/orders/{id}", orders.delete_order, DELETE),
    _route(READ, "/wc/v3/orders/{order_id}/refunds", orders.list_refunds, LIST),
    _route(("POST",), "/wc/v3/orders/{order_id}/refunds", orders.post_refund, CREATE),
    _route(("DELETE",), "/wc/v3/orders/{order_id}/refunds/{id}", orders.delete_refund, DELETE),
    _route(READ, "/wc/v3/refunds", orders.list_all_refunds, LIST),
    _route(READ, "/wc/v3/orders/{order_id}/notes", orders.list_notes, LIST),
    _route(("POST",), "/wc/v3/orders/{order_id}/notes", orders.post_note, CREATE),
    _route(READ, "/wc/v3/webhooks", webhook_routes.list_webhooks, LIST),
    _route(("POST",), "/wc/v3/webhooks", webhook_routes.post_webhook, CREATE),
    _route(READ, "/wc/v3/webhooks/{id}", webhook_routes.get_webhook, VIEW),
    _route(EDIT, "/wc/v3/webhooks/{id}", webhook_routes.put_webhook, CHANGE),
    _route(("DELETE",), "/wc/v3/webhooks/{id}", webhook_routes.delete_webhook, DELETE),
    _route(READ, "/wc/v3/settings/products", site.list_settings, LIST),
    _route(READ, "/wc/v3/settings/products/{name}", site.get_setting, VIEW),
    _route(EDIT, "/wc/v3/settings/products/{name}", site.put_setting, CHANGE),
    _route(READ, "/wc/v3/system_status", site.system_status, LIST),
    _route(("POST",), "/wc/store/v1/cart/add-item", site.add_to_cart, OPEN),
    _route(READ, "/wc/store/v1/checkout", site.open_checkout, OPEN),
    _route(EDIT, "/wc/store/v1/checkout", site.checkout, OPEN),
)
BUY = "/sandbox/buy"


def woo_app(shop: WooShop) -> App:
    """The shop as an application for `SandboxServer`: one request at a time, as if the database were one lock."""

    def app(request: Request) -> Response:
        with shop.lock:
            return _answer(shop, request)

    return app


def _answer(shop: WooShop, request: Request) -> Response:
    base = request.url.split("/", 3)
    home = f"{base[0]}//{base[2]}{shop.folder}"
    below = request.path.removeprefix(shop.folder) if request.path.startswith(shop.folder) else ""
    if below == BUY and request.method == "POST":
        return _json(_reply(lambda: site.sandbox_buy(shop, Asked(request, "POST", home, BUY, body_of(request)))))
    wait = None if request.late else _wait_for_limit(shop)
    if wait is not None:
        return Response(429, {**HTML, "Retry-After": str(wait)}, TOO_MANY_PAGE)
    if len(request.url) + len(urlencode(request.query)) > LONGEST_ADDRESS:
        return Response(414, HTML, TOO_LONG_PAGE)
    if shop.plain_permalinks or not (below + "/").startswith("/wp-json/"):
        return Response(404, HTML, NOT_FOUND_PAGE)
    path = below.removeprefix("/wp-json").rstrip("/") or "/"
    allowed = sorted({method for route in ROUTES if route.pattern.fullmatch(path) for method in route.methods})
    reply = _reply(lambda: _dispatch(shop, request, home, path))
    headers = {"Link": f'<{home}/wp-json/>; rel="https://api.w.org/"', "Allow": ", ".join(allowed), **reply.headers}
    return _json(Reply(reply.body, reply.status, headers))


def _reply(ask: Callable[[], Reply]) -> Reply:
    try:
        return ask()
    except RestError as error:
        return Reply(error.body, error.status)
    except Fatal:
        cause = {"type": 1, "message": "Uncaught Error: Call to undefined function", "file": "plugin.php", "line": 94}
        data = {"status": 500, "error": cause}
        body = {"code": "internal_server_error", "message": CRITICAL, "data": data, "additional_errors": []}
        return Reply(body, 500)


def _json(reply: Reply) -> Response:
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
        **reply.headers,
    }
    return Response(reply.status, headers, json.dumps(reply.body, separators=(",", ":")).encode())


def _dispatch(shop: WooShop, request: Request, home: str, path: str) -> Reply:
    """WordPress' own order: who asks, may the key do this, is there a route, is the body readable, who may use it."""
    key = authenticated(shop, request)
    check_permissions(key, request.method)
    method = "GET" if request.method == "HEAD" else request.method
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and method in route.methods and (path != "/wc/v3/variations" or shop.has_variations_route):
            break
    else:
        raise RestError(404, *NO_ROUTE)
    params: Body = {**match.groupdict(), **php.query(request.query), **_set(body_of(request))}
    if key is None and route.refusal != OPEN:
        raise RestError(401, *route.refusal)
    if request.fatal_at is not None and not path.endswith("/batch"):
        raise Fatal
    return route.handler(shop, Asked(request, method, home, path, params))


def _set(body: Body) -> Body:
    """An `id` of null does not win over the path's: PHP's ``isset`` overlooks it."""
    return {name: value for name, value in body.items() if value is not None or name not in ("id", "product_id")}


def _wait_for_limit(shop: WooShop) -> int | None:
    """Seconds to wait where the host has had enough calls, else ``None``."""
    if shop.rate_limit is None:
        return None
    calls, per = shop.rate_limit
    shop.asked_at = [at for at in shop.asked_at if at > shop.now() - per]
    if len(shop.asked_at) >= calls:
        return max(1, int((shop.asked_at[0] + per - shop.now()) / timedelta(seconds=1)))
    shop.asked_at.append(shop.now())
    return None
