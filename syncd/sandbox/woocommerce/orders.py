"""The routes of orders, refunds and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce import php, selling
from syncd.sandbox.woocommerce.model import Meta, Note, Order, Product, Refund
from syncd.sandbox.woocommerce.rest import (
    Asked,
    Body,
    Reply,
    RestError,
    boolean,
    both,
    date_filter,
    ids,
    in_order,
    invalid,
    one_of,
    page_of,
    several,
    single,
    wrong_type,
)
from syncd.sandbox.woocommerce.wire import order_json, refund_json

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

STATUSES = (
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
ORDER_BY = ("date", "id", "include", "title", "slug", "modified")


# --------------------------------------------------------------------------- orders


def list_orders(shop: WooShop, asked: Asked) -> Reply:
    """Everything but the trash by default; ``any,trash`` does not add it."""
    wanted = several(asked.params, "status") if "status" in asked.params else ["any"]
    for status in wanted:
        if status not in ("any", "trash", *_statuses(shop)):
            known = ", ".join(_statuses(shop))
            raise invalid("status", f"status[0] is not one of any, trash, {known}.", "rest_not_in_enum")
    lets_through = date_filter(asked.params, shop.local)
    rows = [
        order
        for order in shop.listed_orders()
        if (order.status != "trash" if "any" in wanted else order.status in wanted)
        and lets_through(order.created, order.modified)
    ]
    for name, kept in (("include", True), ("exclude", False)):
        if asked.params.get(name):
            named = ids(asked.params, name)
            rows = [order for order in rows if (order.id in named) is kept]
    rows = in_order(rows, asked, ORDER_BY)
    reply = page_of(rows, asked, lambda order: order_json(shop, asked.base, order))
    if shop.order_list_disorder is not None and reply.body:
        reply.body.append(shop.order_list_disorder.choice(reply.body))
        shop.order_list_disorder.shuffle(reply.body)
    return reply


def order_totals(shop: WooShop, _asked: Asked) -> Reply:
    """``reports/orders/totals``: how many orders there are of each status that the shop knows; the trash is none."""
    counted = Counter(order.status for order in shop.listed_orders())
    known = _statuses(shop)[1:]
    return Reply([{"slug": status, "name": status.title(), "total": counted[status]} for status in known])


def _statuses(shop: WooShop) -> tuple[str, ...]:
    return (*STATUSES, *shop.plugin_statuses)


def get_order(shop: WooShop, asked: Asked) -> Reply:
    return single(order_json(shop, asked.base, _order(shop, asked.params["id"], 404)), asked)


def post_order(shop: WooShop, asked: Asked) -> Reply:
    """Nothing is checked: an oversell is a 201 and a number below zero."""
    params = asked.params
    status = one_of(params, "status", _statuses(shop), "pending")
    _check_lines(params)
    order = shop.new_order(created_via="rest-api")
    try:
        _apply(shop, order, params)
    except RestError:
        del shop.orders[order.id]
        raise
    shop.webhooks.tell("order.created", order.id)
    selling.change_status(shop, order, status)
    if params.get("set_paid") is True:
        selling.change_status(shop, order, "completed" if order.payment_method == "cod" else "processing")
    return single(order_json(shop, asked.base, order), asked, 201, {"Location": f"{asked.url}/{order.id}"})


def put_order(shop: WooShop, asked: Asked) -> Reply:
    order = _order(shop, asked.params["id"], 400)
    status = order.status
    if "status" in asked.params:
        status = one_of(asked.params, "status", _statuses(shop), "")
    _check_lines(asked.params)
    _apply(shop, order, asked.params)
    if status == order.status:
        shop.save_order(order)
    else:
        selling.change_status(shop, order, status)
    if asked.params.get("set_paid") is True and order.status in ("pending", "failed"):
        selling.change_status(shop, order, "processing")
    return single(order_json(shop, asked.base, order), asked)


def delete_order(shop: WooShop, asked: Asked) -> Reply:
    """Into the trash, or with `force` for good; the answer still shows the old status, and no stock is put back."""
    order = _order(shop, asked.params["id"], 404)
    before = order_json(shop, asked.base, order)
    if boolean(asked.params, "force"):
        shop.delete_order(order.id)
    elif order.status == "trash":
        raise RestError(410, "woocommerce_rest_already_trashed", "The shop_order has already been deleted.")
    else:
        shop.trash_order(order.id)
    return single(before, asked)


def _order(shop: WooShop, order_id: object, status: int, code: str = "woocommerce_rest_shop_order_invalid_id") -> Order:
    order = shop.orders.get(php.whole(order_id))
    if order is None:
        raise RestError(status, code, "Invalid ID." if "shop" in code else "Invalid order ID.")
    return order


def _check_lines(params: Body) -> None:
    lines = params.get("line_items", [])
    if not isinstance(lines, list):
        raise wrong_type("line_items", "array")
    for at, line in enumerate(lines):
        if not isinstance(line, dict):
            raise wrong_type(f"line_items[{at}]", "object")
        if line.get("quantity") is not None and not php.is_integer(line["quantity"]):
            name = f"line_items[{at}][quantity]"
            raise invalid("line_items", f"{name} is not of type integer.", "rest_invalid_type", {"param": name})


def _apply(shop: WooShop, order: Order, params: Body) -> None:
    for name in ("payment_method", "payment_method_title", "customer_note"):
        if params.get(name) is not None:
            setattr(order, name, php.text(params[name]))
    for name in ("billing", "shipping"):
        if isinstance(params.get(name), dict):
            address = getattr(order, name)
            address.update({key: str(value) for key, value in params[name].items() if key in address})
    for each in params.get("meta_data") or []:
        if not isinstance(each, dict) or "key" not in each:
            continue
        order.meta = [meta for meta in order.meta if meta.key != each["key"]]
        if each.get("value") is not None:
            order.meta.append(Meta(shop.next_meta(), each["key"], each["value"]))
    for sent in params.get("line_items") or []:
        if sent.get("id"):
            _change_line(shop, order, sent)
        else:
            _add_line(shop, order, sent)


def _add_line(shop: WooShop, order: Order, sent: Body) -> None:
    units = php.whole(sent.get("quantity", 1))
    if units == 0:
        raise RestError(500, "internal_server_error", "<p>There has been a critical error on this website.</p>")
    line = selling.new_line(shop, _bought(shop, sent), units)
    order.lines.append(line)
    selling.follow_line(shop, order, line, units)


def _change_line(shop: WooShop, order: Order, sent: Body) -> None:
    """Units 0, or a product of null, take the line away; both move the stock of an order that took some."""
    line = next((line for line in order.lines if line.id == php.whole(sent["id"])), None)
    if line is None:
        raise RestError(400, "woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order.")
    units = php.whole(sent.get("quantity", line.quantity))
    if units == 0 or ("product_id" in sent and sent["product_id"] is None):
        selling.follow_line(shop, order, line, 0)
        order.lines.remove(line)
        return
    line.total = (line.total / line.quantity * units).quantize(selling.CENT)
    line.quantity = units
    selling.follow_line(shop, order, line, units)


def _bought(shop: WooShop, sent: Body) -> Product | None:
    if sent.get("sku"):
        sku = php.text(sent["sku"])
        return next((product for product in shop.products.values() if product.sku == sku), None)
    if not (sent.get("variation_id") or sent.get("product_id")):
        raise RestError(400, "woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
    return shop.products.get(php.whole(sent.get("variation_id") or sent.get("product_id")))


# --------------------------------------------------------------------------- refunds


def list_refunds(shop: WooShop, asked: Asked) -> Reply:
    order = _order(shop, asked.params["order_id"], 404, "woocommerce_rest_order_invalid_id")
    return page_of(order.refunds[::-1], asked, lambda refund: refund_json(shop, asked.base, order, refund))


def list_all_refunds(shop: WooShop, asked: Asked) -> Reply:
    """``GET refunds``: across orders, newest first."""
    rows: Sequence[tuple[Order, Refund]] = sorted(
        ((order, refund) for order in shop.orders.values() for refund in order.refunds),
        key=lambda row: row[1].id,
        reverse=True,
    )
    return page_of(rows, asked, lambda row: refund_json(shop, asked.base, row[0], row[1], across=True))


def post_refund(shop: WooShop, asked: Asked) -> Reply:
    """Pays back and puts back unless told not to; an amount alone puts nothing back (woocommerce-facts §5)."""
    params = asked.params
    order = _order(shop, params["order_id"], 404, "woocommerce_rest_order_invalid_id")
    lines = [line for line in params.get("line_items") or [] if isinstance(line, dict)]
    units = {php.whole(line.get("id")): php.whole(line.get("quantity")) for line in lines}
    try:
        told = sum((Decimal(str(line.get("refund_total", 0))) for line in lines), Decimal(0))
        amount = Decimal(str(params["amount"])) if params.get("amount") is not None else told
        made = selling.refund(
            shop,
            order,
            amount=amount.quantize(selling.CENT),
            units=units,
            reason=php.text(params.get("reason")),
            pay_back=_on_unless_told(params, "api_refund"),
            restock=_on_unless_told(params, "api_restock"),
        )
    except InvalidOperation:
        raise wrong_type("amount", "string") from None
    except selling.RefundRefused as refused:
        error = RestError(500, "woocommerce_rest_cannot_create_order_refund", str(refused))
        error.body["data"] = 500
        raise error from None
    headers = {"Location": f"{asked.base}/wp-json/wc/v3/orders/(?P<order_id>[\\d]+)/refunds/{made.id}"}
    return single(refund_json(shop, asked.base, order, made), asked, 201, headers)


def _on_unless_told(params: Body, name: str) -> bool:
    return boolean(params, name) if name in params else True


def delete_refund(shop: WooShop, asked: Asked) -> Reply:
    """The stock that it put back stays."""
    order = _order(shop, asked.params["order_id"], 404, "woocommerce_rest_order_invalid_id")
    found = next((refund for refund in order.refunds if refund.id == php.whole(asked.params["id"])), None)
    if found is None:
        raise RestError(404, "woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.")
    if not boolean(asked.params, "force"):
        raise RestError(501, "woocommerce_rest_trash_not_supported", "The shop_order_refund does not support trashing.")
    order.refunds.remove(found)
    shop.save_order(order)
    return single(refund_json(shop, asked.base, order, found), asked)


# --------------------------------------------------------------------------- notes


def list_notes(shop: WooShop, asked: Asked) -> Reply:
    order = _order(shop, asked.params["order_id"], 404, "woocommerce_rest_order_invalid_id")
    kind = one_of(asked.params, "type", ("any", "customer", "internal"), "any")
    notes = [note for note in order.notes[::-1] if kind == "any" or note.to_customer is (kind == "customer")]
    return Reply([_note_json(shop, asked, order, note) for note in notes])


def post_note(shop: WooShop, asked: Asked) -> Reply:
    order = _order(shop, asked.params["order_id"], 404, "woocommerce_rest_order_invalid_id")
    if asked.params.get("note") is None:
        raise RestError(400, "rest_missing_callback_param", "Missing parameter(s): note", params=["note"])
    to_customer = boolean(asked.params, "customer_note")
    note = shop.add_note(order.id, str(asked.params["note"]), to_customer=to_customer)
    return single(_note_json(shop, asked, order, note), asked, 201, {"Location": f"{asked.url}/{note.id}"})


def _note_json(shop: WooShop, asked: Asked, order: Order, note: Note) -> Body:
    route = f"{asked.base}/wp-json/wc/v3/orders/{order.id}"
    return {
        "id": note.id,
        "author": "WooCommerce",
        **both(shop.local, "date_created", note.created),
        "note": note.text,
        "customer_note": note.to_customer,
        "_links": {
            "self": [{"href": f"{route}/notes/{note.id}", "targetHints": {"allow": ["GET", "DELETE"]}}],
            "collection": [{"href": f"{route}/notes"}],
            "up": [{"href": route}],
        },
    }
