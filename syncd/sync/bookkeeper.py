"""Books what orders mean: the difference between what is booked for a line and what it is now (design.md §3.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.contract import OrderLine, OrderState
from syncd.domain.availability import ON_HAND, Pools, Rule
from syncd.domain.movements import Kind, LineBooked, Movement, Step, steps
from syncd.domain.said import Said
from syncd.storage import catalogue, ledger, listings, orders
from syncd.storage.channels import Channel
from syncd.storage.incidents import IncidentKind, close_incident, open_incident
from syncd.storage.listings import ListingRow
from syncd.storage.orders import LineRow, OrderRow
from syncd.storage.session import Tx
from syncd.sync import stock
from syncd.sync.house import House, Port
from syncd.texts import commands

READ_NOTED_EVERY = timedelta(hours=1)
"""Open orders are read again by id where they were not read for a day: an hour more or less is nothing to that."""

CLOCKS_APART = timedelta(minutes=15)
"""How far a shop's clock may be from ours when we ask whether an order is older than the first contact."""


@dataclass(slots=True)
class Booked:
    """What a page of order states changed."""

    orders: int = 0  # that were new or changed
    units: int = 0  # net units that customers took
    unknown_listings: set[str] = field(default_factory=set)  # ids of the channel's that we have never listed
    sku_ids: set[int] = field(default_factory=set)
    sold_at: dict[int, datetime] = field(default_factory=dict)  # by SKU: when its oldest order here was made


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Books order states of one channel within one transaction."""

    tx: Tx
    house: House
    port: Port
    channel: Channel
    now: datetime
    _waiting: list[Movement] = field(default_factory=list)  # movements are posted together
    _locations: dict[str, int] = field(default_factory=dict)

    def book(self, states: Iterable[OrderState]) -> Booked:
        """Book these order states; each counts once, however often and in whatever order it is read."""
        booked = Booked()
        states = list(states)
        known = listings.by_listing_id(
            self.tx, self.port.name, {line.listing_id for one in states for line in one.lines if line.listing_id}
        )
        known |= listings.by_listing_id(
            self.tx,
            self.port.name,
            {row.parent_id for row in known.values() if row.stock == "parent" and row.parent_id},
        )
        skus = catalogue.ids(self.tx) if self.port.by_sku and states else {}
        for state in states:
            if self._book_order(state, known, skus, booked):
                booked.orders += 1
        self._post_waiting()
        note_oversold(self.tx, self.house, booked.sku_ids)
        # Before the first pull its orders are older than our acquaintance; what a till tells late is no lag of ours.
        if self.channel.pulled_at is not None and self.port.steady:
            listings.note_sales(self.tx, self.port.name, booked.sold_at)
        return booked

    def _book_order(
        self, state: OrderState, known: dict[str, ListingRow], skus: Mapping[str, int], booked: Booked
    ) -> bool:
        row = orders.get(self.tx, self.port.name, state.id)
        if row is not None and state.version < row.version:
            return False
        baseline = row.baseline if row is not None else self._is_baseline(state)
        lines = orders.lines(self.tx, self.port.name, state.id) if row is not None else {}
        held = state.held_until is not None and state.held_until > self.now
        values = {
            "number": state.number,
            "version": state.version,
            "status": state.status,
            "created_at": state.created_at,
            "fulfilled_at": state.fulfilled_at,
            "held_until": state.held_until if held else None,
            "holds_stock": state.holds_stock and held,
            "baseline": baseline,
            "read_at": self.now,
            "missing_since": None,
        }
        new = row is None
        if new:
            orders.put(self.tx, self.port.name, state.id, {**values, "open": False}, new=True)
        changed = new
        still_open = False
        listed = {line.line_id for line in state.lines}
        for line in state.lines:
            before = lines.get(line.line_id)
            after = (before.booked if before else LineBooked()).seen_as(*_units_now(line, state, held))
            changed |= self._book_line(state, line, before, after, known, skus, booked, silent=new and baseline)
            still_open |= after.open
        for line_id, before in lines.items():
            if line_id not in listed:
                changed |= self._move(state, before, before.booked.removed(), booked)
        if still_open if row is None else changed or self._is_news(row, {**values, "open": still_open}):
            orders.put(self.tx, self.port.name, state.id, {**values, "open": still_open}, new=False)
        if not still_open and row is not None and row.open:
            self._close(IncidentKind.OUT_OF_SIGHT, state.id)
        return changed

    def _is_news(self, row: OrderRow, values: Mapping[str, object]) -> bool:
        """True where an order stands otherwise than is written down, or that it was read is not noted for long.

        Cursors overlap, so that the newest orders are read at every poll: a write for each would be most of all writes.
        """
        if self.now - row.read_at > READ_NOTED_EVERY:
            return True
        return any(getattr(row, name) != value for name, value in values.items() if name != "read_at")

    def _close(self, kind: IncidentKind, subject: str) -> None:
        close_incident(self.tx, kind, channel=self.port.name, subject=subject, now=self.now)

    def _is_baseline(self, state: OrderState) -> bool:
        """True for an order that was over before we met the channel: its units had left before the first count.

        Not so at a till, whose receipts are over whenever they are told: there the ledger sees to it, which gives a
        movement from before a count its counter-entry.
        """
        if not self.port.steady:
            return False
        first = self.channel.first_contact_at
        return first is not None and not state.open and state.created_at < first - CLOCKS_APART

    def _book_line(
        self,
        state: OrderState,
        line: OrderLine,
        before: LineRow | None,
        after: LineBooked,
        known: dict[str, ListingRow],
        skus: Mapping[str, int],
        booked: Booked,
        *,
        silent: bool,
    ) -> bool:
        if before is not None:
            return self._move(state, before, after, booked)
        listing = _keeper(known, line.listing_id)
        sku_id = listing.sku_id if listing is not None else skus.get(line.sku or "")
        mapped = sku_id is not None
        fresh = LineRow(
            order_id=state.id,
            line_id=line.line_id,
            listing=listing.id if listing is not None else None,
            sku_id=sku_id,
            channel_listing_id=line.listing_id,
            channel_sku=line.sku,
            name=line.name,
            booked=after if silent or not mapped else LineBooked(),
            bookings=0,
        )
        values = {
            "listing": fresh.listing,
            "sku_id": fresh.sku_id,
            "channel_listing_id": line.listing_id,
            "channel_sku": line.sku,
            "name": line.name,
        }
        orders.put_line(self.tx, self.port.name, state.id, line.line_id, booked=fresh.booked, values=values, new=True)
        if not mapped:
            self._park_unmapped(state, line, listing, after, booked)
            return True
        return silent or self._move(state, fresh, after, booked)

    def _subject(self, order_id: str, line_id: str, sku: str | None) -> str:
        """What an incident about an unmapped line is about; at a till the SKU, which may be on a thousand receipts."""
        return f"SKU {sku}" if self.port.by_sku else f"{order_id}/{line_id}"

    def _park_unmapped(
        self, state: OrderState, line: OrderLine, listing: ListingRow | None, after: LineBooked, booked: Booked
    ) -> None:
        if line.listing_id is not None and listing is None:
            booked.unknown_listings.add(line.listing_id)
        counts_no_stock = listing is not None and listing.stock == "none"
        if counts_no_stock or not _moves_units(after):
            return  # a gift card, a download, or a line that takes nothing: recorded, nobody is asked (design.md §3.7)
        name = self.port.name
        sku = line.sku or Said("missing")
        count = commands.typed(("count",), (line.sku or "SKU", "UNITS"))
        if self.port.by_sku:
            text = (
                Said(
                    "Receipt {receipt} in {channel} sold {units} × SKU {sku}, which is not in the master table",
                    receipt=state.number,
                    channel=name,
                    units=after.fulfilled,
                    sku=sku,
                )
                if after.fulfilled
                else Said(
                    "Receipt {receipt} in {channel} took back {units} × SKU {sku}, which is not in the master table",
                    receipt=state.number,
                    channel=name,
                    units=after.returned,
                    sku=sku,
                )
            )
            hint = Said(
                "It is booked by itself once the SKU is counted: {count}. A mistyped one? syncd sell RIGHT-SKU UNITS,"
                " then close this",
                count=count,
            )
        else:
            text = Said(
                "Order {order} in {channel} sold {units} × {name} (SKU {sku}), which is not in the master table",
                order=state.number,
                channel=name,
                units=after.reserved or after.fulfilled,
                name=line.name,
                sku=sku,
            )
            hint = Said(
                "Count it ({count}) or match it: {export}",
                count=count,
                export=commands.typed(("map", "export"), ("todo.csv",), commands.option("--channel", name)),
            )
        open_incident(
            self.tx,
            IncidentKind.UNMAPPED,
            channel=name,
            subject=self._subject(state.id, line.line_id, line.sku),
            text=text,
            hint=hint,
            now=self.now,
        )

    def _move(self, state: OrderState, before: LineRow, after: LineBooked, booked: Booked) -> bool:
        """Book a known line's way from what is booked to `after`; True where anything changed."""
        if after == before.booked:
            return False
        if before.sku_id is None:
            orders.put_line(self.tx, self.port.name, state.id, before.line_id, booked=after, values={}, new=False)
            if not _moves_units(after):
                self._close(IncidentKind.UNMAPPED, self._subject(state.id, before.line_id, before.channel_sku))
            return True
        self._post(state.id, before, after, state.fulfilled_at)
        booked.units += after.reserved + after.fulfilled - before.booked.reserved - before.booked.fulfilled
        booked.sku_ids.add(before.sku_id)
        if not before.bookings:
            first = booked.sold_at.get(before.sku_id, state.created_at)
            booked.sold_at[before.sku_id] = min(first, state.created_at)
        return True

    def _post(self, order_id: str, before: LineRow, after: LineBooked, fulfilled_at: datetime | None) -> None:
        assert before.sku_id is not None
        number = before.bookings + 1
        moves: list[Movement] = []
        line = f"{self.port.name}/{order_id}/{before.line_id}/{number}"
        for step in steps(before.booked, after):
            happened_at = self.now
            # What a till takes back came with the receipt; when a shop's parcel came back, nobody says.
            if fulfilled_at is not None and (step.kind is Kind.FULFILMENT or not after.fulfilled):
                happened_at = min(fulfilled_at, self.now)
            for location_id, on_hand, reserved in self._places(before.sku_id, step):
                moves.append(
                    Movement(
                        event_id=f"{line}/{step.kind.value}/{location_id or 0}",
                        sku_id=before.sku_id,
                        kind=step.kind,
                        happened_at=happened_at,
                        on_hand=on_hand,
                        reserved=reserved,
                        location_id=location_id,
                        channel=self.port.name,
                        order_id=order_id,
                        line_id=before.line_id,
                    )
                )
        orders.put_line(
            self.tx,
            self.port.name,
            order_id,
            before.line_id,
            booked=after,
            values={"bookings": number},
            new=False,
        )
        self._waiting.extend(moves)
        if before.listing is not None:
            listings.book(self.tx, before.listing, after.taken - before.booked.taken)

    def _post_waiting(self) -> None:
        ledger.post(self.tx, self._waiting, self.now)
        note_shipped(self.tx, self.house, self._waiting)
        self._waiting.clear()

    def _location(self, name: str) -> int:
        if name not in self._locations:
            self._locations[name] = catalogue.location(self.tx, name)
        return self._locations[name]

    def _places(self, sku_id: int, step: Step) -> list[tuple[int | None, int, int]]:
        """Where a step moves units: (location, on hand, reserved) each. Shipping empties ship-from places in order."""
        if not step.on_hand:
            return [(None, 0, step.reserved)]
        if step.quarantine:
            return [(self._location(self.house.returns_to), step.on_hand, step.reserved)]
        places = {name: self._location(name) for name in self.port.ships_from}
        if len(places) == 1:
            return [(place, step.on_hand, step.reserved) for place in places.values()]
        self._post_waiting()
        there = {level.location: level.on_hand for level in catalogue.levels_by_sku(self.tx, [sku_id]).get(sku_id, [])}
        left = -step.on_hand
        moved = []
        for name, location_id in places.items():
            units = min(left, max(0, there.get(name, 0)))
            if units > 0:
                moved.append((location_id, -units))
                left -= units
        if left:
            first = next(iter(places.values()))
            moved = [(first, dict(moved).get(first, 0) - left), *((at, n) for at, n in moved if at != first)]
        return [(at, on_hand, step.reserved if i == 0 else 0) for i, (at, on_hand) in enumerate(moved)]

    def vanish(self, order_ids: Iterable[str]) -> None:
        """These orders can no longer be seen: their unshipped units stay held and wait for a decision."""
        for order_id in order_ids:
            row = orders.get(self.tx, self.port.name, order_id)
            if row is None:
                continue
            for line in orders.lines(self.tx, self.port.name, order_id).values():
                after = line.booked.vanished()
                if after != line.booked and line.sku_id is not None:
                    self._post(order_id, line, after, None)
            values = {"missing_since": row.missing_since or self.now, "read_at": self.now}
            orders.put(self.tx, self.port.name, order_id, values, new=False)
        self._post_waiting()

    def end_lapsed_holds(self) -> int:
        """End the reservations of unpaid checkouts whose hold is over by our clock; how many orders."""
        lapsed = orders.lapsed_holds(self.tx, self.port.name, self.now)
        for order_id in lapsed:
            for line in orders.lines(self.tx, self.port.name, order_id).values():
                after = replace(line.booked, promised=0)
                if after != line.booked and line.sku_id is not None:
                    self._post(order_id, line, after, None)
            values = {"held_until": None, "holds_stock": False, "open": False}
            orders.put(self.tx, self.port.name, order_id, values, new=False)
        self._post_waiting()
        return len(lapsed)

    def book_mapped(self) -> int:
        """Book lines that waited for their SKU and have one now; how many."""
        waiting = orders.unmapped(self.tx, self.port.name)
        skus = catalogue.ids(self.tx) if self.port.by_sku and waiting else {}
        ids = {line.channel_listing_id for line in waiting if line.channel_listing_id}
        known = listings.by_listing_id(self.tx, self.port.name, ids)
        parents = {row.parent_id for row in known.values() if row.stock == "parent" and row.parent_id}
        known |= listings.by_listing_id(self.tx, self.port.name, parents)
        done = 0
        for line in waiting:
            listing = _keeper(known, line.channel_listing_id)
            sku_id = listing.sku_id if listing is not None else skus.get(line.channel_sku or "")
            if sku_id is None:
                continue
            row = orders.get(self.tx, self.port.name, line.order_id)
            assert row is not None
            self._adopt_line(row, line, listing.id if listing is not None else None, sku_id)
            done += 1
        self._post_waiting()
        return done

    def _adopt_line(self, row: OrderRow, line: LineRow, listing: int | None, sku_id: int) -> None:
        values = {"listing": listing, "sku_id": sku_id}
        before = replace(line, listing=listing, sku_id=sku_id, booked=LineBooked())
        orders.put_line(
            self.tx, self.port.name, line.order_id, line.line_id, booked=line.booked, values=values, new=False
        )
        if not row.baseline:
            self._post(line.order_id, before, line.booked, row.fulfilled_at)
        self._close(IncidentKind.UNMAPPED, self._subject(line.order_id, line.line_id, line.channel_sku))


