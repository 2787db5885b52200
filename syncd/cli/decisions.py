"""`syncd holds`, `approve`, `reject`, `decide`, `close`: what waits for a person, and the answers."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli import invocation, output, shapes
from syncd.cli.reports import AsJson
from syncd.cli.words import at_or_today, listed, many
from syncd.storage.incidents import ClosedBy
from syncd.sync import approval, cycle, standing
from syncd.sync.approval import Fate
from syncd.texts import commands

SHOWN = 10

Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER", help="As syncd holds shows them.")]


def holds(
    ctx: typer.Context,
    json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Every row of each hold.")] = False,
) -> None:
    """Show what waits for you, each with the command that settles it.

    Example: syncd holds
    """
    with invocation.of(ctx).house("holds") as (house, settings):
        found, now = standing.waiting(house), house.now()
    zone = settings.timezone
    if json:
        output.as_json(shapes.of_waiting(found, zone))
        return
    for hold in found.holds:
        output.line(f"hold {hold.id}, {hold.channel}, since {at_or_today(hold.created_at, zone, now)}: {hold.reason}")
        rows = hold.changes if everything else hold.changes[:SHOWN]
        if rows:  # of a feed none: it is held as a whole
            output.table(
                ("SKU", "before", "after"),
                [(found.skus_of_listings.get(one.listing, "?"), one.before, one.after) for one in rows],
                right=("before", "after"),
            )
        more = f"  and {len(hold.changes) - len(rows)} more: syncd holds --all"
        if len(rows) < len(hold.changes):
            output.line(more)
        output.line(f"  Right? syncd approve {hold.id}    Wrong? syncd reject {hold.id}")
    for hold, changes in found.rejected:
        skus = listed(found.skus_of_listings.get(one.listing, "?") for one in changes[:SHOWN])
        output.line(
            f"rejected, hold {hold.id}, {hold.channel}: {many(len(changes), 'number')} stay as they were: {skus}"
        )
        output.line(f"  After all? syncd approve {hold.id}")
    for one in found.to_decide:
        ended = "is not shown any more" if one.missing else f"ended ({one.status or 'no status'})"
        number = one.number.lstrip("#")
        output.line(f"to decide: order {number} in {one.channel} {ended} and holds {one.units} of {one.sku}")
        output.line(
            f"  On the shelf? {commands.about(('decide',), (one.channel, number, 'back'))}"
            f"    Gone? {commands.about(('decide',), (one.channel, number, 'gone'))}"
        )
    for incident in found.incidents:
        output.line(f"incident {incident.id}, since {at_or_today(incident.opened_at, zone, now)}: {incident.text}")
        if incident.hint:
            output.line(f"  {incident.hint}")
    if not (found.holds or found.rejected or found.to_decide or found.incidents):
        output.line("Nothing waits for you.")


def approve(ctx: typer.Context, number: Numbers) -> None:
    """Say yes to a change that looked too big; the next sync writes it, or reads the supplier's feed and uses it.

    Example: syncd approve 1
    """
    _answer(ctx, number, yes=True)


def reject(ctx: typer.Context, number: Numbers) -> None:
    """Say no to a change that looked too big; the shop keeps what it shows until the number is another.

    Of a supplier's feed, what it said before holds until it is too old. Example: syncd reject 1
    """
    _answer(ctx, number, yes=False)


_FEED_USED = "approved. The feed is used when it is read next: syncd sync"
_FEED_LEFT = "rejected. The feed is not used; what it said before holds until it is too old."


def _answer(ctx: typer.Context, numbers: list[int], *, yes: bool) -> None:
    with invocation.of(ctx).house("approve" if yes else "reject") as (house, _):
        for number in numbers:
            hold = approval.answer(house, number, yes=yes)
            if hold.feed is not None:
                follows = _FEED_USED if yes else f"{_FEED_LEFT} After all? syncd approve {hold.id}"
                output.line(f"hold {hold.id}, {hold.channel}: {follows}")
                continue
            what = f"hold {hold.id}, {hold.channel}: {many(len(hold.changes), 'change')}"
            follows = "approved. The next sync writes them: syncd sync" if yes else "rejected. The shop stays as it is."
            output.line(f"{what} {follows}")


def decide(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument()],
    order: Annotated[str, typer.Argument(help="The order's number, as the shop shows it.")],
    fate: Annotated[Fate, typer.Argument(metavar="back|gone", help="back: on the shelf. gone: left the house.")],
) -> None:
    """Say what became of the units of an order that ended without putting them back.

    Example: syncd decide woo 1051 back
    """
    with invocation.of(ctx).house("decide") as (house, _):
        house.port(channel)
        for one in approval.decide(house, channel, order, fate):
            became = "may be sold again" if fate is Fate.BACK else "left the house"
            output.line(f"{one.sku}: {many(one.units, 'unit')} of order {order} {became}.")
    output.line("The service tells the shops now; without it: syncd sync")


def moved(ctx: typer.Context, channel: Annotated[str, typer.Argument()]) -> None:
    """Say that a shop has a new address and is the same shop: everything known of it holds.

    Example: syncd moved woo
    """
    with invocation.of(ctx).house("moved") as (house, _):
        before = cycle.moved(house, house.port(channel))
        output.line(f"{channel}: {before or 'nothing'} is {house.port(channel).shop} now. Next: syncd check")


def incidents(
    ctx: typer.Context,
    json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="The closed ones of late, too.")] = False,
) -> None:
    """Show what happened that you should know of: each with its state, and the way out.

    An incident closes by itself when its cause is gone. Example: syncd incidents --all
    """
    with invocation.of(ctx).house("incidents") as (house, settings):
        found, now = standing.incidents_of(house, closed_too=everything), house.now()
    zone = settings.timezone
    if json:
        output.as_json(shapes.of_incidents(found, zone))
        return
    for one in found:
        ended = ""
        if one.closed_at is not None:
            by = " by a person" if one.closed_by is ClosedBy.PERSON else ""
            ended = f" to {at_or_today(one.closed_at, zone, now)}{by}"
        since = at_or_today(one.opened_at, zone, now)
        output.line(f"incident {one.id}, {one.kind.value}, {one.state}, {since}{ended}: {one.text}")
        if one.closed_at is None and one.hint:
            output.line(f"  {one.hint}")
    if not found:
        output.line("There were none." if everything else "None is open. Those of before: syncd incidents --all")


def close(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="INCIDENT|CHANNEL", help="An incident's number, or a channel.")],
    item: Annotated[str | None, typer.Argument(help="The order or listing that could not be read.")] = None,
) -> None:
    """Close an incident that you have read, or an item that could not be read and that you saw to by hand.

    An incident comes back where its cause does. Example: syncd close 4
    """
    if item is None and not what.isdecimal():
        raise typer.BadParameter("name an incident by its number, or a channel and the item")
    with invocation.of(ctx).house("close") as (house, _):
        if item is None:
            incident = approval.dismiss_incident(house, int(what))
            output.line(f"Closed: {incident.text}")
        else:
            approval.dismiss_item(house, what, item)
            output.line(f"Closed: {item} of {what}.")
