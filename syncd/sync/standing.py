"""How things stand: channels, the master table, one SKU explained to its last unit (`status`, `stock`, `explain`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syncd.domain.alerts import Family
from syncd.domain.availability import Pools
from syncd.domain.replenishment import ReorderPoint
from syncd.domain.safety import Change
from syncd.storage import (
    alerts,
    catalogue,
    channels,
    holds,
    incidents,
    incoming,
    listings,
    orders,
    permissions,
    post,
    supplies,
)
from syncd.storage.catalogue import Level, Sku
from syncd.storage.channels import Mode
from syncd.storage.holds import Hold
from syncd.storage.incidents import Incident
from syncd.storage.incoming import Delivery
from syncd.storage.listings import ListingRow
from syncd.storage.orders import Reservation, ToDecide
from syncd.storage.permissions import Permission
from syncd.storage.post import Target
from syncd.storage.session import Tx
from syncd.sync import replenishing, views
from syncd.sync import stock as stock_of
from syncd.sync.desk import known_sku
from syncd.sync.house import House, Port
from syncd.sync.stock import Stock
from syncd.sync.views import View, in_step


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """One channel. `waiting`: listings that do not show yet what they should, the oldest since `oldest_waiting`;
    `read_at`: its orders, completely, or the newest file where it is not `steady`; `pushed_at`: the last push that it
    took. Where it told nothing for longer than `silent_after` it is silent."""

    name: str
    kind: str
    mode: Mode
    read_at: datetime | None
    listed_at: datetime | None
    kept: int
    waiting: int
    parked_reason: str | None
    paused_at: datetime | None
    pushed_at: datetime | None
    oldest_waiting: datetime | None
    silent_after: timedelta
    steady: bool
    feed: FeedStanding | None = None


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """A supplier's feed: of how many of our SKUs it told, and when it was written; ``None``: nothing was used yet.
    Where it is `too_old` its units are not sold. `held`: a newer one waits for a yes."""

    skus: int
    stated_at: datetime | None
    too_old: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is advertised in all channels together against what is available (N6)."""

    sku: str
    advertised: int
    available: int


@dataclass(frozen=True, slots=True)
class Standing:
    channels: tuple[ChannelStanding, ...]
    skus: int
    units_on_hand: int
    not_counted: int
    low: tuple[str, ...]
    low_told_at: datetime | None  # when somebody was last told of stock that is low, out or oversold now
    not_told: tuple[Target, ...]  # who could not be told last
    holds: int
    to_decide: int
    incidents: tuple[Incident, ...]
    advertised: int
    available: int
    exposed: tuple[Exposure, ...]  # SKUs of which more is advertised than available, the worst first


def standing(house: House) -> Standing:
    """How everything stands, by what is known; calls nobody."""
    with house.db.read() as tx:
        skus = catalogue.all_skus(tx)
        pools = stock_of.pools(tx, house)
        points, sells = replenishing.points(tx, house), house.sells
        found = []
        advertised: Counter[int] = Counter()
        for port in house.ports:
            channel = channels.get(tx, port.name)
            if channel is None:
                continue
            kept = views.load(tx, house, port)
            feed = _feed(tx, house, port.name) if port.feed is not None else None
            found.append(_channel(channel, port, kept, feed))
            for view in kept:
                advertised[view.sku.id] += max(0, view.row.showing or 0)
        counted = [sku for sku in skus if sku.counted_at is not None]
        low = tuple(sku.sku for sku in counted if pools[sku.id].available <= points[sku.id].units)
        exposed = [
            Exposure(sku.sku, advertised[sku.id], pools[sku.id].left_for(sells))
            for sku in counted
            if advertised[sku.id] > max(0, pools[sku.id].left_for(sells))
        ]
        known = post.targets_known(tx)
        return Standing(
            channels=tuple(found),
            skus=len(counted),
            units_on_hand=sum(pools[sku.id].on_hand for sku in counted),
            not_counted=len(skus) - len(counted),
            low=low,
            low_told_at=alerts.last_told(tx, Family.STOCK),
            not_told=tuple(known[name] for name in house.routes.everybody() if name in known and known[name].failures),
            holds=len(holds.every_open(tx)),
            to_decide=len(orders.to_decide(tx)),
            incidents=tuple(incidents.open_incidents(tx)),
            advertised=sum(advertised.values()),
            available=sum(max(0, pools[sku.id].left_for(sells)) for sku in counted),
            exposed=tuple(sorted(exposed, key=lambda one: one.available - one.advertised)),
        )


def _feed(tx: Tx, house: House, name: str) -> FeedStanding:
    known = supplies.every_feed(tx).get(name)
    if known is None:
        return FeedStanding(0, None, too_old=False, held=False)
    too_old = known.stated_at is not None and stock_of.expired(house, known)
    return FeedStanding(supplies.count(tx, name), known.stated_at, too_old, known.held_for is not None)


def _channel(channel: channels.Channel, port: Port, kept: list[View], feed: FeedStanding | None) -> ChannelStanding:
    live = channel.mode is not Mode.SHADOW
    late = [view for view in kept if live and not in_step(view)]
    since = [view.row.waits_since for view in late if view.row.waits_since is not None]
    return ChannelStanding(
        channel.name,
        channel.kind,
        channel.mode,
        channel.pulled_at,
        channel.listed_at,
        len(kept),
        len(late),
        channel.parked_reason,
        channel.paused_at,
        channel.pushed_at,
        min(since, default=None),
        port.silent_after,
        port.steady,
        feed,
    )


