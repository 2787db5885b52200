"""The tables, each column with its unit. Instants are aware UTC; units are whole numbers.

Changes go through `storage/migrations/`; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite keeps it without a zone and gives it back with one; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# INTEGER on SQLite, where only that counts up by itself; BIGINT elsewhere.
Id = BigInteger().with_variant(Integer, "sqlite")


LARGEST_ID = 2**63 - 1  # of a BIGINT; a larger one cannot even be asked for

DIRTY = text("generation <> settled_generation")
OPEN = text("closed_at IS NULL")
UNTOLD = text("told_at IS NULL")


def _id() -> Column[Any]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _units(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),  # "sequence": our own order of events; "runs": how often syncd worked here;
    # "settings": their fingerprint; "changed": the place in the sequence of the last change that was no movement;
    # "demand": the day (of the shop) on which demand was worked out last, counted from the year 1
    Column("value", BigInteger, nullable=False),
)

locations = Table(
    "locations",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("stock_class", Text, nullable=False),  # domain.stock.StockClass
)

skus = Table(
    "skus",
    metadata,
    _id(),
    Column("sku", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("category", Text),
    Column("supplier", Text),
    Column("lead_time_days", Integer),
    Column("cost", Text),  # a decimal number as text, in the owner's currency
    Column("pack_size", Integer),
    Column("minimum_order", Integer),
    Column("gtin", Text),
    _units("reserved"),  # sum of the movements' reserved
    _units("sold"),  # net units that customers took, ever: tells changes by customers from others (design.md §3.6)
    _units("raised_seq"),  # sequence of the last commit that made more available (design.md §3.5)
    Column("counted_at", Instant),  # the latest count; NULL: not counted, never pushed
)

levels = Table(
    "levels",
    metadata,
    Column("sku_id", ForeignKey("skus.id"), primary_key=True),
    Column("location_id", ForeignKey("locations.id"), primary_key=True),
    _units("on_hand"),  # sum of the movements' on_hand
    Column("counted_at", Instant),  # the latest count at this location
)

movements = Table(
    "movements",
    metadata,
    _id(),
    Column("event_id", Text, nullable=False, unique=True),
    Column("sku_id", ForeignKey("skus.id"), nullable=False),
    Column("location_id", ForeignKey("locations.id")),
    Column("kind", Text, nullable=False),  # domain.movements.Kind
    _units("on_hand"),
    _units("reserved"),
    Column("happened_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("channel", Text),
    Column("order_id", Text),
    Column("line_id", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Index(None, "sku_id", "happened_at"),
    Index(None, "recorded_at"),
)

rules = Table(
    "rules",
    metadata,
    _id(),
    Column("scope", Text, nullable=False),  # domain.rules.Scope
    Column("value", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default=""),  # "" for every channel
    Column("buffer_units", BigInteger),
    Column("buffer_percent", Integer),
    Column("cap", BigInteger),
    Column("cut_off", BigInteger),
    Column("reorder_point", BigInteger),
    UniqueConstraint("scope", "value", "channel"),
)

channels = Table(
    "channels",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),  # storage.channels.Mode
    Column("shop", Text, nullable=False, server_default=""),  # which shop its orders and listings are of
    Column("created_at", Instant, nullable=False),
    Column("cursor", Text),
    Column("first_contact_at", Instant),  # orders before this, first seen closed, are a baseline
    _units("pulled_seq"),  # sequence at the start of the last complete pull
    Column("pulled_at", Instant),  # when that pull started
    Column("reread_at", Instant),  # last re-read of the open orders by id
    Column("listed_at", Instant),  # last complete reading of the listings
    Column("parked_reason", Text),  # why a person is needed; NULL: in service
    Column("pushed_at", Instant),  # start of the last push that the channel took without an error
    Column("heard_at", Instant),  # last genuine delivery of a webhook
    Column("paused_at", Instant),  # since when nothing may be written; NULL: it may
    Column("hooked_to", Text),  # where its webhooks are delivered, as far as we made them
    _flag("silent"),  # its silence is in the numbers of the others (extra buffer)
)

listings = Table(
    "listings",
    metadata,
    _id(),
    Column("channel", ForeignKey("channels.name"), nullable=False),
    Column("listing_id", Text, nullable=False),  # the channel's own ids
    Column("parent_id", Text),
    Column("channel_sku", Text),  # as the channel has it now
    Column("sku_id", ForeignKey("skus.id")),  # matched once by SKU, then held by the channel's ids
    Column("name", Text, nullable=False),
    Column("options", Text, nullable=False, server_default=""),
    Column("gtin", Text),
    Column("admin_url", Text),
    Column("stock", Text, nullable=False),  # connectors.contract.StockKeeping
    Column("published", Boolean, nullable=False),
    Column("sells_at_zero", JSON, nullable=False),  # reasons, in words
    _flag("accepted"),  # the owner accepts that it sells at zero
    _flag("excluded"),  # another listing of the same SKU in this channel is the primary one, or none is named
    Column("vanished_at", Instant),
    Column("shown", BigInteger),  # units, as last read
    Column("shown_at", Instant),
    Column("expected", BigInteger),  # the last confirmed number less what this channel sold since; NULL: to be anchored
    _units("bookings"),  # how often an order of this channel was booked here
    _units("anchored_seq"),  # sequence at the reading on which `expected` was founded
    Column("differs_since", Instant),  # shown ≠ expected, after a pull, since
    Column("in_doubt_until", Instant),  # a lost write may still take effect until then
    Column("pushed", BigInteger),  # the last confirmed target
    Column("pushed_at", Instant),
    Column("baseline_told", BigInteger),  # from which, less `sold` since `baseline_sold`, a change is judged
    _units("baseline_sold"),
    Column("rejected_target", BigInteger),  # a person said no to this number, less `sold` since `rejected_sold`
    _units("rejected_sold"),
    _units("generation"),  # grows with every change of an input of the offer
    Column("settled_generation", BigInteger, nullable=False, server_default=text("-1")),
    _units("failures"),
    Column("retry_at", Instant),
    Column("snapshot_shown", BigInteger),  # what it showed before go-live, for the rollback
    Column("snapshot_taken", BigInteger),
    Column("snapshot_at", Instant),
    Column("waits_since", Instant),  # first seen not to show what it should; NULL: it shows it, as far as is known
    Column("sale_at", Instant),  # the oldest sale in another channel that this one does not show yet (lag)
    Column("notice", JSON),  # what the buyer reads, as last taken: [status, text, days, date]; no text: not known
    Column("notice_retry_at", Instant),  # it was refused, and is not shown again before
    _flag("can_stop"),  # all of `sells_at_zero` can be taken away by a write (connectors.contract.Op.STOP)
    UniqueConstraint("channel", "listing_id"),
    Index(None, "sku_id"),
    Index("ix_listings_dirty", "channel", sqlite_where=DIRTY, postgresql_where=DIRTY),
)

incoming = Table(
    "incoming",
    metadata,
    _id(),
    Column("sku_id", ForeignKey("skus.id"), nullable=False),
    Column("units", BigInteger, nullable=False),  # announced
    _units("received"),  # of them, so far
    Column("expected_on", Date),  # a day in the shop's time zone; NULL: nobody knows
    Column("promised_on", Date),  # as it was promised at first: how far a supplier can be relied on (N20)
    Column("supplier", Text),
    Column("reference", Text),  # the owner's word for the order; with the SKU it tells deliveries of a file apart
    Column("announced_at", Instant, nullable=False),
    Column("received_at", Instant),  # the latest units
    Column("closed_at", Instant),  # received in full, or no more is expected
    Index(None, "sku_id"),
)

supplies = Table(
    "supplies",
    metadata,
    Column("feed", ForeignKey("channels.name"), primary_key=True),
    Column("sku_id", ForeignKey("skus.id"), primary_key=True),
    Column("units", BigInteger),  # as the supplier stated them last; NULL: it did not say
    Column("lead_time_days", Integer),  # working days
    Column("pack_size", Integer),
    Index(None, "sku_id"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("feed", ForeignKey("channels.name"), primary_key=True),
    Column("version", Text),  # of the content that was applied last
    Column("stated_at", Instant),  # when the supplier wrote what was applied, or confirmed it last
    Column("read_at", Instant),  # last reading that came to its end, applied or not
    _units("rows"),  # of what was applied
    Column("columns", JSON),  # its header words
    _units("newest_sku"),  # the highest id of a SKU when it was applied: what became known later is looked for in it
    _flag("expired"),  # it is past its time, and its units are in no number
    Column("held_for", JSON),  # why a reading waits for a yes, in words
    Column("approved_for", JSON),  # a person said yes to a reading that looked wrong so
    Column("rejected_for", JSON),  # a person said no
)

permissions = Table(
    "permissions",
    metadata,
    _id(),
    Column("sku_id", ForeignKey("skus.id"), nullable=False),
    Column("kind", Text, nullable=False),  # storage.permissions.PermissionKind
    Column("units", BigInteger),  # at most, where it is about units
    Column("status", Text),  # domain.status.StockStatus, where it is about the status
    Column("starts_on", Date),  # pre-order: the day from which it ships
    Column("until", Date),  # the last day on which it holds; NULL: until it is taken back
    Column("reason", Text, nullable=False, server_default=""),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),  # taken back, or replaced by another; the row stays, for those who ask later
    Index(None, "sku_id"),
)

demand = Table(
    "demand",
    metadata,
    Column("sku_id", ForeignKey("skus.id"), primary_key=True),
    Column(
        "weeks", JSON, nullable=False
    ),  # net units that customers took in each of the last whole weeks, newest first
    Column("first_seen_at", Instant, nullable=False),  # first movement or count
    Column("last_sold_at", Instant),  # a customer took the last one; NULL: never
    Column("worked_out_at", Instant, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("fulfilled_at", Instant),
    Column("held_until", Instant),  # an unpaid checkout: the promise ends then, by our clock
    _flag("holds_stock"),  # the channel subtracts the held units itself, unseen
    _flag("open"),
    _flag("baseline"),  # older than the first contact and first seen closed: nothing was booked for what it was then
    Column("read_at", Instant, nullable=False),
    Column("missing_since", Instant),
    Index(None, "channel", "open"),
    Index(None, "channel", "created_at"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    Column("line_id", Text, primary_key=True),
    Column("listing", ForeignKey("listings.id")),  # whose number the line took from
    Column("sku_id", ForeignKey("skus.id")),  # NULL: not mapped yet, nothing is booked
    Column("channel_listing_id", Text),
    Column("channel_sku", Text),
    Column("name", Text, nullable=False),
    _units("promised"),
    _units("undecided"),
    _units("fulfilled"),
    _units("returned"),
    _units("taken"),
    _units("decided"),
    _units("gone"),
    _units("bookings"),  # numbers the event ids of this line
    ForeignKeyConstraint(["channel", "order_id"], ["orders.channel", "orders.order_id"], name="fk_order_lines_order"),
    Index(None, "listing"),
    Index(None, "sku_id"),
)

intents = Table(
    "intents",
    metadata,
    _id(),
    Column("key", Text, nullable=False),  # one per call; with it the same call may be sent again
    Column("channel", Text, nullable=False),
    Column("listing", ForeignKey("listings.id"), nullable=False),
    Column("op", Text, nullable=False),  # connectors.contract.Op
    Column("expected", BigInteger, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("sent_at", Instant, nullable=False),  # committed before sending
    _flag("in_doubt_base"),  # a lowering from the number shown, while the listing was in doubt
    UniqueConstraint("key", "listing"),
    Index(None, "channel"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("delivery_id", Text, primary_key=True),  # the platform's own: the same in each of its retries
    Column("topic", Text, nullable=False),  # the platform's word
    Column("order_id", Text),  # what it is about, where it says so
    Column("listing_id", Text),
    Column("shown", BigInteger),  # units that it says the listing shows: tells our own echoes
    Column("received_at", Instant, nullable=False),
    Column("handled_at", Instant),  # the shop was asked about it
    Index(None, "channel", "handled_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
    Column("wanted_by", Text),  # who waits for it: the holder gives it up at its next page
    Column("wanted_until", Instant),  # a wish that is not renewed is forgotten
)

parked = Table(
    "parked",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sample", Text, nullable=False, server_default=""),
    Column("listing_ids", JSON, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("channel", "ref"),
)

incidents = Table(
    "incidents",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("hint", Text, nullable=False, server_default=""),
    Column("said", JSON),  # the text as domain.said.Said.as_json; NULL: of an earlier syncd, in English only
    Column("hint_said", JSON),  # the hint likewise; NULL also where there is none
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Text),  # storage.incidents.ClosedBy
    _flag("over"),  # its cause is gone; only then a new one of it is news
    Column("told", Text, nullable=False, server_default=""),  # the state that the log was last told of
    Index(None, "kind", "channel", "subject"),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    Column("family", Text, nullable=False),  # domain.alerts.Family
    Column("subject", Text, nullable=False),  # a SKU, a target, an order, or the number of an incident or hold
    Column("rule", Text, nullable=False),  # domain.alerts.Rule: the worst since it was raised that has not eased
    Column("sku_id", ForeignKey("skus.id")),
    Column("channel", Text, nullable=False, server_default=""),
    Column("said", JSON),  # of a target that cannot be told: why, and what to do, as domain.said.Said
    _units("missing"),  # promised too many, the most that somebody was told of; more is news
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("seen_at", Instant),  # a person has read it; until it gets worse
    Column("put_off_until", Instant),  # nobody is to be told again before; then it is told once more
    Index("uq_alerts_open", "family", "subject", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index(None, "closed_at"),
)

targets = Table(
    "targets",
    metadata,
    Column("name", Text, primary_key=True),  # an address, "slack", "apprise tgram 3f2a"
    Column("known_since", Instant, nullable=False),
    Column("told_at", Instant),  # it took the last message then
    Column("digest_at", Instant),  # up to then its digests are written
    _units("failures"),  # in a row
    Column("trouble", Text),  # why the last one failed, in words
    Column("retry_at", Instant),  # it is not tried before
    _flag("parked"),  # it turns messages away, until somebody mends something
    _flag("in_short"),  # it did not take a message as it was: the next one only counts the alerts
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("target", ForeignKey("targets.name"), nullable=False),
    Column("message_id", Text, nullable=False, unique=True),  # the same at each try
    Column("parts", JSON, nullable=False),  # as they are sent; committed before sending, emptied after it
    _units("sent"),  # of the parts, so far
    _units("unsure"),  # how often its answer was lost
    _units("refused"),  # how often it was turned away, though a part of it was taken, or perhaps was
    Column("made_at", Instant, nullable=False),
    Column("digest_at", Instant),  # it is the digest of that time
    Column("told_at", Instant),
    Index("ix_messages_untold", "target", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
)

notifications = Table(
    "notifications",
    metadata,
    _id(),
    Column("alert", ForeignKey("alerts.id"), nullable=False),
    Column("target", Text, nullable=False),
    Column("event", Text, nullable=False),  # domain.alerts.Event
    Column("rule", Text, nullable=False),  # domain.alerts.Rule: as it was then
    Column("made_at", Instant, nullable=False),  # in the transaction of what it tells
    Column("due_at", Instant, nullable=False),
    Column("message", ForeignKey("messages.id")),  # in which it is told; NULL: in none yet
    Column("told_at", Instant),
    Index(None, "alert"),
    Index("ix_notifications_untold", "target", "due_at", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
)

holds = Table(
    "holds",
    metadata,
    _id(),
    Column("channel", ForeignKey("channels.name"), nullable=False),
    Column("state", Text, nullable=False),  # storage.holds.HoldState
    Column("reason", Text, nullable=False),
    Column("said", JSON),  # the reason as domain.said.Said.as_json; NULL: of an earlier syncd, in English only
    Column("changes", JSON, nullable=False),  # [[listing row, before, after], ...], the worst first
    Column("feed", JSON),  # why a feed is held as a whole, in words; NULL: numbers of a channel are held
    Column("created_at", Instant, nullable=False),
    Column("decided_at", Instant),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
)
