"""What the buyer reads about a listing beside its number, made from the same stock (design.md §4, N13)."""

from __future__ import annotations

from datetime import date, datetime

from connectors.contract import NOTHING, Notice
from syncd.domain.availability import Offer, Pool
from syncd.domain.promise import Days, Promise, promise
from syncd.domain.status import StockStatus
from syncd.storage.listings import ListingRow
from syncd.sync.house import House
from syncd.sync.stock import Stock
from syncd.texts.wording import Wording

Written = list[str | int | None]
"""A notice as the table keeps it: status, text, lead time in days, day."""


NOBODY_KNOWS: Written = []
"""In its place where the shop took the number and answered with something else than the notice that came with it."""


def notice(texts: Wording | None, row: ListingRow, status: StockStatus, told: Promise) -> Notice | None:
    """What buyers of a listing should read, in a channel that shows it. Where the owner switched it off, what was shown
    before is taken back: nobody would keep it true."""
    if texts is None:
        return None if row.notice is None else NOTHING
    return Notice(status.value, texts.text(status, told), told.days.longest if told.days else None, told.on)


def promised(house: House, stock: Stock, offer: Offer, now_local: datetime) -> Promise:
    """The time that a buyer is told, from the stock that the next unit comes from."""
    return promise(
        offer.status,
        external=_days_from(house, stock),
        lead_time_days=stock.supplier_days if offer.pool is Pool.SUPPLIER else stock.lead_time_days,
        expected_on=_expected_on(stock, offer),
        now_local=now_local,
        workdays=house.workdays,
    )


def _days_from(house: House, stock: Stock) -> Days | None:
    """Working days to bring units from the external warehouses that have some: which it will be is not known yet."""
    known = [house.external[place] for place in stock.external_places if place in house.external]
    if not known or len(known) < len(stock.external_places):
        return None
    return Days(min(days.shortest for days in known), max(days.longest for days in known))


def _expected_on(stock: Stock, offer: Offer) -> date | None:
    """The day of the delivery from which the next unit sold would come; of a pre-order, its first day."""
    if offer.status is StockStatus.PRE_ORDER:
        return stock.pre_order_from
    served = offer.served if offer.pool is Pool.INCOMING else 0
    for delivery in stock.deliveries:
        if served < delivery.due:
            return delivery.expected_on
        served -= delivery.due
    return None


def as_written(told: Notice) -> Written | None:
    """The notice as the table keeps it; ``None`` for nothing."""
    if told == NOTHING:
        return None
    return [told.status, told.text, told.lead_time_days, told.expected_on.isoformat() if told.expected_on else None]


def under_way(row: ListingRow) -> Written:
    """What the table keeps from before a call until its answer: which status was told before, and no text, which no
    notice is like. Whatever becomes of the call, what buyers should read is written again until it is confirmed."""
    return [row.notice[0] if row.notice else "", "", None, None]


def unsure(row: ListingRow) -> bool:
    """True while a call with a notice is under way, or may still take effect: the shop tells the one or the other."""
    return row.notice is not None and len(row.notice) > 1 and row.notice[1] == ""


def promises_less(told: Notice, row: ListingRow) -> bool:
    """True where the buyer must not be told as much as the shop tells now: that goes out whatever the number does."""
    if not row.notice or not row.notice[0]:
        return False
    if not told.status:
        return True
    before, after = StockStatus(str(row.notice[0])), StockStatus(told.status)
    if before is not after:
        return after.promises_less_than(before)
    return as_written(told) != list(row.notice)
