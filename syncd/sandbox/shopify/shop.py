"""The practice shop itself: the catalogue, its orders, and what customers and owners do to them.

How numbers move (shopify-facts §2.4): an order takes from available and adds to committed; shipping takes from
committed; a cancellation with restock gives back; without, the units are simply gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random

from syncd.sandbox.shopify import webhook_bodies
from syncd.sandbox.shopify.catalogue import Catalogue
from syncd.sandbox.shopify.model import (
    Fulfillment,
    FulfillmentLine,
    InventoryLevel,
    LineItem,
    Location,
    MetafieldDefinition,
    Order,
    Refund,
    RefundLine,
    Transaction,
    Variant,
)


class ShopRefuses(Exception):
    """The shop does not do it: sold out, already cancelled, more units than there are. `args[0]` says which."""


@dataclass(slots=True)
class ShopifyShop(Catalogue):
    """A practice shop.

    `search_lag`: its order list shows orders as they were that long ago (shopify-facts §3). `order_list_disorder`:
    shuffles each page of orders and shows one of them twice.
    """

    search_lag: timedelta = timedelta()
    order_list_disorder: Random | None = None
    orders: dict[int, Order] = field(default_factory=dict)
    definitions: dict[tuple[str, str, str], MetafieldDefinition] = field(default_factory=dict)

    def delete_variant(self, sku: str) -> Variant:
        """Takes a variant out of the catalogue; lines of old orders keep the SKU's text and lose the variant."""
        with self.lock:
            gone = Catalogue.delete_variant(self, sku)
            for line in (line for order in self.orders.values() for line in order.lines):
                if line.variant is gone:
                    line.variant = line.level = None
            return gone

    def buy(self, sku: str, units: int = 1, *, test: bool = False) -> Order:
        """A customer buys online.

        Raises:
            KeyError: where there is no such SKU.
            ShopRefuses: sold out.
        """
        with self.lock:
            return self.place([(self.variant(sku), units)], test=test)

    def place(
        self,
        lines: Sequence[tuple[Variant | str, int]],
        *,
        test: bool = False,
        paid: bool = True,
        takes_stock: bool = True,
        obeys_policy: bool = True,
    ) -> Order:
        """An order of variants, or of custom lines (a title: no variant, no SKU, no stock); all or nothing.

        Raises:
            ShopRefuses: a variant is sold out and its policy is DENY, or less than one unit is ordered.
        """
        with self.lock:
            if any(units < 1 for _, units in lines):
                raise ShopRefuses("Quantity must be greater than 0")
            booked = []
            for wish, units in lines:
                variant = wish if isinstance(wish, Variant) else None
                level = self._level_to_sell_from(variant, units, obeys_policy) if variant and takes_stock else None
                booked.append(self._line(wish, units, level))
            return self._book(booked, test=test, paid=paid)

    def _line(self, wish: Variant | str, units: int, level: InventoryLevel | None) -> LineItem:
        variant = wish if isinstance(wish, Variant) else None
        return LineItem(
            number=self.number(),
            created_at=self.now(),
            updated_at=self.now(),
            title=variant.product.title if variant else str(wish),
            variant_title=variant.title if variant and variant.title != "Default Title" else None,
            sku=variant.sku if variant else None,
            quantity=units,
            variant=variant,
            price=variant.price if variant else Decimal(),
            level=level,
            current_quantity=units,
            unfulfilled_quantity=units,
        )

    def _level_to_sell_from(self, variant: Variant, units: int, obeys_policy: bool) -> InventoryLevel | None:
        if not variant.inventory_item.tracked:
            return None
        if obeys_policy and variant.stops_at_zero and variant.sellable_online_quantity < units:
            raise ShopRefuses(f"{variant.display_name} is sold out")
        levels = variant.inventory_item.selling_levels
        return max(levels, key=lambda level: level.states["available"] >= units) if levels else None

    def _book(self, lines: list[LineItem], *, test: bool, paid: bool) -> Order:
        now = self.now()
        order = Order(
            number=self.number(),
            created_at=now,
            updated_at=now,
            name=f"#{1001 + len(self.orders)}",
            lines=lines,
            currency=self.currency,
            test=test,
            paid=paid,
        )
        if paid:
            order.transactions.append(self.transaction("SALE", sum((x.price * x.quantity for x in lines), Decimal())))
        for line in lines:
            if line.level:
                self.move(line.level, available=-line.quantity, committed=line.quantity)
        self.orders[order.number] = order
        self.webhooks.tell("ORDERS_CREATE", lambda: webhook_bodies.order(order))
        self.touch(order)
        return order

    def transaction(self, kind: str, money: Decimal) -> Transaction:
        return Transaction(number=self.number(), created_at=self.now(), updated_at=self.now(), kind=kind, money=money)

    def touch(self, order: Order) -> None:
        """The order has changed: it carries a new time, it is told, and the search will know of it later."""
        order.updated_at = self.now()
        self.webhooks.tell("ORDERS_UPDATED", lambda: webhook_bodies.order(order))
        order.index.append((self.clock(), indexed(order)))

    def fulfil(self, order: Order, line: LineItem | None = None, units: int | None = None) -> Fulfillment:
        """Ships all that waits, or `units` of one line."""
        with self.lock:
            shipped = [(one, one.unfulfilled_quantity if units is None else units) for one in order.lines]
            shipped = [(one, count) for one, count in shipped if count and line in (None, one)]
            if not shipped or any(count > one.unfulfilled_quantity for one, count in shipped):
                raise ShopRefuses(f"{order.name} has not so many units to ship")
            now = self.now()
            for one, count in shipped:
                one.unfulfilled_quantity -= count
                one.shipped += count
                if one.level:
                    self.move(one.level, committed=-count)
            order.fulfillments.append(
                Fulfillment(
                    number=self.number(),
                    created_at=now,
                    updated_at=now,
                    name=f"{order.name}.{len(order.fulfillments) + 1}",
                    lines=[FulfillmentLine(number=self.number(), line=one, quantity=n) for one, n in shipped],
                    location=shipped[0][0].level.location if shipped[0][0].level else None,
                )
            )
            if order.paid and not any(one.unfulfilled_quantity for one in order.lines):
                order.closed_at = now  # an order that is shipped and paid is archived, and no longer `status:open`
            self.touch(order)
            return order.fulfillments[-1]

    def cancel_fulfillment(self, order: Order, shipment: Fulfillment) -> None:
        """The parcel never left: its units wait to be shipped again."""
        with self.lock:
            shipment.status = "CANCELLED"
            order.closed_at = None
            for one in shipment.lines:
                one.line.shipped -= one.quantity
                one.line.unfulfilled_quantity += one.quantity
                if one.line.level:
                    self.move(one.line.level, committed=one.quantity)
            self.touch(order)

    def cancel(self, order: Order, *, restock: bool = True, reason: str = "OTHER") -> Refund:
        """Cancels what was not shipped; without `restock` the units do not come back to available."""
        with self.lock:
            if order.cancelled_at:
                raise ShopRefuses(f"{order.name} has already been cancelled")
            kind = "CANCEL" if restock else "NO_RESTOCK"
            lines = []
            for line in order.lines:
                if units := min(line.unfulfilled_quantity, line.current_quantity):
                    lines.append(self._take_back(line, units, kind))
                line.unfulfilled_quantity = 0
            order.cancelled_at = order.closed_at = self.now()
            order.cancel_reason = reason
            refund = self._refund(order, lines, self._paid(order), None)
            self.webhooks.tell("ORDERS_CANCELLED", lambda: webhook_bodies.order(order))
            return refund

    def refund(
        self,
        order: Order,
        line: LineItem,
        units: int,
        restock_type: str,
        *,
        location: Location | None = None,
        still_to_ship: bool = False,
    ) -> Refund:
        """Refunds units of one line; `restock_type` is CANCEL, RETURN, NO_RESTOCK or LEGACY_RESTOCK.

        With `still_to_ship` units that were not shipped go on waiting for it: Shopify's pages contradict each other
        on whether they do (REST LineItem ``fulfillable_quantity`` against Refund ``restock_type``), so both occur.
        """
        with self.lock:
            taken = self._take_back(line, units, restock_type, location, still_to_ship)
            return self._refund(order, [taken], min(line.price * units, self._paid(order)), None)

    def refund_lines(
        self,
        order: Order,
        wishes: Sequence[tuple[LineItem, int, str, Location | None]],
        money: Decimal,
        note: str | None = None,
    ) -> Refund:
        """One refund of several lines (line, units, restock type, location), or of money alone."""
        with self.lock:
            taken = [self._take_back(line, units, kind, location) for line, units, kind, location in wishes]
            return self._refund(order, taken, money, note)

    def edit_order(
        self, order: Order, line: LineItem, units: int, *, restock: bool = True, leaves_refund: bool = False
    ) -> None:
        """Removes units that were not shipped from an order, as the owner does in the admin.

        With `leaves_refund` the removal shows among the refunds too, without money, as shops have been seen to do.
        """
        with self.lock:
            removed = self._take_back(line, units, "CANCEL" if restock else "NO_RESTOCK")
            order.edited = True
            self.webhooks.tell("ORDERS_EDITED", lambda: webhook_bodies.edited(order, line, units, self.now()))
            if leaves_refund:
                self._refund(order, [removed], Decimal(), None)
            else:
                self.touch(order)

    def delete_order(self, order: Order) -> None:
        """Deletes an order as if it had never been; stock stays as it is."""
        with self.lock:
            del self.orders[order.number]
            self.webhooks.tell("ORDERS_DELETE", lambda: webhook_bodies.deleted(order))

    def _take_back(
        self,
        line: LineItem,
        units: int,
        restock_type: str,
        location: Location | None = None,
        still_to_ship: bool = False,
    ) -> RefundLine:
        shipped = line.shipped - line.shipped_and_refunded
        if units < 1 or units > line.current_quantity:
            raise ShopRefuses("Quantity cannot refund more items than were purchased")
        if restock_type == "CANCEL":
            from_shipped = 0
        elif restock_type == "LEGACY_RESTOCK":
            from_shipped = max(0, units - line.unfulfilled_quantity)
        else:
            from_shipped = min(units, shipped)
        waiting = 0 if still_to_ship else units - from_shipped
        if waiting > line.unfulfilled_quantity:
            raise ShopRefuses("Quantity cannot cancel more items than wait to be shipped")
        line.current_quantity -= units
        line.unfulfilled_quantity -= waiting
        line.shipped_and_refunded += from_shipped
        if line.level and waiting:
            self.move(line.level, committed=-waiting)
        restocks = restock_type != "NO_RESTOCK"
        target = line.level
        if restocks and location and line.variant and line.variant.inventory_item.tracked:
            target = self.level(line.variant.inventory_item, location)
        if restocks and target:
            self.move(target, available=units)
        return RefundLine(
            number=self.number(),
            line=line,
            quantity=units,
            restock_type=restock_type,
            location=target.location if restocks and target else None,
        )

    def _paid(self, order: Order) -> Decimal:
        """What was received and not given back."""
        signs = {"SALE": 1, "REFUND": -1}
        return sum((signs[one.kind] * one.money for one in order.transactions), Decimal())

    def _refund(self, order: Order, lines: list[RefundLine], money: Decimal, note: str | None) -> Refund:
        now = self.now()
        transactions = [self.transaction("REFUND", money)] if money else []
        refund = Refund(
            number=self.number(), created_at=now, updated_at=now, note=note, lines=lines, transactions=transactions
        )
        order.refunds.append(refund)
        order.transactions += transactions
        self.webhooks.tell("REFUNDS_CREATE", lambda: webhook_bodies.refund(order, refund))
        self.touch(order)
        return refund


def indexed(order: Order) -> dict[str, object]:
    """What the search knows of an order."""
    shipping = {"UNFULFILLED": ("unshipped", "unfulfilled"), "PARTIALLY_FULFILLED": ("partial", "unfulfilled")}
    status = "cancelled" if order.cancelled_at else "closed" if order.closed_at else "open"
    return {
        "id": order.number,
        "name": order.name,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "processed_at": order.created_at,
        "status": (status, "any") if status != "open" else ("open", "not_closed", "any"),
        "fulfillment_status": shipping.get(order.display_fulfillment_status, ("shipped", "fulfilled")),
        "financial_status": order.display_financial_status.lower(),
        "test": str(order.test).lower(),
        "source_name": order.source_name,
        "sku": tuple(line.sku for line in order.lines if line.sku),
    }
