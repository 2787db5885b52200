"""Whether all is right at the end of the day: the books of the service against what the shops themselves know."""

from __future__ import annotations

from collections import Counter
from typing import Any

from syncd.storage import catalogue, holds, incidents, ledger, listings, orders
from syncd.storage.catalogue import OWN_SHELF
from syncd.sync import views
from tests.day.simulation import BUFFER, Simulation
from tests.day.trouble import IN_THE_WORLD

EXPLAINED = frozenset({"vanished", "oversold", "webhooks", "gap"})
"""Kinds of incidents that such a day leaves open with good reason: an order was trashed; two customers bought the last
one in two shops within the same minute."""


def wrongs(simulation: Simulation, truth: dict[str, Any]) -> list[str]:
    """Everything that is not as it should be, in words; empty where all is right."""
    return [
        *truth["wrong raises"],
        *_books(simulation, truth),
        *_numbers(simulation, truth),
        *_orders(simulation, truth),
        *(f"{name}: {left} wait" for name, left in simulation.backlog_after_rest.items() if left),
    ]


def _books(simulation: Simulation, truth: dict[str, Any]) -> list[str]:
    with simulation.house.db.read() as tx:
        found = [f"audit: {line}" for line in ledger.audit(tx)]
        found += [f"hold of {hold.channel}" for hold in holds.every_open(tx)]
        found += [
            f"incident {one.kind.value} {one.channel}: {one.text}"
            for one in incidents.open_incidents(tx)
            if one.kind.value not in EXPLAINED
        ]
        ids = catalogue.ids(tx)
        levels = catalogue.levels_by_sku(tx, list(ids.values()))
        pools = ledger.pools(tx, list(ids.values()))
    for sku, shelf in truth["shelf"].items():
        on_hand = sum(level.on_hand for level in levels[ids[sku]] if level.location == OWN_SHELF)
        if on_hand != shelf:
            found.append(f"{sku}: {on_hand} on hand by the books, {shelf} on the shelf")
        reserved = truth["reserved"].get(sku, 0)
        if pools[ids[sku]].reserved != reserved:
            found.append(f"{sku}: {pools[ids[sku]].reserved} reserved by the books, {reserved} owed by the shops")
    return found


def _numbers(simulation: Simulation, truth: dict[str, Any]) -> list[str]:
    """Each shop shows what is free by the truth of the shops, and what `offered` says."""
    found = []
    with simulation.house.db.read() as tx:
        for port in simulation.house.ports:
            shown = truth["shown"][port.name]
            for view in views.load(tx, simulation.house, port):
                sku = view.sku.sku
                free = max(0, truth["shelf"][sku] - truth["reserved"].get(sku, 0) - BUFFER)
                for what, right in (("free", free), ("offered", view.offer.told)):
                    if shown[sku] != right and not (right == 0 and shown[sku] <= 0):
                        found.append(f"{port.name} shows {shown[sku]} of {sku}, {what} are {right}")
            known = {row.sku_id for row in listings.of_channel(tx, port.name)}
            if len(known) != len(shown):
                found.append(f"{port.name}: {len(known)} of {len(shown)} listings are known")
    return found


def _orders(simulation: Simulation, truth: dict[str, Any]) -> list[str]:
    found = []
    with simulation.house.db.read() as tx:
        for name, lines in truth["lines"].items():
            for order_id, line_id, taken in lines:
                order, line = order_id.rpartition("/")[2], line_id.rpartition("/")[2]
                booked = orders.lines(tx, name, order).get(line)
                if booked is None:
                    found.append(f"{name}: order {order}, line {line} is not known")
                elif booked.booked.taken != taken:
                    found.append(f"{name}: order {order}, line {line}: {booked.booked.taken} booked, {taken} taken")
    return found


def open_incidents(simulation: Simulation) -> Counter[str]:
    with simulation.house.db.read() as tx:
        return Counter(one.kind.value for one in incidents.open_incidents(tx))


def rare(fired: Counter[str], least: int, more: tuple[str, ...]) -> list[str]:
    """Faults that happened less often than `least`."""
    return [f"{name}: {fired[name]} times" for name in (*IN_THE_WORLD, *more) if fired[name] < least]
