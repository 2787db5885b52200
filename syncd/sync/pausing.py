"""Pausing: reading goes on, nothing is written until a person says so (`syncd pause`, `syncd resume`)."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.storage import channels
from syncd.sync.house import House, Port


def pause(house: House, ports: Sequence[Port]) -> list[str]:
    """Write nothing to these channels from now on; the names of those that were not paused before.

    What is being written at this moment is finished: the pause holds from the next call to the shop.
    """
    now = house.now()
    with house.db.write() as tx:
        names = [port.name for port in ports if not channels.paused(tx, port.name)]
        for name in names:
            channels.change(tx, name, paused_at=now)
    return names


def resume(house: House, ports: Sequence[Port]) -> list[str]:
    """Let these channels be written again; the names of those that were paused. The next sync brings them in step."""
    with house.db.write() as tx:
        names = [port.name for port in ports if channels.paused(tx, port.name)]
        for name in names:
            channels.change(tx, name, paused_at=None)
    return names
