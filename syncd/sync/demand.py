"""Works out once a day how every SKU sells (N42, N48)."""

from __future__ import annotations

from datetime import datetime

from syncd.domain.replenishment import MOST_WEEKS
from syncd.storage import demand, meta
from syncd.storage.demand import WEEK, Selling
from syncd.storage.session import Tx
from syncd.sync.house import House

WORKED_OUT = "demand"
"""The name under which the day is kept on which this was done last."""


def keep_up(house: House) -> bool:
    """Work out how SKUs sell where that was not done today, by the shop's clock; True where it was due."""
    with house.db.read() as tx:
        if meta.get(tx, WORKED_OUT) == house.today().toordinal():
            return False
    work_out(house)
    return True


def work_out(house: House) -> None:
    """Work out how every SKU that ever moved sells, by the movements known now. Doing it twice changes nothing."""
    with house.db.read() as tx:  # nobody waits for this: a year of movements takes a second
        found = _selling(tx, house.now())
    with house.db.write() as tx:
        demand.put(tx, found)
        meta.put(tx, WORKED_OUT, house.today().toordinal())


def _selling(tx: Tx, now: datetime) -> list[Selling]:
    known = demand.of_skus(tx)
    seen = {sku_id: (one.first_seen_at, one.last_sold_at) for sku_id, one in known.items()}
    if known:
        since = min(one.worked_out_at for one in known.values())
        for sku_id, sold_at in demand.sold_at_since(tx, since).items():
            if sku_id in seen:
                seen[sku_id] = (seen[sku_id][0], sold_at)
    seen |= demand.never_worked_out(tx)
    sold = demand.sold_by_week(tx, now, MOST_WEEKS)
    found = []
    for sku_id, (first_seen_at, last_sold_at) in seen.items():
        whole = min(MOST_WEEKS, max(0, (now - first_seen_at) // WEEK))
        weeks = [sold.get(sku_id, {}).get(number, 0) for number in range(whole)]
        found.append(Selling(sku_id, weeks, first_seen_at, last_sold_at, now))
    return found
