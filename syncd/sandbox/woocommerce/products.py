"""The routes of products and variations: reading, single writes (validated) and batches (not)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce import php
from syncd.sandbox.woocommerce.model import Meta, Product
from syncd.sandbox.woocommerce.rest import (
    Asked,
    Body,
    Reply,
    RestError,
    boolean,
    date_filter,
    ids,
    in_order,
    invalid,
    one_of,
    only_fields,
    page_of,
    run_batch,
    several,
    single,
    wrong_type,
)
from syncd.sandbox.woocommerce.wire import product_json, shown_sku, stock_fields, variation_json

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

TYPES = ("simple", "grouped", "external", "variable")
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")
STOCK_STATUSES = ("instock", "outofstock", "onbackorder")
BACKORDERS = ("no", "notify", "yes")
ORDER_BY = ("date", "id", "include", "title", "slug", "modified", "price", "popularity", "rating", "menu_order")
USE_VARIATIONS = (
    "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
)


# --------------------------------------------------------------------------- reading


def list_products(shop: WooShop, asked: Asked) -> Reply:
    if "type" in asked.params:
        one_of(asked.params, "type", TYPES, "")
    by_sku = _sku_filter(asked.params)
    rows = [
        product
        for product in shop.products.values()
        if (by_sku or not product.parent_id)
        and (not by_sku or by_sku(product.sku))
        and product.type == asked.params.get("type", product.type)
    ]
    return _listed(shop, asked, rows, lambda product: product_json(shop, asked.base, product))


def list_all_variations(shop: WooShop, asked: Asked) -> Reply:
    """``GET variations``: across all parents, since WooCommerce 10.3."""
    rows = [product for product in shop.products.values() if product.parent_id]
    if "parent" in asked.params:
        parents = ids(asked.params, "parent")
        rows = [variation for variation in rows if variation.parent_id in parents]
    return _listed_variations(shop, asked, rows, across=True)


def list_variations(shop: WooShop, asked: Asked) -> Reply:
    return _listed_variations(shop, asked, shop.variations(_path_id(asked, "product_id")), across=False)


def _listed_variations(shop: WooShop, asked: Asked, rows: list[Product], *, across: bool) -> Reply:
    by_sku = _sku_filter(asked.params)
    rows = [variation for variation in rows if not by_sku or by_sku(variation.sku)]
    return _listed(shop, asked, rows, lambda product: variation_json(shop, asked.base, product, across=across))


def _listed(shop: WooShop, asked: Asked, rows: list[Product], render: Callable[[Product], Body]) -> Reply:
    params = asked.params
    status = one_of(params, "status", STATUSES, "any")
    lets_through = date_filter(params, shop.local)
    rows = [
        product
        for product in rows
        if (product.status != "trash" if status == "any" else product.status == status)
        and lets_through(product.created, product.modified)
    ]
    if "stock_status" in params:
        wanted = one_of(params, "stock_status", STOCK_STATUSES, "")
        rows = [product for product in rows if stock_fields(shop, product)["stock_status"] == wanted]
    for name, kept in (("include", True), ("exclude", False)):
        if params.get(name):
            named = ids(params, name)
            rows = [product for product in rows if (product.id in named) is kept]
    if params.get("search"):
        searched = str(params["search"]).lower()
        rows = [product for product in rows if searched in product.name.lower()]
    return page_of(in_order(rows, asked, ORDER_BY), asked, render)


def _sku_filter(params: Body) -> Callable[[str], bool] | None:
    """What `sku` and `search_sku` let through; ``None`` where nothing usable was given: the filter is dropped."""
    given = php.text(",".join(several(params, "sku")) if isinstance(params.get("sku"), list) else params.get("sku"))
    if given and given != "0":
        # The whole text counts as a SKU too, so that one with a comma in it is found.
        wanted = {sku.strip().lower() for sku in (*given.split(","), given)}
        return lambda sku: bool(sku) and sku.lower() in wanted
    part = php.text(params.get("search_sku")).lower()
    return (lambda sku: part in sku.lower()) if part else None


def get_product(shop: WooShop, asked: Asked) -> Reply:
    """Also variations and trashed products are told here."""
    product = shop.products.get(_path_id(asked, "id"))
    if product is None:
        raise _no_product(404)
    return single(product_json(shop, asked.base, product), asked)


def get_variation(shop: WooShop, asked: Asked) -> Reply:
    return single(variation_json(shop, asked.base, _variation(shop, asked.params)), asked)


def _path_id(asked: Asked, name: str) -> int:
    return php.whole(asked.params[name])


def _no_product(status: int) -> RestError:
    return RestError(status, "woocommerce_rest_product_invalid_id", "Invalid ID.")


def _variation(shop: WooShop, params: Body) -> Product:
    variation = shop.products.get(php.whole(params.get("id")))
    if variation is None or variation.parent_id != php.whole(params["product_id"]) or not variation.parent_id:
        raise RestError(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
    return variation


# --------------------------------------------------------------------------- writing


def put_product(shop: WooShop, asked: Asked) -> Reply:
    """Validated and coerced by the schema first: here a null is a 0, and "abc" a 400."""
    params = _sanitized(asked.params, manage_stock=True)
    return single(_update_product(shop, asked.base, params), asked)


def post_product(shop: WooShop, asked: Asked) -> Reply:
    kind = one_of(asked.params, "type", TYPES, "simple")
    made = _create_product(shop, asked.base, _sanitized(asked.params, manage_stock=True) | {"type": kind})
    return single(made, asked, 201, {"Location": f"{asked.url}/{made['id']}"})


def put_variation(shop: WooShop, asked: Asked) -> Reply:
    params = _sanitized(asked.params, manage_stock=False)
    return single(_update_variation(shop, asked.base, params), asked)


def delete_product(shop: WooShop, asked: Asked) -> Reply:
    return single(_delete_product(shop, asked.base, asked.params), asked)


def batch_products(shop: WooShop, asked: Asked) -> Reply:
    """Entries go to the same doors unvalidated (woocommerce-facts §3)."""
    return run_batch(
        asked,
        {
            "create": lambda entry: _fields_inside(_create_product(shop, asked.base, entry), entry),
            "update": lambda entry: _fields_inside(_update_product(shop, asked.base, entry), entry),
            "delete": lambda entry: _fields_inside(_delete_product(shop, asked.base, entry), entry),
        },
    )


def batch_variations(shop: WooShop, asked: Asked) -> Reply:
    parent = asked.params["product_id"]
    return run_batch(
        asked,
        {
            "update": lambda entry: _fields_inside(
                _update_variation(shop, asked.base, {"product_id": parent, **entry}), entry
            )
        },
    )


def _fields_inside(item: Body, entry: Body) -> Body:
    """``_fields`` inside an entry works; `brands` and `_links` come all the same."""
    kept = only_fields(_with_included_meta(item, entry), entry.get("_fields"))
    return kept | {name: item[name] for name in ("brands", "_links") if name in item}


def _with_included_meta(item: Body, params: Body) -> Body:
    """``include_meta`` limits the answered metadata to these keys (source: get_meta_data_for_response)."""
    wanted = several(params, "include_meta") if params.get("include_meta") else []
    if not wanted or "meta_data" not in item:
        return item
    return item | {"meta_data": [meta for meta in item["meta_data"] if meta["key"] in wanted]}


def _sanitized(params: Body, *, manage_stock: bool) -> Body:
    """What WordPress makes of the parameters of a single write, by the schema of a product.

    Raises:
        RestError: 400 for the first that does not fit.
    """
    clean = dict(params)
    if "stock_quantity" in params:
        if params["stock_quantity"] is not None and not php.is_integer(params["stock_quantity"]):
            raise wrong_type("stock_quantity", "integer")
        clean["stock_quantity"] = php.whole(params["stock_quantity"])
    if params.get("low_stock_amount") is not None:
        if not php.is_integer(params["low_stock_amount"]):
            raise wrong_type("low_stock_amount", "integer,null")
        clean["low_stock_amount"] = php.whole(params["low_stock_amount"])
    if manage_stock and "manage_stock" in params:
        if params["manage_stock"] is not None and not php.is_boolean(params["manage_stock"]):
            raise wrong_type("manage_stock", "boolean")
        clean["manage_stock"] = php.truth(params["manage_stock"])
    for name, choices in (("backorders", BACKORDERS), ("stock_status", STOCK_STATUSES)):
        if params.get(name) is not None:
            one_of(params, name, choices, "")
    for name in ("sku", "name", "regular_price", "global_unique_id"):
        if params.get(name) is not None and not isinstance(params[name], str):
            raise wrong_type(name, "string")
    if params.get("meta_data") is not None and not isinstance(params["meta_data"], list):
        raise wrong_type("meta_data", "array")
    if params.get("status") is not None and params["status"] not in STATUSES[1:]:
        raise invalid("status", f"status is not one of {', '.join(STATUSES[1:])}.", "rest_not_in_enum")
    return clean


def _update_product(shop: WooShop, base: str, params: Body) -> Body:
    product = shop.products.get(php.whole(params.get("id")))
    if product is None:
        raise _no_product(400)
    if product.parent_id:
        raise RestError(404, "woocommerce_rest_invalid_product_id", USE_VARIATIONS)
    _apply(shop, product, params)
    return product_json(shop, base, product, written=True)


def _update_variation(shop: WooShop, base: str, params: Body) -> Body:
    variation = _variation(shop, params)
    _apply(shop, variation, params)
    return variation_json(shop, base, variation)


def _create_product(shop: WooShop, base: str, params: Body) -> Body:
    product = Product(shop.next_post(), str(params.get("type", "simple")), "", "", shop.now(), shop.now(), price="")
    _apply(shop, product, params)
    shop.products[product.id] = product
    shop.webhooks.tell("product.created", product.id)
    return product_json(shop, base, product, written=True)


def delete_variation(shop: WooShop, asked: Asked) -> Reply:
    variation = _variation(shop, asked.params)
    before = variation_json(shop, asked.base, variation)
    _remove(shop, variation, asked.params)
    return single(before, asked)


def _delete_product(shop: WooShop, base: str, params: Body) -> Body:
    product = shop.products.get(php.whole(params.get("id")))
    if product is None:
        raise _no_product(404)
    before = product_json(shop, base, product, written=True)
    _remove(shop, product, params)
    return before


def _remove(shop: WooShop, product: Product, params: Body) -> None:
    if boolean(params, "force"):
        shop.delete_product(product.id)
    elif product.status == "trash":
        raise RestError(410, "woocommerce_rest_already_trashed", "The product has already been deleted.")
    else:
        shop.trash_product(product.id)


def _apply(shop: WooShop, product: Product, params: Body) -> None:
    """Set what was sent and save, which bumps the dates even where nothing changed. Unknown fields are ignored."""
    if params.get("sku") is not None:
        _set_sku(shop, product, php.text(params["sku"]))
    if params.get("name") is not None:
        product.name = php.text(params["name"])
    if params.get("regular_price") is not None:
        price = php.text(params["regular_price"])
        product.price = price if php.NUMBER.fullmatch(price) else ""
    if params.get("global_unique_id") is not None:
        product.gtin = php.text(params["global_unique_id"])
    if params.get("status") is not None:
        product.status = str(params["status"])
    _set_meta(shop, product, params.get("meta_data"))
    _set_stock(shop, product, params)
    shop.save(product)


def _set_sku(shop: WooShop, product: Product, sku: str) -> None:
    taken = next((other for other in shop.products.values() if sku and other is not product and other.sku == sku), None)
    if taken is not None:
        raise RestError(
            400,
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            resource_id=taken.id,
            unique_sku=f"{shown_sku(shop, taken)}-1",
        )
    product.sku = sku


def _set_meta(shop: WooShop, product: Product, sent: object) -> None:
    """Replace by key, null deletes; numbers come back as text (woocommerce-facts §2)."""
    for each in sent if isinstance(sent, list) else []:
        if not isinstance(each, dict) or not each.get("key"):
            continue
        key, value = str(each["key"]), each.get("value")
        stored = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if key == "_stock":
            product.stock = php.whole(value)
            continue
        if key == "_manage_stock":
            product.manage_stock = php.yes(value)
            continue
        old = next((meta for meta in product.meta if meta.key == key), None)
        if value is None:
            product.meta = [meta for meta in product.meta if meta.key != key]
        elif old is not None:
            old.value = stored
        else:
            product.meta.append(Meta(shop.next_meta(), key, stored))


def _set_stock(shop: WooShop, product: Product, params: Body) -> None:
    """The order of WooCommerce's own code, on which its silences depend (woocommerce-facts §2)."""
    sent = {name: value for name, value in params.items() if value is not None}
    if "stock_status" in sent:
        status = str(sent["stock_status"])
        product.stock_status = status if status in STOCK_STATUSES else "instock"
    if not shop.manages_stock and product.type != "variation":
        return
    if "manage_stock" in sent:
        wanted = php.yes(sent["manage_stock"])  # "parent" means: not its own
        if wanted and product.type == "external":
            raise RestError(400, "product_external_invalid_manage_stock", "External products cannot be stock managed.")
        product.manage_stock = wanted and product.type != "grouped"
    if "backorders" in sent:
        product.backorders = str(sent["backorders"])
    parent = shop.products.get(product.parent_id)
    if not (product.manage_stock or (parent is not None and parent.manage_stock)):
        return
    if "stock_quantity" in sent:
        cleared = product.type == "variation" and sent["stock_quantity"] == ""
        product.stock = None if cleared else php.whole(sent["stock_quantity"])
    elif "inventory_delta" in sent:
        counting = product if product.manage_stock or parent is None else parent
        read = counting.stock or 0
        gap, shop.in_the_gap = shop.in_the_gap, None
        if gap is not None:
            gap()
        product.stock = read + php.whole(sent["inventory_delta"])
    if "low_stock_amount" in params:
        amount = params["low_stock_amount"]
        product.low_stock_amount = None if amount is None else php.whole(amount)
