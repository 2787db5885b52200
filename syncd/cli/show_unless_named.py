"""A group of commands of which `show` need not be named: `syncd map woo` means `syncd map show woo`."""

from __future__ import annotations

import typer
from typer.core import TyperGroup


class ShowUnlessNamed(TyperGroup):
    """Shows, unless another of its commands is named."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # click's context
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)
