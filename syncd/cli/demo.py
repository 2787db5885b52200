"""`syncd demo`: shows the main job on two practice shops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from syncd.cli import output
from syncd.cli.words import many
from syncd.demo import CHANNELS, Demo, Premises, Row, premises
from syncd.errors import PartlyFailed, of_channel
from syncd.sandbox.practice import BUFFER_UNITS, SHOPIFY, WOO
from syncd.sync.cycle import Report
from syncd.sync.golive import GoneLive
from syncd.sync.preview import ChannelPlan
from syncd.texts import commands

_BOUGHT = ((WOO, "SHOE-39-BLK", 1), (SHOPIFY, "MUG-350", 2))
"""What customers buy in the story: in one shop, then in the other."""

_WIDTH = max(map(len, CHANNELS))


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the practice shops running, and tell how to play with them.")
    ] = False,
) -> None:
    """Show it on two practice shops on this machine: no account, no network, nothing left behind."""
    with _ended_by_signals(), premises() as place:
        with place.demo() as story:
            tell(story)
        output.line(f"Both shops are right.{'' if keep else ' Next: syncd init'}")
        if keep:
            _keep(place)


def tell(story: Demo) -> None:
    """Live through the story and print it.

    Raises:
        PartlyFailed: a shop does not show at the end what it should; every such number is named.
    """
    output.line("Two practice shops run on this machine; nothing leaves it.")
    counted = story.count()
    shown_by_woo = f"{many(counted.units, 'unit')} of {many(len(counted.counted), 'SKU')}"
    output.line(f"{WOO} shows {shown_by_woo}, taken as the first count (syncd adopt).")
    output.line(f"{many(BUFFER_UNITS, 'unit')} of each SKU will be held back in each shop (syncd plan):")
    for plan in story.plan():
        output.line(f"  {_planned(plan)}")
    before = story.shown()
    output.line("Going live (syncd go-live):")
    for gone in story.go_live():
        output.line(f"  {_gone_live(gone)}")
    output.line("Read back: each shop shows what is on hand, less what open orders reserve, less the buffer.")
    shown = story.shown()
    _table(story.table(before, shown))
    for channel, sku, units in _BOUGHT:
        story.buy(channel, sku, units)
        before = story.shown()
        output.line(f"A customer buys {units} {sku} in {channel}. Sync again (syncd sync):")
        _stop_if_failed(story.sync())
        shown = story.shown()
        _table([row for row in story.table(before, shown) if row.sku == sku])
    if wrong := story.wrong(shown):
        raise PartlyFailed(f"The demo went wrong: {'; '.join(wrong)}.", "Please report it, with this text.")


def _planned(plan: ChannelPlan) -> str:
    buffered = f"; {plan.sold_out_by_buffer} become sold out only through the buffer"
    return (
        f"{plan.channel:<{_WIDTH}}  {plan.lower} lower, {plan.higher} higher, {plan.right} right"
        f"{buffered if plan.sold_out_by_buffer else ''}"
    )


def _gone_live(gone: GoneLive) -> str:
    if not gone.live:
        raise PartlyFailed(f"{gone.channel} did not go live: {gone.why_not}.", gone.hint)
    rest = len(gone.rest.written) if gone.rest is not None else 0
    trial = many(len(gone.trial), "SKU")
    return f"{gone.channel:<{_WIDTH}}  saved what it shows; wrote {trial}, read back, right; wrote {rest} more"


def _stop_if_failed(report: Report) -> None:
    """Raises the first thing that a shop could not do; numbers that are wrong for other reasons are read back."""
    errors = report.failed | {name: one.error for name, one in report.pushed.items() if one.error is not None}
    for channel, error in errors.items():
        raise of_channel(channel, error)


def _table(rows: list[Row]) -> None:
    """Rows as in ``8 -> 7``: what a shop showed before, where that was another number, and what it shows now."""
    columns = ("SKU", "on hand", "reserved", "buffer", *CHANNELS)
    output.table(
        columns,
        [(row.sku, row.on_hand, row.reserved, row.buffer, *map(_change, row.before, row.after)) for row in rows],
        right=columns[1:],
    )


def _change(before: int | None, after: int | None) -> str:
    return f"{after}" if before == after else f"{before} -> {after}"


def _keep(place: Premises) -> None:
    """Tell how to play, and wait until somebody stops us."""
    settings = ("--env-file", str(place.env_file))
    output.line(f"Both shops stay open until you press Ctrl-C. Their settings are in {place.env_file}:")
    output.line()
    for text in place.env_file.read_text(encoding="utf-8").splitlines():
        output.line(f"  {text}".rstrip())
    output.line()
    output.line("Be a customer, in one shop or the other:")
    for channel, sku, units in _BOUGHT:
        wish = f"""-H 'Content-Type: application/json' -d '{{"sku": "{sku}", "units": {units}}}'"""
        output.line(f"  curl {wish} {place.shops.door(channel)}")
    output.line("Then be the owner, in a second terminal:")
    output.line(f"  {commands.line(*settings, 'sync')}")
    output.line(f"  {commands.line(*settings, 'explain', _BOUGHT[0][1])}")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    output.line("Both shops are closed, and nothing is left of them.")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed terminal and `kill` end it as Ctrl-C does: the shops and their files go."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
