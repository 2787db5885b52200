"""One sync: recover, read, pull all, push (design.md §5). The daemon and the command run this same code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from connectors.contract import ConnectorError, CredentialsRejected, Unreadable
from syncd.domain.said import Said
from syncd.domain.stock import StockClass
from syncd.storage import catalogue, channels, incidents, leases, listings
from syncd.storage.channels import Channel, Mode
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync import anchor, clockwork, mapper, puller, supply, writer
from syncd.sync.house import House, LeaseHeld, Port, Refusal
from syncd.sync.puller import Pulled
from syncd.sync.pusher import Pushed, Pusher
from syncd.sync.sources import note_silent
from syncd.sync.supply import Taken

ANCHOR_TRIES = 3
"""How often a listing is read anew in one run when orders were booked while it was being anchored."""

LIST_EVERY = timedelta(hours=24)

SHIPPING = (StockClass.OWN, StockClass.EXTERNAL)
"""The classes of places that orders ship from."""

LOOK_AGAIN_S = 1
"""How often who waits for a channel looks whether it is free, in seconds."""


@dataclass(slots=True)
class Report:
    """What one sync did, channel by channel."""

    pulled: dict[str, Pulled] = field(default_factory=dict)
    failed: dict[str, ConnectorError] = field(default_factory=dict)
    unlisted: dict[str, ConnectorError] = field(default_factory=dict)  # listings could not be read; the rest went on
    supplied: dict[str, Taken] = field(default_factory=dict)  # suppliers' feeds that were read
    pushed: dict[str, Pushed] = field(default_factory=dict)
    shadow: list[str] = field(default_factory=list)  # channels to which nothing is written yet
    paused: list[str] = field(default_factory=list)  # live ones to which nothing is written until they are resumed

    @property
    def complete(self) -> bool:
        """True where every channel was read and every number that had to go out did."""
        return (
            not self.failed
            and not self.unlisted
            and not any(one.error or one.rejected or one.in_doubt for one in self.pushed.values())
        )

    @property
    def held(self) -> bool:
        return any(one.hold is not None for one in self.pushed.values()) or any(
            one.held and not one.answered for one in self.supplied.values()
        )


def remember_channels(house: House) -> None:
    """Make every configured channel known to the database; new ones are in shadow."""
    with house.db.read() as tx:
        known = {channel.name: channel for channel in channels.every(tx)}
    if all(port.name in known and _as_known(port, known[port.name]) for port in house.ports):
        return
    with house.db.write() as tx:
        for port in house.ports:
            channel = channels.ensure(tx, port.name, port.kind, house.now())
            untouched = channel.pulled_at is None and channel.listed_at is None
            if port.shop and (not channel.shop or untouched):
                channels.change(tx, port.name, shop=port.shop)


def _as_known(port: Port, channel: Channel) -> bool:
    return channel.kind == port.kind and (not port.shop or bool(channel.shop))


def _know_where_from(house: House, ports: Iterable[Port]) -> None:
    """Every place that orders ship from must exist: another spelling would be a second, empty shelf.

    Raises:
        Refusal: one does not.
    """
    with house.db.read() as tx:
        known = catalogue.location_names(tx)
    for port in ports:
        for name in port.ships_from:
            if known.get(name) not in SHIPPING:
                places = ", ".join(place for place, kind in known.items() if kind in SHIPPING)
                raise Refusal(
                    f"{port.name.upper()}_SHIPS_FROM names {name}, which is no location of yours",
                    f"Known: {places}. An import file can bring new ones.",
                )


def wrong_shop(tx: Tx, port: Port) -> Refusal | None:
    """Why a channel's settings cannot be right, where they name another shop than before, or one known by another name.

    Ids of orders and listings mean nothing in another shop, and the open orders of one shop count once.
    """
    if not port.shop:
        return None
    for channel in channels.every(tx):
        if channel.name == port.name and channel.shop not in ("", port.shop):
            return Refusal(
                f"{port.name} was the shop at {channel.shop}, and its address is {port.shop} now",
                f"Another shop? Give it a name of its own in SYNCD_CHANNELS. The same, moved? syncd moved {port.name}",
            )
        if channel.name != port.name and (channel.kind, channel.shop) == (port.kind, port.shop) and channel.pulled_at:
            return Refusal(
                f"{port.name} is the shop that is known as {channel.name}: its open orders would count twice",
                f"Call it {channel.name} in SYNCD_CHANNELS again.",
            )
    return None


def moved(house: House, port: Port) -> str:
    """The same shop has a new address: go on with what is known of it; the address of before."""
    with house.db.write() as tx:
        channel = channels.get(tx, port.name)
        assert channel is not None
        channels.change(tx, port.name, shop=port.shop)
    return channel.shop


@contextmanager
def leased(house: House, about: Iterable[Port] = (), *, within: Sequence[Port] | None = None) -> Iterator[None]:
    """Work on every channel of the house (or `within` these), as the only one; `about`: those that it is about.

    A channel that another process works on is asked for, and waited for as long as the house's patience lasts.

    Raises:
        Refusal: the settings of one of those name a wrong shop, or a place that is not there.
        LeaseHeld: another process works on one of them; nothing was done.
    """
    ports = house.ports if within is None else within
    remember_channels(house)
    _know_where_from(house, ports)
    with house.db.read() as tx:
        for port in about:
            if refusal := wrong_shop(tx, port):
                raise refusal
    names = sorted(port.name for port in ports)
    try:
        _take(house, names)
        yield
    finally:
        with house.db.write() as tx:
            leases.release(tx, house.holder, names, house.lease_time(tx))


def _take(house: House, names: Sequence[str]) -> None:
    """Take these leases one after the other, and ask only for the next: two that wait for each other would wait for
    ever, and in the order of the names nobody does."""
    until = house.now() + house.patience
    while True:
        patient = house.now() < until
        with house.db.write() as tx:
            now = house.lease_time(tx)
            missing = next((name for name in names if not leases.take(tx, name, house.holder, now)), None)
            if missing is not None and patient:
                leases.wish(tx, missing, house.holder, now)
        if missing is None:
            return
        if not patient:
            raise LeaseHeld(missing)
        house.progress("waiting for another syncd to finish", 0, None)
        house.sleep(LOOK_AGAIN_S)


def sync(
    house: House, *, only: Collection[str] | None = None, skus: Collection[str] | None = None, dry_run: bool = False
) -> Report:
    """Read every channel and bring the live ones in step; with `dry_run` only read.

    `only` and `skus` narrow the pushes, never the pulls: no number is right without every sale.

    Raises:
        LeaseHeld: another syncd works on a channel.
    """
    with leased(house):
        return Cycle(house).run(only=only, skus=skus, dry_run=dry_run)


def ask_nobody(_names: Collection[str]) -> None:
    """For runs that work on every channel: there is nobody else to ask."""


@dataclass(slots=True)
class Cycle:
    """The steps of a sync, for callers that hold the leases of the channels `within` (all, where not given).

    Where a number waits for the orders of another channel, `ask` is told: it is read by whoever works there.
    """

    house: House
    within: frozenset[str] | None = None
    ask: Callable[[Collection[str]], None] = ask_nobody
    report: Report = field(default_factory=Report)
    _barred: set[str] = field(default_factory=set)  # channels whose settings name a wrong shop: they are not asked

    def run(
        self, *, only: Collection[str] | None = None, skus: Collection[str] | None = None, dry_run: bool = False
    ) -> Report:
        clockwork.tick(self.house)
        self.bar_wrong_shops()
        sinks = {port.name: self._channel(port) for port in self._ports if port.sink is not None}
        live = [port for port in self._ports if port.name in sinks and sinks[port.name].mode is not Mode.SHADOW]
        self.report.paused = [port.name for port in live if sinks[port.name].paused_at is not None]
        able = [port for port in live if port.name not in self._barred and port.name not in self.report.paused]
        chosen = [] if dry_run else [port for port in able if only is None or port.name in only]
        self.report.shadow = [name for name, channel in sinks.items() if channel.mode is Mode.SHADOW]
        for port in chosen:
            if self.listings_due(port):
                self.refresh(port)
            self.recover(port)
        self.take_supplies()
        self.pull_and_anchor(chosen)
        for port in chosen:
            if port.name not in self.report.failed or self.may_lower(port):
                self.report.pushed[port.name] = self.push(port, self._rows(port, skus))
        self._follow_adopted(chosen)
        if skus is None:
            for port in chosen:
                self._finish_restoring(port)
        return self.report

    def _follow_adopted(self, ports: Sequence[Port]) -> None:
        """A number that one shop's push took as a count lowers the shops that were pushed before it, too."""
        adopted: set[int] = set()
        for port in reversed(ports):
            before = self.report.pushed.get(port.name)
            if before is None or before.error is not None:
                continue
            if adopted:
                with self.house.db.read() as tx:
                    rows = [row.id for row in listings.of_channel(tx, port.name) if row.sku_id in adopted]
                if rows:
                    before.add(self.push(port, rows))
            adopted |= before.adopted

    def write(self, port: Port, rows: Collection[int], *, whole: bool, look_at: Collection[int] = ()) -> Report:
        """Bring these listings of a live channel in step; `whole` and `look_at` as for `push`."""
        self.bar_wrong_shops()
        self.recover(port)
        self.pull_and_anchor([port], rows)
        if port.name not in self.report.failed or self.may_lower(port):
            self.report.pushed[port.name] = self.push(port, rows, whole=whole, look_at=look_at)
        if whole:
            self._finish_restoring(port)
        return self.report

    @property
    def _ports(self) -> list[Port]:
        """The channels that this run works on."""
        return [port for port in self.house.ports if self.within is None or port.name in self.within]

    def bar_wrong_shops(self) -> None:
        """Ask nothing of a channel whose settings name another shop than before."""
        for port in self._ports:
            with self.house.db.read() as tx:
                refusal = wrong_shop(tx, port)
            if refusal is not None:
                self._barred.add(port.name)
                self._failed(port, CredentialsRejected(refusal.sentence, hint=refusal.hint))

    def barred(self, port: Port) -> bool:
        """True where the settings of a channel name a wrong shop: nothing is asked of it (in the report)."""
        return port.name in self._barred

    def listings_due(self, port: Port) -> bool:
        """True once a day: what is new, renamed or gone would otherwise never be noticed."""
        listed_at = self._channel(port).listed_at
        return port.shelf is not None and (listed_at is None or self.house.now() - listed_at >= LIST_EVERY)

    def refresh(self, port: Port) -> None:
        """Read all listings of a channel. A failure ends up in the report."""
        try:
            mapper.refresh(self.house, port)
        except ConnectorError as error:
            self._failed(port, error)
            self.report.unlisted[port.name] = error

    def recover(self, port: Port) -> None:
        """Deal with writes of earlier runs whose end is not known."""
        writer.recover(self.house, port)
        with self.house.db.write() as tx:
            anchor.end_doubts(tx, port, self.house.now())

    def pull_and_anchor(self, ports: Iterable[Port], rows: Collection[int] | None = None) -> None:
        """Read the numbers that must be known anew (of these rows, or of all), then every channel's orders; found the
        numbers on that."""
        ports = list(ports)
        # Without a cursor the list of orders holds only open ones: one that was restocked after the number was read
        # would never be told. So the first contact is made before any number is read.
        self.pull(port.name for port in ports if self._never_pulled(port))
        readings = {port.name: self._read(port, self._unfounded(port, rows)) for port in ports}
        for port in ports:
            anchor.wait_for_orders(self.house, port, readings.get(port.name, []))
        self.pull(port.name for port in self._ports)
        for port in ports:
            left = self._accept(port, readings.get(port.name, []))
            for _ in range(ANCHOR_TRIES - 1):
                if not left:
                    break
                with self.house.db.read() as tx:
                    wanted = list(listings.by_ids(tx, left).values())
                again = self._read(port, wanted)
                anchor.wait_for_orders(self.house, port, again)
                self.pull([port.name])
                left = self._accept(port, again)

    def take_supplies(self) -> None:
        """Read what the suppliers have, of every feed that this run works on. Failures end up in the report."""
        for port in self._ports:
            if port.feed is None:
                continue
            try:
                self.report.supplied[port.name] = supply.take(self.house, port)
            except ConnectorError as error:
                self.report.failed[port.name] = error

    def _never_pulled(self, port: Port) -> bool:
        with self.house.db.read() as tx:
            channel = channels.get(tx, port.name)
        return channel is None or channel.pulled_at is None

    def _unfounded(self, port: Port, rows: Collection[int] | None) -> list[ListingRow]:
        if port.shelf is None:
            return []
        with self.house.db.read() as tx:
            return anchor.wanted(tx, self.house, port, rows)

    def _read(self, port: Port, wanted: list[ListingRow]) -> list[anchor.Reading]:
        if not wanted:
            return []
        try:
            return anchor.read(self.house, port, wanted)
        except ConnectorError as error:
            self._failed(port, error)
            return []

    def _accept(self, port: Port, readings: list[anchor.Reading]) -> list[int]:
        if not readings or port.name in self.report.failed:
            return []
        with self.house.db.write() as tx:
            return anchor.accept(tx, readings, self.house.now())

    def pull(self, names: Iterable[str]) -> set[str]:
        """Read the orders of these channels; those that were read to the end. Failures end up in the report."""
        done = set()
        wanted = set(names)
        others = set() if self.within is None else wanted - self.within
        if others:
            self.ask(others)
        for name in sorted(wanted - others):
            port = self.house.port(name)
            if port.sales is None or name in self._barred:
                continue
            try:
                pulled = puller.pull(self.house, port)
            except ConnectorError as error:
                self._failed(port, error)
                continue
            before = self.report.pulled.get(name, Pulled(0, 0))
            self.report.pulled[name] = Pulled(before.orders + pulled.orders, before.units + pulled.units)
            self.report.failed.pop(name, None)
            done.add(name)
        return done

    def pull_these(self, port: Port, order_ids: Sequence[str]) -> Pulled | None:
        """Read these orders as they stand now; ``None`` where the channel failed (in the report)."""
        try:
            return puller.pull_these(self.house, port, order_ids)
        except ConnectorError as error:
            self._failed(port, error)
            return None

    def push(
        self, port: Port, rows: Collection[int] | None = None, *, whole: bool = False, look_at: Collection[int] = ()
    ) -> Pushed:
        """Bring one channel in step, or these listings of it (`whole`: they are all that may differ).

        `look_at`: read what these show in any case.
        """
        started_at = self.house.now()
        pulled = port.sales is None or (port.name in self.report.pulled and port.name not in self.report.failed)
        # The service looks again within the minute that a number needs to be no sale; a one-shot may not look for long.
        one_shot = self.within is None
        pushed = Pusher(self.house, port, pulled, self.pull, rows, whole or rows is None, look_at, one_shot).push()
        subject = f"writing to {port.name}"
        with self.house.db.write() as tx:
            if isinstance(pushed.error, CredentialsRejected | Unreadable):
                self._park(tx, port, subject, pushed.error)
            elif pushed.written or (pushed.error is None and (whole or rows is None) and not pushed.waiting):
                incidents.close_incident(
                    tx, IncidentKind.PARKED, channel=port.name, subject=subject, now=self.house.now()
                )
            if pushed.error is None and not pushed.in_doubt:
                channels.change(tx, port.name, pushed_at=started_at)
        return pushed

    def _failed(self, port: Port, error: ConnectorError) -> None:
        self.report.failed[port.name] = error
        with self.house.db.write() as tx:
            if isinstance(error, CredentialsRejected | Unreadable):
                channels.change(tx, port.name, parked_reason=str(error))
                self._park(tx, port, port.name, error)
            note_silent(tx, self.house, port, str(error))

    def _park(self, tx: Tx, port: Port, subject: str, error: ConnectorError) -> None:
        incidents.open_incident(
            tx,
            IncidentKind.PARKED,
            channel=port.name,
            subject=subject,
            text=Said("{channel}: {reason}", channel=port.name, reason=str(error)),
            hint=Said.verbatim(error.hint) if error.hint else Said("Look at it: syncd check"),
            now=self.house.now(),
        )

    def may_lower(self, port: Port) -> bool:
        """A channel whose orders cannot be read may still take lowerings, unless it turns us away altogether."""
        return not isinstance(self.report.failed[port.name], CredentialsRejected | Unreadable)

    def _channel(self, port: Port) -> Channel:
        with self.house.db.read() as tx:
            channel = channels.get(tx, port.name)
        assert channel is not None, "remembered when the lease was taken"
        return channel

    def _rows(self, port: Port, skus: Collection[str] | None) -> list[int] | None:
        if skus is None:
            return None
        with self.house.db.read() as tx:
            wanted = {sku_id for sku, sku_id in catalogue.ids(tx).items() if sku in skus}
            return [row.id for row in listings.of_channel(tx, port.name) if row.sku_id in wanted]

    def _finish_restoring(self, port: Port) -> None:
        pushed = self.report.pushed.get(port.name)
        if self._channel(port).mode is not Mode.RESTORING or pushed is None or pushed.error is not None:
            return
        if not (pushed.waiting or pushed.in_doubt or pushed.rejected):
            with self.house.db.write() as tx:
                left = listings.by_ids(tx, listings.changed(tx, port.name)).values()
                if any(row.kept for row in left):  # refused lately, and not in this push
                    return
                channels.change(tx, port.name, mode=Mode.SHADOW)
                listings.forget_snapshots(tx, port.name)
