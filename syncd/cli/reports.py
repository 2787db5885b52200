"""`syncd status`, `syncd explain`, `syncd stock`: how things stand, by what is known. They ask no shop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from syncd.cli import invocation, output, shapes
from syncd.cli.words import addend, ago, at_or_today, listed, many
from syncd.domain.freshness import in_words
from syncd.domain.stock import StockClass
from syncd.storage.catalogue import Level
from syncd.storage.channels import Mode
from syncd.sync import standing
from syncd.sync.standing import ChannelStanding, Explanation, FeedStanding, Standing, StockLine
from syncd.sync.views import View, in_step, why_left_alone

AsJson = Annotated[bool, typer.Option("--json", help="For programs (docs/json.md).")]

WORST = 3


def status(ctx: typer.Context, json: AsJson = False) -> None:
    """Show how every channel stands, and what waits for you.

    Example: syncd status
    """
    with invocation.of(ctx).house("status") as (house, settings):
        found, now = standing.standing(house), house.now()
    if json:
        output.as_json(shapes.of_standing(found, now, settings.timezone))
        return
    together: dict[str, list[ChannelStanding]] = {}
    for one in found.channels:
        together.setdefault(_of_channel(one, now), []).append(one)
    names = {text: ", ".join(one.name for one in alike) for text, alike in together.items()}
    width = max(map(len, names.values()), default=0)
    for text, alike in together.items():
        read = [one.read_at for one in alike if one.read_at is not None]
        output.line(f"  {names[text]:<{width}}  {text.format(read=ago(min(read), now) if read else '')}")
    counts = [
        many(found.skus, "SKU"),
        *([f"{found.not_counted} more not counted"] if found.not_counted else []),
        f"{len(found.low)} low",
        many(found.holds, "hold"),
        f"{found.to_decide} to decide",
        many(len(found.incidents), "incident"),
    ]
    output.line(", ".join(counts))
    output.line(_exposure(found))
    if found.low:
        output.line(f"Low: {listed(found.low)}. All: syncd stock --low")
    if found.holds or found.to_decide or found.incidents:
        output.line("What waits for you: syncd holds")


def _of_channel(one: ChannelStanding, now: datetime) -> str:
    """How a channel stands, with ``{read}`` where it says how long ago it was read: channels alike share a line."""
    if one.feed is not None:
        return _of_feed(one, one.feed, now)
    if not one.steady:
        return _of_till(one, now)
    mode = {Mode.SHADOW: "shadow: nothing is written", Mode.RESTORING: "its old numbers are being restored"}
    parts = [mode.get(one.mode, "live"), "read {read}" if one.read_at else "not read yet"]
    if one.paused_at is not None:
        parts.append("paused: nothing is written until syncd resume")
    if one.parked_reason is not None:
        parts.append(f"stands still: {one.parked_reason}".replace("{", "(").replace("}", ")"))
    elif one.mode is not Mode.SHADOW:
        since = "" if one.oldest_waiting is None else f" (the oldest: {ago(one.oldest_waiting, now)})"
        parts.append(f"{one.waiting} waiting to be written{since}" if one.waiting else "nothing waiting")
    return ", ".join(parts)


def _of_till(one: ChannelStanding, now: datetime) -> str:
    """How a channel stands that only tells, and only when somebody tells it."""
    silent_after = in_words(one.silent_after)
    if one.parked_reason is not None:
        heard = f"stands still: {one.parked_reason}".replace("{", "(").replace("}", ")")
    elif one.read_at is None:
        heard = f"waits for its first file (silent after {silent_after})"
    elif now - one.read_at > one.silent_after:
        heard = f"silent: its newest file is older than {silent_after} ({{read}})"
    else:
        heard = "newest file {read}"
    return f"only read, {heard}"


def _of_feed(one: ChannelStanding, feed: FeedStanding, now: datetime) -> str:
    """How a supplier's feed stands."""
    if one.parked_reason is not None:
        return f"only read, stands still: {one.parked_reason}".replace("{", "(").replace("}", ")")
    held = ["one that looks wrong waits for you: syncd holds"] if feed.held else []
    if feed.stated_at is None:
        return ", ".join(["only read", "nothing of it is used yet", *held])
    limit = in_words(one.silent_after)
    age = f"too old to be sold (after {limit})" if feed.too_old else f"too old after {limit}"
    return ", ".join(["only read", many(feed.skus, "SKU"), f"written {ago(feed.stated_at, now)}", age, *held])


def _exposure(found: Standing) -> str:
    text = f"{many(found.advertised, 'unit')} advertised in all channels, {found.available:,} available"
    if not found.exposed:
        return text
    worst = [f"{one.sku} ({one.advertised} against {one.available})" for one in found.exposed]
    return f"{text}; more than there is: {listed(worst, most=WORST)}"


