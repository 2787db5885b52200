"""`syncd suppliers`: who keeps what they announce."""

from __future__ import annotations

import typer

from syncd.cli import invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.sync import suppliers as records
from syncd.sync.suppliers import SupplierRecord


def suppliers(ctx: typer.Context, json: AsJson = False) -> None:
    """Show how far each supplier can be relied on: units received of those announced, days late.

    Example: syncd suppliers
    """
    with invocation.of(ctx).house("suppliers") as (house, _):
        found = records.records(house)
    if json:
        output.as_json(shapes.of_suppliers(found))
        return
    if not found:
        output.line("No delivery was announced yet: syncd incoming add SKU UNITS --expected DAY")
        return
    header = ("supplier", "deliveries", "received", "in time", "days late", "overdue now")
    output.table(header, [_row(one) for one in found], right=header[1:])


def _row(one: SupplierRecord) -> tuple[object, ...]:
    filled = "" if one.fill_percent is None else f"{one.fill_percent} %"
    in_time = f"{one.in_time} of {one.dated}" if one.dated else ""
    late = "" if one.days_late is None else f"{one.days_late:.1f}"
    return one.supplier, one.deliveries, filled, in_time, late, one.overdue or ""
