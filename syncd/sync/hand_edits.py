"""Settles a number that somebody typed in a shop: theirs becomes a count, or ours comes back (design.md §3.9)."""

from __future__ import annotations

from collections.abc import Collection

from syncd.domain.drift import OnEdit
from syncd.storage import catalogue, channels, listings
from syncd.storage.channels import Mode
from syncd.storage.listings import ListingRow
from syncd.sync import anchor, edits
from syncd.sync.cycle import Cycle, leased
from syncd.sync.desk import known_sku
from syncd.sync.house import House, Port, Refusal
from syncd.texts import commands

TRIES = 3


def differs(house: House, port: Port, sku: str) -> bool:
    """True where the channel was last seen with another number of this SKU than was expected."""
    with house.db.read() as tx:
        if catalogue.find(tx, sku) is None:
            return False
    return _differing(house, port, sku) is not None


def settle(house: House, port: Port, sku: str, way: OnEdit) -> int:
    """Adopt what the channel shows now, or heal it with ours; units by which the stock on hand changed.

    The number is read again and the orders after it: what was sold since the difference was seen is no difference.
    The next sync writes what follows.

    Raises:
        UnknownSku: it is not in the master table.
        Refusal: the channel shows what was expected, or is being ordered from right now.
        ConnectorError: the channel could not be read.
        LeaseHeld: another syncd works on it.
    """
    with leased(house, [port]):
        for _ in range(TRIES):
            row = _differing(house, port, sku)
            if row is None or row.expected is None:
                hint = f"Look at it: {commands.explain(sku)}"
                raise Refusal(f"{port.name} shows no other number of {sku} than was expected", hint)
            read = anchor.read(house, port, [row])
            anchor.wait_for_orders(house, port, read)
            cycle = Cycle(house)
            cycle.pull([port.name])
            if port.name in cycle.report.failed:
                raise cycle.report.failed[port.name]
            with house.db.write() as tx:
                now = listings.by_ids(tx, [row.id])[row.id]
                if read and now.bookings == read[0].bookings and now.expected is not None:
                    return edits.resolve(tx, house, now, way)
    raise Refusal(f"{sku} is being ordered in {port.name} right now", "Nothing was changed; try again in a minute.")


def refuse_recount(house: House, port: Port, skus: Collection[str]) -> None:
    """Keep a live channel's numbers from being taken for a count: they are less by the buffer.

    Raises:
        Refusal: one of these SKUs is counted and kept in step there.
    """
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
        live = channel is not None and channel.mode is not Mode.SHADOW
        kept = {row.sku_id for row in listings.of_channel(tx, port.name) if row.kept} if live else set()
        counted = {sku.sku for sku in catalogue.all_skus(tx) if sku.counted_at is not None and sku.id in kept}
    if wrong := sorted(counted & set(skus)):
        raise Refusal(
            f"{port.name} is live and shows what syncd told it of {', '.join(wrong)}: that is no count",
            f"Count the shelf: {commands.about(('count',), (wrong[0], 'UNITS'))}",
        )


def _differing(house: House, port: Port, sku: str) -> ListingRow | None:
    with house.db.read() as tx:
        rows = listings.of_sku(tx, known_sku(tx, sku).id)
    return next(
        (row for row in rows if row.channel == port.name and not row.excluded and row.differs_since is not None), None
    )