def explain(ctx: typer.Context, sku: Annotated[str, typer.Argument()], json: AsJson = False) -> None:
    """Show where a SKU's number on each site comes from, down to the last unit.

    Example: syncd explain SHOE-39-BLK
    """
    with invocation.of(ctx).house("explain") as (house, settings):
        found, now = standing.explain(house, sku), house.now()
    if json:
        output.as_json(shapes.of_explanation(found, settings.timezone))
        return
    output.line(_stock_of(found, settings.timezone, now))
    names = [*(view.row.channel for view in found.views), *(row.channel for row in found.left_alone)]
    width = max(map(len, names), default=0)
    for view in found.views:
        mode = found.modes[view.row.channel]
        output.line(f"  {view.row.channel:<{width}}  {_of_view(view, mode, settings.timezone, now)}")
    for row in found.left_alone:
        shows = f"; it shows {row.shown}" if row.shown is not None else ""
        output.line(f"  {row.channel:<{width}}  {row.title}: not written: {why_left_alone(row)}{shows}")
    if not names:
        output.line("No channel lists it. Look at: syncd map")


def _stock_of(found: Explanation, zone: ZoneInfo, now: datetime) -> str:
    places = [_place(level, len(found.levels) > 1, zone, now) for level in found.levels]
    orders = [
        f"{one.channel} order {one.number}" + (f" × {one.units}" if one.units > 1 else "") for one in found.reservations
    ]
    text = f"on hand {found.pools.on_hand}{_in_brackets('; '.join(places))} - reserved {found.pools.reserved}"
    text += f"{_in_brackets(listed(orders))} = available {found.pools.available}"
    if found.reorder_point is not None:
        text += f"; alert at {found.reorder_point}"
    return text if found.sku.counted_at is not None else f"{text}; not counted: syncd count {found.sku.sku} UNITS"


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _place(level: Level, several: bool, zone: ZoneInfo, now: datetime) -> str:
    units = f" {level.on_hand}" if several else ""
    apart = {StockClass.OWN: "", StockClass.EXTERNAL: ", external warehouse"}.get(level.stock_class, ", not for sale")
    counted = f", counted {at_or_today(level.counted_at, zone, now)}" if level.counted_at is not None else ""
    return f"{level.location}{units}{apart}{counted}"


def _of_view(view: View, mode: Mode, zone: ZoneInfo, now: datetime) -> str:
    on_hand, reserved, *others = view.offer.addends
    steps = [addend(one.name, one.units) for one in others]
    text = f"{' '.join([str(on_hand.units + reserved.units), *steps])} = {view.offer.units} offered"
    if view.offer.told != view.offer.units:
        text += f" (told {view.offer.told}: it holds {view.offer.told - view.offer.units} for unpaid checkouts)"
    text += f", shows {'?' if view.row.showing is None else view.row.showing}"
    if view.row.showing != view.row.shown:
        text += " after what was sold there"
    elif view.row.shown_at is not None:
        since = view.row.pushed_at if view.row.pushed == view.row.shown and view.row.pushed_at else None
        text += (
            f" since {at_or_today(since, zone, now)}" if since else f" at {at_or_today(view.row.shown_at, zone, now)}"
        )
    text += f", {view.offer.status.value.replace('_', ' ')}"
    if mode is Mode.SHADOW:
        text += " (shadow: nothing is written)"
    elif not in_step(view):
        text += f" (to be written: {view.offer.told})"
    return text


def stock(
    ctx: typer.Context,
    json: AsJson = False,
    low: Annotated[bool, typer.Option("--low", help="Only SKUs at or below their reorder point.")] = False,
) -> None:
    """Show the master table: what is on hand, reserved and available.

    Example: syncd stock --low
    """
    with invocation.of(ctx).house("stock") as (house, settings):
        lines = standing.stock(house)
    if low:
        lines = [line for line in lines if line.low and line.sku.counted_at is not None]
    if json:
        output.as_json(shapes.of_stock(lines, settings.timezone))
        return
    if not lines:
        output.line("No SKU is low." if low else "No stock yet: syncd adopt CHANNEL, or syncd import FILE")
        return
    numbers = ("on hand", "reserved", "available", "alert at")
    output.table(("SKU", "name", *numbers, ""), [_stock_row(line) for line in lines], right=numbers)


def _stock_row(line: StockLine) -> tuple[object, ...]:
    apart = [
        f"{level.on_hand} in {level.location}"
        for level in line.levels
        if level.stock_class is not StockClass.OWN and level.on_hand
    ]
    if line.sku.counted_at is None:
        apart.insert(0, "not counted")
    elif line.low:
        apart.insert(0, "low")
    return (
        line.sku.sku,
        line.sku.name,
        line.pools.on_hand,
        line.pools.reserved,
        line.pools.available,
        line.reorder_point,
        ", ".join(apart),
    )
