"""What the owner allows or says of single SKUs beyond their stock: explicit, logged, and with an end (N30)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import insert, select, update

from syncd.domain.status import StockStatus
from syncd.storage.among import among
from syncd.storage.schema import permissions, skus
from syncd.storage.session import Tx


class PermissionKind(StrEnum):
    OVERBOOK = "overbook"  # units may be sold that nobody has
    PRE_ORDER = "pre-order"  # units may be sold before they can be had
    STATUS = "status"  # the owner's own word for what the buyer reads


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission of a SKU; columns are explained in `schema.permissions`. Days are days of the shop's time zone."""

    sku_id: int
    sku: str
    kind: PermissionKind
    units: int
    status: StockStatus | None
    starts_on: date | None
    until: date | None
    reason: str
    made_at: datetime
    ended_at: datetime | None = None

    def holds(self, today: date) -> bool:
        """True until it is taken back or replaced, up to and on its last day."""
        return self.ended_at is None and (self.until is None or today <= self.until)

    def late(self, today: date) -> bool:
        """True for a pre-order whose day has gone by while nobody told another."""
        return self.kind is PermissionKind.PRE_ORDER and self.starts_on is not None and self.starts_on < today


def every(tx: Tx, sku_ids: Iterable[int] | None = None, *, ended_too: bool = False) -> list[Permission]:
    """Permissions of these SKUs, or of all, by SKU, also those whose last day is over; with `ended_too` those that were
    taken back or replaced as well."""
    query = (
        select(
            permissions.c.sku_id,
            skus.c.sku,
            permissions.c.kind,
            permissions.c.units,
            permissions.c.status,
            permissions.c.starts_on,
            permissions.c.until,
            permissions.c.reason,
            permissions.c.made_at,
            permissions.c.ended_at,
        )
        .join(skus, skus.c.id == permissions.c.sku_id)
        .order_by(skus.c.sku, permissions.c.kind, permissions.c.id)
    )
    if not ended_too:
        query = query.where(permissions.c.ended_at.is_(None))
    if sku_ids is not None:
        query = query.where(among(tx, permissions.c.sku_id, sku_ids))
    return [
        Permission(
            row.sku_id,
            row.sku,
            PermissionKind(row.kind),
            row.units or 0,
            StockStatus(row.status) if row.status else None,
            row.starts_on,
            row.until,
            row.reason,
            row.made_at,
            row.ended_at,
        )
        for row in tx.execute(query)
    ]


def put(tx: Tx, permission: Permission) -> None:
    """Give a permission, in place of one of the same kind."""
    take_back(tx, permission.sku_id, permission.kind, permission.made_at)
    tx.execute(
        insert(permissions).values(
            sku_id=permission.sku_id,
            kind=permission.kind.value,
            units=permission.units or None,
            status=permission.status.value if permission.status else None,
            starts_on=permission.starts_on,
            until=permission.until,
            reason=permission.reason,
            made_at=permission.made_at,
        )
    )


def take_back(tx: Tx, sku_id: int, kind: PermissionKind, now: datetime) -> bool:
    """End a permission; True where there was one."""
    here = (permissions.c.sku_id == sku_id) & (permissions.c.kind == kind.value) & permissions.c.ended_at.is_(None)
    return bool(tx.execute(update(permissions).where(here).values(ended_at=now)).rowcount)
