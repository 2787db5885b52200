"""`syncd sync`: read every channel, bring every live one in step."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from syncd import app as composition
from syncd.alerts import dispatcher, evaluator
from syncd.alerts.dispatcher import Delivered
from syncd.cli import invocation, output, shapes
from syncd.cli.channels import show_plans, sinks
from syncd.cli.words import listed, many
from syncd.config import Settings
from syncd.errors import HELD, PARTLY_FAILED, SyncdError, of_channel
from syncd.storage.incidents import Incident
from syncd.storage.post import Target
from syncd.sync import cycle, desk, preview, standing
from syncd.sync.cycle import Report
from syncd.sync.house import House
from syncd.sync.pusher import Pushed

log = logging.getLogger("syncd.alerts")

SHOWN = 10


def sync(
    ctx: typer.Context,
    channel: Annotated[list[str] | None, typer.Option(help="Write only to this channel. May be repeated.")] = None,
    sku: Annotated[list[str] | None, typer.Option(help="Write only this SKU. May be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read every shop, write to none.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs (docs/json.md).")] = False,
    wait: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, max=86_400, help="How long to wait for another syncd at work.")
    ] = 120,
) -> None:
    """Read what every shop sold, then bring every live shop in step; only differences are written.

    --channel and --sku narrow what is written, never what is read. Ends with 0 done, 1 partly failed, 3 held for
    your yes, 75 another syncd is at work. Example: syncd sync --dry-run
    """
    with invocation.of(ctx).house("sync", patience=timedelta(seconds=wait)) as (house, settings):
        only = [port.name for port in sinks(house, channel)] if channel else None
        desk.known_skus(house, sku or ())
        before = {incident.id for incident in standing.waiting(house).incidents}
        report = cycle.sync(house, only=only, skus=sku, dry_run=dry_run)
        told, resting = ([], []) if dry_run else _tell_people(house, settings)
        waiting = standing.waiting(house)
        plans = [preview.plan(house, port) for port in sinks(house, only)] if dry_run else []
    code = HELD if report.held else 0 if report.complete else PARTLY_FAILED
    if json:
        shape = shapes.of_plans(plans) if dry_run else {}
        output.as_json(
            {**shapes.of_sync(house, report, waiting.incidents, told, code, settings.timezone), "plan": shape or None}
        )
    else:
        _show(house, report, waiting.skus_of_listings, dry_run=dry_run)
        if dry_run:
            show_plans(plans)
        _tell_incidents(waiting.incidents, before)
        _tell_told(told, resting)
    if code:
        raise typer.Exit(code)


def _tell_people(house: House, settings: Settings) -> tuple[list[Delivered], list[Target]]:
    """Tell of alerts; who was told, and who is left alone. What fails here must not take the report of the sync with
    it."""
    try:
        evaluator.sweep(house)
        office = composition.office(house, settings)
        return dispatcher.deliver(office, gather=False), dispatcher.resting(office)
    except SyncdError as error:
        output.failure(f"Nobody was told of alerts: {error.sentence}", error.hint)
    except Exception as error:
        log.exception("telling_failed")
        output.failure(f"Nobody was told of alerts: something unexpected ({type(error).__name__})", "The log has it.")
    return [], []


def _show(house: House, report: Report, skus_of_listings: Mapping[int, str], *, dry_run: bool) -> None:
    rows = []
    for port in house.ports:
        pulled, pushed = report.pulled.get(port.name), report.pushed.get(port.name)
        read = "not read" if port.name in report.failed else "" if pulled is None else many(pulled.orders, "order")
        rows.append(
            (
                port.name,
                read,
                "" if pulled is None or port.name in report.failed else many(pulled.units, "unit"),
                *([""] * 5 if pushed is None else _numbers(pushed)),
                "shadow" if port.name in report.shadow else "paused" if port.name in report.paused else "",
            )
        )
    columns = ("channel", "read", "sold", "wrote", "right", "waiting", "refused", "in doubt", "")
    output.table(columns, rows, right=("wrote", "right", "waiting", "refused", "in doubt"))
    for name, pushed in report.pushed.items():
        _tell(name, pushed, skus_of_listings)
    for name, taken in report.supplied.items():
        for warning in taken.warnings:
            output.line(f"{name}: {warning}")
    for name, error in (report.unlisted | report.failed).items():
        told = of_channel(name, error)
        output.failure(told.sentence, told.hint)
    if report.shadow and not dry_run:
        live = f"Look at: syncd plan, then: syncd go-live {' '.join(report.shadow)}"
        output.line(f"{', '.join(report.shadow)}: in shadow, nothing is written. {live}")


def _numbers(pushed: Pushed) -> tuple[int, int, int, int, int]:
    counts = (pushed.written, pushed.waiting, pushed.rejected, pushed.in_doubt)
    written, waiting, rejected, in_doubt = (len(lines) for lines in counts)
    return written, pushed.right, waiting, rejected, in_doubt


def _tell(name: str, pushed: Pushed, skus_of_listings: Mapping[int, str]) -> None:
    """What was done to a channel and what was not; what is held comes first, the worst on top."""
    lines = [*pushed.written, *pushed.rejected, *pushed.in_doubt, *pushed.waiting]
    if pushed.hold is not None:
        held = [skus_of_listings.get(change.listing) for change in pushed.hold.changes]
        worst = {sku: place for place, sku in enumerate(held)}
        lines.sort(key=lambda one: worst.get(one.sku, len(held)))
    if lines:
        output.table(
            ("channel", "SKU", "shows", "should be", ""),
            [(name, one.sku, one.before, one.target, one.why or "written") for one in lines[:SHOWN]],
            right=("shows", "should be"),
        )
    if len(lines) > SHOWN:
        output.line(f"  and {len(lines) - SHOWN} more: syncd sync --json, or one of them: syncd explain SKU")
    if pushed.shown:
        output.line(f"{name}: buyers read something new about {many(pushed.shown, 'listing')}.")
    if pushed.hold is not None:
        output.line(
            f"{name}: held, nothing of it is written: {pushed.hold.reason}."
            f" Look at: syncd holds. Then: syncd approve {pushed.hold.id}, or: syncd reject {pushed.hold.id}"
        )
    if pushed.error is not None:
        told = of_channel(name, pushed.error)
        output.failure(told.sentence, told.hint)


def _tell_told(told: Sequence[Delivered], resting: Sequence[Target]) -> None:
    """Whom it told of alerts, and whom it could not tell: the stock is right all the same."""
    for one in told:
        if one.alerts:
            output.line(f"{one.target}: told of {many(one.alerts, 'alert')}.")
        if one.trouble:
            output.failure(f"{one.target} could not be told: {one.trouble}", one.hint)
    for target in resting:
        if target.name not in {one.target for one in told}:
            output.failure(f"{target.name} is left alone: {target.trouble}", "When it is mended: syncd alerts test")


def _tell_incidents(incidents: Sequence[Incident], before: set[int]) -> None:
    for incident in incidents:
        if incident.id not in before:
            output.line(f"new: {output.sentence(incident.text, incident.hint)}")
    if old := [incident for incident in incidents if incident.id in before]:
        about = listed(dict.fromkeys(incident.kind.value for incident in old))
        output.line(f"{many(len(old), 'older incident')} ({about}): syncd holds")
