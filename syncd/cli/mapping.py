"""`syncd map`: which listing is which SKU, and what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from syncd import acting
from syncd.cli import invocation, output
from syncd.cli.show_unless_named import ShowUnlessNamed
from syncd.cli.words import listed, many
from syncd.errors import CONFIGURATION, PARTLY_FAILED, SyncdError, of_channel
from syncd.files import FileFormat, read_map, write_map
from syncd.storage.listings import ListingRow
from syncd.sync import mapfile, stopping
from syncd.sync.house import House, Port
from syncd.sync.mapper import Mapping
from syncd.texts import commands

SHOWN = 5

ChannelNames = Annotated[list[str] | None, typer.Argument(metavar="CHANNEL", help="Without one: all.")]


app = typer.Typer(
    cls=ShowUnlessNamed,
    help="Match listings with SKUs; what is not matched is not touched. Example: syncd map woo",
    subcommand_metavar="[CHANNEL]... | COMMAND [ARGS]...",
)


@app.command("show")
def show(
    ctx: typer.Context,
    channel: ChannelNames = None,
    everything: Annotated[bool, typer.Option("--all", help="Every listing, not the first few of each list.")] = False,
    known: Annotated[bool, typer.Option("--known", help="By what was last read, without asking the shops.")] = False,
) -> None:
    """Read what is on sale in each shop, and show what is not matched and why.

    Example: syncd map woo --all
    """
    with invocation.of(ctx).house("map") as (house, _):
        found = mapfile.look(house, ports(house, channel), ask_shops=not known)
    width = max((len(mapping.channel) for mapping in found.mappings), default=0)
    for mapping in found.mappings:
        if mapping.channel not in found.failed:
            output.line(f"  {mapping.channel:<{width}}  {_summary(mapping, counted=found.counted)}")
    for mapping in found.mappings:
        if mapping.channel not in found.failed:
            _details(mapping, len(mapping.listings) if everything else SHOWN, counted=found.counted)
    if not found.counted and any(mapping.listings for mapping in found.mappings):
        first = found.mappings[0].channel
        output.line(f"No stock is counted yet. Take a shop's numbers: syncd adopt {first}, or: syncd import FILE")
    elif any(_to_settle(mapping) for mapping in found.mappings):
        output.line("What is not matched is not touched. To settle them: syncd map export todo.csv")
    for name, error in found.failed.items():
        told = of_channel(name, error)
        output.failure(told.sentence, told.hint)
    if found.failed:
        raise typer.Exit(PARTLY_FAILED)


def _summary(found: Mapping, *, counted: bool) -> str:
    total = len(found.listings) - len(found.vanished)
    with_sku = len(found.unknown) + len(found.twins)
    parts = [f"{found.matched} matched"] if counted else [f"{with_sku + found.matched} with a SKU"]
    lists = [
        (found.without_sku, "without SKU"),
        (found.unknown if counted else [], "unknown SKU" if len(found.unknown) == 1 else "unknown SKUs"),
        (found.twins if counted else [], "differing only by case or blanks"),
        (found.not_counted, "with stock management off"),
        (found.by_parent, "counted by their parent"),
        (found.duplicates, "sharing a SKU"),
        (found.sells_at_zero, "going on selling at 0"),
        (found.vanished, "gone from the shop"),
    ]
    parts += [f"{len(rows)} {words}" for rows, words in lists if rows]
    return f"{many(total, 'listing')}: {', '.join(parts)}"


def _to_settle(found: Mapping) -> int:
    return sum(
        map(len, (found.without_sku, found.unknown, found.twins, found.duplicates, found.sells_at_zero)), start=0
    )


def _details(found: Mapping, most: int, *, counted: bool) -> None:
    name = found.channel
    reasons: list[tuple[str, Sequence[ListingRow], str]] = [
        ("has no SKU", found.without_sku, ""),
        ("its SKU is not in the master table", found.unknown if counted else [], ""),
        ("its SKU differs from a known one only by case or blanks", found.twins if counted else [], ""),
        ("the shop does not count its stock", found.not_counted, f"Count there: {name.upper()}_MANAGE_STOCK=on"),
        ("another listing has the same SKU", found.duplicates, f"Name one: syncd map primary {name} LISTING"),
        (
            "a 0 would not stop it",
            found.sells_at_zero,
            f"Let 0 end the sale: syncd map stop {name} SKU. Or accept that: syncd map accept {name} SKU",
        ),
        ("is gone from the shop", found.vanished, ""),
    ]
    for why, rows, hint in reasons:
        if rows:
            output.line(f"{name}: {output.sentence(why, hint)}")
            shown = rows[:most]
            output.table(("listing", "SKU", "name", ""), [_row(row) for row in shown])
            if len(rows) > len(shown):
                output.line(f"  and {len(rows) - len(shown)} more: syncd map {name} --all")
    if found.renamed:
        pairs = [f"{row.title} is {sku} here, {row.channel_sku or 'without SKU'} there" for row, sku in found.renamed]
        output.line(f"{name}: the shop changed SKUs; the match stays: {listed(pairs, most=most)}")


def _row(row: ListingRow) -> tuple[str, str, str, str]:
    return row.listing_id, row.channel_sku or "", row.title, ", ".join(row.sells_at_zero)


@app.command("export")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file.")],
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel. May be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Matched listings too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write what is to settle into a file, each listing with a proposed SKU.

    Fill in the column SKU, then: syncd map import FILE. Example: syncd map export todo.csv
    """
    with invocation.of(ctx).house("map export") as (house, settings):
        rows = mapfile.rows_to_settle(house, ports(house, channel), everything=everything)
    with acting.for_file(file, settings.state_folder):
        write_map(rows, file, file_format=_format(file), overwrite=force)
    output.line(
        f"{many(len(rows), 'listing')} written to {file}. Look at the column SKU, then:"
        f" {commands.about(('map', 'import'), (str(file),))}"
    )


