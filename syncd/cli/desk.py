"""`syncd sell`, `receive`, `adjust`, `count`, `return`, `accept`: what the owner tells by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli import instants, invocation, output
from syncd.cli.words import at, listed
from syncd.storage.catalogue import OWN_SHELF
from syncd.sync import desk
from syncd.sync.desk import NewSku, Told
from syncd.texts import commands

Sku = Annotated[str, typer.Argument(metavar="SKU")]
Units = Annotated[int, typer.Argument(metavar="UNITS")]
Location = Annotated[str, typer.Option(help="Where the units are.")]


def sell(
    ctx: typer.Context,
    sku: Sku,
    units: Units,
    channel: Annotated[str | None, typer.Option(help="Where it was sold, such as counter.", show_default=False)] = None,
    location: Location = OWN_SHELF,
) -> None:
    """Tell of units sold beside the shops: at the counter, by phone.

    Example: syncd sell SHOE-39-BLK 2
    """
    with invocation.of(ctx).house("sell") as (house, _):
        _show(desk.sell(house, sku, units, channel=channel, location=location))


def receive(ctx: typer.Context, sku: Sku, units: Units, location: Location = OWN_SHELF) -> None:
    """Tell of units that arrived.

    Example: syncd receive SHOE-39-BLK 24
    """
    with invocation.of(ctx).house("receive") as (house, _):
        _show(desk.receive(house, sku, units, location=location))


def adjust(
    ctx: typer.Context,
    sku: Sku,
    units: Annotated[int, typer.Argument(metavar="+N|-N")],
    reason: Annotated[str, typer.Option(help="Why, such as damaged.")],
    location: Location = OWN_SHELF,
) -> None:
    """Put the stock right by some units, with the reason.

    Example: syncd adjust SHOE-39-BLK -1 --reason damaged
    """
    with invocation.of(ctx).house("adjust") as (house, _):
        _show(desk.adjust(house, sku, units, reason=reason, location=location))


def count(
    ctx: typer.Context,
    sku: Sku,
    units: Units,
    counted_at: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="When it was counted: 2026-11-22 10:14. Without it: now."),
    ] = None,
    location: Location = OWN_SHELF,
) -> None:
    """Tell how many are on the shelf, ordered ones that are not shipped included. A new SKU becomes known by it.

    Example: syncd count SHOE-39-BLK 7 --counted-at "2026-11-22 10:14"
    """
    with invocation.of(ctx).house("count") as (house, settings):
        when = instants.parse(counted_at, settings.timezone, house.now()) if counted_at else None
        told = desk.count(house, sku, units, counted_at=when, location=location)
        _show(told)
        if told.new:
            _show_new(told.sku, told.new)
        if told.newer_count:
            output.line(f"The count of {at(told.newer_count, settings.timezone)} is newer than this one and stands.")


def give_back(ctx: typer.Context, sku: Sku, units: Units) -> None:
    """Tell of units that customers brought back. They go to quarantine until you accept them.

    Unless SYNCD_RETURNS_TO=stock. Example: syncd return SHOE-39-BLK 1
    """
    with invocation.of(ctx).house("return") as (house, _):
        told = desk.give_back(house, sku, units)
        accept = commands.about(("accept",), (sku, str(units)))
        _show(told, f"Good as new? {accept}" if house.returns_to != OWN_SHELF else "")


def accept(ctx: typer.Context, sku: Sku, units: Units, location: Location = OWN_SHELF) -> None:
    """Put returned units that are good from quarantine back on the shelf.

    Example: syncd accept SHOE-39-BLK 1
    """
    with invocation.of(ctx).house("accept") as (house, _):
        _show(desk.release(house, sku, units, location=location))


def _show(told: Told, more: str = "") -> None:
    output.line(f"{told.sku}: on hand {told.on_hand} - reserved {told.reserved} = available {told.available}")
    if told.missing:
        count = commands.about(("count",), (told.sku, "UNITS"))
        output.line(f"{told.missing} more sold than there are. Is more on the shelf? {count}")
    output.line(more or "The service tells the shops now; without it: syncd sync")


def _show_new(sku: str, new: NewSku) -> None:
    where = f"sold in {listed(new.listings)}" if new.listings else "in no shop yet, by what syncd map read last"
    output.line(f"{sku} is new in the master table, {where}.")
    if new.near:
        output.line(f"Near to it: {listed(new.near)}.")
