"""What the contract suite needs of a shop to put a connector to the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar
from uuid import uuid4

from connectors.contract import (
    Batch,
    Connector,
    ListingRef,
    ListingSource,
    NewsSource,
    Notice,
    Op,
    OrderLine,
    OrderState,
    Outcome,
    SalesSource,
    StockSink,
    SupplyFeed,
    Write,
)

ADDRESS = "https://sync.example/hooks/contract"
"""Where the suite lets a channel deliver."""


class Capability(StrEnum):
    """What a connector, its channel and its rig can do."""

    SALES = "sales"  # the connector is a steady SalesSource
    TOLD = "told"  # ... a SalesSource that is not steady, whose sales are over when they are told, by SKU (a till)
    LISTINGS = "listings"  # ... a ListingSource
    STOCK = "stock"  # ... a StockSink
    NEWS = "news"  # ... a NewsSource
    NOTICES = "notices"  # ... a Display
    STOP = "stop"  # ... a StockSink that takes Op.STOP
    SUPPLY = "supply"  # ... a SupplyFeed
    CREDENTIALS = "credentials"  # the channel asks who calls
    RATE_LIMIT = "rate limit"  # the channel asks callers to wait
    VARIATIONS = "variations"  # listings that belong to a parent
    UNCOUNTED = "uncounted"  # listings that the channel does not count until it is told to begin
    SHIP = "ship"
    REFUND = "refund"  # of units that were not shipped
    RETURN = "return"  # of units that were shipped
    KEEP = "keep"  # an order can end, or be refunded, without its units going back
    EDIT = "edit"  # lines of an order can be changed
    UNPAID = "unpaid"  # a checkout holds units while it waits for payment
    DELETE = "delete"  # an order can vanish


OF_A_SHOP = frozenset(Capability) - {Capability.TOLD, Capability.SUPPLY}
"""Everything that a shop can do."""


class Rig(Protocol):
    """A shop for one test, empty at first, and connectors to it. The rig closes the connectors that it made.

    Units are whole; orders are told by the connector's own ids. What a capability names is only called where it is
    claimed.
    """

    secrets: Sequence[str]
    """Texts that no error, log line or repr may hold."""

    batch_limit: int
    """Writes that the channel takes in one call."""

    def connector(self) -> Connector:
        """A new connector, sharing nothing with the others but the shop."""
        ...

    def wrong_credentials(self) -> Connector:
        """A connector whose secret (one of `secrets`) the channel refuses."""
        ...

    # what is on sale
    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False) -> ListingRef:
        """Put something on sale; ``shown=None`` is not counted (UNCOUNTED)."""
        ...

    def remove_listing(self, ref: ListingRef) -> None: ...

    def shown(self, ref: ListingRef) -> int | None:
        """The shop's number, not by way of the connector."""
        ...

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        """A human types another number."""
        ...

    def notice(self, ref: ListingRef) -> Notice | None:
        """What the buyer reads beside the number (NOTICES), not by way of the connector; ``None``: nothing of ours."""
        ...

    def sell_on(self, ref: ListingRef) -> None:
        """A human lets the listing go on selling at 0, in a way that `Op.STOP` takes back (STOP)."""
        ...

    def ends_at_zero(self, ref: ListingRef) -> bool:
        """Whether a number of 0 would end the sale (STOP), not by way of the connector."""
        ...

    # what customers and the shopkeeper do; each order has one line
    def buy(self, ref: ListingRef, units: int = 1) -> str:
        """Where sales are TOLD, this one is told, a receipt of its own; below 0 units come back."""
        ...

    def buy_unpaid(self, ref: ListingRef, units: int = 1) -> str: ...

    def pay(self, order_id: str) -> None: ...

    def cancel(self, order_id: str, *, restock: bool = True) -> None: ...

    def ship(self, order_id: str) -> None: ...

    def refund(self, order_id: str, units: int, *, restock: bool = True) -> None: ...

    def return_shipped(self, order_id: str, units: int) -> None:
        """Shipped units come back onto the shop's number."""
        ...

    def edit_line(self, order_id: str, units: int) -> None: ...

    def delete(self, order_id: str) -> None: ...

    def catch_up(self) -> None:
        """Let the order list show all that happened, and let the next change have a later time."""
        ...

    # what a supplier says (SUPPLY); `shown` is then what it says of the SKU that is the listing's id
    def state(self, units: Mapping[str, int | None], *, unreadable: Sequence[str] = ()) -> None:
        """The supplier writes its feed anew: units by SKU, ``None`` where it names a SKU and says nothing of its stock.
        What it says of the SKUs in `unreadable` cannot be read."""
        ...

    # webhooks (NEWS); addresses are https and lead nowhere
    signature_header: str
    """The lower-case name of the header that holds the signature of a delivery."""

    def subscribed(self, address: str) -> Sequence[str]:
        """The topics that the channel delivers to this address now, whoever subscribed; one entry per subscription."""
        ...

    def subscribe_stranger(self, address: str) -> None:
        """Another program subscribes to something there."""
        ...

    def remove_subscription(self, address: str, topic: str) -> None:
        """A person takes a subscription away."""
        ...

    def switch_off_subscription(self, address: str, topic: str) -> None:
        """The channel gives a subscription up, as it does when nobody answers."""
        ...

    def delivered(self, address: str) -> Sequence[tuple[Mapping[str, str], bytes]]:
        """Headers (lower-case names) and bodies of what the channel delivered there since this was asked last."""
        ...

    # misfortune
    def go_down(self) -> None: ...

    def limit_rate(self) -> None:
        """Ask every caller to wait, until `come_back`."""
        ...

    def come_back(self) -> None: ...

    def lose_next_answer(self, *, effect: bool) -> None:
        """Lose the answer of the next write call, after its effect or before."""
        ...