def _format(file: Path) -> FileFormat:
    match file.suffix.lower():
        case ".csv":
            return "csv"
        case ".xlsx":
            return "xlsx"
    raise SyncdError(f"{file.name} is neither .csv nor .xlsx.", "For example: todo.csv", exit_code=CONFIGURATION)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `syncd map export` wrote.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would change.")] = False,
    encoding: Annotated[str | None, typer.Option(help="The file's encoding, where it is not recognised.")] = None,
) -> None:
    """Match listings with the SKUs of a file. Nothing is written to the shops.

    An empty SKU leaves its listing as it is. Example: syncd map import todo.csv --dry-run
    """
    read = read_map(file, encoding=encoding)
    with invocation.of(ctx).house("map import") as (house, _):
        done = mapfile.take(house, read.rows, dry_run=dry_run or bool(read.bad_rows))
    for warning in read.warnings:
        output.failure(warning)
    bad = sorted((*read.bad_rows, *done.bad_rows), key=lambda row: row.line_number)
    if bad:
        for row in bad:
            output.failure(f"  line {row.line_number}: {row.reason}")
        raise SyncdError(f"{many(len(bad), 'bad row')} in {file.name}; nothing was matched.", "Mend and import again.")
    would = "Would match" if dry_run else "Matched"
    output.line(
        f"{would} {many(done.matched, 'listing')}, {done.primary} named primary, {done.accepted} accepted;"
        f" {done.unchanged} as they were. The shops are not changed."
    )
    if done.new_skus:
        output.line(f"New, not counted yet: {listed(done.new_skus)}. Count: syncd adopt CHANNEL, or syncd count SKU N")


@app.command("accept")
def accept(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    sku: Annotated[list[str] | None, typer.Argument(metavar="SKU")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every listing that waits for this.")] = False,
) -> None:
    """Accept that a 0 does not stop these listings from selling, and keep them in step.

    Example: syncd map accept woo SHOE-39-BLK
    """
    if bool(sku) == everything:
        raise typer.BadParameter("name SKUs, or say --all")
    with invocation.of(ctx).house("map accept") as (house, _):
        rows = mapfile.accept(house, house.port(channel), None if everything else sku)
    output.line(f"{channel}: {many(len(rows), 'listing')} accepted: {listed(row.title for row in rows) or 'none'}.")


@app.command("stop")
def stop(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    sku: Annotated[list[str] | None, typer.Argument(metavar="SKU")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every listing that can be stopped so.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let 0 end the sale of these listings: the shop's backorders, "continue selling when out of stock", go off.

    It writes to the shop, also in shadow. Example: syncd map stop woo SHOE-39-BLK
    """
    if bool(sku) == everything:
        raise typer.BadParameter("name SKUs, or say --all")
    with invocation.of(ctx).house("map stop") as (house, _):
        port = house.port(channel)
        rows = stopping.stoppable(house, port, None if everything else sku)
        if not rows:
            output.line(f"{channel}: none of them can be stopped so, by what was last read: syncd map {channel}")
            return
        output.line(f"{channel}: {many(len(rows), 'listing')} to stop at 0: {listed(row.title for row in rows)}.")
        if not output.confirm("Write that to the shop?", yes=yes):
            output.line("Nothing was changed.")
            return
        found = stopping.stop(house, port, rows)
    output.line(f"{channel}: {many(len(found.done), 'listing')} stopped at 0.")
    for row, why in found.refused:
        output.failure(f"{row.title}: {why}")
    if found.refused:
        raise typer.Exit(PARTLY_FAILED)


@app.command("primary")
def primary(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    listing: Annotated[str, typer.Argument(help="The listing's id, as syncd map shows it.")],
) -> None:
    """Of several listings with one SKU, write this one; sales of all count.

    Example: syncd map primary woo 1042
    """
    with invocation.of(ctx).house("map primary") as (house, _):
        row = mapfile.name_primary(house, house.port(channel), listing)
    output.line(f"{channel}: {row.title} (listing {row.listing_id}) is written; others with its SKU are only read.")


def ports(house: House, names: Sequence[str] | None) -> list[Port]:
    """The channels of these names that have listings; all of them where none is named.

    Raises:
        UnknownChannel: there is none of that name.
        SyncdError: a named channel lists nothing.
    """
    chosen = [house.port(name) for name in names] if names else [port for port in house.ports if port.shelf is not None]
    for port in chosen:
        if port.shelf is None:
            raise SyncdError(f"{port.name} lists nothing: there is nothing to match.", exit_code=PARTLY_FAILED)
    return chosen
