"""`syncd storefront`: the part of a shop that shows buyers what a number means, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.contract import Storefront
from syncd import acting
from syncd.cli import invocation, output
from syncd.errors import SyncdError
from syncd.sync.house import Port, Refusal


def storefront(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL")],
    to: Annotated[Path, typer.Option(help="The folder to write it into.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file of that name.")] = False,
) -> None:
    """Write the plugin or snippet that shows a shop's buyers the stock status. Asks no shop.

    Example: syncd storefront woo --to /root
    """
    with invocation.of(ctx).house("storefront") as (house, settings):
        made = _of(house.port(channel)).storefront()
        file = to / made.name
        with acting.for_file(file, settings.state_folder):
            written = _write(file, made.content, force=force)
    output.line(f"{'Written' if written else 'There already, and the same'}: {file}")
    for number, step in enumerate(made.next_steps, start=1):
        output.line(f"  {number}. {step}")


def _of(port: Port) -> Storefront:
    if not isinstance(port.connector, Storefront):
        raise Refusal(f"{port.name} has no storefront that could show a stock status")
    return port.connector


def _write(file: Path, content: bytes, *, force: bool) -> bool:
    """Whether it had to be written: the same file may be there already, another one is kept.

    Raises:
        SyncdError: another file is there, or the folder cannot be written.
    """
    try:
        if file.exists():
            if file.read_bytes() == content:
                return False
            if not force:
                raise SyncdError(f"{file} is there already, and is another file.", "Overwrite it with --force.")
        file.write_bytes(content)
    except OSError as error:
        raise SyncdError(f"{file} cannot be written: {error.strerror}.", "Name another folder with --to.") from None
    return True