@dataclass(frozen=True, slots=True)
class StockLine:
    """One row of the master table (`syncd stock`)."""

    sku: Sku
    pools: Pools
    point: ReorderPoint
    levels: tuple[Level, ...]

    @property
    def low(self) -> bool:
        return self.pools.available <= self.point.units


def stock(house: House) -> list[StockLine]:
    """The master table, every SKU by its text."""
    with house.db.read() as tx:
        pools, levels, points = stock_of.pools(tx, house), catalogue.levels_by_sku(tx), replenishing.points(tx, house)
        return [
            StockLine(sku, pools[sku.id], points[sku.id], tuple(levels.get(sku.id, ())))
            for sku in catalogue.all_skus(tx)
        ]


@dataclass(frozen=True, slots=True)
class SupplyStanding:
    """What one supplier's feed states of a SKU, and how many units of that are believed. They are not sold where it is
    `too_old`; `lead_time_days` are working days."""

    feed: str
    units: int | None
    trusted: int
    lead_time_days: int | None
    pack_size: int | None
    stated_at: datetime | None
    too_old: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the number on each site comes from, down to the last unit (N38, N55).

    `deliveries` are all that are open, also those that are not sold; `permissions` all that the SKU has, also those
    whose time is over. `today` is the day in the shop's time zone.
    """

    sku: Sku
    stock: Stock
    levels: tuple[Level, ...]
    reservations: tuple[Reservation, ...]
    deliveries: tuple[Delivery, ...]
    supplies: tuple[SupplyStanding, ...]
    permissions: tuple[Permission, ...]
    today: date
    point: ReorderPoint
    views: tuple[View, ...]  # listings that syncd keeps; each offer's addends sum to what is offered
    left_alone: tuple[ListingRow, ...]  # listings of this SKU that it does not write
    modes: dict[str, Mode]

    @property
    def pools(self) -> Pools:
        return self.stock.pools


def explain(house: House, sku: str) -> Explanation:
    """Why a SKU shows what it shows.

    Raises:
        UnknownSku: it is not in the master table.
    """
    with house.db.read() as tx:
        found = known_sku(tx, sku)
        rows = listings.of_sku(tx, found.id)
        kept: list[View] = []
        modes = {}
        for port in house.ports:
            channel = channels.get(tx, port.name)
            if channel is not None:
                modes[port.name] = channel.mode
            kept.extend(views.load(tx, house, port, [row.id for row in rows if row.channel == port.name]))
        shown = {view.row.id for view in kept}
        return Explanation(
            found,
            stock_of.load(tx, house, [found.id])[found.id],
            tuple(catalogue.levels_by_sku(tx, [found.id]).get(found.id, ())),
            tuple(orders.reservations(tx, [found.id]).get(found.id, ())),
            tuple(incoming.open_deliveries(tx, [found.id])),
            tuple(_supplies(tx, house, found.id)),
            tuple(permissions.every(tx, [found.id])),
            house.today(),
            replenishing.points(tx, house, [found.id])[found.id],
            tuple(kept),
            tuple(row for row in rows if row.id not in shown),
            modes,
        )


def _supplies(tx: Tx, house: House, sku_id: int) -> Iterator[SupplyStanding]:
    feeds = supplies.every_feed(tx)
    for one in supplies.of_skus(tx, [sku_id]).get(sku_id, []):
        feed = feeds[one.feed]
        yield SupplyStanding(
            feed=one.feed,
            units=one.units,
            trusted=stock_of.trusted(house, one),
            lead_time_days=one.lead_time_days,
            pack_size=one.pack_size,
            stated_at=feed.stated_at,
            too_old=stock_of.expired(house, feed),
        )


INCIDENTS_SHOWN = 50


def incidents_of(house: House, *, closed_too: bool) -> list[Incident]:
    """The open incidents; with `closed_too` the latest ones, open or closed. The newest last."""
    with house.db.read() as tx:
        if not closed_too:
            return incidents.open_incidents(tx)
        latest = incidents.latest_incidents(tx, INCIDENTS_SHOWN)
        shown = {one.id for one in latest}
        return [*(one for one in incidents.open_incidents(tx) if one.id not in shown), *latest]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person (`syncd holds`)."""

    holds: tuple[holds.Hold, ...]
    to_decide: tuple[ToDecide, ...]
    incidents: tuple[Incident, ...]
    skus_of_listings: dict[int, str]  # of the listings that the holds name
    rejected: tuple[tuple[Hold, tuple[Change, ...]], ...]  # a person said no, and the number is still the same


def waiting(house: House) -> Waiting:
    """Holds, units to decide about, and incidents that are open."""
    with house.db.read() as tx:
        held = tuple(holds.every_open(tx))
        refused = tuple(holds.every_rejected(tx))
        rows = listings.by_ids(tx, {change.listing for hold in (*held, *refused) for change in hold.changes})
        still = {hold: tuple(one for one in hold.changes if _refused(rows, one)) for hold in refused}
        names = {sku_id: sku for sku, sku_id in catalogue.ids(tx).items()}
        return Waiting(
            held,
            tuple(orders.to_decide(tx)),
            tuple(incidents.open_incidents(tx)),
            {row.id: names[row.sku_id] for row in rows.values() if row.sku_id is not None},
            tuple((hold, changes) for hold, changes in still.items() if changes),
        )


def _refused(rows: dict[int, ListingRow], change: Change) -> bool:
    return change.listing in rows and rows[change.listing].rejected_target == change.after