def _moves_units(line: LineBooked) -> bool:
    return bool(line.reserved or line.fulfilled or line.returned)


def _units_now(line: OrderLine, state: OrderState, held: bool) -> tuple[int, int, int, int, int]:
    """promised, undecided, fulfilled, returned, taken: as they count for us now."""
    if state.test:
        return 0, 0, 0, 0, line.taken
    lapsed = state.held_until is not None and not held
    return 0 if lapsed else line.promised, line.undecided, line.fulfilled, line.returned, line.taken


def _keeper(known: dict[str, ListingRow], listing_id: str | None) -> ListingRow | None:
    """The listing that counts the stock of a line: a variation's parent where the parent counts (design.md §3.10)."""
    row = known.get(listing_id) if listing_id is not None else None
    if row is not None and row.stock == "parent" and row.parent_id is not None:
        return known.get(row.parent_id, row)
    return row


def note_shipped(tx: Tx, house: House, moves: Iterable[Movement]) -> None:
    """Say of which SKUs units were shipped that a channel holds back: it may sell as many more of the next pool.

    That is a raise like any other, and waits until every channel was read (design.md §3.5).
    """
    promised: dict[int, int] = defaultdict(int)
    for move in moves:
        promised[move.sku_id] += move.reserved
    ids = sorted(sku_id for sku_id, units in promised.items() if units < 0)
    if not ids:
        return
    pools, rules = ledger.pools(tx, ids), house.rules(tx)
    raised = []
    for sku in catalogue.by_ids(tx, ids):
        of_channels = (
            replace(rules.rule(sku.facts, port.name), buffers=port.buffers, last_units=house.caution.last_units)
            for port in house.ports
        )
        if any(_was_held_back(rule, pools[sku.id]) for rule in of_channels):
            raised.append(sku.id)
    if raised:
        ledger.raise_again(tx, raised)


