"""`syncd alerts`, `ack`, `snooze`: what you are told, and your answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from syncd import app as composition
from syncd import settings_values
from syncd.alerts import desk, dispatcher
from syncd.alerts.desk import Board, Listed
from syncd.alerts.letter import StockFacts
from syncd.cli import instants, invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.cli.show_unless_named import ShowUnlessNamed
from syncd.cli.words import at_or_today, listed, many
from syncd.config import Settings
from syncd.domain.alerts import Rule
from syncd.domain.replenishment import PointSource
from syncd.domain.said import one_line
from syncd.errors import CONFIGURATION, PARTLY_FAILED, SyncdError
from syncd.storage.alerts import Alert
from syncd.storage.post import Target
from syncd.sync.house import House

app = typer.Typer(
    cls=ShowUnlessNamed,
    help="Show what you are told of, the most urgent first; with --all what you have read, too, with --json for"
    " programs. Whether messages arrive: syncd alerts test",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_ALL = {1: "it", 2: "both"}

Named = Annotated[list[str], typer.Argument(metavar="ALERT...", help="Numbers as syncd alerts shows them, or SKUs.")]


@app.command("show")
def show(
    ctx: typer.Context,
    json: AsJson = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that you have read or put off, and the latest that are over, too.")
    ] = False,
) -> None:
    """Show what you are told of: each alert with its numbers, and who could not be told.

    Example: syncd alerts
    """
    with invocation.of(ctx).house("alerts") as (house, settings):
        found, now = desk.board(house, settings.language, closed_too=everything), house.now()
    zone = settings.timezone
    if json:
        output.as_json(shapes.of_alerts(found, zone))
        return
    _lines(found, zone, now)


def _lines(found: Board, zone: ZoneInfo, now: datetime) -> None:
    today = now.astimezone(zone).date()
    for one in found.alerts:
        about = one.item.sku or one.item.channel
        since = f"since {at_or_today(one.alert.opened_at, zone, now)}{_state(one, zone, now)}"
        what = f"{one.item.rule.value}{about and f' {about}'}"
        output.line(one_line(f"alert {one.alert.id}, {what}, {since}: {_what(one, today)}"))
        if one.item.hint is not None and one.alert.closed_at is None:
            output.line(f"  {one.item.hint}")
    if found.alerts:
        output.line("Read: syncd ack NUMBER. Later: syncd snooze NUMBER --for 3d. What to order: syncd reorder")
    else:
        output.line("No alert is open." if not found.hidden else "Nothing new.")
    if found.hidden:
        output.line(f"{many(found.hidden, 'alert')} that you have read or put off: syncd alerts --all")
    for target in found.targets:
        if target.trouble is not None:
            output.line(f"{target.name} could not be told: {_trouble(target, zone, now)}")


def _what(one: Listed, today: date) -> str:
    item = one.item
    if item.stock is not None:
        return _of_stock(item.stock, item.rule, today)
    return str(item.what) if item.what is not None else "settled"


def _of_stock(stock: StockFacts, rule: Rule, today: date) -> str:
    parts = [f"{stock.available} available"]
    if stock.left < 0:
        parts.append(f"{-stock.left} more promised than is there")
    source = {PointSource.SALES: " (of its sales)", PointSource.DEFAULT: " (the default)"}.get(stock.point.source, "")
    parts.append(f"alert at {stock.point.units}{source}")
    if stock.days_left is not None and rule in (Rule.RUNS_OUT, Rule.OVERSTOCK):
        parts.append(f"lasts for {round(stock.days_left)} days")
    if rule is Rule.RUNS_OUT and (day := stock.if_ordered(today)) is not None:
        parts.append(f"if ordered today, it can be here on {day}")
    parts += [f"{sum(one.units for one in stock.coming)} on the way"] if stock.coming else []
    order = stock.to_order
    if order.units:
        parts.append(f"order {order.units}{f' from {order.supplier}' if order.supplier else ''}")
    return ", ".join(parts)


def _state(one: Listed, zone: ZoneInfo, now: datetime) -> str:
    alert = one.alert
    if alert.closed_at is not None:
        return f", over {at_or_today(alert.closed_at, zone, now)}"
    if alert.put_off_until is not None:
        return f", put off until {at_or_today(alert.put_off_until, zone, now)}"
    if alert.seen_at is not None:
        return ", read"
    waits = one.due_at is not None and one.due_at > now
    return f", told at {at_or_today(one.due_at, zone, now)}" if waits and one.due_at is not None else ""


def _trouble(target: Target, zone: ZoneInfo, now: datetime) -> str:
    again = f"; it is tried again at {at_or_today(target.retry_at, zone, now)}" if target.retry_at is not None else ""
    return f"{target.trouble}{again}. When it is mended: syncd alerts test"


@app.command("test")
def test(ctx: typer.Context) -> None:
    """Send a trial message to everybody who is told, now, and say how it went.

    One that takes it again after it could not be told is told from now on. Example: syncd alerts test
    """
    with invocation.of(ctx).house("alerts test") as (house, settings):
        office = composition.office(house, settings)
        if not office.notifiers:
            raise SyncdError(
                "Nobody is set to be told.",
                "Add SYNCD_EMAIL_TO and SYNCD_SMTP_HOST, or SYNCD_SLACK_WEBHOOK_URL, to the settings.",
                exit_code=CONFIGURATION,
            )
        found = dispatcher.try_all(office)
    well = [one.target for one in found if not one.trouble]
    if well:
        output.line(f"  ok    {listed(well)}: sent. Did {_ALL.get(len(well), 'all')} arrive?")
    for one in found:
        if one.trouble:
            output.line(f"  FAIL  {one.target}: {output.sentence(one.trouble, one.hint)}")
    if len(well) < len(found):
        raise typer.Exit(PARTLY_FAILED)


def ack(
    ctx: typer.Context,
    named: Annotated[
        list[str] | None, typer.Argument(metavar="[ALERT]...", help="Numbers as syncd alerts shows them, or SKUs.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every alert that is open.")] = False,
    rule: Annotated[
        Rule | None, typer.Option(metavar="RULE", help="With --all: only those of a rule, such as low or dead.")
    ] = None,
) -> None:
    """Say that you have read alerts: you are not told of them again, unless they get worse.

    Example: syncd ack 12 MUG
    """
    if rule is not None and not everything:
        raise typer.BadParameter("--rule chooses among all alerts: give --all with it")
    if everything == bool(named):
        raise typer.BadParameter("name alerts by their numbers or SKUs, or give --all")
    with invocation.of(ctx).house("ack") as (house, _):
        found = desk.ack_all(house, rule) if everything else desk.ack(house, named or [])
    output.line(f"Read: {_names(found)}." if found else "No alert is open that you have not read.")


def snooze(
    ctx: typer.Context,
    named: Named,
    for_: Annotated[str | None, typer.Option("--for", metavar="TIME", help="Such as 4h or 3d.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Such as 2026-12-01: until the digest of that day.")
    ] = None,
) -> None:
    """Put alerts off: what is still so then, you are told once more. What gets worse you are told meanwhile.

    Example: syncd snooze 12 --for 3d
    """
    with invocation.of(ctx).house("snooze") as (house, settings):
        found = desk.snooze(house, named, _until(for_, until, house, settings))
        zone, now = settings.timezone, house.now()
        again = found[0].put_off_until or now
    output.line(f"Put off until {at_or_today(again, zone, now)}: {_names(found)}.")


def _until(for_: str | None, until: str | None, house: House, settings: Settings) -> datetime:
    if for_ is not None and until is not None:
        raise typer.BadParameter("--for and --until are two ways to say when: give one")
    if (for_ is None) == (until is None):
        raise typer.BadParameter("say for how long (--for 3d) or until when (--until 2026-12-01)")
    if until is not None:
        at = datetime.combine(instants.day(until), house.schedule.digest.at, settings.timezone)
        return at.astimezone(house.now().tzinfo)
    try:
        return house.now() + settings_values.duration(for_ or "")
    except ValueError as error:
        raise typer.BadParameter(f"--for takes {error}") from None


def _names(found: list[Alert]) -> str:
    return listed([f"{one.id} ({one.rule.value} {one.sku or one.channel or one.subject})" for one in found])
