"""`syncd status-override`, `overbook`, `pre-order`, `permissions`: what the owner allows beyond the stock."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from syncd.cli import instants, invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.domain.status import StockStatus
from syncd.errors import CONFIGURATION, SyncdError
from syncd.storage.permissions import Permission, PermissionKind
from syncd.sync import permits

Sku = Annotated[str, typer.Argument(metavar="SKU")]
Until = Annotated[str | None, typer.Option(metavar="DAY", help="The last day on which it holds: 2026-12-31.")]
End = Annotated[bool, typer.Option("--end", help="Take it back.")]


class Status(StrEnum):
    """The statuses as they are typed."""

    IN_STOCK = "in_stock"
    EXTERNAL_WAREHOUSE = "external_warehouse"
    ON_THE_WAY = "on_the_way"
    SUPPLIER = "supplier"
    PRE_ORDER = "pre_order"
    OUT_OF_STOCK = "out_of_stock"


def status_override(
    ctx: typer.Context,
    sku: Sku,
    status: Annotated[Status | None, typer.Argument(metavar="STATUS", help="One of the six, or --end.")] = None,
    until: Until = None,
    end: End = False,
) -> None:
    """Say yourself what buyers read of a SKU. It never promises more than the stock can keep.

    out_of_stock ends the sale. Example: syncd status-override MUG out_of_stock --until 2026-12-31
    """
    if (status is None) is not end:
        raise SyncdError("Say a status, or --end.", "Statuses: " + ", ".join(Status), exit_code=CONFIGURATION)
    last = instants.day(until) if until else None
    with invocation.of(ctx).house("status-override") as (house, _):
        if status is None:
            permits.take_back(house, sku, PermissionKind.STATUS)
        else:
            permits.say_status(house, sku, StockStatus(status.value), until=last)
    _told(f"{sku}: what its stock says" if status is None else f"{sku}: {status.value} at best", until)


def overbook(
    ctx: typer.Context,
    sku: Sku,
    units: Annotated[int | None, typer.Argument(metavar="UNITS", help="At most, or --end.")] = None,
    until: Until = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    end: End = False,
) -> None:
    """Let some units be sold that nobody has. Buyers read the lead time. Off for every SKU unless you say so.

    Example: syncd overbook MUG 5 --until 2026-12-31 --reason "arrives every Monday"
    """
    if (units is None) is not end:
        raise SyncdError("Say how many units at most, or --end.", exit_code=CONFIGURATION)
    last = instants.day(until) if until else None
    with invocation.of(ctx).house("overbook") as (house, _):
        if units is None:
            permits.take_back(house, sku, PermissionKind.OVERBOOK)
        else:
            permits.overbook(house, sku, units, until=last, reason=reason)
    _told(f"{sku}: not overbooked any more" if units is None else f"{sku}: up to {units} may be sold beyond all", until)


def pre_order(
    ctx: typer.Context,
    sku: Sku,
    units: Annotated[int | None, typer.Argument(metavar="UNITS", help="At most, or --end.")] = None,
    starts: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The day from which it ships.")] = None,
    until: Until = None,
    end: End = False,
) -> None:
    """Let some units be ordered before they can be had, in channels whose SELLS names pre-order.

    Example: syncd pre-order NOVEL-2 100 --from 2027-02-01
    """
    if (units is None) is not end or (units is not None and starts is None):
        raise SyncdError("Say how many units at most and --from which day, or --end.", exit_code=CONFIGURATION)
    last = instants.day(until) if until else None
    with invocation.of(ctx).house("pre-order") as (house, _):
        if units is None or starts is None:
            permits.take_back(house, sku, PermissionKind.PRE_ORDER)
        else:
            permits.pre_order(house, sku, units, starts_on=instants.day(starts), until=last)
    _told(f"{sku}: no pre-orders any more" if units is None else f"{sku}: up to {units} may be pre-ordered", until)


def permissions(
    ctx: typer.Context,
    json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Those that were taken back or replaced, too.")] = False,
) -> None:
    """Show every override, overbooking and pre-order, the forgotten ones too.

    Example: syncd permissions
    """
    with invocation.of(ctx).house("permissions") as (house, settings):
        found, today = permits.every(house, ended_too=everything), house.today()
    if json:
        output.as_json(shapes.of_permissions(found, today, settings.timezone))
        return
    if not found:
        output.line("No SKU has one.")
        return
    rows = [
        (
            *(one.sku, one.kind.value, one.units or (one.status.value if one.status else "")),
            *(one.starts_on or "", one.until or "no end", one.reason, _remark(one, today)),
        )
        for one in found
    ]
    output.table(("SKU", "what", "how much", "from", "until", "why", ""), rows)


def _remark(one: Permission, today: date) -> str:
    if one.ended_at is not None:
        return "taken back"
    if not one.holds(today):
        return "over"
    age = (today - one.made_at.date()).days
    return f"for {age} days now: still meant?" if one.until is None and age > permits.FORGOTTEN_AFTER_DAYS else ""


def _told(what: str, until: str | None) -> None:
    output.line(f"{what}{f', until {until}' if until else ''}.")
    output.line("The service tells the shops now; without it: syncd sync")
