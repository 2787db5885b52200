"""A Shopify-like practice shop: speaks Admin GraphQL 2026-10 over HTTP, keeps stock, takes orders.

shop = ShopifyShop()
shop.add_product("Shoe", [{"sku": "SHOE-39-BLK", "units": 10, "options": {"Size": "39", "Colour": "black"}}])
with SandboxServer(ShopifyApp(shop, fixed_token="shpat_practice")) as server: ...

Its webhooks wait in ``shop.webhooks.deliveries``, see `syncd.sandbox.deliveries`.
"""

from syncd.sandbox.shopify.app import ShopifyApp
from syncd.sandbox.shopify.cost import Bucket
from syncd.sandbox.shopify.shop import ShopifyShop, ShopRefuses

__all__ = ["Bucket", "ShopRefuses", "ShopifyApp", "ShopifyShop"]
