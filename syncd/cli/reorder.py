"""`syncd reorder`: what to order now, by supplier. A draft: nothing is sent by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from syncd import acting
from syncd.alerts import order_draft
from syncd.cli import invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.cli.words import many
from syncd.errors import CONFIGURATION, SyncdError
from syncd.files.writing import Value, write_table
from syncd.sync import replenishing
from syncd.sync.replenishing import Draft, Need
from syncd.texts.catalogues import LANGUAGES

NOBODY = "no supplier known"

FILE_HEADERS = (
    *("Supplier", "SKU", "Name", "Order", "Pack size", "Minimum order", "Lead time days", "Available", "On the way"),
    *("Alert at", "Sold per week", "Cost per unit", "Cost"),
)


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    EMAIL = "email"


def reorder(
    ctx: typer.Context,
    supplier: Annotated[str | None, typer.Option(help="Of one supplier only.")] = None,
    as_format: Annotated[
        Format, typer.Option("--format", help="email: a letter to each supplier, to be sent by you.")
    ] = Format.TABLE,
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The file to write, with csv or xlsx.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    language: Annotated[
        str | None, typer.Option(help=f"Of the letters: {', '.join(LANGUAGES)}. Without it SYNCD_LANGUAGE.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show what to order now, by supplier, with packs, lead times and costs. Nothing is sent by itself.

    Example: syncd reorder --supplier Acme --format email
    """
    _understand(as_format, file, language, json=json)
    with invocation.of(ctx).house("reorder") as (house, settings):
        found, today = replenishing.drafts(house, supplier), house.today()
    if json:
        output.as_json(shapes.of_drafts(found))
        return
    match as_format:
        case Format.TABLE:
            _show(found)
        case Format.EMAIL:
            _show_letters(found, language or settings.language, today)
        case Format.CSV | Format.XLSX:
            assert file is not None
            with acting.for_file(file, settings.state_folder):
                write_table(FILE_HEADERS, _rows(found), file, file_format=_kind(as_format), overwrite=force)
            output.line(f"{file}: {many(sum(len(draft.to_order) for draft in found), 'SKU')} to order.")


def _understand(as_format: Format, file: Path | None, language: str | None, *, json: bool) -> None:
    """Make sure that the options go together, before anything is looked up."""
    is_file = as_format in (Format.CSV, Format.XLSX)
    wrong: tuple[str, str] | None = None
    if json and (as_format is not Format.TABLE or file is not None):
        wrong = "--json stands alone: it goes to stdout and has a form of its own.", "Leave out --format and --output."
    elif is_file and file is None:
        wrong = f"Where shall the {as_format.value} go?", f"Say it with --output order.{as_format.value}"
    elif file is not None and not is_file:
        wrong = f"--format {as_format.value} writes no file.", "Choose csv or xlsx, or leave out --output."
    elif language is not None and language not in LANGUAGES:
        wrong = f"There are no texts in the language {language}.", f"There are: {', '.join(LANGUAGES)}"
    if wrong is not None:
        raise SyncdError(*wrong, exit_code=CONFIGURATION)


def _kind(as_format: Format) -> Literal["csv", "xlsx"]:
    return "xlsx" if as_format is Format.XLSX else "csv"


def _show(found: Sequence[Draft]) -> None:
    if not found:
        output.line("Nothing is to be ordered: no SKU is low or runs out too soon.")
        return
    numbers = ("order", "available", "on the way", "alert at", "pack", "at least", "lead time", "per unit", "cost")
    for draft in found:
        output.line(f"{draft.supplier or NOBODY}: {_total(draft)}")
        output.table(("SKU", "name", *numbers), [_line(one) for one in draft.needs], right=numbers)
    output.line("A draft: nothing was sent. Ordered it? syncd incoming add SKU UNITS --expected DAY")


def _line(one: Need) -> tuple[object, ...]:
    days = f"{one.lead_time_days} d" if one.lead_time_days is not None else ""
    return (
        *(one.sku.sku, one.sku.name, one.units or "enough on the way", one.pools.available, one.on_order or ""),
        *(one.point.units, one.pack_size, one.minimum_order, days, one.cost, one.sum if one.units else None),
    )


def _total(draft: Draft) -> str:
    if not draft.to_order:
        return "nothing to order"
    text = f"{many(draft.units, 'unit')} of {many(len(draft.to_order), 'SKU')}"
    if draft.cost:
        text += f", {draft.cost:,}"
    if draft.cost and draft.without_cost:
        text += f" and {many(draft.without_cost, 'SKU')} without a cost"
    return text


def _show_letters(found: Sequence[Draft], language: str, today: date) -> None:
    """One letter after the other, apart by a line: what is low of nobody has no one to write to."""
    letters = [(draft, order_draft.letter(draft, language, today)) for draft in found if draft.to_order]
    if not letters:
        output.line("Nothing is to be ordered.")
        return
    for number, (draft, written) in enumerate(letters):
        if number:
            output.line()
        output.line(f"--- {draft.supplier or NOBODY}")
        output.line(written.subject)
        output.line()
        output.line(written.text)


def _rows(found: Sequence[Draft]) -> Iterator[Sequence[Value]]:
    for draft in found:
        for one in draft.to_order:
            demand = one.demand
            per_week = None if demand is None else round(Decimal(demand.per_week), 2)
            yield (
                *(draft.supplier, one.sku.sku, one.sku.name, one.units, one.pack_size, one.minimum_order),
                *(one.lead_time_days, one.pools.available, one.on_order, one.point.units, per_week),
                *(one.cost, one.sum),
            )
