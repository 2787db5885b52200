"""Products, variations, orders and refunds as WooCommerce 10.5 writes them: field names, order and types."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce.model import Line, Meta, Order, Product, Refund
from syncd.sandbox.woocommerce.rest import Body, both

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

ITEM_METHODS = {"targetHints": {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}}
NO_SIZE = {"length": "", "width": "", "height": ""}
NO_SALE = {
    "date_on_sale_from": None,
    "date_on_sale_from_gmt": None,
    "date_on_sale_to": None,
    "date_on_sale_to_gmt": None,
    "on_sale": False,
}


def item_links(base: str, route: str, item_id: int, up: str | None = None) -> Body:
    links: Body = {
        "self": [{"href": f"{base}/wp-json/wc/v3/{route}/{item_id}", **ITEM_METHODS}],
        "collection": [{"href": f"{base}/wp-json/wc/v3/{route}"}],
    }
    if up:
        links["up"] = [{"href": f"{base}/wp-json/wc/v3/{up}"}]
    return links


def meta_json(meta: list[Meta]) -> list[Body]:
    return [{"id": each.id, "key": each.key, "value": each.value} for each in meta]


def stock_fields(shop: WooShop, product: Product) -> Body:
    """What the answers say of stock: under a counting parent the parent's number, "parent" for `manage_stock`."""
    counting = shop.counting(product)
    parent = shop.products.get(product.parent_id)
    shows = counting if counting is not None and counting is parent else product
    manage: bool | str = counting is product
    if counting is not None and counting is parent:
        manage = "parent"
    return {
        "manage_stock": manage,
        "stock_quantity": shows.stock,
        "stock_status": shows.stock_status,
        "backorders": shows.backorders,
        "backorders_allowed": shows.backorders in ("yes", "notify"),
        "backordered": shows.stock_status == "onbackorder",
        "low_stock_amount": product.low_stock_amount,
    }


def shown_sku(shop: WooShop, product: Product) -> str:
    """A variation without a SKU of its own shows its parent's (woocommerce-facts §1)."""
    parent = shop.products.get(product.parent_id)
    return product.sku or (parent.sku if parent else "")


def _slug(name: str) -> str:
    return name.lower().replace(" - ", "-").replace(" ", "-")


