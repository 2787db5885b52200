"""`syncd status`, `syncd explain`, `syncd stock`: how things stand, by what is known. They ask no shop."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from syncd.cli import invocation, output, shapes, words
from syncd.cli.words import addend, ago, at_or_today, listed, many
from syncd.domain.availability import Offer, Pool
from syncd.domain.freshness import in_words
from syncd.domain.status import StockStatus
from syncd.domain.stock import StockClass
from syncd.storage.catalogue import Level
from syncd.storage.channels import Mode
from syncd.storage.incoming import Delivery
from syncd.storage.permissions import Permission, PermissionKind
from syncd.sync import standing
from syncd.sync.standing import ChannelStanding, Explanation, FeedStanding, Standing, StockLine, SupplyStanding
from syncd.sync.views import View, in_step, why_left_alone
from syncd.texts import commands

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
        f"{len(found.low)} low{_told(found, settings.timezone, now)}",
        many(found.holds, "hold"),
        f"{found.to_decide} to decide",
        many(len(found.incidents), "incident"),
    ]
    output.line(", ".join(counts))
    output.line(_exposure(found))
    for target in found.not_told:
        output.line(f"{target.name} could not be told: {output.sentence(target.trouble or '', 'See: syncd alerts')}")
    if found.low:
        output.line(f"Low: {listed(found.low)}. All: syncd stock --low")
    if found.holds or found.to_decide or found.incidents:
        output.line("What waits for you: syncd holds")


def _told(found: Standing, zone: ZoneInfo, now: datetime) -> str:
    told_at = found.low_told_at
    return f" (told {at_or_today(told_at, zone, now)})" if found.low and told_at is not None else ""


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
    beyond = _beyond_the_shelf(found, now)
    names = [*(view.row.channel for view in found.views), *(row.channel for row in found.left_alone)]
    width = max(map(len, [*names, *(what for what, _ in beyond)]), default=0)
    for what, how in beyond:
        output.line(f"  {what:<{width}}  {how}")
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
    text += f"; alert at {words.point(found.point)}"
    if found.sku.counted_at is not None:
        return text
    return f"{text}; not counted: {commands.about(('count',), (found.sku.sku, 'UNITS'))}"


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _place(level: Level, several: bool, zone: ZoneInfo, now: datetime) -> str:
    units = f" {level.on_hand}" if several else ""
    apart = {StockClass.OWN: "", StockClass.EXTERNAL: ", external warehouse"}.get(level.stock_class, ", not for sale")
    counted = f", counted {at_or_today(level.counted_at, zone, now)}" if level.counted_at is not None else ""
    return f"{level.location}{units}{apart}{counted}"


def _beyond_the_shelf(found: Explanation, now: datetime) -> list[tuple[str, str]]:
    """What is known of a SKU's units beyond those on hand: what it is, and how it stands."""
    return [
        *(("on the way", _of_delivery(one, found.today)) for one in found.deliveries),
        *((one.feed, _of_supply(one, now)) for one in found.supplies),
        *((one.kind.value, _of_permission(one, found.today)) for one in found.permissions),
    ]


def _of_delivery(one: Delivery, today: date) -> str:
    if one.expected_on is None:
        day = "nobody knows when: not sold"
    elif one.overdue(today):
        day = f"were expected on {one.expected_on}: not sold until you tell the new day"
    else:
        day = f"expected on {one.expected_on}"
    received = f", {one.received} more received" if one.received else ""
    return f"{one.due}, {day}{received} (delivery {one.id}{f', {one.supplier}' if one.supplier else ''})"


def _of_supply(one: SupplyStanding, now: datetime) -> str:
    parts = ["does not say how many it has"] if one.units is None else [f"states {one.units}, {one.trusted} believed"]
    if one.lead_time_days is not None:
        parts.append(f"lead time {many(one.lead_time_days, 'working day')}")
    if one.stated_at is not None:
        parts.append(f"written {ago(one.stated_at, now)}{': too old, not sold' if one.too_old else ''}")
    return ", ".join(parts)


def _of_permission(one: Permission, today: date) -> str:
    what = [f"up to {one.units}"] if one.units else []
    if one.status is not None:
        best = "" if one.status is StockStatus.OUT_OF_STOCK else " at best"
        what.append(f"{words.status(one.status)}{best} by your word")
    what += [f"ships from {one.starts_on}"] if one.starts_on is not None else []
    what += [f"until {one.until}{'' if one.holds(today) else ': over'}"] if one.until is not None else []
    reason = f" ({one.reason})" if one.kind is PermissionKind.OVERBOOK else ""
    return ", ".join(what) + reason


def _of_view(view: View, mode: Mode, zone: ZoneInfo, now: datetime) -> str:
    text = f"{_sum_of(view.offer)} = {view.offer.units} offered"
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
    text += f", {words.status(view.offer.status)}"
    if view.notice is not None and view.notice.text:
        text += f': "{view.notice.text}"'
    if mode is Mode.SHADOW:
        text += " (shadow: nothing is written)"
    elif not in_step(view):
        text += f" (to be written: {view.offer.told})"
    elif view.notice_due(now):
        text += " (to be written)"
    elif not view.noticed and view.row.notice_retry_at is not None:
        text += f" (the shop did not take it; tried again {at_or_today(view.row.notice_retry_at, zone, now)})"
    return text


def _sum_of(offer: Offer) -> str:
    """The addends as one reads a sum: what is there, then what is taken off. Own stock and what is promised of it are
    one number, as long as there is enough of it."""
    on_hand, reserved, *others = offer.addends
    if on_hand.units + reserved.units >= 0:
        return " ".join([str(on_hand.units + reserved.units), *(addend(one.name, one.units) for one in others)])
    first = [one for one in others if one.units > 0 and one.name in list(Pool)]
    rest = [one for one in others if one not in first]
    steps = [addend(one.name, one.units) for one in (*first, reserved, *rest)]
    return " ".join([f"own {on_hand.units}", *steps])


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
        line.point.units,
        ", ".join(apart),
    )
