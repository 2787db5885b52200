"""What an owner does in WooCommerce before `syncd init` asks."""

from __future__ import annotations

GUIDE = (
    "In the shop: WooCommerce > Settings > Advanced > REST API > Add key, Permissions: Read/Write",
    "  That is all that is needed, now and later. The user of the key must be an administrator or a shop manager.",
    "  WordPress: Settings > Permalinks must be anything but Plain.",
)
