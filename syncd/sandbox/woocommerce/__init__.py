"""A WooCommerce-like practice shop: WooCommerce 10.5's REST API as measured (woocommerce-facts), traps included.

To stand one up::

    shop = WooShop(now=lambda: datetime.now(UTC))
    shop.add_simple("SHOE-39-BLK", "Shoe 39 black", stock=10)
    with SandboxServer(woo_app(shop)) as server: ...

Its webhooks wait in ``shop.webhooks.deliveries``, see `syncd.sandbox.deliveries`.

What it does not imitate: taxes, shipping, coupons, mail.
"""

from syncd.sandbox.woocommerce.app import woo_app
from syncd.sandbox.woocommerce.model import Key, NotEnoughStock, Order, Product
from syncd.sandbox.woocommerce.shop import WooShop

__all__ = ["Key", "NotEnoughStock", "Order", "Product", "WooShop", "woo_app"]
