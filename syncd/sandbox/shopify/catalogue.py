"""The catalogue of the practice shop: locations, products, and stock at locations, as the owner keeps them.

An inactive level keeps a number and sells nothing; an untracked item sells for ever (shopify-facts §2.4).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from syncd.sandbox.shopify import webhook_bodies
from syncd.sandbox.shopify.model import InventoryItem, InventoryLevel, Location, Product, Variant
from syncd.sandbox.shopify.webhooks import Webhooks

FIRST_NUMBER = 10_220_850_000_001  # Shopify's ids do not fit into 32 bits


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Catalogue:
    """What is on sale, and where. Thread-safe. It begins with one location, "Shop location".

    `clock` gives aware UTC. `webhooks` are told what happens.
    """

    clock: Callable[[], datetime] = _now
    name: str = "Sample shop"
    domain: str = "sample-shop.myshopify.com"
    currency: str = "ILS"
    lock: threading.RLock = field(default_factory=threading.RLock)
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    by_number: dict[int, Variant | InventoryItem] = field(default_factory=dict)
    webhooks: Webhooks = field(init=False)
    _last_number: int = FIRST_NUMBER

    def __post_init__(self) -> None:
        self.webhooks = Webhooks(self)
        self.add_location("Shop location")

    # ------------------------------------------------------------------ small things

    def now(self) -> datetime:
        """The shop's clock in whole seconds: Shopify keeps no smaller ones."""
        return self.clock().replace(microsecond=0)

    def number(self) -> int:
        """A number for something new; like Shopify's, not without gaps."""
        with self.lock:
            self._last_number += 32_768
            return self._last_number

    @property
    def main_location(self) -> Location:
        return next(iter(self.locations.values()))

    def variants(self) -> Iterator[Variant]:
        return (variant for product in self.products.values() for variant in product.variants)

    def variant(self, sku: str) -> Variant:
        """The first variant with exactly this SKU; SKUs need not be unique.

        Raises:
            KeyError: where there is none.
        """
        found = next((variant for variant in self.variants() if variant.sku == sku), None)
        if not found:
            raise KeyError(sku)
        return found

    def available(self, sku: str, location: Location | None = None) -> int:
        """Units available of this SKU at a location, the main one unless told."""
        with self.lock:
            return self.level(self.variant(sku).inventory_item, location or self.main_location).states["available"]

    def on_hand(self, sku: str, location: Location | None = None) -> int:
        with self.lock:
            return self.level(self.variant(sku).inventory_item, location or self.main_location).quantity("on_hand")

    # ------------------------------------------------------------------ the owner's side

    def add_location(self, name: str, *, active: bool = True, online: bool = True) -> Location:
        with self.lock:
            location = Location(
                number=self.number(),
                level_number=self.number(),
                created_at=self.now(),
                updated_at=self.now(),
                name=name,
                is_active=active,
                fulfills_online_orders=online,
            )
            self.locations[location.number] = location
            return location

    def add_product(self, title: str, variants: Sequence[Mapping[str, object]], *, status: str = "ACTIVE") -> Product:
        """A product with variants, each given as ``{"sku": "A", "units": 5}`` and, where it differs,
        ``options`` (name → value), ``tracked``, ``policy``, ``barcode``, ``price``, ``active`` (its level)."""
        with self.lock:
            now = self.now()
            product = Product(number=self.number(), created_at=now, updated_at=now, title=title, status=status)
            self.products[product.number] = product
            for wish in variants:
                self._add_variant(product, **wish)  # type: ignore[arg-type]  # checked by the parameters' names
            return product

    def _add_variant(
        self,
        product: Product,
        *,
        sku: str | None = None,
        units: int = 0,
        options: Mapping[str, str] | None = None,
        tracked: bool = True,
        policy: str = "DENY",
        barcode: str | None = None,
        price: str = "20.00",
        active: bool = True,
    ) -> Variant:
        now = self.now()
        options = dict(options or {"Title": "Default Title"})
        item = InventoryItem(number=self.number(), created_at=now, updated_at=now, tracked=tracked)
        variant = Variant(
            number=self.number(),
            created_at=now,
            updated_at=now,
            product=product,
            title=" / ".join(options.values()),
            options=options,
            sku=sku,
            barcode=barcode,
            price=Decimal(price),
            inventory_policy=policy,
            inventory_item=item,
        )
        level = self.level(item, self.main_location)
        level.is_active = active
        self.move(level, available=units)
        product.variants.append(variant)
        self.by_number |= {variant.number: variant, item.number: item}
        return variant

    def level(self, item: InventoryItem, location: Location) -> InventoryLevel:
        """The level of an item at a location; where it was never stocked, an inactive one with nothing on it."""
        return item.levels.setdefault(location.number, self.level_or_new(item, location))

    def level_or_new(self, item: InventoryItem, location: Location) -> InventoryLevel:
        """The level, or one that nobody else sees yet: what a call is checked against before it changes anything."""
        now = self.now()
        return item.levels.get(location.number) or InventoryLevel(
            number=self.number(), created_at=now, updated_at=now, item=item, location=location, is_active=False
        )

    def move(self, level: InventoryLevel, **deltas: int) -> None:
        """Changes states of a level by so many units; a change of available is told, whoever made it."""
        for state, delta in deltas.items():
            level.states[state] += delta
            level.changed_at[state] = level.updated_at = self.now()
        if deltas.get("available"):
            self.webhooks.tell("INVENTORY_LEVELS_UPDATE", lambda: webhook_bodies.level(level))

    def edit_stock(self, sku: str, number: int, location: Location | None = None) -> None:
        """Types a number into the admin: sets available by hand and stocks the item there."""
        with self.lock:
            level = self.level(self.variant(sku).inventory_item, location or self.main_location)
            level.is_active = True
            self.move(level, available=number - level.states["available"])

    def delete_variant(self, sku: str) -> Variant:
        """Takes a variant out of the catalogue."""
        with self.lock:
            gone = self.variant(sku)
            gone.product.variants.remove(gone)
            del self.by_number[gone.number], self.by_number[gone.inventory_item.number]
            return gone
