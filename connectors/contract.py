"""What a connector promises to the engine, and the engine to a connector. Standard library only.

A connector implements the roles that it has; the engine asks by role (``isinstance`` against the Protocols below):

* `SalesSource`: order states that changed since a cursor,
* `ListingSource`: what is on sale there and what it shows now,
* `StockSink`: takes numbers, and where it is a `Display` too, what the buyer reads beside them,
* `SupplyFeed`: tells what a supplier has,
* `NewsSource`: tells by webhooks that something changed,
* `Guided`: tells where its settings are found,
* `Storefront`: has a part that lives in the shop itself,
* every connector is a `Connector`: `check()` and `close()`.

Words are those of ``syncd/domain/stock.py``. Quantities are ``int`` units. Instants are aware UTC ``datetime``s.
Ids are the channel's own, as ``str``; a missing SKU is ``None``, never ``""``.

The promises are tests in the package ``connectors/testing/``; a connector that passes them is a good citizen:
pushing twice is pushing once; one bad item does not fail its batch; a cursor resumes exactly after its page, also
after a crash; ids and versions are stable across re-reads; a rate limit carries its wait; an outage changes nothing;
no secret in any error or log line.
"""

from __future__ import annotations

import random
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

# --------------------------------------------------------------------------- errors: named by what happens next


class ConnectorError(Exception):
    """Something a connector could not do. `args[0]` is a sentence that a shopkeeper can read; `hint` is the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0])


class Unavailable(ConnectorError):
    """The channel did not do what was asked and nothing was changed: back off, keep the cursor."""


class RateLimited(Unavailable):
    """The channel asks to wait; nothing was changed."""

    def __init__(self, message: str, *, retry_after: timedelta, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class CredentialsRejected(ConnectorError):
    """The key or token is wrong, revoked, or may not do this: park the channel, tell a person, others go on."""


class CursorExpired(ConnectorError):
    """The channel cannot resume after this cursor: begin anew with ``cursor=None``."""


class Unreadable(ConnectorError):
    """The envelope of an answer changed its shape: stop this channel and alert. `sample` is redacted and short."""

    def __init__(self, message: str, *, sample: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sample = sample


class InDoubt(ConnectorError):
    """The answer to a write was lost: it may have happened, may not, or may still happen (design.md §3.4)."""


class NotGenuine(ConnectorError):
    """A delivery that is not signed as the channel signs: nothing of it is believed, nothing is done."""


class ItemError(ConnectorError):
    """Something that concerns one item of a batch; the others are not touched by it."""


class Rejected(ItemError):
    """The channel refuses this item, and will again until a person changes something."""


class Conflict(ItemError):
    """The channel shows another number than was expected: pull, recompute, try again. Nothing was written."""


class Untouched(ItemError):
    """This item was fine but its call failed because of another one: send it again in a call without that one."""


# --------------------------------------------------------------------------- settings and surroundings


class SettingType(StrEnum):
    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    DURATION = "duration"  # "60s", "26h", "2d" → timedelta
    CHOICE = "choice"
    PATH = "path"  # a file that must exist → str
    FOLDER = "folder"  # the full path of a folder in which files may be moved; it need not be there now → str
    PAIRS = "pairs"  # "sku:Article, on_hand:Stock" → tuple of (key, value); "…" around what holds a comma or a colon


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of `.env` that a connector understands: ``<CHANNEL>_<name>``.

    A secret may also come as ``<CHANNEL>_<name>_FILE``. Values reach the connector's constructor already parsed:
    ``str``, ``int``, ``bool``, ``timedelta``, pairs of ``str``; ``None`` where an optional setting has no default.
    """

    name: str
    help: str
    type: SettingType = SettingType.TEXT
    default: str | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""
    identity: Callable[[str], str] | None = None
    """Where the value says which shop it is: the same text for every spelling of the same shop."""


SettingValue = str | int | bool | timedelta | tuple[tuple[str, str], ...] | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


class CallEvent(StrEnum):
    """What a channel's transport tells of its calls, so that they can be counted (N45)."""

    CALL = "call"  # a request went out; each try counts
    ERROR = "error"  # it brought no usable answer; the kind says why
    THROTTLED = "throttled"  # the channel asked to wait


