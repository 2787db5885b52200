"""Which channels sell a SKU, and how freshly each has been read: the input of the raise rule (design.md §3.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from syncd.domain.said import Said
from syncd.storage import channels, incidents, listings
from syncd.storage.channels import Channel
from syncd.storage.incidents import IncidentKind
from syncd.storage.listings import ListingRow
from syncd.storage.session import Tx
from syncd.sync.house import House, Port
from syncd.sync.planner import Clearance, Source, clearance
from syncd.sync.puller import silent


@dataclass(frozen=True, slots=True)
class _Selling:
    """One channel that takes orders, with its listings by SKU."""

    channel: Channel
    silent: bool
    rows: dict[int, list[ListingRow]]
    unreadable: frozenset[str]


class Sources:
    """Every configured channel that takes orders, with its listings of these SKUs, as of one transaction."""

    def __init__(self, tx: Tx, house: House, sku_ids: Collection[int]) -> None:
        unreadable = incidents.parked_listing_ids(tx)
        self._selling: list[_Selling] = []
        for port in house.ports:
            channel = channels.get(tx, port.name)
            if port.sales is None or channel is None:
                continue
            by_sku: dict[int, list[ListingRow]] = defaultdict(list)
            for row in listings.of_skus(tx, port.name, sku_ids):
                assert row.sku_id is not None
                by_sku[row.sku_id].append(row)
            is_silent = silent(channel, port, house)
            self._selling.append(_Selling(channel, is_silent, by_sku, frozenset(unreadable.get(port.name, ()))))

    def clearance(self, row: ListingRow, raised_seq: int) -> Clearance:
        """May this listing be raised, given when its SKU last grew and its own number was founded?"""
        assert row.sku_id is not None
        return clearance(
            (
                Source(
                    one.channel.name,
                    one.channel.pulled_seq,
                    one.silent,
                    sum(max(0, _confirmed(listing)) for listing in one.rows[row.sku_id]),
                    any(listing.listing_id in one.unreadable for listing in one.rows[row.sku_id]),
                )
                for one in self._selling
                if row.sku_id in one.rows
            ),
            max(raised_seq, row.anchored_seq),
        )


def _confirmed(row: ListingRow) -> int:
    known = row.expected if row.expected is not None else row.shown
    return known or 0


def note_silent(tx: Tx, house: House, port: Port, why: str) -> None:
    """Tell a person that a channel has been silent for too long, and what follows (N3)."""
    channel = channels.get(tx, port.name)
    if channel is None or not silent(channel, port, house):
        return
    incidents.open_incident(
        tx,
        IncidentKind.SILENT,
        channel=port.name,
        subject=port.name,
        text=Said(
            "{channel} could not be read since {since}: {why}",
            channel=port.name,
            since=channel.silent_since(),
            why=why,
        ),
        hint=Said("What it sold since is missing everywhere. Look at it: syncd check")
        if port.by_sku
        else Said("What it last showed is set aside as if sold; the other channels go on. Look at it: syncd check"),
        now=house.now(),
    )
