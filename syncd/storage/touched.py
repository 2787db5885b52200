"""What a transaction has changed that somebody may have to be told of; looked at just before it commits.

Every alert is written in the transaction of what it tells (design.md §5): what marks here what it changes need not know
who looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

_OPTION = "syncd_touched"


@dataclass(slots=True)
class Touched:
    """Ids of SKUs with another input of their offer (`every_sku`: all of them), numbers of incidents that were opened
    or closed, orders as (channel, order id); `holds`: one was made or settled."""

    sku_ids: set[int] = field(default_factory=set)
    every_sku: bool = False
    incidents: set[int] = field(default_factory=set)
    orders: set[tuple[str, str]] = field(default_factory=set)
    holds: bool = False

    @property
    def anything(self) -> bool:
        return self.every_sku or self.holds or bool(self.sku_ids or self.incidents or self.orders)


def watched(connection: Connection) -> Connection:
    """The connection, which from now on remembers what is touched."""
    return connection.execution_options(**{_OPTION: Touched()})


def of(tx: Connection) -> Touched:
    """What this transaction has touched so far."""
    found = tx.get_execution_options().get(_OPTION)
    return found if isinstance(found, Touched) else Touched()


def skus(tx: Connection, sku_ids: Iterable[int]) -> None:
    of(tx).sku_ids.update(sku_ids)


def every_sku(tx: Connection) -> None:
    of(tx).every_sku = True


def incidents(tx: Connection, numbers: Iterable[int]) -> None:
    of(tx).incidents.update(numbers)


def order(tx: Connection, channel: str, order_id: str) -> None:
    of(tx).orders.add((channel, order_id))


def holds(tx: Connection) -> None:
    of(tx).holds = True
