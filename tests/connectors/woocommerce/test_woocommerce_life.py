"""A shop lives while its orders are read: customers buy, staff edits, refunds, trashes and deletes, in random order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from connectors.contract import OrderState
from syncd.sandbox.woocommerce import NotEnoughStock
from syncd.sandbox.woocommerce.selling import RefundRefused
from tests.connectors.woocommerce.conftest import Site

FIRST = 1000
SKUS = ("A", "B")
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")


class Life:
    """What may happen next; each step is one thing that a shop meets."""

    def __init__(self, site: Site, chance: random.Random) -> None:
        self.site, self.shop, self.chance = site, site.shop, chance
        self.steps: tuple[Callable[[], object], ...] = (
            self.buy, self.buy, self.hold, self.staff_order, self.status, self.status, self.refund, self.trash,
            self.delete, self.edit, self.wait,
        )  # fmt: skip

    def some(self) -> int:
        return self.chance.choice(list(self.shop.orders) or [self.buy()])

    def buy(self) -> int:
        return self.shop.buy(self.chance.choice(SKUS), self.chance.randint(1, 3))

    def hold(self) -> int:
        return self.shop.checkout_pending(
            self.chance.choice(SKUS), created_via=self.chance.choice(("checkout", "store-api"))
        )

    def staff_order(self) -> int:
        return self.shop.place_order({"A": 2, "B": 1}, self.chance.choice(("pending", "processing", "on-hold")))

    def status(self) -> None:
        statuses = (
            "pending",
            "processing",
            "on-hold",
            "completed",
            "cancelled",
            "refunded",
            "failed",
            "checkout-draft",
        )
        self.shop.set_order_status(self.some(), self.chance.choice(statuses))

    def refund(self) -> None:
        order = self.some()
        units = {line.id: self.chance.randint(0, line.quantity) for line in self.shop.order(order).lines}
        with suppress(RefundRefused):  # more than was paid: the practice shop refuses like the real one
            self.shop.refund(order, units, restock=self.chance.random() < 0.6)

    def trash(self) -> None:
        self.shop.trash_order(self.some())

    def delete(self) -> None:
        if self.chance.random() < 0.3:
            self.shop.delete_order(self.some())

    def edit(self) -> None:
        order = self.some()
        line = self.chance.choice(self.shop.order(order).lines)
        body = {"line_items": [{"id": line.id, "quantity": self.chance.randint(1, 4)}]}
        if self.shop.order(order).status != "trash":
            assert self.site.connector()._client.post(f"orders/{order}", body).status == 200

    def wait(self) -> None:
        self.site.clock.forward(seconds=self.chance.choice((0, 1, 5, 90)))


@pytest.mark.parametrize("seed", range(5))
def test_what_was_read_page_by_page_is_what_stands_there_and_accounts_for_every_unit(site: Site, seed: int) -> None:
    for sku in SKUS:
        site.shop.add_simple(sku, stock=FIRST)
    site.clock.forward(days=-30)
    life = Life(site, random.Random(seed))
    connector = site.connector()
    known: dict[str, OrderState] = {}
    (nothing,) = connector.orders(None)
    cursor = nothing.cursor
    taken_for_good: Counter[str | None] = Counter()
    for _ in range(80):
        before = dict(site.shop.orders)
        try:
            life.chance.choice(life.steps)()
        except NotEnoughStock:
            continue
        for order_id in set(before) - set(site.shop.orders):  # deleted: what it took is never told again
            known.pop(str(order_id), None)
            for line in before[order_id].lines:
                taken_for_good[site.shop.products[line.product_id].sku] += line.reduced or 0
        if life.chance.random() < 0.3:
            for page in connector.orders(cursor):
                assert page.parked == ()
                known |= {state.id: state for state in page.orders}
                cursor = page.cursor
    for page in connector.orders(cursor):
        known |= {state.id: state for state in page.orders}
    there = connector.orders_by_id([str(order_id) for order_id in site.shop.orders])
    assert there.missing == ()
    assert known == {state.id: state for state in there.orders}
    taken: Counter[str | None] = Counter(taken_for_good)
    for state in known.values():
        for line in state.lines:
            taken[line.sku] += line.taken
    assert {sku: FIRST - taken[sku] for sku in SKUS} == {sku: site.shop.stock_of(sku) for sku in SKUS}