def _was_held_back(rule: Rule, left: Pools) -> bool:
    """True where the last unit that went from the shelf or the warehouse was none of those for sale."""
    return any(0 < (there := left.units(pool) + 1) == rule.to_the_last(pool, there) for pool in ON_HAND)


def note_oversold(tx: Tx, house: House, sku_ids: Iterable[int]) -> None:
    """Open an incident for each of these SKUs that has more promised than is there; close it for the others (N31).

    There is what any channel sells: units on the way that are pre-sold are promised, and not oversold.
    """
    ids = sorted(sku_ids)
    if not ids:
        return
    pools, sells, now = stock.pools(tx, house, ids), house.sells, house.now()
    short = [sku_id for sku_id in ids if pools[sku_id].left_for(sells) < 0]
    reserved = orders.reservations(tx, short) if short else {}
    for sku in catalogue.by_ids(tx, ids):
        missing = -pools[sku.id].left_for(sells)
        if missing > 0 and sku.counted_at is not None:
            held = ", ".join(f"{one.channel} {one.number}" for one in reserved.get(sku.id, [])[-5:])
            text = Said("{sku}: {missing} more promised than is there", sku=sku.sku, missing=missing)
            if held:
                text = Said(
                    "{sku}: {missing} more promised than is there (latest orders: {orders})",
                    sku=sku.sku,
                    missing=missing,
                    orders=held,
                )
            open_incident(
                tx,
                IncidentKind.OVERSOLD,
                subject=sku.sku,
                text=text,
                hint=Said(
                    "Look at it: {explain}. A wrong count: {count}",
                    explain=commands.typed(("explain",), (sku.sku,)),
                    count=commands.typed(("count",), (sku.sku, "UNITS")),
                ),
                now=now,
            )
        else:
            close_incident(tx, IncidentKind.OVERSOLD, subject=sku.sku, now=now)


def note_oversold_among(tx: Tx, house: House, sku_ids: Collection[int]) -> None:
    """As `note_oversold` for many SKUs, of which few are promised to anybody."""
    pools = ledger.pools(tx, sorted(sku_ids))
    note_oversold(tx, house, [sku_id for sku_id, pool in pools.items() if pool.reserved or pool.available < 0])
