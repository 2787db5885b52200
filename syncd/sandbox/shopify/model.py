"""What the practice shop keeps: locations, products, levels, orders. Plain values; the rules are in `shop.py`.

Names are Shopify's, in snake case, because answers show them under these names. Instants are aware UTC in whole
seconds, as Shopify keeps them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

ON_HAND = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
STATES = (*ON_HAND, "incoming", "on_hand")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


@dataclass(slots=True, kw_only=True, eq=False)
class Entity:
    """Something with an id of its own."""

    TYPE: ClassVar[str]
    number: int
    created_at: datetime
    updated_at: datetime
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return gid(self.TYPE, self.number)

    @property
    def legacy_resource_id(self) -> str:
        return str(self.number)


@dataclass(slots=True, kw_only=True, eq=False)
class Metafield(Entity):
    TYPE: ClassVar[str] = "Metafield"
    namespace: str
    key: str
    type: str
    value: str
    owner_type: str

    @property
    def compare_digest(self) -> str:
        return hashlib.sha256(f"{self.type}:{self.value}".encode()).hexdigest()


@dataclass(slots=True, kw_only=True, eq=False)
class MetafieldDefinition(Entity):
    TYPE: ClassVar[str] = "MetafieldDefinition"
    owner_type: str
    namespace: str
    key: str
    name: str
    description: str | None
    type: str
    storefront: str  # who may read it in the shop: NONE or PUBLIC_READ


@dataclass(slots=True, kw_only=True, eq=False)
class Location(Entity):
    TYPE: ClassVar[str] = "Location"
    name: str
    is_active: bool = True
    fulfills_online_orders: bool = True
    level_number: int  # the number that all levels of this location have in their ids


@dataclass(slots=True, kw_only=True, eq=False)
class Product(Entity):
    TYPE: ClassVar[str] = "Product"
    title: str
    status: str = "ACTIVE"
    vendor: str = ""
    is_gift_card: bool = False
    variants: list[Variant] = field(default_factory=list)

    @property
    def handle(self) -> str:
        return "-".join(self.title.lower().split())


@dataclass(slots=True, kw_only=True, eq=False)
class Variant(Entity):
    TYPE: ClassVar[str] = "ProductVariant"
    product: Product
    title: str
    options: dict[str, str]
    sku: str | None
    barcode: str | None
    price: Decimal
    inventory_policy: str
    inventory_item: InventoryItem

    def __post_init__(self) -> None:
        self.inventory_item.variant = self

    @property
    def display_name(self) -> str:
        return f"{self.product.title} - {self.title}"

    @property
    def inventory_quantity(self) -> int:
        return sum(level.states["available"] for level in self.inventory_item.active_levels)

    @property
    def sellable_online_quantity(self) -> int:
        return sum(level.states["available"] for level in self.inventory_item.selling_levels)

    @property
    def stops_at_zero(self) -> bool:
        return self.inventory_item.tracked and self.inventory_policy == "DENY"


@dataclass(slots=True, kw_only=True, eq=False)
class InventoryItem(Entity):
    TYPE: ClassVar[str] = "InventoryItem"
    variant: Variant = field(init=False)  # set by the variant
    tracked: bool
    requires_shipping: bool = True
    levels: dict[int, InventoryLevel] = field(default_factory=dict)  # by number of the location

    @property
    def sku(self) -> str | None:
        return self.variant.sku

    @property
    def active_levels(self) -> list[InventoryLevel]:
        return [level for level in self.levels.values() if level.is_active and level.location.is_active]

    @property
    def selling_levels(self) -> list[InventoryLevel]:
        """The levels that the online shop sells from: an inactive one holds a number and sells nothing."""
        return [level for level in self.active_levels if level.location.fulfills_online_orders]


@dataclass(slots=True, kw_only=True, eq=False)
class InventoryLevel(Entity):
    TYPE: ClassVar[str] = "InventoryLevel"
    item: InventoryItem
    location: Location
    is_active: bool
    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*ON_HAND, "incoming"), 0))
    changed_at: dict[str, datetime] = field(default_factory=dict)  # by state

    @property
    def id(self) -> str:
        return f"gid://shopify/InventoryLevel/{self.location.level_number}?inventory_item_id={self.item.number}"

    def quantity(self, name: str) -> int:
        return sum(self.states[state] for state in ON_HAND) if name == "on_hand" else self.states[name]


@dataclass(slots=True, kw_only=True, eq=False)
class LineItem(Entity):
    """`shipped` and `refunded` count from the beginning; `unfulfilled_quantity` is what still waits to be shipped."""

    TYPE: ClassVar[str] = "LineItem"
    title: str
    variant_title: str | None
    sku: str | None
    quantity: int
    variant: Variant | None
    price: Decimal
    level: InventoryLevel | None  # from which it is shipped; None where nothing is counted
    current_quantity: int
    unfulfilled_quantity: int
    shipped: int = 0
    shipped_and_refunded: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class FulfillmentLine:
    number: int
    line: LineItem
    quantity: int


@dataclass(slots=True, kw_only=True, eq=False)
class Fulfillment(Entity):
    TYPE: ClassVar[str] = "Fulfillment"
    name: str
    lines: list[FulfillmentLine]
    location: Location | None
    status: str = "SUCCESS"


@dataclass(slots=True, kw_only=True, eq=False)
class RefundLine:
    number: int
    line: LineItem
    quantity: int
    restock_type: str
    location: Location | None


@dataclass(slots=True, kw_only=True, eq=False)
class Transaction(Entity):
    TYPE: ClassVar[str] = "OrderTransaction"
    kind: str
    money: Decimal
    gateway: str = "manual"


@dataclass(slots=True, kw_only=True, eq=False)
class Refund(Entity):
    TYPE: ClassVar[str] = "Refund"
    note: str | None
    lines: list[RefundLine]
    transactions: list[Transaction]


@dataclass(slots=True, kw_only=True, eq=False)
class Order(Entity):
    """`index` is what the search knew of this order and since when; it trails behind (shopify-facts §3)."""

    TYPE: ClassVar[str] = "Order"
    name: str
    lines: list[LineItem]
    currency: str
    source_name: str = "web"
    note: str | None = None
    test: bool = False
    paid: bool = True
    edited: bool = False
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    index: list[tuple[datetime, dict[str, object]]] = field(default_factory=list)

    @property
    def display_fulfillment_status(self) -> str:
        if all(one.status != "SUCCESS" for one in self.fulfillments):
            return "UNFULFILLED"
        return "PARTIALLY_FULFILLED" if any(line.unfulfilled_quantity for line in self.lines) else "FULFILLED"

    @property
    def display_financial_status(self) -> str:
        received = sum(t.money for t in self.transactions if t.kind == "SALE")
        refunded = sum(t.money for t in self.transactions if t.kind == "REFUND")
        if self.cancelled_at and not received:
            return "VOIDED"
        if not self.paid:
            return "PENDING"
        if not refunded:
            return "PAID"
        return "REFUNDED" if refunded >= received else "PARTIALLY_REFUNDED"

    def line(self, number: int) -> LineItem | None:
        return next((line for line in self.lines if line.number == number), None)


@dataclass(slots=True, kw_only=True, eq=False)
class Change:
    """One state of one level that a call moved."""

    level: InventoryLevel
    name: str
    delta: int
    ledger_document_uri: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class AdjustmentGroup(Entity):
    TYPE: ClassVar[str] = "InventoryAdjustmentGroup"
    reason: str
    reference_document_uri: str | None
    changes: list[Change]


@dataclass(slots=True, kw_only=True, eq=False)
class Subscription(Entity):
    TYPE: ClassVar[str] = "WebhookSubscription"
    topic: str
    uri: str
    format: str = "JSON"
    filter: str | None = None
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)
    failures: int = 0  # in a row