def _unobserved(event: CallEvent, kind: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Clock, waiting and randomness, so that tests can be exact. `now` is aware UTC; `sleep` takes seconds.

    `zone` is the owner's time zone, for times that a channel writes without one.
    `observe` is told of each call as it happens, with the kind of an error (one word such as ``unavailable``, else
    empty). It is called from the threads that call, must not block and must not raise.
    """

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = _sleep
    random: random.Random = field(default_factory=random.Random)
    observe: Callable[[CallEvent, str], None] = _unobserved
    zone: tzinfo = UTC


# --------------------------------------------------------------------------- findings of a check


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``syncd check``: what was looked at, how it stands, and what to do about it."""

    level: Level
    message: str
    hint: str = ""


# --------------------------------------------------------------------------- listings


class StockKeeping(StrEnum):
    """Who counts the stock of a listing in the channel."""

    OWN = "own"  # the listing has a number of its own
    PARENT = "parent"  # a WooCommerce variation whose parent counts: the parent is the SKU (design.md §3.10)
    NONE = "none"  # the channel does not count this listing: a pushed number has no effect


@dataclass(frozen=True, slots=True)
class ListingRef:
    """A listing by the channel's own ids; `parent_id` is what the channel needs beside `id` to write it, if at all."""

    id: str
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a channel has on sale, and what it shows now.

    `shown` is the channel's own number: units that it would sell to the next buyer before safety of its own; may be
    negative; ``None`` where `stock` is not OWN. `sells_at_zero` names, in words, each reason why the listing would go
    on selling when 0 is pushed (backorders allowed, an inactive level ...); empty when 0 stops it. `can_stop`: a write
    with `Op.STOP` takes all these reasons away.
    """

    id: str
    sku: str | None
    name: str
    shown: int | None
    stock: StockKeeping = StockKeeping.OWN
    parent_id: str | None = None
    options: str = ""
    gtin: str | None = None
    published: bool = True
    sells_at_zero: tuple[str, ...] = ()
    can_stop: bool = False
    admin_url: str | None = None

    @property
    def ref(self) -> ListingRef:
        return ListingRef(self.id, self.parent_id)


@dataclass(frozen=True, slots=True)
class Parked:
    """An item that could not be read (a fractional line, a textual quantity). `sample` is redacted and short.

    `ref` is the channel's id of the order or the listing, empty where not even that could be read. `reason` is a
    sentence that names it as the owner knows it. `listing_ids` names the listings concerned, as far as known: their
    SKUs are not raised while this is open.
    """

    ref: str
    reason: str
    sample: str = ""
    listing_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingPage:
    listings: tuple[Listing, ...]
    parked: tuple[Parked, ...] = ()
    total: int | None = None  # listings in all, where the channel says so (for progress)


# --------------------------------------------------------------------------- sales


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What one line of an order means for stock *now*: an absolute state, never an event (design.md §3.2).

    Units of a line lie in disjoint buckets, all ≥ 0:

    * `promised`: owed to the customer and not shipped yet,
    * `undecided`: not shipped, and the order ended without the platform putting the units back (failed, refunded
      without restock, trashed): held until a person decides,
    * `fulfilled`: left the house, counted from the beginning (units that came back stay counted),
    * `returned`: of the fulfilled, those that the platform put back into its own number or noted as come back; a till
      may take back units without knowing where they were sold.

    Beside them `taken`: units by which the channel's own number is lower *now* because of this line. A line whose
    units were cancelled and put back has 0 everywhere. `listing_id` is ``None`` where the product is gone or the line
    never had one; where the channel has no listings at all (a till), `sku` tells what was sold.
    """

    line_id: str
    listing_id: str | None
    sku: str | None
    name: str
    promised: int = 0
    undecided: int = 0
    fulfilled: int = 0
    returned: int = 0
    taken: int = 0

    def __post_init__(self) -> None:
        for bucket in ("promised", "undecided", "fulfilled", "returned"):
            units = getattr(self, bucket)
            if type(units) is not int or units < 0:
                raise ValueError(f"{bucket} of line {self.line_id} must be a whole number ≥ 0, not {units!r}")


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order as it stands now. Lines that are no longer listed count as removed.

    `version` grows whenever the order changes (the platform's time of modification as an integer); the same version
    may be read again. `held_until`: while an unpaid checkout is held, the channel subtracts its promised units itself
    without showing it (WooCommerce `pending`): `taken` is 0 until then, and the promise ends with that instant.
    ``holds_stock`` is False where it is not sure that the channel subtracts them.
    """

    id: str
    number: str  # as the owner sees it
    version: int
    created_at: datetime
    lines: tuple[OrderLine, ...]
    status: str = ""  # the platform's word, for reports
    fulfilled_at: datetime | None = None
    held_until: datetime | None = None
    holds_stock: bool = False
    test: bool = False  # a test order: recorded, takes nothing

    @property
    def open(self) -> bool:
        """True while units are owed or undecided."""
        return any(line.promised or line.undecided for line in self.lines)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Order states and the cursor that resumes exactly after them. The engine commits both in one transaction.

    `heard_until`: up to when the source has told anything, where it is not `steady` (a till's newest file). `cleared`:
    references of items that were parked before and are no trouble any more.
    """

    orders: tuple[OrderState, ...]
    cursor: str
    parked: tuple[Parked, ...] = ()
    heard_until: datetime | None = None
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdersById:
    orders: tuple[OrderState, ...]
    missing: tuple[str, ...]  # ids that the channel does not show any more
    parked: tuple[Parked, ...] = ()


# --------------------------------------------------------------------------- writes


class Op(StrEnum):
    DELTA = "delta"  # add (target - expected) to whatever is there: a sale in between survives
    SET = "set"  # set to target only while `expected` is what is there, else Conflict
    START = "start"  # begin to count at target, where the channel did not count so far
    SHOW = "show"  # leave the number alone: only `notice` is written. Sending it twice is sending it once
    STOP = "stop"  # leave the number alone: see to it that 0 ends the sale. Sending it twice is sending it once


STATUSES = ("in_stock", "external_warehouse", "on_the_way", "supplier", "pre_order", "out_of_stock")
LONGEST_TEXT = 200
LONGEST_LEAD_TIME_DAYS = 9_999


@dataclass(frozen=True, slots=True)
class Notice:
    """What the buyer reads about a listing beside its number (design.md §4, N13-N16).

    `status` is one of syncd's six stock statuses (`STATUSES`), `text` the sentence in the language of the channel's
    shop, plain text of at most 200 characters. `lead_time_days` is the longest time until it ships, in working days,
    where the status promises one; `expected_on` is the day in the shop's time zone from which it ships, where one is
    known. An empty `status` takes everything back that was shown.
    """

    status: str
    text: str = ""
    lead_time_days: int | None = None
    expected_on: date | None = None

    @property
    def fault(self) -> str:
        """Why it cannot be shown, as a sentence; empty where it can. Asked before anything is sent."""
        if self.status and self.status not in STATUSES:
            return f"{self.status!r} is not one of the statuses {', '.join(STATUSES)}."
        if not isinstance(self.text, str) or len(self.text) > LONGEST_TEXT:
            return f"The text for the buyer is not plain text of at most {LONGEST_TEXT} characters."
        if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in self.text):
            return "The text for the buyer holds a control character or a line break."
        days = self.lead_time_days
        if days is not None and (type(days) is not int or not 0 <= days <= LONGEST_LEAD_TIME_DAYS):
            return f"{days!r} is not a number of working days from 0 to {LONGEST_LEAD_TIME_DAYS}."
        if self.expected_on is not None and type(self.expected_on) is not date:
            return f"{self.expected_on!r} is not a day."
        return ""


NOTHING = Notice("")
"""Takes back what was shown: nothing of ours is left at the listing."""


@dataclass(frozen=True, slots=True)
class Write:
    """One number for one listing. `expected` is the base of the delta or of the compare; never a number read late.

    `notice`, where given, is what the buyer is to read from then on; ``None`` leaves what is there.
    """

    listing_id: str
    parent_id: str | None
    op: Op
    target: int
    expected: int
    notice: Notice | None = None

    @property
    def delta(self) -> int:
        return self.target - self.expected


@dataclass(frozen=True, slots=True)
class Batch:
    """The writes of one call. `key` was chosen and stored by the engine before sending; a batch that is sent again
    has the same key and the same writes in the same order."""

    key: str
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write. `shown` is what the channel answered that it shows now, where it says so.

    `unshown`: the number is written, but not the notice that rode with it, and this is why.
    """

    listing_id: str
    error: ItemError | InDoubt | None = None
    shown: int | None = None
    unshown: Rejected | None = None

    @property
    def written(self) -> bool:
        return self.error is None


# --------------------------------------------------------------------------- supply


@dataclass(frozen=True, slots=True)
class Supply:
    """What a supplier says of one SKU. `units` are single units (packs are multiplied already); ``None``: it did not
    say, which is not zero. `lead_time_days` are working days until the units are with us or ship from there."""

    sku: str
    units: int | None
    lead_time_days: int | None = None
    pack_size: int | None = None
    line_number: int = 0


@dataclass(frozen=True, slots=True)
class Supplies:
    """One whole reading of a supplier's feed.

    `version` is the same for the same content. `stated_at` is when the supplier wrote it, as far as it says so, else
    when it was read. `columns` are the words above all columns, in their order: a feed whose columns moved is not
    trusted. `parked` are rows that cannot be read, `rows` how many there were in all.
    """

    version: str
    stated_at: datetime
    supplies: tuple[Supply, ...]
    columns: tuple[str, ...] = ()
    parked: tuple[Parked, ...] = ()
    rows: int = 0
    warnings: tuple[str, ...] = ()


# --------------------------------------------------------------------------- storefront


@dataclass(frozen=True, slots=True)
class StorefrontFile:
    """What shows notices to the buyer, as a file that the owner puts into the shop once: a plugin, a snippet.

    `content` is the same bytes whenever it is made from the same version. `next_steps` are sentences that say, in
    order, where it goes.
    """

    name: str
    content: bytes
    next_steps: tuple[str, ...]


# --------------------------------------------------------------------------- news


@dataclass(frozen=True, slots=True)
class News:
    """What one genuine delivery of a webhook says happened: a reason to ask the channel, never the truth itself.

    `delivery_id` is the same in every retry of one delivery. `order_id` or `listing_id` name what it is about, where
    it says so; `shown` are the units that the listing is said to show. Nothing else of the body is kept.
    """

    delivery_id: str
    topic: str  # the platform's word, for people
    order_id: str | None = None
    listing_id: str | None = None
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What was done so that a channel delivers: topics that were missing, and those that it had switched off."""

    standing: tuple[str, ...]
    made: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()


# --------------------------------------------------------------------------- roles


@runtime_checkable
class Connector(Protocol):
    """One configured channel. Made as ``Class(channel, settings, surroundings)``; making it calls nobody.

    Each object has its own client, transport and credentials, also in threads: no call can reach another shop.
    """

    kind: ClassVar[str]
    SETTINGS: ClassVar[tuple[Setting, ...]]

    def check(self) -> Sequence[Finding]:
        """Look at address, credentials, permissions (missing and excess), clock, versions, places.

        Every finding names the thing and the way out. Changes nothing.

        Raises:
            ConnectorError: only where the channel could not be asked at all; the sentence says why.
        """
        ...

    def close(self) -> None:
        """Let go of connections. May be called twice."""
        ...


@runtime_checkable
class Guided(Protocol):
    """Tells the owner how to get what the settings ask for. Asked of the class, before there is a channel."""

    GUIDE: ClassVar[tuple[str, ...]]
    """Lines for ``syncd init``: where in the shop keys are made, and every permission that is needed, now and later."""


@runtime_checkable
class SalesSource(Protocol):
    """Tells what orders mean for stock."""

    order_lag: timedelta
    """How far the channel's list of orders may trail behind its own stock number."""

    visible_for: timedelta | None
    """How long orders stay visible (Shopify: 60 days), ``None`` for ever."""

    steady: bool
    """True where a complete reading tells every sale up to now. False where sales are told when somebody tells them (a
    till's files): each page says by `OrderPage.heard_until` up to when there is word, and silence is no news. Such a
    source may tell an order in parts, all of one version: units of lines that a part does not list stay as told."""

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        """Pages of order states that changed since `cursor`, to the present.

        ``None`` begins: every order that is open now, whatever its age, and a cursor for what changes from then on.
        The cursor overlaps on purpose; orders may come more than once and in any order, versions tell them apart.
        The last page comes even when it is empty. Trashed orders are part of what changed.

        Raises:
            CursorExpired, Unavailable, RateLimited, CredentialsRejected, Unreadable.
        """
        ...

    def orders_by_id(self, ids: Sequence[str]) -> OrdersById:
        """These orders as they stand now, however old; `missing` are those that can no longer be seen."""
        ...


@runtime_checkable
class ListingSource(Protocol):
    """Tells what is on sale and what it shows."""

    def listings(self) -> Iterator[ListingPage]:
        """Everything on sale: each simple product and each variation once; parents only where they count stock for
        their variations. Raises as `SalesSource.orders`."""
        ...

    def read(self, refs: Sequence[ListingRef]) -> Mapping[str, Listing]:
        """These listings as they are now, by id; one that is gone is absent. No caching. Raises as above."""
        ...


@runtime_checkable
class StockSink(Protocol):
    """Takes numbers."""

    raises_by: Op
    """How a raise is sent: SET where the channel can compare, else DELTA. Lowerings always go as DELTA."""

    replays: bool
    """True where a DELTA batch that is sent again under its key takes effect once (for 23 hours at least)."""

    in_doubt: timedelta
    """How long after sending a lost write may still take effect."""

    parallel: int
    """Calls that may be under way at once; `send` is called from as many threads."""

    def group(self, writes: Sequence[Write]) -> Sequence[tuple[Write, ...]]:
        """The writes as calls of this channel: each tuple is one call. Pure; keeps every write exactly once."""
        ...

    def send(self, batch: Batch) -> Sequence[Outcome]:
        """Send one call; one outcome per write, in the order sent.

        A number other than a whole ``int`` is refused before anything is sent. An answer that does not prove the write
        is not taken for one.

        Raises:
            InDoubt: the answer was lost; any of the writes may have happened.
            Unavailable, RateLimited, CredentialsRejected, Unreadable: nothing was written.
        """
        ...


@runtime_checkable
class Display(Protocol):
    """A `StockSink` that can also tell the buyer what the number means.

    A notice is set, not added: sending it again changes nothing. It never moves the number.
    """

    notices_ride: bool
    """True where a notice goes with its number in the same call (WooCommerce). Where it is False, a `Write` has either
    a number or, with `Op.SHOW`, a notice; ``group`` and ``send`` take both kinds, in calls of their own."""

    def prepare(self) -> None:
        """Make ready what notices need (definitions of fields). Called before the first notice of a run; safe to
        repeat, and cheap where all is there.

        Raises:
            CredentialsRejected: notices may not be written; numbers may.
            Unavailable, RateLimited, Unreadable.
        """
        ...


@runtime_checkable
class Storefront(Protocol):
    """Has a part that lives in the shop itself, and makes what is shown by `Display` readable there."""

    def storefront(self) -> StorefrontFile:
        """That part. Calls nobody."""
        ...


@runtime_checkable
class SupplyFeed(Protocol):
    """Tells what a supplier has. It is read whole; nothing is ever written to it."""

    def supplies(self, known: str | None) -> Supplies | None:
        """The feed as it is now; ``None`` where its content is that of the version `known` and it is not stated anew.

        Absent is not zero: a SKU that is missing is not spoken of. Nothing is judged here but what a single row says.

        Raises:
            Unavailable: it could not be fetched; what was known stays until it expires.
            CredentialsRejected, Unreadable: a person is needed (no table, a hostile file, a column is missing).
        """
        ...


@runtime_checkable
class NewsSource(Protocol):
    """Delivers webhooks. Polling alone is correct: without this role, or without an address, it is only polled."""

    def news(self, headers: Mapping[str, str], body: bytes) -> News | None:
        """What a delivery says; ``None`` where it is a genuine or harmless sign of life without news (a ping).

        Pure and fast: it calls nobody and compares signatures in constant time, over the raw body. `headers` have
        lower-case names. The caller has limited the size of the body.

        Raises:
            NotGenuine: it is not signed by this channel, or says nothing that can be read.
        """
        ...

    def subscribe(self, address: str) -> Subscriptions:
        """Make the channel deliver all that matters to `address` (https): what is missing or was switched off is put
        back, what is right is left alone, subscriptions of others are not touched. Safe to repeat.

        Raises:
            Unavailable, RateLimited, CredentialsRejected, Unreadable.
        """
        ...

    def unsubscribe(self, address: str) -> int:
        """Take away every subscription of ours to `address`; how many there were. Raises as `subscribe`."""
        ...
