"""The till keeps every promise of the contract that it can make, and the suite finds tills that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.contract import Connector, ListingRef, OrderPage, OrdersById, OrderState, Surroundings
from connectors.testing import Capability, ContractSuite
from connectors.till.connector import Till
from tests.connectors.till.drawer import HEADER, NOON, Drawer


class TillRig:
    """A drawer for one test; each receipt goes to the end of one file."""

    secrets: tuple[str, ...] = ()
    batch_limit = 1
    kind: Callable[..., Connector] = Till

    def __init__(self, folder: Path) -> None:
        self.drawer = Drawer(folder)
        self._lines = ""
        self._listed: dict[str, int | None] = {}
        self._receipts = 0

    def connector(self) -> Connector:
        around = Surroundings(now=lambda: self.drawer.now, zone=ZoneInfo("UTC"))
        return type(self).kind("till", {"FOLDER": str(self.drawer.folder)}, around)

    def add_listing(self, sku: str | None, shown: int | None, *, variation: bool = False) -> ListingRef:
        assert sku is not None
        assert not variation
        self._listed[sku] = shown
        return ListingRef(sku)

    def shown(self, ref: ListingRef) -> int | None:
        return self._listed[ref.id]

    def set_shown(self, ref: ListingRef, shown: int) -> None:
        self._listed[ref.id] = shown

    def buy(self, ref: ListingRef, units: int = 1) -> str:
        self._receipts += 1
        written = f"{self.drawer.now:%Y-%m-%dT%H:%M:%S}"
        self._lines += f"{self._receipts},{written},{ref.id},{units}\n"
        self.drawer.put("sales.csv", HEADER + self._lines, ago=timedelta())
        return f"{written}/{self._receipts}"

    def catch_up(self) -> None:
        self.drawer.now += timedelta(minutes=3)

    def go_down(self) -> None:
        self.drawer.folder.rename(self.drawer.folder.with_name("away"))

    def come_back(self) -> None:
        self.drawer.folder.with_name("away").rename(self.drawer.folder)


class TestTill(ContractSuite):
    capabilities = frozenset({Capability.TOLD})

    @pytest.fixture
    def rig(self, drawer: Drawer) -> TillRig:
        return TillRig(drawer.folder)


class Changed(Till):
    def told(self, state: OrderState) -> OrderState:
        return state

    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        for page in super().orders(cursor):
            yield replace(page, orders=tuple(map(self.told, page.orders)))


class OwesWhatItSold(Changed):
    def told(self, state: OrderState) -> OrderState:
        lines = (replace(line, promised=line.fulfilled, fulfilled=0) for line in state.lines)
        return replace(state, lines=tuple(lines))


class ForgetsWhatCameBack(Changed):
    def told(self, state: OrderState) -> OrderState:
        return replace(state, lines=tuple(replace(line, returned=0) for line in state.lines))


class SaysNotWhen(Changed):
    def told(self, state: OrderState) -> OrderState:
        return replace(state, fulfilled_at=None)


class NumbersAnew(Changed):
    numbers = count()

    def told(self, state: OrderState) -> OrderState:
        return replace(state, id=f"{next(self.numbers)}")


class TakesAllForOne(Changed):
    def told(self, state: OrderState) -> OrderState:
        return replace(state, id=state.id.split("/", maxsplit=1)[0])


class HearsNothing(Till):
    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        for page in super().orders(cursor):
            yield replace(page, heard_until=None)


class HearsTheFuture(Till):
    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        for number, page in enumerate(super().orders(cursor)):
            yield replace(page, heard_until=NOON + timedelta(days=9 - number))


class GivesNoLastPage(Till):
    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        yield from (page for page in super().orders(cursor) if page.orders)


class ForgetsItsCursor(Till):
    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        yield from super().orders(None)


class KnowsEveryOrder(Till):
    def orders_by_id(self, ids: object) -> OrdersById:
        return OrdersById((), ())


class IsSteady(Till):
    steady = True


class TakesAnOutageForAQuietDay(Till):
    def orders(self, cursor: str | None) -> Iterator[OrderPage]:
        try:
            yield from super().orders(cursor)
        except Exception:  # noqa: BLE001 - that is the mistake
            yield OrderPage((), cursor or "")


BITES = [
    (OwesWhatItSold, "a_sale_that_is_told_is_over"),
    (SaysNotWhen, "a_sale_that_is_told_is_over"),
    (ForgetsWhatCameBack, "units_that_come_back_come_back"),
    (TakesAllForOne, "equal_sales_are_told_apart"),
    (NumbersAnew, "who_forgets_the_cursor"),
    (ForgetsItsCursor, "a_cursor_goes_on_behind_its_page"),
    (HearsNothing, "it_says_up_to_when"),
    (HearsTheFuture, "it_says_up_to_when"),
    (GivesNoLastPage, "the_last_page_comes"),
    (KnowsEveryOrder, "orders_that_it_does_not_know"),
    (IsSteady, "it_has_the_roles"),
    (TakesAnOutageForAQuietDay, "an_outage_changes_nothing"),
]


@pytest.mark.parametrize(("breaker", "prefix"), BITES)
def test_a_broken_promise_is_found(breaker: type[Till], prefix: str, drawer: Drawer, tmp_path: Path) -> None:
    (name,) = (name for name in dir(TestTill) if name.startswith(f"test_{prefix}") and getattr(TestTill, name))
    promise = getattr(TestTill(), name)
    promise(rig=TillRig(drawer.folder))  # the same test passes with the till that keeps it
    other = tmp_path / "other"
    other.mkdir()
    broken = type("Broken", (TillRig,), {"kind": breaker})(other)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(rig=broken)
