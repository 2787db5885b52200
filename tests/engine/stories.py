"""Stories for mistakes that random search meets once in many lives: a few steps of the machine in which one shows.

Each is lived without the mistake, too, and all that holds in the machine must hold in it.
"""

from __future__ import annotations

from connectors.memory import Lost
from syncd.domain.caution import Caution
from syncd.domain.drift import OnEdit
from syncd.domain.status import StockStatus
from syncd.storage.permissions import PermissionKind
from tests.engine.stockroom import SELLING, Plan, Shelves

ON_HAND = 3


class Story(Shelves):
    """Both shops hold back 2 of own stock and 2 of the supplier's 5, and sell what else is there or on the way."""

    strict = False

    def begin(self) -> None:
        self.open_the_shops(
            plan=Plan((SELLING[1], SELLING[1]), Caution(), self.strict, trust_percent=100, supplier_days=None),
            on_hand=ON_HAND,
            shown=ON_HAND,
            buffer=2,
            on_edit=OnEdit.HEAL,
            seed=0,
            early_birds=[],
        )

    def tell(self) -> None:
        raise NotImplementedError

    def live(self) -> None:
        try:
            self.begin()
            self.tell()
            self.books_are_right()
            self.each_shop_may_offer_what_the_model_says()
        except BaseException:
            self._open.close()
            raise
        self.teardown()


class MoreIsSoldThanOwnStockMaySell(Story):
    """One unit of own stock may be sold, so the second one sold is the supplier's."""

    def tell(self) -> None:
        self.buy("delta0", "A-1", 2, 0)
        self.world.sync()


class TheAnswerToANoticeIsLost(Story):
    """Buyers read it already when the owner takes the word back, and nobody has heard that they do."""

    def tell(self) -> None:
        self.say_a_status("A-1", StockStatus.PRE_ORDER, None)
        self.answer_gets_lost("delta0", Lost.AFTER, 1)
        self.world.sync()
        self.take_a_permission_back("A-1", PermissionKind.STATUS)


class AFeedGrowsTooOldInAStrictHouse(Story):
    """All that was on sale was the supplier's."""

    strict = True

    def tell(self) -> None:
        for sku in ("A-1", "B-2"):
            self.count(sku, 0)
        self.the_feed_grows_too_old(12)
