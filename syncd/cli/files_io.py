"""Stock files in and out: `syncd import`, `syncd export`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from syncd import acting
from syncd.cli import instants, invocation, output, words
from syncd.errors import CONFIGURATION, Held, SyncdError
from syncd.files import StockFile, StockFileKind, read_stock, write_stock
from syncd.files.columns import STOCK_HEADERS
from syncd.sync import stocktake
from syncd.sync.stock_changes import FieldChange, Import

LINES_SHOWN = 10
BAD_ROWS_SHOWN = 20

_WROTE = {
    StockFileKind.SYNCD: "a stock file",
    StockFileKind.WOOCOMMERCE: "WooCommerce's product export",
    StockFileKind.SHOPIFY: "Shopify's inventory export",
}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx: your own, WooCommerce's or Shopify's export.")],
    counted_at: Annotated[
        str | None,
        typer.Option(help='When the units were counted: "2026-11-22 10:14", or now. Asked for on a terminal.'),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would change, and change nothing.")] = False,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Take the good rows all the same.")] = False,
    channel: Annotated[
        str | None, typer.Option(help="The shop that the export comes from, where there are several.")
    ] = None,
    no_orders: Annotated[
        bool, typer.Option("--no-orders", help="That shop has no open orders: add nothing to its numbers.")
    ] = False,
    encoding: Annotated[str | None, typer.Option(help="The file's encoding, such as windows-1255.")] = None,
    location: Annotated[str | None, typer.Option(help="Where rows count that name no location.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Make also a change that looks too big.")] = False,
) -> None:
    """Take counts, buffers, names and more from a file."""
    run = invocation.of(ctx)
    zone = run.settings().timezone
    stock_file = read_stock(file, encoding=encoding)
    _show_file(file, stock_file)
    instant = None
    if any(row.on_hand is not None for row in stock_file.rows):
        instant = _instant(counted_at, file, stock_file, zone, datetime.now(UTC))
    with run.house("import --dry-run" if dry_run else "import") as (house, _):
        found = stocktake.look(
            house,
            stock_file,
            counted_at=instant,
            channel=channel,
            no_orders=no_orders,
            location=location,
            skip_bad_rows=skip_bad_rows,
        )
    _show_changes(found)
    if found.refused:
        raise SyncdError(
            f"Nothing was imported: {words.many(len(found.bad_rows), 'row is', 'rows are')} bad.",
            "Mend the file, or take the other rows with --skip-bad-rows.",
            exit_code=CONFIGURATION,
        )
    if dry_run:
        if found.asks_why:
            output.line(f"{found.asks_why}: the import will ask for a yes.")
        output.line("Nothing was changed (--dry-run).")
        return
    _ask(found, yes=yes)
    with run.house("import") as (house, _):
        stocktake.commit(house, found)
    output.line(_result(found, zone))


def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Without it, the ending of the file's name decides, or csv.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write the master table to a file that `syncd import` takes back."""
    if file.exists() and not force:
        hint = "Name another file, or write over it with --force."
        raise SyncdError(f"{file} is there already.", hint, exit_code=CONFIGURATION)
    wanted = file_format or (Format.XLSX if file.suffix.casefold() == ".xlsx" else Format.CSV)
    with invocation.of(ctx).house("export") as (house, settings):
        rows = stocktake.export(house)
    with acting.for_file(file, settings.state_folder):
        write_stock(rows, file, file_format="xlsx" if wanted is Format.XLSX else "csv", overwrite=force)
    skus = words.many(len({row.sku for row in rows}), "SKU")
    output.line(f"{file}: {skus}, {words.many(len(rows), 'row')}.")


def _instant(typed: str | None, file: Path, stock_file: StockFile, zone: ZoneInfo, now: datetime) -> datetime:
    """When the counts of the file were made, as the owner says it.

    A shop's export cannot show numbers from after it was written: what was ordered since would be added to them.
    """
    written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC) if stock_file.shows_available else None
    person = output.asker()
    if typed is None and person is None:
        raise SyncdError(
            "The file has counts, and it is not said when they were made.",
            'Say it with --counted-at "2026-11-22 10:14", or --counted-at now.',
            exit_code=CONFIGURATION,
        )
    question = 'When were these units counted ("2026-11-22 10:14", or now)'
    default = None
    if written_at is not None:
        question, default = "When was this export made", written_at.astimezone(zone).isoformat(" ", "seconds")
    while True:
        try:
            answer = typed or (person.ask(question, default=default) if person is not None else "")
            instant = instants.parse(answer, zone, now)
            if written_at is None or instant <= written_at:
                return instant
            if instant - written_at <= timedelta(minutes=1):
                return written_at
            raise instants.TimeError(
                f"{file.name} was written at {words.at(written_at, zone)}: it cannot show what the shop showed later.",
                f'Say --counted-at "{words.at(written_at, zone)}", or export again.',
            )
        except instants.TimeError as error:
            if typed is not None or person is None:
                raise
            output.failure(error.sentence, error.hint)


