"""`syncd adopt` and `syncd heal`: whose number is right."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli import invocation, output
from syncd.cli.words import at, listed, many
from syncd.domain.drift import OnEdit
from syncd.errors import SyncdError
from syncd.sync import adoption, hand_edits
from syncd.sync.adoption import Adoption

SHOWN = 10


def adopt(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    sku: Annotated[list[str] | None, typer.Option(help="Only this SKU, counted or not. May be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take what a shop shows as the first count. The shop is not changed.

    On hand is what it shows and what its open orders hold. With --sku also for a number that somebody changed in the
    shop. Example: syncd adopt woo
    """
    run = invocation.of(ctx)
    with run.house("adopt") as (house, settings):
        port = house.port(channel)
        edited = [one for one in sku or () if hand_edits.differs(house, port, one)]
        for one in edited:
            units = hand_edits.settle(house, port, one, OnEdit.ADOPT)
            output.line(f"{one}: {units:+d} on hand, as {channel} shows. The next sync tells the other shops.")
        rest = [one for one in sku or () if one not in edited]
        if edited and not rest:
            return
        hand_edits.refuse_recount(house, port, rest)
        found = adoption.look(house, port, recount=rest)
    _show(found)
    if missing := sorted(set(rest) - {one.sku for one in found.counted}):
        raise SyncdError(f"{channel} has no listing to count {listed(missing)} from.", f"See: syncd map {channel}")
    if not found.counted:
        output.line("Nothing is left to count.")
        return
    if not output.confirm("Take this as a count?" if rest else "Take this as the first count?", yes=yes):
        output.line("Nothing was counted.")
        return
    with run.house("adopt") as (house, _):
        adoption.commit(house, house.port(channel), found)
    when = max(one.counted_at for one in found.counted)
    output.line(
        f"{many(len(found.counted), 'SKU')}, {many(found.units, 'unit')},"
        f" counted {at(when, settings.timezone)}. Next: syncd plan"
    )


def _show(found: Adoption) -> None:
    if found.counted:
        held = ""
        if found.taken_units:
            orders = many(found.open_orders, "open order holds", "open orders hold")
            held = f"; {orders} {found.taken_units} more, so {found.units} are on hand"
        output.line(
            f"{found.channel} shows {many(found.shown_units, 'unit')} of {many(len(found.counted), 'SKU')}{held}."
            " The shop is not changed."
        )
    if found.already_counted:
        output.line(f"{many(len(found.already_counted), 'SKU')} counted already, left alone.")
    if found.skipped:
        output.line(f"{many(len(found.skipped), 'listing')} left out:")
        output.table(
            ("listing", "name", "why"), [(row.listing_id, row.title, why) for row, why in found.skipped[:SHOWN]]
        )
        if len(found.skipped) > SHOWN:
            rest = listed((row.title for row, _ in found.skipped[SHOWN:]), most=0)
            output.line(f"  {rest.strip(' and')}: syncd map {found.channel} --all")


def heal(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    sku: Annotated[str, typer.Argument()],
) -> None:
    """Let our number win over one that somebody changed in a shop.

    Example: syncd heal woo SHOE-39-BLK
    """
    with invocation.of(ctx).house("heal") as (house, _):
        hand_edits.settle(house, house.port(channel), sku, OnEdit.HEAL)
    output.line(f"{sku}: ours is right. The next sync writes it to {channel}: syncd sync")