Test = TypeVar("Test", bound=Callable[..., None])


def needs(*capabilities: Capability) -> Callable[[Test], Test]:
    """Marks a test that is only for connectors with all of these."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = frozenset(capabilities)
        return test

    return mark


class Promises:
    """Tests that a class keeps as far as its `capabilities` go."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.capabilities:
            return
        for name in dir(cls):
            if not getattr(getattr(cls, name), "needs", frozenset()) <= cls.capabilities:
                setattr(cls, name, None)


def as_sales(connector: Connector) -> SalesSource:
    assert isinstance(connector, SalesSource)
    return connector


def as_listings(connector: Connector) -> ListingSource:
    assert isinstance(connector, ListingSource)
    return connector


def as_sink(connector: Connector) -> StockSink:
    assert isinstance(connector, StockSink)
    return connector


def as_feed(connector: Connector) -> SupplyFeed:
    assert isinstance(connector, SupplyFeed)
    return connector


def as_news(connector: Connector) -> NewsSource:
    assert isinstance(connector, NewsSource)
    return connector


def write(ref: ListingRef, op: Op, *, target: int, expected: int) -> Write:
    return Write(ref.id, ref.parent_id, op, target, expected)


def lowering(ref: ListingRef, *, target: int, expected: int) -> Write:
    return write(ref, Op.DELTA, target=target, expected=expected)


def one_batch(*writes: Write) -> Batch:
    return Batch(f"contract-{uuid4()}", writes)


def push(sink: StockSink, *writes: Write) -> dict[str, Outcome]:
    """Send the writes, grouped as the connector wants them, each group under a key of its own. Outcomes by listing."""
    outcomes: dict[str, Outcome] = {}
    for group in sink.group(writes):
        answered = sink.send(one_batch(*group))
        assert [outcome.listing_id for outcome in answered] == [write.listing_id for write in group]
        outcomes |= {outcome.listing_id: outcome for outcome in answered}
    return outcomes


def walk(source: SalesSource, cursor: str | None = None) -> tuple[dict[str, OrderState], str]:
    """The newest version of each order in the pages after `cursor`, and the cursor after the last page."""
    newest: dict[str, OrderState] = {}
    last: str | None = None
    for page in source.orders(cursor):
        last = page.cursor
        for state in page.orders:
            known = newest.get(state.id)
            if known is None or known.version < state.version:
                newest[state.id] = state
    assert last is not None, "orders() must give a page even when nothing changed: its cursor is needed"
    return newest, last


def only_line(state: OrderState) -> OrderLine:
    (line,) = state.lines
    return line