def _show_file(file: Path, stock_file: StockFile) -> None:
    facts = [f"{file.name}: {_WROTE[stock_file.kind]}"]
    if stock_file.encoding is not None:
        facts += [f"read as {stock_file.encoding}", f"with {_DELIMITERS.get(stock_file.delimiter or '', 'commas')}"]
    rows = len(stock_file.rows) + len(stock_file.bad_rows) + len(stock_file.skipped)
    output.line(", ".join([*facts, words.many(rows, "row")]) + ".")
    for reason, times in Counter(one.reason for one in stock_file.skipped).most_common(5):
        output.line(f"  {words.many(times, 'row')} passed over: {reason}")


def _show_changes(found: Import) -> None:
    for warning in found.warnings:
        output.line(f"  {warning}")
    if found.bad_rows:
        output.table(
            ("line", "bad row", ""),
            [(bad.line_number, bad.reason, bad.sample) for bad in found.bad_rows[:BAD_ROWS_SHOWN]],
        )
        if len(found.bad_rows) > BAD_ROWS_SHOWN:
            output.line(f"  and {words.many(len(found.bad_rows) - BAD_ROWS_SHOWN, 'more bad row')}")
    if found.new_locations:
        output.line(f"New locations, taken as own stock: {words.listed(found.new_locations)}.")
    if found.new_skus:
        output.line(f"{words.many(len(found.new_skus), 'new SKU')}: {words.listed(found.new_skus)}.")
    _show_counts(found)
    _show_fields("Changed", found.fields)
    _show_fields("Set", found.rules)
    if found.stands:
        skus = words.listed(sorted(set(found.stands)))
        output.line(f"Counted again after that time, so that the later count stands: {skus}.")
    if found.unchanged_rows:
        output.line(f"{words.many(found.unchanged_rows, 'row changes', 'rows change')} nothing.")
    if found.left_alone:
        output.line(f"{words.many(found.left_alone, 'SKU')} not in the file: left as they are.")


def _show_counts(found: Import) -> None:
    added = sum(one.added_back for one in found.counts)
    if added:
        output.line(f"Open orders of {found.channel} hold {words.many(added, 'unit')} of these; they are added.")
    if not found.moved:
        return
    columns = ["SKU", "location", "on hand", "->", "added back"]
    rows: list[tuple[object, ...]] = [
        (one.sku, one.location, "not counted" if one.before is None else one.before, one.after, one.added_back or "")
        for one in found.moved[:LINES_SHOWN]
    ]
    if not added:
        columns, rows = columns[:4], [row[:4] for row in rows]
    output.table(columns, rows, right=columns[2:])
    more = len(found.moved) - LINES_SHOWN
    if more > 0:
        output.line(f"  and {more:,} more")


def _show_fields(verb: str, changes: tuple[FieldChange, ...]) -> None:
    if changes:
        times = Counter(STOCK_HEADERS[change.field] for change in changes)
        fields = (f"{field} of {words.many(number, 'SKU')}" for field, number in times.items())
        output.line(f"{verb}: {', '.join(fields)}.")


def _ask(found: Import, *, yes: bool) -> None:
    """Get a yes for what looks too big (design.md §3.6)."""
    if not found.asks_why or yes:
        return
    person = output.asker()
    if person is None or not person.confirm(f"{found.asks_why}. Import it all the same?", default=False):
        raise Held(f"{found.asks_why}. Nothing was imported.", "If that is right, add --yes.")


def _result(found: Import, zone: ZoneInfo) -> str:
    """The sentence that ends an import."""
    if found.counted_at is None:
        changed = len({change.sku for change in (*found.fields, *found.rules)} | set(found.new_skus))
        return f"{words.many(changed, 'SKU')} changed; nothing was counted."
    skus = words.many(len({one.sku for one in found.counts}), "SKU")
    units = words.many(sum(one.units for one in found.counts), "unit")
    return f"{skus}, {units}, counted {words.at(found.counted_at, zone)}."
