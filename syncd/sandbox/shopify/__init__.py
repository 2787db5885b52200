"""A Shopify-like practice shop: speaks Admin GraphQL 2026-10 over HTTP, keeps stock, takes orders."""