def product_json(shop: WooShop, base: str, product: Product, *, written: bool = False) -> Body:
    """A row of ``products``; a write adds two fields."""
    variations = [variation.id for variation in shop.variations(product.id)]
    is_variation = product.parent_id != 0
    stock = stock_fields(shop, product)
    options: dict[str, list[str]] = {}
    for variation in shop.variations(product.id):
        for name, value in variation.options.items():
            options.setdefault(name, []).append(value)
    attributes: list[Body] = [
        {"id": 0, "name": name, "slug": name, "position": 0, "visible": True, "variation": True, "options": values}
        for name, values in options.items()
    ]
    if is_variation:
        attributes = _chosen(product)
    return {
        "id": product.id,
        "name": product.name,
        "slug": _slug(product.name),
        "permalink": f"{base}/product/{_slug(product.name)}/",
        **both(shop.local, "date_created", product.created),
        **both(shop.local, "date_modified", product.modified),
        "type": product.type,
        "status": product.status,
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "short_description": "",
        "sku": shown_sku(shop, product),
        "price": product.price,
        "regular_price": "" if product.type == "variable" else product.price,
        "sale_price": "",
        **NO_SALE,
        "purchasable": True,
        "total_sales": "0" if is_variation else 0,
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "external_url": "",
        "button_text": "",
        "tax_status": "taxable",
        "tax_class": "",
        **{key: stock[key] for key in ("manage_stock", "stock_quantity", "backorders", "backorders_allowed")},
        "backordered": stock["backordered"],
        "low_stock_amount": stock["low_stock_amount"],
        "sold_individually": False,
        "weight": "",
        "dimensions": NO_SIZE,
        "shipping_required": True,
        "shipping_taxable": True,
        "shipping_class": "",
        "shipping_class_id": 0,
        "reviews_allowed": not is_variation,
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": product.parent_id,
        "purchase_note": "",
        "categories": [] if is_variation else [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
        "brands": [],
        "tags": [],
        "images": [],
        "attributes": attributes,
        "default_attributes": [],
        "variations": variations,
        "grouped_products": [],
        "menu_order": 0,
        "price_html": f"<bdi>&euro;{product.price}</bdi>",
        "related_ids": _related(shop, product),
        "meta_data": meta_json(product.meta),
        "stock_status": stock["stock_status"],
        "has_options": product.type == "variable",
        "post_password": "",
        "global_unique_id": product.gtin,
        **(
            {"permalink_template": f"{base}/product/%pagename%/", "generated_slug": _slug(product.name)}
            if written
            else {}
        ),
        "_links": item_links(base, "products", product.id, f"products/{product.parent_id}" if is_variation else None),
    }


def _related(shop: WooShop, product: Product) -> list[int]:
    if product.parent_id:
        return []
    others = (other.id for other in shop.products.values() if not other.parent_id and other is not product)
    return list(islice(others, 5))


def _chosen(product: Product) -> list[Body]:
    return [{"id": 0, "name": name, "slug": name.lower(), "option": value} for name, value in product.options.items()]


def variation_json(shop: WooShop, base: str, product: Product, *, across: bool = False) -> Body:
    """A row of ``products/<parent>/variations``, or `across` parents of ``variations``."""
    parent = shop.products.get(product.parent_id)
    options = "&".join(f"attribute_{name.lower()}={value}" for name, value in product.options.items())
    links = item_links(base, f"products/{product.parent_id}/variations", product.id, f"products/{product.parent_id}")
    if across:
        links = {
            "self": [{"href": f"{base}/wp-json/wc/v3/variations/{product.id}"}],
            "collection": [{"href": f"{base}/wp-json/wc/v3/variations"}],
            "up": [{"href": f"{base}/wp-json/wc/v3/products/0"}],
        }
    stock = stock_fields(shop, product)
    return {
        "id": product.id,
        "type": "variation",
        **both(shop.local, "date_created", product.created),
        **both(shop.local, "date_modified", product.modified),
        "description": "",
        "permalink": f"{base}/product/{_slug(parent.name) if parent else ''}/?{options}",
        "sku": shown_sku(shop, product),
        "global_unique_id": product.gtin,
        "price": product.price,
        "regular_price": product.price,
        "sale_price": "",
        **NO_SALE,
        "status": product.status,
        "purchasable": True,
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": "taxable",
        "tax_class": "",
        **stock,
        "weight": "",
        "dimensions": NO_SIZE,
        "shipping_class": "",
        "shipping_class_id": 0,
        "image": None,
        "attributes": _chosen(product),
        "menu_order": 0,
        "meta_data": meta_json(product.meta),
        "name": ", ".join(product.options.values()),
        "parent_id": product.parent_id,
        "_links": links,
    }


def _money(value: Decimal) -> str:
    return f"{value:.2f}"


def line_json(shop: WooShop, line: Line) -> Body:
    """A line as it is told now: a deleted product leaves 0, 0 and no SKU behind, and its name."""
    product = shop.products.get(line.product_id)
    parent = shop.products.get(product.parent_id) if product else None
    meta = [] if product is None else list(product.options.items())
    kept = [(name.lower(), value, name, value) for name, value in meta]
    for key, number in (
        ("_reduced_stock", line.reduced),
        ("_restock_refunded_items", line.restocked),
        ("_refunded_item_id", line.refunded_line_id),
    ):
        if number is not None:
            kept.append((key, str(number), key, str(number)))
    return {
        "id": line.id,
        "name": line.name,
        "product_id": 0 if product is None else product.parent_id or product.id,
        "variation_id": product.id if product is not None and product.parent_id else 0,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": _money(line.total),
        "subtotal_tax": "0.00",
        "total": _money(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [
            {"id": line.meta_id * 10 + at, "key": key, "value": value, "display_key": shown, "display_value": said}
            for at, (key, value, shown, said) in enumerate(kept)
        ],
        "sku": shown_sku(shop, product) if product is not None else None,
        "global_unique_id": product.gtin if product is not None else "",
        "price": float(line.total / line.quantity) if line.quantity else 0,
        "image": {"id": "", "src": ""},
        "parent_name": parent.name if parent is not None else None,
    }


def order_json(shop: WooShop, base: str, order: Order) -> Body:
    """A row of ``orders``."""
    pay = f"{base}/checkout/order-pay/{order.id}/?pay_for_order=true&key={order_key(order)}"
    created = both(shop.local, "date_created", order.created)
    modified = both(shop.local, "date_modified", order.modified)
    completed = both(shop.local, "date_completed", order.completed_at)
    paid = both(shop.local, "date_paid", order.paid_at)
    links = item_links(base, "orders", order.id)
    links["email_templates"] = [
        {"embeddable": True, "href": f"{base}/wp-json/wc/v3/orders/{order.id}/actions/email_templates"}
    ]
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": "EUR",
        "version": shop.version,
        "prices_include_tax": False,
        "date_created": created["date_created"],
        "date_modified": modified["date_modified"],
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": "0.00",
        "shipping_tax": "0.00",
        "cart_tax": "0.00",
        "total": _money(order.total),
        "total_tax": "0.00",
        "customer_id": 0,
        "order_key": order_key(order),
        "billing": order.billing,
        "shipping": order.shipping,
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_method_title,
        "transaction_id": "",
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": order.created_via,
        "customer_note": order.customer_note,
        "date_completed": completed["date_completed"],
        "date_paid": paid["date_paid"],
        "cart_hash": "",
        "number": str(order.id),
        "meta_data": meta_json(order.meta),
        "line_items": [line_json(shop, line) for line in order.lines],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [
            {"id": refund.id, "reason": refund.reason, "total": f"-{_money(refund.amount)}"}
            for refund in reversed(order.refunds)
        ],
        "payment_url": pay,
        "is_editable": order.status in ("pending", "on-hold", "auto-draft"),
        "needs_payment": order.status in ("pending", "failed") and order.total > 0,
        "needs_processing": True,
        "date_created_gmt": created["date_created_gmt"],
        "date_modified_gmt": modified["date_modified_gmt"],
        "date_completed_gmt": completed["date_completed_gmt"],
        "date_paid_gmt": paid["date_paid_gmt"],
        "currency_symbol": "€",
        "_links": links,
    }


def order_key(order: Order) -> str:
    return f"wc_order_{order.id:013d}"


def refund_json(shop: WooShop, base: str, order: Order, refund: Refund, *, across: bool = False) -> Body:
    """A row of ``orders/<id>/refunds``, or `across` orders of ``refunds``."""
    route = f"orders/{order.id}/refunds"
    return {
        "id": refund.id,
        **({"parent_id": order.id} if across else {}),
        **both(shop.local, "date_created", refund.created),
        "amount": _money(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": refund.paid_back,
        "meta_data": [
            {
                "id": refund.meta_id,
                "key": "_refund_type",
                "value": "full" if order.status == "refunded" else "partial",
            }
        ],
        "line_items": [line_json(shop, line) for line in refund.lines],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": item_links(base, route, refund.id, f"orders/{order.id}"),
    }
