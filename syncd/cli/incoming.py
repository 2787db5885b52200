"""`syncd incoming`: what is on the way from suppliers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncd.cli import instants, invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.cli.words import many
from syncd.errors import CONFIGURATION, SyncdError
from syncd.files import read_deliveries
from syncd.storage.catalogue import OWN_SHELF
from syncd.storage.incoming import Delivery
from syncd.sync import deliveries
from syncd.sync.deliveries import Announced

app = typer.Typer(
    help="Announce, receive and delay deliveries: what is on the way.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As syncd incoming list shows it.")]


@app.command("add")
def add(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(metavar="SKU")],
    units: Annotated[int, typer.Argument(metavar="UNITS")],
    expected: Annotated[
        str | None, typer.Option(metavar="DAY", help="When it is expected: 2026-12-01. Without it none is promised.")
    ] = None,
    supplier: Annotated[str | None, typer.Option(help="From whom; without it the SKU's supplier.")] = None,
    reference: Annotated[str | None, typer.Option(help="Your word for the order.")] = None,
) -> None:
    """Announce units that a supplier will bring.

    Channels whose SELLS names incoming may sell them from now on. Example: syncd incoming add MUG 24 --expected
    2026-12-01
    """
    day = instants.day(expected) if expected else None
    with invocation.of(ctx).house("incoming add") as (house, _):
        found = deliveries.announce(house, Announced(sku, units, day, supplier, reference))
    _show(found)


@app.command("list")
def list_(
    ctx: typer.Context,
    json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """Show what is on the way, the next first."""
    with invocation.of(ctx).house("incoming list") as (house, settings):
        found, today = deliveries.deliveries(house, closed_too=everything), house.today()
    if json:
        output.as_json(shapes.of_deliveries(found, settings.timezone))
        return
    if not found:
        output.line("Nothing is on the way. Announce it: syncd incoming add SKU UNITS --expected DAY")
        return
    numbers = ("no.", "units", "received")
    rows = [
        (
            *(one.id, one.sku, one.units, one.received, one.expected_on or "nobody knows"),
            *(one.supplier, one.reference, _state(one, one.overdue(today))),
        )
        for one in found
    ]
    output.table(("no.", "SKU", "units", "received", "expected", "supplier", "reference", ""), rows, right=numbers)


@app.command("receive")
def receive(
    ctx: typer.Context,
    number: Number,
    units: Annotated[int | None, typer.Argument(metavar="[UNITS]", help="Without it: all that was due.")] = None,
    location: Annotated[str, typer.Option(help="Where the units are now.")] = OWN_SHELF,
    more: Annotated[bool, typer.Option("--more", help="More came than was announced.")] = False,
) -> None:
    """Tell of units that arrived: they are on hand from now on.

    Example: syncd incoming receive 3 20
    """
    with invocation.of(ctx).house("incoming receive") as (house, _):
        found = deliveries.receive(house, number, units, location=location, more=more)
    _show(found)


@app.command("delay")
def delay(
    ctx: typer.Context,
    number: Number,
    expected: Annotated[str, typer.Argument(metavar="DAY", help="The new day, or: unknown.")],
) -> None:
    """Tell of another day: what buyers read follows at once.

    Example: syncd incoming delay 3 2026-12-15
    """
    day = None if expected.casefold() == "unknown" else instants.day(expected)
    with invocation.of(ctx).house("incoming delay") as (house, _):
        found = deliveries.delay(house, number, day)
    _show(found)


@app.command("cancel")
def cancel(ctx: typer.Context, number: Number) -> None:
    """Tell that no more of a delivery will come.

    Example: syncd incoming cancel 3
    """
    with invocation.of(ctx).house("incoming cancel") as (house, _):
        found = deliveries.call_off(house, number)
    _show(found)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx with SKU, Units, Expected, Supplier, Reference.")],
    reference: Annotated[
        str | None, typer.Option(help="Your word for the order, where the file has no such column.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="The file's encoding, where it is not recognised.")] = None,
) -> None:
    """Announce all deliveries of a file, or none. The same file again changes nothing; new days are taken over.

    Example: syncd incoming import order-4711.csv --reference 4711
    """
    read = read_deliveries(file, encoding=encoding)
    for warning in read.warnings:
        output.failure(warning)
    for row in read.bad_rows:
        output.failure(f"  line {row.line_number}: {row.reason}")
    if read.bad_rows:
        raise SyncdError(f"{many(len(read.bad_rows), 'bad row')} in {file.name}; nothing was announced.", "Mend it.")
    if any(row.reference is None for row in read.rows) and reference is None:
        raise SyncdError(
            f"{file.name} has rows without a reference: read twice, they would count twice.",
            "Give the order a name: --reference 4711",
            exit_code=CONFIGURATION,
        )
    told = [
        Announced(row.sku, row.units, row.expected_on, row.supplier, row.reference or reference) for row in read.rows
    ]
    with invocation.of(ctx).house("incoming import") as (house, _):
        found = deliveries.import_all(house, told)
    output.line(
        f"{file.name}: {many(found.added, 'delivery', 'deliveries')} announced, {found.changed} changed,"
        f" {found.same} as before."
    )


def _show(one: Delivery) -> None:
    day = "no day known" if one.expected_on is None else f"expected on {one.expected_on}"
    if one.closed_at is not None:
        output.line(f"Delivery {one.id}: {one.received} of {one.units} × {one.sku} received; no more will come.")
    else:
        received = f", {one.received} received" if one.received else ""
        output.line(f"Delivery {one.id}: {one.due} × {one.sku} on the way{received}, {day}.")
    output.line("The service tells the shops now; without it: syncd sync")


def _state(one: Delivery, overdue: bool) -> str:
    if one.closed_at is not None:
        return "over"
    return "overdue, not sold" if overdue else ""
