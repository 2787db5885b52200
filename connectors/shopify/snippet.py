"""What the owner pastes into the theme so that buyers can read statuses."""

from __future__ import annotations

from importlib.resources import files

from connectors.contract import StorefrontFile

NAME = "syncd-availability.liquid"


def snippet() -> StorefrontFile:
    """The Liquid for a Custom Liquid block of the product page."""
    return StorefrontFile(
        NAME,
        files("connectors.shopify").joinpath("storefront", NAME).read_bytes(),
        (
            "Shopify admin > Online Store > Themes > Customize.",
            "Choose Products > Default product at the top (and later each other product template that you use).",
            "In the section with the price: Add block > Custom Liquid.",
            f"Paste the whole of {NAME} into the block, drag the block below the price, save.",
            "Look at a product with several variants: the text follows the variant that you choose.",
        ),
    )
