"""`syncd set`: buffer, cap, cut-off and reorder point of a SKU, a category or a supplier."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd import settings_values
from syncd.cli import invocation, output
from syncd.cli.words import listed, many
from syncd.domain.availability import Buffer
from syncd.domain.rules import Scope
from syncd.sync import rules_desk
from syncd.sync.rules_desk import Changes

TAKEN_BACK = "none"


def set_(
    ctx: typer.Context,
    sku: Annotated[str | None, typer.Argument(metavar="SKU", show_default=False)] = None,
    category: Annotated[str | None, typer.Option(help="Every SKU of this category.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Every SKU of this supplier.")] = None,
    channel: Annotated[str | None, typer.Option(help="On this channel only.")] = None,
    buffer: Annotated[str | None, typer.Option(metavar="N|N%", help="Units to hold back, or percent.")] = None,
    cap: Annotated[str | None, typer.Option(metavar="N", help="Never offer more than this.")] = None,
    cut_off: Annotated[str | None, typer.Option(metavar="N", help="Offer 0 when fewer would be offered.")] = None,
    reorder_point: Annotated[str | None, typer.Option(metavar="N", help="Alert at or below this.")] = None,
) -> None:
    """Set how a SKU, a category or a supplier's goods are offered; `none` takes a rule back.

    The most specific rule wins: SKU, category, supplier, channel, then .env. Example: syncd set SHOE-39-BLK --buffer 1
    """
    named = {Scope.SKU: sku, Scope.CATEGORY: category, Scope.SUPPLIER: supplier}
    chosen = [(scope, value) for scope, value in named.items() if value is not None]
    if len(chosen) != 1:
        raise typer.BadParameter("name one SKU, or one --category, or one --supplier")
    given = {"cap": cap, "cut_off": cut_off, "reorder_point": reorder_point}
    numbers = {name: _units(name, text) for name, text in given.items() if text is not None}
    changes = Changes(numbers, sets_buffer=buffer is not None, buffer=_buffer(buffer))
    if not numbers and buffer is None:
        raise typer.BadParameter("say what to set: --buffer, --cap, --cut-off or --reorder-point")
    scope, value = chosen[0]
    with invocation.of(ctx).house("set") as (house, _):
        concerned = rules_desk.set_rule(house, scope, value, channel, changes)
    said = [
        f"{name.replace('_', '-')} {text}" for name, text in {"buffer": buffer, **given}.items() if text is not None
    ]
    where = f" on {channel}" if channel else ""
    about = concerned[0] if scope is Scope.SKU else f"{many(len(concerned), 'SKU')} ({listed(concerned)})"
    only_here = list(numbers) == [rules_desk.REORDER_POINT] and buffer is None
    follows = (
        "What is low: syncd stock --low" if only_here else "The service tells the shops now; without it: syncd sync"
    )
    output.line(f"{about}{where}: {', '.join(said)}. {follows}")


def _units(name: str, text: str) -> int | None:
    if text.strip().casefold() == TAKEN_BACK:
        return None
    try:
        return settings_values.units(text.strip())
    except ValueError as error:
        raise _mistake(name, text, error) from None


def _buffer(text: str | None) -> Buffer | None:
    if text is None or text.strip().casefold() == TAKEN_BACK:
        return None
    try:
        return settings_values.buffer(text.strip())
    except ValueError as error:
        raise _mistake("buffer", text, error) from None


def _mistake(name: str, text: str, error: ValueError) -> typer.BadParameter:
    return typer.BadParameter(f"takes {error}, or none; not {text[:40]!r}", param_hint=f"--{name.replace('_', '-')}")
