"""The state of the practice shop, and the doors for tests and the demo: what owners, customers and time do to it."""

from __future__ import annotations

import copy
import random
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from syncd.sandbox.woocommerce import selling
from syncd.sandbox.woocommerce.model import Key, Line, Note, NotEnoughStock, Order, Product, Refund
from syncd.sandbox.woocommerce.webhooks import Webhooks, within_a_minute


@dataclass(slots=True)
class Ids:
    """The next ids that the shop gives; a test may set them to meet recorded ones."""

    post: int = 12
    line: int = 1
    meta: int = 1
    note: int = 1


class WooShop:
    """A shop with products, orders and stock, and the whims of its host.

    Every public method may be called from any thread. Instants come from `now` (aware UTC) and are kept in whole
    seconds, as MySQL does. `zone` is the shop's own time zone, `folder` where it lives ("" or "/shop").

    Whims, plain attributes:
        order_list_lag: lists of orders show the orders as they stood that long ago; by id they are current.
        order_list_disorder: shuffles each page of orders and shows one of them twice.
        rate_limit: (calls, per) above which the host answers 429 with HTML.
        strips_authorization: the host does not hand the header to PHP.
        plain_permalinks: ``/wp-json/`` is not there.
        has_variations_route: False imitates WooCommerce before 10.3.
        in_the_gap: runs once, between the reading and the writing of the next `inventory_delta` (which is not atomic);
            it runs in the server's thread, under the shop's lock.
        plugin_statuses: order statuses that a plugin added; they move no stock.
        gateways: payment methods that can pay back.

    What happens is told to `webhooks`; `webhook_delay` says, for each delivery, how long after its event it is due.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        folder: str = "",
        zone: tzinfo = timezone(timedelta(hours=1), "Europe/Berlin"),
        webhook_delay: Callable[[], timedelta] = within_a_minute,
    ) -> None:
        self._now = now
        self.folder = folder
        self.zone = zone
        self.lock = threading.RLock()
        self.ids = Ids()
        self.products: dict[int, Product] = {}
        self._variation_ids: dict[int, list[int]] = {}
        self.orders: dict[int, Order] = {}
        self._saved: dict[int, list[tuple[datetime, Order]]] = {}
        self.webhooks = Webhooks(self, webhook_delay)
        self.carts: dict[str, dict[int, int]] = {}
        self.drafts: dict[str, Order] = {}
        self.options: dict[str, str] = {
            "woocommerce_manage_stock": "yes",
            "woocommerce_hold_stock_minutes": "60",
            "woocommerce_notify_low_stock_amount": "2",
            "woocommerce_notify_no_stock_amount": "0",
            "woocommerce_hide_out_of_stock_items": "no",
        }
        self.version = "10.5.0"
        self.keys: list[Key] = []
        self.key = self.add_key()
        self.seen_nonces: set[str] = set()
        self.asked_at: list[datetime] = []
        self.order_list_lag = timedelta(0)
        self.order_list_disorder: random.Random | None = None
        self.rate_limit: tuple[int, timedelta] | None = None
        self.strips_authorization = False
        self.plain_permalinks = False
        self.has_variations_route = True
        self.in_the_gap: Callable[[], object] | None = None
        self.plugin_statuses: tuple[str, ...] = ()
        self.gateways: set[str] = set()

    # ------------------------------------------------------------------ settings and time

    def instant(self) -> datetime:
        """The shop's clock, aware UTC."""
        return self._now().astimezone(UTC)

    def now(self) -> datetime:
        """The shop's clock, in whole seconds, aware UTC."""
        return self.instant().replace(microsecond=0)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)

    @property
    def manages_stock(self) -> bool:
        """The shop-wide setting "Manage stock"."""
        return self.options["woocommerce_manage_stock"] == "yes"

    def add_key(self, permissions: str = "read_write") -> Key:
        key = Key(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", permissions)
        self.keys.append(key)
        return key

    # ------------------------------------------------------------------ products

    def add_simple(
        self, sku: str, name: str = "", stock: int | None = 0, *, price: str = "19.99", backorders: str = "no"
    ) -> Product:
        """A simple product; with `stock` ``None`` the shop does not count it."""
        return self._add("simple", name or f"Product {sku}", sku, stock, price=price, backorders=backorders)

    def add_variable(
        self,
        sku: str,
        name: str,
        stocks: Mapping[str, int | None],
        *,
        option: str = "Size",
        skus: Mapping[str, str] | None = None,
        own_stock: int | None = None,
        price: str = "29.99",
    ) -> Product:
        """A variable product with a variation per entry of `stocks` ({"S": 3, "M": None}): its SKU is ``<sku>-<S>``
        unless `skus` names it. ``None`` leaves the count to the parent, which counts where `own_stock` is given."""
        with self.lock:
            parent = self._add("variable", name, sku, own_stock, price=price)
            for value, stock in stocks.items():
                self.add_variation(parent, (skus or {}).get(value, f"{sku}-{value}"), {option: value}, stock)
            return parent

    def add_variation(self, parent: Product, sku: str, options: Mapping[str, str], stock: int | None) -> Product:
        with self.lock:
            variation = self._add("variation", f"{parent.name} - {', '.join(options.values())}", sku, stock)
            variation.parent_id, variation.price, variation.options = parent.id, parent.price, dict(options)
            self._variation_ids.setdefault(parent.id, []).append(variation.id)
            self.save(variation)
            return variation

    def add_other(self, kind: str, sku: str, name: str) -> Product:
        """A product that never has stock: `kind` is grouped or external."""
        return self._add(kind, name, sku, None)

    def _add(
        self, kind: str, name: str, sku: str, stock: int | None, *, price: str = "19.99", backorders: str = "no"
    ) -> Product:
        with self.lock:
            product = Product(
                self.next_post(), kind, name, sku, self.now(), self.now(), price=price, backorders=backorders
            )
            product.stock, product.manage_stock = stock, stock is not None
            self.products[product.id] = product
            self.webhooks.tell("product.created", product.id)
            self.save(product)
            return product

    def next_post(self) -> int:
        self.ids.post += 1
        return self.ids.post - 1

    def next_meta(self) -> int:
        self.ids.meta += 1
        return self.ids.meta - 1

    def product(self, sku: str) -> Product:
        """The product or variation with exactly this SKU of its own.

        Raises:
            KeyError: no product has it.
        """
        with self.lock:
            for product in self.products.values():
                if product.sku == sku:
                    return product
            raise KeyError(sku)

    def variations(self, parent_id: int) -> list[Product]:
        return [self.products[each] for each in self._variation_ids.get(parent_id, [])]

    def counting(self, product: Product) -> Product | None:
        """Whose number falls when `product` is sold: its own, its parent's, nobody's (woocommerce-facts §2)."""
        if not self.manages_stock:
            return None
        if product.manage_stock:
            return product
        parent = self.products.get(product.parent_id)
        return parent if parent is not None and parent.manage_stock else None

    def save(self, product: Product) -> None:
        """Recompute the stock status, bump the dates, tell of it: every save does, also one that changes nothing."""
        self._recompute(product)
        self.webhooks.tell("product.updated", product.id)

    def _recompute(self, product: Product) -> None:
        """The stock status and the dates.

        ``WC_Product::validate_props``: what is not counted loses its number; what is counted has its status computed.
        """
        parent = self.products.get(product.parent_id)
        under_parent = parent is not None and parent.manage_stock and not product.manage_stock
        if product.manage_stock or under_parent:
            number = parent.stock if parent is not None and under_parent else product.stock
            if (number or 0) > abs(int(self.options["woocommerce_notify_no_stock_amount"])):
                product.stock_status = "instock"
            else:
                product.stock_status = "onbackorder" if product.backorders != "no" else "outofstock"
        else:
            product.stock, product.backorders, product.low_stock_amount = None, "no", None
        product.modified = self.now()
        if parent is not None:
            self._follow_variations(parent)
            parent.modified = self.now()

    def _follow_variations(self, parent: Product) -> None:
        if not parent.manage_stock:
            statuses = {variation.stock_status for variation in self.variations(parent.id)}
            parent.stock_status = next(
                (status for status in ("instock", "onbackorder") if status in statuses), "outofstock"
            )

    def stock_of(self, sku: str) -> int | None:
        """The number that a customer's purchase of `sku` falls from; ``None`` where nobody counts."""
        with self.lock:
            counting = self.counting(self.product(sku))
            return counting.stock if counting else None

    def edit_stock(self, sku: str, number: int) -> None:
        """A person types a number into wp-admin."""
        with self.lock:
            product = self.product(sku)
            product.manage_stock, product.stock = True, number
            self.save(product)

    def trash_product(self, product_id: int) -> None:
        with self.lock:
            product = self.products[product_id]
            for each in (product, *self.variations(product.id)):
                each.status = "trash"
                self._recompute(each)
            self.webhooks.tell("product.deleted", product_id)

    def restore_product(self, product_id: int) -> None:
        """A person takes it out of the trash."""
        with self.lock:
            product = self.products[product_id]
            for each in (product, *self.variations(product.id)):
                each.status = "publish"
                self._recompute(each)
            self.webhooks.tell("product.restored", product_id)

    def delete_product(self, product_id: int) -> None:
        """For good; a variable product takes its variations along."""
        with self.lock:
            for variation in self.variations(product_id):
                del self.products[variation.id]
            self._variation_ids.pop(product_id, None)
            product = self.products.pop(product_id)
            if product.parent_id:
                self._variation_ids[product.parent_id].remove(product_id)

    # ------------------------------------------------------------------ customers

    def free(self, product: Product) -> int | None:
        """Units that the checkout would still sell; ``None`` without limit. REST shows nothing of the held ones."""
        counting = self.counting(product)
        if counting is None or counting.backorders != "no":
            return None
        held = 0
        for order in self.orders.values():
            if order.status == "pending" and order.held_until is not None and order.held_until > self.now():
                held += sum(
                    line.quantity
                    for line in order.lines
                    if line.product_id in self.products and self.counting(self.products[line.product_id]) is counting
                )
        return (counting.stock or 0) - held

    def buy(self, sku: str, units: int = 1, status: str = "processing", *, payment_method: str = "cod") -> int:
        """A customer buys; returns the order's id. Any `status` that a payment leaves behind will do.

        Raises:
            NotEnoughStock: as the shop's own checkout does.
        """
        with self.lock:
            return self.checkout({self.product(sku).id: units}, status, payment_method).id

    def checkout_pending(self, sku: str, units: int = 1, *, created_via: str = "store-api") -> int:
        """A customer goes off to a redirecting gateway: the order is pending and holds its units for a while.

        `created_via` is store-api for the block checkout, checkout for the classic one. Raises as `buy`.
        """
        with self.lock:
            cart = {self.product(sku).id: units}
            return self.checkout(cart, "pending", "redirect", created_via=created_via).id

    def open_checkout(self, cart: Mapping[int, int]) -> Order:
        """A customer looks at the block checkout: an order of status checkout-draft that holds nothing."""
        with self.lock:
            order = self.new_order(created_via="store-api")
            order.lines = self._lines(cart)
            selling.change_status(self, order, "checkout-draft")
            return order

    def checkout(
        self,
        cart: Mapping[int, int],
        status: str,
        payment_method: str,
        *,
        created_via: str = "store-api",
        draft: Order | None = None,
    ) -> Order:
        """Product id → units become an order made by a customer, or become its `draft`'s. Raises as `buy`."""
        with self.lock:
            for product_id, units in cart.items():
                product = self.products[product_id]
                free = self.free(product)
                if free is not None and free < units:
                    raise NotEnoughStock(product.name, free)
            order = draft or self.new_order(created_via=created_via)
            self.webhooks.tell("order.updated", order.id)  # before order.created: woocommerce-facts §7
            self.webhooks.tell("order.created", order.id)
            order.payment_method, order.lines = payment_method, self._lines(cart)
            minutes = int(self.options["woocommerce_hold_stock_minutes"] or 0)
            if status == "pending" and minutes:  # without minutes the shop neither holds nor cancels
                order.held_until = self.now() + timedelta(minutes=minutes)
            selling.change_status(self, order, status)
            return order

    def _lines(self, cart: Mapping[int, int]) -> list[Line]:
        return [selling.new_line(self, self.products[product_id], units) for product_id, units in cart.items()]

    def place_order(self, units_by_sku: Mapping[str, int], status: str = "processing") -> int:
        """Staff or another app makes an order by REST: nothing is checked, stock may fall below zero."""
        with self.lock:
            order = self.new_order(created_via="rest-api")
            self.webhooks.tell("order.created", order.id)
            order.lines = [selling.new_line(self, self.product(sku), units) for sku, units in units_by_sku.items()]
            selling.change_status(self, order, status)
            return order.id

    def new_order(self, *, created_via: str) -> Order:
        order = Order(self.next_post(), "pending", self.now(), self.now(), created_via=created_via)
        self.orders[order.id] = order
        return order

    def run_cron(self) -> None:
        """Cancel unpaid orders past their time: only those of the classic checkout (woocommerce-facts §5)."""
        with self.lock:
            for order in self.orders.values():
                overdue = order.held_until is not None and order.held_until <= self.now()
                if order.status == "pending" and order.created_via == "checkout" and overdue:
                    selling.change_status(self, order, "cancelled")

    # ------------------------------------------------------------------ what staff does to orders

    def order(self, order_id: int) -> Order:
        return self.orders[order_id]

    def set_order_status(self, order_id: int, status: str) -> None:
        with self.lock:
            selling.change_status(self, self.orders[order_id], status)

    def refund(self, order_id: int, units_by_line: Mapping[int, int] | None = None, *, restock: bool = True) -> Refund:
        """Refund units of lines (line id → units; ``None``: all units of all lines); `restock` puts them back."""
        with self.lock:
            order = self.orders[order_id]
            units = units_by_line if units_by_line is not None else {line.id: line.quantity for line in order.lines}
            amount = sum(
                (line.total / line.quantity * units.get(line.id, 0) for line in order.lines), start=order.total * 0
            )
            return selling.refund(self, order, amount=amount, units=units, restock=restock)

    def add_note(self, order_id: int, text: str, *, to_customer: bool = False) -> Note:
        """A note does not bump the order; said twice, it stands there twice."""
        with self.lock:
            self.ids.note += 1
            note = Note(self.ids.note - 1, self.now(), text, to_customer)
            self.orders[order_id].notes.append(note)
            return note

    def trash_order(self, order_id: int) -> None:
        with self.lock:
            order = self.orders[order_id]
            order.status = "trash"
            self._keep(order)
            self.webhooks.tell("order.deleted", order_id)

    def restore_order(self, order_id: int, status: str = "processing") -> None:
        """A person takes it out of the trash; no stock is moved."""
        with self.lock:
            self.orders[order_id].status = status
            self._keep(self.orders[order_id])
            self.webhooks.tell("order.restored", order_id)

    def delete_order(self, order_id: int) -> None:
        """For good. The stock is not put back (woocommerce-facts §5)."""
        with self.lock:
            del self.orders[order_id]
            self._saved.pop(order_id, None)

    def save_order(self, order: Order) -> None:
        """Bump the date, and tell of it."""
        self._keep(order)
        self.webhooks.tell("order.updated", order.id)

    def _keep(self, order: Order) -> None:
        """Bump the date, and keep how the order stands for the lists that lag."""
        order.modified = self.now()
        self._saved.setdefault(order.id, []).append((order.modified, copy.deepcopy(order)))

    def listed_orders(self) -> Iterable[Order]:
        """The orders as their lists show them: as they stood `order_list_lag` ago."""
        if not self.order_list_lag:
            return list(self.orders.values())
        until = self.now() - self.order_list_lag
        seen = ([order for at, order in saved if at <= until] for saved in self._saved.values())
        return [states[-1] for states in seen if states]
