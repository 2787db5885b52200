"""What the owner allows or says of single SKUs beyond their stock: explicit, logged, and with an end (N30)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select

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

    def holds(self, today: date) -> bool:
        """True up to and on its last day."""
        return self.until is None or today <= self.until


def every(tx: Tx, sku_ids: Iterable[int] | None = None) -> list[Permission]:
    """Permissions of these SKUs, or of all, also those whose time is over; by SKU."""
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
        )
        .join(skus, skus.c.id == permissions.c.sku_id)
        .order_by(skus.c.sku, permissions.c.kind)
    )
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
        )
        for row in tx.execute(query)
    ]


def put(tx: Tx, permission: Permission) -> None:
    """Give a permission, in place of one of the same kind."""
    take_back(tx, permission.sku_id, permission.kind)
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


def take_back(tx: Tx, sku_id: int, kind: PermissionKind) -> bool:
    """True where there was one."""
    here = (permissions.c.sku_id == sku_id) & (permissions.c.kind == kind.value)
    return bool(tx.execute(delete(permissions).where(here)).rowcount)
