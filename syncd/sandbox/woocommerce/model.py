"""What a WooCommerce shop keeps in its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Address = dict[str, str]

NO_ADDRESS: Address = dict.fromkeys(
    (
        "first_name",
        "last_name",
        "company",
        "address_1",
        "address_2",
        "city",
        "state",
        "postcode",
        "country",
        "email",
        "phone",
    ),
    "",
)


class NotEnoughStock(Exception):
    """The shop's own checkout refuses: `remaining` units are free, those held by unpaid checkouts set aside."""

    def __init__(self, name: str, remaining: int) -> None:
        super().__init__(f"{name}: {remaining} remaining")
        self.name = name
        self.remaining = remaining


@dataclass(frozen=True, slots=True)
class Key:
    """A REST API key; `permissions` is read, write or read_write."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    permissions: str = "read_write"


@dataclass(slots=True)
class Meta:
    id: int
    key: str
    value: object


@dataclass(slots=True)
class Product:
    """A product or, with a `parent_id`, a variation.

    `stock` is the row `_stock`: it may lie unused, where a variation has a number but its parent counts.
    """

    id: int
    type: str  # simple, variable, grouped, external, variation
    name: str
    sku: str
    created: datetime
    modified: datetime
    parent_id: int = 0
    status: str = "publish"
    price: str = "19.99"
    manage_stock: bool = False
    stock: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    low_stock_amount: int | None = None
    options: dict[str, str] = field(default_factory=dict)  # of a variation: {"Size": "L"}
    gtin: str = ""
    meta: list[Meta] = field(default_factory=list)


@dataclass(slots=True)
class Webhook:
    """A webhook; `secret` is never shown. `site` is the address under which it was made.

    `failures` in a row: up to 6, and the 7th disables (woocommerce-facts §7).
    """

    id: int
    name: str
    topic: str
    url: str
    secret: str = field(repr=False)
    site: str
    created: datetime
    modified: datetime | None = None
    status: str = "active"  # or paused, disabled
    failures: int = 0

    @property
    def resource(self) -> str:
        return self.topic.partition(".")[0]

    @property
    def event(self) -> str:
        return self.topic.partition(".")[2]


@dataclass(slots=True)
class Line:
    """A line of an order, or of a refund (negative `quantity`, `refunded_line_id` set).

    `product_id` is the variation's where one was bought. `reduced` is `_reduced_stock`: units that the line has taken
    from stock now; ``None`` where the row is missing.
    """

    id: int
    name: str
    product_id: int
    quantity: int
    total: Decimal
    meta_id: int
    reduced: int | None = None
    restocked: int | None = None
    refunded_line_id: int | None = None


@dataclass(slots=True)
class Refund:
    id: int
    created: datetime
    amount: Decimal
    reason: str
    paid_back: bool
    meta_id: int
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Note:
    id: int
    created: datetime
    text: str
    to_customer: bool


@dataclass(slots=True)
class Order:
    """An order. `stock_reduced` is the hidden column of that name; `held_until` ends an unpaid checkout's hold."""

    id: int
    status: str
    created: datetime
    modified: datetime
    lines: list[Line] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    created_via: str = "rest-api"
    payment_method: str = ""
    payment_method_title: str = ""
    customer_note: str = ""
    billing: Address = field(default_factory=lambda: dict(NO_ADDRESS))
    shipping: Address = field(default_factory=lambda: {k: "" for k in NO_ADDRESS if k != "email"})
    stock_reduced: bool = False
    held_until: datetime | None = None
    paid_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds), Decimal(0))
