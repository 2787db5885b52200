"""What the owner allows or says of single SKUs: overbooking, pre-orders, a status of their own (N13, N22, N30)."""

from __future__ import annotations

from datetime import date

from syncd.domain.status import StockStatus
from syncd.storage import ledger, permissions
from syncd.storage.permissions import Permission, PermissionKind
from syncd.sync.bookkeeper import note_oversold
from syncd.sync.desk import known_sku, positive
from syncd.sync.house import House, Refusal

FORGOTTEN_AFTER_DAYS = 30
"""A permission without an end that is older than this is asked about: is it still meant? (N30)"""


def say_status(house: House, sku: str, status: StockStatus, *, until: date | None = None) -> Permission:
    """The owner's own word for what buyers read. It never promises more than the stock can keep: the later of the two
    in the order of `StockStatus` is shown. Out of stock ends the sale.

    Raises:
        UnknownSku, Refusal: no such SKU, or a last day that is over.
    """
    return _permit(house, sku, PermissionKind.STATUS, status=status, until=until, reason="said by the owner")


def overbook(house: House, sku: str, units: int, *, until: date | None, reason: str) -> Permission:
    """Let up to so many units be sold that nobody has: explicit, capped and with a reason (N30).

    Buyers read the lead time with it, so one must be known.

    Raises:
        UnknownSku, Refusal: as above, or no lead time or reason is known.
    """
    positive(units)
    if not reason.strip():
        raise Refusal("Why may it be sold without being there?", 'Say it: --reason "arrives every Monday"')
    return _permit(house, sku, PermissionKind.OVERBOOK, units=units, until=until, reason=reason.strip())


def pre_order(house: House, sku: str, units: int, *, starts_on: date, until: date | None = None) -> Permission:
    """Let up to so many units be sold before they can be had; they ship from `starts_on`.

    Raises:
        UnknownSku, Refusal: no such SKU, no number of units, or a day that is over.
    """
    positive(units)
    if starts_on < house.today():
        raise Refusal(f"{starts_on} is over", "From which day on will it ship?")
    return _permit(
        house, sku, PermissionKind.PRE_ORDER, units=units, starts_on=starts_on, until=until, reason="pre-order"
    )


def take_back(house: House, sku: str, kind: PermissionKind) -> None:
    """End a permission; what was sold under it stays promised.

    Raises:
        UnknownSku, Refusal: no such SKU, or there is no such permission.
    """
    with house.db.write() as tx:
        sku_id = known_sku(tx, sku).id
        if not permissions.take_back(tx, sku_id, kind, house.now()):
            raise Refusal(f"{sku} has no {kind.value} to take back", "All there are: syncd permissions")
        ledger.raise_again(tx, [sku_id])
        note_oversold(tx, house, [sku_id])


def every(house: House, *, ended_too: bool = False) -> list[Permission]:
    """All permissions, also those whose last day is over: who forgot one sees it here. With `ended_too` those that were
    taken back or replaced as well."""
    with house.db.read() as tx:
        return permissions.every(tx, ended_too=ended_too)


def _permit(
    house: House,
    sku: str,
    kind: PermissionKind,
    *,
    units: int = 0,
    status: StockStatus | None = None,
    starts_on: date | None = None,
    until: date | None = None,
    reason: str,
) -> Permission:
    if until is not None and until < house.today():
        raise Refusal(f"{until} is over", "The last day on which it should hold: --until")
    with house.db.write() as tx:
        found = known_sku(tx, sku)
        if kind is PermissionKind.OVERBOOK and found.details["lead_time_days"] is None:
            raise Refusal(
                f"The lead time of {sku} is not known, so buyers could not be told how long it takes",
                "Tell it in an import file (column Lead time days).",
            )
        given = Permission(found.id, found.sku, kind, units, status, starts_on, until, reason, house.now())
        permissions.put(tx, given)
        ledger.raise_again(tx, [found.id])
        note_oversold(tx, house, [found.id])
        return given
