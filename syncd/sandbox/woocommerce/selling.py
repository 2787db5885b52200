"""What becomes of stock when orders change: WooCommerce's own rules (woocommerce-facts §5)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from syncd.sandbox.woocommerce.model import Line, Order, Product, Refund

if TYPE_CHECKING:
    from syncd.sandbox.woocommerce.shop import WooShop

REDUCING = ("processing", "completed", "on-hold")
RESTORING = ("cancelled", "pending")
CENT = Decimal("0.01")


class RefundRefused(Exception):
    """WooCommerce does not make this refund; the message is its own."""


def new_line(shop: WooShop, product: Product | None, units: int) -> Line:
    """A line that has not touched stock yet; an unknown product makes an empty one."""
    shop.ids.line += 1
    name, price = (product.name, Decimal(product.price or 0)) if product else ("", Decimal(0))
    product_id = product.id if product else 0
    return Line(shop.ids.line - 1, name, product_id, units, (price * units).quantize(CENT), shop.next_meta())


def change_status(shop: WooShop, order: Order, status: str) -> None:
    """Give the order its status and let stock follow, once per direction: a hidden flag remembers (`stock_reduced`).

    Failed, refunded and the rest leave stock as it is.
    """
    before, order.status = order.status, status
    shop.webhooks.tell("order.updated", order.id)
    if status in REDUCING and not order.stock_reduced:
        _reduce(shop, order)
        order.stock_reduced = True
    elif status in RESTORING and order.stock_reduced:
        _restore(shop, order)
        order.stock_reduced = False
    if status in ("processing", "completed") and order.payment_method != "cod":
        order.paid_at = order.paid_at or shop.now()
    if status == "completed":
        order.completed_at = shop.now()
    if status == "refunded" != before and order.total > order.refunded:
        # WooCommerce notes the rest as paid back by hand, without lines: nothing is put back.
        order.refunds.append(_new_refund(shop, order.total - order.refunded, "Order fully refunded."))
    shop.save_order(order)


def move_stock(shop: WooShop, product: Product, units: int) -> None:
    """Add `units` (negative: a sale) to the number that counts `product`, if any."""
    counting = shop.counting(product)
    if counting is not None:
        counting.stock = (counting.stock or 0) + units
        shop.save(counting)


def _counted(shop: WooShop, line: Line) -> Product | None:
    product = shop.products.get(line.product_id)
    return product if product is not None and shop.counting(product) else None


def _reduce(shop: WooShop, order: Order) -> None:
    for line in order.lines:
        product = _counted(shop, line)
        if product is not None and not line.reduced:
            move_stock(shop, product, -line.quantity)
            line.reduced = line.quantity


def _restore(shop: WooShop, order: Order) -> None:
    for line in order.lines:
        product = _counted(shop, line)
        if product is not None and line.reduced:
            move_stock(shop, product, line.reduced)
            line.reduced = None


def follow_line(shop: WooShop, order: Order, line: Line, units: int) -> None:
    """Let stock follow a line that now has `units`; 0 is a line about to be removed."""
    product = _counted(shop, line)
    if product is None or (units and order.status not in REDUCING):
        return
    already, restocked = line.reduced or 0, line.restocked or 0
    more = units - restocked - already if units else -already
    if more:
        move_stock(shop, product, -more)
        line.reduced = units - restocked


def refund(
    shop: WooShop,
    order: Order,
    *,
    amount: Decimal,
    units: Mapping[int, int],
    reason: str = "",
    pay_back: bool = False,
    restock: bool = True,
) -> Refund:
    """Refund `amount` and, line by line, `units`; only lines that took stock put any back.

    Raises:
        RefundRefused: more money than is left, or a gateway that cannot pay back.
    """
    left = order.total - order.refunded
    if amount > left or amount < 0:
        raise RefundRefused("Invalid refund amount.")
    if pay_back and order.payment_method not in shop.gateways:
        raise RefundRefused("The payment gateway for this order does not exist.")
    made = _new_refund(shop, amount, reason, paid_back=pay_back)
    for line in order.lines:
        back = units.get(line.id, 0)
        if not back:
            continue
        product = shop.products.get(line.product_id)
        refunded = new_line(shop, product, -back)
        refunded.name, refunded.refunded_line_id = line.name, line.id
        made.lines.append(refunded)
        if restock and line.reduced and _counted(shop, line) and product is not None:
            move_stock(shop, product, back)
            line.reduced -= back
            line.restocked = (line.restocked or 0) + back
    order.refunds.append(made)
    if amount == left and order.status != "refunded":
        change_status(shop, order, "refunded")
    else:
        shop.save_order(order)
    return made


def _new_refund(shop: WooShop, amount: Decimal, reason: str, *, paid_back: bool = False) -> Refund:
    return Refund(shop.next_post(), shop.now(), amount, reason, paid_back, shop.next_meta())
