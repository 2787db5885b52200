"""`syncd plan`, `syncd go-live`, `syncd rollback`: what is written to a channel, from when on, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from connectors.contract import ConnectorError
from syncd.cli import invocation, output, shapes
from syncd.cli.mapping import ChannelNames
from syncd.cli.words import many
from syncd.errors import PARTLY_FAILED, PartlyFailed, SyncdError, of_channel
from syncd.storage.channels import Mode
from syncd.sync import golive, preview
from syncd.sync.golive import GoneLive
from syncd.sync.house import House, Port, Refusal
from syncd.sync.preview import ChannelPlan, PlanLine

WORST = 5


def plan(
    ctx: typer.Context,
    channel: ChannelNames = None,
    everything: Annotated[bool, typer.Option("--all", help="Every row, also those that are right.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs (docs/json.md).")] = False,
) -> None:
    """Show what a sync would write, by the last known numbers. Asks no shop, changes nothing.

    Example: syncd plan woo --all
    """
    with invocation.of(ctx).house("plan") as (house, _):
        plans = [preview.plan(house, port) for port in sinks(house, channel)]
        not_counted = preview.not_counted(house)
    if json:
        output.as_json(shapes.of_plans(plans))
        return
    show_plans(plans, everything=everything)
    if not_counted:
        output.line(f"{many(not_counted, 'SKU')} not counted: never written. Count: syncd count SKU UNITS")
    if not any(one.lines for one in plans):
        output.line("Nothing is matched and counted yet: syncd map, then syncd adopt CHANNEL or syncd import FILE")


def show_plans(plans: Sequence[ChannelPlan], *, everything: bool = False) -> None:
    """Print a line for each channel, its worst rows (or all), and what holds for the channels together."""
    name = max((len(one.channel) for one in plans), default=0)
    lower, higher, right = (
        max((len(f"{number:,}") for number in numbers), default=0)
        for numbers in (
            [one.lower for one in plans],
            [one.higher for one in plans],
            [one.right for one in plans],
        )
    )
    for one in plans:
        buffered = f"; {one.sold_out_by_buffer} become sold out only through the buffer"
        output.line(
            f"  {one.channel:<{name}}  {one.lower:>{lower},} lower, {one.higher:>{higher},} higher,"
            f" {one.right:>{right},} right{buffered if one.sold_out_by_buffer else ''}"
        )
    rows = [
        (one.channel, line.sku, line.name, "?" if line.shown is None else line.shown, line.target, _note(line))
        for one in plans
        for line in (one.lines if everything else _worst(one))
    ]
    if rows:
        output.table(("channel", "SKU", "name", "shows", "would be", ""), rows, right=("shows", "would be"))
    for one in plans:
        if one.hold is not None:
            output.line(f"{one.channel}: {one.hold.reason}. A sync would ask first: syncd holds")
    shadow = [one.channel for one in plans if one.mode is Mode.SHADOW]
    if shadow:
        both = {1: f"{shadow[0]} is", 2: "Both channels are"}.get(len(shadow), f"{', '.join(shadow)} are")
        if len(shadow) == 2 and len(plans) > 2:
            both = f"{' and '.join(shadow)} are"
        output.line(f"{both} in shadow: nothing is written. {'' if everything else 'All rows: syncd plan --all'}")


def _worst(one: ChannelPlan) -> list[PlanLine]:
    """The rows that change most, those that become sold out first."""
    changing = [line for line in one.lines if not line.right]
    changing.sort(key=lambda line: (not (line.target == 0 and line.lower), -abs(line.target - (line.shown or 0))))
    return changing[:WORST]


def _note(line: PlanLine) -> str:
    if line.right:
        return "right"
    return "sold out by the buffer" if line.sold_out_by_buffer and line.lower else ""


def go_live(
    ctx: typer.Context,
    channel: Annotated[list[str], typer.Argument()],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however much changes.")] = False,
) -> None:
    """Begin to write to shops: save what each shows, write 3 SKUs, read them back, then write the rest.

    Asks first where much would change. Example: syncd go-live woo shopify_il
    """
    run = invocation.of(ctx)
    with run.house("go-live") as (house, _):
        questions = {port.name: _question(house, port) for port in sinks(house, channel)}
    for plan_, why in filter(None, questions.values()):
        show_plans([plan_])
        if not output.confirm(f"{plan_.channel}: {why}. Go live all the same?", yes=yes):
            output.line("Nothing was written.")
            return
    wrong: list[str] = []
    refused = False
    with run.house("go-live") as (house, _):
        for port in sinks(house, channel):
            try:
                result = golive.go_live(house, port)
            except (ConnectorError, Refusal) as error:
                told = of_channel(port.name, error) if isinstance(error, ConnectorError) else error
                output.failure(told.sentence, told.hint)
                refused |= isinstance(error, Refusal)
                if not isinstance(error, Refusal):
                    wrong.append(port.name)
                continue
            _tell(result, max(map(len, channel)))
            rest = result.rest
            if not result.live or rest is None or rest.error is not None or rest.rejected or rest.in_doubt:
                wrong.append(port.name)
    if wrong:
        raise PartlyFailed(f"{', '.join(wrong)}: not, or not completely, live.", "Mend, then look at: syncd status")
    if refused:
        raise typer.Exit(PARTLY_FAILED)


def _question(house: House, port: Port) -> tuple[ChannelPlan, str] | None:
    """The plan of a channel and why it is worth a question; ``None`` where it is not."""
    planned = preview.plan(house, port)
    big = preview.first_words(house, planned) if planned.mode is Mode.SHADOW else None
    return (planned, str(big.reason)) if big is not None else None


def _tell(result: GoneLive, width: int) -> None:
    if not result.live:
        output.failure(f"{result.channel} is in shadow again: {result.why_not}", result.hint)
        return
    said = "saved what it shows"
    if result.trial:
        said += f"; wrote {many(len(result.trial), 'SKU')}, read back, right"
    rest = result.rest
    if rest is not None and (rest.written or not result.trial):
        said += f"; wrote {len(rest.written)} more" if result.trial else "; it shows what it should already"
    output.line(f"  {result.channel:<{width}}  {said}. Undo: syncd rollback {result.channel}")
    if rest is None:
        return
    if rest.error is not None:
        told = of_channel(result.channel, rest.error)
        output.failure(told.sentence, told.hint)
    left = [*rest.waiting, *rest.rejected, *rest.in_doubt]
    if left:
        output.table(("SKU", "shows", "should be", "why not yet"), [(x.sku, x.before, x.target, x.why) for x in left])


def rollback(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
) -> None:
    """Give a shop the numbers back that it showed before it went live, less what it sold since.

    The shop is in shadow afterwards: syncd reads its sales and writes nothing. Example: syncd rollback woo
    """
    with invocation.of(ctx).house("rollback") as (house, _):
        report = golive.rollback(house, house.port(channel))
    pushed, failed = report.pushed.get(channel), report.failed.get(channel)
    error = failed or (pushed.error if pushed is not None else None)
    if error is not None:
        raise of_channel(channel, error)
    assert pushed is not None
    output.line(f"  {channel}  wrote {many(len(pushed.written), 'SKU')} back; {pushed.right} right.")
    left = [*pushed.waiting, *pushed.rejected, *pushed.in_doubt]
    if left:
        output.table(("SKU", "shows", "should be", "why not yet"), [(x.sku, x.before, x.target, x.why) for x in left])
        raise PartlyFailed(
            f"{many(len(left), 'SKU')} could not be restored yet.", "The next sync tries again: syncd sync"
        )
    output.line(f"{channel} is in shadow: nothing is written.")


def sinks(house: House, names: Sequence[str] | None) -> list[Port]:
    """The channels of these names, or all that take numbers.

    Raises:
        UnknownChannel: there is none of that name.
        SyncdError: a named channel takes no numbers.
    """
    chosen = [house.port(name) for name in names] if names else [port for port in house.ports if port.sink is not None]
    for port in chosen:
        if port.sink is None:
            raise SyncdError(f"{port.name} takes no numbers: it is only read.", exit_code=PARTLY_FAILED)
    return chosen
